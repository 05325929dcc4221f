//! The commands and the configuration of the README, run as a reader would run them.

use std::{env, os::unix::fs::symlink, path::Path};

use crate::{
    run::{BrowserRequest, Place},
    support::program::PROGRAM,
};

const README: &str = include_str!("../../README.md");

/// Contents of the fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("a block has an end").to_owned()).collect()
}

/// Shell commands in order, without comments.
fn commands() -> Vec<String> {
    let lines: Vec<String> =
        blocks("sh").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn every_command_works_as_written() {
    let place = Place::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["schemas", "mappings"] {
        symlink(here.join(folder), place.path().join(folder)).expect("a link in a temporary directory");
    }
    let hocon = blocks("hocon");
    assert_eq!(hocon.len(), 1, "one configuration, called site.conf");
    place.write("site.conf", &hocon[0]);
    let programs = Path::new(PROGRAM).parent().expect("the program is in a directory").to_owned();
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
    for command in commands() {
        match command.as_str() {
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
            other => {
                let mut shell = std::process::Command::new("sh");
                shell.args(["-c", other]).current_dir(place.path()).env("PATH", &path);
                let output = shell.output().expect("a shell");
                assert!(output.status.success(), "{other}: {output:?}");
                if other.starts_with("headwater cat") {
                    let text = String::from_utf8_lossy(&output.stdout);
                    assert_eq!(text.lines().count(), BrowserRequest::all().len(), "{text}");
                }
            }
        }
    }
    let published = std::fs::read_dir(place.path().join("files/published")).expect("made by a command above");
    assert!(published.count() > 0, "the configured server has published what it was sent");
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
    for link in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.starts_with("http") {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
        }
    }
}
