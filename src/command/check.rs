//! `headwater check`: everything that is wrong with a configuration, or what a start with it would do.

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::Path,
};

use super::{
    Failure, compatible, compile,
    layout::Table,
    place::{lasts, roughly},
    preflight::{self, Finding},
    print,
    summary::{durability, span},
    upgrade,
};
use crate::{
    config::{
        LoadRequest, Settings,
        settings::{Durability, FileSettings, MappingSettings, SinkSettings, SourceSettings},
    },
    diagnostic,
    disk::RealDisk,
    mapping::Mapping,
    pipeline::journal_bytes_max,
    util::terminal::{Paint, Style, wants_color},
};

/// Loads the configuration, compiles its mappings, looks at directories and ports, and prints what a start would do.
/// Nothing is made. `older` is a schema to compare those of the mappings with; `rate` the events a second for which the
/// journal's time is said.
///
/// # Errors
/// Mistakes in the configuration, in schemas or scripts; directories or addresses that a start could not use; the
/// output cannot be written.
pub fn run(request: &LoadRequest, older: Option<&Path>, rate: u64, out: &mut impl Write) -> Result<(), Failure> {
    let (settings, mappings) = match compile::load(request) {
        Ok(loaded) => loaded,
        Err(wrong) => {
            print(out, &upgrade::text_despite(request, &wrong))?;
            return Err(Failure::config(&wrong));
        }
    };
    let apart = older.map(|older| compatible::with(older, &mappings)).unwrap_or_default();
    if !apart.is_empty() {
        return Err(Failure::config(&apart));
    }
    let paint = Paint::on(&io::stderr());
    eprint!("{}", diagnostic::render(&settings.warnings, wants_color(&io::stderr())));
    let (fatal, notes): (Vec<Finding>, Vec<Finding>) =
        preflight::look(&settings).into_iter().partition(|finding| finding.fatal);
    if !fatal.is_empty() {
        let told: Vec<_> = fatal.into_iter().map(|finding| format!("headwater: {}", finding.text)).collect();
        return Err(Failure::Config(told.join("\n")));
    }
    for note in &notes {
        eprintln!("{} {}", paint.paint(Style::Odd, "note:"), note.text);
    }
    let summary = summary(&settings, &mappings, &with(request, &settings), rate, Paint::on(&io::stdout()));
    print(out, &(summary + &upgrade::text(&settings)))
}

/// With what a start would begin.
fn with(request: &LoadRequest, settings: &Settings) -> String {
    match &request.config {
        Some(file) => format!("with {}", file.display()),
        None if settings.embedded => "without a configuration file".to_owned(),
        None => "with the file in $DIVOLTE_CONF_DIR".to_owned(),
    }
}

/// What a start would do.
fn summary(settings: &Settings, mappings: &[Mapping], with: &str, rate: u64, paint: Paint) -> String {
    let mut text = format!("{} {with}:\n", paint.paint(Style::Strong, "This is what a start would do"));
    let mut section = |title: &str, table: &Table| {
        // Writing to memory cannot fail.
        let _ = write!(text, "\n{}\n{}", paint.paint(Style::Heading, title), table.render(paint));
    };
    section("Listen", &listeners(settings));
    section("Collect", &sources(settings));
    section("Map", &mapping_table(settings, mappings));
    if !settings.tables.is_empty() {
        section("Look up", &tables(settings));
    }
    section("Write", &sinks(settings));
    section("Keep", &keep(settings, rate));
    text
}

fn listeners(settings: &Settings) -> Table {
    let (server, admin) = (&settings.server, &settings.admin);
    let mut table = Table::default();
    let host = server.host.as_deref().unwrap_or("127.0.0.1");
    let page = if server.serve_static_resources { ", with a page at /" } else { "" };
    let reach = match (server.host.as_deref(), host) {
        (None, _) => "for this machine only",
        (_, "0.0.0.0" | "::" | "[::]") => "on every address of this machine",
        _ => "on this address",
    };
    table.row("public", Style::Strong, format!("{host}:{}", server.port), format!("{reach}{page}"));
    if admin.enabled {
        table.row("admin", Style::Strong, format!("{}:{}", admin.host, admin.port), "metrics, health, status");
    } else {
        table.row("admin", Style::Faint, "none", "switched off: no metrics, no health, no status");
    }
    table
}

fn sources(settings: &Settings) -> Table {
    let host = match settings.server.host.as_deref() {
        None => "127.0.0.1".to_owned(),
        Some("0.0.0.0" | "::" | "[::]") => "localhost".to_owned(),
        Some(host) if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        Some(host) => host.to_owned(),
    };
    let base = format!("http://{host}:{}", settings.server.port);
    let mut table = Table::default();
    for source in &settings.sources {
        match source {
            SourceSettings::Browser(browser) => {
                let path = |name: &str| format!("GET  {base}{}{name}", browser.prefix);
                table.row(&browser.name, Style::Strong, path(&browser.javascript_name), "the tracker for your pages");
                table.row("", Style::Strong, path(&browser.event_suffix), "the events that it sends");
            }
            SourceSettings::Json(json) => {
                let remark = format!("events in JSON, up to {} bytes each", json.body_bytes_max);
                table.row(&json.name, Style::Strong, format!("POST {base}{}", json.event_path), remark);
            }
        }
    }
    if settings.sources.is_empty() {
        table.row("nothing", Style::Odd, "there is no source", "");
    }
    table
}

fn mapping_table(settings: &Settings, mappings: &[Mapping]) -> Table {
    let mut table = Table::default();
    for (named, mapping) in settings.mappings.iter().zip(mappings) {
        one_mapping(&mut table, named, mapping);
    }
    if settings.mappings.is_empty() {
        table.row("nothing", Style::Odd, "there is no mapping", "events are answered and go nowhere");
    }
    table
}

fn one_mapping(table: &mut Table, settings: &MappingSettings, mapping: &Mapping) {
    let (schema, script) = compile::files(settings);
    let way = format!("{} → {}", names(&settings.sources), names(&settings.sinks));
    let left_out = match (settings.discard_corrupted, settings.discard_duplicates) {
        (true, true) => "without corrupt events and duplicates",
        (true, false) => "without corrupt events",
        (false, true) => "without duplicates",
        (false, false) => "",
    };
    table.row(&settings.name, Style::Strong, way, left_out);
    let fields: Vec<_> = mapping.schema().fields().iter().map(|field| field.name.as_str()).collect();
    let record = format!("record {}, {}", mapping.schema().name(), count(fields.len(), "field"));
    table.row("", Style::Strong, format!("schema  {schema}"), record);
    let set = mapping.set_fields();
    let unset: Vec<_> = fields.iter().filter(|field| !set.contains(field)).copied().collect();
    let mapped =
        if unset.is_empty() { "sets every field".to_owned() } else { format!("sets {}", count(set.len(), "field")) };
    table.row("", Style::Strong, format!("script  {script}"), mapped);
    if unset.is_empty() {
        return;
    }
    table.list("sets    ", &set);
    table.list("leaves  ", &unset);
}

fn tables(settings: &Settings) -> Table {
    let mut table = Table::default();
    for named in &settings.tables {
        let (rows, columns) = named.table.as_ref().map_or((0, 0), |table| (table.len(), table.columns().len()));
        let remark = format!("{} of {}, by `{}`", count(rows, "row"), count(columns, "column"), named.key);
        table.row(&named.name, Style::Strong, named.file.display().to_string(), remark);
    }
    table
}

fn sinks(settings: &Settings) -> Table {
    let mut table = Table::default();
    for SinkSettings::File(sink) in &settings.sinks {
        files(&mut table, sink);
    }
    if settings.sinks.is_empty() {
        table.row("nothing", Style::Odd, "no sink is in use", "events are answered and go nowhere");
    }
    table
}

fn files(table: &mut Table, sink: &FileSettings) {
    let made = |path: &Path| if sink.make_directories && !path.exists() { ", will be made" } else { "" };
    let (publish, working) = (&sink.publish_directory, &sink.working_directory);
    let every = span(sink.roll_every);
    let remark = format!("finished files, one every {every} from each thread{}", made(publish));
    table.row(sink.name.as_str(), Style::Strong, publish.display().to_string(), remark);
    let remark = format!("unfinished files, {} at a time{}", sink.lanes, made(working));
    table.row("", Style::Strong, working.display().to_string(), remark);
}

fn keep(settings: &Settings, rate: u64) -> Table {
    let mut table = Table::default();
    let (level, style, meaning) = durability(settings.journal.durability);
    table.row("durability", style, level, meaning);
    let data = &settings.data_directory;
    let made = if data.exists() { "" } else { ", will be made" };
    table.row("data", Style::Strong, data.display().to_string(), format!("journal, cursors and dead letters{made}"));
    if settings.journal.durability != Durability::None {
        let bytes = journal_bytes_max(&settings.journal, &RealDisk);
        let lasts = roughly(lasts(bytes, rate));
        let remark = format!("{lasts} of {rate} events a second while a sink is down");
        table.row("journal", Style::Strong, format!("up to {} MiB", bytes >> 20), remark);
    }
    table
}

fn names(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, fs};

    use super::*;
    use crate::config;

    #[test]
    fn the_summary_names_what_runs() {
        let set = vec!["divolte.global.journal.max_size=8G".to_owned()];
        let request = LoadRequest { data: Some("/d".into()), set, ..LoadRequest::default() };
        let settings = config::load(&request).expect("what is built in loads");
        let (mappings, _) =
            compile::mappings(&settings, &compile::tables(&settings)).expect("what is built in compiles");
        insta::assert_snapshot!(summary(&settings, &mappings, &with(&request, &settings), 1000, Paint::new(false)));
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_told_and_ends_with_the_mistakes() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in [("bad.avsc", "{\"type\": \"record\","), ("m.groovy", ""), ("none.conf", "")] {
            fs::write(directory.path().join(name), text).expect("a file");
        }
        let place = directory.path().display();
        let request = LoadRequest {
            config: Some(directory.path().join("none.conf")),
            set: vec![
                "divolte.mappings.m.sources=[browser]".to_owned(),
                "divolte.mappings.m.sinks=[hdfs]".to_owned(),
                format!("divolte.mappings.m.schema_file={place}/bad.avsc"),
                format!("divolte.mappings.m.mapping_script_file={place}/m.groovy"),
            ],
            data: None,
            environment: HashMap::new(),
        };
        let mut out = Vec::new();
        let failure = run(&request, None, 1000, &mut out).expect_err("the schema is no JSON");
        assert!(
            matches!(&failure, Failure::Config(told) if told.contains("error[C019]") && told.ends_with("has 1 mistake")),
            "{failure}"
        );
        assert!(out.is_empty());
    }
}
