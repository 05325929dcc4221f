//! Both sources against a real journal: what is stored, flagged, counted and refused.

use std::collections::BTreeMap;

use http::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::{
    checkpoint::{Offset, SinkName},
    config::settings::{BrowserSettings, Durability, JsonSettings},
    disk::SimulatedDisk,
    event::{SourceKind, codec::decode, duplicate::DuplicateMemory},
    journal::{Block, Cursor, Journal, JournalSettings, Start},
    source::{browser::BrowserSource, json::JsonSource},
    util::clock::ManualClock,
};

const NOW: i64 = 1_700_000_000_000;
const PIXEL: &str = "p=0:1:p&s=0:1:s&v=v&e=e1&c=1&n=t&f=f&t=buy";
const BODY: &[u8] = br#"{"session_id":"0:1:s","event_id":"e1","is_new_party":true,"is_new_session":false,
    "client_timestamp_iso":"1970-01-01T00:00:01Z","parameters":[1.50]}"#;

struct Fixture {
    browser: BrowserSource,
    json: JsonSource,
    journal: Arc<Journal>,
    metrics: Metrics,
    _cursor: Cursor,
}

fn fixture(slots: usize, events_max: u64) -> Fixture {
    let metrics = Metrics::new();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let settings = JournalSettings {
        memory_bytes_max: 64 << 20,
        events_max,
        ..JournalSettings::new("/journal".into(), Durability::None, Arc::clone(&clock), metrics.clone())
    };
    let journal = Arc::new(Journal::open(settings, Arc::new(SimulatedDisk::new()), Box::new(|_| {})).unwrap());
    let cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    let intake = Intake { journal: Arc::clone(&journal), duplicates: Arc::new(DuplicateMemory::new(1, slots)) };
    let keep = Arc::new(Keep { headers: vec!["x-own".into()], cookies: vec!["c".into()], all_headers: false });
    let browser = BrowserSettings {
        name: "web".into(),
        party_timeout_seconds: 1,
        session_timeout_seconds: 1,
        event_timeout: std::time::Duration::ZERO,
        ..BrowserSettings::default()
    };
    let json = JsonSettings {
        name: "app".into(),
        event_path: "/event".into(),
        party_id_parameter: "visitor id".into(),
        ..JsonSettings::default()
    };
    Fixture {
        browser: BrowserSource::new(&browser, Arc::clone(&keep), intake.clone(), Arc::clone(&clock), &metrics, 1000),
        json: JsonSource::new(&json, keep, intake, clock, &metrics, 1000),
        journal,
        metrics,
        _cursor: cursor,
    }
}

impl Fixture {
    fn pixel(&self, query: &str) -> Accepted {
        self.browser.accept(Some(query), &HeaderMap::new(), "10.0.0.1")
    }

    /// Closes the journal and reads all blocks.
    fn blocks(&self) -> Vec<Arc<Block>> {
        self.journal.close();
        let mut reader = self.journal.reader(Offset(0));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        std::iter::from_fn(|| runtime.block_on(reader.next()).ok()).collect()
    }
}

fn taken(accepted: &Accepted) -> bool {
    matches!(accepted, Accepted::Taken(_))
}

#[test]
fn an_event_of_the_browser_is_stored_with_what_is_kept() {
    let fixture = fixture(1000, 1000);
    let headers = [("user-agent", "UA"), ("x-own", "caf\u{e9}"), ("accept", "no"), ("cookie", "a=1; c=\"two\"")];
    let headers: HeaderMap = headers
        .into_iter()
        .map(|(name, value)| {
            let latin1: Vec<u8> = value.chars().map(|character| u8::try_from(character).unwrap()).collect();
            (name.parse().unwrap(), HeaderValue::from_bytes(&latin1).unwrap())
        })
        .collect();
    assert!(taken(&fixture.browser.accept(Some(PIXEL), &headers, "10.0.0.1")));
    let blocks = fixture.blocks();
    let (offset, bytes) = blocks[0].events().next().unwrap();
    let event = decode(bytes).unwrap();
    assert_eq!((offset, event.source, event.kind), (Offset(0), "web", SourceKind::Browser));
    assert_eq!((event.request_time, event.remote_host, event.event_type), (NOW, Some("10.0.0.1"), Some("buy")));
    assert!(event.flags.corrupt && event.flags.new_party && !event.flags.duplicate);
    assert_eq!(event.headers.iter().collect::<Vec<_>>(), [("user-agent", "UA"), ("x-own", "café")]);
    assert_eq!(event.cookies.iter().collect::<Vec<_>>(), [("c", "two")]);
}

#[test]
fn an_event_of_the_json_source_is_stored() {
    let fixture = fixture(1000, 1000);
    for (query, expected) in [
        (None, "party_id"),
        (Some("visitor=0:1:p"), "party_id"),
        (Some("visitor%20id=x"), "party_id"),
        (Some("visitor%20id=0:1:p&%"), "malformed_escape"),
    ] {
        let accepted = fixture.json.accept(query, &HeaderMap::new(), BODY, "10.0.0.1");
        assert!(matches!(accepted, Accepted::Bad(reason) if reason == expected), "{query:?}: {accepted:?}");
    }
    assert!(taken(&fixture.json.accept(Some("visitor+id=0:01:p"), &HeaderMap::new(), BODY, "10.0.0.1")));
    let blocks = fixture.blocks();
    let event = decode(blocks[0].events().next().unwrap().1).unwrap();
    assert_eq!((event.source, event.kind, event.party_id), ("app", SourceKind::Json, "0:1:p"));
    assert_eq!((event.client_time, event.parameters), (1000, crate::event::Parameters::Json("[1.50]")));
    assert_eq!(blocks.iter().map(|block| block.span().len()).sum::<u64>(), 1);
}

#[test]
fn everything_is_counted() {
    let fixture = fixture(1000, 3);
    assert!(taken(&fixture.pixel(PIXEL)));
    assert!(taken(&fixture.pixel(PIXEL)));
    assert!(matches!(fixture.pixel("p=x"), Accepted::Dropped("party_id")));
    assert!(matches!(fixture.browser.accept(None, &HeaderMap::new(), ""), Accepted::Dropped("party_id")));
    assert!(matches!(fixture.pixel("p=0:1:p"), Accepted::Dropped("session_id")));
    assert!(matches!(fixture.pixel(&"a&".repeat(1001)), Accepted::Bad("too_many_parameters")));
    let garbage = fixture.json.accept(Some("visitor id=0:1:p"), &HeaderMap::new(), b"garbage", "");
    assert!(matches!(garbage, Accepted::Dropped("malformed")));
    // The third fits, the fourth does not; a refused event is not remembered as seen.
    assert!(taken(&fixture.pixel(&PIXEL.replace("e=e1", "e=e2"))));
    assert!(matches!(fixture.pixel(&PIXEL.replace("e=e1", "e=e3")), Accepted::Refused(Refused::Full)));
    fixture.journal.close();
    assert!(matches!(fixture.pixel(PIXEL), Accepted::Refused(Refused::Closed)));
    let metrics = &fixture.metrics;
    for (name, counter, expected) in [
        ("all", metrics.events_accepted("web"), 3),
        ("corrupt", metrics.events_corrupt("web"), 3),
        ("duplicate", metrics.events_duplicate("web"), 1),
        ("party", metrics.dropped("web", "party_id"), 2),
        ("session", metrics.dropped("web", "session_id"), 1),
        ("malformed", metrics.dropped("app", "malformed"), 1),
        ("full", metrics.refused("web", "full"), 1),
        ("closed", metrics.refused("web", "closed"), 1),
        ("json", metrics.events_accepted("app"), 0),
    ] {
        assert_eq!(counter.get(), expected, "{name}");
    }
}

#[test]
fn an_event_that_is_too_large_is_refused_and_leaves_nothing_behind() {
    let fixture = fixture(1000, 1000);
    let body = String::from_utf8(BODY.to_vec()).unwrap().replace("1.50", &format!("\"{}\"", "x".repeat(5 << 20)));
    let accepted = fixture.json.accept(Some("visitor id=0:1:p"), &HeaderMap::new(), body.as_bytes(), "");
    assert!(matches!(accepted, Accepted::Refused(Refused::TooLarge)));
    assert!(taken(&fixture.pixel(PIXEL)));
    let blocks = fixture.blocks();
    assert_eq!(blocks.iter().map(|block| block.events().count()).sum::<usize>(), 1);
    assert!(!decode(blocks[0].events().next().unwrap().1).unwrap().flags.duplicate);
}

#[derive(Deserialize)]
struct Group {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    request: Request,
    records: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Request {
    target: String,
}

#[test]
fn flags_are_those_that_were_recorded() {
    for (name, group, slots) in [
        ("dups_memory_1", include_str!("../../../tests/conformance/groups/dups_memory_1.json"), 1),
        ("dups_keep_all", include_str!("../../../tests/conformance/groups/dups_keep_all.json"), 1_000_000),
    ] {
        let group: Group = serde_json::from_str(group).unwrap();
        let fixture = fixture(slots, 1000);
        let mut recorded = Vec::new();
        for case in &group.cases {
            let (_, query) = case.request.target.split_once('?').unwrap();
            assert_eq!(taken(&fixture.pixel(query)), case.records.len() == 1, "{name}: {query}");
            recorded.extend(&case.records);
        }
        let blocks = fixture.blocks();
        let events: Vec<_> =
            blocks.iter().flat_map(|block| block.events()).map(|(_, bytes)| decode(bytes).unwrap()).collect();
        assert_eq!(events.len(), recorded.len(), "{name}");
        for (event, record) in events.iter().zip(recorded) {
            let flags =
                (Value::from(event.flags.duplicate), Value::from(event.flags.corrupt), Value::from(event.party_id));
            let expected = (&record["detectedDuplicate"], &record["detectedCorruption"], &record["partyId"]);
            assert_eq!((&flags.0, &flags.1, &flags.2), expected, "{name}: {}", event.event_id);
        }
    }
}
