//! The journal as an operator meets it.

use serde_json::Value;

use crate::run::{BrowserRequest, Place};

fn said(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.output(arguments);
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.code(), text)
}

#[test]
fn a_cursor_of_a_removed_sink_is_told_and_can_be_renamed_and_removed() {
    let place = Place::new();
    let (code, text) = said(&place, &["journal", "cursor", "ls"]);
    assert!(code == Some(0) && text.contains("there are no cursors"), "{text}");
    assert_eq!(place.start(place.serve()).stop(), Some(0));
    let (_, text) = said(&place, &["journal", "cursor", "ls"]);
    assert!(text.contains("files  has everything below 0") && !text.contains("no sink"), "{text}");
    let (code, text) = said(&place, &["journal", "cursor", "rename", "files", "old"]);
    assert_eq!(code, Some(0), "{text}");

    let mut program = place.start(place.serve());
    let status: Value = serde_json::from_slice(&place.admin("/status").body).expect("JSON");
    assert_eq!(status["journal"]["orphans"], serde_json::json!(["old"]), "{status}");
    let health = place.admin("/health/ready");
    let text = String::from_utf8_lossy(&health.body).into_owned();
    assert!(health.status == 200 && text.contains("the cursor of `old` belongs to no sink"), "{text}");
    assert!(program.output().contains("belongs to no sink"), "{}", program.output());
    let (code, text) = said(&place, &["journal", "cursor", "remove", "old"]);
    assert!(code == Some(2) && text.contains("another process uses the journal"), "{text}");
    let (_, text) = said(&place, &["journal", "cursor", "ls"]);
    assert!(text.contains("belongs to no sink"), "{text}");
    assert_eq!(program.stop(), Some(0));

    for (arguments, expected) in [
        (["rename", "old", "files"].as_slice(), 2),
        (&["remove", "old"], 0),
        (&["remove", "old"], 2),
        (&["rename", "nobody", "old"], 2),
    ] {
        let (code, text) = said(&place, &[["journal", "cursor"].as_slice(), arguments].concat());
        assert_eq!(code, Some(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn a_retry_across_a_restart_is_a_duplicate() {
    let place = Place::new();
    let requests = BrowserRequest::all();
    let duplicates = || {
        let text = String::from_utf8_lossy(&place.admin("/metrics").body).into_owned();
        let line = "headwater_events_duplicate_total{source=\"browser\"} ";
        let found = text.lines().find_map(|found| found.strip_prefix(line)?.parse::<u64>().ok());
        found.unwrap_or_else(|| panic!("no {line}\n{text}"))
    };
    let mut program = place.start(place.serve());
    requests[0].send(place.port).response();
    assert_eq!((duplicates(), program.stop()), (0, Some(0)));

    let mut program = place.start(place.serve());
    requests[0].send(place.port).response();
    requests[1].send(place.port).response();
    assert_eq!(duplicates(), 1);
    program.signal("KILL");
    program.wait();

    let mut program = place.start(place.serve());
    requests[1].send(place.port).response();
    requests[0].send(place.port).response();
    assert_eq!((duplicates(), program.stop()), (2, Some(0)));
}

#[test]
fn segments_are_listed_and_verified_while_the_server_runs_and_damage_is_told() {
    let place = Place::new();
    for (command, expected) in [("ls", "there are no segments"), ("verify", "0 events in 0 blocks can be read")] {
        let (code, text) = said(&place, &["journal", command]);
        assert!(code == Some(0) && text.contains(expected), "{command}: {text}");
    }
    let mut program = place.start(place.serve());
    // Also when what a start needs is gone.
    place.write("gone.conf", "divolte.sinks.files { type = file, file_strategy { publish_dir = gone } }\n");
    for command in [&["ls"][..], &["verify"], &["cat"], &["cursor", "ls"]] {
        let (code, text) = said(&place, &[&["journal"], command, &["-c", "gone.conf", "--data", "data"]].concat());
        assert!(code == Some(0) && !text.contains("gone"), "{command:?}: {text}");
    }
    let requests = BrowserRequest::all();
    for request in &requests {
        request.send(place.port).response();
    }
    let expected = format!("0000000000000001.segment  events 0..{}, begun 2", requests.len());
    let (code, text) = said(&place, &["journal", "ls"]);
    assert!(code == Some(0) && text.contains(&expected), "{text}");
    let expected = format!("{} events in ", requests.len());
    let (code, text) = said(&place, &["journal", "verify"]);
    assert!(code == Some(0) && text.contains(&expected), "{text}");
    assert_eq!(program.stop(), Some(0));

    let segment = place.path().join("data/journal/0000000000000001.segment");
    let mut bytes = std::fs::read(&segment).expect("the segment");
    bytes[4096 + 100] ^= 1;
    std::fs::write(&segment, bytes).expect("a file of ours");
    let (code, text) = said(&place, &["journal", "verify"]);
    assert!(code == Some(1) && text.contains("are missing: lost") && text.contains("are damaged"), "{text}");
}

#[test]
fn the_journal_is_measured() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    for request in BrowserRequest::all() {
        request.send(place.port).response();
    }
    let status: Value = serde_json::from_slice(&place.admin("/status").body).expect("JSON");
    let journal = &status["journal"];
    assert_eq!(journal["segments"], 1, "{status}");
    assert!(journal["seconds_until_full"].as_f64().is_some_and(|seconds| seconds > 1000.0), "{status}");
    let text = String::from_utf8_lossy(&place.admin("/metrics").body).into_owned();
    for line in ["headwater_journal_segments 1", "headwater_journal_refusing 0", "headwater_journal_orphans 0"] {
        assert!(text.lines().any(|found| found == line), "no {line}\n{text}");
    }
    for histogram in ["write", "sync"] {
        let none = format!("headwater_journal_{histogram}_duration_seconds_count 0");
        assert!(histogram == "sync" || !text.contains(&none), "{text}");
    }
    assert_eq!(program.stop(), Some(0));
    let (code, text) = said(&place, &["check"]);
    assert_eq!(code, Some(0), "{text}");
    for part in ["one sync takes", "of 1000 events a second while a sink is down"] {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}
