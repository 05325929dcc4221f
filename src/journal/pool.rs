//! Buffers of blocks, used again when the last reader drops its block.

use std::sync::{Arc, Mutex, PoisonError};

/// Buffers that wait for their next use, at most this many.
const IDLE_MAX: usize = 32;

/// A buffer larger than this is not kept.
const BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// Buffers of blocks.
#[derive(Debug, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

/// The way back into the pool.
#[derive(Debug)]
pub(super) struct Returns(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pool {
    /// An empty buffer, used before if possible.
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
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
