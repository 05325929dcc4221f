//! Whole blocks: admission, dead letters, totals.

use std::collections::BTreeMap;

use super::*;
use crate::{
    event::murmur::party_hash,
    journal::Block,
    mapping::{builtin, map, map_where},
    record::chunk::DeadReason,
};

/// A block that holds these events.
fn block_of(events: &[Vec<u8>]) -> Arc<Block> {
    Arc::new(Block::of(Offset(0), events.iter().map(Vec::as_slice)))
}

fn mapping(script: &str, schema: &Arc<RecordSchema>, change: impl FnOnce(&mut MappingOptions)) -> Arc<Mapping> {
    let mut options = options();
    change(&mut options);
    let (mapping, _) = compile(options, &source(script), schema).unwrap();
    Arc::new(mapping)
}

#[test]
fn every_event_has_one_outcome_per_mapping() {
    let flags = |corrupt, duplicate| Flags { corrupt, duplicate, ..Flags::default() };
    let events = [
        page_view(),
        Event { flags: flags(true, false), ..page_view() },
        Event { flags: flags(false, true), ..page_view() },
        Event { flags: flags(true, true), ..page_view() },
        Event { source: "other", flags: flags(true, true), ..page_view() },
        Event { event_type: None, ..page_view() },
        Event { event_type: Some("panic, please"), ..page_view() },
    ];
    let mut stored: Vec<_> = events.iter().map(|event| stored(event, &[], &[])).collect();
    stored.push(b"what is this".to_vec());
    let block = block_of(&stored);
    let required = schema(r#"{"type": "record", "name": "R", "fields": [{"name": "type", "type": "string"}]}"#);
    let script = "mapping { map eventType() onto 'type' }";
    let mappings = [
        mapping(script, &required, |_| {}),
        mapping(script, &required, |options| options.discard_corrupted = true),
        mapping(script, &required, |options| options.discard_duplicates = true),
        mapping("mapping { when eventType() stop() }", &test_schema(), |_| {}),
    ];
    let mut chunk = RecordChunk::default();
    let mut scratch = Scratch::new(10);
    for _ in 0..2 {
        map(&mappings, &block, &mut scratch, &mut chunk);
    }
    let dead = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
        counts.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect()
    };
    let lost = [("record_incomplete", 1), ("internal", 1), ("unreadable", 1)];
    let expected = [
        Outcomes { delivered: 4, other_source: 1, dead: dead(&lost), ..Outcomes::default() },
        Outcomes { delivered: 2, discarded_corrupt: 2, other_source: 1, dead: dead(&lost), ..Outcomes::default() },
        Outcomes { delivered: 2, discarded_duplicate: 2, other_source: 1, dead: dead(&lost), ..Outcomes::default() },
        Outcomes {
            delivered: 1,
            other_source: 1,
            dead: dead(&[("evaluation_failed", 4), ("internal", 1), ("unreadable", 1)]),
            ..Outcomes::default()
        },
    ];
    assert_eq!(chunk.outcomes, expected);
    assert!(chunk.outcomes.iter().all(|outcomes| outcomes.sum() == stored.len() as u64));
    let delivered: Vec<_> = chunk.records.iter().map(|entry| (entry.offset.0, entry.mapping)).collect();
    assert_eq!(delivered, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (3, 0), (5, 3)]);
    let refused: Vec<_> =
        chunk.rejected.iter().map(|refusal| (refusal.offset.0, refusal.mapping, refusal.reason)).collect();
    assert_eq!(refused.len(), 15);
    assert_eq!(refused[0], (0, 3, DeadReason::EvaluationFailed));
    assert_eq!(chunk.rejected[0].position.as_deref(), Some("test.groovy:1:11"));
    let incomplete = &chunk.rejected.iter().find(|refusal| refusal.reason == DeadReason::RecordIncomplete).unwrap();
    assert_eq!((incomplete.offset.0, incomplete.message.as_str()), (5, "field 'type' is not set and has no default"));
    let internal = &chunk.rejected.iter().find(|refusal| refusal.reason == DeadReason::Internal).unwrap();
    assert!(internal.message.contains("asked for"), "{}", internal.message);
}

#[test]
fn a_record_says_where_it_comes_from() {
    let block = block_of(&[stored(&page_view(), &[("user-agent", "curl/8.0")], &[])]);
    let schema = schema(builtin::schema_text());
    let (mapping, _) = compile(options(), &builtin::script(), &schema).unwrap();
    let mut chunk = RecordChunk::default();
    map(&[Arc::new(mapping)], &block, &mut Scratch::new(10), &mut chunk);
    let entry = &chunk.records[0];
    let (_, event) = block.events().next().unwrap();
    assert_eq!(&event[entry.party.start as usize..entry.party.end as usize], page_view().party_id.as_bytes());
    assert_eq!(entry.party_hash, party_hash(page_view().party_id));
    assert_eq!(entry.time_ms, 1000);
    let record = record(&chunk, 0, &schema);
    assert_eq!(record["userAgentName"], "cURL");
    assert_eq!(record["firstInSession"], true);
    assert_eq!(record["referer"], Value::Null);
}

#[test]
fn what_is_not_wanted_is_skipped() {
    let stored = |event: &Event<'_>| stored(event, &[], &[]);
    let block = block_of(&[stored(&page_view()), stored(&page_view()), b"what is this".to_vec()]);
    let script = "mapping { map true onto 'nothing' }";
    let schema = schema(r#"{"type": "record", "name": "R", "fields": [{"name": "nothing", "type": "boolean"}]}"#);
    let mappings = [mapping(script, &schema, |_| ()), mapping(script, &schema, |_| ())];
    let mut chunk = RecordChunk::default();
    map_where(&mappings, &block, &mut Scratch::new(10), &mut chunk, |mapping, offset, event| {
        event.is_some() && offset == Offset(mapping as u64)
    });
    let delivered: Vec<_> = chunk.records.iter().map(|entry| (entry.offset.0, entry.mapping)).collect();
    assert_eq!(delivered, [(0, 0), (1, 1)]);
    for outcomes in &chunk.outcomes {
        assert_eq!((outcomes.delivered, outcomes.skipped, outcomes.sum()), (1, 2, 3));
    }
}

#[test]
fn buffers_are_used_again() {
    let script =
        "mapping { def u = parse location() to uri; map u.path() onto 's'; map u.query().value('q') onto 's2' }";
    let schema = test_schema();
    let mappings = [mapping(script, &schema, |_| {})];
    let block = block_of(&[stored(&page_view(), &[], &[]), stored(&page_view(), &[], &[])]);
    let (mut scratch, mut chunk) = (Scratch::new(10), RecordChunk::default());
    map(&mappings, &block, &mut scratch, &mut chunk);
    let places = scratch.buffers.places();
    map(&mappings, &block, &mut scratch, &mut chunk);
    assert_eq!(scratch.buffers.places(), places);
    assert!(places.iter().all(|(_, capacity)| *capacity > 0), "{places:?}");
}

#[test]
fn a_mapping_names_the_cookies_that_it_reads() {
    let script =
        "mapping { map cookie('b') onto 's'; map cookie('a') onto 's2'; map cookie('b') onto 'sd'; cookie('c') }";
    let (mapping, _) = compiled(script, &test_schema());
    assert_eq!(mapping.keep().cookies, ["a", "b"]);
    assert_eq!(mapping.name(), "test");
}
