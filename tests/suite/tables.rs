//! Tables that scripts look up in, and how they are exchanged under the running program.

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    run::{PATIENCE, Place},
    support::{
        http::{Answer, Request},
        program::Program,
    },
};

const USERS: &str = include_str!("../fixtures/tables/web_users.csv");
const PROFILES: &str = include_str!("../fixtures/tables/user_profiles.jsonl");

const SCHEMA: &str = r#"{"type": "record", "name": "Click", "fields": [
    {"name": "id", "type": "string"},
    {"name": "level", "type": ["null", "string"], "default": null},
    {"name": "city", "type": ["null", "string"], "default": null},
    {"name": "value", "type": ["null", "double"], "default": null}]}"#;

/// With one more line.
fn script(more: &str) -> String {
    format!(
        "mapping {{
  def user = lookup('web_users', eventParameter('userid'))
  map eventId() onto 'id'
  map user.column('level') onto 'level'
  {more}
}}
"
    )
}

const CITY: &str = "map user.column('city') onto 'city'";
const VALUE: &str =
    "map((parse lookup('profiles', eventParameter('profile')).column('lifetime_value') to fp64)).onto('value')";

fn place() -> Place {
    let place = Place::new();
    for directory in ["work", "data/events"] {
        fs::create_dir_all(place.path().join(directory)).expect("a writable test directory");
    }
    for (name, text) in [
        ("users.csv", USERS),
        ("profiles", PROFILES),
        ("s.avsc", SCHEMA),
        ("s.groovy", &script(&format!("{CITY}\n  {VALUE}"))),
    ] {
        place.write(name, text);
    }
    let text = format!(
        "divolte {{
          global {{ data_directory = data, admin.port = {}, journal {{ segment_size = 8M, reserve = 8M }} }}
          tables {{
            web_users {{ file = users.csv, key = userid }}
            profiles {{ file = profiles, key = user_id }}
          }}
          sources.app {{ type = json, event_path = /event }}
          mappings.clicks {{ sources = [app], sinks = [files], schema_file = s.avsc, mapping_script_file = s.groovy }}
          sinks.files {{ type = file, file_strategy {{
            working_dir = work, publish_dir = data/events, roll_every = 1 hour, sync_file_after_records = 5 }} }}
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

fn event(id: &str) -> Value {
    json!({"session_id": "0:1:s", "event_id": id, "event_type": "hello", "is_new_party": true,
        "is_new_session": true, "client_timestamp_iso": "2030-01-01T12:00:00Z",
        "parameters": {"userid": 1, "profile": "u1"}})
}

/// Sends an event, and waits until the sink has mapped `events` in all.
#[track_caller]
fn send(place: &Place, id: &str, events: u64) {
    let body = event(id).to_string();
    let length = body.len().to_string();
    let headers = [("Host", "x"), ("Content-Type", "application/json"), ("Content-Length", &length)];
    let request = Request::new("POST", "/event?p=0:1:me", &headers, body.as_bytes());
    let answer = request.send(place.port, PATIENCE);
    assert!(matches!(&answer, Answer::Response(response) if response.status == 204), "{answer:?}");
    await_that("the event is mapped", || {
        counted(place, "headwater_sink_written_records_total{sink=\"files\"} ") >= events
    });
}

fn counted(place: &Place, name: &str) -> u64 {
    let metrics = place.admin("/metrics").text();
    metrics.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap_or(0)
}

fn reloads(place: &Place, result: &str) -> u64 {
    counted(place, &format!("headwater_reloads_total{{what=\"tables\",result=\"{result}\"}} "))
}

/// Generous, because the machine may be busy.
#[track_caller]
fn await_that(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "not so: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn await_log(program: &Program, part: &str, times: usize) {
    let until = Instant::now() + Duration::from_secs(30);
    while program.output().matches(part).count() < times {
        assert!(Instant::now() < until, "no {part:?} in:\n{}", program.output());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_table_takes_effect_between_two_events_and_a_damaged_one_never() {
    let place = place();
    let mut program = start(&place);
    send(&place, "1", 1);

    // Found by looking.
    place.exchange("users.csv", &USERS.replace("Gold", "Platinum"));
    await_log(&program, "table exchanged", 1);
    send(&place, "2", 2);
    await_log(&program, "looked up in the new table from this event on", 1);

    // Damaged, and told at once with its line, but not with what stands there.
    place.exchange("users.csv", &USERS.replace("\"Bergen, NH\"", "Bergen, NH"));
    program.signal("HUP");
    await_log(&program, "the new table is refused, the one in use stays", 1);
    await_log(&program, "line 2 has 6 values where the header has 5", 1);
    assert!(!program.output().contains("Bergen"), "{}", program.output());
    send(&place, "3", 3);

    // Written where it stands, as another format.
    place.write("profiles", "[{\"user_id\": \"u1\", \"lifetime_value\": 7}]");
    await_log(&program, "table exchanged", 2);
    send(&place, "4", 4);

    place.exchange("users.csv", &USERS.replace("Gold", "Platinum"));
    program.signal("HUP");
    await_that("nothing new was found", || reloads(&place, "unchanged") >= 3);
    assert!(reloads(&place, "done") == 2 && reloads(&place, "refused") >= 1);
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let records: Vec<_> = place.records();
    let seen: Vec<_> = records.iter().map(|record| json!([record["level"], record["city"], record["value"]])).collect();
    let expected = [
        json!(["Gold", "Bergen, NH", 1249.5]),
        json!(["Platinum", "Bergen, NH", 1249.5]),
        json!(["Platinum", "Bergen, NH", 1249.5]),
        json!(["Platinum", "Bergen, NH", 7.0]),
    ];
    assert_eq!(seen, expected, "{}", program.output());
}

#[test]
fn script_and_table_wait_for_each_other() {
    let place = place();
    let mut program = start(&place);
    send(&place, "1", 1);

    // Without a column that the script reads.
    let users = "userid,level\n1,Diamond\n";
    place.exchange("users.csv", users);
    await_log(&program, "it has no column `city`, which the script of mapping `clicks` reads", 1);
    send(&place, "2", 2);
    place.exchange("s.groovy", &script(VALUE));
    await_log(&program, "mappings exchanged", 1);
    await_log(&program, "table exchanged", 1);
    send(&place, "3", 3);

    // The script first, which then wants a column that is not there yet.
    place.exchange("s.groovy", &script("map user.column('town') onto 'city'"));
    await_log(&program, "error[M019]", 1);
    place.exchange("users.csv", "userid,level,town\n1,Diamond,Delft\n");
    await_log(&program, "mappings exchanged", 2);
    send(&place, "4", 4);
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let seen = place.records().into_iter().map(|record| json!([record["level"], record["city"]]));
    let expected = [
        json!(["Gold", "Bergen, NH"]),
        json!(["Gold", "Bergen, NH"]),
        json!(["Diamond", null]),
        json!(["Diamond", "Delft"]),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

#[test]
fn a_damaged_table_stops_the_start() {
    let place = place();
    place.write("users.csv", &USERS.replace("\n2,", "\n1,"));
    let output = place.output(&["serve", "-c", "site.conf"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("error[C021]: `users.csv` of table `web_users`: line 3 has the same key as line 2"),
        "{text}"
    );
    assert!(text.contains("site.conf:4:"), "{text}");
}

#[test]
fn check_and_map_use_tables() {
    let place = place();
    let output = place.output(&["check", "-c", "site.conf"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in ["Look up", "3 rows of 5 columns, by `userid`", "2 rows of 5 columns, by `user_id`"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let mut line = event("1");
    line["parameters"]["userid"] = "3".into();
    let request = format!(
        "POST /event?p=0:1:me HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{line}",
        line.to_string().len()
    );
    place.write("r.http", &request);
    let mut command = place.command(&["map", "-c", "site.conf", "--request", "r.http", "--trace"]);
    let output = command.stdin(Stdio::null()).output().expect("the program can be run");
    let (record, trace) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{record}{trace}");
    assert!(trace.contains("level = \"Platinum\"") && trace.contains("city stays, there is no value"), "{trace}");
    assert!(trace.contains("value = 1249.5"), "{trace}");
    let record: Value = serde_json::from_str(&record).expect("a record");
    assert!(record.to_string().contains("Platinum"), "{record}");
}
