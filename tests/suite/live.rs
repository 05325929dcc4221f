//! The live page: what it shows, to whom, and that nobody has to wait for it.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    run::{BrowserRequest, PATIENCE, Place},
    support::{
        http::{Request, connect},
        program::Program,
    },
};

/// Viewers that may look at once.
const VIEWERS_MAX: usize = 8;

/// How long a viewer that does not read is endured, and more for a busy machine.
const SLOW_PATIENCE: Duration = Duration::from_mins(2);

/// The token that the start has printed; it answers a moment before it prints.
fn token(program: &Program) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let output = program.output();
        if let Some((token, _)) =
            output.split_once("?token=").and_then(|(_, rest)| rest.split_once(char::is_whitespace))
        {
            return token.to_owned();
        }
        assert!(Instant::now() < until, "no token in:\n{output}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Somebody who looks.
struct Viewer {
    status: u16,
    lines: BufReader<TcpStream>,
}

impl Viewer {
    /// Opens the stream; HTTP/1.0, so that it comes as it is.
    fn open(place: &Place, token: &str) -> Self {
        let mut stream = connect(place.admin).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let port = place.admin;
        let head = format!("GET /live HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut viewer = Self { status: 0, lines: BufReader::new(stream) };
        let first = viewer.line().expect("an answer");
        viewer.status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        while viewer.line().is_some_and(|line| !line.is_empty()) {}
        viewer
    }

    /// The next line without its end; none at the end of the stream.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.lines.read_line(&mut line).expect("the stream goes on or ends");
        (count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The next event of the stream.
    fn next(&mut self) -> Option<(String, Value)> {
        let name = self.line()?.strip_prefix("event: ").expect("a name").to_owned();
        let data = self.line()?;
        let data = serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON");
        assert_eq!(self.line()?, "", "an empty line behind each event");
        Some((name, data))
    }

    /// The first event of this name that satisfies.
    fn until(&mut self, name: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let (found, data) = self.next().expect("the stream goes on");
            if found == name && satisfies(&data) {
                return data;
            }
            assert!(Instant::now() < until, "no such {name}; the last was {found}: {data}");
        }
    }
}

#[test]
fn an_event_appears_as_it_was_mapped() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let mut viewer = Viewer::open(&place, &token(&program));
    assert_eq!(viewer.status, 200);
    let state = viewer.until("state", |_| true);
    assert_eq!(state["health"]["ready"], true);
    assert_eq!(state["status"]["journal"]["durability"], "flush");

    let sent = BrowserRequest::all();
    for (nth, request) in sent.iter().enumerate() {
        request.send(place.port).response();
        let records = viewer.until("records", |_| true);
        assert_eq!(records["first"], nth);
        let shown = &records["items"][0];
        assert_eq!((&shown["mapping"], &shown["sink"]), (&json!("default"), &json!("files")));
        assert_eq!(shown["type"], shown["record"]["eventType"]);
        for (field, expected) in &request.record {
            let expected = if field == "remoteHost" { &json!("127.0.0.x") } else { expected };
            assert_eq!(shown["record"][field], *expected, "{}: {field}", request.name);
        }
        assert_eq!(shown["record"]["remoteHost"], "127.0.0.x", "the address is cut");
    }
    let delivered = |state: &Value| state["status"]["sinks"][0]["mappings"][0]["delivered"] == sent.len();
    viewer.until("state", delivered);
    // Who comes later sees them, too.
    let records = Viewer::open(&place, &token(&program)).until("records", |_| true);
    assert_eq!(records["items"].as_array().map(Vec::len), Some(sent.len()));

    assert_eq!(program.stop(), Some(0), "{}", program.output());
    while viewer.next().is_some() {}
}

#[test]
fn only_who_has_the_token_sees_events_and_only_from_its_own_page() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let token = token(&program);
    let own = format!("127.0.0.1:{}", place.admin);
    let (bearer, wrong) = (format!("Bearer {token}"), format!("Bearer {}x", token.replace('0', "1")));
    let (key, origin) = (format!("/?token={token}"), format!("http://{own}"));
    for (target, host, headers, status) in [
        (&*key, &*own, &[][..], 200),
        ("/", &own, &[("Authorization", &*bearer)], 200),
        (&key, &own, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")], 200),
        ("/", &own, &[], 401),
        ("/?token=", &own, &[], 401),
        ("/", &own, &[("Authorization", &wrong)], 401),
        ("/", &own, &[("Cookie", &*format!("token={token}"))], 401),
        ("/live", &own, &[], 401),
        ("/live?token=x", &own, &[], 401),
        ("/live", &own, &[("Authorization", &wrong)], 401),
        (&key, "evil.example", &[], 421),
        ("/live", "evil.example", &[("Authorization", &bearer)], 421),
        (&key, &own, &[("Origin", "http://evil.example")], 403),
        ("/live", &own, &[("Authorization", &bearer), ("Origin", "http://evil.example")], 403),
        ("/live", &own, &[("Authorization", &bearer), ("Origin", "null")], 403),
        (&key, &own, &[("Sec-Fetch-Site", "cross-site")], 403),
        ("/live", &own, &[("Authorization", &bearer), ("Sec-Fetch-Site", "same-site")], 403),
    ] {
        let response = place.ask_admin(target, host, headers);
        assert_eq!(response.status, status, "{target} {host} {headers:?}");
        assert_eq!(response.header("www-authenticate"), (status == 401).then_some("Bearer"));
        let policy = response.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!response.text().contains(&token), "nothing hands the token out");
    }
    // What shows no events needs none.
    for target in ["/metrics", "/status", "/health/live", "/health/ready"] {
        assert_eq!(place.admin(target).status, 200, "{target}");
    }
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn a_viewer_who_does_not_read_is_dropped_and_deliveries_go_on() {
    let place = Place::new();
    let mut serve = place.serve();
    serve.args(["--set", "divolte.sources.json.maximum_body_size=65536"]);
    let mut program = place.start(serve);
    let token = token(&program);
    let mut deaf: Vec<_> = (0..VIEWERS_MAX).map(|_| Viewer::open(&place, &token)).collect();
    assert!(deaf.iter().all(|viewer| viewer.status == 200));
    assert_eq!(Viewer::open(&place, &token).status, 503, "one too many");
    // Six bytes of JSON for each byte, so that the system's buffers are soon full.
    let body = json!({
        "session_id": "0:kcxh0qzs:ZyXwVuTsRqPoNmLkJiHgFeDcBa543210", "event_id": "e", "is_new_party": false,
        "event_type": "\u{1}".repeat(4500), "is_new_session": false,
        "client_timestamp_iso": "2020-07-22T16:37:22.286+02:00",
    })
    .to_string();
    let request = Request::post_json("/event?p=0%3Akcxgvgzh%3AAbCdEfGhIjKlMnOpQrStUvWxYz012345", &body);
    let (mut sent, until) = (0, Instant::now() + SLOW_PATIENCE);
    while Viewer::open(&place, &token).status == 503 {
        assert!(Instant::now() < until, "they are endured; {sent} events were sent");
        for _ in 0..20 {
            let response = request.send(place.port, PATIENCE).response();
            assert_eq!(response.status, 204, "{response:?}");
            sent += 1;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert!(deaf.pop().is_some());
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert_eq!(place.records().len(), sent);
}

#[test]
fn the_requests_of_the_manual_are_answered() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let token = token(&program);
    let mut asked = Vec::new();
    for line in include_str!("../../docs/operations.md").lines().filter(|line| line.starts_with("curl ")) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let (_, target) = line.split_once("http://127.0.0.1:8291").expect("the default address");
        if line.contains("-H \"Authorization: Bearer $TOKEN\"") {
            assert_eq!((target, Viewer::open(&place, &token).status), ("/live", 200));
        } else {
            assert_eq!(place.admin(target).status, 200, "{target}");
        }
        asked.push(target);
    }
    assert_eq!(asked, ["/live", "/health/live", "/health/ready", "/status", "/metrics"]);
    assert_eq!(program.stop(), Some(0));
}
