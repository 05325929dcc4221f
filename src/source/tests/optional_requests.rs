//! What sources answer that were asked for more than the original can.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::config::settings::PixelAnswer;

const PARTY: &str = "/j?p=0%3A16%3Aabc";
const BODY: &str = r#"{"session_id":"0:16:s","event_id":"e","is_new_party":false,"is_new_session":false,"client_timestamp_iso":"2020-07-22T16:37:22Z"}"#;
const SHOP: &str = "Origin: https://shop.example.com\r\n";

fn strict() -> Rig {
    Rig::start(settings(vec![SourceSettings::Json(JsonSettings { strict: true, ..json("/j") })]))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
}

impl Rig {
    async fn post_bytes(&self, target: &str, headers: &str, body: &[u8]) -> Seen {
        let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        self.raw(&[head.as_bytes(), body].concat()).await
    }
}

#[tokio::test]
async fn a_browser_may_be_answered_with_nothing() {
    let source = BrowserSettings { response: PixelAnswer::Empty, ..browser() };
    let rig = Rig::start(settings(vec![SourceSettings::Browser(source)]));
    let nothing = "204 | cache-control: private, no-cache, proxy-revalidate | \
                   expires: Fri, 14 Apr 1995 11:30:00 GMT | pragma: no-cache | server: divolte";
    for (target, events) in [(format!("/csc-event?{EVENT}"), 1), ("/csc-event".to_owned(), 1)] {
        assert_eq!(rig.ask("GET", &target, "").await.shape(), nothing);
        assert_eq!(rig.events(), events);
    }
    let tag = "If-None-Match: \"6b3edc43-20ec-4078-bc47-e965dd76b88a\"\r\n";
    assert_eq!(rig.ask("GET", &format!("/csc-event?{EVENT}"), tag).await.status, 304);
    assert_eq!(rig.events(), 1, "an image that a browser kept is still a repeat");
    assert_eq!(rig.metrics.requests("pixel", 204).get(), 2);
}

#[tokio::test]
async fn listed_origins_may_read_answers() {
    let source = BrowserSettings { allowed_origins: vec!["https://shop.example.com".into()], ..browser() };
    let rig = Rig::start(settings(vec![SourceSettings::Browser(source)]));
    let event = format!("/csc-event?{EVENT}");
    for (target, headers, allowed) in [
        (event.as_str(), SHOP, Some("https://shop.example.com")),
        (&event, "Origin: https://other.example\r\n", None),
        (&event, "", None),
        ("/divolte.js", SHOP, Some("https://shop.example.com")),
    ] {
        let seen = rig.ask("GET", target, headers).await;
        assert_eq!((seen.status, seen.header("access-control-allow-origin")), (200, allowed), "{target} {headers}");
        assert!(seen.headers.contains(&"vary: Origin".to_owned()), "{seen:?}");
    }
    assert_eq!(rig.events(), 3, "an event is taken whoever may read the answer");
    let ask = format!("{SHOP}Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-own\r\n");
    let granted = "204 | access-control-allow-headers: * | access-control-allow-methods: GET | \
                   access-control-allow-origin: https://shop.example.com | access-control-max-age: 86400 | \
                   server: divolte | vary: Origin";
    assert_eq!(rig.ask("OPTIONS", &event, &ask).await.shape(), granted);
    assert_eq!(rig.ask("OPTIONS", "/divolte.js", &ask).await.shape(), granted);
    for headers in ["", SHOP, &ask.replace("shop", "other")] {
        assert_eq!(rig.ask("OPTIONS", &event, headers).await.status, 405, "{headers}");
    }
}

#[tokio::test]
async fn no_origin_is_told_anything_unless_asked_for() {
    let rig = Rig::start(default_settings());
    let ask = format!("{SHOP}Access-Control-Request-Method: GET\r\n");
    for (method, target) in [("GET", "/csc-event"), ("GET", "/divolte.js"), ("OPTIONS", "/csc-event")] {
        let seen = rig.ask(method, target, &ask).await;
        assert!(!seen.headers.iter().any(|line| line.starts_with("access-control") || line.ends_with("Origin")));
        assert_eq!(seen.status == 405, method == "OPTIONS");
    }
}

#[tokio::test]
async fn a_strict_source_says_why_there_is_no_event() {
    let rig = strict();
    let no_session = BODY.replace("0:16:s", "x");
    for (target, body, code, detail) in [
        (PARTY, "not json", "malformed", "the body is no JSON object"),
        (PARTY, "{\"a\": 1}", "unknown_property", "the body has an unknown property"),
        (PARTY, &no_session, "session_id", "the session id is missing or invalid"),
        (PARTY, "", "no_body", "there is no body"),
        ("/j", BODY, "party_id", "the party id, parameter `p` of the query, is missing or invalid"),
    ] {
        let seen = rig.post(target, JSON, body).await;
        assert_eq!((seen.status, seen.header("content-type")), (400, Some("application/problem+json")), "{body}");
        assert_eq!(seen.header("connection"), Some("keep-alive"));
        let told: serde_json::Value = serde_json::from_slice(&seen.body).expect("JSON");
        let expected = serde_json::json!({"status": 400, "title": "Bad Request", "code": code, "detail": detail});
        assert_eq!(told, expected);
    }
    let broken = format!("POST {PARTY} HTTP/1.1\r\nHost: a\r\n{JSON}Transfer-Encoding: chunked\r\n\r\nzz\r\n");
    let seen = rig.raw(broken.as_bytes()).await;
    assert_eq!((seen.status, seen.header("connection")), (400, Some("close")));
    assert!(String::from_utf8_lossy(&seen.body).contains("\"code\":\"body\""), "{seen:?}");
    assert_eq!(rig.events(), 0);
    assert_eq!(rig.metrics.dropped("json", "unknown_property").get(), 1);
    assert_eq!(rig.post(PARTY, JSON, BODY).await.shape(), "204 | server: divolte");
    assert_eq!(rig.events(), 1);
}

#[tokio::test]
async fn a_strict_source_takes_compressed_bodies_within_the_limit() {
    let rig = strict();
    let packed = format!("{JSON}Content-Encoding: gzip\r\n");
    let padded = |length: usize| gzip(format!("{BODY}{}", " ".repeat(length - BODY.len())).as_bytes());
    for (headers, body, status, events) in [
        (&packed, gzip(BODY.as_bytes()), 204, 1),
        (&packed, padded(4096), 204, 2),
        (&packed, padded(4097), 413, 2),
        (&packed, gzip(&vec![b' '; 3 << 20]), 413, 2),
        (&packed, BODY.into(), 400, 2),
        (&packed, gzip(b""), 400, 2),
        (&format!("{JSON}Content-Encoding: br\r\n"), BODY.into(), 415, 2),
        (&format!("{JSON}Content-Encoding: identity\r\n"), BODY.into(), 204, 3),
    ] {
        let seen = rig.post_bytes(PARTY, headers, &body).await;
        assert_eq!((seen.status, rig.events()), (status, events), "{headers} {body:.40?}");
        assert_eq!(seen.header("accept-encoding"), (status == 415).then_some("gzip"));
    }
    let lenient = Rig::start(default_settings());
    assert_eq!(lenient.post_bytes(PARTY, &packed, &gzip(BODY.as_bytes())).await.shape(), "204 | server: divolte");
    assert_eq!(lenient.events(), 0, "to the original that was a broken body");
}

#[tokio::test]
async fn bodies_in_other_encodings_are_events() {
    let rig = strict();
    let units: Vec<u16> = BODY.encode_utf16().collect();
    let encodings: [Vec<u8>; 4] = [
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_be_bytes()).collect(),
        BODY.chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect(),
        format!("\u{feff}{BODY}").into_bytes(),
    ];
    for (body, events) in encodings.iter().zip(1..) {
        assert_eq!((rig.post_bytes(PARTY, JSON, body).await.status, rig.events()), (204, events), "{body:?}");
    }
}

#[tokio::test]
async fn a_batch_is_taken_whole_or_not_at_all() {
    let source = JsonSettings { batch: true, body_bytes_max: 1 << 20, ..json("/j") };
    let rig = Rig::start(settings(vec![SourceSettings::Json(source)]));
    let own = BODY.replacen('{', r#"{"party_id":"0:16:own","#, 1);
    let malformed = r#""code":"malformed""#;
    for (target, body, status, told, events) in [
        (PARTY, format!("[{BODY}, {BODY}, {own}]"), 204, "", 3),
        ("/j", format!(" [{own}]"), 204, "", 4),
        ("/j", format!("[{own},{BODY}]"), 400, "event 1 of the batch: the party id is missing", 4),
        (PARTY, format!("[{BODY},{{}}]"), 400, "event 1 of the batch: the session id is missing", 4),
        (PARTY, format!("[{BODY}"), 400, malformed, 4),
        (PARTY, "[]".to_owned(), 400, "the batch is empty", 4),
        (PARTY, BODY.to_owned(), 204, "", 5),
        (PARTY, own.clone(), 204, "", 5),
        ("/j", BODY.to_owned(), 400, "", 5),
    ] {
        let seen = rig.post(target, JSON, &body).await;
        assert_eq!((seen.status, rig.events()), (status, events), "{target} {body}");
        assert!(String::from_utf8_lossy(&seen.body).contains(told), "{seen:?}");
    }
    assert_eq!(rig.metrics.dropped("json", "session_id").get(), 1);
    let without = Rig::start(default_settings());
    assert_eq!(without.post(PARTY, JSON, &format!("[{BODY}]")).await.status, 204);
    assert_eq!(without.events(), 0, "to the original that was no event");
}
