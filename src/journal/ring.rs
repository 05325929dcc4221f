//! Blocks near the tail, shared by all readers, and how far each cursor is.
//!
//! A block stays until every cursor is past it, because a rewind reads it again.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::Notify;

use crate::{
    checkpoint::{Offset, SinkName, Span},
    util::sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Block, GapReason, ReadError};

/// The ring and the bell that tells readers of news.
#[derive(Debug)]
pub(super) struct Ring {
    state: Mutex<State>,
    pub(super) news: Notify,
}

#[derive(Debug)]
struct State {
    blocks: VecDeque<Placed>,
    /// From here on the ring has everything.
    first: Offset,
    /// End of the last block that was handed over.
    next: Offset,
    /// Blocks below this may leave although a cursor needs them, because segments have them.
    on_disk: Offset,
    /// Bytes of blocks that are kept for cursors that need them, when segments have them too.
    bytes_max: u64,
    /// Bytes of all blocks ever handed over.
    bytes_total: u64,
    closed: bool,
    cursors: Vec<Mark>,
}

#[derive(Debug)]
struct Placed {
    block: Arc<Block>,
    /// Why offsets before this block are missing, if they are.
    before: Option<GapReason>,
    /// Bytes of all blocks ever handed over before this one.
    bytes_before: u64,
}

/// How far a sink is.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) sink: SinkName,
    pub(super) upto: Offset,
    /// Below this nothing is kept for the sink, whatever it still needs.
    pub(super) given_up: Offset,
    /// A sink of this process has it.
    pub(super) claimed: bool,
    bytes_before: u64,
}

impl Mark {
    /// From here on the sink needs everything.
    pub(super) fn needed(&self) -> Offset {
        self.upto.max(self.given_up)
    }
}

/// What has left the ring: room for new events.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Freed {
    pub(super) events: u64,
    pub(super) bytes: u64,
}

/// What the ring has at an offset.
#[derive(Debug)]
pub(super) enum Get {
    /// This.
    Block(Arc<Block>),
    /// These offsets are missing.
    Gap(Span, GapReason),
    /// It was here; segments have it.
    Behind,
    /// Nothing yet.
    Later,
}

impl Ring {
    /// A ring whose first block will begin at `first`. `bytes_max` bounds what is kept of blocks that segments have.
    pub(super) fn new(first: Offset, bytes_max: u64) -> Self {
        let state = State {
            blocks: VecDeque::new(),
            first,
            next: first,
            on_disk: first,
            bytes_max,
            bytes_total: 0,
            closed: false,
            cursors: Vec::new(),
        };
        Self { state: Mutex::new(state), news: Notify::new() }
    }

    /// Makes blocks visible to the readers, who are not told. What no cursor waits for leaves at once. If the first block
    /// does not follow the last one, `before` says why.
    pub(super) fn push(&self, blocks: Vec<Arc<Block>>, before: Option<GapReason>) -> Freed {
        let mut state = self.lock();
        for block in blocks {
            let missing = block.span().first > state.next;
            state.next = block.span().next;
            let bytes_before = state.bytes_total;
            state.bytes_total += block.size() as u64;
            let before = missing.then_some(before.unwrap_or(GapReason::Lost));
            state.blocks.push_back(Placed { block, before, bytes_before });
        }
        state.trim()
    }

    /// Tells the readers that there is something new.
    pub(super) fn tell(&self) {
        self.news.notify_waiters();
    }

    /// Everything below `upto` can be read from segments.
    pub(super) fn on_disk(&self, upto: Offset) -> Freed {
        let mut state = self.lock();
        state.on_disk = upto;
        state.trim()
    }

    /// Nothing will follow.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_waiters();
    }

    /// What there is at `at`; closed behind the last block of a closed journal.
    pub(super) fn get(&self, at: Offset) -> Result<Get, ReadError> {
        let state = self.lock();
        if at < state.first {
            return Ok(Get::Behind);
        }
        let index = state.blocks.partition_point(|placed| placed.block.span().next <= at);
        match state.blocks.get(index) {
            Some(placed) if placed.block.span().first <= at => {
                debug_assert_eq!(placed.block.span().first, at, "readers stand on block ends");
                Ok(Get::Block(Arc::clone(&placed.block)))
            }
            Some(placed) => {
                let missing = Span::new(at, placed.block.span().first);
                Ok(Get::Gap(missing, placed.before.unwrap_or(GapReason::Lost)))
            }
            None if at < state.next => Ok(Get::Gap(Span::new(at, state.next), GapReason::Lost)),
            None if state.closed => Err(ReadError::Closed),
            None => Ok(Get::Later),
        }
    }

    /// Notes where a cursor stands; `claimed` by a sink of this process.
    pub(super) fn mark(&self, sink: &SinkName, upto: Offset, claimed: bool) -> Freed {
        let mut state = self.lock();
        let index = state.blocks.partition_point(|placed| placed.block.span().first < upto);
        let bytes_before = state.blocks.get(index).map_or(state.bytes_total, |placed| placed.bytes_before);
        let mut mark = Mark { sink: sink.clone(), upto, given_up: Offset(0), claimed, bytes_before };
        match state.cursors.iter_mut().find(|known| known.sink == *sink) {
            Some(known) => {
                mark.given_up = known.given_up;
                *known = mark;
            }
            None => state.cursors.push(mark),
        }
        state.trim()
    }

    /// Nothing below `upto` is kept for a sink any more.
    pub(super) fn give_up(&self, sink: &SinkName, upto: Offset) {
        if let Some(mark) = self.lock().cursors.iter_mut().find(|known| known.sink == *sink) {
            mark.given_up = mark.given_up.max(upto);
        }
    }

    /// Where every cursor stands.
    pub(super) fn marks(&self) -> Vec<Mark> {
        self.lock().cursors.clone()
    }

    /// From here on some cursor needs everything.
    pub(super) fn needed(&self) -> Offset {
        self.lock().needed()
    }

    /// Bytes of the blocks that a cursor still holds.
    pub(super) fn held_bytes(&self, sink: &SinkName) -> u64 {
        let state = self.lock();
        let mark = state.cursors.iter().find(|known| known.sink == *sink);
        mark.map_or(0, |mark| state.bytes_total - mark.bytes_before)
    }

    /// Oldest offset that the ring has, and the end of what was handed over.
    pub(super) fn bounds(&self) -> Span {
        let state = self.lock();
        let first = state.blocks.front().map_or(state.next, |placed| placed.block.span().first);
        Span::new(first, state.next)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything in it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn needed(&self) -> Offset {
        self.cursors.iter().map(Mark::needed).min().unwrap_or(self.next)
    }

    fn trim(&mut self) -> Freed {
        let needed = self.needed();
        let mut freed = Freed::default();
        while let Some(placed) = self.blocks.front() {
            let end = placed.block.span().next;
            let spare = self.bytes_total - placed.bytes_before > self.bytes_max && end <= self.on_disk;
            if end > needed && !spare {
                break;
            }
            freed.events += placed.block.span().len();
            freed.bytes += placed.block.size() as u64;
            self.first = end;
            self.blocks.pop_front();
        }
        freed
    }
}
