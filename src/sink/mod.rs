//! Chunks to the outside. One folder per backend, with the same file names in each.
//!
//! A sink is one backend; choosing between backends is configuration, when to try again is the delivery's business.
//! A sink knows records, not events.

pub mod avro_file;
pub mod dead_letter;
pub mod file;
pub mod ledger;
pub mod letters;
pub mod roll;

use std::sync::Arc;

use crate::{
    checkpoint::{Checkpoint, SinkName},
    record::{chunk::RecordChunk, schema::RecordSchema},
};

pub use avro_file::Behind;
pub use dead_letter::DeadLetters;
pub use ledger::{Ledger, LedgerError};

/// Any error, kept for its message.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a sink is asked for a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// A chunk was written.
    Written,
    /// At least every 250 ms, traffic or not.
    Time,
    /// This sink holds half of what the journal may hold: make progress durable now.
    Room,
    /// The end: publish.
    Stop,
}

/// What can go wrong with a backend. A record that it refuses for good is no error: it goes to [`Ledger::reject`].
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The outside may come back: the delivery backs off, rewinds to its checkpoint and calls `resume`.
    #[error("sink {sink} is unavailable: {source}")]
    Unavailable {
        /// Which sink.
        sink: SinkName,
        /// What happened.
        #[source]
        source: BoxError,
    },
    /// Nothing but the operator can mend this: the delivery stops and health turns red.
    #[error("sink {sink} is misconfigured: {source}")]
    Misconfigured {
        /// Which sink.
        sink: SinkName,
        /// What happened.
        #[source]
        source: BoxError,
    },
    /// The ledger could not be written; treated like `Unavailable`.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Records that were durable outside and are found to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How many records.
    pub records: u64,
    /// What is gone, for people.
    pub what: String,
}

/// A backend. Its futures are only ever `block_on`'d on the delivery's own thread, so they need not be `Send` and may
/// block where the backend is a file system.
#[expect(async_fn_in_trait, reason = "only block_on'd on the delivery's own thread; the futures need not be Send")]
pub trait Sink {
    /// Where the outside really stands, leftovers repaired. May be ahead of `last` (topics), never behind it.
    async fn resume(&mut self, last: &Checkpoint) -> Result<Checkpoint, SinkError>;

    /// Takes over one chunk, in order; waits only for room. The chunk is only borrowed for the call where the backend
    /// copies what it needs.
    async fn write(&mut self, chunk: &RecordChunk) -> Result<(), SinkError>;

    /// The records of every later chunk are of this schema, which may be another one than before. Comes between two
    /// chunks; the new schema holds even if this fails, since a rewind maps with it. Nothing to do for a backend whose
    /// records do not stand behind a schema of their own.
    async fn change(&mut self, _schema: &Arc<RecordSchema>, _ledger: &mut Ledger) -> Result<(), SinkError> {
        Ok(())
    }

    /// Makes progress durable outside and commits the ledger, in the order that its backend needs.
    async fn checkpoint(&mut self, why: Tick, ledger: &mut Ledger) -> Result<(), SinkError>;

    /// What was found to be lost outside since this was last asked; each loss is told once.
    fn take_losses(&mut self) -> Vec<Loss> {
        Vec::new()
    }
}
