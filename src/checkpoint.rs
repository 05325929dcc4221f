//! Positions in the journal and what a sink has made of them: plain data that every stage may use.
//!
//! Invariant: checkpoints stand on block ends only (the end of a gap counts as one).
//! Invariant: for each mapping of a sink, `sum of all totals == upto - start` at every committed checkpoint.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Largest opaque state, in bytes, that a sink or the dead letters may put into a [`Checkpoint`].
pub const STATE_BYTES_MAX: usize = 64 * 1024;

/// Mappings that are gone are kept in [`Totals`], frozen, up to this many.
pub const FROZEN_MAPPINGS_MAX: usize = 64;

/// Number of an event in its journal: dense, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The offset `count` events later.
    #[must_use]
    pub fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The events `first..next`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First event of the span.
    pub first: Offset,
    /// First event behind the span.
    pub next: Offset,
}

impl Span {
    /// A span from its bounds.
    #[must_use]
    pub fn new(first: Offset, next: Offset) -> Self {
        debug_assert!(first <= next);
        Self { first, next }
    }

    /// Number of events in the span.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.next.0 - self.first.0
    }

    /// Whether the span holds no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == self.next
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.first, self.next)
    }
}

/// Name of a sink as the configuration gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkName(Arc<str>);

impl SinkName {
    /// A name from the configuration.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SinkName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where a sink stands: everything below `upto` is durable outside, a dead letter, or accounted for in `totals`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// First offset that is not covered.
    pub upto: Offset,
    /// State of the sink, opaque to everyone else; at most [`STATE_BYTES_MAX`].
    pub sink: Bytes,
    /// State of the sink's dead letters, opaque; at most [`STATE_BYTES_MAX`].
    pub dead: Bytes,
    /// What became of the events below `upto`.
    pub totals: Totals,
}

/// What became of each event, per mapping that feeds the sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// In the order in which the mappings first appeared in this sink.
    pub mappings: Vec<MappingTotals>,
}

/// Outcomes of one mapping in one sink since `start`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingTotals {
    /// Name of the mapping.
    pub mapping: String,
    /// Offset from which this mapping counts.
    pub start: Offset,
    /// Set when the mapping no longer feeds this sink: `upto` at that moment. Its figures no longer move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Offset>,
    /// The counts.
    #[serde(flatten)]
    pub outcomes: Outcomes,
}

/// Counts of what became of events, by outcome. Every event has exactly one outcome per mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcomes {
    /// Written to the sink.
    pub delivered: u64,
    /// Not mapped because corrupt (`discard_corrupted`).
    pub discarded_corrupt: u64,
    /// Not mapped because duplicate (`discard_duplicates`).
    pub discarded_duplicate: u64,
    /// Of a source that the mapping does not take.
    pub other_source: u64,
    /// Became a dead letter, by reason code.
    pub dead: BTreeMap<String, u64>,
    /// Skipped on purpose: to free space (`on_full = skip_oldest`), or because a replay does not want them.
    pub skipped: u64,
    /// Never readable: lost in the journal before they reached this sink.
    pub gap: u64,
}

impl Outcomes {
    /// Number of events with any outcome.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.delivered
            + self.discarded_corrupt
            + self.discarded_duplicate
            + self.other_source
            + self.dead.values().sum::<u64>()
            + self.skipped
            + self.gap
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.discarded_corrupt += other.discarded_corrupt;
        self.discarded_duplicate += other.discarded_duplicate;
        self.other_source += other.other_source;
        self.skipped += other.skipped;
        self.gap += other.gap;
        for (reason, count) in &other.dead {
            match self.dead.get_mut(reason) {
                Some(total) => *total += count,
                None => {
                    self.dead.insert(reason.clone(), *count);
                }
            }
        }
    }
}
