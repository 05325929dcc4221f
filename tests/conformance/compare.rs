//! What differs between a recorded case and ours, as `groups/README.md`, "How to compare", has it.

use std::{collections::BTreeMap, io::Read as _};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::{
    golden::{Case, ORIGINAL_TAG, RecordedResponse},
    support::http::{Answer, Response},
};

/// The server's own clock, as the recordings name it.
const SERVER_TIME: &str = "<server-time>";
/// How far the server's clock may be from the moment of the request, both ways.
const CLOCK_SLACK_MS: i64 = 100;
/// Longest value that is printed whole.
const PRINTED_MAX: usize = 160;

/// One thing that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `status`, `header etag`, `body`, `records`, `record.path`, …
    pub what: String,
    /// As recorded.
    pub original: String,
    /// As found.
    pub ours: String,
}

impl Difference {
    /// A difference between two printable values.
    #[expect(clippy::needless_pass_by_value, reason = "values are mostly made for the call")]
    pub fn new(what: impl Into<String>, original: impl ToString, ours: impl ToString) -> Self {
        Self { what: what.into(), original: original.to_string(), ours: ours.to_string() }
    }
}

/// What the comparison knows of our own script and page.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The script's tag without quotes, where there is a script.
    pub tag: Option<String>,
    /// The tag that the original's script has, if it is not the usual one.
    pub original: Option<String>,
    /// The script.
    pub script: Vec<u8>,
    /// Lengths that the original's own script and page have in this group.
    pub lengths: Vec<u64>,
    /// Scripts with other settings, each behind the tag that the original's has.
    pub others: Vec<(String, Own)>,
}

impl Own {
    /// Lengths of the bodies that the recording left out.
    pub fn lengths_of(cases: &[Case]) -> Vec<u64> {
        cases.iter().filter_map(|case| case.response.body_len).collect()
    }

    /// What is to be known of the script in this response.
    pub fn of(&self, golden: &RecordedResponse) -> &Self {
        let other = self.others.iter().find(|(tag, _)| golden.header("etag") == Some(tag));
        other.map_or(self, |(_, own)| own)
    }

    /// Whether a recorded length is that of a script or page of the original.
    fn is_own_length(&self, length: &str) -> bool {
        length.parse().is_ok_and(|length| self.lengths.contains(&length))
    }
}

/// Differences of a response. `head`: the request was `HEAD`, so a length without a body is right.
pub fn response(golden: &RecordedResponse, ours: &Answer, head: bool, own: &Own) -> Vec<Difference> {
    let (status, ours) = match (golden.status, ours) {
        (None, Answer::Nothing(why)) if why != "time-out" => return Vec::new(),
        (None, Answer::Nothing(why)) => return vec![Difference::new("response", "none", why)],
        (None, Answer::Response(response)) if response.status >= 400 => return Vec::new(),
        (None, Answer::Response(response)) => return vec![Difference::new("status", "no response", response.status)],
        (Some(status), Answer::Nothing(why)) => return vec![Difference::new("status", status, format!("none: {why}"))],
        (Some(status), Answer::Response(response)) => (status, response),
    };
    let mut differences = Vec::new();
    let mut check = |what: String, original: String, ours: String| {
        if original != ours {
            differences.push(Difference { what, original, ours });
        }
    };
    check("status".into(), status.to_string(), ours.status.to_string());
    check("reason".into(), golden.reason.clone(), ours.reason.clone());
    let (mut expected, mut found) = (by_name(&golden.headers), by_name(&ours.headers));
    adjust(&mut expected, &mut found, ours, head, own);
    for name in expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name))) {
        let print = |headers: &BTreeMap<String, Vec<String>>| match headers.get(name) {
            Some(values) => values.join(" ⏎ "),
            None => "absent".into(),
        };
        check(format!("header {name}"), print(&expected), print(&found));
    }
    if golden.body_omitted {
        differences.extend(own_body(ours, own));
    } else if golden.body() != ours.body {
        let print = |body: &[u8]| body.escape_ascii().to_string();
        differences.push(Difference::new("body", print(&golden.body()), print(&ours.body)));
    }
    differences
}

/// Values by name in small letters, sorted, without the two that tell a time.
fn by_name(headers: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut map = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if name != "date" && name != "last-modified" {
            map.entry(name).or_default().push(value.clone());
        }
    }
    for values in map.values_mut() {
        values.sort();
    }
    map
}

/// Puts our own script and page in the place of the original's: tag, lengths, totals.
fn adjust(
    expected: &mut BTreeMap<String, Vec<String>>,
    found: &mut BTreeMap<String, Vec<String>>,
    ours: &Response,
    head: bool,
    own: &Own,
) {
    if let (Some(tag), Some(values)) = (&own.tag, expected.get_mut("etag")) {
        for value in values.iter_mut() {
            *value = value.replace(own.original.as_deref().unwrap_or(ORIGINAL_TAG), tag);
        }
    }
    if let (Some(expected), Some(found)) = (expected.get_mut("content-length"), found.get("content-length"))
        && expected.iter().all(|length| own.is_own_length(length))
    {
        // What is ours must be true to itself.
        *expected = if head { found.clone() } else { vec![ours.body.len().to_string()] };
    }
    if let (Some(expected), Some(found)) = (expected.get_mut("content-range"), found.get_mut("content-range")) {
        for value in expected.iter_mut() {
            if let Some((range, total)) = value.clone().rsplit_once('/')
                && own.is_own_length(total)
            {
                *value = format!("{range}/<total>");
                for value in found.iter_mut() {
                    if let Some((range, _)) = value.clone().rsplit_once('/') {
                        *value = format!("{range}/<total>");
                    }
                }
            }
        }
    }
}

/// A script or page of ours: there is one, and a coded one is the plain one.
fn own_body(ours: &Response, own: &Own) -> Option<Difference> {
    let is_script = ours.header("content-type").is_some_and(|kind| kind.contains("javascript"));
    let plain = match ours.header("content-encoding") {
        None => ours.body.clone(),
        Some("gzip") => {
            let mut plain = Vec::new();
            match GzDecoder::new(&*ours.body).read_to_end(&mut plain) {
                Ok(_) => plain,
                Err(error) => return Some(Difference::new("body", "gzip", format!("not gzip: {error}"))),
            }
        }
        // No decoder at hand: only that there is something.
        Some(_) if !ours.body.is_empty() => return None,
        Some(_) => Vec::new(),
    };
    if plain.is_empty() {
        return Some(Difference::new("body", "a script or page", "empty"));
    }
    (is_script && plain != own.script)
        .then(|| Difference::new("body", "the script", format!("another one of {} bytes", plain.len())))
}

/// When a request was sent and answered, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Before the first byte.
    pub sent: i64,
    /// After the last byte of the response.
    pub answered: i64,
}

/// Differences of the records of a case.
pub fn records(golden: &[Value], ours: &[&Value], moment: Moment) -> Vec<Difference> {
    let mut differences = Vec::new();
    if golden.len() != ours.len() {
        differences.push(Difference::new("records", golden.len(), ours.len()));
    }
    for (nth, (golden, ours)) in golden.iter().zip(ours).enumerate() {
        let prefix = if nth == 0 { "record".to_owned() } else { format!("record {}", nth + 1) };
        differences.extend(record(&prefix, golden, ours, moment));
    }
    for extra in ours.iter().skip(golden.len()) {
        differences.push(Difference::new("record too many", "absent", extra));
    }
    differences
}

/// Differences of two records, by field.
pub fn record(prefix: &str, golden: &Value, ours: &Value, moment: Moment) -> Vec<Difference> {
    let (Value::Object(golden), Value::Object(ours)) = (golden, ours) else {
        return if golden == ours { Vec::new() } else { vec![Difference::new(prefix, golden, ours)] };
    };
    let mut differences = Vec::new();
    for name in golden.keys().chain(ours.keys().filter(|name| !golden.contains_key(*name))) {
        let (original, found) = (golden.get(name), ours.get(name));
        if original != found && !(original.is_some_and(|value| value == SERVER_TIME) && is_now(found, moment)) {
            let print = |value: Option<&Value>| value.map_or("absent".into(), Value::to_string);
            differences.push(Difference::new(format!("{prefix}.{name}"), print(original), print(found)));
        }
    }
    differences
}

fn is_now(value: Option<&Value>, moment: Moment) -> bool {
    value
        .and_then(Value::as_i64)
        .is_some_and(|time| (moment.sent - CLOCK_SLACK_MS..=moment.answered + CLOCK_SLACK_MS).contains(&time))
}

/// A difference on one line, long values cut.
pub fn print(difference: &Difference) -> String {
    let cut = |text: &str| match text.char_indices().nth(PRINTED_MAX) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    };
    let Difference { what, original, ours } = difference;
    format!("  {what:<28} original {}   ours {}", cut(original), cut(ours))
}

#[cfg(test)]
mod tests {
    use std::slice;

    use serde_json::json;

    use super::*;
    use crate::golden;

    /// A server that answers exactly as recorded, but with a script and a page of its own.
    fn perfect(golden: &RecordedResponse, head: bool, own: &Own) -> Answer {
        let Some(status) = golden.status else { return Answer::Nothing("connection closed".into()) };
        let body = match (golden.body_omitted, golden.header("content-encoding")) {
            (true, Some("gzip")) => {
                let mut zipped = Vec::new();
                let mut zip = flate2::read::GzEncoder::new(&*own.script, flate2::Compression::fast());
                zip.read_to_end(&mut zipped).expect("memory");
                zipped
            }
            (true, _) => own.script.clone(),
            (false, _) => golden.body(),
        };
        let tag = own.tag.as_deref().unwrap_or_default();
        let headers = golden.headers.iter().map(|(name, value)| match &*name.to_ascii_lowercase() {
            "content-length" if golden.body_omitted => (name.to_uppercase(), body.len().to_string()),
            "content-length" if head && own.is_own_length(value) => (name.clone(), "77".into()),
            "content-range" => (name.clone(), "bytes 0-9/77".into()),
            "date" => (name.clone(), "Sat, 01 Jan 2000 00:00:00 GMT".into()),
            _ => (name.clone(), value.replace(ORIGINAL_TAG, tag)),
        });
        let headers = headers.rev().collect();
        Answer::Response(Response { status, reason: golden.reason.clone(), headers, body })
    }

    #[test]
    fn a_perfect_server_agrees_and_a_changed_one_does_not() {
        for name in crate::ACTIVE
            .iter()
            .filter(|name| !["file_sink", "shutdown", "config_errors", "multi_mapping"].contains(name))
        {
            let group = golden::load::<Case>(name);
            let lengths = Own::lengths_of(&group.cases);
            let own = Own { tag: Some("T".into()), script: b"own script".to_vec(), lengths, ..Own::default() };
            for case in &group.cases {
                let head = case.request.is_head();
                let answer = perfect(&case.response, head, &own);
                assert_eq!(response(&case.response, &answer, head, &own), [], "{name} {:?}", case.name);
                let Answer::Response(mut changed) = answer else { continue };
                changed.headers.push(("X-More".into(), "1".into()));
                changed.status += 1;
                changed.body.push(b'!');
                let changed = Answer::Response(changed);
                let what: Vec<_> =
                    response(&case.response, &changed, head, &own).into_iter().map(|found| found.what).collect();
                assert!(what.contains(&"status".into()) && what.contains(&"header x-more".into()), "{what:?}");
                let body = ["body", "header content-length"].iter().any(|part| what.contains(&(*part).into()));
                assert!(body, "{name} {:?}: {what:?}", case.name);
            }
        }
    }

    #[test]
    fn repeated_headers_count() {
        let golden: RecordedResponse = serde_json::from_value(json!({
            "status": 200, "reason": "OK", "headers": [["Allow", "GET"]], "body_b64": ""
        }))
        .expect("a response");
        let header = ("allow".to_owned(), "GET".to_owned());
        let mut ours = Response { status: 200, reason: "OK".into(), headers: vec![header.clone()], body: Vec::new() };
        let compare = |ours: &Response| response(&golden, &Answer::Response(ours.clone()), false, &Own::default());
        assert_eq!(compare(&ours), []);
        ours.headers.push(header);
        assert_eq!(compare(&ours), [Difference::new("header allow", "GET", "GET ⏎ GET")]);
    }

    #[test]
    fn no_answer_must_be_no_answer_or_a_refusal() {
        let golden: RecordedResponse = serde_json::from_value(json!({"status": null})).expect("a response");
        let differs = |answer| !response(&golden, &answer, false, &Own::default()).is_empty();
        let status = |status| {
            Answer::Response(Response { status, reason: String::new(), headers: Vec::new(), body: Vec::new() })
        };
        assert!(!differs(Answer::Nothing("Connection refused".into())));
        assert!(differs(Answer::Nothing("time-out".into())));
        assert!(!differs(status(400)) && differs(status(200)));
    }

    #[test]
    fn records_are_compared_by_field() {
        let moment = Moment { sent: 1000, answered: 1001 };
        let golden = json!({"at": "<server-time>", "path": "/a b", "ratio": 1.0});
        let differences = |ours: Value| records(slice::from_ref(&golden), &[&ours], moment);
        assert_eq!(differences(json!({"at": 1001, "path": "/a b", "ratio": 1.0})), []);
        let found = differences(json!({"at": 5000, "path": "/a%20b", "ratio": 1, "new": null}));
        let what: Vec<_> = found.iter().map(|difference| difference.what.as_str()).collect();
        assert_eq!(what, ["record.at", "record.path", "record.ratio", "record.new"]);
        assert_eq!(print(&found[1]), r#"  record.path                  original "/a b"   ours "/a%20b""#);
        assert_eq!(records(slice::from_ref(&golden), &[], moment), [Difference::new("records", 1, 0)]);
    }
}
