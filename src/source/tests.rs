//! The router over real sockets: every response as a client sees it.

mod json_requests;
mod optional_requests;
mod shop_requests;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    time::{Instant, timeout},
};

use super::*;
use crate::{
    config::settings::{
        AdminSettings, BrowserSettings, Durability, JournalOptions, JsonSettings, MapperSettings, ServerSettings,
        Settings, SourceSettings,
    },
    disk::SimulatedDisk,
    event::Keep,
    journal::JournalSettings,
    listen::{Counters, Gate, Listener, serve, tests::limits},
    metrics::Metrics,
    util::clock::ManualClock,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// 2020-09-13 12:26:40 UTC.
const NOW_MS: i64 = 1_600_000_000_000;

/// A query of an event that is fine but for its checksum.
const EVENT: &str = "p=0%3Ai1t84hgy%3Aparty&s=0%3Ai1t84hgy%3Asession&v=0%3Aview&e=0%3Aview0&c=i1t8q2b6&n=f&f=f&t=a&x=1";

fn browser() -> BrowserSettings {
    BrowserSettings::default()
}

fn json(event_path: &str) -> JsonSettings {
    JsonSettings { event_path: event_path.into(), ..JsonSettings::default() }
}

fn settings(sources: Vec<SourceSettings>) -> Settings {
    Settings {
        data_directory: PathBuf::from("/data"),
        drain_timeout: Duration::ZERO,
        server: ServerSettings {
            host: None,
            port: 0,
            use_x_forwarded_for: false,
            serve_static_resources: true,
            debug_requests: false,
            shutdown_delay: Duration::ZERO,
            shutdown_timeout: Duration::ZERO,
            limits: limits(),
        },
        admin: AdminSettings { enabled: false, host: "127.0.0.1".into(), port: 0, asked_for: false },
        mapper: MapperSettings { buffer_size: 1000, duplicate_memory_size: 1000, ..MapperSettings::default() },
        journal: JournalOptions {
            directory: PathBuf::from("/data/journal"),
            durability: Durability::None,
            memory_bytes_max: 1 << 20,
            ..JournalOptions::default()
        },
        dead_letter_directory: PathBuf::from("/data/dead-letters"),
        dead_letter_bytes_max: 1 << 30,
        sources,
        mappings: Vec::new(),
        sinks: Vec::new(),
        absent_sinks: Vec::new(),
        tables: Vec::new(),
        config_file: None,
        embedded: false,
        warnings: Vec::new(),
    }
}

fn default_settings() -> Settings {
    settings(vec![SourceSettings::Browser(browser()), SourceSettings::Json(json("/j"))])
}

struct Rig {
    address: SocketAddr,
    gate: Arc<Gate>,
    metrics: Metrics,
    journal: Arc<Journal>,
    _stop: oneshot::Sender<()>,
}

/// A response with its headers sorted, in lower case and without `date`.
#[derive(Debug)]
struct Seen {
    status: u16,
    reason: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn shape(&self) -> String {
        format!("{} | {}", self.status, self.headers.join(" | "))
    }
}

impl Rig {
    fn start(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::at(NOW_MS));
        let (gate, metrics) = (Arc::new(Gate::new()), Metrics::new());
        let journal = JournalSettings {
            memory_bytes_max: settings.journal.memory_bytes_max,
            events_max: settings.mapper.buffer_size as u64,
            ..JournalSettings::new(
                settings.journal.directory.clone(),
                settings.journal.durability,
                clock.clone(),
                metrics.clone(),
            )
        };
        let disk = Arc::new(SimulatedDisk::new());
        let journal = Arc::new(Journal::open(journal, disk, Box::new(|_| {})).expect("a journal in memory"));
        let duplicates = Arc::new(DuplicateMemory::new(1, 1000));
        let parts = RouterParts {
            intake: Intake { journal: journal.clone(), duplicates },
            keep: Arc::new(Keep::default()),
            clock,
            metrics: metrics.clone(),
            gate: gate.clone(),
        };
        let router = Arc::new(Router::new(&settings, &parts));
        let listener = Listener::bind(None, 0).expect("a free port");
        let address = listener.local_address();
        let (stop, stopped) = oneshot::channel::<()>();
        let counting = metrics.clone();
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            serve(listener, router, &settings.server.limits, Counters::public(&counting), stopped).await
        });
        Self { address, gate, metrics, journal, _stop: stop }
    }

    fn events(&self) -> u64 {
        self.journal.status().next.0
    }

    /// The response to one request, sent as it is.
    async fn raw(&self, bytes: &[u8]) -> Seen {
        let mut socket = TcpStream::connect(self.address).await.expect("the server listens");
        socket.write_all(bytes).await.expect("the server reads");
        let is_head = bytes.starts_with(b"HEAD ");
        timeout(PATIENCE, read(&mut socket, is_head)).await.expect("an answer in time")
    }

    async fn ask(&self, method: &str, target: &str, headers: &str) -> Seen {
        self.raw(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes()).await
    }

    async fn post(&self, target: &str, headers: &str, body: &str) -> Seen {
        let length = body.len();
        let text = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        self.raw(text.as_bytes()).await
    }
}

async fn read(socket: &mut TcpStream, is_head: bool) -> Seen {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = std::str::from_utf8(&bytes[..end]).expect("text").to_owned();
            let (status, lines) = head.split_once("\r\n").unwrap_or((&head, ""));
            let mut words = status.splitn(3, ' ').skip(1);
            let status = words.next().expect("a status").parse().expect("a number");
            let reason = words.next().expect("a reason").to_owned();
            let mut headers: Vec<String> =
                lines.split("\r\n").filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect();
            headers.sort_unstable();
            let mut seen = Seen { status, reason, headers, body: bytes[end + 4..].to_vec() };
            let length = seen.header("content-length").map_or(0, |length| length.parse().expect("a number"));
            while !is_head && seen.body.len() < length {
                assert_ne!(socket.read_buf(&mut seen.body).await.expect("no error"), 0, "cut: {seen:?}");
            }
            return seen;
        }
        assert_ne!(socket.read_buf(&mut bytes).await.expect("no error"), 0, "closed behind {bytes:?}");
    }
}

const JSON: &str = "Content-Type: application/json\r\n";
const TEXT: &str = "content-type: text/plain; charset=utf-8 | server: divolte";
const BARE_400: &str = "400 | connection: close | content-length: 0";

#[tokio::test]
async fn the_pixel_is_the_same_whatever_becomes_of_the_event() {
    let rig = Rig::start(default_settings());
    let gif = "200 | cache-control: private, no-cache, proxy-revalidate | connection: keep-alive | content-length: 37 | \
               content-type: image/gif | etag: \"6b3edc43-20ec-4078-bc47-e965dd76b88a\" | \
               expires: Fri, 14 Apr 1995 11:30:00 GMT | pragma: no-cache | server: divolte";
    let event = format!("/csc-event?{EVENT}");
    for (target, events) in [
        (event.as_str(), 1),
        ("/csc-event", 1),
        ("/csc-event?p=x", 1),
        (&format!("/csc-event/?{EVENT}"), 2),
        (&format!("//x/../%63sc-event;a=b?{EVENT}"), 3),
        (&format!("http://other.example/csc-event?{EVENT}"), 4),
    ] {
        let seen = rig.ask("GET", target, "").await;
        assert_eq!(seen.shape(), gif, "{target}");
        let hex = seen.body.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(hex, "4749463839610100010000000021f904010a0001002c00000000010001000002024c01003b");
        assert_eq!(rig.events(), events, "{target}");
    }
    let tag = "If-None-Match: W/\"6b3edc43-20ec-4078-bc47-e965dd76b88a\"\r\n";
    let seen = rig.ask("GET", &event, tag).await;
    let unchanged = gif.replace("200", "304").replace("connection: keep-alive | content-length: 37 | ", "");
    assert_eq!(seen.shape(), unchanged);
    assert_eq!(rig.events(), 4, "a revalidation is no event");
    assert_eq!(rig.ask("GET", &event, "If-None-Match: *\r\n").await.status, 200);
    assert_eq!(rig.events(), 5);
    for (route, status, count) in [("pixel", 200, 7), ("pixel", 304, 1)] {
        assert_eq!(rig.metrics.requests(route, status).get(), count);
    }
}

#[tokio::test]
async fn methods() {
    let rig = Rig::start(default_settings());
    for (method, target, expected, body) in [
        (
            "POST",
            "/csc-event",
            format!("405 | allow: GET | connection: keep-alive | content-length: 29 | {TEXT}"),
            "HTTP method POST not allowed.",
        ),
        ("HEAD", "/csc-event", format!("405 | allow: GET | connection: keep-alive | content-length: 29 | {TEXT}"), ""),
        (
            "FOO",
            "/divolte.js",
            format!("405 | allow: GET | connection: keep-alive | content-length: 28 | {TEXT}"),
            "HTTP method FOO not allowed.",
        ),
        (
            "PUT",
            "/j",
            format!("405 | allow: POST | connection: keep-alive | content-length: 28 | {TEXT}"),
            "HTTP method PUT not allowed.",
        ),
        ("get", "/ping", format!("200 | connection: keep-alive | content-length: 4 | {TEXT}"), "pong"),
        ("FOO", "/ping", format!("200 | connection: keep-alive | content-length: 4 | {TEXT}"), "pong"),
        ("HEAD", "/ping", format!("200 | connection: keep-alive | content-length: 4 | {TEXT}"), ""),
        ("GET", "/nope", "404 | connection: keep-alive | content-length: 0 | server: divolte".into(), ""),
        ("HEAD", "/nope", "404 | connection: keep-alive | content-length: 0 | server: divolte".into(), ""),
        (
            "OPTIONS",
            "*",
            "405 | allow: GET, HEAD, POST | connection: keep-alive | content-length: 0 | server: divolte".into(),
            "",
        ),
        (
            "DELETE",
            "/nope",
            "405 | allow: GET, HEAD, POST | connection: keep-alive | content-length: 0 | server: divolte".into(),
            "",
        ),
        ("PATCH", "/", "501 | connection: keep-alive | content-length: 0 | server: divolte".into(), ""),
    ] {
        let seen = rig.ask(method, target, "").await;
        assert_eq!(seen.shape(), expected, "{method} {target}");
        assert_eq!(seen.body, body.as_bytes(), "{method} {target}");
    }
}

#[tokio::test]
async fn what_no_route_may_see_gets_a_bare_400() {
    let rig = Rig::start(default_settings());
    let many = vec!["a"; 1001].join("&");
    let tag = "If-None-Match: \"6b3edc43-20ec-4078-bc47-e965dd76b88a\"\r\n";
    for (target, headers) in [
        ("/%zz", ""),
        ("/ping?a=%zz", ""),
        ("/csc-event?t=%zz", ""),
        ("/csc-event?t=%zz", tag),
        ("/j?t=%zz", ""),
        ("/divolte.js?%", ""),
        (&format!("/ping?{many}"), ""),
        (&format!("/csc-event?{many}"), ""),
        ("/ping?\"", ""),
        ("/ping?a=<b>", ""),
        ("/pi{n}g", ""),
        ("/ping?\u{e9}=1", ""),
        ("/a\\b", ""),
    ] {
        assert_eq!(rig.ask("GET", target, headers).await.shape(), BARE_400, "{target:.40} {headers}");
    }
    assert_eq!(rig.raw(b"GET /ping HTTP/1.1\r\n\r\n").await.shape(), BARE_400);
    assert_eq!(rig.ask("GET", &format!("/ping?{}", &many[2..]), "").await.status, 200);
    assert_eq!(rig.metrics.bad_requests("no_host").get(), 1);
    assert_eq!(rig.events(), 0);
}

#[tokio::test]
async fn connections_persist_unless_the_client_says_otherwise() {
    let rig = Rig::start(default_settings());
    for (request, expected) in [
        ("GET /ping HTTP/1.0\r\n\r\n", "close"),
        ("GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive"),
        ("GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close"),
        ("GET /ping HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", "keep-alive"),
        ("GET /ping HTTP/1.1\nHost: a\n\n", "keep-alive"),
    ] {
        let seen = rig.raw(request.as_bytes()).await;
        assert_eq!(seen.header("connection"), Some(expected), "{request}");
        assert_eq!(seen.headers.iter().filter(|line| line.starts_with("connection")).count(), 1);
        assert_eq!(seen.status, 200, "{request}");
    }
}

#[tokio::test]
async fn the_script_has_three_variants_with_a_tag_each() {
    let rig = Rig::start(default_settings());
    let plain = rig.ask("GET", "/divolte.js", "").await;
    let tag = plain.header("etag").expect("a tag").to_owned();
    assert_eq!(tag.len(), 46);
    let length = plain.body.len();
    let expected = format!(
        "200 | cache-control: public, max-age=3600 | connection: keep-alive | content-length: {length} | \
         content-type: application/javascript | etag: {tag} | server: divolte | vary: Accept-Encoding"
    );
    assert_eq!(plain.shape(), expected);
    let head = rig.ask("HEAD", "/divolte.js/?x", "").await;
    assert_eq!(head.shape(), expected);
    assert!(head.body.is_empty());

    let packed = rig.ask("GET", "/divolte.js", "Accept-Encoding: gzip, deflate\r\n").await;
    let packed_tag = format!("\"gz+{}", &tag[1..]);
    assert_eq!(packed.header("etag"), Some(packed_tag.as_str()));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < length);
    let smallest = rig.ask("GET", "/divolte.js", "Accept-Encoding: gzip, deflate, br, zstd\r\n").await;
    let smallest_tag = format!("\"br+{}", &tag[1..]);
    assert_eq!(smallest.header("etag"), Some(smallest_tag.as_str()));
    assert_eq!(smallest.header("content-encoding"), Some("br"));
    assert!(smallest.body.len() < packed.body.len());
    let head = rig.ask("HEAD", "/divolte.js", "Accept-Encoding: br\r\n").await;
    assert_eq!(head.shape(), smallest.shape());

    let unchanged =
        format!("304 | cache-control: public, max-age=3600 | etag: {tag} | server: divolte | vary: Accept-Encoding");
    let seen = rig.ask("GET", "/divolte.js", &format!("If-None-Match: \"a\", W/{tag}\r\n")).await;
    assert_eq!(seen.shape(), unchanged);
    for (headers, status) in [
        (format!("If-None-Match: {tag}\r\nAccept-Encoding: gzip\r\n"), 200),
        (format!("If-None-Match: {packed_tag}\r\nAccept-Encoding: gzip\r\n"), 304),
        (format!("If-None-Match: {packed_tag}\r\n"), 200),
        (format!("If-None-Match: {smallest_tag}\r\nAccept-Encoding: gzip, br\r\n"), 304),
        (format!("If-None-Match: {smallest_tag}\r\nAccept-Encoding: gzip\r\n"), 200),
        (format!("If-None-Match: \"a\"\r\nIf-None-Match: {tag}\r\n"), 200),
        ("If-None-Match: *\r\n".to_owned(), 200),
        ("Range: bytes=0-9\r\n".to_owned(), 200),
    ] {
        assert_eq!(rig.ask("GET", "/divolte.js", &headers).await.status, status, "{headers}");
    }
}

#[tokio::test]
async fn the_page_is_at_its_two_paths_only() {
    let rig = Rig::start(default_settings());
    let whole = rig.ask("GET", "/", "").await;
    let length = whole.body.len();
    let expected = format!(
        "200 | accept-ranges: bytes | connection: keep-alive | content-length: {length} | content-type: text/html | \
         last-modified: Sun, 13 Sep 2020 12:26:40 GMT | server: divolte"
    );
    assert_eq!(whole.shape(), expected);
    assert!(String::from_utf8_lossy(&whole.body).contains("<script src=\"/divolte.js\" defer async></script>"));
    for (method, target) in [("POST", "/"), ("HEAD", "/index.html"), ("GET", "/index.html?x=1"), ("GET", "/x/..")] {
        assert_eq!(rig.ask(method, target, "").await.shape(), expected, "{method} {target}");
    }
    for target in ["/..%2f", "/../../etc/passwd", "/static/index.html", "/index.html/", "/%00"] {
        assert_eq!(rig.ask("GET", target, "").await.status, 404, "{target}");
    }
    let part = rig.ask("GET", "/", "Range: bytes=0-9\r\n").await;
    assert_eq!(part.header("content-range"), Some(format!("bytes 0-9/{length}").as_str()));
    assert_eq!((part.status, part.body.as_slice()), (206, &b"<!DOCTYPE "[..]));
    let seen = rig.ask("GET", "/", "If-Modified-Since: Fri, 14 Apr 2095 11:30:00 GMT\r\n").await;
    assert_eq!(seen.shape(), "304 | server: divolte");
    let seen = rig.ask("GET", "/", "If-Match: \"zz\"\r\n").await;
    assert_eq!(seen.shape(), "412 | connection: keep-alive | content-length: 0 | server: divolte");
    let seen = rig.ask("GET", "/", "Range: bytes=999999-\r\n").await;
    assert_eq!((seen.status, seen.header("content-range")), (416, Some(format!("bytes */{length}").as_str())));
}

#[tokio::test]
async fn sources_take_their_paths_and_nothing_else_is_there_without_static_resources() {
    let first = BrowserSettings {
        prefix: "/trk/v1/".into(),
        event_suffix: "ev".into(),
        javascript_name: "t-r_k.js".into(),
        ..browser()
    };
    let second = BrowserSettings { prefix: "/two/".into(), ..browser() };
    let sources =
        vec![SourceSettings::Browser(first), SourceSettings::Browser(second), SourceSettings::Json(json("/"))];
    let mut settings = settings(sources);
    settings.server.serve_static_resources = false;
    let rig = Rig::start(settings);
    for (method, target, status) in [
        ("GET", "/trk/v1/t-r_k.js", 200),
        ("GET", "/trk/v1/ev", 200),
        ("GET", "/two/divolte.js", 200),
        ("GET", "/two/csc-event", 200),
        ("GET", "/", 405),
        ("GET", "/trk/v1/", 404),
        ("GET", "/trk", 404),
        ("GET", "/divolte.js", 404),
        ("GET", "/index.html", 404),
        ("DELETE", "/index.html", 404),
        ("GET", "/ping", 200),
    ] {
        assert_eq!(rig.ask(method, target, "").await.status, status, "{method} {target}");
    }
}

#[tokio::test]
async fn a_full_journal_is_said_to_every_kind_of_client() {
    let mut settings = default_settings();
    settings.mapper.buffer_size = 1;
    let rig = Rig::start(settings);
    // Nothing reads, so the one event that may wait stays.
    assert_eq!(rig.ask("GET", &format!("/csc-event?{EVENT}"), "").await.status, 200);
    let full = "503 | connection: keep-alive | content-length: 0 | retry-after: 2 | server: divolte";
    assert_eq!(rig.ask("GET", &format!("/csc-event?{EVENT}"), "").await.shape(), full);
    let body = r#"{"session_id":"0:16:s","event_id":"e","is_new_party":false,"is_new_session":false,"client_timestamp_iso":"2020-07-22T16:37:22Z"}"#;
    assert_eq!(rig.post("/j?p=0%3A16%3Aabc", JSON, body).await.shape(), full);
    assert_eq!(rig.ask("GET", "/ping", "").await.status, 200);
}

#[tokio::test]
async fn only_the_pixel_is_delayed_and_the_event_is_not() {
    let delay = Duration::from_millis(300);
    let rig = Rig::start(settings(vec![SourceSettings::Browser(BrowserSettings {
        http_response_delay: delay,
        ..browser()
    })]));
    let started = Instant::now();
    let target = format!("/csc-event?{EVENT}");
    let (seen, ()) = tokio::join!(rig.ask("GET", &target, ""), async {
        while rig.events() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(started.elapsed() < delay, "the event waited for its answer");
        assert_eq!(rig.gate.inside(), 1, "a delayed answer is a request in progress");
        assert_eq!(rig.ask("GET", "/divolte.js", "").await.status, 200);
        assert_eq!(rig.ask("POST", "/csc-event", "").await.status, 405);
        assert!(started.elapsed() < delay);
    });
    assert_eq!(seen.status, 200);
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn leaving_and_closed() {
    let rig = Rig::start(default_settings());
    rig.gate.leave();
    let seen = rig.ask("GET", "/ping", "").await;
    assert_eq!(seen.shape(), format!("503 | connection: keep-alive | content-length: 30 | {TEXT}"));
    assert_eq!(seen.body, b"No p*ng for you, shutting down");
    for (part, connection) in [(false, "keep-alive"), (true, "close")] {
        if part {
            rig.gate.part();
        }
        let seen = rig.ask("GET", &format!("/csc-event?{EVENT}"), "").await;
        assert_eq!((seen.status, seen.header("connection")), (200, Some(connection)));
    }
    rig.gate.close();
    for target in ["/ping", &format!("/csc-event?{EVENT}"), "/divolte.js", "/%zz"] {
        let seen = rig.ask("GET", target, "").await;
        assert_eq!(seen.shape(), "503 | connection: keep-alive | content-length: 0", "{target}");
    }
    assert_eq!(rig.events(), 2);
    timeout(PATIENCE, rig.gate.emptied()).await.expect("nobody is inside");
}
