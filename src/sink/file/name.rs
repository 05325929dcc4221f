//! Names of files, as the original gives them: `yyyyMMddHHmmss-divolte-tracking-<host>-<n>.avro`.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;

use crate::sink::dead_letter::stamp;

/// What an unfinished file has behind its name.
pub(super) const PARTIAL: &str = ".partial";

/// Numbers of files: one counter for all file sinks of the process, from 1 on.
#[derive(Debug, Default)]
pub struct FileNumbers(AtomicU64);

impl FileNumbers {
    /// Starts at 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next number.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// What the names of a process have in common.
#[derive(Debug)]
pub(super) struct FileNames {
    host: String,
    zone: TimeZone,
    /// Stands behind the host's name, with a `-` in front.
    label: String,
}

impl FileNames {
    /// With this machine's name and time zone (`TZ`).
    pub(super) fn of_this_machine() -> Self {
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self::new(&node, TimeZone::system())
    }

    /// Characters of a host's name that do not belong into a file's name become `-`.
    pub(super) fn new(host: &str, zone: TimeZone) -> Self {
        let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
        let host: String = host.chars().map(|character| if fits(character) { character } else { '-' }).collect();
        let host = if host.is_empty() { "localhost".to_owned() } else { host };
        Self { host, zone, label: String::new() }
    }

    /// With a word behind the host's name.
    pub(super) fn labelled(self, label: &str) -> Self {
        Self { label: format!("-{label}"), ..self }
    }

    /// Name of the finished file that was begun at `now_ms`.
    pub(super) fn finished(&self, now_ms: i64, number: u64) -> String {
        let Self { host, zone, label } = self;
        format!("{}-divolte-tracking-{host}{label}-{number}.avro", stamp(now_ms, zone))
    }
}

/// The same name with another number: for when the name is taken where the file is to be published.
pub(super) fn renumbered(finished: &str, number: u64) -> String {
    let stem = finished.strip_suffix(".avro").unwrap_or(finished);
    let stem = stem.rsplit_once('-').map_or(stem, |(stem, _)| stem);
    format!("{stem}-{number}.avro")
}

#[cfg(test)]
mod tests {
    use jiff::tz;

    use super::*;

    #[test]
    fn names_are_those_of_the_original() {
        let time_ms = 1_792_450_799_999;
        for (host, hours, expected) in [
            ("web-1.example", 0, "20261019225959-divolte-tracking-web-1.example-7.avro"),
            ("web-1.example", 2, "20261020005959-divolte-tracking-web-1.example-7.avro"),
            ("a/b c", -1, "20261019215959-divolte-tracking-a-b-c-7.avro"),
            ("", 0, "20261019225959-divolte-tracking-localhost-7.avro"),
        ] {
            assert_eq!(FileNames::new(host, tz::offset(hours).to_time_zone()).finished(time_ms, 7), expected);
        }
    }

    #[test]
    fn a_label_stands_behind_the_host() {
        let names = FileNames::new("a", tz::offset(0).to_time_zone()).labelled("replay-1");
        assert_eq!(names.finished(0, 2), "19700101000000-divolte-tracking-a-replay-1-2.avro");
    }

    #[test]
    fn another_number_changes_nothing_else() {
        assert_eq!(renumbered("2026-divolte-tracking-a-b-7.avro", 12), "2026-divolte-tracking-a-b-12.avro");
        assert_eq!(renumbered("odd", 3), "odd-3.avro");
    }

    #[test]
    fn numbers_begin_at_one() {
        let numbers = FileNumbers::new();
        assert_eq!([numbers.next(), numbers.next(), numbers.next()], [1, 2, 3]);
    }
}
