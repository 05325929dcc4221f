//! The open block: what has been accepted and not yet handed to the journal thread.

use std::time::Instant;

use crate::checkpoint::{Offset, Span};

use super::{
    Block, Refused,
    block::HEADER_BYTES,
    pool::Pool,
    run::{Run, RunEvent},
};

/// A run makes the open block seal at this size, so a block is at most this plus one run.
pub const BLOCK_BYTES: usize = 64 * 1024;

/// Largest run, bytes.
pub const RUN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that may wait for the journal thread.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the intake lock guards.
#[derive(Debug)]
pub(super) struct Intake {
    buffer: Vec<u8>,
    first: Offset,
    next: Offset,
    sealed: Vec<Block>,
    sealed_bytes: usize,
    /// When the oldest event came that was not handed to the journal thread.
    since: Option<Instant>,
    open: bool,
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
    pub(super) fn new(first: Offset) -> Self {
        let mut intake = Self {
            buffer: Vec::new(),
            first,
            next: first,
            sealed: Vec::new(),
            sealed_bytes: 0,
            since: None,
            open: true,
            pool: Pool::default(),
        };
        intake.buffer.resize(HEADER_BYTES, 0);
        intake
    }

    /// Whether a run of `size` bytes may enter as far as this lock knows.
    pub(super) fn admit(&self, size: usize) -> Result<(), Refused> {
        if !self.open {
            return Err(Refused::Closed);
        }
        if self.sealed_bytes + self.buffer.len() + size > PENDING_BYTES_MAX {
            return Err(Refused::Busy);
        }
        Ok(())
    }

    /// Copies the run in. Says which offsets it got and whether the open block was empty before.
    pub(super) fn take(&mut self, run: &mut Run, decide: impl FnMut(&mut RunEvent<'_>)) -> (Span, bool) {
        let was_empty = self.first == self.next;
        self.since.get_or_insert_with(Instant::now);
        run.decide(decide);
        self.buffer.extend_from_slice(&run.bytes);
        let span = Span::new(self.next, self.next.plus(run.len() as u64));
        self.next = span.next;
        if self.buffer.len() >= BLOCK_BYTES {
            self.seal();
        }
        (span, was_empty)
    }

    /// What there is to do; `due` seals the open block.
    pub(super) fn work(&mut self, due: bool) -> Work {
        if due || !self.open {
            self.seal();
        }
        if !self.sealed.is_empty() {
            self.sealed_bytes = 0;
            let now = Instant::now();
            // What stays open, if anything, has come since the last block was sealed: just now, more or less.
            let since = std::mem::replace(&mut self.since, (self.first != self.next).then_some(now));
            Work::Group(std::mem::take(&mut self.sealed), since.unwrap_or(now))
        } else if self.first != self.next {
            Work::Open
        } else if self.open {
            Work::Idle
        } else {
            Work::Closed
        }
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
        let mut fresh = self.pool.take();
        fresh.resize(HEADER_BYTES, 0);
        let bytes = std::mem::replace(&mut self.buffer, fresh);
        self.sealed_bytes += bytes.len();
        self.sealed.push(Block::new(Span::new(self.first, self.next), bytes, Some(self.pool.returns())));
        self.first = self.next;
    }
}
