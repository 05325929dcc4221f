//! The whole way with no configuration at all: requests of browsers in, Avro files out.

use std::{
    process::Command,
    ptr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    fastavro,
    run::{BrowserRequest, PATIENCE, Place},
    support::http::Request,
};

/// The transparent image of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0\x21\xf9\x04\x01\x0a\0\x01\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0;";

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292,278,994")
}

#[test]
fn browser_requests_become_records_that_any_reader_opens() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let started = now();
    let requests = BrowserRequest::all();
    for request in &requests {
        let response = request.send(place.port).response();
        assert_eq!((response.status, &*response.body), (200, PIXEL), "{}", request.name);
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());

    let records = place.records();
    assert_eq!(records.len(), requests.len());
    // Lanes have files of their own; the order of a party's events holds.
    for request in &requests {
        let party = &request.record["partyId"];
        let before = requests.iter().take_while(|other| !ptr::eq(*other, request));
        let nth = before.filter(|other| other.record["partyId"] == *party).count();
        let record = records.iter().filter(|record| record["partyId"] == *party).nth(nth);
        let record = record.unwrap_or_else(|| panic!("{}: no record", request.name));
        for (field, expected) in &request.record {
            assert_eq!(record[field], *expected, "{}: {field}", request.name);
        }
        assert!(record["userAgentName"].is_string(), "{}: {record}", request.name);
        let time = record["timestamp"].as_i64().expect("a time");
        assert!((started - 100..=now()).contains(&time), "{}: {time} is not now", request.name);
    }
}

#[test]
fn the_header_holds_the_built_in_schema_and_nothing_else() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    BrowserRequest::all()[0].send(place.port).response();
    assert_eq!(program.stop(), Some(0), "{}", program.output());

    let published = place.published();
    let [path] = &published[..] else { panic!("not one file: {published:?}") };
    let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let host = Command::new("uname").arg("-n").output().expect("a host name").stdout;
    let host = String::from_utf8(host).expect("a plain host name");
    assert!(name.contains(&format!("-divolte-tracking-{}-", host.trim())), "{name}");
    assert_eq!(name.split('-').next().map(str::len), Some("yyyyMMddHHmmss".len()), "{name}");

    let file = fastavro::read(path);
    assert_eq!(file.metadata.keys().collect::<Vec<_>>(), ["avro.schema"]);
    let schema: Value =
        serde_json::from_str(file.metadata["avro.schema"].as_str().expect("a text")).expect("a schema in JSON");
    assert_eq!(schema["type"], "record");
    let fields: Vec<_> = schema["fields"].as_array().expect("fields").iter().map(|field| &field["name"]).collect();
    assert_eq!(fields.len(), 26, "{fields:?}");
    assert_eq!((fields[0], fields[25]), (&json!("detectedDuplicate"), &json!("userAgentOsVendor")));
}

#[test]
fn the_json_source_takes_events_at_its_path() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let body = json!({
        "session_id": "0:kcxh0qzs:ZyXwVuTsRqPoNmLkJiHgFeDcBa543210", "event_id": "e1", "event_type": "buy",
        "is_new_party": false, "is_new_session": true, "client_timestamp_iso": "2020-07-22T16:37:22.286+02:00",
        "parameters": {"sku": "A-1"}
    });
    let target = "/event?p=0%3Akcxgvgzh%3AAbCdEfGhIjKlMnOpQrStUvWxYz012345";
    let response = Request::post_json(target, &body.to_string()).send(place.port, PATIENCE).response();
    assert_eq!(response.status, 204, "{response:?}");
    assert_eq!(program.stop(), Some(0), "{}", program.output());

    let records = place.records();
    let [record] = &records[..] else { panic!("not one record: {records:?}") };
    assert_eq!(record["eventType"], "buy");
    assert_eq!(record["clientTimestamp"], 1_595_428_642_286_i64);
    assert_eq!(record["firstInSession"], true);
}

#[test]
fn a_second_start_goes_on_with_the_same_directories() {
    let place = Place::new();
    for nth in 1..=2 {
        let mut program = place.start(place.serve());
        BrowserRequest::all()[nth].send(place.port).response();
        assert_eq!(program.stop(), Some(0), "{}", program.output());
        assert_eq!(place.records().len(), nth);
    }
}

#[test]
fn the_start_says_where_it_listens_and_where_the_files_are() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    assert_eq!(program.stop(), Some(0));
    let output = program.output();
    for part in [&*place.port.to_string(), &*place.admin.to_string(), "data/events", "flush"] {
        assert!(output.contains(part), "no {part:?} in:\n{output}");
    }
}
