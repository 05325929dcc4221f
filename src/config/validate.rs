//! What one part of the configuration says about another, and the settings that come of it.

mod sink;

use std::{collections::HashMap, fs, io};

use super::{
    geo,
    options::{MappingOptions, Options, path},
    problem::{At, Problems, code},
    pseudonym, relative,
    settings::{MappingSettings, Settings, SourceSettings},
    sinks::SinkOptions,
    tables,
};
use crate::{
    diagnostic::{Diagnostic, nearest},
    util::reason::reason,
};

/// Checks everything and makes the settings. They are only worth something when no error was reported.
pub fn validate(
    options: Options,
    embedded: bool,
    environment: &HashMap<String, String>,
    problems: &Problems,
) -> Settings {
    let mappings = options.mappings.unwrap_or_else(|| implicit(&options.sources, &options.sinks));
    collisions(&options.sources, &options.sinks, problems);
    for mapping in &mappings {
        names(mapping, &options.sources, &options.sinks, problems);
        files(&mapping.settings, problems);
    }
    // Where names are wrong, what they do not name is no news.
    if !problems.any_error() {
        unmapped(&options.sources, &mappings, problems);
    }
    routes(&options.sources, problems);
    proxies(&options.sources, options.global.server.use_x_forwarded_for, problems);
    for sink in &options.sinks {
        let feeding: Vec<_> = mappings.iter().filter(|mapping| feeds(mapping, sink)).collect();
        sink::schemas(sink, &feeding, problems);
        sink::confluent(sink, &feeding, problems);
    }
    let mut global = options.global;
    pseudonym::read(&mut global.mapper, environment, problems);
    geo::check(&global.mapper.geo_databases, problems);
    let mut tables = options.tables;
    tables::check(&mut tables, problems);
    sink::project(&global.gcps, environment, problems);
    let in_use: Vec<_> =
        options.sinks.into_iter().filter(|sink| mappings.iter().any(|mapping| feeds(mapping, sink))).collect();
    let sink::InUse { sinks, absent } = sink::in_use(in_use, &global, embedded, environment, problems);
    Settings {
        data_directory: global.data_directory,
        drain_timeout: global.drain_timeout,
        server: global.server,
        admin: global.admin,
        mapper: global.mapper,
        journal: global.journal,
        dead_letter_directory: global.dead_letter_directory,
        dead_letter_bytes_max: global.dead_letter_bytes_max,
        sources: options.sources,
        mappings: mappings.into_iter().map(|mapping| effective(mapping.settings)).collect(),
        sinks,
        absent_sinks: absent,
        tables,
        embedded,
        config_file: None,
        warnings: Vec::new(),
    }
}

/// The mapping that is there when the configuration has no `mappings`.
fn implicit(sources: &[SourceSettings], sinks: &[SinkOptions]) -> Vec<MappingOptions> {
    vec![MappingOptions {
        settings: MappingSettings {
            name: "default".to_owned(),
            sources: sources.iter().map(|source| source.name().to_owned()).collect(),
            sinks: sinks.iter().map(|sink| sink.name.clone()).collect(),
            schema_file: None,
            mapping_script_file: None,
            discard_corrupted: false,
            discard_duplicates: false,
            confluent_id: None,
        },
        source_places: (0..sources.len()).collect(),
        sink_places: (0..sinks.len()).collect(),
    }]
}

fn feeds(mapping: &MappingOptions, sink: &SinkOptions) -> bool {
    mapping.settings.sinks.contains(&sink.name)
}

/// The built-in script fits the built-in schema only.
fn effective(mut settings: MappingSettings) -> MappingSettings {
    if settings.mapping_script_file.is_none() {
        settings.schema_file = None;
    }
    settings
}

fn collisions(sources: &[SourceSettings], sinks: &[SinkOptions], problems: &Problems) {
    for sink in sinks.iter().filter(|sink| sources.iter().any(|source| source.name() == sink.name)) {
        let diagnostic =
            Diagnostic::error(code::COLLISION, format!("`{}` is the name of a source and of a sink", sink.name))
                .hint("rename one of them: mappings name both in the same way");
        let diagnostic = problems.placed(diagnostic, At::Key(&path(&["sinks", &sink.name])), "the sink");
        problems.add(problems.with(diagnostic, &path(&["sources", &sink.name]), "the source"));
    }
}

fn names(mapping: &MappingOptions, sources: &[SourceSettings], sinks: &[SinkOptions], problems: &Problems) {
    let settings = &mapping.settings;
    let sources: Vec<_> = sources.iter().map(SourceSettings::name).collect();
    let sinks: Vec<_> = sinks.iter().map(|sink| sink.name.as_str()).collect();
    let lists = [
        ("sources", "source", &settings.sources, &mapping.source_places, &sources, &sinks),
        ("sinks", "sink", &settings.sinks, &mapping.sink_places, &sinks, &sources),
    ];
    for (key, what, used, places, defined, others) in lists {
        let path = path(&["mappings", &settings.name, key]);
        for (used, place) in used.iter().zip(places).filter(|(used, _)| !defined.contains(&used.as_str())) {
            let diagnostic = if others.contains(&used.as_str()) {
                let message = format!("mapping `{}` has `{used}` among its {key}, which is no {what}", settings.name);
                // A source among the sinks starts in the original, where it has no effect.
                if what == "sink" {
                    Diagnostic::warning(code::USELESS, message)
                } else {
                    Diagnostic::error(code::UNDEFINED, message)
                }
            } else {
                let message = format!("mapping `{}` uses the {what} `{used}`, which is not defined", settings.name);
                Diagnostic::error(code::UNDEFINED, message)
            };
            let diagnostic = match nearest(used, defined.iter().copied()) {
                Some(word) => diagnostic.hint(format!("did you mean `{word}`?")),
                None if defined.is_empty() => diagnostic,
                None => diagnostic.hint(format!("defined are: {}", defined.join(", "))),
            };
            problems.report(diagnostic, At::Element(&path, *place), "");
        }
    }
}

fn files(settings: &MappingSettings, problems: &Problems) {
    for (key, file) in [("schema_file", &settings.schema_file), ("mapping_script_file", &settings.mapping_script_file)]
    {
        let Some(file) = file else { continue };
        let found = fs::File::open(file).and_then(|opened| opened.metadata());
        let directory = found.as_ref().is_ok_and(fs::Metadata::is_dir);
        let found = if directory { Err(io::ErrorKind::IsADirectory.into()) } else { found };
        if let Err(error) = found {
            let message =
                format!("file `{}` of mapping `{}` cannot be read: {}", file.display(), settings.name, reason(&error));
            let path = path(&["mappings", &settings.name, key]);
            problems.report(Diagnostic::error(code::ABSENT, message).hint(relative(file)), At::Value(&path), "");
        }
    }
    if settings.schema_file.is_some() && settings.mapping_script_file.is_none() {
        let path = path(&["mappings", &settings.name, "schema_file"]);
        let message = format!("the schema of mapping `{}` has no effect, because it has no script", settings.name);
        let diagnostic = Diagnostic::warning(code::USELESS, message)
            .hint("the built-in script writes records of the built-in schema; set `mapping_script_file` too");
        problems.report(diagnostic, At::Value(&path), "");
    }
}

fn unmapped(sources: &[SourceSettings], mappings: &[MappingOptions], problems: &Problems) {
    for source in sources {
        if !mappings.iter().any(|mapping| mapping.settings.sources.iter().any(|name| name == source.name())) {
            let message =
                format!("no mapping takes the events of source `{}`: they are answered and lost", source.name());
            let path = path(&["sources", source.name()]);
            problems.report(Diagnostic::warning(code::USELESS, message), At::Key(&path), "");
        }
    }
}

/// Who believes no proxy need not say which ones.
fn proxies(sources: &[SourceSettings], use_x_forwarded_for: bool, problems: &Problems) {
    let keys = sources.iter().flat_map(|source| ["trusted_proxies", "max_hops"].map(|key| (source.name(), key)));
    for (source, key) in keys.filter(|_| !use_x_forwarded_for) {
        let path = path(&["sources", source, key]);
        if problems.is_set(&path) && !problems.is_wrong(&path) {
            let message = format!("`{key}` of source `{source}` has no effect: `X-Forwarded-For` is not looked at");
            let diagnostic = Diagnostic::warning(code::USELESS, message)
                .hint("set `divolte.global.server.use_x_forwarded_for = true` too");
            problems.report(diagnostic, At::Value(&path), "");
        }
    }
}

/// A path as the router sees it: one `/` between names, `.` and `..` resolved, none at the end.
fn route(text: &str) -> String {
    let mut names = Vec::new();
    for name in text.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

fn routes(sources: &[SourceSettings], problems: &Problems) {
    let mut taken: Vec<(String, &str, &[&str])> = Vec::new();
    for source in sources {
        let name = source.name();
        let wanted: Vec<(String, &[&str])> = match source {
            SourceSettings::Browser(browser) => vec![
                (format!("{}{}", browser.prefix, browser.javascript_name), &["javascript", "name"]),
                (format!("{}{}", browser.prefix, browser.event_suffix), &["event_suffix"]),
            ],
            SourceSettings::Json(json) => vec![(json.event_path.clone(), &["event_path"])],
        };
        for (wanted, key) in wanted {
            let wanted = route(&wanted);
            let place = |name: &str, key: &[&str]| path(&[&["sources", name], key].concat());
            if wanted == "/ping" {
                let message = format!("source `{name}` never gets a request: `/ping` answers load balancers");
                let diagnostic = Diagnostic::warning(code::USELESS, message);
                problems.report(diagnostic, at_or_around(&place(name, key), problems), "");
            }
            if let Some((_, other, other_key)) = taken.iter().find(|(route, ..)| *route == wanted) {
                let message = format!("sources `{other}` and `{name}` both want the path `{wanted}`");
                let message =
                    if *other == name { format!("source `{name}` wants the path `{wanted}` twice") } else { message };
                let diagnostic = Diagnostic::error(code::ROUTE, message).hint("give each a path of its own");
                let diagnostic = problems.placed(diagnostic, at_or_around(&place(name, key), problems), "");
                let other = place(other, other_key);
                problems.add(problems.with(
                    diagnostic,
                    if problems.is_set(&other) { &other } else { &other[..3] },
                    "the other",
                ));
            }
            taken.push((wanted, name, key));
        }
    }
}

/// The value of a key, or the object around it when the key has its default.
fn at_or_around<'a>(path: &'a [String], problems: &Problems) -> At<'a> {
    if problems.is_set(path) { At::Value(path) } else { At::Around(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_compared_as_the_router_sees_them() {
        for (text, expected) in
            [("/", "/"), ("//a/./b/../c/", "/a/c"), ("/csc-event", "/csc-event"), ("/../x", "/x"), ("", "/")]
        {
            assert_eq!(route(text), expected);
        }
    }
}
