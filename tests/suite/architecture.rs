//! Who may use whom (`docs/architecture.md`), read off the sources: paths that start at the crate, and outside crates.
//!
//! Rules, as their number is printed:
//! 1. A stage never uses a later stage; data modules may be used by all that the table says.
//! 2. Only `pipeline` and `app` see both ends: `sink` does not know events, `source` does not know mappings, records or
//!    sinks, `journal` knows none of them.
//! 3. Settings are what stages see of the configuration; its inner parts stay within it.
//! 4. A mapping does no I/O.
//! 5. A third-party crate that shapes data stays where it is named here.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// For each module those that it may use beside itself. What is not here is not allowed.
const MAY_USE: &[(&str, &[&str])] = &[
    // Data, usable by all.
    ("util", &[]),
    ("checkpoint", &["util"]),
    ("diagnostic", &["util"]),
    ("metrics", &["checkpoint", "util"]),
    ("disk", &["util"]),
    // The duplicate memory works on the journal's runs.
    ("event", &["checkpoint", "journal", "metrics", "util"]),
    // The operator's wishes.
    ("config", &["checkpoint", "diagnostic", "util"]),
    // Stages, in the order of the event's way.
    ("listen", &["config", "metrics", "util"]),
    ("source", &["checkpoint", "config", "diagnostic", "event", "journal", "listen", "metrics", "util"]),
    ("journal", &["checkpoint", "config", "diagnostic", "disk", "metrics", "util"]),
    ("enrich", &["config", "metrics", "util"]),
    ("mapping", &["checkpoint", "config", "diagnostic", "enrich", "event", "journal", "metrics", "record", "util"]),
    ("record", &["checkpoint", "diagnostic", "journal", "metrics", "util"]),
    ("sink", &["checkpoint", "config", "diagnostic", "disk", "journal", "metrics", "record", "util"]),
    (
        "delivery",
        &[
            "checkpoint",
            "config",
            "diagnostic",
            "disk",
            "event",
            "journal",
            "mapping",
            "metrics",
            "record",
            "sink",
            "util",
        ],
    ),
    // Beside the way.
    ("admin", &["checkpoint", "config", "delivery", "diagnostic", "journal", "listen", "metrics", "util"]),
    ("signal", &["util"]),
    ("logging", &["cli", "util"]),
];

/// Modules that see everything: the wiring, and the command line around it.
const SEE_ALL: &[&str] = &["app", "pipeline", "reload", "cli", "command", "main", "lib"];

/// Parts of `config` that nobody else may name.
const CONFIG_INSIDE: &[&str] = &["hocon", "options", "origin", "units", "validate"];

/// Stages see of `config` only this.
const CONFIG_OUTSIDE: &[&str] = &["settings", "Settings"];

/// Crates that stay at one place.
const CRATES: &[(&str, &[&str])] = &[
    ("hocon_parser", &["config/hocon.rs", "config/hocon/"]),
    ("apache_avro", &["record/", "command/cat.rs"]),
    ("snap", &["record/container/codec.rs"]),
    ("zstd", &["record/container/codec.rs"]),
    ("woothee", &["enrich/ua.rs", "enrich/ua/"]),
    ("maxminddb", &["config/geo.rs", "enrich/geo.rs", "enrich/geo/"]),
    ("brotli", &["source/packed.rs"]),
    ("codespan_reporting", &["diagnostic.rs", "diagnostic/"]),
];

/// One source file without its tests.
struct Source {
    /// Below `src`, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The module directly below the crate that the file belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules it is below the crate.
    fn depth(&self) -> usize {
        let path = self.path.strip_suffix("/mod.rs").or_else(|| self.path.strip_suffix(".rs")).unwrap_or_default();
        path.split('/').count()
    }

    /// Paths from the crate's root, their first two names.
    fn crate_paths(&self) -> BTreeSet<(String, String)> {
        let mut paths = BTreeSet::new();
        let root = "super::".repeat(self.depth());
        for start in ["crate::", &root, "headwater::"] {
            for (at, _) in self.text.match_indices(start) {
                let before = self.text[..at].chars().next_back();
                if before.is_none_or(|before| !is_part(before) && before != ':') {
                    tree(&self.text[at + start.len()..], &mut Vec::new(), &mut paths);
                }
            }
        }
        paths
    }

    /// Whether an identifier stands in it.
    fn names(&self, identifier: &str) -> bool {
        self.text.match_indices(identifier).any(|(at, _)| {
            let before = self.text[..at].chars().next_back();
            let after = self.text[at + identifier.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    }
}

/// Whether a character belongs to an identifier.
fn is_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Reads a use tree: notes the first two names of each path in it, gives what follows it.
fn tree<'a>(text: &'a str, prefix: &mut Vec<String>, paths: &mut BTreeSet<(String, String)>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, prefix, paths).trim_start();
            match rest.strip_prefix(',').map(str::trim_start) {
                Some(next) if next.starts_with('}') => return &next[1..],
                Some(next) => rest = next,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let (name, mut rest) = text.split_at(text.find(|c: char| !is_part(c) && c != '*').unwrap_or(text.len()));
    prefix.push(name.to_owned());
    if let Some(next) = rest.strip_prefix("::") {
        rest = tree(next, prefix, paths);
    } else {
        paths.insert((prefix[0].clone(), prefix.get(1).cloned().unwrap_or_default()));
        if let Some(next) = rest.trim_start().strip_prefix("as ") {
            rest = next.trim_start().trim_start_matches(is_part);
        }
    }
    prefix.pop();
    rest
}

/// The text without comments of whole lines and without what is compiled for tests only.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            skip_item(&mut lines);
        } else if !line.trim_start().starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Passes over the item that follows: up to a line that ends it, braces counted.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>) {
    let mut depth = 0_usize;
    for line in lines {
        let line = line.trim();
        if depth == 0 && (line.starts_with('#') || line.starts_with("//")) {
            continue;
        }
        let closed = line.matches('}').count();
        depth = (depth + line.matches('{').count()).saturating_sub(closed);
        if depth == 0 && (closed > 0 || line.ends_with([';', ','])) {
            return;
        }
    }
}

/// All sources but those of tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let below = |path: &PathBuf| path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
    let sources: Vec<_> = paths
        .iter()
        .map(|path| Source {
            path: below(path),
            text: without_tests(&fs::read_to_string(path).expect("a source file in UTF-8")),
        })
        .filter(|source| !source.path.ends_with("/tests.rs") && !source.path.contains("/tests/"))
        .collect();
    assert!(sources.len() > 20, "the sources are not where they were");
    sources
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a source directory") {
        let path = entry.expect("an entry of a source directory").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// What a source does against the rules.
fn breaches(source: &Source) -> Vec<String> {
    let (path, module) = (&source.path, source.module());
    let mut breaches = Vec::new();
    let sees_all = SEE_ALL.contains(&module);
    let allowed = MAY_USE.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
    if allowed.is_none() && !sees_all {
        breaches.push(format!("{path}: module {module} is not in the table of tests/suite/architecture.rs"));
    }
    let is_module = |name: &str| MAY_USE.iter().any(|(module, _)| *module == name) || SEE_ALL.contains(&name);
    for (used, inner) in source.crate_paths() {
        if used == module || !is_module(&used) {
            continue;
        }
        if !sees_all && !allowed.is_some_and(|allowed| allowed.contains(&&*used)) {
            breaches.push(format!("{path}: {module} uses {used}: against rule {}", rule(module, &used)));
        }
        let sees_more = !sees_all && !CONFIG_OUTSIDE.contains(&&*inner);
        if used == "config" && (CONFIG_INSIDE.contains(&&*inner) || sees_more) {
            breaches.push(format!("{path}: {module} uses config::{inner}: against rule 3"));
        }
    }
    if module == "mapping" && (source.names("tokio") || source.text.contains("std::fs") || source.names("File")) {
        breaches.push(format!("{path}: a mapping does I/O: against rule 4"));
    }
    for (name, places) in CRATES {
        if source.names(name) && !places.iter().any(|place| path.starts_with(place)) {
            breaches.push(format!("{path}: {name} stays in {}: against rule 5", places.join(", ")));
        }
    }
    breaches.dedup();
    breaches
}

/// The rule that an import breaks.
fn rule(module: &str, used: &str) -> usize {
    match (module, used) {
        (_, "app" | "pipeline" | "command")
        | ("sink" | "journal", "event")
        | ("source" | "journal", "mapping" | "record" | "sink") => 2,
        _ => 1,
    }
}

#[test]
fn modules_use_only_what_they_may() {
    let breaches: Vec<_> = sources().iter().flat_map(breaches).collect();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn every_module_is_in_the_table() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let found: BTreeSet<_> = modules.collect();
    let known: BTreeSet<_> = MAY_USE.iter().map(|(module, _)| *module).chain(SEE_ALL.iter().copied()).collect();
    let known = &known - &BTreeSet::from(["main", "lib"]);
    assert_eq!(found, known);
}

#[test]
fn breaches_are_found_however_they_are_written() {
    let test_module = "#[cfg(test)]\nmod tests {\n    use crate::event::Event;\n}\n";
    for (path, text, rules) in [
        ("sink/file/mod.rs", "use crate::event::Event;", &["2"][..]),
        ("source/mod.rs", "use crate::{journal::Run, sink::{Sink, Tick}};", &["2"]),
        ("listen/mod.rs", "fn f() { crate::source::accept() }", &["1"]),
        ("listen/bind.rs", "use super::super::source::Accepted;", &["1"]),
        ("metrics.rs", "use super::app::App;", &["2"]),
        ("source/mod.rs", "use crate::config::options::Options;", &["3"]),
        ("journal/mod.rs", "use crate::config::load;", &["3"]),
        ("command/check.rs", "use crate::config::hocon::parse;", &["3"]),
        ("command/check.rs", "use crate::config::load;", &[]),
        ("mapping/eval.rs", "let text = std::fs::read(path);", &["4"]),
        ("mapping/eval.rs", "use apache_avro::Schema;", &["5"]),
        ("record/schema.rs", "use apache_avro::Schema;", &[]),
        ("sink/mod.rs", "use crate::{record::{chunk as piece, container}, checkpoint::Offset};", &[]),
        ("sink/mod.rs", "// use crate::event::Event;\n", &[]),
        ("sink/mod.rs", test_module, &[]),
        ("sink/mod.rs", "#[cfg(test)]\nmod tests;\nuse crate::event::Event;\n", &["2"]),
        ("newcomer.rs", "", &["tests/suite/architecture.rs"]),
    ] {
        let source = Source { path: path.into(), text: without_tests(text) };
        let found: Vec<_> = breaches(&source);
        let found: Vec<_> = found.iter().map(|breach| breach.rsplit(' ').next().unwrap_or_default()).collect();
        assert_eq!(found, rules, "{path}: {text}");
    }
}
