//! The block: the unit of everything between intake and mapping. Written, checked, read, mapped and cached whole.
//!
//! In memory a block has the layout that it will have on disk: room for a header, then each event as a length
//! (u32, little-endian) and its bytes.

use std::fmt;

use crate::checkpoint::{Offset, Span};

/// Bytes kept free at the start of a block for its header on disk.
pub(super) const HEADER_BYTES: usize = 48;

/// Bytes of the length in front of each event.
pub(super) const LENGTH_BYTES: usize = 4;

/// A sealed run of events. Immutable; shared by all readers.
pub struct Block {
    span: Span,
    bytes: Vec<u8>,
    pool: Option<super::pool::Returns>,
}

impl Block {
    /// A block of `bytes`, which hold the events of `span` behind room for a header.
    pub(super) fn new(span: Span, bytes: Vec<u8>, pool: Option<super::pool::Returns>) -> Self {
        Self { span, bytes, pool }
    }

    /// The offsets of its events.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Bytes of its events with their lengths.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() - HEADER_BYTES
    }

    /// Bytes of memory that it takes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// Its events in order.
    pub fn events(&self) -> impl Iterator<Item = (Offset, &[u8])> {
        let mut rest = &self.bytes[HEADER_BYTES..];
        let mut offset = self.span.first;
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk::<LENGTH_BYTES>()?;
            let (event, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let at = offset;
            offset = offset.plus(1);
            rest = tail;
            Some((at, event))
        })
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Block({}, {} bytes)", self.span, self.size())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.give_back(std::mem::take(&mut self.bytes));
        }
    }
}
