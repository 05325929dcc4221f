//! Commands and links of the documents beside the README.

use std::{env, path::Path, process::Command};

use crate::{run::Place, support::program::PROGRAM};

/// The documents whose commands are run, in a directory with a `divolte-collector.conf` and the schema that is built in as
/// `old.avsc`.
const DOCUMENTS: [(&str, &str); 3] = [
    ("configuration.md", include_str!("../../docs/configuration.md")),
    ("mapping.md", include_str!("../../docs/mapping.md")),
    ("migrate.md", include_str!("../../docs/migrate.md")),
];

#[test]
fn every_command_works_as_written() {
    let programs = Path::new(PROGRAM).parent().expect("the program is in a directory").to_owned();
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
    for (document, text) in DOCUMENTS {
        let place = Place::new();
        place.write("divolte-collector.conf", "divolte.sources.browser.type = browser\n");
        place.write("old.avsc", include_str!("../../schemas/default.avsc"));
        let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut run = 0;
        for command in blocks.flat_map(str::lines) {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]).current_dir(place.path()).env("PATH", &path);
            let output = shell.output().expect("a shell");
            assert!(output.status.success(), "{document}: {command}: {output:?}");
            run += 1;
        }
        assert!(run > 0, "{document} has no commands");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (document, text) in DOCUMENTS {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let link = link.split('#').next().unwrap_or_default();
            assert!(link.starts_with("http") || docs.join(link).exists(), "{document}: {link}");
        }
    }
}

#[test]
fn every_guarantee_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/guarantees.md")).expect("the guarantees");
    let mut sources = String::new();
    let inside = ["src/journal/tests", "src/pipeline/memory", "src/sink/ledger", "src/delivery/tests"];
    for directory in inside.into_iter().chain(["tests/suite", "tests/suite/disks", "tests/suite/retained"]) {
        for entry in std::fs::read_dir(root.join(directory)).expect("the tests") {
            sources += &std::fs::read_to_string(entry.expect("an entry").path()).unwrap_or_default();
        }
    }
    let rows = text.split_once("| sentence |").expect("the table").1.split("\n\n").next().unwrap_or_default();
    let mut named = 0;
    for row in rows.lines().skip(2) {
        let tests = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        for name in tests.split(", ") {
            let name = name.trim_matches('`');
            assert!(sources.contains(&format!("#[test]\nfn {name}()")), "{name} is no test");
            named += 1;
        }
    }
    assert!(named >= 15, "{named}");
}
