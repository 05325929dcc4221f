use std::{collections::HashMap, fmt::Write as _, path::Path};

use serde::Deserialize;

use super::*;
use crate::documentation::check_block;

/// Settings of a configuration in a directory of its own, without its paths in the notes.
fn told(text: &str) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("site.conf");
    fs::write(&file, text).expect("a file");
    let request = LoadRequest { config: Some(file), data: Some("/d".into()), ..LoadRequest::default() };
    let settings = config::inspect(&request).expect("it can be read").settings;
    notes(&settings).into_iter().map(|note| format!("{}: {}", note.what, note.means)).collect()
}

#[test]
fn only_what_concerns_a_configuration_is_told() {
    let json = "divolte { sources.j { type = json, event_path = /j }, mappings {}, global.admin.enabled = false
        global.server.serve_static_resources = false }";
    insta::assert_snapshot!("json_only", told(json).join("\n"));
    let all = "divolte {
        global { server.use_x_forwarded_for = true, mapper.threads = 3, kafka.enabled = true }
        sources { a.type = browser, b { type = browser, prefix = /b, javascript.name = own.js } }
        sinks { f { type = file, file_strategy.working_dir = /tmp }, k.type = kafka }
        mappings.m { sources = [a, b], sinks = [f, k], discard_corrupted = true } }";
    insta::assert_snapshot!("everything", told(all).join("\n"));
}

#[test]
fn without_a_file_there_is_nothing_to_compare_with() {
    let request = LoadRequest { environment: HashMap::new(), ..LoadRequest::default() };
    assert_eq!(text(&config::inspect(&request).expect("what is built in").settings), "");
}

#[test]
fn each_difference_is_named_once() {
    let mut kinds: Vec<_> = DIFFERENCES.iter().map(|difference| difference.what).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), DIFFERENCES.len());
}

#[test]
fn documentation_has_every_difference() {
    let mut table = String::from("| What | Divolte Collector | Headwater |\n|---|---|---|\n");
    for Difference { what, original, ours, .. } in DIFFERENCES {
        let _ = writeln!(table, "| {what} | {original} | {ours} |");
    }
    check_block("migrate.md", "differences", &table);
}

#[derive(Deserialize)]
struct Recorded {
    rules: Vec<String>,
    cases: Vec<Otherwise>,
}

#[derive(Deserialize)]
struct Otherwise {
    group: String,
    case: String,
    step: Option<String>,
    ours: String,
    why: String,
}

#[test]
fn documentation_has_every_recorded_case() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/groups/differences.json");
    let text = fs::read_to_string(path).expect("the list of differences");
    let recorded: Recorded = serde_json::from_str(&text).expect("a list of differences");
    // Cases of one group with the same outcome and reason share a line.
    let mut lines: Vec<(&str, &str, &str, Vec<String>)> = Vec::new();
    for case in &recorded.cases {
        let name = case.step.as_ref().map_or(case.case.clone(), |step| format!("{}: {step}", case.case));
        match lines
            .iter_mut()
            .find(|(group, ours, why, _)| (*group, *ours, *why) == (&case.group, &case.ours, &case.why))
        {
            Some((.., names)) => names.push(name),
            None => lines.push((&case.group, &case.ours, &case.why, vec![name])),
        }
    }
    let mut table = String::from("| Group | Cases | Ours | Why |\n|---|---|---|---|\n");
    for (group, ours, why, names) in lines {
        let names = if names.len() > 3 { format!("{} cases", names.len()) } else { names.join("; ") };
        let cells = [group, &names, ours, why].map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table.push_str("\nRules that hold for all groups:\n\n");
    for rule in recorded.rules {
        let _ = writeln!(table, "* {rule}");
    }
    check_block("migrate.md", "cases", &table);
}
