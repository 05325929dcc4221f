//! What the journal and the dead letters still hold, for the commands that look at it or send it again. Nothing here
//! takes a lock or changes a file, so all of it works beside a running server.

pub mod avro;
pub mod cat;
pub mod export;
pub mod line;
mod selection;

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Failure, tell};
use crate::{
    checkpoint::{Checkpoint, Offset, SinkName, Span},
    config::{
        Settings,
        settings::{Durability, SinkSettings},
    },
    disk::{Disk, RealDisk},
    event::{Event, codec},
    journal::{self, Archive, Block, JournalError, Piece},
    sink::{
        dead_letter,
        letters::{self, LetterFile, Letters, StoredLetter},
    },
};

pub use selection::{Selection, When};

/// The events of a journal as they were when it was opened.
#[derive(Debug)]
pub struct Retained {
    directory: PathBuf,
    /// None if there is no journal.
    archive: Option<Arc<Archive>>,
}

/// A retained event.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Its number.
    pub offset: Offset,
    /// As it is stored.
    pub bytes: &'a [u8],
    /// What is in it; none if it cannot be read.
    pub event: Option<&'a Event<'a>>,
}

/// Whether to go on.
pub type Step = Result<ControlFlow<()>, Failure>;

impl Retained {
    /// Looks what there is.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        let directory = settings.journal.directory.clone();
        let found = matches!(RealDisk.metadata(&directory), Ok(Some(_)));
        let open = || Archive::open(&directory, Arc::new(RealDisk)).map_err(|error| journal_failed(&error));
        let archive = found.then(open).transpose()?.map(Arc::new);
        Ok(Self { directory, archive })
    }

    /// The journal's files, if there are any.
    #[must_use]
    pub fn archive(&self) -> Option<&Arc<Archive>> {
        self.archive.as_ref()
    }

    /// The offsets that the files span; none if there is no event.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let mut segments = self.archive.iter().flat_map(|archive| archive.segments());
        let first = segments.next()?.span;
        let last = segments.last().map_or(first, |segment| segment.span);
        Some(Span::new(first.first, last.next)).filter(|span| !span.is_empty())
    }

    /// What there is, for people: `events 0..12, the oldest of 2030-01-01T00:00:00Z`.
    #[must_use]
    pub fn told(&self) -> String {
        let Some(span) = self.span() else {
            return format!("the journal in {} holds no events", self.directory.display());
        };
        let begun = self.archive.iter().flat_map(|archive| archive.segments()).next().map(|first| first.begun_ms);
        let begun = Timestamp::from_millisecond(begun.unwrap_or_default()).unwrap_or_default();
        format!("the journal in {} holds events {span}, begun {begun:.0}", self.directory.display())
    }

    /// Walks through the blocks that may hold selected events. What is missing is told on the standard error.
    ///
    /// # Errors
    /// The journal cannot be read, or what `visit` says.
    pub fn blocks(&self, selection: &Selection, mut visit: impl FnMut(Arc<Block>) -> Step) -> Result<(), Failure> {
        for piece in self.archive.iter().flat_map(|archive| archive.pieces(selection.first())) {
            match piece.map_err(|error| journal_failed(&error))? {
                Piece::Gap { missing, reason, .. } => {
                    if !selection.is_past(missing.first) {
                        let what = if reason.is_loss() { "are missing" } else { "are numbers without an event" };
                        tell(&format!("headwater: events {missing} {what}: {reason}"));
                    }
                }
                Piece::Block(block) => {
                    if selection.is_past(block.span().first) || visit(Arc::new(block))?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Walks through the selected events.
    ///
    /// # Errors
    /// As for [`Self::blocks`].
    pub fn events(&self, selection: &Selection, mut visit: impl FnMut(Stored<'_>) -> Step) -> Result<(), Failure> {
        self.blocks(selection, |block| {
            for (offset, bytes) in block.events() {
                let event = codec::decode(bytes).ok();
                let stored = Stored { offset, bytes, event: event.as_ref() };
                if selection.takes(offset, stored.event) && visit(stored)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}

/// Says why the journal cannot be read.
#[must_use]
pub fn journal_failed(error: &JournalError) -> Failure {
    running(error)
}

pub(super) fn running(error: impl std::fmt::Display) -> Failure {
    Failure::Running(format!("headwater: {error}"))
}

/// The last checkpoint of every sink that has a cursor, those of unfinished replays with them.
///
/// # Errors
/// The cursors cannot be read.
pub fn checkpoints(journal: &Path) -> Result<BTreeMap<SinkName, Checkpoint>, Failure> {
    let cursors = journal::cursors(journal, &RealDisk).map_err(|error| journal_failed(&error))?;
    Ok(cursors.into_iter().filter_map(|cursor| Some((cursor.sink, cursor.last.ok()?.1))).collect())
}

/// The files of dead letters of a sink, as far as they count.
///
/// # Errors
/// The directory cannot be read.
pub fn letter_files(settings: &Settings, sink: &SinkName) -> Result<Vec<LetterFile>, Failure> {
    // With `none` a start keeps what the last checkpoint does not know of.
    let is_durable = settings.journal.durability != Durability::None;
    let last = checkpoints(&settings.journal.directory)?.remove(sink).filter(|_| is_durable);
    let committed = last.and_then(|last| dead_letter::committed(&last.dead));
    let directory = &settings.dead_letter_directory;
    letters::files(directory, sink, committed.as_ref())
        .map_err(|error| running(format_args!("{}: {error}", letters::directory(directory, sink).display())))
}

/// Walks through the selected dead letters of these files.
///
/// # Errors
/// A file cannot be read, or what `visit` says.
pub fn letters(
    files: &[LetterFile],
    selection: &Selection,
    mut visit: impl FnMut(&StoredLetter) -> Step,
) -> Result<(), Failure> {
    for file in files {
        for letter in Letters::open(file).map_err(running)? {
            let letter = letter.map_err(running)?;
            let event = codec::decode(&letter.event).ok();
            if selection.takes(letter.offset, event.as_ref()) && visit(&letter)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The sink that is meant: the named one, or the only one. A name that no sink has may still have letters.
///
/// # Errors
/// There are several, or none.
pub fn the_sink(settings: &Settings, name: &str) -> Result<SinkName, Failure> {
    if !name.is_empty() {
        return Ok(SinkName::new(name));
    }
    let names: Vec<&SinkName> = settings.sinks.iter().map(SinkSettings::name).collect();
    match names[..] {
        [only] => Ok(only.clone()),
        [] => Err(Failure::Config("headwater: there is no sink\n  hint: name the one that is meant".to_owned())),
        _ => {
            let names: Vec<&str> = names.into_iter().map(SinkName::as_str).collect();
            let names = names.join(", ");
            Err(Failure::Config(format!("headwater: there are several sinks\n  hint: name one of them: {names}")))
        }
    }
}

/// Writes lines; nobody who reads them is a quiet end.
pub(super) struct Lines<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> Lines<W> {
    /// To this output.
    pub(super) fn new(out: W) -> Self {
        Self { out: BufWriter::new(out) }
    }

    /// Writes what `write` writes.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut BufWriter<W>) -> io::Result<()>) -> Step {
        match write(&mut self.out) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
            Err(error) => Err(running(format_args!("the output cannot be written: {error}"))),
        }
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Step {
        self.write(Write::flush)
    }
}
