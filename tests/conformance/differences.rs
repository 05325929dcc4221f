//! The cases that differ on purpose: one written check per entry of `differences.json`.

use std::{collections::HashMap, fs, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    compare::Difference,
    golden::{self, Case},
    instance::Start,
    steps::Trace,
    support::http::{Answer, Response},
    verdict::Checked,
};

/// An entry of the list.
#[derive(Debug, Deserialize)]
struct Entry {
    group: String,
    case: String,
}

/// The list as the file has it.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Entry>,
    }
    let path = golden::directory().join("differences.json");
    let text = fs::read_to_string(path).expect("the list of differences");
    serde_json::from_str::<File>(&text).expect("a list of differences").cases
});

/// What a check of a replayed case may look at.
pub struct Evidence<'a> {
    /// The recording.
    pub case: &'a Case,
    /// What came back.
    pub answer: &'a Answer,
    /// What the comparison found.
    pub differences: &'a [Difference],
    /// Our records of the case.
    pub records: &'a [&'a Value],
    /// What came back in all cases of the group, by name.
    pub answers: &'a HashMap<&'a str, Answer>,
}

/// A written check: `Ok` when the case comes out as its entry says.
type ReplayCheck = fn(&Evidence<'_>) -> Checked;
/// The same for a case made of steps.
type StepCheck = fn(&Trace) -> Checked;
/// The same for a start.
type StartCheck = fn(&Start) -> Checked;

/// Runs the written check of a case, if the case is on the list.
pub fn check(group: &str, evidence: &Evidence<'_>) -> Option<Checked> {
    is_listed(group, &evidence.case.name).then(|| {
        let check = replay_check(group, &evidence.case.name);
        check.ok_or("has no written check")?(evidence)
    })
}

/// As [`check`], for a case made of steps.
pub fn check_steps(group: &str, case: &str, trace: &Trace) -> Option<Checked> {
    is_listed(group, case).then(|| step_check(group, case).ok_or("has no written check")?(trace))
}

/// As [`check`], for a start.
pub fn check_start(group: &str, case: &str, start: &Start) -> Option<Checked> {
    is_listed(group, case).then(|| start_check(group, case).ok_or("has no written check")?(start))
}

/// Number of records of a case that has another one than recorded on purpose.
pub fn expected_records(group: &str, case: &str) -> Option<usize> {
    match (group, case) {
        ("json_mapping", "body overlong") | ("map_headers", "obs-fold") => Some(0),
        ("json_mapping", "ts 2020-07-22T16:37:22")
        | ("run_digest_of_event_parameters", "json 'sx!'" | "json {'a': 1}")
        | ("run_jsonpath_function_0" | "run_jsonpath_function_4" | "run_jsonpath_function_8", "doc") => Some(1),
        _ => None,
    }
}

fn is_listed(group: &str, case: &str) -> bool {
    ENTRIES.iter().any(|entry| entry.group == group && entry.case == case)
}

/// The table of checks for replayed cases.
fn replay_check(group: &str, case: &str) -> Option<ReplayCheck> {
    Some(match (group, case) {
        ("http_default", "HEAD /divolte.js") => head_of_script,
        ("http_default", "script br,gzip" | "script two AE headers") => brotli,
        ("http_default", "very long header" | "250 headers") => |evidence| status_is(evidence, &[431]),
        ("pixel_params", "huge url 1.2M") => |evidence| status_is(evidence, &[431, 414]),
        ("pixel_params", "s='0:abc:é😀'") => not_corrupt,
        ("pixel_params", name) if name.starts_with("t emoji") || name.starts_with("v emoji") => not_corrupt,
        ("checksum_supplementary", name) if name.ends_with(" standard murmur") => not_corrupt,
        ("map_simple", "unicode") => |evidence| flag_is_right(evidence, "record.corrupt"),
        ("map_headers", "obs-fold") => |evidence| status_is(evidence, &[400]),
        ("map_cookies", "cookie 15") => odd_cookie,
        ("map_digest" | "run_digest_reuse", _) => complete_digests,
        ("run_digest_of_event_parameters", _) => event_is_kept,
        ("run_jsonpath_function_0", "doc") => |evidence| function_gives(evidence, "3", 3.0),
        ("run_jsonpath_function_4", "doc") => |evidence| function_gives(evidence, "1.0", 1.0),
        ("run_jsonpath_function_8", "doc") => |evidence| function_gives_text(evidence, "x"),
        ("json_mapping", "ts 2020-07-22T16:37:22") => |evidence| time_is(evidence, 1_595_435_842_000),
        ("json_mapping", "chunked bad size") => |evidence| status_is(evidence, &[400]),
        ("json_mapping", "content-length over max claim" | "expect continue oversize") => {
            |evidence| status_is(evidence, &[413])
        }
        ("json_mapping", "te and cl") => one_event_or_none,
        ("json_mapping", "body overlong") => |evidence| status_is(evidence, &[204]),
        _ => return None,
    })
}

/// The table of checks for cases made of steps.
fn step_check(group: &str, case: &str) -> Option<StepCheck> {
    Some(match (group, case) {
        ("file_sink", "roll with unsynced records only") => unsynced_records_are_published,
        ("file_sink", "checksummed local file system (default)") => no_side_files,
        ("file_sink", "killed: partial stays; restart leaves it") => leftover_is_finished,
        ("file_sink", "working directory removed while running") => events_outlive_the_directory,
        _ => return None,
    })
}

/// The table of checks for starts.
fn start_check(group: &str, case: &str) -> Option<StartCheck> {
    Some(match (group, case) {
        ("config_errors", "two json same path") => colliding_routes,
        _ => return None,
    })
}

fn ensure(condition: bool, why: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(why()) }
}

fn response(answer: &Answer) -> Result<&Response, String> {
    match answer {
        Answer::Response(response) => Ok(response),
        Answer::Nothing(why) => Err(format!("no response: {why}")),
    }
}

/// `ours`: the headers of `GET` and no body.
fn head_of_script(evidence: &Evidence<'_>) -> Checked {
    let get = response(evidence.answers.get("GET /divolte.js").ok_or("no GET to compare with")?)?;
    let head = response(evidence.answer)?;
    let headers = |response: &Response| {
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        headers.sort();
        headers
    };
    ensure((head.status, headers(head)) == (200, headers(get)) && head.body.is_empty(), || {
        format!("{head:?}, where GET gives {:?}", get.headers)
    })
}

/// `ours`: `Content-Encoding: br`. The entity tag and the length go with the coding; all else is as recorded.
fn brotli(evidence: &Evidence<'_>) -> Checked {
    let coding = response(evidence.answer)?.header("content-encoding");
    ensure(coding == Some("br"), || format!("Content-Encoding: {}", coding.unwrap_or("absent")))?;
    let allowed = ["header content-encoding", "header etag", "header content-length"];
    let odd = evidence.differences.iter().find(|difference| !allowed.contains(&&*difference.what));
    ensure(odd.is_none(), || "more than the coding differs".into())
}

fn status_is(evidence: &Evidence<'_>, allowed: &[u16]) -> Checked {
    let status = response(evidence.answer)?.status;
    ensure(allowed.contains(&status), || format!("status {status}, not {allowed:?}"))?;
    ensure(evidence.records.is_empty(), || "it led to records".into())
}

/// `ours`: corrupt = false, all else equal.
fn not_corrupt(evidence: &Evidence<'_>) -> Checked {
    flag_is_right(evidence, "record.detectedCorruption")
}

fn flag_is_right(evidence: &Evidence<'_>, flag: &str) -> Checked {
    let expected = Difference::new(flag, "true", "false");
    ensure(evidence.differences == [expected], || "more or less than the flag differs".into())
}

/// The only record of the case.
fn only_record<'e>(evidence: &Evidence<'e>) -> Result<&'e Value, String> {
    match evidence.records {
        [record] => Ok(record),
        records => Err(format!("{} records, not one", records.len())),
    }
}

/// `ours`: one record; the odd bytes are read as Latin-1.
fn odd_cookie(evidence: &Evidence<'_>) -> Checked {
    let record = only_record(evidence)?;
    let expected =
        evidence.case.request.header("Cookie").and_then(|line| line.split_once("a=")).map(|(_, value)| value);
    let found = record["a"].as_str();
    ensure(found.is_some() && found == expected, || format!("a is {found:?}, not {expected:?}"))
}

/// `ours`: every digest complete. Digests of the same algorithm over the same pieces are equal, whichever came first.
fn complete_digests(evidence: &Evidence<'_>) -> Checked {
    let record = only_record(evidence)?;
    let odd = evidence.differences.iter().find(|difference| !difference.what.starts_with("record."));
    ensure(odd.is_none(), || "more than digests differ".into())?;
    let bytes = |name: &str| -> Result<Vec<u8>, String> {
        let text = record[name].as_str().ok_or_else(|| format!("{name} is missing"))?;
        let hex = text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() >= 32;
        if hex {
            let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).map_err(|error| error.to_string());
            return (0..text.len()).step_by(2).map(digits).collect();
        }
        STANDARD.decode(text).map_err(|error| format!("{name}: {error}"))
    };
    let equal: &[(&str, &str)] = match record.get("hl") {
        // The same pieces, digested again under another name.
        Some(_) => {
            &[("d0", "d10"), ("d2", "d6"), ("d2", "hl"), ("d2", "hu"), ("d2", "b64"), ("k2", "k5"), ("ku2", "ku5")]
        }
        None => &[("a", "b")],
    };
    for (left, right) in equal {
        ensure(bytes(left)? == bytes(right)?, || format!("{left} and {right} differ"))?;
    }
    let lengths: &[(&str, usize)] = match record.get("hl") {
        Some(_) => {
            &[("d1", 28), ("d2", 32), ("d3", 48), ("d4", 64), ("d5", 16), ("d9", 16), ("nested", 32), ("json", 32)]
        }
        None => &[("a", 32), ("c", 64), ("d", 20), ("e", 20)],
    };
    for (name, length) in lengths {
        let found = bytes(name)?.len();
        ensure(found == *length, || format!("{name} has {found} bytes, not {length}"))?;
    }
    Ok(())
}

/// `ours`: the event is kept.
fn event_is_kept(evidence: &Evidence<'_>) -> Checked {
    let record = only_record(evidence)?;
    ensure(record["d"].as_str().is_some_and(|digest| digest.len() == 64), || format!("the digest is {}", record["d"]))
}

/// `ours`: the function's value.
fn function_gives(evidence: &Evidence<'_>, text: &str, number: f64) -> Checked {
    let record = only_record(evidence)?;
    let right = record["p"] == true && record["s"] == text && record["d"] == number;
    ensure(right, || format!("the record is {record}"))
}

fn function_gives_text(evidence: &Evidence<'_>, text: &str) -> Checked {
    let record = only_record(evidence)?;
    ensure(record["p"] == true && record["s"] == text, || format!("the record is {record}"))
}

/// `ours`: one record with that client time.
fn time_is(evidence: &Evidence<'_>, time: i64) -> Checked {
    let record = only_record(evidence)?;
    ensure(record["cts"] == time, || format!("the time is {}", record["cts"]))
}

/// `ours`: 204 and the event, or 400; never two requests out of one.
fn one_event_or_none(evidence: &Evidence<'_>) -> Checked {
    let status = response(evidence.answer)?.status;
    match (status, evidence.records.len()) {
        (204, 1) | (400, 0) => Ok(()),
        (status, records) => Err(format!("status {status} and {records} records")),
    }
}

/// `ours`: both records published (and the third one too).
fn unsynced_records_are_published(trace: &Trace) -> Checked {
    let rolled = trace.listing_after("wait 5")?;
    ensure(rolled.published_records() == 2, || format!("after the roll: {rolled}"))?;
    all_published(trace, 0)
}

/// `ours`: no .crc file; the record is visible after the sync.
fn no_side_files(trace: &Trace) -> Checked {
    for step in &trace.steps {
        ensure(!step.listing.to_string().contains(".crc"), || format!("after {:?}: {}", step.name, step.listing))?;
    }
    let synced = trace.listing_after("event")?;
    ensure(synced.work_records() == 1, || format!("after the event: {synced}"))?;
    all_published(trace, 0)
}

/// `ours`: the leftover named by our checkpoint is finished at the next start.
fn leftover_is_finished(trace: &Trace) -> Checked {
    let restarted = trace.listing_after("restart")?;
    // A checkpoint that the kill came before does not name the record: then the journal has it, and it is written anew.
    ensure(restarted.published_records() + restarted.work_records() == 1, || {
        format!("after the restart: {restarted}")
    })?;
    all_published(trace, 0)
}

/// `ours`: the three events after the removal are in published files at the end; the record whose file was deleted from
/// outside is gone.
fn events_outlive_the_directory(trace: &Trace) -> Checked {
    all_published(trace, 1)
}

/// `ours`: refused, with both sources in the message.
fn colliding_routes(start: &Start) -> Checked {
    let said = start.output().contains("sources `j` and `k` both want the path `/j`");
    ensure(matches!(start, Start::Refused { code: Some(2), .. }) && said, || start.to_string())
}

/// Every event but the first `lost` is in a published file, once, and nothing is left behind.
fn all_published(trace: &Trace, lost: usize) -> Checked {
    let expected = trace.sent.get(lost..).unwrap_or_default();
    ensure(trace.exit_code == Some(0), || format!("exit code {:?}", trace.exit_code))?;
    ensure(trace.published == expected && trace.left.is_empty(), || {
        format!(
            "sent {:?}, published {:?}, left in the working directory {:?}",
            trace.sent, trace.published, trace.left
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_an_active_group_has_one_check() {
        for Entry { group, case } in ENTRIES.iter().filter(|entry| crate::ACTIVE.contains(&&*entry.group)) {
            let checks = [
                replay_check(group, case).is_some(),
                step_check(group, case).is_some(),
                start_check(group, case).is_some(),
            ];
            assert_eq!(checks.iter().filter(|check| **check).count(), 1, "{group} {case:?}");
        }
    }

    #[test]
    fn every_entry_names_a_recorded_case() {
        for Entry { group, case } in ENTRIES.iter() {
            let path = golden::directory().join(format!("{group}.json"));
            let file: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(path).expect("a group")).expect("JSON");
            let cases = file["cases"].as_array().expect("cases");
            assert!(cases.iter().any(|found| found["name"] == **case), "{group} {case:?}");
        }
    }

    #[test]
    fn checks_refuse_what_their_entry_does_not_say() {
        let group = golden::load::<Case>("pixel_params");
        let case = group.cases.iter().find(|case| case.name == "t emoji").expect("a recorded case");
        let answer = Answer::Nothing("connection closed".into());
        let answers = HashMap::new();
        let check = |differences: &[Difference]| {
            check("pixel_params", &Evidence { case, answer: &answer, differences, records: &[], answers: &answers })
                .expect("listed")
        };
        let flag = Difference::new("record.detectedCorruption", "true", "false");
        assert!(check(std::slice::from_ref(&flag)).is_ok());
        assert!(check(&[]).is_err());
        assert!(check(&[flag, Difference::new("status", 200, 500)]).is_err());
        assert!(!is_listed("pixel_params", "valid"));
    }
}
