//! The golden cases of the JSON source, without HTTP: query and body in, event out.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::{event::json, source::query::QueryBuffer};

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
    target: String,
    body_b64: String,
}

#[derive(Deserialize)]
struct Response {
    status: Option<u16>,
}

/// Event fields by the names of the fields in the group's records; `None` if the party id is missing or invalid, an
/// empty map if the body makes no event.
fn fields(target: &str, body: &[u8], names: &[&'static str; 10]) -> Option<BTreeMap<&'static str, Value>> {
    let mut buffer = QueryBuffer::default();
    let query = buffer.decode(target.split_once('?')?.1, 1000).ok()?;
    let party_id = party_id(&query, "p")?;
    let text = json::as_utf8(body);
    let Ok(read) = json::read(&text) else { return Some(BTreeMap::new()) };
    let event = event(&read, &party_id, "j", 1, "127.0.0.1");
    assert_eq!((event.kind, event.flags.new_party), (SourceKind::Json, read.is_new_party));
    let values: [Value; 10] = [
        event.event_type.into(),
        event.session_id.into(),
        event.party_id.into(),
        event.event_id.into(),
        event.client_time.into(),
        event.flags.first_in_session.into(),
        event.flags.corrupt.into(),
        event.remote_host.into(),
        event.page_view_id.into(),
        event.location.into(),
    ];
    Some(names.iter().copied().zip(values).collect())
}

/// Compares the cases whose body is in the file and that reach the source. Gives the number of events compared.
fn compare(group: &str, names: &[&'static str; 10], differs: &[&str]) -> usize {
    let group: Group = serde_json::from_str(group).unwrap();
    let mut compared = 0;
    for case in &group.cases {
        let body = STANDARD.decode(&case.request.body_b64).unwrap();
        if body.is_empty() || !matches!(case.response.status, Some(204 | 400)) {
            continue;
        }
        let ours = fields(&case.request.target, &body, names);
        if differs.contains(&case.name.as_str()) {
            let ours = ours.unwrap_or_default();
            assert_ne!(ours.is_empty(), case.records.is_empty(), "{} agrees", case.name);
            continue;
        }
        match (ours, case.records.as_slice()) {
            (None, []) => assert_eq!(case.response.status, Some(400), "{}", case.name),
            (Some(fields), []) => assert_eq!((fields.len(), case.response.status), (0, Some(204)), "{}", case.name),
            (Some(fields), [record]) if !fields.is_empty() => {
                compared += 1;
                for (name, value) in fields.iter().filter(|(name, _)| record.contains_key(**name)) {
                    assert_eq!(record[*name], *value, "{}: {name}", case.name);
                }
            }
            (ours, records) => panic!("{}: {ours:?}, recorded {records:?}", case.name),
        }
    }
    compared
}

#[test]
fn bodies_are_read_as_recorded() {
    let compared = compare(
        include_str!("../../../../tests/conformance/groups/json_mapping.json"),
        &["et", "sid", "pid", "eid", "cts", "fis", "cor", "host", "pv", "loc"],
        // Without offset: UTC. Overlong UTF-8: invalid.
        &["ts 2020-07-22T16:37:22", "body overlong"],
    );
    assert!(compared > 50, "{compared}");
}

#[test]
fn the_default_mapping_s_fields_are_there() {
    let names = [
        "eventType",
        "sessionId",
        "partyId",
        "(no field)",
        "clientTimestamp",
        "firstInSession",
        "detectedCorruption",
        "remoteHost",
        "pageViewId",
        "location",
    ];
    // Without a type the record has the default of the built-in schema.
    let group = include_str!("../../../../tests/conformance/groups/json_default_mapping.json");
    let group = group.replace("\"eventType\": \"unknown\"", "\"eventType\": null");
    assert!(compare(&group, &names, &[]) >= 4);
}
