//! Blocks near the tail, shared by all readers, and how far each cursor is.
//!
//! A block stays until every cursor is past it, because a rewind reads it again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::checkpoint::{Offset, SinkName, Span};

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
    /// End of the last block that was handed over.
    next: Offset,
    /// Bytes of all blocks ever handed over.
    bytes_total: u64,
    closed: bool,
    cursors: Vec<Mark>,
}

#[derive(Debug)]
struct Placed {
    block: Arc<Block>,
    /// Bytes of all blocks ever handed over before this one.
    bytes_before: u64,
}

#[derive(Debug)]
struct Mark {
    sink: SinkName,
    upto: Offset,
    bytes_before: u64,
}

/// What has left the ring: room for new events.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Freed {
    pub(super) events: u64,
    pub(super) bytes: u64,
}

impl Ring {
    pub(super) fn new(first: Offset) -> Self {
        let state = State { blocks: VecDeque::new(), next: first, bytes_total: 0, closed: false, cursors: Vec::new() };
        Self { state: Mutex::new(state), news: Notify::new() }
    }

    /// Makes blocks visible to the readers. What no cursor waits for leaves at once.
    pub(super) fn push(&self, blocks: Vec<Block>) -> Freed {
        let mut state = self.lock();
        for block in blocks {
            state.next = block.span().next;
            let bytes_before = state.bytes_total;
            state.bytes_total += block.size() as u64;
            state.blocks.push_back(Placed { block: Arc::new(block), bytes_before });
        }
        let freed = state.trim();
        drop(state);
        self.news.notify_waiters();
        freed
    }

    /// Nothing will follow.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_waiters();
    }

    /// The block at `at`, or `None` if it has yet to come.
    pub(super) fn get(&self, at: Offset) -> Result<Option<Arc<Block>>, ReadError> {
        let state = self.lock();
        let index = state.blocks.partition_point(|placed| placed.block.span().next <= at);
        match state.blocks.get(index) {
            Some(placed) if placed.block.span().first <= at => {
                debug_assert_eq!(placed.block.span().first, at, "readers stand on block ends");
                Ok(Some(Arc::clone(&placed.block)))
            }
            Some(placed) => Err(lost(at, placed.block.span().first)),
            None if at < state.next => Err(lost(at, state.next)),
            None if state.closed => Err(ReadError::Closed),
            None => Ok(None),
        }
    }

    /// Notes where a cursor stands.
    pub(super) fn mark(&self, sink: &SinkName, upto: Offset) -> Freed {
        let mut state = self.lock();
        let index = state.blocks.partition_point(|placed| placed.block.span().first < upto);
        let bytes_before = state.blocks.get(index).map_or(state.bytes_total, |placed| placed.bytes_before);
        let mark = Mark { sink: sink.clone(), upto, bytes_before };
        match state.cursors.iter_mut().find(|known| known.sink == *sink) {
            Some(known) => *known = mark,
            None => state.cursors.push(mark),
        }
        state.trim()
    }

    /// Bytes of the blocks that a cursor still holds.
    pub(super) fn held_bytes(&self, sink: &SinkName) -> u64 {
        let state = self.lock();
        let mark = state.cursors.iter().find(|known| known.sink == *sink);
        mark.map_or(0, |mark| state.bytes_total - mark.bytes_before)
    }

    /// Oldest offset that can be read, and the end of what was handed over.
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
    fn trim(&mut self) -> Freed {
        let needed = self.cursors.iter().map(|mark| mark.upto).min().unwrap_or(self.next);
        let mut freed = Freed::default();
        while let Some(placed) = self.blocks.front() {
            if placed.block.span().next > needed {
                break;
            }
            freed.events += placed.block.span().len();
            freed.bytes += placed.block.size() as u64;
            self.blocks.pop_front();
        }
        freed
    }
}

fn lost(from: Offset, to: Offset) -> ReadError {
    ReadError::Gap { missing: Span::new(from, to), reason: GapReason::Lost }
}
