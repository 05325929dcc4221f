//! The pages, asked without a socket; the guard has its own tests.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header::ACCEPT;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    checkpoint::{MappingTotals, Offset, Outcomes, SinkName, Totals},
    delivery::{Health, current::MappingInForce},
    disk::SimulatedDisk,
    journal::{Durability, JournalSettings},
    util::clock::ManualClock,
};

fn admin() -> Admin {
    let metrics = Metrics::new();
    let settings = JournalSettings {
        memory_bytes_max: 1000,
        events_max: 10,
        ..JournalSettings::new(
            PathBuf::from("/journal"),
            Durability::None,
            Arc::new(ManualClock::at(0)),
            metrics.clone(),
        )
    };
    let journal = Journal::open(settings, Arc::new(SimulatedDisk::new()), Box::new(|_| {})).expect("in memory");
    let deliveries = ["a", "b"].map(|name| Arc::new(DeliveryStatus::new(SinkName::new(name)))).to_vec();
    let window = Arc::new(Window::new(Arc::new(ManualClock::at(0))));
    let mapping = MappingInForce { name: "m".into(), script: Some("m.groovy".into()), schema: None, since: 0 };
    let state = AdminState {
        journal: Arc::new(journal),
        deliveries,
        metrics,
        gate: Arc::new(Gate::new()),
        window,
        mappings: Arc::new(InForce::new(vec![mapping])),
    };
    Admin::new(state, "127.0.0.1", IpAddr::from([127, 0, 0, 1]), Token::random())
}

async fn body(page: Page) -> String {
    let bytes = page.reply().into_body().collect().await.expect("a body in memory").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn ask_json(admin: &Admin, path: &str) -> (u16, Value) {
    let page = admin.page(&Method::GET, path, &HeaderMap::new(), false);
    let status = page.status.as_u16();
    (status, serde_json::from_str(&body(page).await).expect("JSON"))
}

#[tokio::test]
async fn readiness_names_what_is_sick() {
    let admin = admin();
    assert_eq!(ask_json(&admin, "/health/ready").await, (200, json!({"ready": true, "sick": [], "degraded": []})));
    admin.state.deliveries[0].update(|report| report.health = Health::Degraded("a file is gone".into()));
    assert_eq!(ask_json(&admin, "/health/ready").await.0, 200, "records still flow");
    admin.state.deliveries[1].update(|report| report.health = Health::Retrying("disk full".into()));
    let expected = json!({
        "ready": false,
        "sick": [{"part": "sink b", "reason": "tried again: disk full"}],
        "degraded": [{"part": "sink a", "reason": "a file is gone"}],
    });
    assert_eq!(ask_json(&admin, "/health/ready").await, (503, expected));
    admin.state.gate.leave();
    admin.state.journal.close();
    let (_, health) = ask_json(&admin, "/health/ready").await;
    let parts: Vec<_> = health["sick"].as_array().unwrap().iter().map(|sick| sick["part"].clone()).collect();
    assert_eq!(parts, ["server", "journal", "sink b"]);
    let page = admin.page(&Method::GET, "/health/live", &HeaderMap::new(), false);
    assert_eq!(page.status, 200, "a sick process is still alive");
}

#[tokio::test]
async fn status_has_totals_per_mapping() {
    let admin = admin();
    admin.state.deliveries[0].update(|report| {
        report.upto = Offset(7);
        let outcomes = Outcomes { delivered: 6, discarded_corrupt: 1, ..Outcomes::default() };
        let totals = MappingTotals { mapping: "m".into(), start: Offset(0), frozen: None, outcomes };
        report.totals = Totals { mappings: vec![totals] };
    });
    let (status, value) = ask_json(&admin, "/status").await;
    assert_eq!(status, 200);
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(value["journal"]["durability"], "none");
    assert_eq!(value["journal"]["events_max"], 10);
    let mapping = json!({"name": "m", "script": "m.groovy", "schema": null, "since": 0});
    assert_eq!(value["mappings"], json!([mapping]));
    assert_eq!(value["sinks"][0]["upto"], 7);
    assert_eq!(value["sinks"][0]["mappings"][0]["delivered"], 6);
    assert_eq!(value["sinks"][1]["health"], "healthy");
}

#[tokio::test]
async fn metrics_are_in_the_format_that_is_asked_for() {
    let admin = admin();
    admin.state.metrics.requests("pixel", 200).inc();
    for (accept, kind, end) in [
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8", true),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", false),
    ] {
        let headers = [(ACCEPT, HeaderValue::from_static(accept))].into_iter().collect();
        let page = admin.page(&Method::GET, "/metrics", &headers, false);
        assert_eq!(page.content_type, kind);
        let text = body(page).await;
        for line in [
            "headwater_requests_total{route=\"pixel\",status=\"200\"} 1",
            "headwater_journal_held_limit_events 10",
            "headwater_durability{level=\"none\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert_eq!(text.ends_with("# EOF\n"), end);
    }
}

#[test]
fn every_answer_forbids_everything() {
    let admin = admin();
    for (method, path, status) in [
        (Method::GET, "/nope", 404),
        (Method::GET, "/live", 401),
        (Method::POST, "/status", 405),
        (Method::HEAD, "/status", 200),
    ] {
        let reply = admin.page(&method, path, &HeaderMap::new(), false).reply();
        assert_eq!(reply.status(), status, "{method} {path}");
        assert_eq!(reply.headers()[CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(reply.headers().contains_key(ALLOW), status == 405);
    }
}

#[tokio::test]
async fn the_live_page_runs_nothing_but_its_own_script() {
    let admin = admin();
    for (trusted, status) in [(true, 200), (false, 401)] {
        let page = admin.page(&Method::GET, "/", &HeaderMap::new(), trusted);
        assert_eq!(page.status, status);
        let policy = page.policy.to_str().expect("ASCII").to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        let html = body(page).await;
        // What is hashed is what stands between the tags, of which there is one each.
        for (open, close, directive) in [("<script>", "</script>", "script-src"), ("<style>", "</style>", "style-src")]
        {
            assert_eq!((html.matches(open).count(), html.matches(close).count()), (1, 1), "{open}");
            let text = html.split_once(open).and_then(|(_, rest)| rest.split_once(close)).expect("counted above").0;
            let hash = STANDARD.encode(Sha256::digest(text));
            assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}");
        }
        for foreign in ["http:", "https:", "//", "@import", "url(", "innerHTML", "eval("] {
            let found = html
                .replace("http://www.w3.org/2000/svg", "")
                .lines()
                .find(|line| line.contains(foreign) && !line.trim_start().starts_with("//"))
                .map(str::to_owned);
            assert_eq!(found, None, "{foreign}");
        }
    }
}

#[tokio::test]
async fn the_listener_asks_the_guard_first() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = Listener::bind(None, 0).expect("a free port");
    let address = listener.local_address();
    let limits = crate::listen::tests::limits();
    tokio::spawn(async move { admin().serve(listener, &limits, std::future::pending()).await });
    for (host, status) in [("localhost:8291", "200 OK"), ("evil.example", "421 Misdirected Request")] {
        let mut socket = tokio::net::TcpStream::connect(address).await.expect("it listens");
        let request = format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("it reads");
        let mut text = String::new();
        socket.read_to_string(&mut text).await.expect("it answers");
        assert!(text.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{text}");
    }
}
