//! The admin listener: what it tells, and whom.

use std::{thread, time::Duration};

use serde_json::Value;

use crate::{
    run::{BrowserRequest, PATIENCE, Place},
    support::http::Request,
};

#[test]
fn it_tells_what_happened() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let sent = BrowserRequest::all();
    for request in &sent {
        request.send(place.port).response();
    }

    assert_eq!(place.admin("/health/live").status, 200);
    let ready = place.admin("/health/ready");
    assert_eq!(ready.status, 200, "{}", ready.text());

    let metrics = place.admin("/metrics");
    assert!(metrics.header("content-type").is_some_and(|kind| kind.contains("text")), "{metrics:?}");
    let text = metrics.text();
    let accepted = text.lines().find(|line| line.starts_with("headwater_events_accepted_total{source=\"browser\"}"));
    let accepted = accepted.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    assert_eq!(accepted, Some(sent.len()), "{text}");

    // Totals follow the checkpoint, which comes a moment later.
    let count = sent.len().to_string();
    let mut status = Value::Null;
    for _ in 0..200 {
        status = serde_json::from_str(&place.admin("/status").text()).expect("JSON");
        if status.to_string().contains(&count) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert!(status.to_string().contains(&count), "{status}");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
}

#[test]
fn it_answers_only_under_its_own_names() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let port = place.admin;
    for target in ["/metrics", "/status", "/health/ready"] {
        for host in ["127.0.0.1", "localhost"] {
            assert_eq!(place.ask_admin(target, &format!("{host}:{port}"), &[]).status, 200, "{host}{target}");
        }
        // A name of somebody else's that was made to point here.
        let response = place.ask_admin(target, &format!("evil.example:{port}"), &[]);
        assert!((400..500).contains(&response.status), "{target}: {response:?}");
        assert!(!response.text().contains("headwater_"), "{target}: {response:?}");
    }
    let own = format!("127.0.0.1:{port}");
    let foreign = place.ask_admin("/status", &own, &[("Origin", "http://evil.example")]);
    assert!((400..500).contains(&foreign.status), "{foreign:?}");
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn a_name_that_it_does_not_know_is_not_found() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    assert_eq!(place.admin("/nothing-here").status, 404);
    // The public listener has none of it.
    for target in ["/metrics", "/status", "/health/live"] {
        assert_eq!(Request::get(target).send(place.port, PATIENCE).response().status, 404, "{target}");
    }
    assert_eq!(program.stop(), Some(0));
}
