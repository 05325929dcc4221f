//! What a delivery shows, and to whom.

use serde_json::{Value, json};

use super::*;
use crate::{
    checkpoint::{Offset, SinkName},
    diagnostic::SourceText,
    disk::SimulatedDisk,
    event::{Event, Fields, Flags, Parameters, SourceKind, codec::encode},
    journal::{Block, Durability, Journal, JournalSettings, Run, Start, Tag},
    mapping::{Mapping, MappingOptions, Scratch, compile, map},
    metrics::Metrics,
    record::{chunk::RecordChunk, schema::RecordSchema},
    util::clock::ManualClock,
};

/// A page view; tests change what matters to them.
pub(super) fn page_view() -> Event<'static> {
    Event {
        source: "browser",
        kind: SourceKind::Browser,
        flags: Flags::default(),
        request_time: 1000,
        client_time: 990,
        remote_host: Some("192.0.2.1"),
        party_id: "0:i0rjfnxc:party",
        session_id: "0:i0rjfnxc:session",
        page_view_id: Some("0:page"),
        event_id: "0:page0",
        event_type: Some("pageView"),
        location: Some("https://shop.example/?ip=192.0.2.1"),
        referer: None,
        viewport_width: None,
        viewport_height: None,
        screen_width: None,
        screen_height: None,
        device_pixel_ratio: None,
        parameters: Parameters::Absent,
        headers: Fields::default(),
        cookies: Fields::default(),
    }
}

/// An event as it is stored.
pub(super) fn with_headers(event: &Event<'_>, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(event, headers.iter().copied(), std::iter::empty::<(&str, &str)>(), &mut bytes);
    bytes
}

/// A window, a delivery that shows itself in it, and blocks for it.
struct Rig {
    clock: Arc<ManualClock>,
    window: Arc<Window>,
    mappings: Vec<Arc<Mapping>>,
    sampler: Sampler,
    journal: Journal,
    next: Offset,
}

impl Rig {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(1_000_500));
        let settings =
            JournalSettings::new("/journal".into(), Durability::None, Arc::clone(&clock) as _, Metrics::new());
        let journal = Journal::open(settings, Arc::new(SimulatedDisk::new()), Box::new(|_| {})).expect("in memory");
        // Blocks stay.
        let _ = journal.cursor(&SinkName::new("held"), Start::Tail).expect("in memory");
        let window = Arc::new(Window::new(Arc::clone(&clock) as _));
        let sampler = Sampler::new(Arc::clone(&window), SinkName::new("files"));
        Self { clock, window, mappings: vec![mapping()], sampler, journal, next: Offset(0) }
    }

    /// A block of these events.
    fn block(&mut self, events: &[Event<'_>]) -> Arc<Block> {
        let mut run = Run::new();
        for event in events {
            run.push(Tag::default(), |bytes| bytes.extend_from_slice(&with_headers(event, &[])));
        }
        self.journal.append(&mut run, |_| {}).expect("room");
        let mut reader = self.journal.reader(self.next);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let block = runtime.block_on(reader.next()).expect("a block");
        self.next = block.span().next;
        block
    }

    fn chunk(&self, block: &Arc<Block>) -> RecordChunk {
        let mut chunk = RecordChunk::default();
        map(&self.mappings, block, &mut Scratch::new(10), &mut chunk);
        chunk
    }

    /// Delivers a block of these events.
    fn deliver(&mut self, events: &[Event<'_>]) {
        let block = self.block(events);
        let chunk = self.chunk(&block);
        self.sampler.look(&self.mappings, &chunk);
    }
}

/// A page is required.
fn mapping() -> Arc<Mapping> {
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "page", "type": "string"},
        {"name": "host", "type": ["null", "string"], "default": null},
        {"name": "nothing", "type": ["null", "int"], "default": null}
    ]}"#;
    let script = "mapping { map location() onto 'page'; map remoteHost() onto 'host' }";
    let options = MappingOptions {
        name: "clicks".into(),
        sources: vec!["browser".into()],
        discard_corrupted: false,
        discard_duplicates: false,
        digests_use_up: false,
        extras: crate::mapping::Extras::default(),
        surroundings: crate::mapping::Surroundings::default(),
    };
    let script = Arc::new(SourceText { name: "test.groovy".into(), text: script.into() });
    let schema = Arc::new(RecordSchema::parse(schema).expect("a schema"));
    Arc::new(compile(options, &script, &schema).expect("a script").0)
}

fn parsed(shown: &Shown) -> Vec<Value> {
    shown.items.iter().map(|item| serde_json::from_str(item).expect("JSON")).collect()
}

#[test]
fn records_are_shown_as_they_were_mapped_with_the_address_cut() {
    let mut rig = Rig::new();
    let mut viewer = rig.window.open().expect("the first");
    rig.deliver(&[page_view(), Event { event_type: None, remote_host: None, ..page_view() }]);
    let news = viewer.news();
    let expected = [
        json!({
            "offset": 0, "time": 1000, "sink": "files", "mapping": "clicks", "type": "pageView", "source": "browser",
            "record": {"page": "https://shop.example/?ip=192.0.2.x", "host": "192.0.2.x", "nothing": null}
        }),
        json!({
            "offset": 1, "time": 1000, "sink": "files", "mapping": "clicks", "type": null, "source": "browser",
            "record": {"page": "https://shop.example/?ip=192.0.2.1", "host": null, "nothing": null}
        }),
    ];
    assert_eq!((news.records.first, parsed(&news.records)), (0, expected.to_vec()));
    assert_eq!(viewer.news(), News { records: Shown { first: 2, items: vec![] }, ..News::default() });
}

#[test]
fn dead_letters_say_why() {
    let mut rig = Rig::new();
    let mut viewer = rig.window.open().expect("the first");
    let parameters = Parameters::Json(r#"{"a":"192.0.2.1"}"#);
    rig.deliver(&[Event { location: None, parameters, ..page_view() }]);
    let letters = parsed(&viewer.news().letters);
    let [letter] = &letters[..] else { panic!("not one: {letters:?}") };
    assert_eq!((&letter["reason"], &letter["mapping"]), (&json!("record_incomplete"), &json!("clicks")));
    assert_eq!(letter["message"], "field 'page' is not set and has no default");
    assert_eq!(letter["event"]["remoteHost"], "192.0.2.x");
    assert_eq!(letter["event"]["parameters"], r#"{"a":"192.0.2.x"}"#);
    assert!(!letter.to_string().contains("192.0.2.1"), "{letter}");
}

#[test]
fn nothing_is_kept_while_nobody_looks() {
    let mut rig = Rig::new();
    rig.deliver(&[page_view()]);
    assert!(!rig.window.watched());
    let mut viewer = rig.window.open().expect("the first");
    assert!(rig.window.watched());
    assert_eq!(viewer.news(), News::default());
    drop(viewer);
    rig.deliver(&[page_view()]);
    assert_eq!(rig.window.open().expect("the second").news(), News::default());
}

#[test]
fn who_comes_back_soon_finds_what_was_there() {
    let mut rig = Rig::new();
    let viewer = rig.window.open().expect("the first");
    rig.deliver(&[page_view()]);
    drop(viewer);
    rig.clock.advance_ms(STALE_MS);
    let mut viewer = rig.window.open().expect("the second");
    assert_eq!((viewer.news().records.items.len(), viewer.seconds().len()), (1, 1));
    drop(viewer);
    rig.clock.advance_ms(STALE_MS + 1);
    let mut viewer = rig.window.open().expect("the third");
    assert_eq!((viewer.news().records.items.len(), viewer.seconds().len()), (0, 0));
}

#[test]
fn what_a_second_shows_is_bounded_and_counted() {
    let mut rig = Rig::new();
    let mut viewer = rig.window.open().expect("the first");
    let many = vec![page_view(); 70];
    let dead = vec![Event { location: None, event_type: Some("other"), ..page_view() }; 30];
    rig.deliver(&[many, dead].concat());
    rig.deliver(&[page_view()]);
    let news = viewer.news();
    let offsets: Vec<_> = parsed(&news.records).iter().map(|record| record["offset"].as_u64()).collect();
    assert_eq!((offsets.len(), offsets[0], offsets[49]), (50, Some(20), Some(69)), "the newest of the first block");
    assert_eq!(news.letters.items.len(), 20);
    assert!(viewer.seconds().is_empty(), "the second is not over");
    rig.clock.advance_ms(500);
    rig.deliver(&[page_view()]);
    assert_eq!(parsed(&viewer.news().records)[0]["offset"], 101, "the next second shows again");
    let seconds = viewer.seconds();
    let [second] = &seconds[..] else { panic!("not one: {seconds:?}") };
    let types: Vec<_> = second.types.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(types, [("other", 30), ("pageView", 71)]);
    assert_eq!((second.at, second.events, second.looked_at), (1000, 101, 101));
    assert_eq!((second.records, second.shown), (71, 50));
}

#[test]
fn a_rewind_and_a_second_sink_count_nothing_twice() {
    let mut rig = Rig::new();
    let mut viewer = rig.window.open().expect("the first");
    let block = rig.block(&[page_view()]);
    let chunk = rig.chunk(&block);
    let mut other = Sampler::new(Arc::clone(&rig.window), SinkName::new("other"));
    rig.sampler.look(&rig.mappings, &chunk);
    other.look(&rig.mappings, &chunk);
    rig.sampler.look(&rig.mappings, &chunk);
    rig.clock.advance_ms(1000);
    let sinks: Vec<_> = parsed(&viewer.news().records).iter().map(|record| record["sink"].clone()).collect();
    assert_eq!(sinks, ["files", "other"]);
    let seconds = viewer.seconds();
    assert_eq!((seconds[0].events, seconds[0].types["pageView"]), (1, 1));
}

#[test]
fn a_viewer_who_is_late_gets_the_last() {
    let mut rig = Rig::new();
    let mut late = rig.window.open().expect("the first");
    for _ in 0..5 {
        rig.deliver(&vec![page_view(); 40]);
        rig.clock.advance_ms(1000);
    }
    let news = late.news();
    assert_eq!((news.records.first, news.records.items.len()), (100, RECORDS_KEPT));
}

#[test]
fn a_record_that_is_too_large_is_named_only() {
    let mut rig = Rig::new();
    let mut viewer = rig.window.open().expect("the first");
    let location = "x".repeat(20_000);
    rig.deliver(&[Event { location: Some(&location), ..page_view() }]);
    let record = &parsed(&viewer.news().records)[0];
    assert_eq!((record.get("record"), &record["note"]), (None, &json!("too large to be shown here: 20015 bytes")));
}

#[test]
fn so_many_look_and_no_more() {
    let rig = Rig::new();
    let mut viewers: Vec<_> = (0..VIEWERS_MAX).map(|_| rig.window.open().expect("room")).collect();
    assert_eq!(rig.window.open().map(drop), Err(NoView::Crowded));
    viewers.pop();
    viewers.push(rig.window.open().expect("room again"));
    rig.window.close();
    assert!(viewers.iter().all(Viewer::is_over));
    viewers.clear();
    assert!(!rig.window.watched());
    assert_eq!(rig.window.open().map(drop), Err(NoView::Closed));
}
