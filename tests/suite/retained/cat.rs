//! `headwater journal cat` and `export`.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use super::Site;
use crate::{
    fastavro,
    run::{BrowserRequest, Place},
    support::program::send_signal,
};

fn offsets(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["offset"].as_u64().expect("an offset")).collect()
}

#[test]
fn retained_events_are_printed_beside_a_running_server_and_behind_a_killed_one() {
    let site = Site::new();
    assert!(site.fine(&["journal", "cat"]).told.contains("holds no events"));
    let mut program = site.start(&[]);
    site.send_five();
    let lines = site.fine(&["journal", "cat"]).lines();
    assert_eq!(offsets(&lines), [0, 1, 2, 3, 4]);
    let expected = json!({
        "source": "app", "kind": "json", "event_type": "view", "event_id": "e0", "party_id": "0:1:a",
        "session_id": "0:1:sa", "duplicate": true, "corrupt": false, "client_time": "2030-01-01T12:00:00.000Z",
        "parameters": {"product": "kettle"},
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(lines[4][name], *value, "{name} of {}", lines[4]);
    }
    let second = lines[2]["time"].as_str().expect("a time");
    for (arguments, expected) in [
        (&["--from", "2"][..], &[2, 3, 4][..]),
        (&["--from", "1", "--to", "3"], &[1, 2]),
        (&["--from", second, "--event", "e3"], &[3]),
        (&["--from", "1h", "--limit", "2"], &[0, 1]),
        (&["--to", "2020-01-01"], &[]),
        (&["--party", "0:1:b"], &[2, 3]),
        (&["--session", "0:1:sa", "--event-type", "view"], &[0, 4]),
        (&["--event-type", "view", "--event-type", "buy"], &[0, 1, 2, 4]),
        (&["--event", "e0", "--source", "app"], &[0, 4]),
        (&["--source", "other"], &[]),
        (&["--from", "9"], &[]),
    ] {
        let said = site.fine(&[&["journal", "cat"], arguments].concat());
        assert_eq!(offsets(&said.lines()), expected, "{arguments:?}");
    }
    program.signal("KILL");
    program.wait();
    assert_eq!(offsets(&site.fine(&["journal", "cat"]).lines()), [0, 1, 2, 3, 4]);
    let said = site.run(&["journal", "cat", "--from", "yesterday"]);
    assert!(said.code == Some(2) && said.told.contains("how long ago"), "{}", said.told);

    let segment = site.place.path().join("data/journal/0000000000000001.segment");
    let mut bytes = fs::read(&segment).expect("the segment");
    bytes[4096 + 100] ^= 1;
    fs::write(&segment, bytes).expect("a file of ours");
    let said = site.fine(&["journal", "cat"]);
    assert!(said.told.contains("events 0..1 are missing: lost"), "{}", said.told);
    assert_eq!(offsets(&said.lines()), [1, 2, 3, 4]);
}

#[test]
fn events_to_come_are_followed() {
    let site = Site::new();
    let mut program = site.start(&[]);
    site.send("a", "e0", Some("view"), "kettle");
    let mut command = site.place.command(&["journal", "cat", "--follow", "-c", "site.conf", "--event-type", "view"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program can be run");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    assert_eq!(next()["event_id"], "e0");
    site.send("a", "e1", Some("buy"), "kettle");
    site.send("a", "e2", Some("view"), "kettle");
    assert_eq!(next()["event_id"], "e2");
    send_signal(child.id(), "TERM");
    assert_eq!(child.wait().expect("a child of ours").code(), Some(0));
    assert_eq!(program.stop(), Some(0));
}

/// What the server had written of a letter behind its last checkpoint is not there twice when it is written again.
#[test]
fn dead_letters_are_printed_once_across_kill_9() {
    let site = Site::new();
    assert!(site.fine(&["journal", "cat", "--dead-letters"]).told.contains("sink files has no dead letters"));
    let printed = || offsets(&site.fine(&["journal", "cat", "--dead-letters"]).lines());
    for round in 0..4_u64 {
        let mut program = site.start(&[]);
        for number in 0..5 {
            site.send("a", &format!("e{round}-{number}"), None, "kettle");
        }
        program.signal("KILL");
        program.wait();
        let lines = printed();
        assert!(lines.is_sorted_by(|one, other| one < other), "{lines:?}");
    }
    let mut program = site.start(&[]);
    assert_eq!(program.stop(), Some(0));
    let lines = site.fine(&["journal", "cat", "--dead-letters", "files"]).lines();
    // Where the server was killed, numbers that it had set aside are left out.
    let told = site.fine(&["journal", "cat"]).told;
    assert!(told.contains("are numbers without an event: left unused") && !told.contains("missing"), "{told}");
    assert_eq!((offsets(&lines), lines.len()), (offsets(&site.fine(&["journal", "cat"]).lines()), 20));
    let letter = &lines[0];
    assert_eq!([&letter["reason"], &letter["mapping"], &letter["sink"]], ["record_incomplete", "clicks", "files"]);
    assert_eq!([&letter["event"]["event_id"], &letter["event"]["party_id"]], ["e0-0", "0:1:a"]);
    assert!(letter["message"].as_str().is_some_and(|message| message.contains("'kind'")), "{letter}");
    let said = site.fine(&["journal", "cat", "--dead-letters", "--event", "e1-2"]);
    assert_eq!(said.lines().len(), 1, "{}", said.out);
}

#[test]
fn map_reads_what_is_printed() {
    let site = Site::new();
    let mut program = site.start(&[]);
    site.send_five();
    assert_eq!(program.stop(), Some(0));
    for (arguments, file, ids) in
        [(&["--to", "2"][..], "two.jsonl", &["e0", "e1"][..]), (&["--dead-letters"], "dead.jsonl", &["e3"])]
    {
        site.fine(&[&["journal", "export", file], arguments].concat());
        site.place.write("s.groovy", &super::repaired());
        let records = site.fine(&["map", "--request", file]).lines();
        assert_eq!(records.iter().map(|record| &record["id"]).collect::<Vec<_>>(), ids);
        assert_eq!(records[0]["visitor"], if file == "two.jsonl" { "0:1:a" } else { "0:1:b" });
    }
}

#[test]
fn an_export_is_complete_and_overwrites_nothing() {
    let site = Site::new();
    let mut program = site.start(&[]);
    site.send_five();
    assert_eq!(program.stop(), Some(0));
    let said = site.fine(&["journal", "export", "events.avro", "--party", "0:1:a"]);
    assert_eq!(said.out, "3 events in events.avro\n");
    let found = fastavro::read(&site.place.path().join("events.avro"));
    let schema = found.metadata["avro.schema"].as_str().expect("the schema");
    assert!(schema.contains("As sent, in base 36") || schema.contains("io.headwater"), "{schema}");
    let ids: Vec<_> = found.records.iter().map(|record| (&record["event_id"], &record["offset"])).collect();
    assert_eq!(ids, [(&json!("e0"), &json!(0)), (&json!("e1"), &json!(1)), (&json!("e0"), &json!(4))]);
    assert_eq!(found.records[1]["parameters"], "{\"product\":\"kettle\"}");
    assert_eq!(found.records[1]["screen_pixel_width"], Value::Null);
    site.fine(&["journal", "export", "letters.avro", "--dead-letters"]);
    let letters = fastavro::read(&site.place.path().join("letters.avro")).records;
    assert_eq!([&letters[0]["reason"], &letters[0]["event"]["event_id"]], ["record_incomplete", "e3"]);
    site.fine(&["journal", "export", "events.jsonl"]);
    let text = fs::read_to_string(site.place.path().join("events.jsonl")).expect("the lines");
    assert_eq!(text, site.fine(&["journal", "cat"]).out);
    for file in ["events.avro", "events.jsonl"] {
        let said = site.run(&["journal", "export", file]);
        assert!(said.code == Some(2) && said.told.contains("something stands there already"), "{}", said.told);
    }
    assert_eq!(site.run(&["journal", "export", "no/such/place.avro"]).code, Some(2));
    let left = site.place.entries().into_iter().filter(|path| path.to_string_lossy().contains("export"));
    assert_eq!(left.count(), 0);
}

/// Events of a browser have mincode parameters, headers and more.
#[test]
fn events_of_browsers_come_back_as_they_were() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let requests = BrowserRequest::all();
    for request in &requests {
        request.send(place.port).response();
    }
    assert_eq!(program.stop(), Some(0));
    let output = place.output(&["journal", "export", "all.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = place.output(&["map", "--request", "all.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let again: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut records = place.records();
    records.sort_by_key(|record| record["timestamp"].as_i64());
    assert_eq!(again.len(), records.len());
    for (again, record) in again.iter().zip(&records) {
        for name in ["pageViewId", "eventId", "location", "userAgentName", "timestamp", "viewportPixelWidth"] {
            assert_eq!(again.get(name), record.get(name), "{name}");
        }
    }
    let output = place.output(&["journal", "export", "all.avro"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let found = fastavro::read(&place.path().join("all.avro")).records;
    assert_eq!(found.len(), requests.len());
    assert!(
        found[0]["headers"]["user-agent"][0].as_str().is_some_and(|agent| agent.starts_with("Mozilla")),
        "{}",
        found[0]
    );
}
