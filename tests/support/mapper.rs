//! Mappings that ask for everything, events made of any bytes, and the records that come of them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{path::Path, sync::Arc};

use headwater::{
    checkpoint::{Checkpoint, Offset, SinkName},
    config::settings::TableSettings,
    diagnostic::SourceText,
    disk::SimulatedDisk,
    enrich::{
        LookUps,
        geo::{CurrentPlaces, Places},
        table::{CurrentTables, Tables},
    },
    event::{Event, Fields, Flags, Parameters, SourceKind, codec::encode},
    journal::{Cursor, Durability, Journal, JournalSettings, Reader, Run, Start, Tag},
    mapping::{Extras, KnownTable, Mapping, MappingOptions, Scratch, Surroundings, compile, map},
    metrics::Metrics,
    record::{chunk::RecordChunk, schema::RecordSchema},
    util::{
        clock::ManualClock,
        secret::Secret,
        table::{Format, Reading, Table},
    },
};
use tokio::runtime::Runtime;

/// Name, script and schema of mappings that load. The first asks for every value there is.
pub const POOL: [(&str, &str, &str); 4] = [
    ("every", EVERY, EVERY_SCHEMA),
    ("default", include_str!("../../mappings/default.groovy"), include_str!("../../schemas/default.avsc")),
    ("javadoc", include_str!("../../mappings/javadoc.groovy"), include_str!("../../schemas/javadoc.avsc")),
    ("shop", include_str!("../../benches/shop.groovy"), include_str!("../../benches/shop.avsc")),
];

/// A script that asks for every value there is.
pub const EVERY: &str = include_str!("../fixtures/mapping/every.groovy");

/// Its schema, with fields of every kind of type.
pub const EVERY_SCHEMA: &str = include_str!("../fixtures/mapping/every.avsc");

/// Databases of places.
const PLACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/groups/geo-test.mmdb");

/// A table of users.
fn users() -> Table {
    let reading = Reading { file: Path::new("users.csv"), format: Format::Csv, key: "id", rows_max: 10 };
    Table::read(b"id,plan\nc1,pro\nc2,\n", &reading).expect("a table")
}

/// What a script becomes, if it loads. It takes the events of the sources `b` and `browser`.
pub fn mapping(script: &str, schema: &Arc<RecordSchema>) -> Option<Arc<Mapping>> {
    let known = KnownTable { name: "users".into(), columns: Some(users().columns()) };
    let key = Secret::new(*b"a key of 32 bytes, for testing..");
    let options = MappingOptions {
        name: "m".into(),
        sources: vec!["b".into(), "browser".into()],
        discard_corrupted: false,
        discard_duplicates: false,
        digests_use_up: false,
        extras: Extras { pseudonym_key: Some(key), own_hosts: vec!["own.example".into()], ..Extras::default() },
        surroundings: Surroundings {
            has_places: true,
            has_key: true,
            tables: [known].into(),
            ..Surroundings::default()
        },
    };
    let script = Arc::new(SourceText { name: "script".into(), text: script.into() });
    compile(options, &script, schema).ok().map(|(mapping, _)| Arc::new(mapping))
}

/// The mappings of [`POOL`].
pub fn pool() -> Vec<Arc<Mapping>> {
    let compiled = POOL.iter().map(|(name, script, text)| {
        let schema = Arc::new(RecordSchema::parse(text).expect("a schema of the tree"));
        mapping(script, &schema).unwrap_or_else(|| panic!("the script of {name} does not load"))
    });
    compiled.collect()
}

/// An event as it is stored, made of lines of text: whatever they are, there is one. Behind the ones with a meaning of
/// their own stand headers, as `name: value`.
pub fn event_of(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    // A line with nothing in it is something that the browser did not say.
    let mut line = || lines.next().filter(|line| !line.is_empty());
    let number = |line: Option<&str>| line.and_then(|line| line.parse::<i64>().ok());
    let size = |line: Option<&str>| number(line).and_then(|size| i32::try_from(size).ok());
    let (event_type, location, referer, remote_host, parameters, cookie, ratio) =
        (line(), line(), line(), line(), line(), line(), line());
    let (party, page_view, width, height, received, sent) = (line(), line(), line(), line(), line(), line());
    let flags = number(line()).unwrap_or_default();
    let event = Event {
        source: "b",
        kind: SourceKind::Browser,
        flags: Flags {
            corrupt: flags & 1 > 0,
            duplicate: flags & 2 > 0,
            first_in_session: flags & 4 > 0,
            new_party: flags & 8 > 0,
        },
        request_time: number(received).unwrap_or(1_700_000_000_000),
        client_time: number(sent).unwrap_or(1_700_000_000_000),
        remote_host,
        party_id: party.unwrap_or("0:kcxgvgzh:party"),
        session_id: "0:kcxgvgzh:session",
        page_view_id: page_view,
        event_id: "0:page0",
        event_type,
        location,
        referer,
        viewport_width: size(width),
        viewport_height: size(height),
        screen_width: size(width),
        screen_height: size(height),
        device_pixel_ratio: ratio,
        parameters: parameters.map_or(Parameters::Absent, Parameters::Json),
        headers: Fields::default(),
        cookies: Fields::default(),
    };
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).take(100).collect();
    let mut out = Vec::new();
    encode(&event, headers.into_iter(), cookie.map(|value| ("c", value)).into_iter(), &mut out);
    out
}

/// A journal in memory, and what a delivery has.
pub struct Mapper {
    journal: Journal,
    reader: Reader,
    cursor: Cursor,
    runtime: Runtime,
    scratch: Scratch,
    chunk: RecordChunk,
}

impl Mapper {
    /// Without any event yet.
    pub fn new() -> Self {
        let clock = Arc::new(ManualClock::at(0));
        let settings = JournalSettings::new("/journal".into(), Durability::None, clock, Metrics::new());
        let journal = Journal::open(settings, Arc::new(SimulatedDisk::new()), Box::new(|_| {})).expect("memory");
        let cursor = journal.cursor(&SinkName::new("s"), Start::Earliest).expect("memory");
        let reader = journal.reader(Offset(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let bytes = std::fs::read(Path::new(PLACES)).expect("a database of the tree");
        let places = Arc::new(CurrentPlaces::new(Places::new([bytes]).expect("a database of the tree")));
        let users = TableSettings {
            name: "users".into(),
            file: "users.csv".into(),
            key: "id".into(),
            format: Format::Csv,
            rows_max: 10,
            bytes_max: 1000,
            table: Some(Arc::new(users())),
        };
        let tables = Arc::new(CurrentTables::new(Tables::new(&[users])));
        let scratch = Scratch::new(100).with_look_ups(&LookUps { places: Some(places), tables });
        Self { journal, reader, cursor, runtime, scratch, chunk: RecordChunk::default() }
    }

    /// What the mappings make of an event, given as it is stored.
    pub fn map(&mut self, mappings: &[Arc<Mapping>], event: &[u8]) -> &RecordChunk {
        let mut run = Run::new();
        run.push(Tag::default(), |bytes| bytes.extend_from_slice(event));
        self.journal.append(&mut run, |_| {}).expect("there is room");
        let block = self.runtime.block_on(self.reader.next()).expect("the block was appended");
        map(mappings, &block, &mut self.scratch, &mut self.chunk);
        let upto = block.span().next;
        self.cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).expect("memory");
        &self.chunk
    }
}
