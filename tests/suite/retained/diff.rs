//! `headwater diff`.

use serde_json::{Value, json};

use super::{SCHEMA, SCRIPT, Site, repaired};

#[test]
fn it_says_exactly_which_fields_change() {
    let site = Site::new();
    let mut program = site.start(&[]);
    site.send_five();
    site.place.write("old.groovy", SCRIPT);
    site.place
        .write("new.groovy", &repaired().replace("map partyId() onto 'visitor'", "map sessionId() onto 'visitor'"));

    // Beside the running server.
    let same = site.fine(&["diff", "old.groovy", "old.groovy"]);
    assert!(same.out.contains("mapping clicks: 5 events, all the same"), "{}", same.out);
    let said = site.run(&["diff", "old.groovy", "new.groovy"]);
    assert!(said.code == Some(1) && said.told.contains("4 of 5 events differ"), "{}", said.told);
    for part in [
        "mapping clicks: 5 events, 4 differ",
        "dead letter record_incomplete → record: 1 event",
        "    event 3  ",
        "visitor: 3 events",
        "    event 1  \"0:1:a\" → \"0:1:sa\"",
    ] {
        assert!(said.out.contains(part), "no {part:?} in:\n{}", said.out);
    }
    assert!(!said.out.contains("product:") && !said.out.contains("kind:"), "{}", said.out);

    let said = site.run(&["diff", "new.groovy", "old.groovy", "--format", "json", "--from", "1"]);
    assert_eq!(said.code, Some(1), "{}", said.told);
    let report: Value = serde_json::from_str(&said.out).expect("one JSON object");
    let mapping = &report["mappings"][0];
    assert_eq!([&report["same"], &report["events"], &mapping["different"]], [&json!(false), &json!(4), &json!(3)]);
    let example = |offset, old: &str, new: &str| json!({"offset": offset, "old": old, "new": new});
    let examples = [example(1, "0:1:sa", "0:1:a"), example(2, "0:1:sb", "0:1:b")];
    assert_eq!(mapping["fields"], json!([{"field": "visitor", "events": 2, "examples": examples}]));
    let outcome = &mapping["outcomes"][0];
    assert_eq!([&outcome["old"], &outcome["new"]], ["record", "dead letter record_incomplete"]);
    assert!(outcome["examples"][0]["message"].as_str().is_some_and(|text| text.contains("'kind'")), "{outcome}");
    let said = site.fine(&["diff", "old.groovy", "new.groovy", "--from", "9"]);
    assert!(said.out.contains("no event is selected") && said.out.contains("holds events 0..5"), "{}", said.out);
    let said = site.run(&["diff", "old.groovy", "new.groovy", "--event-type", "buy"]);
    assert!(said.out.contains("1 events, 1 differ") || said.out.contains("1 event"), "{}", said.out);
    assert_eq!(program.stop(), Some(0));

    // Another schema alone.
    site.place.write(
        "new.avsc",
        &SCHEMA.replace("\"kind\", \"type\": \"string\"", "\"kind\", \"type\": \"string\", \"default\": \"?\""),
    );
    let said = site.run(&["diff", "old.groovy", "old.groovy", "--schema", "new.avsc"]);
    assert!(said.code == Some(1) && said.out.contains("5 events, 1 differ"), "{}\n{}", said.out, said.told);
}

#[test]
fn configurations_are_compared_mapping_by_mapping_and_mistakes_are_told() {
    let site = Site::new();
    let mut program = site.start(&[]);
    site.send_five();
    assert_eq!(program.stop(), Some(0));
    let text = std::fs::read_to_string(site.place.path().join("site.conf")).expect("the configuration");
    site.place.write("new.conf", &text.replace("discard_duplicates = true", ""));
    let said = site.run(&["diff", "site.conf", "new.conf"]);
    assert_eq!(said.code, Some(1), "{}", said.told);
    assert!(said.out.contains("left out as duplicate → record: 1 event"), "{}", said.out);
    let more =
        "mappings.late { sources = [app], sinks = [files], schema_file = s.avsc, mapping_script_file = s.groovy }\n";
    site.place.write("more.conf", &text.replacen("sinks.files {", &format!("{more} sinks.files {{"), 1));
    let said = site.run(&["diff", "site.conf", "more.conf"]);
    assert!(said.code == Some(1) && said.out.contains("mapping late: only in the new"), "{}", said.out);
    site.fine(&["diff", "site.conf", "more.conf", "--mapping", "clicks"]);

    site.place.write("bad.groovy", "mapping { map partyID() onto 'visitor' }");
    for (arguments, part) in [
        (&["s.groovy", "new.conf"][..], "a script is compared with a script"),
        (&["s.groovy", "none.groovy"], "file `none.groovy` cannot be read"),
        (&["s.groovy", "bad.groovy"], "bad.groovy:1"),
        (&["s.groovy", "s.groovy", "--mapping", "none"], "there is no mapping `none`"),
        (&["s.groovy", "s.groovy", "--schema", "none.avsc"], "none.avsc"),
    ] {
        let said = site.run(&[&["diff"], arguments].concat());
        assert!(said.code == Some(2) && said.told.contains(part), "{arguments:?}: {}", said.told);
    }
}
