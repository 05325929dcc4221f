//! A block of events and mappings for it: what the benchmarks of the mapping and the test that counts its allocations run.
#![allow(dead_code, reason = "each of them uses a part of it")]

use std::sync::Arc;

use headwater::{
    checkpoint::{Offset, SinkName},
    diagnostic::SourceText,
    disk::SimulatedDisk,
    event::{Event, Fields, Flags, Parameters, SourceKind, codec::encode},
    journal::{Block, Durability, Journal, JournalSettings, Run, Start, Tag},
    mapping::{Mapping, MappingOptions, Surroundings, compile},
    metrics::Metrics,
    record::schema::RecordSchema,
    util::clock::ManualClock,
};

/// Events of a block.
pub const EVENTS: usize = 100;

/// Address of the page of every event.
pub const LOCATION: &str =
    "https://www.shop.example/products/caf%C3%A9-chair-42?utm_source=news&utm_campaign=spring&q=red+shoes#reviews";

/// User agent of every event.
pub const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                         Chrome/126.0.0.0 Safari/537.36";

/// Script and schema of 25 fields.
pub const SHOP: (&str, &str) = (include_str!("../../benches/shop.groovy"), include_str!("../../benches/shop.avsc"));

/// Script and schema of ten fields.
pub const JAVADOC: (&str, &str) =
    (include_str!("../../mappings/javadoc.groovy"), include_str!("../../schemas/javadoc.avsc"));

fn page_view(parameters: Parameters<'static>) -> Event<'static> {
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
        parameters,
        headers: Fields::default(),
        cookies: Fields::default(),
    }
}

/// A block of page views.
pub fn page_views() -> Arc<Block> {
    block(Parameters::Absent)
}

/// A block of page views with everything that the shop's script asks for.
pub fn shop_events() -> Arc<Block> {
    block(Parameters::Json(
        r#"{"product": {"id": "chair-42", "name": "Café chair", "tags": ["red", "oak"]}, "quantity": 2, "value": 89.5, "currency": "EUR"}"#,
    ))
}

fn block(parameters: Parameters<'static>) -> Arc<Block> {
    let clock = Arc::new(ManualClock::at(0));
    let settings = JournalSettings::new("/journal".into(), Durability::None, clock, Metrics::new());
    let journal = Journal::open(settings, Arc::new(SimulatedDisk::new()), Box::new(|_| {})).expect("memory suffices");
    let _held = journal.cursor(&SinkName::new("bench"), Start::Tail).expect("memory suffices");
    let mut reader = journal.reader(Offset(0));
    let mut run = Run::new();
    for _ in 0..EVENTS {
        let headers = [("user-agent", AGENT), ("accept-language", "en-GB,en;q=0.7")];
        let cookies = [("_ga", "GA1.2.3"), ("visits", "12"), ("basket", "b-7f31")];
        run.push(Tag::default(), |out| {
            encode(&page_view(parameters), headers.into_iter(), cookies.into_iter(), out);
        });
    }
    journal.append(&mut run, |_| {}).expect("there is room");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("threads suffice");
    runtime.block_on(reader.next()).expect("the block was appended")
}

/// A mapping of a script and a schema.
pub fn mapping(script: &str, schema: &str) -> [Arc<Mapping>; 1] {
    mapping_in(script, schema, Surroundings::default())
}

/// A mapping that may learn this of its surroundings.
pub fn mapping_in(script: &str, schema: &str, surroundings: Surroundings) -> [Arc<Mapping>; 1] {
    let options = MappingOptions {
        name: "bench".into(),
        sources: vec!["browser".into()],
        discard_corrupted: true,
        discard_duplicates: true,
        digests_use_up: false,
        extras: headwater::mapping::Extras::default(),
        surroundings,
    };
    let script = Arc::new(SourceText { name: "script".into(), text: script.into() });
    let schema = Arc::new(RecordSchema::parse(schema).expect("the schema is ours"));
    let (mapping, odd) = compile(options, &script, &schema).expect("the script is ours");
    assert!(odd.is_empty(), "{odd:?}");
    [Arc::new(mapping)]
}
