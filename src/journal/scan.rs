//! Reads blocks out of a segment file and finds the next good one behind damage.

use std::io;

use crate::{checkpoint::Offset, disk::DiskFile};

use super::{
    Block,
    format::{BLOCK_HEADER_BYTES, BLOCK_MAGIC, BlockHeader},
    sabotage::{self, Sabotage},
};

/// Bytes that are looked through at a time in search of a block.
const SEARCH_BYTES: usize = 256 * 1024;

/// What stands at a place of a segment.
#[derive(Debug)]
pub(super) enum Found {
    /// A whole block and where it begins.
    Block { block: Block, position: u64 },
    /// No block, or a damaged one.
    Nothing,
}

/// A segment file as far as it may hold blocks.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    pub(super) file: &'a dyn DiskFile,
    /// Number of the segment.
    pub(super) number: u64,
    /// Nothing is behind this, bytes.
    pub(super) limit: u64,
}

impl Blocks<'_> {
    /// The header at `position`, if it is one of this segment and its block fits in.
    pub(super) fn header(&self, position: u64) -> io::Result<Option<BlockHeader>> {
        if position + BLOCK_HEADER_BYTES as u64 > self.limit {
            return Ok(None);
        }
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        self.file.read_exact_at(&mut bytes, position)?;
        let header = BlockHeader::decode(&bytes);
        let is_own = |header: &BlockHeader| header.segment == self.number || sabotage::is(Sabotage::StaleBlock);
        Ok(header.filter(|header| is_own(header) && position + header.total() <= self.limit))
    }

    /// The block at `position`, checked.
    pub(super) fn block(&self, position: u64) -> io::Result<Found> {
        let Some(header) = self.header(position)? else { return Ok(Found::Nothing) };
        let mut bytes = vec![0; usize::try_from(header.total()).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, position)?;
        if crc32c::crc32c(&bytes[BLOCK_HEADER_BYTES..]) != header.sum {
            return Ok(Found::Nothing);
        }
        Ok(Found::Block { block: Block::read(&header, bytes), position })
    }

    /// The first whole block at or behind `position` whose events are at or behind `expected`.
    pub(super) fn search(&self, mut position: u64, expected: Offset) -> io::Result<Found> {
        let mut window = vec![0; SEARCH_BYTES];
        while position + BLOCK_HEADER_BYTES as u64 <= self.limit {
            let length = usize::try_from(self.limit - position).unwrap_or(usize::MAX).min(SEARCH_BYTES);
            let window = &mut window[..length];
            self.file.read_exact_at(window, position)?;
            let mut from = 0;
            while let Some(at) = memchr::memmem::find(&window[from..], &BLOCK_MAGIC) {
                let candidate = position + (from + at) as u64;
                match self.block(candidate)? {
                    Found::Block { block, position } if block.span().first >= expected => {
                        return Ok(Found::Block { block, position });
                    }
                    _ => from += at + 1,
                }
            }
            // A magic may lie across two windows.
            position += (length + 1).saturating_sub(BLOCK_MAGIC.len()).max(1) as u64;
        }
        Ok(Found::Nothing)
    }
}
