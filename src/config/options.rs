//! The merged tree with types: every key read, every default in place, values within their limits. What one part says
//! about another is checked later, in [`super::validate`].

use std::time::Duration;

use super::{
    global::{self, GlobalOptions, source_durability},
    hocon::{Members, Value, member},
    origin::KeyPath,
    problem::{At, Problems, code, name},
    section::{ANY, INT, Limits, Null, POSITIVE, Section, unknown},
    settings::{
        BrowserSettings, Durability, JsonSettings, MappingSettings, PixelAnswer, ProxySettings, SourceSettings,
        TableSettings,
    },
    sinks::{self, SinkOptions},
    tables,
};
use crate::diagnostic::Diagnostic;

static EMPTY: Value = Value::Object(Members::new());

/// Most bytes that a body may have, whatever is asked for: an event beyond is refused with 413.
const BODY_BYTES_MAX: i64 = 4 << 20;
/// Step of the body limit.
const BODY_STEP: i64 = 4096;

/// Everything below `divolte`.
pub struct Options {
    /// `global`.
    pub global: GlobalOptions,
    /// `sources`, or the implicit ones.
    pub sources: Vec<SourceSettings>,
    /// `mappings`; nothing when there is no such key.
    pub mappings: Option<Vec<MappingOptions>>,
    /// `sinks`, or the implicit ones.
    pub sinks: Vec<SinkOptions>,
    /// `tables`.
    pub tables: Vec<TableSettings>,
}

/// `divolte.mappings.<name>`.
pub struct MappingOptions {
    /// What the program works with.
    pub settings: MappingSettings,
    /// Numbers in the list of each of `settings.sources`.
    pub source_places: Vec<usize>,
    /// Numbers in the list of each of `settings.sinks`.
    pub sink_places: Vec<usize>,
}

/// Path of a key below `divolte`.
#[must_use]
pub fn path(names: &[&str]) -> KeyPath {
    ["divolte"].iter().chain(names).map(|name| (*name).to_owned()).collect()
}

/// The value at a path, an empty object where there is none.
fn look<'a>(members: &'a Members, names: &[&str]) -> &'a Value {
    let mut value = None;
    let mut members = members;
    for name in names {
        value = member(members, name);
        members = match value {
            Some(Value::Object(members)) => members,
            _ => return value.filter(|_| Some(name) == names.last()).unwrap_or(&EMPTY),
        };
    }
    value.unwrap_or(&EMPTY)
}

/// Reads the merged tree; `reference` is that of the defaults alone.
pub fn read(tree: &Members, reference: &Members, problems: &Problems) -> Options {
    unresolved(&Value::Object(tree.clone()), &mut Vec::new(), problems);
    let divolte = look(tree, &["divolte"]);
    if !matches!(divolte, Value::Object(_)) {
        // Reports it and goes on with nothing, so that the rest of the program still has something to read.
        Section::new(path(&[]), divolte, &EMPTY, Null::Default, problems).finish();
    }
    if let Value::Object(members) = divolte {
        for (key, _) in members {
            let known = ["global", "sources", "mappings", "sinks", "tables"];
            if !known.contains(&key.as_str()) {
                unknown(problems, &path(&[key]), &known);
            }
        }
    }
    let given = look(tree, &["divolte", "global"]);
    let defaults = look(reference, &["divolte", "global"]);
    let global = global::read(Section::new(path(&["global"]), given, defaults, Null::Zero, problems), problems);
    let named = |key: &'static str| {
        let given = match divolte {
            Value::Object(members) => member(members, key).filter(|value| **value != Value::Null),
            _ => None,
        };
        entries(key, given.unwrap_or_else(|| look(reference, &["implicit", key])), problems)
    };
    let has_mappings = match divolte {
        Value::Object(members) => member(members, "mappings").is_some_and(|value| *value != Value::Null),
        _ => false,
    };
    let journal = global.journal.durability;
    Options {
        global,
        sources: named("sources")
            .iter()
            .filter_map(|(name, value)| source(name, value, reference, journal, problems))
            .collect(),
        mappings: has_mappings
            .then(|| named("mappings").iter().map(|(name, value)| mapping(name, value, reference, problems)).collect()),
        sinks: named("sinks")
            .iter()
            .filter_map(|(name, value)| {
                let place = path(&["sinks", name]);
                let defaults = |kind: &str| look(reference, &["defaults", kind]);
                sinks::read(name, place, value, defaults, problems)
            })
            .collect(),
        tables: named("tables")
            .iter()
            .map(|(name, value)| tables::read(name, value, look(reference, &["defaults", "table"]), problems))
            .collect(),
    }
}

/// Reports every substitution that found nothing.
fn unresolved(value: &Value, at: &mut KeyPath, problems: &Problems) {
    let report = |at: At<'_>, path: &[String]| {
        let diagnostic = Diagnostic::error(code::SUBSTITUTION, format!("{} refers to what is not set", name(path)))
            .hint("`${?name}` instead of `${name}` leaves it unset");
        problems.report(diagnostic, at, "neither a key nor a variable of the environment");
    };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                at.push(key.clone());
                unresolved(value, at, problems);
                at.pop();
            }
        }
        Value::List(items) => {
            for (number, item) in items.iter().enumerate() {
                if *item == Value::Unresolved {
                    report(At::Element(at, number), at);
                }
                at.push(number.to_string());
                if *item != Value::Unresolved {
                    unresolved(item, at, problems);
                }
                at.pop();
            }
        }
        Value::Unresolved => report(At::Value(at), at),
        Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// The named objects below `sources`, `mappings`, `sinks` or `tables`.
fn entries<'a>(key: &str, value: &'a Value, problems: &Problems) -> Vec<(&'a str, &'a Value)> {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Value::Unresolved => Vec::new(),
        other => {
            let path = path(&[key]);
            let message = format!("{} must be an object with names, but is {}", name(&path), other.kind());
            problems.report(Diagnostic::error(code::TYPE, message), At::Value(&path), "");
            Vec::new()
        }
    }
}

fn source(
    name: &str,
    value: &Value,
    reference: &Members,
    journal: Durability,
    problems: &Problems,
) -> Option<SourceSettings> {
    let place = path(&["sources", name]);
    let word = match value {
        Value::Object(members) => member(members, "type").and_then(Value::scalar).unwrap_or(""),
        _ => "",
    };
    let defaults = look(reference, &["defaults", word]);
    let mut section = Section::new(place, value, defaults, Null::Default, problems);
    // Of a source of no kind the other keys cannot be judged.
    let settings = match section.required_choice("type", &["browser", "json"])? {
        "json" => SourceSettings::Json(json(name, &mut section, journal, problems)),
        _ => SourceSettings::Browser(browser(name, &mut section, journal, problems)),
    };
    section.finish();
    Some(settings)
}

/// `trusted_proxies` and `max_hops`.
fn proxies(section: &mut Section<'_>, problems: &Problems) -> ProxySettings {
    let path = section.path("trusted_proxies");
    let mut trusted = Vec::new();
    for (text, place) in section.names("trusted_proxies").unwrap_or_default() {
        match text.parse() {
            Ok(range) => trusted.push(range),
            Err(error) => {
                let message = format!("{} must hold addresses or ranges of them: {error}", self::name(&path));
                let diagnostic = Diagnostic::error(code::VALUE, message).hint("write for example `10.0.0.0/8`");
                problems.report(diagnostic, At::Element(&path, place), "");
            }
        }
    }
    let hops = section.optional_integer("max_hops", &Limits::only(1..=100));
    ProxySettings { trusted, hops_max: hops.and_then(|hops| u32::try_from(hops).ok()) }
}

/// `allowed_origins`: `*`, or schemes with hosts.
fn origins(section: &mut Section<'_>, problems: &Problems) -> Vec<String> {
    let path = section.path("allowed_origins");
    let mut origins = Vec::new();
    for (text, place) in section.names("allowed_origins").unwrap_or_default() {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |host: &str| !host.is_empty() && !host.contains(|c: char| matches!(c, '/' | '@' | '*') || c <= ' ');
        if text == "*" || host.is_some_and(plain) {
            origins.push(text.to_ascii_lowercase());
        } else {
            let message = format!("`{text}` in {} is not an origin", self::name(&path));
            let diagnostic = Diagnostic::error(code::VALUE, message)
                .hint("write for example `https://shop.example.com`, with scheme and without path, or `*` for any");
            problems.report(diagnostic, At::Element(&path, place), "");
        }
    }
    origins
}

fn browser(name: &str, section: &mut Section<'_>, journal: Durability, problems: &Problems) -> BrowserSettings {
    let wait = Limits::clamp(POSITIVE, ANY);
    // Longer cookies would overflow in browsers.
    let cookie = Limits::clamp(0..=i64::from(i32::MAX) * 1_000_000_000, ANY);
    let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let delay = section.duration("http_response_delay", &wait);
    let mut script = section.section("javascript");
    let javascript_name = script.text("name");
    if !is_script_name(&javascript_name) {
        let message = match javascript_name.as_str() {
            "" => "the name of the script is empty".to_owned(),
            name => format!("`{name}` cannot be the name of the script"),
        };
        let diagnostic = Diagnostic::error(code::VALUE, message)
            .hint("it consists of letters, digits, `_` and `-`, and ends in `.js`, as `divolte.js` does");
        script.error("name", diagnostic, "");
    }
    let (javascript_logging, javascript_debug) = (script.boolean("logging"), script.boolean("debug"));
    let auto_page_view_event = script.boolean("auto_page_view_event");
    let event_timeout = script.duration("event_timeout", &wait);
    script.finish();
    let cookies = (cookie_name(section, "party_cookie"), cookie_name(section, "session_cookie"));
    if cookies.0 == cookies.1 {
        let message = format!("source `{name}` keeps party and session in the same cookie, `{}`", cookies.0);
        section.error("session_cookie", Diagnostic::warning(code::USELESS, message), "");
    }
    BrowserSettings {
        name: name.to_owned(),
        prefix: format!("/{}/", section.text("prefix").trim_matches('/')).replace("//", "/"),
        event_suffix: section.text("event_suffix"),
        cookie_domain: section.optional_text("cookie_domain"),
        party_cookie: cookies.0,
        party_timeout_seconds: seconds(section.duration("party_timeout", &cookie)),
        session_cookie: cookies.1,
        session_timeout_seconds: seconds(section.duration("session_timeout", &cookie)),
        http_response_delay: Duration::from_millis(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        javascript_name,
        javascript_logging,
        javascript_debug,
        auto_page_view_event,
        event_timeout,
        durability: source_durability(section, journal),
        proxies: proxies(section, problems),
        response: match section.choice("response", &["gif", "204"], false) {
            "204" => PixelAnswer::Empty,
            _ => PixelAnswer::Gif,
        },
        allowed_origins: origins(section, problems),
    }
}

/// A cookie's name; one that browsers do not take works in the original neither, but starts.
fn cookie_name(section: &mut Section<'_>, key: &'static str) -> String {
    let name = section.text(key);
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        let message = format!("`{name}` cannot be the name of a cookie: browsers do not keep it");
        let diagnostic = Diagnostic::warning(code::USELESS, message).hint("use letters, digits, `_` and `-`");
        section.error(key, diagnostic, "");
    }
    name
}

fn is_script_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    name.strip_suffix(".js").is_some_and(|stem| !stem.is_empty() && stem.bytes().all(letter))
}

fn json(name: &str, section: &mut Section<'_>, journal: Durability, problems: &Problems) -> JsonSettings {
    let event_path = section.text("event_path");
    if event_path.is_empty() {
        let message = format!("{} is empty", self::name_of(section, "event_path"));
        section.error("event_path", Diagnostic::error(code::VALUE, message).hint("write `/` for the root"), "");
    }
    // Anything below one step stands for one step, as in the original, which does not warn.
    let asked = section.integer("maximum_body_size", &Limits::clamp(0..=BODY_BYTES_MAX, INT));
    let body_bytes_max = (asked.max(1) + BODY_STEP - 1) / BODY_STEP * BODY_STEP;
    JsonSettings {
        name: name.to_owned(),
        event_path: format!("/{}", event_path.trim_start_matches('/')),
        party_id_parameter: section.text("party_id_parameter"),
        body_bytes_max: usize::try_from(body_bytes_max).unwrap_or(0),
        strict: section.boolean("strict"),
        batch: section.boolean("batch"),
        durability: source_durability(section, journal),
        proxies: proxies(section, problems),
    }
}

fn name_of(section: &Section<'_>, key: &str) -> String {
    name(&section.path(key))
}

fn mapping(name: &str, value: &Value, reference: &Members, problems: &Problems) -> MappingOptions {
    let place = path(&["mappings", name]);
    let defaults = look(reference, &["defaults", "mapping"]);
    let mut section = Section::new(place, value, defaults, Null::Default, problems);
    let mut names = |key: &'static str| {
        let names = section.names(key).unwrap_or_else(|| {
            section.missing(key);
            Vec::new()
        });
        if section.is_empty(key) {
            let message = format!("mapping `{name}` has no {key}: nothing comes of it");
            section.error(key, Diagnostic::warning(code::USELESS, message), "");
        }
        names.into_iter().unzip()
    };
    let (sources, source_places) = names("sources");
    let (sinks, sink_places) = names("sinks");
    let id = section.optional_integer("confluent_id", &Limits::only(INT));
    let options = MappingOptions {
        settings: MappingSettings {
            name: name.to_owned(),
            sources,
            sinks,
            schema_file: section.optional_file("schema_file"),
            mapping_script_file: section.optional_file("mapping_script_file"),
            discard_corrupted: section.boolean("discard_corrupted"),
            discard_duplicates: section.boolean("discard_duplicates"),
            confluent_id: id.and_then(|id| i32::try_from(id).ok()),
        },
        source_places,
        sink_places,
    };
    section.finish();
    options
}
