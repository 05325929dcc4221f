//! Buffers of blocks, used again when the last reader drops its block.

use std::sync::Arc;

use super::intake::BLOCK_BYTES;
use crate::util::sync::{Mutex, PoisonError};

/// Buffers that wait for their next use, at most this many: 4.5 MiB.
const IDLE_MAX: usize = 64;

/// Room of a new buffer: a block and the run that sealed it, so that it is not copied while it grows.
const FRESH_BYTES: usize = BLOCK_BYTES + 8 * 1024;

/// A buffer larger than this is not kept: of one twice as large the intake would copy each block.
const BUFFER_BYTES_MAX: usize = FRESH_BYTES * 3 / 2;

/// Buffers of blocks.
#[derive(Debug, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

/// The way back into the pool.
#[derive(Debug)]
pub(super) struct Returns(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pool {
    /// An empty buffer, used before if possible.
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(|| Vec::with_capacity(FRESH_BYTES))
    }

    pub(super) fn returns(&self) -> Returns {
        Returns(Arc::clone(&self.0))
    }
}

impl Returns {
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && buffer.capacity() <= BUFFER_BYTES_MAX {
            idle.push(buffer);
        }
    }
}
