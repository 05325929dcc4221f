//! `headwater replay`.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{SOON, Site, repaired};
use crate::{
    fastavro,
    support::{
        program::{PROGRAM, send_signal},
        terminal::OnTerminal,
    },
};

/// The ids in the files of replays, sorted.
fn replayed(site: &Site) -> Vec<String> {
    let files = site.published().into_iter().filter(|path| path.to_string_lossy().contains("-replay-"));
    let records = files.flat_map(|path| fastavro::read(&path).records);
    let mut ids: Vec<_> = records.map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

#[test]
fn dead_letters_become_records_after_the_script_was_repaired() {
    let site = Site::new();
    let said = site.run(&["replay", "--dead-letters"]);
    assert!(said.code == Some(1) && said.told.contains("no dead letter is selected"), "{}", said.told);
    let mut program = site.start(&[]);
    site.send_five();
    site.send("b", "e5", None, "cup");
    site.await_checkpoint(6);

    // Still wrong: nothing is delivered, and the letters are there twice.
    let said = site.fine(&["replay", "--dead-letters"]);
    assert!(said.out.contains("2 dead letters → files"), "{}", said.out);
    assert!(said.out.contains("mapping clicks: 0 delivered, 2 dead letters (record_incomplete)"), "{}", said.out);
    let (_, directory) = said.out.split_once("dead letters in data/dead-letters/").expect("where they are");
    let letters = site.fine(&["journal", "cat", "--dead-letters", directory.trim_end()]).lines();
    assert_eq!(letters.iter().map(|letter| &letter["event"]["event_id"]).collect::<Vec<_>>(), ["e3", "e5"]);

    // Beside the running server.
    site.place.write("s.groovy", &repaired());
    let said = site.fine(&["replay", "--dead-letters", "--dry-run"]);
    assert!(
        said.out.contains("2 dead letters → files, if they were sent") && said.out.contains(": 2 delivered"),
        "{}",
        said.out
    );
    assert_eq!(replayed(&site), [""; 0]);
    let said = site.fine(&["replay", "--dead-letters", "--sink", "files"]);
    assert!(said.out.contains("mapping clicks: 2 delivered\n  file pub/2"), "{}", said.out);
    assert_eq!(replayed(&site), ["e3", "e5"]);
    let said = site.fine(&["replay", "--dead-letters", "--event", "e3"]);
    assert!(said.out.contains("1 dead letter → files"), "{}", said.out);
    assert_eq!(replayed(&site), ["e3", "e3", "e5"]);
    assert_eq!(program.stop(), Some(0));
    assert_eq!(site.ids(), ["e0", "e1", "e2", "e3", "e3", "e5"]);
    let cursors = site.fine(&["journal", "cursor", "ls"]).out;
    assert!(cursors.contains("files") && !cursors.contains("replay"), "{cursors}");
    assert_eq!(fs::read_dir(site.place.path().join("data/replays")).expect("the plans").count(), 0);
}

#[test]
fn selected_events_are_sent_again_and_what_waits_is_left_to_the_server() {
    let site = Site::new();
    let mut program = site.start(&[]);
    site.send_five();
    assert_eq!(program.stop(), Some(0));
    let said = site.run(&["replay"]);
    assert!(
        said.code == Some(2) && said.told.contains("everything that is retained would be sent again"),
        "{}",
        said.told
    );
    let said = site.fine(&["replay", "--from", "0"]);
    let expected = "5 events → files\n  mapping clicks: 3 delivered, 1 left out as duplicates, 1 dead letters (record_incomplete)\n";
    assert!(said.out.starts_with(expected), "{}", said.out);
    assert_eq!(replayed(&site), ["e0", "e1", "e2"]);
    let said = site.fine(&["replay", "--party", "0:1:a", "--event-type", "buy"]);
    assert!(said.out.starts_with("1 event → files\n  mapping clicks: 1 delivered\n"), "{}", said.out);
    site.fine(&["replay", "--from", "1", "--to", "4", "--limit", "2", "--rate", "1000"]);
    assert_eq!(replayed(&site), ["e0", "e1", "e1", "e1", "e2", "e2"]);
    assert!(!said.told.contains('\r'), "a bar where nobody looks: {}", said.told);
    let terminal = OnTerminal::spawn(site.place.command(&["replay", "-c", "site.conf", "--event", "e1"]));
    terminal.await_text(" sent, ");
    assert_eq!(terminal.finish().0, Some(0));
    assert_eq!(replayed(&site), ["e0", "e1", "e1", "e1", "e1", "e2", "e2"]);
    for (arguments, code, part) in [
        (&["--from", "9"][..], 1, "no event is selected"),
        (&["--sink", "none", "--from", "0"], 2, "there is no sink `none`"),
        (&["--resume", "replay-1"], 2, "there is no unfinished replay `replay-1`"),
        (&["--resume", "replay-1", "--from", "1"], 2, "cannot be used with"),
        (&["--from", "0", "--rate", "0"], 2, "0 is not in"),
    ] {
        let said = site.run(&[&["replay"], arguments].concat());
        assert!(said.code == Some(code) && said.told.contains(part), "{arguments:?}: {}", said.told);
    }

    let slow = ["sync_file_after_records=1000", "sync_file_after_duration=1 hour"];
    let slow = slow.map(|key| format!("divolte.sinks.files.file_strategy.{key}"));
    let mut program = site.start(&slow.each_ref().map(String::as_str));
    site.send("a", "e9", Some("view"), "kettle");
    let said = site.run(&["replay", "--event", "e9"]);
    assert!(said.code == Some(1) && said.told.contains("events that still wait"), "{}", said.told);
    assert_eq!(program.stop(), Some(0));
    site.fine(&["replay", "--event", "e9"]);
    assert_eq!(replayed(&site).last().map(String::as_str), Some("e9"));
}

/// The recipes of the manual, one line after the other.
#[test]
fn the_recipes_work_as_written() {
    let site = Site::new();
    let text = fs::read_to_string(site.place.path().join("site.conf")).expect("the configuration");
    site.place.write("site.conf", &text.replace("s.groovy", "clicks.groovy"));
    site.place.write("clicks.groovy", super::SCRIPT);
    site.place.write("repaired.groovy", &repaired());
    let mut program = site.start(&[]);
    site.send_five();
    site.await_checkpoint(5);
    let manual = include_str!("../../../docs/operations.md");
    let (_, section) = manual.split_once("\n## Send again\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let programs = Path::new(PROGRAM).parent().expect("the program is in a directory");
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
    let mut run = 0;
    for line in blocks.flat_map(str::lines) {
        let output = Command::new("sh").args(["-c", line]).current_dir(site.place.path()).env("PATH", &path).output();
        let output = output.expect("a shell");
        // What differs, and that there is no such event, is told by the exit code.
        let code = i32::from(["headwater diff", "headwater why"].iter().any(|command| line.starts_with(command)));
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        run += 1;
    }
    assert!(run >= 7, "{run}");
    assert_eq!(replayed(&site), ["e0", "e1", "e2", "e3", "e3"]);
    assert_eq!(program.stop(), Some(0));
}

/// Killed again and again, and at last done: each record is in its files once.
#[test]
fn a_replay_that_is_killed_goes_on_without_writing_anything_twice() {
    const EVENTS: usize = 400;
    let site = Site::new();
    let mut program = site.start(&[]);
    for number in 0..EVENTS {
        // A block each, nearly.
        site.send("a", &format!("e{number:03}"), Some("view"), "kettle");
    }
    site.await_checkpoint(EVENTS as u64);
    let start = |arguments: &[&str]| {
        let mut command = site.place.command(&[&["replay", "-c", "site.conf", "--rate", "60"], arguments].concat());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be run")
    };
    let position = || {
        let said = site.run(&["journal", "cursor", "ls"]);
        let line = said.out.lines().find(|line| line.contains("replay-")).map(str::to_owned)?;
        let (_, rest) = line.split_once("below ")?;
        rest.split(' ').next()?.parse::<u64>().ok()
    };
    let mut child = start(&["--from", "0"]);
    let mut reached = 0;
    for round in 0..3 {
        let until = Instant::now() + SOON;
        while position().is_none_or(|position| position <= reached) {
            assert!(Instant::now() < until, "round {round}: at {:?}", position());
            thread::sleep(Duration::from_millis(10));
        }
        send_signal(child.id(), "KILL");
        child.wait().expect("a child of ours");
        reached = position().expect("a cursor");
        let name = fs::read_dir(site.place.path().join("data/replays")).expect("the plans");
        if round == 1 {
            // A server that starts knows of it, and keeps what it needs.
            assert_eq!(program.stop(), Some(0));
            program = site.start(&[]);
            let health = site.place.admin("/health/ready").text();
            assert!(health.contains("the cursor of `replay-2"), "{health}");
        }
        let mut names = name.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let name = names.find_map(|name| Some(name.strip_suffix(".json")?.to_owned())).expect("a plan");
        child = start(&["--resume", &name]);
    }
    assert!(reached > 0, "nothing was committed before the kills");
    assert_eq!(child.wait().expect("a child of ours").code(), Some(0));
    assert_eq!(program.stop(), Some(0));
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for id in replayed(&site) {
        *counts.entry(id).or_default() += 1;
    }
    assert_eq!(counts.len(), EVENTS);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert_eq!(site.ids().len(), 2 * EVENTS);
    assert!(!site.fine(&["journal", "cursor", "ls"]).out.contains("replay"));
}
