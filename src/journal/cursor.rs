//! A sink's place in the journal, kept in a small file that is replaced as a whole.
//!
//! The file is a line `headwater-cursor 1 <CRC-32C of the rest, hex>` and a JSON object, so that an operator can read it.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    checkpoint::{Checkpoint, Offset, STATE_BYTES_MAX, SinkName, Span, Totals},
    disk::Disk,
};

use super::{
    Durability, JournalError, Shared, Start,
    sabotage::{self, Sabotage},
};

/// First word and version of a cursor file.
const HEADER: &str = "headwater-cursor 1 ";

/// A sink's place in the journal.
#[derive(Debug)]
pub struct Cursor {
    home: Home,
    sink: SinkName,
    path: PathBuf,
    last: Checkpoint,
}

/// Where a cursor stands in.
#[derive(Debug)]
enum Home {
    /// A journal at work, which frees what no cursor needs any more.
    Journal(Arc<Shared>),
    /// Something that ends: what a journal held at one time, whoever works with it, or dead letters.
    Closed { disk: Arc<dyn Disk>, id: Uuid, next: Offset },
}

/// What a cursor holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Events behind the cursor's checkpoint.
    pub events: u64,
    /// Bytes of their blocks.
    pub bytes: u64,
    /// Half of the room or more: time to make progress durable.
    pub half: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    journal: Uuid,
    upto: Offset,
    sink: String,
    dead: String,
    totals: Totals,
}

impl Cursor {
    /// The cursor of `sink` as last committed, or a new one. Of a cursor of another journal only the states are used.
    pub(super) fn open(shared: &Arc<Shared>, sink: &SinkName, start: Start) -> Result<Self, JournalError> {
        let path = shared.settings.directory.join("cursors").join(file_name(sink));
        let found = shared.disk.metadata(&path).map_err(io(&path))?;
        let stored = match found {
            Some(_) => Self::stored(shared, &path)?,
            None => None,
        };
        let last = match stored {
            Some((journal, checkpoint)) if journal == shared.id => checkpoint,
            Some((_, other)) => {
                let upto = shared.first;
                Checkpoint { upto, totals: Totals::default(), ..other }
            }
            None => {
                let upto = match start {
                    Start::Tail => shared.intake().tail(),
                    Start::Earliest => shared.catalog().first().unwrap_or_else(|| shared.ring.bounds().first),
                };
                Checkpoint { upto, ..Checkpoint::default() }
            }
        };
        let home = Home::Journal(Arc::clone(shared));
        let mut cursor = Self { home, sink: sink.clone(), path, last: Checkpoint::default() };
        cursor.store(&last)?;
        cursor.last = last;
        // There from the start, so that its first event is seen as a change.
        let _ = shared.settings.metrics.journal_given_up(sink.as_str());
        shared.release(shared.ring.mark(sink, cursor.last.upto, true));
        Ok(cursor)
    }

    /// A cursor beside whoever works with the journal in `directory`: over events that end before `span.next`, of the
    /// journal `id`; as last committed, or new at `span.first`. Its file is where the others are, so that a server that
    /// starts later keeps what this one needs; with the identity of no journal it keeps nothing.
    ///
    /// # Errors
    /// The file is damaged, of another journal, or cannot be read or written.
    pub fn beside(
        directory: &Path,
        disk: &Arc<dyn Disk>,
        id: Uuid,
        sink: &SinkName,
        span: Span,
    ) -> Result<Self, JournalError> {
        let cursors = directory.join("cursors");
        disk.create_dir_all(&cursors, true).map_err(io(&cursors))?;
        let path = cursors.join(file_name(sink));
        let last = match disk.metadata(&path).map_err(io(&path))? {
            None => Checkpoint { upto: span.first, ..Checkpoint::default() },
            Some(_) => match parse(&path, &disk.read(&path).map_err(io(&path))?)? {
                (journal, last) if journal == id => last,
                _ => {
                    let reason = "it is of another journal".to_owned();
                    return Err(JournalError::DamagedCursor { path, reason });
                }
            },
        };
        let home = Home::Closed { disk: Arc::clone(disk), id, next: span.next };
        let mut cursor = Self { home, sink: sink.clone(), path, last: Checkpoint::default() };
        cursor.store(&last)?;
        cursor.last = last;
        Ok(cursor)
    }

    /// What a cursor file says. A journal in memory does not sync it, so a power cut may damage it; what it knew is gone
    /// with the events then, and the damaged file is put aside.
    fn stored(shared: &Shared, path: &Path) -> Result<Option<(Uuid, Checkpoint)>, JournalError> {
        match parse(path, &shared.disk.read(path).map_err(io(path))?) {
            Ok(stored) => Ok(Some(stored)),
            Err(error) if shared.settings.durability == Durability::None => {
                let aside = path.with_extension("damaged");
                tracing::error!(%error, kept_as = %aside.display(), "the sink starts anew; its unfinished files stay");
                shared.disk.rename(path, &aside).map_err(io(path))?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The checkpoint last committed.
    #[must_use]
    pub fn last(&self) -> &Checkpoint {
        &self.last
    }

    /// Replaces the checkpoint: atomic, synced unless the journal lives in memory, forward only (the same offset with
    /// another state is fine). Blocks that no cursor needs any more are freed.
    ///
    /// # Errors
    /// The file cannot be written (the old checkpoint holds then), or the commit goes backwards or is too large.
    pub fn commit(&mut self, next: Checkpoint) -> Result<(), JournalError> {
        let problem = if next.upto < self.last.upto {
            Some(format!("commit at {} goes back from {}", next.upto, self.last.upto))
        } else if next.sink.len() > STATE_BYTES_MAX || next.dead.len() > STATE_BYTES_MAX {
            Some(format!("a state is larger than {STATE_BYTES_MAX} bytes"))
        } else {
            None
        };
        if let Some(reason) = problem {
            return Err(JournalError::BadCommit { sink: self.sink.clone(), reason });
        }
        self.store(&next)?;
        self.last = next;
        if let Home::Journal(shared) = &self.home {
            shared.release(shared.ring.mark(&self.sink, self.last.upto, true));
        }
        Ok(())
    }

    /// What this cursor holds back, against what the journal may hold.
    #[must_use]
    pub fn held(&self) -> Held {
        let waiting = |next: Offset| next.0.saturating_sub(self.last.upto.0);
        let shared = match &self.home {
            Home::Journal(shared) => shared,
            Home::Closed { next, .. } => return Held { events: waiting(*next), ..Held::default() },
        };
        let events = waiting(shared.intake().next());
        let settings = &shared.settings;
        if shared.is_durable() {
            let bytes = shared.catalog().bytes_from(self.last.upto);
            // The segment that is written to is held by nobody.
            let half = bytes.saturating_sub(settings.segment_bytes).saturating_mul(2) >= settings.bytes_max;
            return Held { events, bytes, half: half && events > 0 };
        }
        let bytes = shared.ring.held_bytes(&self.sink);
        let half =
            events.saturating_mul(2) >= settings.events_max || bytes.saturating_mul(2) >= settings.memory_bytes_max;
        Held { events, bytes, half: half && events > 0 }
    }

    /// The sink whose cursor this is.
    #[must_use]
    pub fn sink(&self) -> &SinkName {
        &self.sink
    }

    fn store(&self, checkpoint: &Checkpoint) -> Result<(), JournalError> {
        let shared = match &self.home {
            Home::Journal(shared) => shared,
            Home::Closed { disk, id, .. } => {
                let content = format(*id, checkpoint.upto, checkpoint);
                return disk.replace(&self.path, &content, true).map_err(io(&self.path));
            }
        };
        let early = sabotage::is(Sabotage::EarlyCursor).then(|| shared.ring.bounds().next);
        let upto = early.map_or(checkpoint.upto, |early| early.max(checkpoint.upto));
        let content = format(shared.id, upto, checkpoint);
        let settings = &shared.settings;
        let durable = settings.sync_cursors || settings.durability != Durability::None;
        shared.disk.replace(&self.path, &content, durable).map_err(io(&self.path))
    }
}

/// Marks where the cursors stand that are in the journal's directory, so that what their sinks need is kept until those
/// have come. A damaged one is left to its sink to complain about.
pub(super) fn mark_all(shared: &Shared) -> Result<(), JournalError> {
    let directory = shared.settings.directory.join("cursors");
    for path in shared.disk.list(&directory).map_err(io(&directory))? {
        let Some(sink) = sink_name(&path) else { continue };
        let content = shared.disk.read(&path).map_err(io(&path))?;
        if let Ok((journal, checkpoint)) = parse(&path, &content)
            && journal == shared.id
        {
            // With a full journal the start itself looks for room, before any sink could take up its cursor.
            let expected = shared.settings.sinks.contains(&sink);
            shared.release(shared.ring.mark(&sink, checkpoint.upto, expected));
        }
    }
    Ok(())
}

/// The sink whose cursor a file is.
pub(super) fn sink_name(path: &Path) -> Option<SinkName> {
    let mut name = Vec::new();
    let mut rest = path.file_name()?.to_str()?.strip_suffix(".cursor")?.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        };
        name.push(byte);
    }
    String::from_utf8(name).ok().map(|name| SinkName::new(&name))
}

/// A name that any file system takes: letters, digits, `-`, `_` stay, every other byte becomes `%` and two hex digits.
pub(super) fn file_name(sink: &SinkName) -> String {
    let mut name = String::new();
    for byte in sink.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02x}");
        }
    }
    name + ".cursor"
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { path, source }
}

fn format(journal: Uuid, upto: Offset, checkpoint: &Checkpoint) -> Vec<u8> {
    let stored = Stored {
        journal,
        upto,
        sink: STANDARD.encode(&checkpoint.sink),
        dead: STANDARD.encode(&checkpoint.dead),
        totals: checkpoint.totals.clone(),
    };
    let body = serde_json::to_string(&stored).expect("a struct of numbers, strings and maps with string keys is JSON");
    format!("{HEADER}{:08x}\n{body}\n", crc32c::crc32c(body.as_bytes())).into_bytes()
}

pub(super) fn parse(path: &Path, content: &[u8]) -> Result<(Uuid, Checkpoint), JournalError> {
    let damaged = |reason: &str| JournalError::DamagedCursor { path: path.to_owned(), reason: reason.to_owned() };
    let text = std::str::from_utf8(content).map_err(|_| damaged("it is not text"))?;
    let (head, body) = text.split_once('\n').ok_or_else(|| damaged("its first line is incomplete"))?;
    let sum = head.strip_prefix(HEADER).ok_or_else(|| damaged("it is no cursor file of version 1"))?;
    let body = body.trim_end();
    if format!("{:08x}", crc32c::crc32c(body.as_bytes())) != sum {
        return Err(damaged("its checksum is wrong"));
    }
    let stored: Stored = serde_json::from_str(body).map_err(|error| damaged(&error.to_string()))?;
    let decode = |text: &str| STANDARD.decode(text).map(Bytes::from).map_err(|_| damaged("a state is no base64"));
    let checkpoint = Checkpoint {
        upto: stored.upto,
        sink: decode(&stored.sink)?,
        dead: decode(&stored.dead)?,
        totals: stored.totals,
    };
    Ok((stored.journal, checkpoint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SimulatedDisk;

    #[test]
    fn names_of_sinks_become_names_of_files() {
        for (name, expected) in [("hdfs", "hdfs.cursor"), ("a/b..", "a%2fb%2e%2e.cursor"), ("é", "%c3%a9.cursor")] {
            assert_eq!(file_name(&SinkName::new(name)), expected);
            assert_eq!(sink_name(Path::new(expected)), Some(SinkName::new(name)));
        }
    }

    #[test]
    fn a_cursor_beside_a_journal_keeps_its_place_and_is_of_that_journal_only() {
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new());
        let (id, sink, span) = (Uuid::new_v4(), SinkName::new("replay-1-s"), Span::new(Offset(3), Offset(9)));
        let open = |id| Cursor::beside(Path::new("/j"), &disk, id, &sink, span);
        let mut cursor = open(id).unwrap();
        assert_eq!((cursor.last().upto, cursor.held().events), (Offset(3), 6));
        cursor.commit(Checkpoint { upto: Offset(5), ..Checkpoint::default() }).unwrap();
        assert_eq!((open(id).unwrap().last().upto, cursor.held().events), (Offset(5), 4));
        assert!(cursor.commit(Checkpoint { upto: Offset(4), ..Checkpoint::default() }).is_err());
        assert!(open(Uuid::new_v4()).is_err());
    }

    #[test]
    fn a_cursor_file_reads_back_and_any_flipped_bit_is_noticed() {
        let checkpoint = Checkpoint {
            upto: Offset(7),
            sink: Bytes::from_static(b"\x00state"),
            dead: Bytes::from_static(b"dead"),
            totals: Totals::default(),
        };
        let id = Uuid::new_v4();
        let content = format(id, checkpoint.upto, &checkpoint);
        let path = Path::new("x.cursor");
        assert_eq!(parse(path, &content).unwrap(), (id, checkpoint));
        for position in 0..content.len() - 1 {
            let mut damaged = content.clone();
            damaged[position] ^= 1;
            assert!(parse(path, &damaged).is_err(), "byte {position}");
        }
    }
}
