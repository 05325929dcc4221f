//! Commands that look at what the journal retains, or send it again: against the real program, which has taken the
//! events and then runs, is stopped or is killed.

mod cat;
mod diff;
mod replay;
mod why;

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    fastavro,
    run::{PATIENCE, Place},
    support::{http::Request, program::Program},
};

/// How long a condition may take to come true; generous, because the machine may be busy.
const SOON: Duration = Duration::from_secs(30);

/// `kind` has no default, so an event without a type becomes a dead letter.
const SCHEMA: &str = r#"{"type": "record", "name": "Click", "fields": [
    {"name": "id", "type": "string"},
    {"name": "visitor", "type": "string"},
    {"name": "product", "type": ["null", "string"], "default": null},
    {"name": "kind", "type": "string"}]}"#;

const SCRIPT: &str = "mapping {
  map eventId() onto 'id'
  map partyId() onto 'visitor'
  map eventParameters().value('product') onto 'product'
  map eventType() onto 'kind'
}
";

/// The script without its mistake.
fn repaired() -> String {
    SCRIPT.replace("map eventType()", "when eventType().isAbsent() apply { map 'none' onto 'kind' }\n  map eventType()")
}

/// A site with a JSON source, a mapping and a sink.
pub struct Site {
    pub place: Place,
}

/// What a command has said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub told: String,
}

impl Said {
    /// The output as lines of JSON.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        self.out.lines().map(line).collect()
    }
}

impl Site {
    pub fn new() -> Self {
        let place = Place::new();
        for directory in ["work", "pub"] {
            fs::create_dir(place.path().join(directory)).expect("a writable test directory");
        }
        place.write("s.avsc", SCHEMA);
        place.write("s.groovy", SCRIPT);
        let text = format!(
            "divolte {{
              global {{ data_directory = data, admin.port = {}, journal {{
                segment_size = 8M, reserve = 1M, retention_time = 1 hour, retention_size = 64M }} }}
              sources.app {{ type = json, event_path = /event }}
              mappings.clicks {{ sources = [app], sinks = [files], schema_file = s.avsc,
                mapping_script_file = s.groovy, discard_duplicates = true }}
              sinks.files {{ type = file, file_strategy {{
                working_dir = work, publish_dir = pub, roll_every = 1 hour, sync_file_after_records = 1 }} }}
            }}",
            place.admin
        );
        place.write("site.conf", &text);
        Self { place }
    }

    /// Starts the server; `set` are keys over those of the file.
    #[track_caller]
    pub fn start(&self, set: &[&str]) -> Program {
        let mut command = self.place.command(&["serve", "-c", "site.conf"]);
        for key in set {
            command.args(["--set", key]);
        }
        command.env("DIVOLTE_PORT", self.place.port.to_string());
        self.place.start(command)
    }

    /// Sends an event of the party `0:1:<party>`.
    #[track_caller]
    pub fn send(&self, party: &str, id: &str, kind: Option<&str>, product: &str) {
        let kind = kind.map(|kind| format!("\"event_type\":\"{kind}\",")).unwrap_or_default();
        let body = format!(
            "{{\"session_id\":\"0:1:s{party}\",\"event_id\":\"{id}\",{kind}\"is_new_party\":false,\
             \"is_new_session\":false,\"client_timestamp_iso\":\"2030-01-01T12:00:00Z\",\
             \"parameters\":{{\"product\":\"{product}\"}}}}"
        );
        let answer = Request::post_json(&format!("/event?p=0%3A1%3A{party}"), &body);
        assert_eq!(answer.send(self.place.port, PATIENCE).response().status, 204);
    }

    /// Five events, offsets 0 to 4: two kettles of `a`, a cup of `b`, one without a type (a dead letter), and the first
    /// again (a duplicate).
    #[track_caller]
    pub fn send_five(&self) {
        self.send("a", "e0", Some("view"), "kettle");
        self.send("a", "e1", Some("buy"), "kettle");
        self.send("b", "e2", Some("view"), "cup");
        self.send("b", "e3", None, "cup");
        self.send("a", "e0", Some("view"), "kettle");
    }

    /// Waits until the sink's checkpoint is past so many events.
    #[track_caller]
    pub fn await_checkpoint(&self, events: u64) {
        let until = Instant::now() + SOON;
        loop {
            let said = self.run(&["journal", "cursor", "ls"]);
            if said.out.contains(&format!("below {events}")) {
                return;
            }
            assert!(Instant::now() < until, "{}", said.out);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a command with the site's configuration.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Said {
        let output = self.place.output(&[arguments, &["-c", "site.conf"]].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: output.status.code(), out: text(output.stdout), told: text(output.stderr) }
    }

    /// Runs a command that has to end with 0.
    #[track_caller]
    pub fn fine(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}\n{}", said.out, said.told);
        said
    }

    /// The published files, by name.
    pub fn published(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.place.path().join("pub")).expect("the publish directory");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        files
    }

    /// The ids in the published files, sorted.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let records = self.published().into_iter().flat_map(|path| fastavro::read(&path).records);
        let mut ids: Vec<_> = records.map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
        ids.sort();
        ids
    }
}
