//! Scripts from text to records.

mod block;
mod diagnostics;
mod documentation;
mod events;
mod extensions;
mod gallery;
mod inventory;
mod language;
mod recorded;
mod script;
mod tables;
mod worked;

use std::sync::Arc;

use serde_json::Value;

use super::{
    Extras, Mapping, MappingOptions, Scratch,
    block::{Place, map_event},
    compile,
    eval::Outside,
    interpret::{KnownTable, Surroundings},
};
use crate::{
    checkpoint::{Offset, Outcomes},
    diagnostic::{Diagnostic, SourceText, render},
    enrich::{geo::Places, table::Tables},
    event::{
        Event, Fields, Flags, Parameters, SourceKind,
        codec::{decode_with_party, encode},
    },
    record::{chunk::RecordChunk, json::write_json, schema::RecordSchema},
};

/// Lets a test make one event panic.
pub(super) fn panic_if_asked(event: &Event<'_>) {
    assert!(event.event_type != Some("panic, please"), "asked for");
}

/// A page view; tests change what matters to them.
fn page_view() -> Event<'static> {
    Event {
        source: "browser",
        kind: SourceKind::Browser,
        flags: Flags { first_in_session: true, ..Flags::default() },
        request_time: 1000,
        client_time: 990,
        remote_host: Some("192.0.2.1"),
        party_id: "0:i0rjfnxc:party",
        session_id: "0:i0rjfnxc:sess",
        page_view_id: Some("0:page"),
        event_id: "0:page0",
        event_type: Some("pageView"),
        location: Some("https://www.shop.example:8443/caf%C3%A9/a%2Fb?x=1&q=a+b%26c&x=2#/list?n=12"),
        referer: None,
        viewport_width: Some(1018),
        viewport_height: Some(1018),
        screen_width: Some(1024),
        screen_height: Some(1024),
        device_pixel_ratio: Some("2"),
        parameters: Parameters::Absent,
        headers: Fields::default(),
        cookies: Fields::default(),
    }
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn stored(event: &Event<'_>, headers: Pairs<'_>, cookies: Pairs<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(event, headers.iter().copied(), cookies.iter().copied(), &mut bytes);
    bytes
}

fn source(script: &str) -> Arc<SourceText> {
    Arc::new(SourceText { name: "test.groovy".into(), text: script.into() })
}

fn options() -> MappingOptions {
    MappingOptions {
        name: "test".into(),
        sources: vec!["browser".into(), "json".into()],
        discard_corrupted: false,
        discard_duplicates: false,
        digests_use_up: false,
        extras: Extras { own_hosts: vec!["own.example".into()], ..Extras::default() },
        surroundings: Surroundings { tables: known(&tables::users()), ..Surroundings::default() },
    }
}

fn schema(text: &str) -> Arc<RecordSchema> {
    Arc::new(RecordSchema::parse(text).unwrap())
}

/// Fields of every type that matters, all with defaults.
fn test_schema() -> Arc<RecordSchema> {
    schema(
        r#"{"type": "record", "name": "Test", "fields": [
            {"name": "s", "type": ["null", "string"], "default": null},
            {"name": "s2", "type": ["string", "null"], "default": ""},
            {"name": "i", "type": ["null", "int"], "default": null},
            {"name": "l", "type": ["null", "long"], "default": null},
            {"name": "f", "type": ["null", "float"], "default": null},
            {"name": "d", "type": ["null", "double"], "default": null},
            {"name": "b", "type": ["null", "boolean"], "default": null},
            {"name": "b2", "type": ["null", "boolean"], "default": null},
            {"name": "t", "type": [{"type": "long", "logicalType": "timestamp-millis"}, "null"], "default": 0},
            {"name": "u", "type": ["null", "string", "int"], "default": null},
            {"name": "e", "type": ["null", {"type": "enum", "name": "E", "symbols": ["A", "B"]}], "default": null},
            {"name": "sd", "type": "string", "default": "dflt"},
            {"name": "as", "type": ["null", {"type": "array", "items": "string"}], "default": null},
            {"name": "ai", "type": ["null", {"type": "array", "items": "int"}], "default": null},
            {"name": "ad", "type": ["null", {"type": "array", "items": "double"}], "default": null},
            {"name": "q", "type": ["null", {"type": "map", "values": {"type": "array", "items": "string"}}],
             "default": null},
            {"name": "m", "type": ["null", {"type": "map", "values": "string"}], "default": null},
            {"name": "rec", "type": ["null", {"type": "record", "name": "Rec", "fields": [
                {"name": "x", "type": "string"}, {"name": "y", "type": ["null", "int"], "default": null}
            ]}], "default": null},
            {"name": "recs", "type": ["null", {"type": "array", "items": "Rec"}], "default": null},
            {"name": "by", "type": ["null", "bytes"], "default": null},
            {"name": "fx", "type": ["null", {"type": "fixed", "name": "F4", "size": 4}], "default": null}
        ]}"#,
    )
}

fn compiled(script: &str, schema: &Arc<RecordSchema>) -> (Mapping, Vec<Diagnostic>) {
    match compile(options(), &source(script), schema) {
        Ok(mapping) => mapping,
        Err(errors) => panic!("{script}\n{}", render(&errors, false)),
    }
}

/// Maps one event, twice with the same buffers, and gives the chunk of the second time.
fn mapped(mappings: &[Arc<Mapping>], bytes: &[u8]) -> RecordChunk {
    mapped_at(mappings, bytes, Outside { places: None, tables: Some(&tables::users()) })
}

/// What scripts may learn of tables.
fn known(tables: &Tables) -> Arc<[KnownTable]> {
    let known = tables.iter().map(|(name, table)| KnownTable { name: name.to_owned(), columns: Some(table.columns()) });
    known.collect()
}

/// As [`mapped`], with these databases of places and tables.
fn mapped_at(mappings: &[Arc<Mapping>], bytes: &[u8], outside: Outside<'_>) -> RecordChunk {
    let mut scratch = Scratch::new(10);
    let mut chunk = RecordChunk::default();
    for _ in 0..2 {
        chunk = RecordChunk::default();
        chunk.outcomes.resize_with(mappings.len(), Outcomes::default);
        let (event, party) = decode_with_party(bytes).unwrap();
        let place = Place { offset: Offset(7), party };
        map_event(mappings, &event, &place, outside, &mut scratch, &mut chunk, |_| true);
    }
    chunk
}

fn record(chunk: &RecordChunk, index: usize, schema: &RecordSchema) -> Value {
    let mut data = chunk.record(&chunk.records[index]);
    let mut object = serde_json::Map::new();
    for field in schema.fields() {
        let mut json = Vec::new();
        write_json(&field.kind, schema.types(), &mut data, &mut json).unwrap();
        object.insert(field.name.clone(), serde_json::from_slice(&json).unwrap());
    }
    assert!(data.is_empty(), "bytes are left behind the record");
    object.into()
}

/// The record that a script makes of an event; the script must not warn.
fn run(script: &str, event: &Event<'_>, headers: Pairs<'_>, cookies: Pairs<'_>) -> Value {
    let schema = test_schema();
    let (mapping, _) = compiled(script, &schema);
    let chunk = mapped(&[Arc::new(mapping)], &stored(event, headers, cookies));
    assert!(chunk.rejected.is_empty(), "{script}\n{:?}", chunk.rejected);
    record(&chunk, 0, &schema)
}

/// The fields that a script sets, as `name=json` in the order of the schema; those at their default are left out.
fn shown(script: &str, event: &Event<'_>, headers: Pairs<'_>, cookies: Pairs<'_>) -> String {
    let block = format!("mapping {{\n{script}\n}}");
    let (own, default) = (run(&block, event, headers, cookies), run("", event, headers, cookies));
    let set = test_schema()
        .fields()
        .iter()
        .filter(|field| own[&field.name] != default[&field.name])
        .map(|field| format!("{}={}", field.name, own[&field.name]))
        .collect::<Vec<_>>();
    set.join(" ")
}
