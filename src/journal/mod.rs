//! The log between accepting an event and mapping it.
//!
//! Knows bytes, offsets and files; does not know events, mappings or sinks. This journal lives in memory
//! (`durability = none`); segments on disk go behind these same types and change no caller.
//!
//! * [`Journal::append`] copies a [`Run`] into the open block under one short lock and gives a [`Ticket`].
//! * The journal thread seals the open block at 64 KiB or after 2 ms and hands it to the ring of blocks.
//! * Each delivery has a [`Reader`], which walks the ring, and a [`Cursor`], which says what it no longer needs.
//!
//! Invariant: offsets are dense and never used twice within one journal, which has an identity of its own.
//! Invariant: a block stays until every cursor is past it; what all of them hold is bounded in bytes and events.

mod block;
mod cursor;
mod intake;
mod pool;
mod reader;
mod ring;
mod run;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{JoinHandle, Thread},
};

use uuid::Uuid;

pub use block::Block;
pub use cursor::{Cursor, Held};
pub use intake::{BLOCK_BYTES, PENDING_BYTES_MAX, RUN_BYTES_MAX};
pub use reader::Reader;
pub use run::{FLAGS_AT, Run, RunEvent, Tag};

pub use crate::config::settings::Durability;
use crate::{
    checkpoint::{Offset, SinkName, Span},
    disk::Disk,
    metrics::Metrics,
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
    /// Time, for block headers.
    pub clock: Arc<dyn Clock>,
    /// Counters of blocks and events.
    pub metrics: Metrics,
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
    #[error("{}: the cursor is damaged: {reason}\n  hint: move the file away and the sink starts where the journal now ends", path.display())]
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
    /// Identity of the journal; a journal in memory has a new one at each start.
    pub id: Uuid,
    /// Oldest offset that can still be read.
    pub oldest: Offset,
    /// Offset of the next event.
    pub next: Offset,
    /// Everything below was handed to readers (and, with segments, written).
    pub written: Offset,
    /// Everything below is synced; equals `written` in memory.
    pub synced: Offset,
    /// Events held: accepted and not yet behind every cursor.
    pub events: u64,
    /// Events that may be held.
    pub events_max: u64,
    /// Bytes held.
    pub bytes: u64,
    /// Bytes that may be held.
    pub bytes_max: u64,
    /// Durability in force.
    pub durability: Durability,
    /// Whether appends are taken.
    pub open: bool,
}

/// What is told of every block that is refused after it was accepted.
type Forget = Box<dyn Fn(&Block) + Send>;

/// The journal. See the module for what it promises.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    thread: Thread,
    join: Mutex<Option<JoinHandle<()>>>,
}

/// What the journal, its thread, its readers and its cursors share.
struct Shared {
    settings: JournalSettings,
    id: Uuid,
    /// First offset of this journal.
    first: Offset,
    disk: Arc<dyn Disk>,
    intake: Mutex<intake::Intake>,
    ring: ring::Ring,
    /// Events and bytes from the oldest one held to the last one accepted.
    held_events: AtomicU64,
    held_bytes: AtomicU64,
    #[expect(dead_code, reason = "in memory no accepted block is ever refused")]
    forget: Mutex<Forget>,
}

impl Shared {
    fn intake(&self) -> MutexGuard<'_, intake::Intake> {
        // `decide` runs before anything is changed, so a panic in it leaves the intake as it was.
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self, freed: ring::Freed) {
        self.held_events.fetch_sub(freed.events, Ordering::Relaxed);
        self.held_bytes.fetch_sub(freed.bytes, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Journal").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal and starts its thread. `forget` is told of every block that is refused after all, before
    /// anything new is taken.
    ///
    /// # Errors
    /// The directory cannot be made or the thread cannot be started.
    pub fn open(settings: JournalSettings, disk: Arc<dyn Disk>, forget: Forget) -> Result<Self, JournalError> {
        let cursors = settings.directory.join("cursors");
        let failed = |source| JournalError::Io { path: cursors.clone(), source };
        disk.create_dir_all(&cursors, true).map_err(failed)?;
        let first = Offset(0);
        let shared = Arc::new(Shared {
            settings,
            id: Uuid::new_v4(),
            first,
            disk,
            intake: Mutex::new(intake::Intake::new(first)),
            ring: ring::Ring::new(first),
            held_events: AtomicU64::new(0),
            held_bytes: AtomicU64::new(0),
            forget: Mutex::new(forget),
        });
        let join = writer::spawn(Arc::clone(&shared)).map_err(failed)?;
        Ok(Self { shared, thread: join.thread().clone(), join: Mutex::new(Some(join)) })
    }

    /// Copies the run into the open block: consecutive offsets, all or nothing; no I/O, no waiting. `decide` sees each
    /// event once room is certain. On success the run is empty.
    ///
    /// # Errors
    /// Why the run is not taken; the run is untouched and `decide` was not called.
    pub fn append(&self, run: &mut Run, decide: impl FnMut(&mut RunEvent<'_>)) -> Result<Ticket, Refused> {
        let size = run.size();
        let shared = &*self.shared;
        if size > RUN_BYTES_MAX || size as u64 > shared.settings.memory_bytes_max {
            return Err(Refused::TooLarge);
        }
        let mut intake = shared.intake();
        intake.admit(size)?;
        self.room(run)?;
        let (span, was_empty) = intake.take(run, decide);
        shared.held_events.fetch_add(span.len(), Ordering::Relaxed);
        shared.held_bytes.fetch_add(size as u64, Ordering::Relaxed);
        drop(intake);
        if was_empty {
            self.thread.unpark();
        }
        run.clear();
        Ok(Ticket { span })
    }

    fn room(&self, run: &Run) -> Result<(), Refused> {
        let settings = &self.shared.settings;
        let events = self.shared.held_events.load(Ordering::Relaxed) + run.len() as u64;
        let bytes = self.shared.held_bytes.load(Ordering::Relaxed) + run.size() as u64;
        if events > settings.events_max || bytes > settings.memory_bytes_max { Err(Refused::Full) } else { Ok(()) }
    }

    /// A reader that starts at `from`, which is a block's end.
    #[must_use]
    pub fn reader(&self, from: Offset) -> Reader {
        Reader::new(Arc::clone(&self.shared), from)
    }

    /// The cursor of a sink as last committed, or a new one at `start`; on disk before this returns.
    ///
    /// # Errors
    /// The cursor's file is damaged or cannot be read or written.
    pub fn cursor(&self, sink: &SinkName, start: Start) -> Result<Cursor, JournalError> {
        Cursor::open(Arc::clone(&self.shared), sink, start)
    }

    /// What the journal holds and how it is.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.shared;
        let (next, open) = {
            let intake = shared.intake();
            (intake.next(), intake.is_open())
        };
        let bounds = shared.ring.bounds();
        Status {
            id: shared.id,
            oldest: bounds.first,
            next,
            written: bounds.next,
            synced: bounds.next,
            events: shared.held_events.load(Ordering::Relaxed),
            events_max: shared.settings.events_max,
            bytes: shared.held_bytes.load(Ordering::Relaxed),
            bytes_max: shared.settings.memory_bytes_max,
            durability: shared.settings.durability,
            open,
        }
    }

    /// Refuses appends from now on, seals and hands over the open block, and waits until that is done. Readers get
    /// [`ReadError::Closed`] behind the last block.
    pub fn close(&self) {
        self.shared.intake().close();
        self.thread.unpark();
        let join = self.join.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(join) = join
            && join.join().is_err()
        {
            tracing::error!("the journal thread has panicked");
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Proof of acceptance: which offsets, and the means to wait for their durability. May be dropped.
#[derive(Debug)]
pub struct Ticket {
    span: Span,
}

impl Ticket {
    /// The offsets.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Waits until the events are as safe as `level`, which is at most the journal's own durability. What already
    /// holds is not waited for, so in memory this returns at once.
    ///
    /// # Errors
    /// The events are refused after all.
    #[expect(clippy::unused_async, reason = "segments wait here")]
    pub async fn reached(self, level: Durability) -> Result<(), Refused> {
        debug_assert_eq!(level, Durability::None, "a source asks for at most the journal's level");
        Ok(())
    }
}
