//! What `serve` says once it is ready: where it listens, where the records go, and what to try next.

use std::{fmt::Write as _, net::SocketAddr, path::Path, time::Duration};

use super::layout::Table;
use crate::{
    config::{
        Settings,
        settings::{Durability, SinkSettings, SourceSettings},
    },
    util::terminal::{Paint, Style},
};

/// What is only known once the program runs.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where the public listener listens.
    pub public: SocketAddr,
    /// The admin page to open, if there is one.
    pub admin: Option<String>,
    /// How long the start has taken.
    pub after: Duration,
}

/// The summary; with `advice` on what to try next.
#[must_use]
pub fn summary(settings: &Settings, ready: &Ready, advice: bool, paint: Paint) -> String {
    let name = paint.paint(Style::Strong, concat!("Headwater ", env!("CARGO_PKG_VERSION")));
    let state = paint.paint(Style::Heading, "is ready");
    let after = paint.paint(Style::Faint, &format!("after {} ms", ready.after.as_millis()));
    let mut text = format!("{name} {state} {after}\n\n{}", table(settings, ready).render(paint));
    if advice {
        text += &next(settings, &base(ready.public), paint);
    }
    text
}

fn table(settings: &Settings, ready: &Ready) -> Table {
    let base = base(ready.public);
    let mut table = Table::default();
    if settings.server.serve_static_resources {
        let reach = if ready.public.ip().is_unspecified() { "on every address of this machine" } else { "" };
        table.row("page", Style::Link, format!("{base}/"), reach);
    }
    for source in &settings.sources {
        let (kind, path) = match source {
            SourceSettings::Browser(browser) => ("tracker", format!("{}{}", browser.prefix, browser.javascript_name)),
            SourceSettings::Json(json) => ("JSON", json.event_path.clone()),
        };
        table.row(kind, Style::Link, base.clone() + &path, format!("source {}", source.name()));
    }
    match &ready.admin {
        Some(url) => {
            // The link is long and is copied: nothing stands behind it.
            table.row("live view", Style::Link, url, "");
            table.row("", Style::Faint, "and there /metrics, /health/ready, /status", "");
        }
        None => table.row("live view", Style::Faint, "none", "no metrics, no health, no status"),
    }
    for SinkSettings::File(sink) in &settings.sinks {
        let directory = sink.publish_directory.display().to_string();
        table.row(
            "files",
            Style::Strong,
            directory,
            format!("sink {}, a new file every {}", sink.name, span(sink.roll_every)),
        );
    }
    if settings.sinks.is_empty() {
        table.row("sinks", Style::Odd, "none", "events are answered and go nowhere");
    }
    let (level, style, meaning) = durability(settings.journal.durability);
    table.row("durability", style, level, meaning);
    table
}

/// What an answered event survives: the level, how it is to be seen, and the meaning.
#[must_use]
pub fn durability(durability: Durability) -> (&'static str, Style, &'static str) {
    match durability {
        Durability::None => ("none", Style::Odd, "what waits in memory survives an orderly stop, not a crash"),
        Durability::Flush => ("flush", Style::Good, "an answered event survives a crash of the program"),
        Durability::Fsync => ("fsync", Style::Good, "an answered event survives a power cut"),
    }
}

/// What to try next, each with a line to copy.
fn next(settings: &Settings, base: &str, paint: Paint) -> String {
    let mut tries: Vec<(&str, String)> = Vec::new();
    let json = settings.sources.iter().find_map(|source| match source {
        SourceSettings::Json(json) => Some(json),
        SourceSettings::Browser(_) => None,
    });
    if settings.server.serve_static_resources {
        tries.push(("Open the page and click:", format!("{base}/")));
    } else if let Some(json) = json {
        tries.push((
            "Send an event by hand:",
            by_hand(&format!("{base}{}?{}=", json.event_path, json.party_id_parameter)),
        ));
    }
    for SinkSettings::File(sink) in &settings.sinks {
        let directory = quoted(&sink.publish_directory);
        tries.push(("See the records as they are published:", format!("headwater cat --follow {directory}")));
    }
    for source in &settings.sources {
        if let SourceSettings::Browser(browser) = source {
            let script = format!("{base}{}{}", browser.prefix, browser.javascript_name);
            tries.push((
                "Put the tracker into a page of yours:",
                format!("<script src=\"{script}\" defer async></script>"),
            ));
        }
    }
    let mut text = format!("\n{}\n", paint.paint(Style::Heading, "Try this"));
    for (what, line) in tries {
        // Writing to memory cannot fail.
        let _ = writeln!(text, "  {what}\n    {}", paint.paint(Style::Link, &line));
    }
    text + &format!("\n{}\n", paint.paint(Style::Faint, "Ctrl-C stops it in order; what waits is published first."))
}

/// A JSON event whose party is appended to `url`.
fn by_hand(url: &str) -> String {
    let event = concat!(
        r#"{"session_id":"0:1:me","event_id":"1","event_type":"hello","is_new_party":true,"is_new_session":true,"#,
        r#""client_timestamp_iso":"2030-01-01T12:00:00Z","parameters":{}}"#
    );
    format!("curl -i '{url}0:1:me' -H 'Content-Type: application/json' -d '{event}'")
}

/// Where a program on this machine reaches the listener.
fn base(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A time that repeats: `minute`, `2 hours`, `1.5 seconds`.
#[must_use]
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let whole = duration.subsec_nanos() == 0 && seconds > 0;
    let (count, unit) = match seconds {
        _ if !whole => return format!("{duration:?}"),
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, LoadRequest};

    fn settings() -> Settings {
        let request = LoadRequest { data: Some("data".into()), ..LoadRequest::default() };
        config::load(&request).expect("what is built in loads")
    }

    fn ready() -> Ready {
        let admin = Some("http://127.0.0.1:8291/".to_owned());
        Ready { public: SocketAddr::from(([127, 0, 0, 1], 8290)), admin, after: Duration::from_millis(41) }
    }

    #[test]
    fn the_summary_says_where_and_what_next() {
        let text = summary(&settings(), &ready(), true, Paint::new(false));
        insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }

    #[test]
    fn advice_fits_what_is_served() {
        let mut settings = settings();
        settings.server.serve_static_resources = false;
        settings.sources.remove(0);
        let ready = Ready { public: SocketAddr::from(([0, 0, 0, 0], 80)), admin: None, ..ready() };
        let text = summary(&settings, &ready, true, Paint::new(false));
        assert!(text.contains("curl -i 'http://localhost:80/event?p=0:1:me' "), "{text}");
        assert!(!text.contains("Open the page") && !text.contains("<script"), "{text}");
        let text = summary(&settings, &ready, false, Paint::new(false));
        assert!(!text.contains("curl") && !text.contains("Try"), "{text}");
    }

    #[test]
    fn times_and_paths_read_well() {
        for (duration, expected) in [
            (Duration::from_mins(1), "minute"),
            (Duration::from_hours(2), "2 hours"),
            (Duration::from_secs(90), "90 seconds"),
            (Duration::from_hours(24), "day"),
            (Duration::from_millis(1500), "1.5s"),
            (Duration::ZERO, "0ns"),
        ] {
            assert_eq!(span(duration), expected);
        }
        for (path, expected) in [("data/events", "data/events"), ("my data", "'my data'"), ("it's", r"'it'\''s'")] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
