//! The commands and the configuration of the README, run as a reader would run them.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    run::{BrowserRequest, Place},
    support::program::PROGRAM,
};

const README: &str = include_str!("../../README.md");

/// A fenced block: its language, the last name in backticks before it, its text.
struct Fenced {
    language: &'static str,
    name: &'static str,
    text: &'static str,
}

fn fenced() -> Vec<Fenced> {
    let mut parts = README.split("\n```");
    let mut before = parts.next().expect("a text in front of the first block");
    let mut found = Vec::new();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').expect("a fence stands on a line of its own");
        let name = before.rsplit('`').nth(1).unwrap_or_default();
        found.push(Fenced { language, name, text });
        before = after;
    }
    found
}

/// Shell commands in order, without comments.
fn commands() -> Vec<&'static str> {
    let shell = fenced().into_iter().filter(|block| block.language == "sh");
    shell
        .flat_map(|block| block.text.lines())
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn every_command_works_as_written() {
    let place = Place::new();
    for block in fenced().into_iter().filter(|block| matches!(block.language, "json" | "groovy" | "hocon")) {
        assert!(block.name.contains('.'), "a {} block has no file name before it", block.language);
        place.write(block.name, block.text);
    }
    let programs = Path::new(PROGRAM).parent().expect("the program is in a directory").to_owned();
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
    let shell = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(place.path()).env("PATH", &path);
        shell
    };
    for command in commands() {
        match command {
            // The test command itself.
            "scripts/test" => {}
            "cargo run --release -- serve" => serve(&place, place.serve()),
            "headwater serve -c site.conf" => {
                let mut serve_site = place.command(&["serve", "-c", "site.conf"]);
                for (key, port) in [("server", place.port), ("admin", place.admin)] {
                    serve_site.args(["--set", &format!("divolte.global.{key}.port={port}")]);
                }
                serve(&place, serve_site);
            }
            endless if endless.contains("--follow") => {
                let mut follow = shell(&format!("exec {endless}")).stdout(Stdio::piped()).spawn().expect("a shell");
                let lines = BufReader::new(follow.stdout.take().expect("piped")).lines();
                let shown = lines.take(BrowserRequest::all().len()).flatten().count();
                assert_eq!(shown, BrowserRequest::all().len(), "{endless}");
                follow.kill().expect("it still follows");
                follow.wait().expect("it was started");
            }
            other => {
                let output = shell(other).output().expect("a shell");
                assert!(output.status.success(), "{other}: {output:?}");
                if other.starts_with("headwater cat") {
                    let text = String::from_utf8_lossy(&output.stdout);
                    assert_eq!(text.lines().count(), BrowserRequest::all().len(), "{text}");
                }
            }
        }
    }
    let published = place.path().join("files/published");
    let first = fs::read_dir(&published).expect("made by a command above").next().expect("a file").expect("an entry");
    let output = place.output(&["cat", &first.path().display().to_string()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for field in ["\"at\":", "\"visitor\":", "\"path\":", "\"shop\":false"] {
        assert!(text.contains(field), "{field} is missing in {text}");
    }
}

/// Starts the server, sends what browsers send, stops it.
fn serve(place: &Place, command: std::process::Command) {
    let mut program = place.start(command);
    for request in BrowserRequest::all() {
        request.send(place.port).response();
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root.join(page));
    let docs = fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    for page in pages.into_iter().chain(docs.filter(|path| path.extension().is_some_and(|end| end == "md"))) {
        let text = fs::read_to_string(&page).expect("a readable page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let leads = link.is_empty() || link.starts_with("http") || page.with_file_name(link).exists();
            assert!(leads, "{}: {link}", page.display());
        }
    }
}
