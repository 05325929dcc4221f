//! `headwater why`.

use std::fs;

use super::{Site, repaired};

/// Says why, and checks that each of these parts is said.
#[track_caller]
fn says(site: &Site, id: &str, parts: &[&str]) -> String {
    let said = site.fine(&["why", id]);
    for part in parts {
        assert!(said.out.contains(part), "{id}: no {part:?} in:\n{}", said.out);
    }
    said.out
}

#[test]
fn it_says_what_became_of_an_event() {
    let site = Site::new();
    let said = site.run(&["why", "e0"]);
    assert!(said.code == Some(1) && said.told.contains("no event with the id e0 is retained"), "{}", said.told);
    assert!(said.told.contains("holds no events"), "{}", said.told);
    let mut program = site.start(&[]);
    site.send_five();
    site.await_checkpoint(5);

    // Beside the running server, whose file is still being written.
    let text = says(
        &site,
        "e0",
        &[
            "event 0  accepted 2",
            "party       0:1:a",
            "source      app",
            "clicks → files: delivered",
            "event 4  accepted 2",
            "flags       duplicate",
            "clicks → files: left out: it is a duplicate",
        ],
    );
    let record = r#"record      {"id":"e0","visitor":"0:1:a","product":"kettle","kind":"view"}"#;
    assert!(text.contains(record) && text.contains("file        work/2"), "{text}");
    assert_eq!(program.stop(), Some(0));
    let file = says(&site, "e1", &["clicks → files: delivered", "file        pub/2"]);
    let (_, file) = file.split_once("file        ").expect("a file");
    let (path, number) = file.trim_end().split_once(", record ").expect("a number");
    let records = site.place.output(&["cat", path]).stdout;
    let records = String::from_utf8(records).expect("UTF-8");
    let number: usize = number.parse().expect("a number");
    assert!(records.lines().nth(number - 1).is_some_and(|line| line.contains("\"e1\"")), "{number} of {records}");

    let dead = says(
        &site,
        "e3",
        &[
            "clicks → files: dead letter: record_incomplete",
            "message     ",
            "'kind'",
            "today       dead letter, record_",
        ],
    );
    assert!(!dead.contains("replay"), "{dead}");
    site.place.write("s.groovy", &repaired());
    says(
        &site,
        "e3",
        &["clicks → files: dead letter", "today       {\"id\":\"e3\"", "headwater replay --dead-letters"],
    );
    site.place.write("s.groovy", &repaired().replace("eventId() onto 'id'", "partyId() onto 'id'"));
    says(&site, "e1", &["record      {\"id\":\"e1\"", "file        pub/2", "today       {\"id\":\"0:1:a\""]);
    fs::remove_file(site.place.path().join(path)).expect("a file of ours");
    says(&site, "e1", &["clicks → files: delivered", "files holds it: taken away"]);

    let said = site.run(&["why", "e9"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.told.contains("holds events 0..5, begun 2"), "{}", said.told);
}

#[test]
fn an_event_that_waits_is_told_and_one_before_its_mapping_too() {
    let site = Site::new();
    let slow = ["sync_file_after_records=1000", "sync_file_after_duration=1 hour"];
    let slow = slow.map(|key| format!("divolte.sinks.files.file_strategy.{key}"));
    let mut program = site.start(&slow.each_ref().map(String::as_str));
    site.send_five();
    program.signal("KILL");
    program.wait();
    says(&site, "e1", &["clicks → files: waits: the sink has everything below 0", "today       {\"id\":\"e1\""]);
    let mut program = site.start(&[]);
    assert_eq!(program.stop(), Some(0));
    says(&site, "e1", &["clicks → files: delivered"]);

    let text = fs::read_to_string(site.place.path().join("site.conf")).expect("the configuration");
    let more =
        "mappings.late { sources = [app], sinks = [files], schema_file = s.avsc, mapping_script_file = s.groovy }\n";
    site.place.write("site.conf", &text.replacen("sinks.files {", &format!("{more} sinks.files {{"), 1));
    says(&site, "e1", &["late → files: not delivered: the mapping feeds this sink only from the next start on"]);
    let mut program = site.start(&[]);
    site.send("a", "e5", Some("view"), "kettle");
    assert_eq!(program.stop(), Some(0));
    says(
        &site,
        "e1",
        &["clicks → files: delivered", "late → files: not delivered: the mapping feeds this sink since event "],
    );
    says(&site, "e5", &["clicks → files: delivered", "late → files: delivered"]);
}
