//! What stands in the working and the publish directory, as the recordings write it down.

use std::{fmt, fs, io, path::Path};

use serde_json::Value;

use crate::support::avro;

/// File names without what changes from run to run, each with what can be read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Working directory; unset when it is absent.
    work: Option<Vec<Entry>>,
    /// Publish directory; unset (as recorded) when the working directory is absent.
    published: Option<Vec<Entry>>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: String,
    holds: Holds,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    /// Records that can be read.
    Records(u64),
    /// Not an Avro file by its name.
    Other,
    /// No byte at all.
    Empty,
    /// Not an Avro file by its bytes.
    Unreadable,
}

impl Listing {
    /// Reads both directories.
    pub fn read(work: &Path, published: &Path) -> Self {
        let work = entries(work);
        let published = if work.is_some() { entries(published) } else { None };
        Self { work, published }
    }

    /// The listing that a recorded step has.
    pub fn recorded(work: Option<&Vec<(String, Value)>>, published: Option<&Vec<(String, Value)>>) -> Self {
        let entries = |files: &Vec<(String, Value)>| files.iter().map(Entry::recorded).collect();
        Self { work: work.map(entries), published: published.map(entries) }
    }

    /// Number of records in the working directory.
    pub fn work_records(&self) -> u64 {
        records(self.work.as_ref())
    }

    /// Number of published records.
    pub fn published_records(&self) -> u64 {
        records(self.published.as_ref())
    }
}

impl Entry {
    fn recorded((name, holds): &(String, Value)) -> Self {
        let holds = match holds {
            Value::Number(count) => Holds::Records(count.as_u64().expect("a count")),
            Value::Null => Holds::Other,
            Value::String(text) if text == "empty file" => Holds::Empty,
            Value::String(text) if text.starts_with("unreadable") => Holds::Unreadable,
            other => panic!("unknown in a recorded listing: {other}"),
        };
        Self { name: name.clone(), holds }
    }
}

fn records(entries: Option<&Vec<Entry>>) -> u64 {
    let count = |entry: &Entry| if let Holds::Records(count) = entry.holds { count } else { 0 };
    entries.into_iter().flatten().map(count).sum()
}

/// The files of a directory, sorted as the recordings are; unset when it is absent. A file that is renamed while they
/// are read makes them read again.
fn entries(directory: &Path) -> Option<Vec<Entry>> {
    loop {
        match try_entries(directory) {
            Ok(mut entries) => {
                entries.sort();
                return Some(entries);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory.exists() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => panic!("{}: {error}", directory.display()),
        }
    }
}

fn try_entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_avro = [".avro", ".avro.partial"].iter().any(|end| name.ends_with(end));
        let holds = if is_avro { holds(&fs::read(entry.path())?) } else { Holds::Other };
        entries.push(Entry { name: normalise(&name), holds });
    }
    Ok(entries)
}

fn holds(bytes: &[u8]) -> Holds {
    match avro::parse(bytes) {
        _ if bytes.is_empty() => Holds::Empty,
        Ok(container) => Holds::Records(container.records.len() as u64),
        Err(_) => Holds::Unreadable,
    }
}

/// The time and the host's name in a file name replaced by what they are.
fn normalise(name: &str) -> String {
    let (dot, rest) = if let Some(rest) = name.strip_prefix('.') { (".", rest) } else { ("", name) };
    let parts = rest.split_once("-divolte-tracking-").and_then(|(time, rest)| {
        let is_time = time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit());
        rest.rsplit_once('-').filter(|(host, _)| is_time && !host.is_empty())
    });
    match parts {
        Some((_, number)) => format!("{dot}<yyyyMMddHHmmss>-divolte-tracking-<host>-{number}"),
        None => name.to_owned(),
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (label, entries) in [("work", &self.work), ("pub", &self.published)] {
            write!(f, "{label} ")?;
            match entries {
                None => f.write_str("absent ")?,
                Some(entries) => {
                    let print = |Entry { name, holds }: &Entry| match holds {
                        Holds::Records(count) => format!("{name} ({count})"),
                        Holds::Other => name.clone(),
                        Holds::Empty => format!("{name} (empty)"),
                        Holds::Unreadable => format!("{name} (unreadable)"),
                    };
                    write!(f, "[{}] ", entries.iter().map(print).collect::<Vec<_>>().join(", "))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_changes() {
        let normal = "<yyyyMMddHHmmss>-divolte-tracking-<host>-12.avro.partial";
        for (name, expected) in [
            ("20261120215643-divolte-tracking-vm-12.avro.partial", normal),
            ("20261120215643-divolte-tracking-web-1.example-12.avro.partial", normal),
            (".20261120215643-divolte-tracking-vm-12.avro.partial", &format!(".{normal}")),
            ("2026-divolte-tracking-vm-1.avro", "2026-divolte-tracking-vm-1.avro"),
            ("20261120215643-divolte-tracking--1.avro", "20261120215643-divolte-tracking--1.avro"),
            ("leftover.avro.partial", "leftover.avro.partial"),
        ] {
            assert_eq!(normalise(name), expected);
        }
    }

    #[test]
    fn directories_are_read_as_they_were_recorded() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let (work, published) = (root.path().join("work"), root.path().join("published"));
        fs::create_dir(&published).expect("writable");
        assert_eq!(Listing::read(&work, &published), Listing::recorded(None, None));
        fs::create_dir(&work).expect("writable");
        for (name, bytes) in [("b.avro.partial", "garbage"), ("a.avro", ""), ("c.crc", "x")] {
            fs::write(work.join(name), bytes).expect("writable");
        }
        let recorded = serde_json::json!([
            ["a.avro", "empty file"],
            ["b.avro.partial", "unreadable: ValueError"],
            ["c.crc", null]
        ]);
        let recorded = serde_json::from_value(recorded).expect("a listing");
        assert_eq!(Listing::read(&work, &published), Listing::recorded(Some(&recorded), Some(&Vec::new())));
    }
}
