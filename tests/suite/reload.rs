//! Scripts and schemas that are exchanged while the program runs.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    fastavro,
    run::{PATIENCE, Place},
    support::{
        http::{Answer, Request},
        program::Program,
    },
};

/// How long an exchange may take to be noticed; generous, because the machine may be busy.
const NOTICED: Duration = Duration::from_secs(30);

fn schema(fields: &str) -> String {
    format!(
        r#"{{"type": "record", "name": "Click", "fields": [{{"name": "id", "type": "string"}},
        {{"name": "note", "type": ["null", "string"], "default": null}} {fields}]}}"#
    )
}

fn script(more: &str) -> String {
    format!("mapping {{\n  map eventId() onto 'id'\n  {more}\n}}\n")
}

fn place() -> Place {
    let place = Place::new();
    for directory in ["work", "pub"] {
        fs::create_dir(place.path().join(directory)).expect("a writable test directory");
    }
    place.write("s.avsc", &schema(""));
    place.write("s.groovy", &script(""));
    let text = format!(
        "divolte {{
          global {{ data_directory = data, admin.port = {} }}
          sources.app {{ type = json, event_path = /event }}
          mappings.clicks {{ sources = [app], sinks = [files], schema_file = s.avsc, mapping_script_file = s.groovy }}
          sinks.files {{ type = file, file_strategy {{
            working_dir = work, publish_dir = pub, roll_every = 1 hour, sync_file_after_records = 5 }} }}
        }}",
        place.admin
    );
    place.write("site.conf", &text);
    place
}

fn start(place: &Place) -> Program {
    let mut command = place.command(&["serve", "-c", "site.conf"]);
    command.env("DIVOLTE_PORT", place.port.to_string());
    place.start(command)
}

/// Sends an event; says whether it was taken.
fn send(place: &Place, id: &str) -> bool {
    let body = json!({"session_id": "0:1:s", "event_id": id, "event_type": "hello", "is_new_party": true,
        "is_new_session": true, "client_timestamp_iso": "2030-01-01T12:00:00Z", "parameters": {}});
    let body = body.to_string();
    let length = body.len().to_string();
    let headers =
        [("Host", "x"), ("Content-Type", "application/json"), ("Content-Length", &length), ("X-Shop", "north")];
    let request = Request::new("POST", "/event?p=0:1:me", &headers, body.as_bytes());
    matches!(request.send(place.port, PATIENCE), Answer::Response(response) if response.status == 204)
}

#[track_caller]
fn await_log(program: &Program, part: &str, times: usize) {
    let until = Instant::now() + NOTICED;
    while program.output().matches(part).count() < times {
        assert!(Instant::now() < until, "no {part:?} in:\n{}", program.output());
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the sink has mapped everything that was sent.
#[track_caller]
fn await_mapped(place: &Place, events: u64) {
    let until = Instant::now() + NOTICED;
    let line = "headwater_mapping_duration_seconds_count{sink=\"files\"} ";
    loop {
        let metrics = place.admin("/metrics").text();
        let written = "headwater_sink_written_records_total{sink=\"files\"} ";
        let value = |name: &str| metrics.lines().find_map(|found| found.strip_prefix(name)?.parse::<u64>().ok());
        if value(written) >= Some(events) && value(line) > Some(0) {
            return;
        }
        assert!(Instant::now() < until, "{metrics}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn published(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path().join("pub")).expect("a directory");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn records(place: &Place) -> Vec<Value> {
    published(place).iter().flat_map(|path| fastavro::read(path).records).collect()
}

fn reloads(place: &Place, result: &str) -> u64 {
    let metrics = place.admin("/metrics").text();
    let name = format!("headwater_reloads_total{{what=\"mappings\",result=\"{result}\"}} ");
    let found = metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok());
    found.unwrap_or_else(|| panic!("no {name} in:\n{metrics}"))
}

#[test]
fn a_script_takes_effect_between_two_events_and_a_bad_one_never() {
    let place = place();
    let mut program = start(&place);
    let since = |place: &Place| place.admin("/status").text();
    let before: Value = serde_json::from_str(&since(&place)).expect("JSON");
    assert_eq!(before["mappings"][0]["script"], "s.groovy");
    assert!(send(&place, "1"));
    await_mapped(&place, 1);

    // Found by looking.
    place.exchange("s.groovy", &script("map header('x-shop').first() onto 'note'"));
    await_log(&program, "mappings exchanged", 1);
    assert!(program.output().contains("x-shop"), "not kept before:\n{}", program.output());
    assert!(send(&place, "2"));
    await_mapped(&place, 2);
    await_log(&program, "mapped anew from this event on", 1);

    // Wrong, and told at once.
    place.exchange("s.groovy", &script("map partyID() onto 'note'"));
    program.signal("HUP");
    await_log(&program, "are refused, those in force stay", 1);
    await_log(&program, "s.groovy:3", 1);
    assert!(send(&place, "3"));
    await_mapped(&place, 3);

    place.exchange("s.groovy", &script("map 'third' onto 'note'"));
    program.signal("HUP");
    await_log(&program, "mappings exchanged", 2);
    program.signal("HUP");
    await_log(&program, "are those in force", 1);
    assert!(send(&place, "4"));
    await_mapped(&place, 4);
    let after: Value = serde_json::from_str(&since(&place)).expect("JSON");
    assert!(after["mappings"][0]["since"].as_i64() > before["mappings"][0]["since"].as_i64(), "{after}");
    let counted = ["done", "refused", "unchanged"].map(|result| reloads(&place, result));
    assert!(counted[0] == 2 && counted[1] >= 1 && counted[2] >= 1, "{counted:?}");

    place.write("site.conf", "divolte.global.server.port = 1\n");
    await_log(&program, "a restart is needed", 1);
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert_eq!(published(&place).len(), 1, "the same schema, the same file");
    let notes: Vec<_> = records(&place).into_iter().map(|record| record["note"].clone()).collect();
    assert_eq!(notes, [Value::Null, "north".into(), "north".into(), "third".into()]);
}

#[test]
fn another_schema_begins_another_file() {
    let place = place();
    let mut program = start(&place);
    assert!(send(&place, "1") && send(&place, "2"));
    await_mapped(&place, 2);
    place.exchange("s.avsc", &schema(r#", {"name": "kind", "type": "string", "default": "?"}"#));
    await_log(&program, "mappings exchanged", 1);
    assert!(send(&place, "3"));
    await_mapped(&place, 3);
    let files = published(&place);
    assert_eq!(files.len(), 1, "the former one is published at once");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let ids = |path: &PathBuf| -> Vec<Value> {
        fastavro::read(path).records.into_iter().map(|record| json!([record["id"], record["kind"]])).collect()
    };
    assert_eq!(ids(&files[0]), [json!(["1", null]), json!(["2", null])]);
    let last: Vec<_> = published(&place).into_iter().filter(|path| !files.contains(path)).collect();
    assert_eq!(ids(&last[0]), [json!(["3", "?"])]);
}

#[test]
fn a_kill_around_an_exchange_loses_and_repeats_nothing() {
    let place = place();
    let mut sent = BTreeSet::new();
    for round in 0..4 {
        let mut program = start(&place);
        let fields = if round % 2 == 0 { r#", {"name": "kind", "type": "string", "default": "?"}"# } else { "" };
        for number in 0..40 {
            let id = format!("{round}-{number}");
            if send(&place, &id) {
                sent.insert(id);
            }
            if number == 20 {
                place.exchange("s.avsc", &schema(fields));
                program.signal("HUP");
            }
            // At a moment of its own each time, the exchange under way or done.
            if number == 22 + round * 5 {
                program.signal("KILL");
                program.wait();
                break;
            }
        }
    }
    let mut program = start(&place);
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let records = records(&place);
    let ids: Vec<_> = records.iter().map(|record| record["id"].as_str().expect("a text").to_owned()).collect();
    let once: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), once.len(), "twice: {ids:?}");
    // An event whose answer was cut off may be there or not.
    let missing: Vec<_> = sent.difference(&once).collect();
    assert!(missing.is_empty(), "{missing:?}\n{}", program.output());
}
