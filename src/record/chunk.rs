//! The records that a sink gets of one block.

use std::{ops::Range, sync::Arc};

use crate::{
    checkpoint::{Offset, Outcomes},
    journal::Block,
};

/// Why an event became a dead letter: a stable code, shown in metrics, totals and the dead letter itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeadReason {
    /// A field without default was left unset, or a value cannot be encoded.
    RecordIncomplete,
    /// The script asked for something that cannot be evaluated for this event.
    EvaluationFailed,
    /// The stored event cannot be read back.
    Unreadable,
    /// The backend refuses this record for good.
    Refused,
    /// A defect of this program.
    Internal,
}

impl DeadReason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::RecordIncomplete, Self::EvaluationFailed, Self::Unreadable, Self::Refused, Self::Internal];

    /// The code, as in metrics and documentation.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RecordIncomplete => "record_incomplete",
            Self::EvaluationFailed => "evaluation_failed",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Internal => "internal",
        }
    }
}

/// An event that could not be mapped or is refused for good by the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which event.
    pub offset: Offset,
    /// Which mapping: index in the sink's list.
    pub mapping: u16,
    /// Why.
    pub reason: DeadReason,
    /// What happened, for people.
    pub message: String,
    /// Place in the mapping script (`file:line:column`), if one is to blame.
    pub position: Option<String>,
}

/// One record of a chunk.
#[derive(Clone, Debug)]
pub struct RecordEntry {
    /// Event that it was made of.
    pub offset: Offset,
    /// Mapping that made it: index in the sink's list.
    pub mapping: u16,
    /// `murmur3_32(party id, seed 42) & 0x7fff_ffff`, see [`crate::event::murmur::party_hash`].
    pub party_hash: u32,
    /// Clock of the collector when the event was accepted, milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Party id: byte range in the event's bytes.
    pub party: Range<u32>,
    /// Byte range in [`RecordChunk::bytes`].
    range: Range<u32>,
}

/// Records of one block, in order of offset and, within one event, in order of mapping.
#[derive(Debug, Default)]
pub struct RecordChunk {
    /// The block that the records were made of; keeps the events' own bytes at hand.
    pub block: Option<Arc<Block>>,
    /// Avro binary of all records, one after the other.
    pub bytes: Vec<u8>,
    /// Where each record lies and what it is.
    pub records: Vec<RecordEntry>,
    /// Events that could not be mapped.
    pub rejected: Vec<Refusal>,
    /// Per mapping of the sink, what became of the block's events. The sums equal the number of events.
    pub outcomes: Vec<Outcomes>,
}

impl RecordChunk {
    /// Empties the chunk for a new block and `mappings` mappings, keeping its buffers.
    pub fn reset(&mut self, block: &Arc<Block>, mappings: usize) {
        self.block = Some(Arc::clone(block));
        self.bytes.clear();
        self.records.clear();
        self.rejected.clear();
        self.outcomes.clear();
        self.outcomes.resize_with(mappings, Outcomes::default);
    }

    /// Appends a record whose binary `encode` writes to the end of the buffer. On error nothing stays.
    ///
    /// # Errors
    /// What `encode` says.
    pub fn push<E>(&mut self, entry: RecordHead, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.bytes.len();
        if let Err(error) = encode(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let range = narrow(start)..narrow(self.bytes.len());
        let RecordHead { offset, mapping, party_hash, time_ms, party } = entry;
        self.records.push(RecordEntry { offset, mapping, party_hash, time_ms, party, range });
        Ok(())
    }

    /// The Avro binary of one record of this chunk.
    #[must_use]
    pub fn record(&self, entry: &RecordEntry) -> &[u8] {
        &self.bytes[entry.range.start as usize..entry.range.end as usize]
    }
}

/// What is known of a record before it is encoded; see [`RecordEntry`] for the fields.
#[derive(Clone, Debug)]
pub struct RecordHead {
    /// See [`RecordEntry::offset`].
    pub offset: Offset,
    /// See [`RecordEntry::mapping`].
    pub mapping: u16,
    /// See [`RecordEntry::party_hash`].
    pub party_hash: u32,
    /// See [`RecordEntry::time_ms`].
    pub time_ms: i64,
    /// See [`RecordEntry::party`].
    pub party: Range<u32>,
}

fn narrow(position: usize) -> u32 {
    u32::try_from(position).expect("a block is at most 64 KiB plus one run of 4 MiB, its records stay far below 4 GiB")
}
