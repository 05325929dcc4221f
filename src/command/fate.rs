//! What a mapping makes of one event.

use std::sync::Arc;

use crate::{
    checkpoint::Offset,
    event::{Event, codec},
    journal::Block,
    mapping::{self, Admit, Mapping, Scratch},
    record::{
        chunk::{RecordChunk, RecordEntry, Refusal},
        json::{DatumError, write_json},
    },
};

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A record, as JSON.
    Record(String),
    /// The mapping does not take events of this source.
    OtherSource,
    /// Left out because it is corrupt.
    Corrupt,
    /// Left out because it is a duplicate.
    Duplicate,
    /// It would be a dead letter.
    Dead(Refusal),
}

/// What became of the event at `offset` in a chunk that this mapping alone has filled.
///
/// # Errors
/// The record cannot be read back: a defect of this program.
pub fn fate(
    mapping: &Mapping,
    chunk: &RecordChunk,
    offset: Offset,
    event: Option<&Event<'_>>,
) -> Result<Fate, DatumError> {
    if let Some(entry) = record(chunk, offset) {
        return record_json(mapping, chunk.record(entry)).map(Fate::Record);
    }
    if let Some(refusal) = chunk.rejected.iter().find(|refusal| refusal.offset == offset) {
        return Ok(Fate::Dead(refusal.clone()));
    }
    Ok(match event.map(|event| mapping.admit(event)) {
        Some(Admit::Corrupt) => Fate::Corrupt,
        Some(Admit::Duplicate) => Fate::Duplicate,
        _ => Fate::OtherSource,
    })
}

/// The record of the event at `offset`.
#[must_use]
pub fn record(chunk: &RecordChunk, offset: Offset) -> Option<&RecordEntry> {
    let at = chunk.records.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
    chunk.records.get(at)
}

/// A record's Avro binary as JSON.
///
/// # Errors
/// It is none of this mapping.
pub fn record_json(mapping: &Mapping, mut record: &[u8]) -> Result<String, DatumError> {
    let (mut json, schema) = (Vec::new(), mapping.schema());
    write_json(&schema.kind(), schema.types(), &mut record, &mut json)?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

/// Maps a single event, and gives its record as Avro binary beside what became of it.
///
/// # Errors
/// As for [`fate`].
pub fn of_one(
    mapping: &Arc<Mapping>,
    offset: Offset,
    bytes: &[u8],
    scratch: &mut Scratch,
) -> Result<(Fate, Option<Vec<u8>>), DatumError> {
    let mut chunk = RecordChunk::default();
    let block = Arc::new(Block::of(offset, [bytes]));
    mapping::map(std::slice::from_ref(mapping), &block, scratch, &mut chunk);
    let event = codec::decode(bytes).ok();
    let record = record(&chunk, offset).map(|entry| chunk.record(entry).to_vec());
    Ok((fate(mapping, &chunk, offset, event.as_ref())?, record))
}
