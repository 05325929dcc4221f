//! The block: the unit of everything between intake and mapping. Written, checked, read, mapped and cached whole.
//!
//! In memory a block has the layout that it has on disk: room for a header, then each event as a length
//! (u32, little-endian) and its bytes.

use std::{fmt, sync::Arc};

use crate::checkpoint::{Offset, Span};

use super::{format::BlockHeader, ticket::Seal};

/// Bytes kept free at the start of a block for its header on disk.
pub(super) const HEADER_BYTES: usize = super::format::BLOCK_HEADER_BYTES;

/// Bytes of the length in front of each event.
pub(super) const LENGTH_BYTES: usize = 4;

/// A sealed run of events. Immutable; shared by all readers.
pub struct Block {
    span: Span,
    bytes: Vec<u8>,
    /// When it was sealed, milliseconds since the Unix epoch; 0 in a journal without segments.
    time_ms: i64,
    /// What the requests wait for whose events these are; gone once the answer is known.
    seal: Option<Arc<Seal>>,
    pool: Option<super::pool::Returns>,
}

impl Block {
    /// A block of `bytes`, which hold the events of `span` behind room for a header.
    pub(super) fn new(span: Span, bytes: Vec<u8>, seal: Option<Arc<Seal>>, pool: Option<super::pool::Returns>) -> Self {
        Self { span, bytes, time_ms: 0, seal, pool }
    }

    /// A block as it was read from a segment: the header is in `bytes`.
    pub(super) fn read(header: &BlockHeader, bytes: Vec<u8>) -> Self {
        Self { span: header.span(), bytes, time_ms: header.time_ms, seal: None, pool: None }
    }

    /// A block of events that no journal holds as one: numbered from `first` on, each at most 4 GiB.
    pub fn of<'e>(first: Offset, events: impl IntoIterator<Item = &'e [u8]>) -> Self {
        let (mut bytes, mut next) = (vec![0; HEADER_BYTES], first);
        for event in events {
            // What is longer was never an event.
            let length = u32::try_from(event.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(event);
            next = next.plus(1);
        }
        Self::new(Span::new(first, next), bytes, None, None)
    }

    /// Fills in the header.
    pub(super) fn stamp(&mut self, segment: u64, time_ms: i64) {
        self.time_ms = time_ms;
        let header = self.header(segment).encode();
        self.bytes[..HEADER_BYTES].copy_from_slice(&header);
    }

    /// The header that this block has in a segment.
    pub(super) fn header(&self, segment: u64) -> BlockHeader {
        let payload = &self.bytes[HEADER_BYTES..];
        BlockHeader {
            // A block is at most 64 KiB and one run; a run holds at most one event per 4 bytes.
            length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            count: u32::try_from(self.span.len()).unwrap_or(u32::MAX),
            sum: crc32c::crc32c(payload),
            segment,
            first: self.span.first,
            time_ms: self.time_ms,
        }
    }

    /// Header and events, as they stand on disk.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the requests wait for.
    pub(super) fn seal(&self) -> Option<&Arc<Seal>> {
        self.seal.as_ref()
    }

    /// When it was sealed, milliseconds since the Unix epoch; 0 in a journal without segments.
    #[must_use]
    pub fn time_ms(&self) -> i64 {
        self.time_ms
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
