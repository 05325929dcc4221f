//! The commands that are not `serve`.

use std::{fs::File, iter, process::Stdio};

use serde_json::Value;

use crate::{
    fastavro,
    run::{BrowserRequest, Place},
};

#[test]
fn check_takes_what_serve_takes() {
    let place = Place::new();
    let output = place.output(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn check_points_at_a_mistake() {
    let place = Place::new();
    place.write("bad.conf", "divolte {\n  global.server.prot = 8290\n}\n");
    let output = place.output(&["check", "-c", "bad.conf"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for part in ["bad.conf:2", "prot", "port"] {
        assert!(errors.contains(part), "no {part:?} in:\n{errors}");
    }
}

#[test]
fn cat_prints_what_another_reader_reads() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    for request in BrowserRequest::all() {
        request.send(place.port).response();
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert!(!place.published().is_empty(), "{}", program.output());
    for path in place.published() {
        let path_text = path.to_str().expect("a plain path");
        let output = place.output(&["cat", path_text]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let lines: Vec<Value> = String::from_utf8(output.stdout)
            .expect("UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect();
        let file = fastavro::read(&path);
        assert_eq!(lines, file.records);

        let output = place.output(&["cat", "--schema", path_text]);
        let schema: Value = serde_json::from_slice(&output.stdout).expect("a schema in JSON");
        let text = file.metadata["avro.schema"].as_str().expect("a text");
        assert_eq!(schema, serde_json::from_str::<Value>(text).expect("a schema in JSON"));

        // From standard input, too.
        let mut command = place.command(&["cat", "-"]);
        command.stdin(File::open(&path).expect("a published file"));
        let output = command.output().expect("the program can be run");
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), file.records.len());
    }
}

#[test]
fn cat_is_quiet_when_nobody_reads_on() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    for request in BrowserRequest::all() {
        request.send(place.port).response();
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let files = place.published();
    // Many times the same file, so that more is printed than a pipe holds.
    let names: Vec<_> = iter::repeat_n(files[0].to_str().expect("a plain path"), 500).collect();
    let mut child = place
        .command(&[&["cat"], &names[..]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("a child of ours");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn cat_says_what_is_no_avro_file() {
    let place = Place::new();
    place.write("notes.txt", "not Avro");
    let output = place.output(&["cat", "notes.txt"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("notes.txt") && !errors.contains("panicked"), "{errors}");
}

#[test]
fn version_and_wrong_usage() {
    let place = Place::new();
    let output = place.output(&["version"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains(env!("CARGO_PKG_VERSION")), "{output:?}");
    assert_eq!(place.output(&["serve", "--nonsense"]).status.code(), Some(2));
}
