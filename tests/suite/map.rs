//! `headwater map`: what becomes of requests, without a server.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    run::{PATIENCE, Place},
    support::{
        http::Request,
        program::{free_port, send_signal},
    },
};

const SCHEMA: &str = r#"{"type": "record", "name": "Click", "fields": [
    {"name": "visitor", "type": "string"},
    {"name": "host", "type": ["null", "string"], "default": null},
    {"name": "product", "type": ["null", "string"], "default": null},
    {"name": "kind", "type": "string"}]}"#;

const SCRIPT: &str = "mapping {
  map partyId() onto 'visitor'
  map eventParameters().value('product') onto 'product'
  when eventType().isPresent() apply {
    map eventType() onto 'kind'
  }
  map header('x-shop').first() onto 'host'
}
";

/// A place with a configuration of these mappings.
fn place(mappings: &[(&str, &str)]) -> Place {
    let place = Place::new();
    place.write("s.avsc", SCHEMA);
    let mut text =
        "divolte.sources { browser { type = browser }, app { type = json, event_path = /event } }\n".to_owned();
    text += "divolte.sinks.files { type = file, file_strategy { working_dir = ., publish_dir = . } }\n";
    for (name, options) in mappings {
        place.write(&format!("{name}.groovy"), SCRIPT);
        let mapping = format!(
            "divolte.mappings.{name} {{ sources = [browser, app], sinks = [files], schema_file = s.avsc, \
             mapping_script_file = {name}.groovy, {options} }}\n"
        );
        text.push_str(&mapping);
    }
    place.write("site.conf", &text);
    place
}

const PIXEL: &str = "/csc-event?p=0%3A1%3Ame&s=0%3A1%3As&v=0%3Ap&e=0%3Ap0&c=1&n=t&f=t&t=pageView";

fn map(place: &Place, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = place.output(&[&["map", "-c", "site.conf"], arguments].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn records_go_to_the_output_and_the_lines_that_made_them_beside_it() {
    let place = place(&[("clicks", "")]);
    place.write("r.txt", &format!("GET {PIXEL} HTTP/1.1\nX-Shop: north\n"));
    let (code, out, told) = map(&place, &["--request", "r.txt", "--trace"]);
    assert_eq!(code, Some(0), "{told}");
    let record: Value = serde_json::from_str(&out).expect("one record");
    assert_eq!(record, json!({"visitor": "0:1:me", "host": "north", "product": null, "kind": "pageView"}));
    for part in [
        "clicks.groovy:2",
        "→ visitor = \"0:1:me\"",
        "→ product stays, there is no value",
        "clicks.groovy:4",
        "→ true",
        "clicks.groovy:7",
        "→ host = \"north\"",
    ] {
        assert!(told.contains(part), "no {part:?} in:\n{told}");
    }
    let (code, _, told) = map(&place, &["--request", "r.txt"]);
    assert!(code == Some(0) && !told.contains("request 1"), "nothing to say: {told}");
    assert!(!place.path().join("data").exists(), "nothing is made");
}

#[test]
fn what_has_no_record_is_told_with_its_reason() {
    let place = place(&[("clicks", "discard_corrupted = true")]);
    for (request, code, parts) in [
        // No checksum.
        (PIXEL, 0, &["mapping clicks: left out, it is corrupt"][..]),
        ("/csc-event?p=0", 1, &["no event: party_id is missing or invalid", "1 of 1 requests have no record"]),
        ("/elsewhere", 1, &["no request brings an event", "/csc-event"]),
        ("{\"location\": \"x\"}", 1, &["dead letter, record_incomplete", "'kind'"]),
        ("{\"locatoin\": \"x\"}", 2, &["r.txt: line 1: `locatoin`"]),
        ("", 2, &["there is no request in it"]),
    ] {
        place.write("r.txt", request);
        let (found, out, told) = map(&place, &["--request", "r.txt"]);
        assert_eq!((found, out.as_str()), (Some(code), ""), "{request}: {told}");
        for part in parts {
            assert!(told.contains(part), "{request}: no {part:?} in:\n{told}");
        }
    }
    assert_eq!(map(&place, &["--request", "missing"]).0, Some(2));
    place.write("clicks.groovy", "mapping { map partyID() onto 'visitor' }");
    let (code, _, told) = map(&place, &["--request", "r.txt"]);
    assert!(code == Some(2) && told.contains("clicks.groovy:1") && told.contains("partyId"), "{told}");
}

#[test]
fn of_several_mappings_each_record_names_its_own() {
    let place = place(&[("a", ""), ("b", "")]);
    place.write("r.txt", PIXEL);
    let (code, out, told) = map(&place, &["--request", "r.txt"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<_> = lines.iter().map(|line| &line["mapping"]).collect();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(names, ["a", "b"], "{told}");
    assert_eq!(lines[0]["record"]["visitor"], "0:1:me");
    let (code, out, _) = map(&place, &["--request", "r.txt", "--mapping", "b"]);
    assert!(code == Some(0) && out.starts_with("{\"visitor\""), "{out}");
    let (code, _, told) = map(&place, &["--request", "r.txt", "--mapping", "c"]);
    assert!(code == Some(2) && told.contains("there is no mapping `c`"), "{told}");
    assert_eq!(map(&place, &["--listen"]).0, Some(2), "an answer is one record");
}

#[test]
fn it_answers_as_the_mapping_test_server_of_the_original() {
    let place = place(&[("clicks", "")]);
    let port = free_port();
    let mut command = place.command(&["map", "-c", "site.conf", "--listen", &format!("127.0.0.1:{port}")]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program can be run");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
    assert!(line.contains(&format!("127.0.0.1:{port}")), "{line}");
    let told = |body: &str| {
        let length = body.len().to_string();
        let headers = [("Host", "x"), ("X-Shop", "south"), ("Content-Length", &length)];
        Request::new("POST", "/any/path", &headers, body.as_bytes()).send(port, PATIENCE).response()
    };
    let event = r#"{"party_id": "0:1:me", "event_type": "hello", "parameters": {"product": "kettle"}}"#;
    let answer = told(event);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let record: Value = serde_json::from_str(&answer.text()).expect("a record");
    assert_eq!(record, json!({"visitor": "0:1:me", "host": "south", "product": "kettle", "kind": "hello"}));
    assert_eq!(told("{").status, 400);
    let dead = told("{}");
    assert!(dead.status == 500 && dead.text().contains("'kind'"), "{}", dead.text());
    assert_eq!(Request::get("/").send(port, PATIENCE).response().status, 405);
    send_signal(child.id(), "TERM");
    assert_eq!(child.wait().expect("a child of ours").code(), Some(0));
}
