//! Dead letters, totals and cursor of one sink.

use crate::{
    checkpoint::{Checkpoint, Offset},
    journal::JournalError,
    record::chunk::Refusal,
};
use bytes::Bytes;

/// What can go wrong with a ledger: its files are on this machine's disk.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The cursor could not be written.
    #[error("the cursor cannot be written: {0}")]
    Cursor(#[from] JournalError),
    /// Dead letters could not be written.
    #[error("dead letters cannot be written: {0}")]
    DeadLetters(#[from] std::io::Error),
}

/// Dead letters, totals and cursor of one sink.
pub struct Ledger {}

impl Ledger {
    /// After `resume`: the outside stands here.
    pub fn adopt(&mut self, _resumed: Checkpoint) -> Result<(), LedgerError> {
        unimplemented!()
    }
    /// A record that the backend refuses for good.
    pub fn reject(&mut self, _refusal: Refusal) {
        unimplemented!()
    }
    /// A checkpoint at `upto` with the dead letters below it synced.
    pub fn draft(&mut self, _upto: Offset, _sink: Bytes) -> Result<Checkpoint, LedgerError> {
        unimplemented!()
    }
    /// Commits the cursor.
    pub fn commit(&mut self, _checkpoint: Checkpoint) -> Result<(), LedgerError> {
        unimplemented!()
    }
}
