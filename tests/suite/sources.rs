//! Sources as an operator configures them: the examples of `docs/sources.md` as a reader would run them, and what only
//! the records and the log show.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    fastavro,
    run::{PATIENCE, Place},
    support::{http::Request, program::Program},
};

const PAGE: &str = include_str!("../../docs/sources.md");

/// A query of a browser's event but for its type and checksum.
const EVENT: &str = "p=0%3Ai1t84hgy%3Aparty&s=0%3Ai1t84hgy%3Asession&v=0%3Aview&e=0%3Aview0&c=i1t8q2b6&n=t&f=t";

/// Configured sinks and ports around some sources and further global keys.
fn start(place: &Place, global: &str, sources: &str) -> Program {
    for directory in ["working", "published"] {
        fs::create_dir_all(place.path().join("files").join(directory)).expect("a writable test directory");
    }
    let files = "file_strategy { working_dir = files/working, publish_dir = files/published }";
    let text = format!(
        "divolte {{\n global {{ {global} }}\n sources {{ {sources} }}\n sinks.files {{ type = file, {files} }}\n}}\n"
    );
    place.write("site.conf", &text);
    place.start(serve(place, "site.conf"))
}

fn serve(place: &Place, file: &str) -> Command {
    let mut command = place.command(&["serve", "-c", file]);
    for (key, port) in [("server", place.port), ("admin", place.admin)] {
        command.args(["--set", &format!("divolte.global.{key}.port={port}")]);
    }
    command
}

/// Records of the published files.
fn records(place: &Place) -> Vec<Value> {
    let entries = fs::read_dir(place.path().join("files/published")).expect("made before the start");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().flat_map(|path| fastavro::read(path).records).collect()
}

fn texts<'a>(records: &'a [Value], field: &str) -> Vec<&'a str> {
    records.iter().map(|record| record[field].as_str().unwrap_or_default()).collect()
}

#[test]
fn the_examples_of_the_page_work_as_written() {
    let place = Place::new();
    let mut program = None;
    let mut shown = None::<String>;
    for block in PAGE.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').expect("a fence stands on a line of its own");
        match language {
            "hocon" => drop(place.write("sources.conf", text)),
            "sh" if text.contains("headwater serve") => {
                let (before, _) = text.split_once("headwater serve").expect("just found");
                shell(&place, before);
                program = Some(place.start(serve(&place, "sources.conf")));
            }
            "sh" => {
                let output = shell(&place, &text.replace("localhost:8290", &format!("127.0.0.1:{}", place.port)));
                assert!(output.status.success(), "{text}: {output:?}");
                shown = Some(String::from_utf8(output.stdout).expect("text"));
            }
            "text" => {
                let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
                assert_eq!(lines(&shown.take().expect("a command before")), lines(text));
            }
            other => panic!("a block of {other}"),
        }
    }
    let mut program = program.expect("a command that starts the server");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let records = records(&place);
    let mut types = texts(&records, "eventType");
    types.sort_unstable();
    assert_eq!(types, ["hello", "order", "order", "order", "packed"]);
    let packed = records.iter().find(|record| record["eventType"] == "packed").expect("just seen");
    assert_eq!(packed["remoteHost"], "203.0.113.9");
}

fn shell(place: &Place, text: &str) -> Output {
    Command::new("sh").args(["-ec", text]).current_dir(place.path()).output().expect("a shell")
}

#[test]
fn each_source_believes_its_own_proxies() {
    let place = Place::new();
    let mut program = start(
        &place,
        "server.use_x_forwarded_for = true",
        "last { type = browser, prefix = /last }
         hops { type = browser, prefix = /hops, max_hops = 2 }
         mine { type = browser, prefix = /mine, trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"] }
         others { type = browser, prefix = /others, trusted_proxies = [\"10.0.0.0/8\"] }",
    );
    let forwarded = "203.0.113.9, 198.51.100.7, 10.0.0.2";
    for source in ["last", "hops", "mine", "others"] {
        let target = format!("/{source}/csc-event?{EVENT}&t={source}&x=0");
        let headers = [("Host", "h"), ("X-Forwarded-For", forwarded)];
        assert_eq!(Request::new("GET", &target, &headers, b"").send(place.port, PATIENCE).response().status, 200);
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let records = records(&place);
    assert_eq!(texts(&records, "eventType"), ["last", "hops", "mine", "others"]);
    assert_eq!(texts(&records, "remoteHost"), ["10.0.0.2", "198.51.100.7", "198.51.100.7", "127.0.0.1"]);
}

#[test]
fn the_log_of_requests_has_no_secrets() {
    let place = Place::new();
    let mut program =
        start(&place, "server.debug_requests = true", "site.type = browser, app.type = json, app.event_path = /j");
    let target = format!("/csc-event?{EVENT}&t=seen&x=0");
    let headers = [
        ("Host", "h"),
        ("Cookie", "_dvp=0%3Ai1t84hgy%3Aparty; login=hush"),
        ("Authorization", "Bearer hush"),
        ("X-Api-Key", "hush"),
    ];
    assert_eq!(Request::new("GET", &target, &headers, b"").send(place.port, PATIENCE).response().status, 200);
    Request::post_json("/j?p=0%3Ai1t84hgy%3Aparty", "{\"hush\": 1}").send(place.port, PATIENCE).response();
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let output = program.output();
    for part in ["/csc-event?p=***&s=***&v=0%3Aview", "cookie: _dvp=***, login=***", "authorization: ***", "status=204"]
    {
        assert!(output.contains(part), "no {part} in\n{output}");
    }
    for secret in ["hush", "party", "3Asession"] {
        assert!(!output.contains(secret), "{secret} in\n{output}");
    }
}
