//! Compiled scripts, given any event: whatever comes out can be read with `apache-avro`.
//!
//! An input is a script, a line of dashes, and an event: as it is stored, and as lines of text.

use std::sync::Arc;

use apache_avro::{Schema, reader::datum::GenericDatumReader};
use headwater::{
    mapping::{Mapping, function, producer::Kind},
    record::{
        chunk::{DeadReason, RecordChunk},
        schema::RecordSchema,
    },
};

use super::{Input, Run, files, stored_events, text};
use crate::mapper::{EVERY, EVERY_SCHEMA, Mapper, POOL, event_of, mapping, pool};

/// What stands between script and event.
const BETWEEN: &[u8] = b"\n-----\n";

/// The examples of the documentation are scripts for the schema that has every type.
const DOCUMENT: &str = include_str!("../../../docs/mapping.md");

pub fn seeds() -> Vec<Input> {
    let events = files("tests/fuzz/corpus/mapping", "").into_iter().map(|input| apart(&input).1.to_vec());
    let events: Vec<_> = events.chain(stored_events()).collect();
    let fences = DOCUMENT.split("```groovy\n").skip(1).filter_map(|block| block.split("```").next());
    let block = |script: &str| {
        if script.contains("mapping {") { script.to_owned() } else { format!("mapping {{\n{script}}}") }
    };
    let scripts = POOL.iter().map(|(_, script, _)| (*script).to_owned()).chain(fences.map(block));
    // Each script meets one event, and each event the scripts of the pool.
    let paired = scripts.zip(events.iter().cycle());
    let scripted = paired.map(|(script, event)| [script.as_bytes(), BETWEEN, event].concat());
    scripted.chain(events.iter().map(|event| [BETWEEN, event].concat())).collect()
}

fn apart(input: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memmem::find(input, BETWEEN) {
        Some(at) => (&input[..at], &input[at + BETWEEN.len()..]),
        None => (&[], input),
    }
}

pub fn prepare() -> Run {
    every_name_is_asked_for();
    let mut mapper = Mapper::new();
    let (mut mappings, every) = (pool(), RecordSchema::parse(EVERY_SCHEMA).expect("a schema of the tree"));
    let every = Arc::new(every);
    let fixed = mappings.len();
    let mut schemas: Vec<_> = mappings.iter().map(avro).collect();
    schemas.push(Schema::parse_str(every.json()).expect("a schema of the tree"));
    Box::new(move |input| {
        let (script, event) = apart(input);
        mappings.truncate(fixed);
        mappings.extend(mapping(&text(script), &every));
        for event in [event.to_vec(), event_of(event)] {
            readable(mapper.map(&mappings, &event), &schemas);
        }
    })
}

fn avro(mapping: &Arc<Mapping>) -> Schema {
    Schema::parse_str(mapping.schema().json()).expect("a schema of the tree")
}

/// Every record is one of its schema, to its last byte. No event fails for a defect of ours.
fn readable(chunk: &RecordChunk, schemas: &[Schema]) {
    for refusal in &chunk.rejected {
        assert_ne!(refusal.reason, DeadReason::Internal, "{}", refusal.message);
    }
    for record in &chunk.records {
        let schema = &schemas[usize::from(record.mapping)];
        let reader = GenericDatumReader::builder(schema).build().expect("a schema without names of others");
        let mut rest = chunk.record(record);
        reader.read_value(&mut rest).expect("a record of the schema");
        assert!(rest.is_empty(), "{} bytes stand behind the record", rest.len());
    }
}

/// A function that is added must be added to the script, too.
fn every_name_is_asked_for() {
    let kinds = [
        Kind::Uri,
        Kind::Query,
        Kind::UserAgent,
        Kind::Place,
        Kind::Campaign,
        Kind::Click,
        Kind::Traffic,
        Kind::Boolean,
        Kind::TextList,
        Kind::Parameters,
        Kind::Matcher,
        Kind::Bytes,
    ];
    let methods = kinds.into_iter().flat_map(|kind| function::method_names(kind).map(|name| format!(".{name}(")));
    for name in function::function_names().map(|name| format!("{name}(")).chain(methods) {
        assert!(EVERY.contains(&name), "tests/fixtures/mapping/every.groovy does not use {name})");
    }
}
