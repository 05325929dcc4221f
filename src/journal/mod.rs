//! The log between accepting an event and mapping it.
//!
//! Knows bytes, offsets and files; does not know events, mappings or sinks. Today's journal lives in memory
//! (`durability = none`); segments on disk go behind these same types and change no caller.

mod block;
mod pool;
mod run;

use std::{path::PathBuf, sync::Arc};

pub use block::Block;
pub use run::{Run, RunEvent, Tag};

pub use crate::config::settings::Durability;
use crate::{
    checkpoint::{Checkpoint, Offset, SinkName, Span},
    disk::Disk,
    util::clock::Clock,
};

/// How a journal is set up.
#[derive(Debug)]
pub struct JournalSettings {
    /// Where cursors live. Made if missing, mode 0700.
    pub directory: PathBuf,
    /// What an answer may promise.
    pub durability: Durability,
    /// Bytes of blocks that may wait in memory.
    pub memory_bytes_max: u64,
    /// Events that may wait in memory.
    pub events_max: u64,
    /// Time, for block headers and cursors.
    pub clock: Arc<dyn Clock>,
}

/// What can go wrong outside the hot path.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file could not be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A cursor file is damaged.
    #[error("{}: the cursor is damaged: {reason}", path.display())]
    DamagedCursor {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A commit went backwards or a state is too large: a defect of the caller.
    #[error("cursor of sink {sink}: {reason}")]
    BadCommit {
        /// Which sink.
        sink: SinkName,
        /// What is wrong.
        reason: String,
    },
}

/// Why events are not taken. All but `TooLarge` are answered with 503 and `Retry-After`, `TooLarge` with 413.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No room: quota, reserve or memory.
    #[error("the journal is full")]
    Full,
    /// Too much is waiting to be written.
    #[error("the journal is busy")]
    Busy,
    /// The disk failed.
    #[error("the journal's disk failed")]
    Sick,
    /// The run is larger than a journal ever takes.
    #[error("the events of one request are too large")]
    TooLarge,
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// Where a new cursor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the start of the open block.
    Tail,
    /// At the oldest event.
    Earliest,
}

/// Why a reader gives no block.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// These events are gone; the reader stands behind them now. Given once.
    #[error("events {missing} are missing: {reason}")]
    Gap {
        /// The events.
        missing: Span,
        /// Why.
        reason: GapReason,
    },
    /// The journal is closed and everything was read.
    #[error("the journal is closed")]
    Closed,
    /// The disk failed; try again later.
    #[error("the journal cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapReason {
    /// Dropped to free space: counts as skipped.
    Quota,
    /// Lost: counts as gap.
    Lost,
}

impl std::fmt::Display for GapReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Quota => "dropped to free space",
            Self::Lost => "lost",
        })
    }
}

/// What the journal holds and how it is.
#[derive(Clone, Debug)]
pub struct Status {
    /// Oldest offset that can still be read.
    pub oldest: Offset,
    /// Offset of the next event.
    pub next: Offset,
    /// Everything below was handed to readers (and, with segments, written).
    pub written: Offset,
    /// Everything below is synced; equals `written` in memory.
    pub synced: Offset,
    /// Bytes held.
    pub bytes: u64,
    /// Bytes that may be held.
    pub bytes_max: u64,
    /// Events that may be held.
    pub events_max: u64,
    /// Durability in force.
    pub durability: Durability,
    /// Whether appends are taken.
    pub open: bool,
}

/// The journal. See the module for what it promises.
#[derive(Debug)]
pub struct Journal {}

/// Proof of acceptance: which offsets, and the means to wait for their durability. May be dropped.
#[derive(Debug)]
pub struct Ticket {}

/// Walks the journal block by block. Lives on a thread of its own.
#[derive(Debug)]
pub struct Reader {}

/// A sink's place in the journal, kept in a file that is replaced atomically.
#[derive(Debug)]
pub struct Cursor {}

#[expect(unused_variables, clippy::missing_errors_doc, reason = "bodies follow")]
impl Journal {
    /// Opens the journal. `forget` is told of every block that is refused after all.
    pub fn open(
        settings: JournalSettings,
        disk: Arc<dyn Disk>,
        forget: Box<dyn Fn(&Block) + Send>,
    ) -> Result<Self, JournalError> {
        unimplemented!()
    }
    /// Copies the run into the open block: consecutive offsets, all or nothing; no I/O, no waiting. `decide` sees each
    /// event once room is certain. On success the run is empty, on refusal untouched.
    pub fn append(&self, run: &mut Run, decide: impl FnMut(&mut RunEvent<'_>)) -> Result<Ticket, Refused> {
        unimplemented!()
    }
    /// A reader that starts at `from`, a block's end.
    pub fn reader(&self, from: Offset) -> Reader {
        unimplemented!()
    }
    /// The cursor of a sink, as last committed, or a new one at `start`.
    pub fn cursor(&self, sink: &SinkName, start: Start) -> Result<Cursor, JournalError> {
        unimplemented!()
    }
    /// What the journal holds and how it is.
    pub fn status(&self) -> Status {
        unimplemented!()
    }
    /// Refuses appends from now on, seals and hands over the open block.
    pub fn close(&self) {
        unimplemented!()
    }
}
#[expect(unused_variables, clippy::missing_errors_doc, reason = "bodies follow")]
impl Ticket {
    /// The offsets.
    pub fn span(&self) -> Span {
        unimplemented!()
    }
    /// Waits until the events are as safe as `level`; returns at once when they are.
    pub async fn reached(self, level: Durability) -> Result<(), Refused> {
        unimplemented!()
    }
}
#[expect(unused_variables, clippy::missing_errors_doc, reason = "bodies follow")]
impl Reader {
    /// The next block; cancel-safe. Waits when there is none.
    pub async fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        unimplemented!()
    }
    /// Goes to a block's end.
    pub fn seek(&mut self, to: Offset) {
        unimplemented!()
    }
}
#[expect(unused_variables, clippy::missing_errors_doc, reason = "bodies follow")]
impl Cursor {
    /// The checkpoint last committed.
    pub fn last(&self) -> &Checkpoint {
        unimplemented!()
    }
    /// Replaces the checkpoint: atomic, forward only (the same offset with another state is fine).
    pub fn commit(&mut self, next: Checkpoint) -> Result<(), JournalError> {
        unimplemented!()
    }
    /// What this cursor holds back, against what the journal may hold.
    pub fn held(&self) -> Held {
        unimplemented!()
    }
}

/// What a cursor holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Events behind the cursor's checkpoint.
    pub events: u64,
    /// Bytes of their blocks.
    pub bytes: u64,
    /// Half of the room or more: time for [`crate::sink::Tick::Room`].
    pub half: bool,
}
