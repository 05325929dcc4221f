//! `reference.conf`, the code that reads the keys, and `docs/configuration.md` say the same.
//!
//! Each key stands in the defaults with its type and unit; the readers say how they read it; the tables of the
//! documentation are made of both. `HEADWATER_UPDATE=1 cargo test --lib documentation` writes them anew.

use std::{collections::BTreeMap, fmt::Write as _};

use super::*;
use crate::{
    config::{
        origin::KeyPath,
        section::{Kind, Limits},
        units::{describe_duration, describe_size},
    },
    documentation::check_block,
};

/// A key as the defaults have it.
#[derive(Debug)]
struct Entry {
    /// The object that it stands in, as an operator writes it, and what is said about the object.
    group: (String, String),
    key: String,
    /// Where the readers find it.
    path: KeyPath,
    kind: String,
    unit: String,
    default: Option<String>,
    required: bool,
    variable: Option<String>,
    about: String,
}

/// Where an object of the defaults stands in an operator's file: as shown, and as read with sample names.
fn place(stack: &[&str]) -> (String, Vec<String>) {
    let (shown, path): (String, Vec<&str>) = match stack {
        ["defaults", "mapping", rest @ ..] => {
            ("divolte.mappings.<name>".into(), [&["divolte", "mappings", "mapping"], rest].concat())
        }
        ["defaults", "table", rest @ ..] => {
            ("divolte.tables.<name>".into(), [&["divolte", "tables", "table"], rest].concat())
        }
        ["defaults", kind @ ("browser" | "json"), rest @ ..] => {
            (format!("divolte.sources.<name> ({kind})"), [&["divolte", "sources", kind], rest].concat())
        }
        ["defaults", "file_strategy", rest @ ..] => (
            "divolte.sinks.<name>.file_strategy".into(),
            [&["divolte", "sinks", "hdfs", "file_strategy"], rest].concat(),
        ),
        ["defaults", kind, rest @ ..] => {
            let kinds = if *kind == "hdfs" { "hdfs, file" } else { kind };
            (format!("divolte.sinks.<name> ({kinds})"), [&["divolte", "sinks", kind], rest].concat())
        }
        stack => (stack.join("."), stack.to_vec()),
    };
    let inside = if stack.first() == Some(&"defaults") { stack.get(2..).unwrap_or_default() } else { &[] };
    let shown = match (shown.split_once(" ("), inside) {
        (Some((name, kind)), [_, ..]) => format!("{name}.{} ({kind}", inside.join(".")),
        _ => shown,
    };
    (shown, path.into_iter().map(str::to_owned).collect())
}

/// Reads the defaults line by line.
fn entries() -> Vec<Entry> {
    let text = include_str!("../reference.conf");
    let mut entries: Vec<Entry> = Vec::new();
    let (mut stack, mut about): (Vec<(&str, String)>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).take_while(|line| !line.starts_with("implicit")) {
        let set = line.strip_prefix("# ").unwrap_or(line).split_once(" = ");
        let name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
        let set = set.filter(|(key, _)| name(key)).or_else(|| Some(("client", line.strip_prefix("# client ")?)));
        if let Some((key, value)) = set {
            let names: Vec<_> = stack.iter().map(|(name, _)| *name).collect();
            if let Some(variable) = value.strip_prefix("${?") {
                let entry = entries.iter_mut().rev().find(|entry| entry.key == key).expect("a key before it");
                entry.variable = Some(variable.trim_end_matches('}').to_owned());
            } else if !value.starts_with("${") {
                let (value, note) = value.split_once("  # ").unwrap_or_else(|| panic!("no type behind {line}"));
                let (note, required) = note.strip_suffix(", required").map_or((note, false), |note| (note, true));
                let lists = note.starts_with("one of ") || note.contains(" or ");
                let (kind, unit) = if lists { (note, "") } else { note.split_once(", ").unwrap_or((note, "")) };
                let (shown, mut path) = place(&names);
                path.push(key.to_owned());
                entries.push(Entry {
                    group: (shown, stack.last().map(|(_, about)| about.clone()).unwrap_or_default()),
                    key: key.to_owned(),
                    path,
                    kind: kind.to_owned(),
                    unit: unit.to_owned(),
                    default: (!line.starts_with('#')).then(|| value.trim().to_owned()),
                    required,
                    variable: None,
                    about: about.join(" "),
                });
            }
            about.clear();
        } else if let Some(prose) = line.strip_prefix('#') {
            about.push(prose.trim());
        } else if let Some(name) = line.strip_suffix(" {") {
            stack.push((name, about.join(" ")));
            about.clear();
        } else {
            about.clear();
            if line == "}" {
                stack.pop();
            }
        }
    }
    entries
}

/// Every key that the readers ask for, and how they read it.
fn asked() -> BTreeMap<KeyPath, Kind> {
    let text = "divolte { sources { browser.type = browser, json.type = json }, mappings.mapping {}, tables.table {}
        sinks { hdfs.type = hdfs, gcs { type = gcs, bucket = b }, kafka.type = kafka, gcps.type = gcps } }";
    let bench = Bench::new(text);
    let layers = Layers::read(&bench.request).expect("texts that follow the language");
    let problems = Problems::new(layers.texts, layers.own);
    let (tree, reference) = trees(&layers.parsed, &layers.environment).expect("no circles");
    options::read(&tree, &reference, &problems);
    let asked = problems.asked.take().into_iter().map(|(mut path, kind)| {
        if path[..3] == ["divolte", "sinks", "gcs"] && path[3] == "file_strategy" {
            "hdfs".clone_into(&mut path[2]);
        }
        (path, kind)
    });
    asked.collect()
}

/// The type as the documentation names it.
fn named(kind: &Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Path => "path".into(),
        Kind::Boolean => "boolean".into(),
        Kind::Integer(_) => "integer".into(),
        Kind::Number => "number".into(),
        Kind::Size(_) => "size".into(),
        Kind::Duration(_) => "duration".into(),
        Kind::Choice(words) => format!("one of {}", words.join(", ")),
        Kind::Names => "names".into(),
        Kind::ChoiceOrNames(words) => format!("{} or names", words.join(", ")),
        Kind::Properties => "properties".into(),
    }
}

/// The values that can work, and what happens to others.
fn range(kind: &Kind) -> String {
    let (Kind::Integer(limits) | Kind::Size(limits) | Kind::Duration(limits)) = kind else { return String::new() };
    let describe = |number: i64| match kind {
        Kind::Duration(_) => describe_duration(number),
        Kind::Size(_) => describe_size(number),
        _ => number.to_string(),
    };
    let Limits { works, starts } = limits;
    let int = |number: i64| number == i64::from(i32::MAX);
    let (low, high) = (*works.start(), *works.end());
    let range = match (low, high) {
        (low, _) if low < 0 => return String::new(),
        (low, high) if high == i64::MAX || int(high) => format!("from {}", describe(low)),
        (low, high) => format!("{} to {}", describe(low), describe(high)),
    };
    if starts == works { range } else { format!("{range}, else clamped") }
}

/// The tables of the documentation.
fn tables(entries: &[Entry], asked: &BTreeMap<KeyPath, Kind>) -> String {
    let mut out = String::new();
    let mut group = String::new();
    // Keys of one object may stand on both sides of an object inside it.
    let mut entries: Vec<&Entry> = entries.iter().collect();
    let order: Vec<String> = entries.iter().map(|entry| entry.group.0.clone()).collect();
    entries.sort_by_key(|entry| order.iter().position(|group| *group == entry.group.0));
    for entry in entries {
        if entry.group.0 != group {
            group.clone_from(&entry.group.0);
            let (name, kind) = group.split_once(" (").map_or((&*group, None), |(name, kind)| (name, Some(kind)));
            let kind = kind.map_or(String::new(), |kind| format!(", `type = {}`", kind.trim_end_matches(')')));
            let kind = kind.replace("hdfs, file", "hdfs` or `file");
            let _ = write!(out, "\n### `{name}`{kind}\n\n");
            if !entry.group.1.is_empty() {
                let _ = write!(out, "{}\n\n", marked(&entry.group.1));
            }
            out.push_str("| Key | Type | Unit | Default | Range | Meaning |\n|---|---|---|---|---|---|\n");
        }
        let kind = asked.get(&entry.path);
        let unit = match entry.kind.as_str() {
            "size" => "bytes",
            "duration" => "time",
            _ => &entry.unit,
        };
        let code = |text: &str| format!("`{text}`");
        let default = match &entry.default {
            Some(value) => code(value),
            None if entry.required => "required".to_owned(),
            None => "unset".to_owned(),
        };
        let variable = entry.variable.as_ref().map_or(String::new(), |name| format!(", or `${name}`"));
        let kind_text = match entry.kind.strip_prefix("one of ") {
            Some(words) => words.split(", ").map(code).collect::<Vec<_>>().join(" "),
            None => entry.kind.clone(),
        };
        let range = kind.map(range).unwrap_or_default();
        let _ = writeln!(
            out,
            "| `{}` | {kind_text} | {unit} | {default}{variable} | {range} | {} |",
            entry.key,
            marked(&entry.about)
        );
    }
    out
}

/// The text with key paths marked as code.
fn marked(text: &str) -> String {
    let mark = |word: &str| match word.trim_end_matches(['.', ',', ':']) {
        path if path.starts_with("divolte.") => word.replace(path, &format!("`{path}`")),
        _ => word.to_owned(),
    };
    text.split(' ').map(mark).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_key_that_is_read_stands_in_the_defaults_and_the_other_way_round() {
    let (entries, asked) = (entries(), asked());
    assert!(entries.len() > 90, "only {} keys were found", entries.len());
    let mut written: BTreeMap<KeyPath, String> = BTreeMap::new();
    for entry in &entries {
        if entry.kind == "property" {
            // Names of properties may have dots; they all belong to the object around.
            let end = entry.path.iter().position(|name| name == "producer").expect("properties of the producer");
            written.insert(entry.path[..=end].to_vec(), "properties".to_owned());
        } else {
            assert!(written.insert(entry.path.clone(), entry.kind.clone()).is_none(), "{:?} twice", entry.path);
        }
        assert!(!entry.about.is_empty(), "{:?} has no word about it", entry.path);
        let counted = entry.kind == "integer" && !["port", "confluent_id"].contains(&&*entry.key);
        assert_eq!(!entry.unit.is_empty(), counted, "unit of {:?}", entry.path);
    }
    let read: BTreeMap<KeyPath, String> = asked.iter().map(|(path, kind)| (path.clone(), named(kind))).collect();
    assert_eq!(written, read);
}

#[test]
fn documentation_has_every_key_with_type_unit_and_default() {
    check_block("configuration.md", "keys", &tables(&entries(), &asked()));
}

#[test]
fn documentation_has_every_code() {
    let mut table = String::from("| Code | Meaning |\n|---|---|\n");
    let mut about = String::new();
    for line in include_str!("../problem.rs").lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            about = text.trim_end_matches('.').to_owned();
        } else if let Some(("pub const", code)) = line.split_once(": &str = ").map(|(name, code)| (&name[..9], code)) {
            let _ = writeln!(table, "| {} | {about} |", code.trim_matches(['"', ';']));
        }
    }
    assert!(table.contains("C001") && table.contains("C105"), "{table}");
    check_block("configuration.md", "codes", &table);
}
