//! `headwater playground`: what comes to its second port is listed, within bounds, for who has the token.

use serde_json::{Value, json};

use crate::{
    run::{BrowserRequest, PATIENCE, Place},
    support::{http::Request, program::Program},
};

/// Requests that are listed.
const LISTED: usize = 50;

/// The playground on the ports of a place: the page on that of the admin listener, requests on the public one.
#[track_caller]
fn start(place: &Place) -> (Program, String) {
    let (page, collect) = (format!("127.0.0.1:{}", place.admin), format!("127.0.0.1:{}", place.port));
    let program = place.start(place.command(&["playground", "--listen", &page, "--collect", &collect]));
    let output = program.output();
    let (_, rest) = output.split_once("?token=").unwrap_or_else(|| panic!("no link in:\n{output}"));
    let token = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    (program, token)
}

/// The requests after a number.
#[track_caller]
fn listed(place: &Place, token: &str, after: u64) -> Vec<Value> {
    let bearer = format!("Bearer {token}");
    let host = format!("127.0.0.1:{}", place.admin);
    let answer = place.ask_admin(&format!("/live?after={after}"), &host, &[("Authorization", &bearer)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[test]
fn live_requests_are_listed_within_bounds() {
    let place = Place::new();
    let (mut program, token) = start(&place);
    assert!(listed(&place, &token, 0).is_empty());

    // As a browser sends it; what brings no event is answered, and not listed.
    let page_view = &BrowserRequest::all()[0];
    assert_eq!(page_view.send(place.port).response().status, 200);
    for path in ["/divolte.js", "/ping", "/"] {
        assert_eq!(Request::get(path).send(place.port, PATIENCE).response().status, 200, "{path}");
    }
    let found = listed(&place, &token, 0);
    assert_eq!(found.len(), 1, "{found:?}");
    let request: Value = serde_json::from_str(found[0]["request"].as_str().expect("a text")).expect("JSON");
    assert_eq!([&request["url"], &request["method"]], [&json!(page_view.target), &json!("GET")]);
    assert!(request["headers"]["user-agent"].is_string(), "{request}");

    // What cannot be shown says so; the sources answer as ever.
    let large = format!("{{\"a\": \"{}\"}}", "x".repeat(100_000));
    let odd: [(Option<&str>, &[u8], u16, &str); 3] = [
        (None, large.as_bytes(), 400, "too large to be shown"),
        (Some("gzip"), b"\x1f\x8b", 400, "its body is compressed"),
        (None, b"\xff\xfe", 400, "its body is no text"),
    ];
    for (number, (coding, body, status, note)) in odd.into_iter().enumerate() {
        let length = body.len().to_string();
        let own = [("Host", "h"), ("Content-Type", "application/json"), ("Content-Length", &length)];
        let headers: Vec<_> = own.into_iter().chain(coding.map(|coding| ("Content-Encoding", coding))).collect();
        let answer = Request::new("POST", "/event?p=0:1:me", &headers, body).send(place.port, PATIENCE).response();
        assert_eq!(answer.status, status, "{note}: {}", answer.text());
        let found = listed(&place, &token, number as u64 + 1);
        assert_eq!([&found[0]["request"], &found[0]["note"]], [&Value::Null, &json!(note)]);
    }

    for number in 0..LISTED + 3 {
        Request::get(&format!("/csc-event?p={number}")).send(place.port, PATIENCE).response();
    }
    let found = listed(&place, &token, 0);
    let last = 4 + LISTED as u64 + 3;
    assert_eq!((found.len(), found[LISTED - 1]["number"].as_u64()), (LISTED, Some(last)));
    assert!(listed(&place, &token, last).is_empty());
    assert_eq!(place.admin("/live").status, 401, "without the token");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert!(!place.path().join("data").exists(), "nothing is written");
}

#[test]
fn only_this_machine_is_listened_to() {
    let place = Place::new();
    for argument in ["--listen", "--collect"] {
        let output = place.output(&["playground", argument, "0.0.0.0:0"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("for this machine only"), "{output:?}");
    }
}
