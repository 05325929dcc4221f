//! `headwater check`: everything that is wrong with a configuration, or what it amounts to.

use std::{fmt::Write as _, io::Write};

use super::{Failure, compile, print, upgrade, wants_color};
use crate::{
    config::{
        LoadRequest, Settings,
        settings::{Durability, FileSettings, SinkSettings, SourceSettings},
    },
    diagnostic,
};

/// Loads the configuration, compiles its mappings, and prints what it amounts to. Nothing is opened or made.
///
/// # Errors
/// Mistakes in the configuration, in schemas or scripts; the output cannot be written.
pub fn run(request: &LoadRequest, out: &mut impl Write) -> Result<(), Failure> {
    let settings = match compile::load(request) {
        Ok((settings, _)) => settings,
        Err(wrong) => {
            print(out, &upgrade::text_despite(request, &wrong))?;
            return Err(Failure::config(&wrong));
        }
    };
    eprint!("{}", diagnostic::render(&settings.warnings, wants_color(&std::io::stderr())));
    print(out, &(summary(&settings) + &upgrade::text(&settings)))
}

/// What a configuration amounts to, in a few lines.
#[must_use]
pub fn summary(settings: &Settings) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, text: String| {
        // Writing to memory cannot fail.
        let _ = writeln!(lines, "{name:<12}{text}");
    };
    let host = settings.server.host.as_deref().unwrap_or("this machine only");
    line("listens on", format!("{host}, port {}", settings.server.port));
    let admin = &settings.admin;
    let port = format!("{}, port {}", admin.host, admin.port);
    line("admin on", if admin.enabled { port } else { "nothing, it is switched off".to_owned() });
    for source in &settings.sources {
        line("source", source_line(source));
    }
    for mapping in &settings.mappings {
        let (schema, script) = compile::files(mapping);
        let way = format!("{} → {}", names(&mapping.sources), names(&mapping.sinks));
        line("mapping", format!("{}: {way}, schema {schema}, script {script}", mapping.name));
    }
    for SinkSettings::File(sink) in &settings.sinks {
        line("sink", sink_line(sink));
    }
    if settings.sinks.is_empty() {
        line("sink", "none: events are answered and go nowhere".to_owned());
    }
    line("durability", durability(settings.journal.durability).to_owned());
    line("data", settings.data_directory.display().to_string());
    lines
}

fn names(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn source_line(source: &SourceSettings) -> String {
    match source {
        SourceSettings::Browser(browser) => format!(
            "{}: browser, script {prefix}{}, events {prefix}{}",
            browser.name,
            browser.javascript_name,
            browser.event_suffix,
            prefix = browser.prefix
        ),
        SourceSettings::Json(json) => {
            format!("{}: JSON, events {}, bodies up to {} bytes", json.name, json.event_path, json.body_bytes_max)
        }
    }
}

fn sink_line(sink: &FileSettings) -> String {
    format!(
        "{}: files in {}, written in {}, {} at once, each published after {:?}",
        sink.name,
        sink.publish_directory.display(),
        sink.working_directory.display(),
        sink.lanes,
        sink.roll_every
    )
}

/// What an answered event survives.
fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::None => "none: an answered event survives an orderly stop",
        Durability::Flush => "flush: an answered event survives the end of the process",
        Durability::Fsync => "fsync: an answered event survives a power cut",
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, fs};

    use super::*;
    use crate::config;

    #[test]
    fn the_summary_names_what_runs() {
        let request = LoadRequest { data: Some("/d".into()), ..LoadRequest::default() };
        insta::assert_snapshot!(summary(&config::load(&request).expect("what is built in loads")));
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
        let failure = run(&request, &mut out).expect_err("the schema is no JSON");
        assert!(
            matches!(&failure, Failure::Config(told) if told.contains("error[C019]") && told.ends_with("has 1 mistake")),
            "{failure}"
        );
        assert!(out.is_empty());
    }
}
