//! A stored event as a line of JSON, and back. `headwater map` reads what `journal cat` prints.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use crate::event::{Event, Fields, Flags, Parameters, SourceKind, codec, mincode};

/// The line of an event that cannot be read.
#[derive(Serialize)]
struct Unreadable {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    unreadable: String,
}

/// What is printed of an event. What it has not is left out, but for the flags.
#[derive(Serialize)]
#[serde(bound(serialize = ""))]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    time: Time,
    source: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<&'a str>,
    event_id: &'a str,
    party_id: &'a str,
    session_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_view_id: Option<&'a str>,
    corrupt: bool,
    duplicate: bool,
    new_party_id: bool,
    first_in_session: bool,
    client_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    viewport_pixel_width: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    viewport_pixel_height: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen_pixel_width: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen_pixel_height: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_pixel_ratio: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mincode: Option<&'a str>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    headers: Pairs<'a>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    cookies: Pairs<'a>,
}

/// A time in ISO 8601, or as milliseconds where that has no room for it.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub i64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => serializer.collect_str(&format_args!("{time:.3}")),
            Err(_) => serializer.serialize_i64(self.0),
        }
    }
}

/// The values under each name, in the order in which the names first come.
pub(super) struct Pairs<'a>(pub(super) Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Pairs<'a> {
    pub(super) fn of(fields: Fields<'a>) -> Self {
        let mut pairs: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in fields.iter() {
            match pairs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => pairs.push((name, vec![value])),
            }
        }
        Self(pairs)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in &self.0 {
            map.serialize_entry(name, values)?;
        }
        map.end()
    }
}

/// Custom parameters as JSON on one line; nothing if there are none, or if they cannot be read.
#[must_use]
pub fn parameters(event: &Event<'_>) -> Option<Box<RawValue>> {
    let text = match event.parameters {
        Parameters::Absent => return None,
        Parameters::Mincode(text) => mincode::read(text).ok()?.to_string(),
        // Between the values of JSON a line break is as good as a space, and within them there is none.
        Parameters::Json(text) => text.replace(['\n', '\r'], " "),
    };
    RawValue::from_string(text).ok()
}

/// Name of the kind of a source.
#[must_use]
pub fn kind(event: &Event<'_>) -> &'static str {
    match event.kind {
        SourceKind::Browser => "browser",
        SourceKind::Json => "json",
    }
}

/// The event of these bytes as one JSON object, without a line's end. `offset` is left out where the event stands in
/// something that has it.
pub(super) fn json(offset: Option<u64>, bytes: &[u8]) -> String {
    let line = match codec::decode(bytes) {
        Ok(event) => serde_json::to_string(&Line::of(offset, &event)),
        Err(error) => serde_json::to_string(&Unreadable { offset, unreadable: error.to_string() }),
    };
    line.expect("strings, numbers and maps with text as keys are JSON")
}

impl<'a> Line<'a> {
    fn of(offset: Option<u64>, event: &Event<'a>) -> Self {
        let mincode = match event.parameters {
            Parameters::Mincode(text) => Some(text),
            _ => None,
        };
        Self {
            offset,
            time: Time(event.request_time),
            source: event.source,
            kind: kind(event),
            event_type: event.event_type,
            event_id: event.event_id,
            party_id: event.party_id,
            session_id: event.session_id,
            page_view_id: event.page_view_id,
            corrupt: event.flags.corrupt,
            duplicate: event.flags.duplicate,
            new_party_id: event.flags.new_party,
            first_in_session: event.flags.first_in_session,
            client_time: Time(event.client_time),
            remote_host: event.remote_host,
            location: event.location,
            referer: event.referer,
            viewport_pixel_width: event.viewport_width,
            viewport_pixel_height: event.viewport_height,
            screen_pixel_width: event.screen_width,
            screen_pixel_height: event.screen_height,
            device_pixel_ratio: event.device_pixel_ratio,
            parameters: parameters(event),
            mincode,
            headers: Pairs::of(event.headers),
            cookies: Pairs::of(event.cookies),
        }
    }
}

/// An event as it was printed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredLine {
    /// Its number in the journal that it comes from; means nothing elsewhere.
    #[serde(default, rename = "offset")]
    _offset: Option<u64>,
    time: serde_json::Value,
    source: String,
    kind: String,
    event_type: Option<String>,
    event_id: String,
    party_id: String,
    session_id: String,
    page_view_id: Option<String>,
    #[serde(default)]
    corrupt: bool,
    #[serde(default)]
    duplicate: bool,
    #[serde(default)]
    new_party_id: bool,
    #[serde(default)]
    first_in_session: bool,
    client_time: serde_json::Value,
    remote_host: Option<String>,
    location: Option<String>,
    referer: Option<String>,
    viewport_pixel_width: Option<i32>,
    viewport_pixel_height: Option<i32>,
    screen_pixel_width: Option<i32>,
    screen_pixel_height: Option<i32>,
    device_pixel_ratio: Option<String>,
    parameters: Option<Box<RawValue>>,
    mincode: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: BTreeMap<String, Vec<String>>,
}

/// A printed dead letter; only its event matters.
#[derive(Deserialize)]
struct LetterLine<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
}

impl StoredLine {
    /// Reads a line of `journal cat`: an event, or a dead letter, whose event is taken. None if it is another object.
    ///
    /// # Errors
    /// It is such a line, and wrong.
    #[must_use]
    pub fn read(line: &str) -> Option<Result<Self, serde_json::Error>> {
        let members: BTreeMap<&str, &RawValue> = serde_json::from_str(line).ok()?;
        if members.contains_key("reason") && members.contains_key("event") {
            let letter = serde_json::from_str::<LetterLine<'_>>(line);
            return Some(letter.and_then(|letter| serde_json::from_str(letter.event.get())));
        }
        let is_stored = ["source", "kind", "client_time"].iter().all(|name| members.contains_key(name));
        is_stored.then(|| serde_json::from_str(line))
    }

    /// When it was accepted, milliseconds since the Unix epoch.
    #[must_use]
    pub fn time_ms(&self) -> i64 {
        ms(&self.time)
    }

    /// What it is called, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        self.event_type.as_deref().unwrap_or("event")
    }

    /// Lends the event, but for headers and cookies.
    pub fn with<R>(&self, work: impl FnOnce(&Event<'_>) -> R) -> R {
        let kind = if self.kind == "json" { SourceKind::Json } else { SourceKind::Browser };
        let parameters = match (&self.mincode, &self.parameters) {
            (Some(mincode), _) => Parameters::Mincode(mincode),
            (None, Some(json)) => Parameters::Json(json.get()),
            (None, None) => Parameters::Absent,
        };
        work(&Event {
            source: &self.source,
            kind,
            flags: Flags {
                corrupt: self.corrupt,
                duplicate: self.duplicate,
                first_in_session: self.first_in_session,
                new_party: self.new_party_id,
            },
            request_time: self.time_ms(),
            client_time: ms(&self.client_time),
            remote_host: self.remote_host.as_deref(),
            party_id: &self.party_id,
            session_id: &self.session_id,
            page_view_id: self.page_view_id.as_deref(),
            event_id: &self.event_id,
            event_type: self.event_type.as_deref(),
            location: self.location.as_deref(),
            referer: self.referer.as_deref(),
            viewport_width: self.viewport_pixel_width,
            viewport_height: self.viewport_pixel_height,
            screen_width: self.screen_pixel_width,
            screen_height: self.screen_pixel_height,
            device_pixel_ratio: self.device_pixel_ratio.as_deref(),
            parameters,
            headers: Fields::default(),
            cookies: Fields::default(),
        })
    }

    /// Its headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(&self.headers)
    }

    /// Its cookies.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(&self.cookies)
    }
}

fn pairs(fields: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.as_str())))
}

fn ms(value: &serde_json::Value) -> i64 {
    let time = value.as_str().and_then(|text| Some(text.parse::<Timestamp>().ok()?.as_millisecond()));
    time.or_else(|| value.as_i64()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event with everything, as it is stored.
    fn stored(parameters: Parameters<'_>, client_time: i64) -> Vec<u8> {
        let event = Event {
            source: "browser",
            kind: SourceKind::Browser,
            flags: Flags { corrupt: false, duplicate: true, first_in_session: false, new_party: true },
            request_time: 1_896_091_200_007,
            client_time,
            remote_host: Some("192.0.2.1"),
            party_id: "0:p:a",
            session_id: "0:s:b",
            page_view_id: Some("0:v"),
            event_id: "0:v0",
            event_type: Some("pageView"),
            location: Some("https://shop.example.com/?a=\"b\""),
            referer: None,
            viewport_width: Some(1),
            viewport_height: Some(2),
            screen_width: Some(3),
            screen_height: None,
            device_pixel_ratio: Some("1.i"),
            parameters,
            headers: Fields::default(),
            cookies: Fields::default(),
        };
        let headers = [("x-a", "1"), ("x-a", "2"), ("x-b", "é")];
        let mut out = Vec::new();
        codec::encode(&event, headers.into_iter(), [("c", "d")].into_iter(), &mut out);
        out
    }

    #[test]
    fn a_line_says_everything_and_reads_back_to_the_same_bytes() {
        for (parameters, expected) in [
            (Parameters::Absent, ""),
            (Parameters::Mincode("(skettle!"), ""),
            (Parameters::Mincode("(s"), ""),
            (Parameters::Json("{\"a\": 1.0e400,\n \"b\":\"\\ud800\"}"), "\"parameters\":{\"a\": 1.0e400,  \"b\":"),
        ] {
            for client_time in [1_896_091_200_000, i64::MAX] {
                let bytes = stored(parameters, client_time);
                let line = json(Some(7), &bytes);
                assert!(line.starts_with("{\"offset\":7,\"time\":\"2030-01-31T12:00:00.007Z\",\"source\""), "{line}");
                assert!(line.contains("\"headers\":{\"x-a\":[\"1\",\"2\"],\"x-b\":[\"é\"]}"), "{line}");
                assert!(line.contains(expected) && !line.contains('\n'), "{line}");
                let read = StoredLine::read(&line).expect("a stored event").expect("a right one");
                let mut again = Vec::new();
                read.with(|event| codec::encode(event, read.headers(), read.cookies(), &mut again));
                let expected = match parameters {
                    Parameters::Json(text) => stored(Parameters::Json(&text.replace('\n', " ")), client_time),
                    _ => bytes.clone(),
                };
                assert_eq!(again, expected, "{line}");
                let letter = format!("{{\"reason\":\"internal\",\"offset\":7,\"event\":{}}}", json(None, &bytes));
                assert!(StoredLine::read(&letter).is_some_and(|read| read.is_ok()), "{letter}");
            }
        }
        assert!(StoredLine::read("{\"location\":\"x\"}").is_none());
        assert!(
            StoredLine::read("{\"source\":\"a\",\"kind\":\"json\",\"client_time\":1}").is_some_and(|it| it.is_err())
        );
        assert_eq!(json(Some(1), b"x"), "{\"offset\":1,\"unreadable\":\"the stored event is cut short\"}");
    }
}
