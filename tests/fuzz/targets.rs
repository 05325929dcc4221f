//! What is given hostile input. A target may refuse whatever it likes; it must not panic, hang or grow.

mod mapping;
mod memory;
mod places;
mod retained;
mod surroundings;
mod table;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use headwater::{
    checkpoint::{Checkpoint, SinkName},
    command::cat::{self, CatArguments, Dress},
    config::{
        self, LoadRequest,
        settings::{Codec, Durability, FileSettings, FileStrategy, LimitSettings, ProxySettings},
    },
    diagnostic::SourceText,
    disk::{Disk, SimulatedDisk},
    event::{self, Keep, codec, duplicate::DuplicateMemory, mincode},
    journal::{self, Journal, JournalSettings, Start, Tag},
    listen::{ConnInfo, Counters, Gate, Listener, proxy, serve},
    mapping::{MappingOptions, Surroundings, compile},
    metrics::Metrics,
    record::schema::{AnySchema, Defaults, RecordSchema},
    sink::{
        Behind, DeadLetters, Ledger, Sink,
        file::{FileNumbers, FileSink},
    },
    source::{Intake, Router, RouterParts, browser, query::QueryBuffer},
    util::clock::SystemClock,
};
use http::{HeaderMap, HeaderValue, header::HeaderName};

type Input = Vec<u8>;

/// Takes an input.
type Run = Box<dyn FnMut(&[u8])>;

/// Something that reads bytes.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Inputs beside the corpus: files of the tree, and files that the program itself writes.
    pub seeds: fn() -> Vec<Input>,
    /// What it needs, and what it does with an input.
    pub prepare: fn() -> Run,
}

/// All of them.
pub const ALL: &[Target] = &[
    Target { name: "request", seeds: packed_requests, prepare: request },
    Target { name: "query", seeds: Vec::new, prepare: query },
    Target { name: "mincode", seeds: Vec::new, prepare: mincode },
    Target { name: "json", seeds: Vec::new, prepare: json },
    Target { name: "forwarded", seeds: Vec::new, prepare: forwarded },
    Target { name: "cookies", seeds: Vec::new, prepare: cookies },
    Target { name: "event", seeds: stored_events, prepare: stored_event },
    Target { name: "configuration", seeds: configurations, prepare: configuration },
    Target { name: "surroundings", seeds: Vec::new, prepare: surroundings::prepare },
    Target { name: "places", seeds: places::seeds, prepare: places::prepare },
    Target { name: "table", seeds: table::seeds, prepare: table::prepare },
    Target { name: "script", seeds: scripts, prepare: script },
    Target { name: "mapping", seeds: mapping::seeds, prepare: mapping::prepare },
    Target { name: "schema", seeds: schemas, prepare: schema },
    Target { name: "segment", seeds: segments, prepare: segment },
    Target { name: "cursor", seeds: cursors, prepare: cursor },
    Target { name: "line", seeds: Vec::new, prepare: retained::line },
    Target { name: "letters", seeds: retained::letter_files, prepare: retained::letters },
    Target { name: "container", seeds: Vec::new, prepare: container },
];

/// Files of the tree below a folder.
fn files(folder: &str, ends: &str) -> Vec<Input> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder of the tree");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ends));
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a readable file")).collect()
}

fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// A whole connection: what is sent comes as it is, and then nothing more.
fn request() -> Run {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let settings = Arc::new(load(
        "divolte { global { server.use_x_forwarded_for = true, journal.durability = none }, sources {
           b.type = browser, j { type = json, event_path = /j }, s { type = json, event_path = /s, strict = true } } }",
    ));
    // Whatever was accepted can be read again.
    let forget = |block: &journal::Block| {
        for (_, bytes) in block.events() {
            let event = codec::decode(bytes).expect("what was stored is an event");
            assert!(!event.source.is_empty());
        }
    };
    let journal = Journal::open(journal_settings(Durability::None), Arc::new(SimulatedDisk::new()), Box::new(forget));
    let (gate, metrics) = (Arc::new(Gate::new()), Metrics::new());
    let parts = RouterParts {
        intake: Intake {
            journal: Arc::new(journal.expect("a journal in memory")),
            duplicates: Arc::new(DuplicateMemory::new(1, 1000)),
        },
        keep: Arc::new(Keep { all_headers: true, cookies: vec!["_dvp".into()], ..Keep::default() }),
        clock: Arc::new(SystemClock),
        metrics: metrics.clone(),
        gate,
    };
    let router = Arc::new(Router::new(&settings, &parts));
    let listener = runtime.block_on(async { Listener::bind(None, 0) }).expect("a free port");
    let address: SocketAddr = ([127, 0, 0, 1], listener.local_address().port()).into();
    runtime.spawn(async move {
        let limits: &LimitSettings = &settings.server.limits;
        let counters = Counters::public(&metrics);
        serve(listener, router, limits, counters, std::future::pending()).await
    });
    Box::new(move |input| {
        let _runtime = &runtime;
        let mut stream = TcpStream::connect(address).expect("the listener goes on");
        stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a time-out");
        // A server that has seen enough may hang up at any time.
        let _ = stream.write_all(input).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            use std::io::ErrorKind::{TimedOut, WouldBlock};
            assert!(!matches!(error.kind(), TimedOut | WouldBlock), "the connection is never closed");
        }
    })
}

/// JSON requests whose bodies are gzip: an event, one with something behind it, and one that grows.
fn packed_requests() -> Vec<Input> {
    let event = include_bytes!("corpus/json/event");
    let head = |length: usize| {
        format!(
            "POST /s?p=0%3Ai1t84hgy%3Ap HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
             Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
    };
    let (whole, bomb) = (gzip(event), gzip(&vec![b' '; 2 << 20]));
    let bodies = [whole.clone(), [&whole[..], b"x"].concat(), bomb];
    bodies.iter().map(|body| [head(body.len()).as_bytes(), body].concat()).collect()
}

fn query() -> Run {
    let mut buffer = QueryBuffer::default();
    Box::new(move |input| {
        let text = text(input);
        let Ok(query) = buffer.decode(&text, 1000) else { return };
        assert!(query.iter().len() <= 1000);
        if let Ok(pixel) = browser::read(query) {
            let event = pixel.event("b", 0, "127.0.0.1");
            assert!(!event.source.is_empty());
        }
    })
}

fn mincode() -> Run {
    Box::new(|input| {
        let text = text(input);
        if let Ok(value) = mincode::read(&text) {
            let written = mincode::write(&value);
            mincode::read(&written).expect("what was written can be read");
        }
    })
}

fn json() -> Run {
    Box::new(|input| {
        let utf8 = event::json::as_utf8(input);
        let _ = event::json::read(&utf8);
        let _ = event::json::read_batch(&utf8);
    })
}

/// One header line per line, the first as the header that counts.
fn forwarded() -> Run {
    let connection = ConnInfo::new(([127, 0, 0, 1], 80).into());
    let range = "192.0.2.0/24".parse().expect("a range");
    let proxies = [
        ProxySettings::default(),
        ProxySettings { trusted: vec![range], hops_max: None },
        ProxySettings { trusted: Vec::new(), hops_max: Some(3) },
    ];
    Box::new(move |input| {
        let mut headers = HeaderMap::new();
        for line in input.split(|byte| *byte == b'\n').take(100) {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append(HeaderName::from_static("x-forwarded-for"), value);
            }
        }
        for proxies in &proxies {
            assert!(!proxy::client_address(&headers, &connection, proxies).is_empty());
        }
    })
}

fn cookies() -> Run {
    Box::new(|input| {
        let mut room = input.len();
        for (name, value) in headwater::source::cookies::parse(input) {
            assert!(!name.is_empty());
            room = room.checked_sub(name.len() + value.len()).expect("no byte is read twice");
        }
    })
}

fn stored_event() -> Run {
    Box::new(|input| {
        if let Ok((event, party)) = codec::decode_with_party(input) {
            assert!(party.end as usize <= input.len());
            let _ = format!("{event:?}");
        }
    })
}

/// An event as it is stored.
fn stored_events() -> Vec<Input> {
    let mut buffer = QueryBuffer::default();
    let inputs = files("tests/fuzz/corpus/query", "");
    inputs.iter().filter_map(|input| encoded(&mut buffer, &text(input))).collect()
}

fn encoded(buffer: &mut QueryBuffer, query: &str) -> Option<Input> {
    let pixel = browser::read(buffer.decode(query, 1000).ok()?).ok()?;
    let event = pixel.event("b", 7, "127.0.0.1");
    let mut out = Vec::new();
    let (headers, cookies) = ([("referer", "http://site.example/")], [("_dvp", "0:x")]);
    codec::encode(&event, headers.into_iter(), cookies.into_iter(), &mut out);
    Some(out)
}

/// A temporary directory that the parent removes.
fn directory() -> PathBuf {
    std::env::temp_dir()
}

fn request_for(path: &Path) -> LoadRequest {
    LoadRequest {
        config: Some(path.to_owned()),
        set: Vec::new(),
        data: Some(directory().join("data")),
        environment: [("HOME".to_owned(), "/home/x".to_owned())].into(),
    }
}

fn load(text: &str) -> config::Settings {
    let path = directory().join("site.conf");
    fs::write(&path, text).expect("a writable temporary directory");
    config::load(&request_for(&path)).expect("a fine configuration")
}

fn configuration() -> Run {
    let path = directory().join("fuzz.conf");
    let request = request_for(&path);
    Box::new(move |input| {
        fs::write(&path, input).expect("a writable temporary directory");
        match config::inspect(&request) {
            Ok(loaded) => drop(headwater::diagnostic::render(&loaded.diagnostics, false)),
            Err(diagnostics) => drop(headwater::diagnostic::render(&diagnostics, true)),
        }
    })
}

fn configurations() -> Vec<Input> {
    let [mut found, fixtures] = [files("src/config", "reference.conf"), files("tests/fixtures", ".conf")];
    found.extend(fixtures);
    found
}

/// Bytes that a script of 64 KiB may take until it is compiled or refused.
const SCRIPT_MEMORY_MAX: u64 = 64 << 20;

fn script() -> Run {
    let schema = include_str!("../../schemas/default.avsc");
    let schema = Arc::new(RecordSchema::parse(schema).expect("a schema of the tree"));
    let memory = memory::Bound::of(SCRIPT_MEMORY_MAX);
    Box::new(move |input| {
        let options = MappingOptions {
            name: "m".into(),
            sources: vec!["b".into()],
            discard_corrupted: false,
            discard_duplicates: false,
            digests_use_up: false,
            extras: headwater::mapping::Extras::default(),
            surroundings: Surroundings::default(),
        };
        let script = Arc::new(SourceText { name: "fuzz.groovy".into(), text: text(input) });
        match compile(options, &script, &schema) {
            Ok((_, diagnostics)) | Err(diagnostics) => drop(headwater::diagnostic::render(&diagnostics, false)),
        }
        memory.check();
    })
}

fn scripts() -> Vec<Input> {
    files("mappings", ".groovy")
}

fn schema() -> Run {
    Box::new(|input| {
        let text = text(input);
        if let Ok(schema) = AnySchema::read(&text, Defaults::Ignore) {
            let _ = schema.pretty();
        }
        let _ = RecordSchema::parse(&text);
    })
}

fn schemas() -> Vec<Input> {
    files("schemas", ".avsc")
}

const JOURNAL: &str = "/journal";

fn journal_settings(durability: Durability) -> JournalSettings {
    JournalSettings {
        memory_bytes_max: 4 << 20,
        segment_bytes: 2 << 20,
        bytes_max: 16 << 20,
        reserve_bytes: 0,
        ..JournalSettings::new(JOURNAL.into(), durability, Arc::new(SystemClock), Metrics::new())
    }
}

/// A disk with a journal that holds a few events, and a sink that has written some of them.
fn used_disk() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let journal = Journal::open(journal_settings(Durability::Flush), Arc::clone(&shared), Box::new(|_| {}));
    let journal = journal.expect("an empty disk");
    let (mut sink, mut ledger) = sink(&shared, &journal);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut run = journal::Run::new();
        run.push(Tag::default(), |bytes| bytes.extend_from_slice(b"some event"));
        journal.append(&mut run, |_| {}).expect("there is room");
        let resumed = sink.resume(ledger.last()).await.expect("a healthy disk");
        ledger.adopt(resumed).expect("a healthy disk");
        let state = ledger.last().sink.clone();
        let checkpoint = ledger.draft(ledger.last().upto, state).expect("a healthy disk");
        ledger.commit(checkpoint).expect("a healthy disk");
    });
    journal.close();
    disk
}

fn sink(disk: &Arc<dyn Disk>, journal: &Journal) -> (FileSink, Ledger) {
    let (metrics, name) = (Metrics::new(), SinkName::new("s"));
    let strategy = FileStrategy {
        working_directory: "/work".into(),
        publish_directory: "/pub".into(),
        roll_every: Duration::from_hours(1),
        roll_bytes: None,
        codec: Codec::Null,
        sync_after_records: 1,
        sync_after: Duration::from_secs(1),
    };
    let settings = FileSettings { make_directories: true, ..FileSettings::new(name.clone(), strategy) };
    let schema = RecordSchema::parse(include_str!("../../schemas/default.avsc")).expect("a schema of the tree");
    let clock = Arc::new(SystemClock);
    let numbers = Arc::new(FileNumbers::new());
    let sink =
        FileSink::open(&settings, Arc::new(schema), &numbers, Arc::clone(disk), clock.clone(), &metrics, Behind::Cut);
    let letters = DeadLetters::new(Path::new("/dead"), &name, Arc::clone(disk), clock, Behind::Cut);
    let cursor = journal.cursor(&name, Start::Earliest).expect("a cursor that is new or fine");
    (sink.expect("a healthy disk"), Ledger::new(cursor, vec!["m".into()], letters, &metrics))
}

/// The one file below a directory of the journal.
fn the_file(disk: &SimulatedDisk, folder: &str, ends: &str) -> PathBuf {
    let found = disk.list(&Path::new(JOURNAL).join(folder)).expect("a directory of the journal");
    found.into_iter().find(|path| path.to_string_lossy().ends_with(ends)).expect("a file of the journal")
}

/// A file without the zeros that it ends with: those come back when it is used.
fn short(disk: &SimulatedDisk, path: &Path) -> Input {
    let mut bytes = disk.read(path).expect("a file");
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    bytes
}

fn segments() -> Vec<Input> {
    let disk = used_disk();
    vec![short(&disk, &the_file(&disk, "", ".segment"))]
}

fn segment() -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let whole = used_disk();
    let path = the_file(&whole, "", ".segment");
    let length = whole.metadata(&path).expect("a healthy disk").expect("a file").length;
    Box::new(move |input| {
        let disk = SimulatedDisk::new();
        disk.create_dir_all(Path::new(JOURNAL), true).expect("a healthy disk");
        let mut file = disk.create_new(&path, true).expect("an empty disk");
        file.write_all_at(input, 0).and_then(|()| file.set_len(length)).expect("a healthy disk");
        drop(file);
        let opened = Journal::open(journal_settings(Durability::Flush), Arc::new(disk), Box::new(|_| {}));
        let Ok(journal) = opened else { return };
        let cursor = journal.cursor(&SinkName::new("s"), Start::Earliest).expect("a new cursor");
        let mut reader = journal.reader(cursor.last().upto);
        journal.close();
        // Read to the end, gaps and damage included.
        runtime.block_on(async {
            for _ in 0..100 {
                match reader.next().await {
                    Ok(block) => assert!(block.events().count() as u64 <= block.span().len()),
                    Err(journal::ReadError::Gap { .. }) => {}
                    Err(_) => break,
                }
            }
        });
    })
}

fn cursors() -> Vec<Input> {
    let disk = used_disk();
    vec![short(&disk, &the_file(&disk, "cursors", ""))]
}

/// The cursor's file, and the states of the sink and of its dead letters in it.
fn cursor() -> Run {
    let whole = used_disk();
    let path = the_file(&whole, "cursors", "");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    Box::new(move |input| {
        let disk = SimulatedDisk::new();
        disk.create_dir_all(path.parent().expect("below the journal"), true).expect("a healthy disk");
        let mut file = disk.create_new(&path, true).expect("an empty disk");
        file.write_all_at(input, 0).expect("a healthy disk");
        drop(file);
        let disk: Arc<dyn Disk> = Arc::new(disk);
        // Durable journals refuse a damaged cursor, one in memory puts it aside.
        let refused = Journal::open(journal_settings(Durability::Flush), Arc::clone(&disk), Box::new(|_| {}));
        if let Ok(journal) = refused {
            let _ = journal.cursor(&SinkName::new("s"), Start::Earliest);
        }
        disk.replace(&path, &sealed(input), false).expect("a healthy disk");
        let journal = Journal::open(journal_settings(Durability::None), Arc::clone(&disk), Box::new(|_| {}));
        let Ok(journal) = journal else { return };
        let (mut sink, mut ledger) = sink(&disk, &journal);
        let stored = ledger.last().clone();
        // The states are encoded in the cursor, so they are given as they are, too.
        let state = Bytes::copy_from_slice(input);
        for checkpoint in
            [Checkpoint { sink: state.clone(), ..stored.clone() }, Checkpoint { dead: state, ..stored.clone() }, stored]
        {
            if let Ok(resumed) = runtime.block_on(sink.resume(&checkpoint)) {
                let _ = ledger.adopt(resumed);
            }
        }
    })
}

/// The lines behind the first one with the checksum that they need, which chance would not find.
fn sealed(input: &[u8]) -> Input {
    let body = input.iter().position(|byte| *byte == b'\n').map_or(input, |end| &input[end + 1..]);
    [format!("headwater-cursor 1 {:08x}\n", crc32c::crc32c(body)).as_bytes(), body].concat()
}

/// As `headwater cat` reads it.
fn container() -> Run {
    let path = directory().join("fuzz.avro");
    Box::new(move |input| {
        fs::write(&path, input).expect("a writable temporary directory");
        for schema in [false, true] {
            let arguments = CatArguments { paths: vec![path.clone()], schema, follow: false, new: false };
            let _ = cat::run(&arguments, Dress::PLAIN, &mut std::io::sink());
        }
    })
}
