//! Layout of segment files, see `docs/journal-format.md`. All numbers are little-endian.
//!
//! A segment begins with a header of 128 bytes; its blocks begin at [`DATA_AT`] and follow each other, with zeros
//! between them at most. A header fits into one sector of 512 bytes, which disks write as a whole.
//!
//! Invariant: a block is only believed in the segment whose number it carries, so what a recycled file held in a
//! former life is never taken for a block of this one.

use uuid::Uuid;

use crate::checkpoint::{Offset, Span};

use super::GapReason;

/// Where the first block of a segment begins, bytes: headers are rewritten in place without touching a block's page.
pub(super) const DATA_AT: u64 = 4096;

/// Bytes of a segment header.
pub(super) const SEGMENT_HEADER_BYTES: usize = 128;

/// Bytes of a block header.
pub(super) const BLOCK_HEADER_BYTES: usize = 48;

/// First bytes of a block.
pub(super) const BLOCK_MAGIC: [u8; 4] = *b"HWb\x01";

const SEGMENT_MAGIC: [u8; 8] = *b"HWsegmt\n";

/// A program reads segments of its own version and refuses newer ones.
const VERSION: u16 = 1;

/// Where a segment ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// In the file, bytes.
    pub(super) position: u64,
    /// First offset that is not in it.
    pub(super) next: Offset,
}

/// What stands at the start of a segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) journal: Uuid,
    pub(super) number: u64,
    /// Offset of its first event.
    pub(super) first: Offset,
    /// Its events have offsets below this: after an unclean stop, numbering goes on here.
    pub(super) reserved: Offset,
    /// End of the segment before it, which may not have been able to say so itself. Zero in the first one.
    pub(super) previous: End,
    /// Why offsets between the segment before it and this one are missing, if they are.
    pub(super) before: Option<GapReason>,
    /// Milliseconds since the Unix epoch.
    pub(super) created_ms: i64,
    /// Its own end, once it is sealed.
    pub(super) end: Option<End>,
    /// What is missing below this was given up to make room, before the segment began.
    pub(super) cut: Offset,
}

/// Why a file is no segment of this journal's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHeader {
    #[error("it is no segment")]
    NoSegment,
    #[error("its header is damaged")]
    Damaged,
    #[error("its format has version {0}, this release reads version {VERSION}")]
    Version(u16),
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut out = Fields::new([0; SEGMENT_HEADER_BYTES]);
        out.put(&SEGMENT_MAGIC);
        out.put(&VERSION.to_le_bytes());
        out.put(&[u8::from(self.end.is_some()), self.before.map_or(0, gap_code)]);
        out.put(&u32::try_from(DATA_AT).expect("a page fits into 32 bits").to_le_bytes());
        out.put(self.journal.as_bytes());
        let end = self.end.unwrap_or_default();
        for number in [self.number, self.first.0, self.reserved.0, self.previous.position, self.previous.next.0] {
            out.put(&number.to_le_bytes());
        }
        out.put(&self.created_ms.to_le_bytes());
        out.put(&end.position.to_le_bytes());
        out.put(&end.next.0.to_le_bytes());
        out.put(&self.cut.0.to_le_bytes());
        out.sealed()
    }

    pub(super) fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Result<Self, BadHeader> {
        let mut fields = Reader(bytes);
        if fields.take::<8>() != SEGMENT_MAGIC {
            return Err(BadHeader::NoSegment);
        }
        let version = u16::from_le_bytes(fields.take());
        if version != VERSION {
            return Err(BadHeader::Version(version));
        }
        if !sum_is_right(bytes) {
            return Err(BadHeader::Damaged);
        }
        let [sealed, before] = fields.take();
        let _data_at: [u8; 4] = fields.take();
        let journal = Uuid::from_bytes(fields.take());
        let header = Self {
            journal,
            number: fields.number(),
            first: Offset(fields.number()),
            reserved: Offset(fields.number()),
            previous: End { position: fields.number(), next: Offset(fields.number()) },
            before: gap_of(before),
            created_ms: i64::from_le_bytes(fields.take()),
            end: None,
            cut: Offset(0),
        };
        let end = End { position: fields.number(), next: Offset(fields.number()) };
        Ok(Self { end: (sealed == 1).then_some(end), cut: Offset(fields.number()), ..header })
    }
}

/// What stands in front of each block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    /// Bytes that follow.
    pub(super) length: u32,
    /// Events in them.
    pub(super) count: u32,
    /// CRC-32C of them.
    pub(super) sum: u32,
    /// The segment that it was written to.
    pub(super) segment: u64,
    /// Offset of its first event.
    pub(super) first: Offset,
    /// When it was sealed, milliseconds since the Unix epoch.
    pub(super) time_ms: i64,
}

impl BlockHeader {
    pub(super) fn span(&self) -> Span {
        Span::new(self.first, self.first.plus(u64::from(self.count)))
    }

    /// Bytes of the block with its header.
    pub(super) fn total(&self) -> u64 {
        BLOCK_HEADER_BYTES as u64 + u64::from(self.length)
    }

    pub(super) fn encode(&self) -> [u8; BLOCK_HEADER_BYTES] {
        let mut out = Fields::new([0; BLOCK_HEADER_BYTES]);
        out.put(&BLOCK_MAGIC);
        // Codec 0: as it is. Three bytes are free.
        out.put(&[0; 4]);
        for number in [self.length, self.count, self.sum] {
            out.put(&number.to_le_bytes());
        }
        out.put(&self.segment.to_le_bytes());
        out.put(&self.first.0.to_le_bytes());
        out.put(&self.time_ms.to_le_bytes());
        out.sealed()
    }

    /// The header, unless these bytes are none, or one with a codec that this release does not know.
    pub(super) fn decode(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Option<Self> {
        let mut fields = Reader(bytes);
        if fields.take::<4>() != BLOCK_MAGIC || !sum_is_right(bytes) || fields.take::<4>()[0] != 0 {
            return None;
        }
        let mut number = || u32::from_le_bytes(fields.take());
        let (length, count, sum) = (number(), number(), number());
        let header = Self {
            length,
            count,
            sum,
            segment: fields.number(),
            first: Offset(fields.number()),
            time_ms: i64::from_le_bytes(fields.take()),
        };
        header.first.0.checked_add(u64::from(count)).map(|_| header)
    }
}

fn gap_code(reason: GapReason) -> u8 {
    match reason {
        GapReason::Quota => 1,
        GapReason::Lost => 2,
        GapReason::Unclean => 3,
        GapReason::Refused => 4,
    }
}

fn gap_of(code: u8) -> Option<GapReason> {
    match code {
        0 => None,
        1 => Some(GapReason::Quota),
        3 => Some(GapReason::Unclean),
        4 => Some(GapReason::Refused),
        // A reason of a later release is a loss to this one.
        _ => Some(GapReason::Lost),
    }
}

/// The last four bytes of a header are the CRC-32C of those before them.
fn sum_is_right(header: &[u8]) -> bool {
    header.split_last_chunk::<4>().is_some_and(|(body, sum)| crc32c::crc32c(body).to_le_bytes() == *sum)
}

struct Fields<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Fields<N> {
    fn new(bytes: [u8; N]) -> Self {
        Self { bytes, at: 0 }
    }

    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }

    fn sealed(mut self) -> [u8; N] {
        let sum = crc32c::crc32c(&self.bytes[..N - 4]);
        self.bytes[N - 4..].copy_from_slice(&sum.to_le_bytes());
        self.bytes
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("headers are longer than their fields");
        self.0 = rest;
        *field
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason() -> impl Strategy<Value = Option<GapReason>> {
        prop::sample::select(vec![
            None,
            Some(GapReason::Quota),
            Some(GapReason::Lost),
            Some(GapReason::Unclean),
            Some(GapReason::Refused),
        ])
    }

    proptest! {
        #[test]
        fn a_segment_header_reads_back_and_any_flipped_bit_is_noticed(
            numbers in any::<[u64; 8]>(), journal in any::<u128>(), created_ms in any::<i64>(),
            before in reason(), is_sealed in any::<bool>(), bit in 0..SEGMENT_HEADER_BYTES * 8,
        ) {
            let [number, first, reserved, previous, previous_next, position, next, cut] = numbers;
            let header = SegmentHeader {
                journal: Uuid::from_u128(journal),
                number,
                first: Offset(first),
                reserved: Offset(reserved),
                previous: End { position: previous, next: Offset(previous_next) },
                before,
                created_ms,
                end: is_sealed.then_some(End { position, next: Offset(next) }),
                cut: Offset(cut),
            };
            let mut bytes = header.encode();
            prop_assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(SegmentHeader::decode(&bytes).is_err());
        }

        #[test]
        fn a_block_header_reads_back_and_any_flipped_bit_is_noticed(
            small in any::<[u32; 3]>(), segment in any::<u64>(), first in 0..u64::MAX / 2, time_ms in any::<i64>(),
            bit in 0..BLOCK_HEADER_BYTES * 8,
        ) {
            let [length, count, sum] = small;
            let header = BlockHeader { length, count, sum, segment, first: Offset(first), time_ms };
            let mut bytes = header.encode();
            prop_assert_eq!(BlockHeader::decode(&bytes), Some(header));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(BlockHeader::decode(&bytes), None);
        }
    }

    #[test]
    fn a_newer_format_is_refused_in_words() {
        let header = SegmentHeader {
            journal: Uuid::nil(),
            number: 1,
            first: Offset(0),
            reserved: Offset(1),
            previous: End::default(),
            before: None,
            created_ms: 0,
            end: None,
            cut: Offset(0),
        };
        let mut bytes = header.encode();
        bytes[8] = 2;
        assert_eq!(SegmentHeader::decode(&bytes), Err(BadHeader::Version(2)));
        assert_eq!(SegmentHeader::decode(&[0; SEGMENT_HEADER_BYTES]), Err(BadHeader::NoSegment));
    }
}
