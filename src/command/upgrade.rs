//! What comes out otherwise than with Divolte Collector, and which of it concerns a given configuration.
//!
//! `headwater check` tells the part that concerns the file at hand; `docs/migrate.md` has the whole list, which a test
//! keeps current.

use std::fs;

use crate::{
    config::{
        self, LoadRequest, code,
        settings::{BrowserSettings, FileSettings, RemoteKind, Settings, SinkSettings, SourceSettings},
    },
    diagnostic::Diagnostic,
};

/// Something that comes out otherwise.
pub struct Difference {
    /// What it is about, one or two words.
    pub what: &'static str,
    /// What the original does.
    pub original: &'static str,
    /// What happens here.
    pub ours: &'static str,
    /// What it means for a configuration; nothing when it does not concern it.
    tell: fn(&Site<'_>) -> Option<String>,
}

/// A difference that concerns a configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// What it is about.
    pub what: &'static str,
    /// What it means here, one sentence.
    pub means: String,
    /// What the original does.
    pub original: &'static str,
}

/// A configuration, as the differences look at it.
struct Site<'a> {
    settings: &'a Settings,
    /// Texts of the scripts of all mappings; nothing for the built-in one.
    scripts: Vec<Option<String>>,
}

impl Site<'_> {
    fn browsers(&self) -> Vec<&BrowserSettings> {
        let browsers = self.settings.sources.iter().filter_map(|source| match source {
            SourceSettings::Browser(browser) => Some(browser),
            SourceSettings::Json(_) => None,
        });
        browsers.collect()
    }

    fn json_paths(&self) -> Vec<String> {
        let path = |source: &SourceSettings| match source {
            SourceSettings::Json(json) => Some(quoted(&json.event_path)),
            SourceSettings::Browser(_) => None,
        };
        self.settings.sources.iter().filter_map(path).collect()
    }

    fn files(&self) -> Vec<&FileSettings> {
        self.settings.sinks.iter().map(|SinkSettings::File(file)| file).collect()
    }

    /// Whether a script has this word; the built-in one asks for user agents.
    fn scripts_have(&self, word: &str) -> bool {
        self.scripts.iter().any(|script| script.as_deref().unwrap_or("userAgent()").contains(word))
    }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

/// One sentence with the parts in it, if there are any.
fn with(parts: &[String], sentence: impl Fn(&str) -> String) -> Option<String> {
    (!parts.is_empty()).then(|| sentence(&parts.join(", ")))
}

/// Everything that comes out otherwise on purpose and that an operator may notice.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "script",
        original: "its own bytes, compiled at start",
        ours: "the same interface, other bytes and another ETag: hashes of it in SRI attributes or a CSP must be renewed",
        tell: |site| {
            let scripts: Vec<_> =
                site.browsers().iter().map(|it| quoted(&(it.prefix.clone() + &it.javascript_name))).collect();
            with(&scripts, |scripts| format!("other bytes of {scripts}: renew hashes in SRI attributes and CSP"))
        },
    },
    Difference {
        what: "HEAD",
        original: "405 for `HEAD` on the script",
        ours: "the headers of `GET`",
        tell: |site| (!site.browsers().is_empty()).then(|| "`HEAD` on the script gives the headers of `GET`".into()),
    },
    Difference {
        what: "checksum",
        original: "events with emoji or other characters beyond the basic plane are flagged corrupt",
        ours: "they are not",
        tell: |site| {
            let kept = "events with emoji are not flagged corrupt any more, so `discard_corrupted` keeps them";
            let plain = "events with emoji are not flagged corrupt any more";
            let discards = site.settings.mappings.iter().any(|mapping| mapping.discard_corrupted);
            (!site.browsers().is_empty()).then(|| if discards { kept } else { plain }.into())
        },
    },
    Difference {
        what: "limits",
        original: "request lines up to 900 kB; nothing limits the time that a request may take",
        ours: "414 beyond 65,534 bytes of request line, 431 for too large a head, 408 for one that is too slow",
        tell: |site| {
            let limits = &site.settings.server.limits;
            let (head, wait) = (limits.head_bytes_max / 1024, limits.head_timeout.as_secs());
            Some(format!(
                "a request has at most 65534 bytes of request line, {head} KiB of head and {wait} seconds for it"
            ))
        },
    },
    Difference {
        what: "overload",
        original: "200 or 204, and the event is dropped",
        ours: "503 with `Retry-After`; what was answered otherwise is kept",
        tell: |_| Some("an event that there is no room for is answered with 503 and `Retry-After`, not dropped".into()),
    },
    Difference {
        what: "JSON times",
        original: "one without an offset stops the mapper, and up to 127 other events are lost",
        ours: "taken as UTC",
        tell: |site| with(&site.json_paths(), |paths| format!("times without an offset in events at {paths} are UTC")),
    },
    Difference {
        what: "proxies",
        original: "host names in `X-Forwarded-For` are looked up, while all requests of the thread wait",
        ours: "names are never looked up: the connection's address counts",
        tell: |site| {
            let asked = site.settings.server.use_x_forwarded_for;
            asked.then(|| "host names in `X-Forwarded-For` are not looked up: the connection's address counts".into())
        },
    },
    Difference {
        what: "page",
        original: "an index page that works for `/divolte.js` only, with style sheets from elsewhere",
        ours: "a page of its own at `/`",
        tell: |site| site.settings.server.serve_static_resources.then(|| "the page at `/` is another one".into()),
    },
    Difference {
        what: "dead letters",
        original: "events that cannot be mapped, and up to 127 others with each, are lost",
        ours: "they are kept, with the reason; others are untouched",
        tell: |site| {
            let directory = site.settings.dead_letter_directory.display();
            (!site.settings.mappings.is_empty()).then(|| format!("events that cannot be mapped go to `{directory}`"))
        },
    },
    Difference {
        what: "user agents",
        original: "data of 2014",
        ours: "current data in the same vocabulary",
        tell: |site| {
            site.scripts_have("userAgent")
                .then(|| "newer browsers and devices have names where they were unknown".into())
        },
    },
    Difference {
        what: "digests",
        original: "a value that is part of two digests is empty in the second",
        ours: "complete in both; `divolte.global.mapper.digest_reuse = original` gives the old values",
        tell: |site| {
            let used = site.scripts.iter().flatten().any(|script| script.contains("digest"));
            used.then(|| "a value that is part of two digests counts in both, which changes the second".into())
        },
    },
    Difference {
        what: "`mapper.threads`",
        original: "threads that map, each with a duplicate memory",
        ours: "number of duplicate memories; each sink maps on a thread of its own",
        tell: |site| {
            let threads = site.settings.mapper.threads;
            (threads != 1)
                .then(|| format!("`mapper.threads = {threads}` is the number of duplicate memories, nothing else"))
        },
    },
    Difference {
        what: "files",
        original: "records that are not synced when a file rolls are deleted with it; a kill leaves `.partial` files behind",
        ours: "all records are published; what a kill leaves is published at the next start; foreign files stay",
        tell: |site| {
            let working: Vec<_> =
                site.files().iter().map(|it| quoted(&it.working_directory.display().to_string())).collect();
            with(&working, |working| {
                format!("what a kill leaves in {working} is published at the next start; what Divolte left there stays")
            })
        },
    },
    Difference {
        what: "names of files",
        original: "in the time zone of the Java machine",
        ours: "in the time zone of the variable `TZ`, else of the machine",
        tell: |site| (!site.files().is_empty()).then(|| "times in the names of files go by the variable `TZ`".into()),
    },
    Difference {
        what: "`.crc` files",
        original: "Hadoop's local driver writes them beside its files",
        ours: "none",
        tell: |site| (!site.files().is_empty()).then(|| "there are no `.crc` files beside the files".into()),
    },
    Difference {
        what: "sinks",
        original: "one program with all of them",
        ours: "`hdfs` on the local disk and `file` in every build; others in builds with their feature",
        tell: |site| {
            let absent: Vec<_> = site.settings.absent_sinks.iter().map(|it| quoted(it.name.as_str())).collect();
            with(&absent, |absent| format!("another build is needed for {absent}, or the sink must be switched off"))
        },
    },
    Difference {
        what: "Kafka",
        original: "`acks = 1`, no retries",
        ours: "every broker in sync must have a record, and attempts go on without end, unless the file sets these",
        tell: |site| {
            let is_kafka = |kind: &RemoteKind| matches!(kind, RemoteKind::Kafka(_));
            let any = site.settings.absent_sinks.iter().any(|sink| is_kafka(&sink.kind));
            any.then(|| "records are sent with `acks = all` and retries, unless `kafka.producer` sets these".into())
        },
    },
    Difference {
        what: "data directory",
        original: "none",
        ours: "one for the journal, its cursors and the dead letters; a second process on it is refused",
        tell: |site| Some(format!("`{}` must be writable", site.settings.data_directory.display())),
    },
    Difference {
        what: "admin listener",
        original: "none",
        ours: "metrics, health and status on a port of their own",
        tell: |site| {
            let admin = &site.settings.admin;
            admin.enabled.then(|| format!("{}:{} has metrics, health and status", admin.host, admin.port))
        },
    },
    Difference {
        what: "stop",
        original: "up to an hour for each pool of threads; exit code 143",
        ours: "`drain_timeout` for all sinks together; exit code 0",
        tell: |site| {
            let patience = site.settings.drain_timeout.as_secs();
            Some(format!("after a stop the sinks have {patience} seconds to drain; the exit code is 0, not 143"))
        },
    },
    Difference {
        what: "failed start",
        original: "exit code 1, or a process that hangs",
        ours: "exit code 2, with file, line and column",
        tell: |_| Some("a configuration that is refused ends with exit code 2".into()),
    },
];

/// The differences that concern a configuration, in their order.
#[must_use]
pub fn notes(settings: &Settings) -> Vec<Note> {
    let script = |file: Option<&std::path::PathBuf>| file.map(|file| fs::read_to_string(file).unwrap_or_default());
    let scripts = settings.mappings.iter().map(|mapping| script(mapping.mapping_script_file.as_ref())).collect();
    let site = Site { settings, scripts };
    let note = |it: &Difference| Some(Note { what: it.what, means: (it.tell)(&site)?, original: it.original });
    DIFFERENCES.iter().filter_map(note).collect()
}

/// The notes as a part of what `check` prints; nothing without a file, where there is nothing to compare with.
#[must_use]
pub fn text(settings: &Settings) -> String {
    if settings.embedded {
        return String::new();
    }
    let notes = notes(settings);
    let width = notes.iter().map(|note| note.what.replace('`', "").len()).max().unwrap_or(0);
    let line = |note: &Note| format!("  {:<width$}  {}\n", note.what.replace('`', ""), note.means);
    let lines: String = notes.iter().map(line).collect();
    format!("\nWhat differs from Divolte Collector with this configuration (docs/migrate.md has the reasons):\n{lines}")
}

/// The same for a configuration that is refused, when nothing is wrong with it but that this build lacks something.
#[must_use]
pub fn text_despite(request: &LoadRequest, wrong: &[Diagnostic]) -> String {
    if wrong.iter().any(|told| told.is_error() && told.code != code::NOT_HERE) {
        return String::new();
    }
    config::inspect(request).map(|loaded| text(&loaded.settings)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
