//! The commands that are not `serve`.

use std::{
    fs::{self, File},
    iter,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    fastavro,
    run::{BrowserRequest, Place},
    support::{
        program::{PROGRAM, send_signal},
        terminal::OnTerminal,
    },
};

#[test]
fn check_takes_what_serve_takes() {
    let place = Place::new();
    let output = place.output(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = place.output(&["check", "--rate", "25000"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("of 25000 events a second while a sink is down"), "{told}");
    assert_eq!(place.output(&["check", "--rate", "0"]).status.code(), Some(2));
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
fn check_tells_programs_the_same() {
    let place = Place::new();
    place.write("bad.conf", "divolte {\n  global.server.prot = 8290\n  global.hdfs.threads = 0\n}\n");
    let report = |arguments: &[&str], code| -> Value {
        let output = place.output(&[&["check", "--format", "json"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else")
    };
    let bad = report(&["-c", "bad.conf"], 2);
    assert_eq!([&bad["ok"], &bad["errors"], &bad["warnings"]], [&json!(false), &json!(1), &json!(1)]);
    let told = &bad["diagnostics"][0];
    assert_eq!([&told["severity"], &told["code"]], ["error", "C004"]);
    let place_of = json!({"file": "bad.conf", "line": 2, "column": 3, "end_line": 2, "end_column": 21, "label": ""});
    assert_eq!(told["places"], json!([place_of]));
    assert_eq!(told["hints"][0], "did you mean `port`?");
    assert_eq!(bad["diagnostics"][1]["severity"], "warning");

    place.write("broken.conf", "divolte {");
    assert_eq!(report(&["-c", "broken.conf"], 2)["errors"], 1);
    let ports = [("server", place.port), ("admin", place.admin)];
    let ports = ports.map(|(key, port)| format!("divolte.global.{key}.port={port}"));
    let fine = report(&["--set", &ports[0], "--set", &ports[1], "--rate", "2000"], 0);
    let journal = &fine["journal"];
    assert_eq!((journal["events_per_second"].as_u64(), journal["seconds"].as_u64() > Some(60)), (Some(2000), true));
    assert_eq!([&fine["ok"], &fine["diagnostics"], &fine["differences"]], [&json!(true), &json!([]), &json!([])]);
}

#[test]
fn check_compares_schemas() {
    let place = Place::new();
    let schema = |fields: &str| format!(r#"{{"type": "record", "name": "R", "fields": [{fields}]}}"#);
    let (number, wide) =
        (r#"{"name": "a", "type": "int", "default": 0}"#, r#"{"name": "a", "type": "long", "default": 0}"#);
    place.write("now.avsc", &schema(wide));
    place.write("same.avsc", &schema(wide));
    place.write("narrow.avsc", &schema(number));
    place.write("m.groovy", "mapping { map timestamp() onto 'a' }");
    place.write(
        "site.conf",
        "divolte.sources.b.type = browser\ndivolte.sinks.s.type = file\ndivolte.mappings.m { sources = [b], sinks = [s], \
         schema_file = now.avsc, mapping_script_file = m.groovy }\n",
    );
    let check = |old: &str, format: &str| {
        place.output(&["check", "-c", "site.conf", "--compatible-with", old, "--format", format])
    };
    let same = check("same.avsc", "text");
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let narrow = check("narrow.avsc", "text");
    let told = String::from_utf8_lossy(&narrow.stderr);
    assert_eq!(narrow.status.code(), Some(2), "{told}");
    assert!(
        told.contains("`narrow.avsc` cannot read records of the schema R: the field `a`: long cannot be read as int"),
        "{told}"
    );
    assert!(!told.contains("the schema R cannot read"), "int goes into long:\n{told}");
    let report: Value = serde_json::from_slice(&check("narrow.avsc", "json").stdout).expect("one JSON object");
    assert_eq!([&report["ok"], &report["diagnostics"][0]["code"]], [&json!(false), &json!("C020")]);
    let none = check("none.avsc", "text");
    assert_eq!(none.status.code(), Some(2), "{none:?}");
}

#[test]
fn check_tells_programs_about_scripts_the_same() {
    let place = Place::new();
    place.write("m.groovy", "mapping {\n  map locatoin() onto 'x'\n  when location() stop()\n}\n");
    place.write(
        "site.conf",
        "divolte.sources.b.type = browser\ndivolte.sinks.s.type = file\ndivolte.mappings.m { sources = [b], sinks = [s], \
         mapping_script_file = m.groovy }\n",
    );
    let output = place.output(&["check", "-c", "site.conf", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let told = &report["diagnostics"][0];
    assert_eq!([&told["severity"], &told["code"]], ["error", "M010"]);
    let place_of = json!({"file": "m.groovy", "line": 2, "column": 7, "end_line": 2, "end_column": 15, "label": ""});
    assert_eq!([&told["places"], &told["hints"]], [&json!([place_of]), &json!(["did you mean `location`?"])]);
    let fix = json!({"file": "m.groovy", "line": 2, "column": 7, "end_line": 2, "end_column": 15, "text": "location"});
    assert_eq!(told["fix"], fix);
    assert_eq!([&report["diagnostics"][1]["severity"], &report["diagnostics"][1]["code"]], ["warning", "M045"]);
}

/// The examples of a site that runs the original, in their own directory.
#[test]
fn check_says_what_will_be_different_for_the_original_s_own_examples() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/javadoc");
    let place = Place::new();
    for (file, code, parts) in [
        ("divolte-collector.conf", 0, &["`/divolte.js`", "SRI", "`TZ`", ".crc", "exit code is 0, not 143"][..]),
        ("divolte-collector-kafka.conf", 2, &["`/divolte.js`", "another build is needed for `kafka`"]),
    ] {
        let mut command = place.command(&["check", "-c", file]);
        let output = command.current_dir(examples).output().expect("the program can be run");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        for part in [&["differs from Divolte Collector"], parts].concat() {
            assert!(text.contains(part), "no {part:?} in:\n{text}");
        }
        assert_eq!(text.contains(".crc"), code == 0, "only what concerns this file:\n{text}");
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

#[test]
fn check_says_what_a_start_would_do() {
    let place = Place::new();
    for directory in ["working", "publish"] {
        fs::create_dir(place.path().join(directory)).expect("a directory");
    }
    place.write("shop.avsc", include_str!("../fixtures/javadoc/javadoc.avsc"));
    place
        .write("shop.groovy", "mapping {\n  map eventType() onto 'eventType'\n  map timestamp() onto 'timestamp'\n}\n");
    place.write(
        "site.conf",
        &format!(
            "divolte {{\n  global {{ server {{ host = 127.0.0.1, port = {} }}, admin.port = {} }}\n  \
             sources {{ web {{ type = browser, prefix = /t }}, app {{ type = json, event_path = /in }} }}\n  \
             sinks.files {{ type = file, file_strategy {{ working_dir = working, publish_dir = publish, roll_every = 2 hours }} }}\n  \
             mappings.clicks {{ sources = [web, app], sinks = [files], schema_file = shop.avsc, \
             mapping_script_file = shop.groovy, discard_corrupted = true }}\n}}\n",
            place.port, place.admin
        ),
    );
    let before = place.entries();
    let output = place.output(&["check", "-c", "site.conf", "--data", "kept"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let base = format!("http://127.0.0.1:{}", place.port);
    let (page, events, json) = (format!("{base}/t/divolte.js"), format!("{base}/t/csc-event"), format!("{base}/in"));
    for parts in [
        &["This is what a start would do with site.conf:"][..],
        &["public", &format!("127.0.0.1:{}", place.port)],
        &["admin", &format!("127.0.0.1:{}", place.admin)],
        &["web", "GET ", &page],
        &["GET ", &events],
        &["app", "POST", &json],
        &["clicks", "web, app → files", "without corrupt events"],
        &["schema", "shop.avsc", "fields"],
        &["script", "shop.groovy", "sets 2 fields"],
        &["sets", "eventType", "timestamp"],
        &["leaves"],
        &["files", "publish", "2 hours"],
        &["working", "unfinished"],
        &["durability", "fsync"],
        &["data", "kept", "will be made"],
    ] {
        let found = text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "no line with {parts:?} in:\n{text}");
    }
    assert_eq!(place.entries(), before, "nothing is made");
}

#[test]
fn completions_complete() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = place.output(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let script = String::from_utf8(output.stdout).expect("text");
        assert!(script.contains("headwater") && script.contains("follow"), "{shell}:\n{script}");
    }
    let fish = place.output(&["completions", "fish"]).stdout;
    let fish = String::from_utf8(fish).expect("text");
    assert!(fish.contains(r#"using_subcommand completions" -f -a "bash elvish fish powershell zsh""#), "{fish}");
    let complete = r#"
        set -eu
        source <("$0" completions bash)
        try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _headwater headwater "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}"; }
        try headwater ""
        try headwater se
        try headwater cat --fo
        try headwater completions z
    "#;
    let output = Command::new("bash").args(["-c", complete, PROGRAM]).output().expect("bash");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<_> = text.lines().collect();
    assert!(output.status.success() && lines.len() == 4, "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(["serve", "check", "cat", "completions", "version"].iter().all(|name| lines[0].contains(name)), "{text}");
    assert_eq!(lines[1..], ["serve", "--follow", "zsh"]);
}

#[test]
fn cat_takes_directories() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    for request in BrowserRequest::all() {
        request.send(place.port).response();
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let output = place.output(&["cat", "data/events"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records, place.records());
}

#[test]
fn the_documentation_runs() {
    let place = Place::new();
    place.write("site.conf", "divolte.sources.browser { type = browser }\n");
    place.write("new.conf", "divolte.sources.browser { type = browser }\n");
    for script in ["clicks.groovy", "new.groovy"] {
        place.write(script, include_str!("../../mappings/default.groovy"));
    }
    place.write("new.avsc", include_str!("../../schemas/default.avsc"));
    let programs = Path::new(PROGRAM).parent().expect("the program is in a directory");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let blocks = include_str!("../../docs/command-line.md").split("```sh\n").skip(1);
    let lines: Vec<&str> = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines()).collect();
    assert!(lines.len() >= 6, "{lines:?}");
    for line in lines {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {line}")]).current_dir(place.path()).env("PATH", &path);
        if line == "headwater serve" {
            let mut program = place.start(place.serve());
            BrowserRequest::all()[0].send(place.port).response();
            assert_eq!(program.stop(), Some(0), "{}", program.output());
        } else if line.contains("--follow") {
            let terminal = OnTerminal::spawn(shell);
            terminal.await_text("following data/events");
            send_signal(terminal.child.id(), "INT");
            let (code, shown) = terminal.finish();
            assert_eq!(code, Some(0), "{line}: {shown}");
        } else {
            let output = shell.output().expect("a shell");
            // There is no such event, and none of that time.
            let nothing =
                line.starts_with("headwater why") || line.starts_with("headwater replay") && line.contains("2030");
            let code = i32::from(nothing);
            assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        }
    }
}
