//! Compressed files and files of a certain size, read by the independent reader and by `headwater cat`.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{
    fastavro,
    run::{BrowserRequest, Place},
};

/// Starts with a sink of its own, sends every recorded request, stops; gives the published files.
fn collected(place: &Place, strategy: &str) -> Vec<PathBuf> {
    for name in ["working", "published"] {
        fs::create_dir(place.path().join(name)).expect("a writable directory");
    }
    let config = format!(
        "divolte {{\n  sources.browser.type = browser\n  mappings.all {{ sources = [browser], sinks = [files] }}\n\
        sinks.files {{ type = file, file_strategy {{ working_dir = working, publish_dir = published, {strategy} }} }}\n}}"
    );
    place.write("site.conf", &config);
    let mut command = place.serve();
    command.args(["-c", "site.conf"]);
    let mut program = place.start(command);
    for request in BrowserRequest::all() {
        assert_eq!(request.send(place.port).response().status, 200);
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let files = fs::read_dir(place.path().join("published")).expect("it was made");
    files.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn every_codec_is_read_by_others_and_by_cat() {
    for codec in ["null", "deflate", "snappy", "zstandard"] {
        let place = Place::new();
        let files = collected(&place, &format!("codec = {codec}"));
        let mut records = Vec::new();
        for path in &files {
            let file = fastavro::read(path);
            let named = file.metadata.get("avro.codec").and_then(Value::as_str);
            assert_eq!(named, Some(codec).filter(|codec| *codec != "null"), "the header of a file without compression");
            records.extend(file.records);
        }
        assert_eq!(records.len(), BrowserRequest::all().len(), "{codec}");
        let output = place.output(&["cat", "published"]);
        assert!(output.status.success(), "{codec}: {output:?}");
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut shown: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let order = |record: &Value| record["timestamp"].to_string() + &record.to_string();
        shown.sort_by_key(order);
        records.sort_by_key(order);
        assert_eq!(shown, records, "{codec}");
    }
}

#[test]
fn a_file_of_the_size_is_published_before_its_time() {
    let place = Place::new();
    let files = collected(&place, "roll_size = 1B, roll_every = 1 day");
    let records: usize = files.iter().map(|path| fastavro::read(path).records.len()).sum();
    assert_eq!(records, BrowserRequest::all().len());
    assert!(files.len() > 2, "not only what each of two lanes has at the end: {files:?}");
}

#[test]
fn the_example_in_the_documents_is_taken() {
    let text = include_str!("../../docs/files.md");
    let example = text.split("```hocon\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let place = Place::new();
    for name in ["working", "published"] {
        fs::create_dir(place.path().join(name)).expect("a writable directory");
    }
    place.write("site.conf", &example.replace("/srv/events", &place.path().display().to_string()));
    let output = place.output(&["check", "-c", "site.conf"]);
    assert!(output.status.success(), "{output:?}");
}
