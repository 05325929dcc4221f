//! Dead letters of one sink: events that could not become a record there, kept with the reason.
//!
//! They go to Avro container files in a directory of the sink's own, which is made with the first letter. The sink's
//! checkpoint names the file and how far it is good, so each letter is there once: a file is named before its first
//! letter is written, and what lies behind the named length is cut off after a rewind. Together they take at most so
//! many bytes: a file ends at an eighth of them, and the oldest one goes to make room for the next.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    checkpoint::{Offset, SinkName},
    disk::Disk,
    record::{
        chunk::Refusal,
        container::Codec,
        plan::{Plan, Slot},
        schema::RecordSchema,
    },
    util::clock::Clock,
};

use super::avro_file::{self, AvroFile, Behind, CreateError, Mark, fingerprint};

/// Schema of a dead letter.
pub const SCHEMA: &str = r#"{
  "type": "record", "name": "DeadLetter", "namespace": "io.headwater",
  "doc": "An event that could not become a record of a sink",
  "fields": [
    {"name": "reason", "type": "string", "doc": "Stable code of what happened"},
    {"name": "message", "type": "string", "doc": "What happened, for people"},
    {"name": "position", "type": ["null", "string"], "default": null, "doc": "Place in the mapping script"},
    {"name": "mapping", "type": "string"},
    {"name": "sink", "type": "string"},
    {"name": "offset", "type": "long", "doc": "Number of the event in its journal"},
    {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "When the letter was written"},
    {"name": "event", "type": "bytes", "doc": "The event as it is stored in the journal"}
  ]
}"#;

/// Names that are tried for a new file before giving up.
const NAME_ATTEMPTS_MAX: u32 = 1000;

/// The part of the bytes of all letters at which a file ends.
const FILES: u64 = 8;

/// What stands between time and number in the name of a file.
const NAME: &str = "-dead-letters-";

/// One dead letter.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Offset, reason, message and position.
    pub refusal: &'a Refusal,
    /// Name of the mapping.
    pub mapping: &'a str,
    /// The event's bytes in the journal.
    pub event: &'a [u8],
}

/// Writes the dead letters of one sink.
#[derive(Debug)]
pub struct DeadLetters {
    directory: PathBuf,
    sink: SinkName,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    schema: RecordSchema,
    plan: Plan,
    behind: Behind,
    fingerprint: String,
    /// Nothing was resumed in this process yet.
    fresh: bool,
    file: Option<AvroFile>,
    /// A committed checkpoint names the file.
    named: bool,
    /// Names in the directory may not be durable yet: of this process or of the one before.
    unsynced_names: bool,
    /// A file that could not be begun, and not be removed either.
    stale: Option<PathBuf>,
    /// Most bytes of all files.
    bytes_max: u64,
    /// Bytes of the files before the open one.
    bytes_before: u64,
    /// Whether there is room for the open file to grow is still to be seen to.
    crowded: bool,
    /// Letters that made room, since this was last asked.
    removed: u64,
    data: Vec<u8>,
}

/// What the checkpoint knows of the dead letters.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    file: String,
    schema: String,
    #[serde(flatten)]
    mark: Mark,
}

impl DeadLetters {
    /// Dead letters in `<directory>/<sink>`, without a bound. Touches nothing yet.
    #[must_use]
    pub fn new(directory: &Path, sink: &SinkName, disk: Arc<dyn Disk>, clock: Arc<dyn Clock>, behind: Behind) -> Self {
        let schema = schema();
        Self {
            directory: directory.join(folder(sink)),
            sink: sink.clone(),
            disk,
            clock,
            zone: TimeZone::system(),
            plan: Plan::compile(&schema),
            fingerprint: fingerprint(&schema),
            schema,
            behind,
            fresh: true,
            file: None,
            named: false,
            unsynced_names: true,
            stale: None,
            bytes_max: u64::MAX,
            bytes_before: 0,
            crowded: true,
            removed: 0,
            data: Vec::new(),
        }
    }

    /// With at most so many bytes; then the oldest letters go.
    #[must_use]
    pub fn with_limit(mut self, bytes_max: u64) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// Most bytes of all letters.
    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Bytes of all letters.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes_before + self.file.as_ref().map_or(0, AvroFile::length)
    }

    /// Letters that were removed to make room since this was last asked.
    pub(super) fn take_removed(&mut self) -> u64 {
        std::mem::take(&mut self.removed)
    }

    /// Makes sure that there is a file to write to. False as long as no committed checkpoint names it: commit
    /// [`Self::state`] then, and say so with [`Self::named`]. `committed` is the state of the last checkpoint.
    ///
    /// # Errors
    /// The directory or the file cannot be made, or the oldest file not be removed.
    pub(super) fn prepare(&mut self, committed: &Bytes) -> io::Result<bool> {
        // A file whose last letters are not committed goes on: they must be found behind its mark after a crash.
        let is_full = self.file.as_ref().is_some_and(|file| file.length() >= self.bytes_max / FILES);
        if is_full && self.named && *committed == self.state() {
            self.file = None;
        }
        if self.file.is_none() {
            self.disk.create_dir_all(&self.directory, true)?;
            self.file = Some(self.create()?);
            self.named = false;
            self.unsynced_names = true;
            self.crowded = true;
        }
        if self.unsynced_names {
            self.disk.sync_dir(&self.directory)?;
            self.unsynced_names = false;
        }
        if self.named {
            self.make_room()?;
        }
        Ok(self.named)
    }

    /// A committed checkpoint holds [`Self::state`], so that no other file is needed.
    ///
    /// # Errors
    /// The oldest file cannot be removed.
    pub(super) fn named(&mut self) -> io::Result<()> {
        self.named = true;
        self.make_room()
    }

    /// Removes the oldest files until the open one may grow to its end.
    fn make_room(&mut self) -> io::Result<()> {
        if !self.crowded {
            return Ok(());
        }
        let files = self.survey()?;
        for (path, bytes) in files {
            let most = self.bytes_max - self.bytes_max / FILES;
            if self.bytes_before <= most {
                break;
            }
            let letters = avro_file::records(&*self.disk, &path).unwrap_or_default();
            self.disk.remove(&path)?;
            self.bytes_before -= bytes;
            self.removed += letters;
            tracing::warn!(
                sink = %self.sink, file = %path.display(), letters,
                "the oldest dead letters were removed, because there are more than dead_letters.max_size"
            );
        }
        self.crowded = false;
        Ok(())
    }

    /// The files before the open one with their bytes, oldest first.
    fn survey(&mut self) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut files = Vec::new();
        if self.disk.metadata(&self.directory)?.is_some() {
            let open = self.file.as_ref().map(AvroFile::path);
            for path in self.disk.list(&self.directory)? {
                let Some(age) = age(&path).filter(|_| open != Some(path.as_path())) else { continue };
                let Some(found) = self.disk.metadata(&path)?.filter(|found| !found.is_directory) else { continue };
                files.push((age, path, found.length));
            }
        }
        files.sort();
        self.bytes_before = files.iter().map(|(.., bytes)| bytes).sum();
        Ok(files.into_iter().map(|(_, path, bytes)| (path, bytes)).collect())
    }

    fn create(&mut self) -> io::Result<AvroFile> {
        if let Some(stale) = &self.stale {
            match self.disk.remove(stale) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.stale = None,
            }
        }
        let now_ms = self.clock.now_ms();
        for number in 1..=NAME_ATTEMPTS_MAX {
            let path = self.directory.join(format!("{}{NAME}{number}.avro", stamp(now_ms, &self.zone)));
            match AvroFile::create(&self.disk, &path, &self.schema, Codec::Null, true) {
                Ok(file) => return Ok(file),
                Err(CreateError { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                Err(CreateError { source, left_behind }) => {
                    self.stale = left_behind.then_some(path);
                    return Err(source);
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "every name for a new file of dead letters is taken"))
    }

    /// Writes and syncs letters as one block; [`Self::prepare`] comes first.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn append<'a>(&mut self, letters: impl Iterator<Item = Letter<'a>>) -> io::Result<()> {
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("no file of dead letters is open"))?;
        let time_ms = self.clock.now_ms();
        self.data.clear();
        let mut count = 0;
        for letter in letters {
            let slots = slots(&letter, &self.sink, time_ms);
            self.plan.encode(&slots, &mut self.data).map_err(io::Error::other)?;
            count += 1;
        }
        file.append(count, &self.data)?;
        file.sync()
    }

    /// What the checkpoint shall hold; empty while there is no file.
    pub(super) fn state(&self) -> Bytes {
        let Some(file) = &self.file else { return Bytes::new() };
        let name = file.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let state = State { file: name, schema: self.fingerprint.clone(), mark: file.mark() };
        serde_json::to_vec(&state).expect("strings and numbers are JSON").into()
    }

    /// Goes back to what a checkpoint says, which must be committed by then.
    ///
    /// # Errors
    /// The file is there but cannot be opened.
    pub(super) fn rewind(&mut self, state: &Bytes) -> io::Result<()> {
        self.rewind_file(state)?;
        self.crowded = true;
        self.survey()?;
        Ok(())
    }

    fn rewind_file(&mut self, state: &Bytes) -> io::Result<()> {
        let Some(state) = (!state.is_empty()).then(|| serde_json::from_slice::<State>(state)).transpose()? else {
            return self.start_over();
        };
        self.file = self.reopen(&state)?;
        self.named = true;
        self.fresh = false;
        Ok(())
    }

    /// No checkpoint names a file: one that is open holds nothing that counts, and can be used again if it is there.
    fn start_over(&mut self) -> io::Result<()> {
        self.fresh = false;
        self.named = false;
        if let Some(file) = &mut self.file {
            file.empty();
            if self.disk.metadata(file.path())?.is_none() {
                self.file = None;
            }
        }
        Ok(())
    }

    fn reopen(&self, state: &State) -> io::Result<Option<AvroFile>> {
        let path = self.directory.join(&state.file);
        // Operators take letters away once they have dealt with them; the next one begins a new file.
        let Some(found) = self.disk.metadata(&path)? else { return Ok(None) };
        if !state.mark.is_of(&*self.disk, &path)? {
            return Ok(None);
        }
        if found.length < state.mark.length {
            tracing::warn!(sink = %self.sink, file = %path.display(), "a file of dead letters was cut from outside");
            return Ok(None);
        }
        let keep = self.fresh && self.behind == Behind::Keep;
        let mark = if keep { state.mark.scan(&*self.disk, &path)? } else { state.mark.clone() };
        let mut file = AvroFile::reopen(&self.disk, &path, &mark, Codec::Null)?;
        if state.schema == self.fingerprint {
            return Ok(Some(file));
        }
        file.finish()?;
        Ok(None)
    }
}

/// File and length of the letters that count according to a checkpoint: what is behind them is not committed yet, and
/// is written again by who goes on from there. None if no file is named.
#[must_use]
pub fn committed(dead: &Bytes) -> Option<(String, u64)> {
    let state: State = serde_json::from_slice(dead).ok()?;
    Some((state.file, state.mark.length))
}

pub(super) fn schema() -> RecordSchema {
    RecordSchema::parse(SCHEMA).expect("a constant that every test of dead letters parses")
}

fn slots<'a>(letter: &Letter<'a>, sink: &'a SinkName, time_ms: i64) -> [Slot<'a>; 8] {
    let refusal = letter.refusal;
    let Offset(offset) = refusal.offset;
    [
        Slot::Text(refusal.reason.code().into()),
        Slot::Text(refusal.message.as_str().into()),
        refusal.position.as_deref().map_or(Slot::Unset, |position| Slot::Text(position.into())),
        Slot::Text(letter.mapping.into()),
        Slot::Text(sink.as_str().into()),
        Slot::Long(i64::try_from(offset).unwrap_or(i64::MAX)),
        Slot::Long(time_ms),
        Slot::Bytes(letter.event.into()),
    ]
}

/// Time and number in the name of a file of ours: the order in which they were begun.
pub(super) fn age(path: &Path) -> Option<(u64, u32)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".avro")?;
    let (time, number) = name.split_once(NAME)?;
    Some((time.parse().ok()?, number.parse().ok()?))
}

/// A time as `yyyyMMddHHmmss`.
pub(super) fn stamp(now_ms: i64, zone: &TimeZone) -> String {
    let time = Timestamp::from_millisecond(now_ms).unwrap_or_default().to_zoned(zone.clone());
    time.strftime("%Y%m%d%H%M%S").to_string()
}

/// A name for the sink's directory that any file system takes: letters, digits, `-` and `_` stay, every other byte
/// becomes `%` and two hexadecimal digits.
pub(super) fn folder(sink: &SinkName) -> String {
    use std::fmt::Write as _;

    let mut name = String::new();
    for byte in sink.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02x}");
        }
    }
    name
}
