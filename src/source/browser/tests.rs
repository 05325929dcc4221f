//! The golden cases of the pixel, without HTTP: query in, stored event out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::{
    event::{Parameters, codec},
    source::query::{QueryBuffer, QueryError},
};

#[derive(Deserialize)]
struct Group {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    request: Request,
    response: Response,
    records: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    target: String,
}

#[derive(Deserialize)]
struct Response {
    status: Option<u16>,
}

/// Cases whose checksum is right and was taken for wrong.
const RIGHT_AFTER_ALL: [&str; 9] =
    ["s='0:abc:é😀'", "t emoji", "t emoji2", "t emoji3", "t emoji4", "v emoji", "v emoji2", "v emoji3", "v emoji4"];

/// What HTTP refuses before a source sees it.
fn is_refused_by_http(case: &Case) -> bool {
    let refused = |byte: u8| !(0x21..=0x7e).contains(&byte) || b"\"<>^`\\{|}".contains(&byte);
    let Request { method, target } = &case.request;
    method != "GET" || target.is_empty() || target.len() > 65_534 || target.bytes().any(refused)
}

/// The fields of the default record that come straight from the event.
fn fields(bytes: &[u8]) -> BTreeMap<&'static str, Value> {
    let event = codec::decode(bytes).unwrap();
    BTreeMap::from([
        ("detectedCorruption", event.flags.corrupt.into()),
        ("firstInSession", event.flags.first_in_session.into()),
        ("clientTimestamp", event.client_time.into()),
        ("remoteHost", event.remote_host.into()),
        ("referer", event.referer.into()),
        ("location", event.location.into()),
        ("viewportPixelWidth", event.viewport_width.into()),
        ("viewportPixelHeight", event.viewport_height.into()),
        ("screenPixelWidth", event.screen_width.into()),
        ("screenPixelHeight", event.screen_height.into()),
        ("partyId", event.party_id.into()),
        ("sessionId", event.session_id.into()),
        ("pageViewId", event.page_view_id.into()),
        // The default of the built-in schema.
        ("eventType", event.event_type.unwrap_or("unknown").into()),
    ])
}

fn stored(query: &str) -> Result<Result<Vec<u8>, Unusable>, QueryError> {
    let mut buffer = QueryBuffer::default();
    let query = buffer.decode(query, 1000)?;
    Ok(read(query).map(|pixel| {
        let none = || std::iter::empty::<(&str, &str)>();
        let mut bytes = Vec::new();
        codec::encode(&pixel.event("browser", 1, "127.0.0.1"), none(), none(), &mut bytes);
        bytes
    }))
}

/// Compares a group, but for the cases that differ on purpose, which must differ in their corrupt flag alone. Gives the
/// number of events compared.
fn compare(group: &str, differs: impl Fn(&Case) -> bool) -> usize {
    let group: Group = serde_json::from_str(group).unwrap();
    let mut compared = 0;
    for case in group.cases.iter().filter(|case| !is_refused_by_http(case)) {
        let query = case.request.target.split_once('?').map_or("", |(_, query)| query);
        match (stored(query), case.records.as_slice()) {
            (Err(error), []) => assert_eq!(case.response.status, Some(400), "{}: {error}", case.name),
            (Ok(Err(_)), []) => assert_eq!(case.response.status, Some(200), "{}", case.name),
            (Ok(Ok(bytes)), [record]) => {
                assert_eq!(case.response.status, Some(200), "{}", case.name);
                compared += 1;
                for (name, value) in fields(&bytes) {
                    if name == "detectedCorruption" && differs(case) {
                        assert_eq!((&record[name], value), (&true.into(), false.into()), "{}", case.name);
                    } else {
                        assert_eq!(record[name], value, "{}: {name}", case.name);
                    }
                }
            }
            (ours, records) => panic!("{}: {ours:?}, recorded {records:?}", case.name),
        }
    }
    compared
}

#[test]
fn pixel_parameters_are_read_as_recorded() {
    let group = include_str!("../../../tests/conformance/groups/pixel_params.json");
    let compared = compare(group, |case| RIGHT_AFTER_ALL.contains(&case.name.as_str()));
    assert!(compared > 100, "{compared}");
}

#[test]
fn right_and_faulty_checksums_of_supplementary_characters_are_accepted() {
    let group = include_str!("../../../tests/conformance/groups/checksum_supplementary.json");
    let compared = compare(group, |case| case.name.ends_with("standard murmur") && !case.name.starts_with("no astral"));
    assert_eq!(compared, 38);
}

#[test]
fn corrupt_and_incomplete_events_are_told_apart() {
    let query = |without: &str| {
        ["p=0:1:p", "s=0:1:s", "v=v", "e=e", "c=1", "n=t", "f=f"]
            .iter()
            .filter(|pair| !pair.starts_with(without))
            .fold(String::new(), |query, pair| format!("{query}&{pair}"))
    };
    for (parameter, expected) in [
        ("p", Unusable::PartyId),
        ("s", Unusable::SessionId),
        ("v", Unusable::PageViewId),
        ("e", Unusable::EventId),
        ("c", Unusable::ClientTime),
        ("n", Unusable::NewParty),
        ("f", Unusable::FirstInSession),
    ] {
        assert_eq!(stored(&query(parameter)), Ok(Err(expected)), "{parameter}");
    }
    let complete = stored(&query("x")).unwrap().unwrap();
    let event = codec::decode(&complete).unwrap();
    assert!(event.flags.corrupt && event.flags.new_party && !event.flags.first_in_session);
    assert_eq!((event.event_type, event.screen_width, event.parameters), (None, None, Parameters::Absent));
}

#[test]
fn a_fractional_device_pixel_ratio_is_kept_as_sent() {
    let bytes = stored("p=0:1:p&s=0:1:s&v=v&e=e&c=1&n=t&f=f&k=1.i&u=(da!1!)").unwrap().unwrap();
    let event = codec::decode(&bytes).unwrap();
    assert_eq!((event.device_pixel_ratio, event.device_pixel_ratio_int()), (Some("1.i"), None));
    assert_eq!(event.parameters, Parameters::Mincode("(da!1!)"));
}
