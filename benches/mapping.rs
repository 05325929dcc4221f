//! What mapping costs per event: a block of page views through the ten-field example and the built-in mapping.

use std::sync::Arc;

use divan::{Bencher, counter::ItemsCount};
use headwater::{
    checkpoint::{Offset, SinkName},
    diagnostic::SourceText,
    disk::SimulatedDisk,
    enrich::ua::UserAgent,
    event::{Event, Fields, Flags, Parameters, SourceKind, codec::encode},
    journal::{Block, Durability, Journal, JournalSettings, Run, Start, Tag},
    mapping::{Mapping, MappingOptions, Scratch, builtin, compile, java::uri::Uri, map},
    metrics::Metrics,
    record::{chunk::RecordChunk, schema::RecordSchema},
    util::clock::ManualClock,
};

fn main() {
    divan::main();
}

const EVENTS: usize = 100;
const LOCATION: &str = "https://www.shop.example/products/caf%C3%A9/42?utm_source=news&q=red+shoes#reviews";
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/126.0.0.0 Safari/537.36";

fn page_view() -> Event<'static> {
    Event {
        source: "browser",
        kind: SourceKind::Browser,
        flags: Flags { first_in_session: true, ..Flags::default() },
        request_time: 1_700_000_000_123,
        client_time: 1_700_000_000_042,
        remote_host: Some("203.0.113.9"),
        party_id: "0:kcxgvgzh:AbCdEfGhIjKlMnOpQrStUvWxYz012345",
        session_id: "0:kcxh0qzs:ZyXwVuTsRqPoNmLkJiHgFeDcBa543210",
        page_view_id: Some("0:AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
        event_id: "0:AbCdEfGhIjKlMnOpQrStUvWxYz0123450",
        event_type: Some("pageView"),
        location: Some(LOCATION),
        referer: Some("https://search.example/?q=shoes"),
        viewport_width: Some(1280),
        viewport_height: Some(720),
        screen_width: Some(1920),
        screen_height: Some(1080),
        device_pixel_ratio: Some("2"),
        parameters: Parameters::Absent,
        headers: Fields::default(),
        cookies: Fields::default(),
    }
}

/// A block of equal events.
fn block() -> Arc<Block> {
    let clock = Arc::new(ManualClock::at(0));
    let settings = JournalSettings::new("/journal".into(), Durability::None, clock, Metrics::new());
    let journal = Journal::open(settings, Arc::new(SimulatedDisk::new()), Box::new(|_| {})).expect("memory suffices");
    let _held = journal.cursor(&SinkName::new("bench"), Start::Tail).expect("memory suffices");
    let mut reader = journal.reader(Offset(0));
    let mut run = Run::new();
    for _ in 0..EVENTS {
        let headers = [("user-agent", AGENT), ("accept-language", "en-GB,en;q=0.7")];
        run.push(Tag::default(), |out| encode(&page_view(), headers.into_iter(), [("a", "b")].into_iter(), out));
    }
    journal.append(&mut run, |_| {}).expect("there is room");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("threads suffice");
    runtime.block_on(reader.next()).expect("the block was appended")
}

fn mapping(script: &Arc<SourceText>, schema: &str) -> [Arc<Mapping>; 1] {
    let options = MappingOptions {
        name: "bench".into(),
        sources: vec!["browser".into()],
        discard_corrupted: true,
        discard_duplicates: true,
        digests_use_up: false,
        surroundings: headwater::mapping::interpret::Surroundings::default(),
    };
    let schema = Arc::new(RecordSchema::parse(schema).expect("the schema is ours"));
    [Arc::new(compile(options, script, &schema).expect("the script is ours").0)]
}

fn run(bencher: Bencher<'_, '_>, mappings: &[Arc<Mapping>]) {
    let block = block();
    let (mut scratch, mut chunk) = (Scratch::new(1000), RecordChunk::default());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| map(mappings, &block, &mut scratch, &mut chunk));
    assert_eq!(chunk.records.len(), EVENTS);
}

#[divan::bench]
fn ten_fields(bencher: Bencher<'_, '_>) {
    let script = include_str!("../mappings/javadoc.groovy").to_owned();
    let script = Arc::new(SourceText { name: "javadoc.groovy".into(), text: script });
    run(bencher, &mapping(&script, include_str!("../schemas/javadoc.avsc")));
}

#[divan::bench]
fn built_in(bencher: Bencher<'_, '_>) {
    run(bencher, &mapping(&builtin::script(), builtin::schema_text()));
}

/// Decoding, admission and the empty record.
#[divan::bench]
fn no_field(bencher: Bencher<'_, '_>) {
    let script = Arc::new(SourceText { name: "empty".into(), text: String::new() });
    run(bencher, &mapping(&script, r#"{"type": "record", "name": "R", "fields": []}"#));
}

#[divan::bench]
fn parse_uri() -> Option<Uri> {
    Uri::parse(divan::black_box(LOCATION))
}

#[divan::bench]
fn recognise_user_agent() -> UserAgent {
    UserAgent::recognise(divan::black_box(AGENT))
}

#[divan::bench]
fn compile_built_in() -> usize {
    mapping(&builtin::script(), builtin::schema_text()).len()
}
