//! The log between accepting an event and mapping it.
//!
//! Knows bytes, offsets and files; does not know events, mappings or sinks. With `durability = none` it lives in memory,
//! else in segment files (see [`format`] and `docs/journal-format.md`) with its newest blocks in memory as well.
//!
//! * [`Journal::append`] copies a [`Run`] into the open block under one short lock and gives a [`Ticket`].
//! * The journal thread seals the open block at its pace, writes and syncs it, and hands it to the ring of blocks.
//! * Each delivery has a [`Reader`], which walks the ring and the segments, and a [`Cursor`], which says what it no
//!   longer needs.
//!
//! Invariant: offsets are never used twice within one journal, which has an identity of its own.
//! Invariant: a block stays until every cursor is past it; what all of them hold is bounded in bytes.

mod archive;
mod block;
mod catalog;
mod cursor;
mod error;
mod format;
mod intake;
mod open;
mod pool;
mod rate;
mod reader;
mod recovery;
mod ring;
mod run;
mod sabotage;
mod scan;
mod space;
mod store;
#[cfg(test)]
mod tests;
mod ticket;
mod upkeep;
mod writer;

use std::{path::PathBuf, sync::Arc, time::Instant};

use uuid::Uuid;

pub use archive::{Archive, ArchiveReader, Piece, Pieces, SegmentFile};
pub use block::Block;
pub use cursor::{Cursor, Held};
pub use error::{GapReason, JournalError, ReadError, Refused};
pub use intake::{BLOCK_BYTES, PENDING_BYTES_MAX, RUN_BYTES_MAX};
pub use reader::{ReadBlocks, Reader};
pub use run::{FLAGS_AT, Run, RunEvent, Tag};
use sabotage::Sabotage;
pub use space::NoRoom;
pub use ticket::Ticket;
pub use upkeep::{CursorFile, cursors, remove_cursor, remove_cursor_beside, rename_cursor};

pub use crate::config::settings::Durability;
use crate::{
    checkpoint::{Offset, SinkName},
    disk::Disk,
    metrics::Metrics,
    util::{
        clock::Clock,
        sync::{
            Mutex, MutexGuard, PoisonError,
            atomic::{AtomicBool, AtomicU64, Ordering},
            thread::{JoinHandle, Thread},
        },
    },
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
    /// Sync cursors although the journal lives in memory; with segments they always are.
    pub sync_cursors: bool,
    /// Events that may wait in memory; only with `none`.
    pub events_max: u64,
    /// Bytes of a segment file.
    pub segment_bytes: u64,
    /// Most bytes of all segment files.
    pub bytes_max: u64,
    /// Bytes that stay free on the file system.
    pub reserve_bytes: u64,
    /// How long events are kept that every sink has, milliseconds.
    pub retention_ms: i64,
    /// Most bytes of segments that are kept although every sink has them.
    pub retention_bytes: u64,
    /// Overwrite a segment with zeros before it is used again.
    pub erase: bool,
    /// Keep every segment, as long as there is room, until [`Journal::looked_through`].
    pub look_through: bool,
    /// Sinks that are about to claim their cursors: what they need is theirs from the start, before they have come.
    pub sinks: Vec<SinkName>,
    /// Sinks that lose their oldest events rather than that new ones are refused.
    pub skip_oldest: Vec<SinkName>,
    /// Time, for block headers.
    pub clock: Arc<dyn Clock>,
    /// Counters of blocks and events.
    pub metrics: Metrics,
}

impl JournalSettings {
    /// A journal at `directory` with sizes that fit a busy collector.
    #[must_use]
    pub fn new(directory: PathBuf, durability: Durability, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self {
            directory,
            durability,
            memory_bytes_max: 64 << 20,
            sync_cursors: false,
            events_max: 1 << 20,
            segment_bytes: 64 << 20,
            bytes_max: 10 << 30,
            reserve_bytes: 512 << 20,
            retention_ms: 0,
            retention_bytes: 0,
            erase: false,
            look_through: false,
            sinks: Vec::new(),
            skip_oldest: Vec::new(),
            clock,
            metrics,
        }
    }
}

/// Where a new cursor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the start of the open block.
    Tail,
    /// At the oldest event.
    Earliest,
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
    /// Bytes of all segment files; 0 in memory.
    pub disk_bytes: u64,
    /// Most bytes of all segment files.
    pub disk_bytes_max: u64,
    /// Segment files.
    pub segments: usize,
    /// In how many seconds there is no room any more if no sink moves on and events come as in the last minute; none
    /// while none come.
    pub seconds_until_full: Option<f64>,
    /// Cursors that no sink of this process has.
    pub orphans: Vec<Orphan>,
    /// Why the disk cannot be written to, if it cannot.
    pub sick: Option<String>,
    /// Why no further segment can be begun, if none can.
    pub no_room: Option<NoRoom>,
}

/// A cursor that no sink of this process has: of a sink that was removed or renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Name of the sink that had it.
    pub sink: SinkName,
    /// Where it stands.
    pub upto: Offset,
}

/// Why the disk cannot be written to.
#[derive(Clone, Debug)]
struct Sickness(String);

/// What is told of every block that is refused after it was accepted.
type Forget = Box<dyn Fn(&Block) + Send>;

/// The journal. See the module for what it promises.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    thread: Thread,
    join: Mutex<Option<JoinHandle<()>>>,
    /// Prepares segment files; none in memory.
    preparer: Mutex<Option<space::Preparer>>,
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
    catalog: Mutex<catalog::Catalog>,
    /// Events and bytes from the oldest one held to the last one accepted.
    held_events: AtomicU64,
    held_bytes: AtomicU64,
    /// Everything below is synced; only with segments.
    synced: AtomicU64,
    /// Bytes that the segment in use can still take.
    left: AtomicU64,
    /// Nothing is freed as long as somebody looks through what the former process left.
    is_looked_through: AtomicBool,
    sickness: Mutex<Option<Sickness>>,
    no_room: Mutex<Option<NoRoom>>,
    forget: Mutex<Forget>,
    rate: rate::Rate,
    /// Held so that no second process uses the directory.
    _lock: Option<Box<dyn std::any::Any + Send + Sync>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is guarded is changed as a whole, so a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn intake(&self) -> MutexGuard<'_, intake::Intake> {
        lock(&self.intake)
    }

    fn catalog(&self) -> MutexGuard<'_, catalog::Catalog> {
        lock(&self.catalog)
    }

    fn sickness(&self) -> MutexGuard<'_, Option<Sickness>> {
        lock(&self.sickness)
    }

    fn no_room(&self) -> MutexGuard<'_, Option<NoRoom>> {
        lock(&self.no_room)
    }

    fn forget(&self) -> MutexGuard<'_, Forget> {
        lock(&self.forget)
    }

    /// Whether there are segments.
    fn is_durable(&self) -> bool {
        self.settings.durability != Durability::None
    }

    fn set_synced(&self, synced: Offset) {
        self.synced.store(synced.0, Ordering::Release);
        self.release(self.ring.on_disk(synced));
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
        // Asked before the lock is taken, which nobody should hold for it.
        let now = Instant::now();
        let mut intake = shared.intake();
        intake.admit(run, now)?;
        self.room(run)?;
        let (ticket, was_empty) = intake.take(run, decide);
        shared.held_events.fetch_add(ticket.span().len(), Ordering::Relaxed);
        shared.held_bytes.fetch_add(size as u64, Ordering::Relaxed);
        drop(intake);
        if was_empty && !sabotage::is(Sabotage::NoWake) {
            self.thread.unpark();
        }
        run.clear();
        Ok(ticket)
    }

    /// Room in memory; segments have their own.
    fn room(&self, run: &Run) -> Result<(), Refused> {
        let settings = &self.shared.settings;
        if self.shared.is_durable() {
            return Ok(());
        }
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
        Cursor::open(&self.shared, sink, start)
    }

    /// What the journal holds and how it is.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.shared;
        let (next, open, hangs_for) = {
            let intake = shared.intake();
            (intake.next(), intake.is_open(), intake.hangs_for(Instant::now()))
        };
        let hangs = hangs_for.map(|waited| format!("it has not answered for {} s", waited.as_secs()));
        let bounds = shared.ring.bounds();
        let (oldest, disk_bytes, segments) = {
            let catalog = shared.catalog();
            (catalog.first().unwrap_or(bounds.first), catalog.bytes(), catalog.len())
        };
        let synced = if shared.is_durable() { Offset(shared.synced.load(Ordering::Acquire)) } else { bounds.next };
        Status {
            id: shared.id,
            oldest,
            next,
            written: bounds.next,
            synced,
            events: shared.held_events.load(Ordering::Relaxed),
            events_max: shared.settings.events_max,
            bytes: shared.held_bytes.load(Ordering::Relaxed),
            bytes_max: shared.settings.memory_bytes_max,
            durability: shared.settings.durability,
            open,
            disk_bytes,
            disk_bytes_max: shared.settings.bytes_max,
            segments,
            seconds_until_full: self.seconds_until_full(disk_bytes),
            orphans: self.orphans(),
            sick: shared.sickness().as_ref().map(|sickness| sickness.0.clone()).or(hangs),
            no_room: shared.no_room().clone(),
        }
    }

    /// What the former process left is not needed any more for its own sake.
    pub fn looked_through(&self) {
        self.shared.is_looked_through.store(false, Ordering::Relaxed);
        self.thread.unpark();
    }

    /// Where the newest events begin that the segments hold, about so many bytes of them.
    #[must_use]
    pub fn newest(&self, bytes_max: u64) -> Offset {
        let first = self.shared.catalog().first_within(bytes_max);
        first.unwrap_or_else(|| self.shared.intake().next())
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn seconds_until_full(&self, disk_bytes: u64) -> Option<f64> {
        let (shared, settings) = (&self.shared, &self.shared.settings);
        let left = if shared.is_durable() {
            let free = shared.disk.free_bytes(&settings.directory).unwrap_or(0);
            let quota = settings.bytes_max.saturating_sub(disk_bytes);
            quota.min(free.saturating_sub(settings.reserve_bytes)) + shared.left.load(Ordering::Relaxed)
        } else {
            settings.memory_bytes_max.saturating_sub(shared.held_bytes.load(Ordering::Relaxed))
        };
        let rate = shared.rate.per_second(Instant::now());
        (rate >= 1.0).then(|| left as f64 / rate)
    }

    /// Cursors that no sink has taken up: those of sinks that were removed or renamed.
    #[must_use]
    pub fn orphans(&self) -> Vec<Orphan> {
        let marks = self.shared.ring.marks().into_iter().filter(|mark| !mark.claimed);
        marks.map(|mark| Orphan { sink: mark.sink, upto: mark.upto }).collect()
    }

    /// Refuses appends from now on, seals and hands over the open block, and waits until that is done. Readers get
    /// [`ReadError::Closed`] behind the last block.
    pub fn close(&self) {
        self.shared.intake().close();
        self.thread.unpark();
        drop(lock(&self.preparer).take());
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
