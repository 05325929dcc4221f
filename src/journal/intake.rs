//! The open block: what has been accepted and not yet handed to the journal thread.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::checkpoint::{Offset, Span};

use super::{
    Block, Refused,
    block::HEADER_BYTES,
    pool::Pool,
    run::{Run, RunEvent},
    ticket::{Seal, Ticket},
};

/// A run makes the open block seal at this size, and before it if its buffer would have to grow: a block is little more
/// than this, or one run.
pub const BLOCK_BYTES: usize = 64 * 1024;

/// Largest run, bytes.
pub const RUN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that may wait for the journal thread.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A disk on which events have waited for so long hangs: nothing is taken until it has come back, so that requests are
/// refused rather than left without an answer.
const HANGS_AFTER: Duration = Duration::from_secs(5);

/// What the intake lock guards.
#[derive(Debug)]
pub(super) struct Intake {
    buffer: Vec<u8>,
    first: Offset,
    next: Offset,
    sealed: Vec<Block>,
    sealed_bytes: usize,
    /// Bytes that the journal thread has taken and not settled.
    taken_bytes: usize,
    /// Bytes that segments can take, as of the last settlement.
    room: u64,
    /// Offsets below this may be given.
    reserved: Offset,
    /// What the requests of the open block wait for; none where nothing is ever waited for.
    seal: Option<Arc<Seal>>,
    /// When the oldest event came that was not handed to the journal thread.
    since: Option<Instant>,
    /// When the oldest event came that the journal thread has taken and not settled.
    taken_since: Option<Instant>,
    open: bool,
    sick: bool,
    pool: Pool,
}

/// What the journal thread is to do next.
#[derive(Debug)]
pub(super) enum Work {
    /// These blocks are to be handed over; their first event came then.
    Group(Vec<Block>, Instant),
    /// The open block holds something but its time has not come.
    Open,
    /// There is nothing.
    Idle,
    /// There is nothing and there never will be.
    Closed,
}

impl Intake {
    /// An intake whose first event gets the offset `first`; `waited` when requests wait for the journal thread.
    pub(super) fn new(first: Offset, waited: bool, room: u64) -> Self {
        let pool = Pool::default();
        let mut intake = Self {
            buffer: pool.take(),
            first,
            next: first,
            sealed: Vec::new(),
            sealed_bytes: 0,
            taken_bytes: 0,
            room,
            reserved: Offset(u64::MAX),
            seal: waited.then(Arc::default),
            since: None,
            taken_since: None,
            open: true,
            sick: false,
            pool,
        };
        intake.buffer.resize(HEADER_BYTES, 0);
        intake
    }

    /// Whether a run may enter as far as this lock knows.
    pub(super) fn admit(&self, run: &Run, now: Instant) -> Result<(), Refused> {
        let size = run.size();
        if !self.open {
            return Err(Refused::Closed);
        }
        if self.sick || self.hangs_for(now).is_some() {
            return Err(Refused::Sick);
        }
        let pending = self.sealed_bytes + self.buffer.len() + size;
        // One more header, because this run may be the one that begins the next block.
        if (pending + self.taken_bytes + HEADER_BYTES) as u64 > self.room {
            return Err(Refused::Full);
        }
        if pending > PENDING_BYTES_MAX || self.next.plus(run.len() as u64) > self.reserved {
            return Err(Refused::Busy);
        }
        Ok(())
    }

    /// Copies the run in. Gives its ticket and says whether the open block was empty before.
    pub(super) fn take(&mut self, run: &mut Run, decide: impl FnMut(&mut RunEvent<'_>)) -> (Ticket, bool) {
        let was_empty = self.first == self.next;
        self.since.get_or_insert_with(Instant::now);
        run.decide(decide);
        if self.buffer.len() + run.bytes.len() > self.buffer.capacity() {
            self.seal();
        }
        self.buffer.extend_from_slice(&run.bytes);
        let span = Span::new(self.next, self.next.plus(run.len() as u64));
        self.next = span.next;
        let ticket = Ticket::new(span, self.seal.clone());
        if self.buffer.len() >= BLOCK_BYTES {
            self.seal();
        }
        (ticket, was_empty)
    }

    /// What there is to do; `due` seals the open block.
    pub(super) fn work(&mut self, due: bool) -> Work {
        if due || !self.open {
            self.seal();
        }
        if !self.sealed.is_empty() {
            self.taken_bytes += std::mem::take(&mut self.sealed_bytes);
            let now = Instant::now();
            // What stays open, if anything, has come since the last block was sealed: just now, more or less.
            let since = std::mem::replace(&mut self.since, (self.first != self.next).then_some(now));
            self.taken_since = since;
            Work::Group(std::mem::take(&mut self.sealed), since.unwrap_or(now))
        } else if self.first != self.next {
            Work::Open
        } else if self.open {
            Work::Idle
        } else {
            Work::Closed
        }
    }

    /// What was taken is dealt with; segments can now take `room` bytes and events with offsets below `reserved`.
    pub(super) fn settle(&mut self, room: u64, reserved: Offset) {
        self.taken_bytes = 0;
        self.taken_since = None;
        self.room = room;
        self.reserved = reserved;
    }

    /// For how long the disk has left events waiting, if that is too long. In memory nothing waits for a disk.
    pub(super) fn hangs_for(&self, now: Instant) -> Option<Duration> {
        self.seal.as_ref()?;
        let oldest = self.taken_since.or(self.since)?;
        Some(now.saturating_duration_since(oldest)).filter(|waited| *waited > HANGS_AFTER)
    }

    /// Refuses everything, or stops to.
    pub(super) fn set_sick(&mut self, sick: bool) {
        self.sick = sick;
    }

    /// Start of the open block.
    pub(super) fn tail(&self) -> Offset {
        self.first
    }

    pub(super) fn next(&self) -> Offset {
        self.next
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn close(&mut self) {
        self.open = false;
    }

    fn seal(&mut self) {
        if self.first == self.next {
            return;
        }
        let span = Span::new(self.first, self.next);
        self.sealed_bytes += self.buffer.len();
        let next_seal = self.seal.is_some().then(Arc::default);
        let seal = std::mem::replace(&mut self.seal, next_seal);
        let block = if self.buffer.len() <= self.buffer.capacity() / 2 {
            // A quiet site makes a block of every event, and those that wait must not hold a whole buffer each: no
            // block takes more than twice its bytes.
            let bytes = self.buffer.as_slice().to_vec();
            self.buffer.truncate(HEADER_BYTES);
            Block::new(span, bytes, seal, None)
        } else {
            let mut fresh = self.pool.take();
            fresh.resize(HEADER_BYTES, 0);
            let bytes = std::mem::replace(&mut self.buffer, fresh);
            Block::new(span, bytes, seal, Some(self.pool.returns()))
        };
        self.sealed.push(block);
        self.first = self.next;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Tag, *};

    fn run() -> Run {
        let mut run = Run::new();
        run.push(Tag { slot: 0, signature: 0 }, |bytes| bytes.extend_from_slice(&[1, 0]));
        run
    }

    #[test]
    fn a_disk_that_hangs_is_noticed_while_it_has_the_events_and_while_they_wait_for_it() {
        let mut intake = Intake::new(Offset(0), true, u64::MAX);
        let later = Instant::now() + 2 * HANGS_AFTER;
        assert_eq!((intake.admit(&run(), later), intake.hangs_for(later)), (Ok(()), None));
        intake.take(&mut run(), |_| {});
        assert_eq!(intake.admit(&run(), Instant::now()), Ok(()));
        assert_eq!(intake.admit(&run(), later), Err(Refused::Sick), "nobody has come for the event");
        assert!(matches!(intake.work(true), Work::Group(..)));
        assert_eq!(intake.admit(&run(), later), Err(Refused::Sick), "it is being written");
        assert!(intake.hangs_for(later).is_some_and(|waited| waited > HANGS_AFTER));
        intake.settle(u64::MAX, Offset(u64::MAX));
        assert_eq!((intake.admit(&run(), later), intake.hangs_for(later)), (Ok(()), None));
    }

    #[test]
    fn a_journal_in_memory_waits_for_no_disk() {
        let mut intake = Intake::new(Offset(0), false, u64::MAX);
        intake.take(&mut run(), |_| {});
        assert_eq!(intake.admit(&run(), Instant::now() + 2 * HANGS_AFTER), Ok(()));
    }
}
