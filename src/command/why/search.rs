//! In which file of a sink a record is, found by looking into the files: nothing in a file says which events it holds.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    config::settings::FileSettings,
    record::{
        binary::write_bytes,
        container::{ContainerError, ContainerReader},
        json::write_json,
        schema::{AnySchema, Defaults},
    },
};

/// At most so many files are looked into, those first that were finished soonest after the event.
const FILES_MAX: usize = 1000;

/// At most so many bytes of files are looked into.
const BYTES_MAX: u64 = 4 << 30;

/// A file may seem older than what is in it by as much as the clocks of file systems are coarse.
const COARSE: Duration = Duration::from_secs(3);

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The record as today's mapping makes it.
    pub record: Option<&'a [u8]>,
    /// Text that the record probably holds.
    pub event_id: &'a str,
    /// When the event was accepted, milliseconds since the Unix epoch: no older file has it.
    pub time_ms: i64,
}

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The file.
    pub path: PathBuf,
    /// Number of the record in it, from 1.
    pub number: u64,
    /// It is exactly what today's mapping makes.
    pub same: bool,
    /// As JSON.
    pub json: String,
}

/// What a search has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Where the record is.
    pub hit: Option<Hit>,
    /// So many files were looked into.
    pub files: usize,
    /// There were more than is looked into.
    pub incomplete: bool,
}

/// Looks for the record in the published files of a sink and in those that are being written.
#[must_use]
pub fn search(sink: &FileSettings, wanted: Wanted<'_>) -> Search {
    let mut found = Search::default();
    let (mut bytes, mut likely) = (0, None);
    let mut needle = Vec::new();
    write_bytes(&mut needle, wanted.event_id.as_bytes());
    for (path, length) in candidates(sink, wanted.time_ms) {
        if found.files == FILES_MAX || bytes > BYTES_MAX {
            found.incomplete = true;
            break;
        }
        found.files += 1;
        bytes += length;
        // What cannot be read to its end is still being written, or not ours.
        match look(&path, wanted.record, &needle) {
            Ok(Some(hit)) if hit.same => {
                found.hit = Some(hit);
                return found;
            }
            Ok(Some(hit)) => likely = likely.or(Some(hit)),
            Ok(None) | Err(_) => {}
        }
    }
    found.hit = likely;
    found
}

/// The files that may hold it with their lengths, the one that was written first in front.
fn candidates(sink: &FileSettings, time_ms: i64) -> Vec<(PathBuf, u64)> {
    let accepted = UNIX_EPOCH + Duration::from_millis(u64::try_from(time_ms).unwrap_or_default());
    let mut found = Vec::new();
    for (directory, suffix) in [(&sink.publish_directory, ".avro"), (&sink.working_directory, ".avro.partial")] {
        // A directory that is away has no files.
        found.extend(written(directory, suffix).unwrap_or_default());
    }
    found.retain(|(changed, ..)| *changed + COARSE >= accepted);
    found.sort();
    found.into_iter().map(|(_, path, length)| (path, length)).collect()
}

fn written(directory: &Path, suffix: &str) -> io::Result<Vec<(SystemTime, PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(suffix) {
            let metadata = entry.metadata()?;
            found.push((metadata.modified()?, entry.path(), metadata.len()));
        }
    }
    Ok(found)
}

/// Looks through one file. A record that is exactly the wanted one goes before one that holds the needle.
fn look(path: &Path, record: Option<&[u8]>, needle: &[u8]) -> Result<Option<Hit>, ContainerError> {
    let mut reader = ContainerReader::open(File::open(path)?)?;
    let Ok(schema) = AnySchema::read(reader.schema(), Defaults::Ignore) else { return Ok(None) };
    let holds = |data: &[u8], part: &[u8]| memchr::memmem::find(data, part).is_some();
    let (mut data, mut before, mut likely) = (Vec::new(), 0, None);
    while let Some(block) = reader.next_block(&mut data)? {
        let found = record.is_some_and(|record| holds(&data, record)) || holds(&data, needle);
        let mut rest = data.as_slice();
        for number in (1..=block.records).filter(|_| found) {
            let (begin, mut json) = (rest, Vec::new());
            if write_json(&schema.kind, &schema.types, &mut rest, &mut json).is_err() {
                break;
            }
            let datum = &begin[..begin.len() - rest.len()];
            let same = Some(datum) == record;
            if same || holds(datum, needle) {
                let json = String::from_utf8_lossy(&json).into_owned();
                let hit = Hit { path: path.to_owned(), number: before + number, same, json };
                if same {
                    return Ok(Some(hit));
                }
                likely = likely.or(Some(hit));
            }
        }
        before += block.records;
    }
    Ok(likely)
}
