//! The journal thread: seals the open block at its pace, writes groups of blocks, syncs, and hands them over.
//!
//! Only the append that finds the open block empty wakes it; then it waits its pace, so that many events share one
//! hand-over. Idle, it sleeps without limit. With `fsync` there is no pace: what comes during a sync is the next group.
//!
//! * `fsync`: one group at a time is written and synced, then answered and read.
//! * `flush`: a group is written, then answered and read; a sync follows soon. Until then its blocks are kept, because
//!   the system drops what it could not write back, and then they are written again.
//!
//! A write or sync that fails ends the segment where it was durable; everything behind is written again to a new one.
//! If that fails too, the journal is sick: what was not answered is refused, in order, and nothing is taken until a new
//! segment can be begun.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Block, Durability, GapReason, Shared, Sickness,
    intake::Work,
    sabotage::{self, Sabotage},
    store::Store,
};
use crate::{
    checkpoint::Span,
    util::{
        backoff::Backoff,
        sync::thread::{self, JoinHandle},
    },
};

/// How long events may wait for company before they are handed over.
fn pace(durability: Durability) -> Duration {
    match durability {
        Durability::None => Duration::from_millis(2),
        Durability::Flush => Duration::from_micros(200),
        Durability::Fsync => Duration::ZERO,
    }
}

/// Readers are told of news at most this often: under load each group would wake each of them for a few events. A
/// quiet site's readers are told at once.
const TELL_EVERY: Duration = Duration::from_millis(2);

/// With `flush`, a sync follows a write within this time.
const SYNC_WITHIN: Duration = Duration::from_millis(500);

/// With `flush`, a sync follows when so many bytes are written.
const SYNC_BYTES: usize = 8 * 1024 * 1024;

/// While there is no room, it is looked for this often.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(250);

/// What the thread does after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another turn at once.
    Turn,
    /// Sleep until woken, or until then.
    Sleep(Option<Instant>),
    /// Everything is done for ever.
    End,
}

/// What the journal thread works on.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// None in a journal without segments.
    store: Option<Store>,
    due_at: Option<Instant>,
    /// Written and answered, not synced.
    unsynced: Vec<Arc<Block>>,
    unsynced_bytes: usize,
    sync_by: Option<Instant>,
    /// When the readers were told of news, and when they are to be told of what has come since.
    told_at: Option<Instant>,
    tell_at: Option<Instant>,
    /// While the disk fails: when it is tried again.
    retry_at: Option<Instant>,
    backoff: Backoff,
    /// Why the next block does not follow the last one, if it does not.
    before: Option<GapReason>,
}

/// Starts the journal thread.
pub(super) fn spawn(mut writer: Writer) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("journal".into()).spawn(move || {
        loop {
            match writer.turn(Instant::now()) {
                Next::Turn => {}
                Next::Sleep(None) => thread::park(),
                Next::Sleep(Some(until)) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
                Next::End => break,
            }
        }
    })
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, store: Option<Store>, before: Option<GapReason>) -> Self {
        Self {
            shared,
            store,
            due_at: None,
            unsynced: Vec::new(),
            unsynced_bytes: 0,
            sync_by: None,
            told_at: None,
            tell_at: None,
            retry_at: None,
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
            before,
        }
    }

    /// Does what there is to do now.
    pub(super) fn turn(&mut self, now: Instant) -> Next {
        self.housekeeping(now);
        let due = self.due_at.is_some_and(|due_at| now >= due_at);
        // Bound to a name so that the lock is free again before the arms run.
        let work = self.shared.intake().work(due);
        match work {
            Work::Group(blocks, since) => {
                self.due_at = None;
                self.group(blocks, now);
                self.shared.settings.metrics.journal_handover_duration.observe(since.elapsed());
                Next::Turn
            }
            Work::Open => {
                let due_at = *self.due_at.get_or_insert_with(|| now + pace(self.shared.settings.durability));
                if due_at <= now { Next::Turn } else { self.sleep(Some(due_at)) }
            }
            Work::Idle => {
                self.due_at = None;
                self.sleep(None)
            }
            Work::Closed => {
                self.finish();
                Next::End
            }
        }
    }

    /// Sleeps no longer than until something else is due.
    fn sleep(&self, until: Option<Instant>) -> Next {
        let full = self.store.as_ref().is_some_and(|store| store.no_room().is_some());
        let look = full.then(|| Instant::now() + LOOK_FOR_ROOM);
        Next::Sleep([until, self.sync_by, self.tell_at, self.retry_at, look].into_iter().flatten().min())
    }

    /// Tells the readers, syncs what is due, tries a disk again that has failed, and frees segments.
    fn housekeeping(&mut self, now: Instant) {
        if self.tell_at.is_some_and(|at| now >= at) {
            self.tell(now);
        }
        if self.sync_by.is_some_and(|by| now >= by) || self.unsynced_bytes >= SYNC_BYTES {
            self.sync_late(now);
        }
        if self.retry_at.is_some_and(|at| now >= at) {
            self.heal(now);
        }
        if let Some(store) = &mut self.store {
            store.free();
            // A start without room, but with events to deliver, has left this to be done.
            if self.retry_at.is_none() && store.is_idle() {
                let next = self.shared.intake().next();
                if let Err(error) = store.begin(next) {
                    self.failed(&error);
                    self.sicken(&error, now);
                }
            }
        }
        if let Some(store) = &self.store {
            *self.shared.no_room() = store.no_room();
            self.shared.intake().settle(store.room(), store.reserved());
        }
    }

    fn group(&mut self, mut blocks: Vec<Block>, now: Instant) {
        if self.store.is_none() {
            self.hand_over(blocks.into_iter().map(Arc::new).collect(), now);
            return;
        }
        if self.retry_at.is_some() {
            self.refuse(blocks);
            return;
        }
        if sabotage::is(Sabotage::EarlyAnswer) {
            blocks.iter().filter_map(Block::seal).for_each(|seal| seal.reach(self.shared.settings.durability));
        }
        match self.write(&mut blocks) {
            Ok(()) => {}
            Err(error) => {
                self.failed(&error);
                if let Err(error) = self.write_elsewhere(&blocks) {
                    self.failed(&error);
                    self.sicken(&error, now);
                    self.refuse(blocks);
                    self.refuse_pending();
                    return;
                }
            }
        }
        self.answer(blocks, now);
    }

    /// Writes the group, and syncs it if it is to be durable before it is answered.
    fn write(&mut self, blocks: &mut [Block]) -> io::Result<()> {
        let durability = self.shared.settings.durability;
        let Some(store) = &mut self.store else { return Ok(()) };
        let began = Instant::now();
        for block in blocks {
            store.write(block)?;
        }
        self.shared.settings.metrics.journal_write_duration.observe(began.elapsed());
        if durability == Durability::Fsync { store.sync() } else { Ok(()) }
    }

    /// Writes everything that is not durable to a new segment.
    fn write_elsewhere(&mut self, blocks: &[Block]) -> io::Result<()> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let all: Vec<&Block> = self.unsynced.iter().map(|block| &**block).chain(blocks).collect();
        let first = all.first().map_or_else(|| self.shared.intake().next(), |block| block.span().first);
        store.begin_with(first, &all)?;
        self.all_synced();
        Ok(())
    }

    /// The group is as safe as promised: answers what waits for it and shows it to the readers.
    fn answer(&mut self, blocks: Vec<Block>, now: Instant) {
        let durability = self.shared.settings.durability;
        let blocks: Vec<_> = blocks.into_iter().map(Arc::new).collect();
        let synced = self.store.as_ref().map(Store::synced);
        // The marks move first: who is answered finds them where the answer says.
        if let Some(synced) = synced {
            self.shared.set_synced(synced);
        }
        for seal in blocks.iter().filter_map(|block| block.seal()) {
            seal.reach(durability);
        }
        if durability == Durability::Flush {
            let later = blocks.iter().filter(|block| synced.is_none_or(|synced| block.span().next > synced));
            for block in later {
                self.unsynced_bytes += block.bytes().len();
                self.unsynced.push(Arc::clone(block));
                self.sync_by.get_or_insert(now + SYNC_WITHIN);
            }
        }
        self.hand_over(blocks, now);
    }

    fn hand_over(&mut self, blocks: Vec<Arc<Block>>, now: Instant) {
        let shared = &self.shared;
        let events: u64 = blocks.iter().map(|block| block.span().len()).sum();
        let metrics = &shared.settings.metrics;
        metrics.journal_events.inc_by(events);
        metrics.journal_blocks.inc_by(blocks.len() as u64);
        let bytes = blocks.iter().map(|block| block.size() as u64).sum();
        metrics.journal_block.inc_by(bytes);
        shared.rate.add(bytes, Instant::now());
        shared.release(shared.ring.push(blocks, self.before.take()));
        if let Some(store) = &self.store {
            self.shared.intake().settle(store.room(), store.reserved());
        }
        match self.told_at {
            Some(told_at) if now < told_at + TELL_EVERY => self.tell_at = Some(told_at + TELL_EVERY),
            _ => self.tell(now),
        }
    }

    fn tell(&mut self, now: Instant) {
        self.told_at = Some(now);
        self.tell_at = None;
        self.shared.ring.tell();
    }

    /// With `flush`: makes durable what was answered before.
    fn sync_late(&mut self, now: Instant) {
        self.sync_by = None;
        let Some(store) = &mut self.store else { return };
        let Err(error) = store.sync() else {
            self.all_synced();
            return;
        };
        self.failed(&error);
        if let Err(error) = self.write_elsewhere(&[]) {
            self.failed(&error);
            self.sicken(&error, now);
            self.refuse_pending();
        }
    }

    fn all_synced(&mut self) {
        if let Some(store) = &self.store {
            self.shared.set_synced(store.synced());
        }
        for seal in self.unsynced.drain(..).filter_map(|block| block.seal().cloned()) {
            seal.reach(Durability::Fsync);
        }
        self.unsynced_bytes = 0;
        self.sync_by = None;
    }

    /// Gives up the segment that failed.
    fn failed(&mut self, error: &io::Error) {
        let Some(store) = &mut self.store else { return };
        let segment = store.path().unwrap_or_default();
        tracing::error!(segment = %segment.display(), %error, "the journal cannot write; it goes on in a new segment");
        store.poison();
        self.shared.settings.metrics.journal_errors.inc();
    }

    /// Nothing is taken from now on.
    fn sicken(&mut self, error: &io::Error, now: Instant) {
        self.shared.intake().set_sick(true);
        *self.shared.sickness() = Some(Sickness(error.to_string()));
        self.sync_by = None;
        self.retry_at = Some(now + self.backoff.next_wait());
    }

    /// Tries to begin a new segment with what is answered and not durable.
    fn heal(&mut self, now: Instant) {
        self.retry_at = None;
        let begun = self.write_elsewhere(&[]).and_then(|()| {
            let next = self.shared.intake().next();
            self.store.as_mut().map_or(Ok(()), |store| store.skip_to(next))
        });
        match begun {
            Ok(()) => {
                tracing::info!("the journal can write again");
                self.backoff.reset();
                *self.shared.sickness() = None;
                let mut intake = self.shared.intake();
                // Before anything is taken, or it is measured against the room that the failed segment had left.
                if let Some(store) = &self.store {
                    intake.settle(store.room(), store.reserved());
                }
                intake.set_sick(false);
            }
            Err(error) => {
                self.failed(&error);
                self.sicken(&error, now);
            }
        }
    }

    /// Refuses everything that was taken and not answered. Admission is closed.
    fn refuse_pending(&mut self) {
        let work = self.shared.intake().work(true);
        if let Work::Group(blocks, _) = work {
            self.refuse(blocks);
        }
    }

    fn refuse(&mut self, blocks: Vec<Block>) {
        for block in blocks {
            let span = block.span();
            tracing::warn!(events = %span, "events are refused");
            (self.shared.forget())(&block);
            if let Some(seal) = block.seal() {
                seal.refuse();
            }
            self.skip(span, &block);
        }
    }

    /// The numbers of a refused block are never used again.
    fn skip(&mut self, span: Span, block: &Block) {
        debug_assert!(!span.is_empty());
        self.before = Some(GapReason::Refused);
        if let Some(store) = &mut self.store {
            store.note_gap(GapReason::Refused);
        }
        let freed = super::ring::Freed { events: span.len(), bytes: block.size() as u64 };
        self.shared.release(freed);
    }

    fn finish(&mut self) {
        let now = Instant::now();
        // The last time that a disk that is sick can be tried.
        if self.retry_at.is_some() {
            self.heal(now);
        } else {
            self.sync_late(now);
        }
        if !self.unsynced.is_empty() {
            let events: u64 = self.unsynced.iter().map(|block| block.span().len()).sum();
            tracing::error!(events, "the disk is sick to the end; a power cut now would lose what was not synced");
            self.shared.ring.close();
            return;
        }
        if let Some(store) = &mut self.store {
            let next = self.shared.intake().next();
            if let Err(error) = store.close(next) {
                tracing::error!(%error, "the journal cannot be ended; the next start looks for its end");
            } else {
                self.all_synced();
            }
        }
        self.shared.ring.close();
    }
}
