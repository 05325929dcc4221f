//! Dead letters, totals and cursor of one sink.
//!
//! The delivery puts in what mapping made of each block, before the sink gets the block; the sink takes out a
//! checkpoint when its records are durable, and commits it when the outside is ready for that.
//!
//! Invariant: for each mapping, `sum of all totals == upto - start` at every commit.
//! Invariant: after an error of any method, [`Ledger::adopt`] comes before any other.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use crate::{
    checkpoint::{Checkpoint, FROZEN_MAPPINGS_MAX, MappingTotals, Offset, Outcomes, SinkName, Span, Totals},
    journal::{Block, Cursor, GapReason, Held, JournalError},
    metrics::Metrics,
    record::chunk::{DeadReason, RecordChunk, Refusal},
};

use super::dead_letter::{DeadLetters, Letter};

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
#[derive(Debug)]
pub struct Ledger {
    cursor: Cursor,
    letters: DeadLetters,
    /// Names of the sink's mappings, in the order that chunks count them.
    mappings: Vec<String>,
    /// What is drafted; the cursor has what is committed.
    totals: Totals,
    /// Where each mapping stands in the totals.
    places: Vec<usize>,
    /// What is not drafted yet, in order and without holes.
    entries: VecDeque<Entry>,
    /// Bytes of the blocks in the entries.
    bytes: usize,
    counters: Vec<Counters>,
    space: Space,
    commits: u64,
    /// A commit has failed, perhaps halfway, and none has succeeded since.
    doubtful: bool,
    metrics: Metrics,
}

/// What became of one block, or of a gap.
#[derive(Debug)]
struct Entry {
    span: Span,
    what: What,
}

#[derive(Debug)]
enum What {
    Block { block: Arc<Block>, outcomes: Vec<Outcomes>, refusals: Vec<Refusal> },
    Gap(GapReason),
}

/// Resolved once, because they are raised at each commit.
#[derive(Debug)]
struct Counters {
    delivered: Counter,
    discarded_corrupt: Counter,
    discarded_duplicate: Counter,
    other_source: Counter,
    skipped: Counter,
    gap: Counter,
}

/// What is measured of the files of dead letters.
#[derive(Debug)]
struct Space {
    bytes: Gauge,
    removed: Counter,
}

impl Ledger {
    /// A ledger for the mappings that feed the sink, in the order in which chunks count them. The delivery adopts the
    /// first checkpoint before anything else happens.
    #[must_use]
    pub fn new(cursor: Cursor, mappings: Vec<String>, letters: DeadLetters, metrics: &Metrics) -> Self {
        let sink = cursor.sink().as_str().to_owned();
        let counters = mappings.iter().map(|mapping| Counters::new(metrics, mapping, &sink)).collect();
        let totals = cursor.last().totals.clone();
        let (bytes, limit, removed) = metrics.dead_letter_files(&sink);
        limit.set(i64::try_from(letters.bytes_max()).unwrap_or(i64::MAX));
        let space = Space { bytes, removed };
        let metrics = metrics.clone();
        let entries = VecDeque::new();
        Self {
            cursor,
            letters,
            mappings,
            totals,
            places: Vec::new(),
            entries,
            bytes: 0,
            counters,
            space,
            commits: 0,
            doubtful: false,
            metrics,
        }
    }

    /// The checkpoint last committed.
    #[must_use]
    pub fn last(&self) -> &Checkpoint {
        self.cursor.last()
    }

    /// What the cursor holds back in the journal.
    #[must_use]
    pub fn held(&self) -> Held {
        self.cursor.held()
    }

    /// The sink whose ledger this is.
    #[must_use]
    pub fn sink(&self) -> &SinkName {
        self.cursor.sink()
    }

    /// Number of events that were put in and are in no draft yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        match (self.entries.front(), self.entries.back()) {
            (Some(first), Some(last)) => last.span.next.0 - first.span.first.0,
            _ => 0,
        }
    }

    /// Bytes of the blocks that were put in and are in no draft yet. They stay in memory until then.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often it was committed.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// After `resume`: the outside stands here. Forgets what is above, commits, and cuts the dead letters to it.
    ///
    /// # Errors
    /// The cursor or the dead letters cannot be written; the same call may be tried again.
    pub fn adopt(&mut self, mut resumed: Checkpoint) -> Result<(), LedgerError> {
        self.entries.clear();
        self.bytes = 0;
        self.places = settle(&mut resumed.totals, &self.mappings, resumed.upto);
        self.totals = resumed.totals.clone();
        // Committed first: until then a checkpoint whose commit failed halfway may be what is on the disk, and it may
        // name more letters than this one.
        self.commit(resumed)?;
        self.letters.rewind(&self.cursor.last().dead)?;
        self.measure();
        Ok(())
    }

    /// Takes over what mapping made of a block; the records stay in the chunk.
    pub fn take(&mut self, chunk: &mut RecordChunk) {
        let Some(block) = chunk.block.clone() else { return };
        let outcomes = std::mem::take(&mut chunk.outcomes);
        debug_assert_eq!(outcomes.len(), self.mappings.len(), "every mapping of the sink is counted");
        debug_assert!(outcomes.iter().all(|found| found.sum() == block.span().len()), "every event has one outcome");
        let refusals = std::mem::take(&mut chunk.rejected);
        self.push(Entry { span: block.span(), what: What::Block { block, outcomes, refusals } });
    }

    /// Events that never came.
    pub fn gap(&mut self, missing: Span, reason: GapReason) {
        self.push(Entry { span: missing, what: What::Gap(reason) });
    }

    fn push(&mut self, entry: Entry) {
        let before = self.entries.back().map(|last| last.span.next);
        debug_assert!(before.is_none_or(|before| before == entry.span.first), "blocks and gaps follow each other");
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
    }

    /// A record that the backend refuses for good: counts as a dead letter instead of as delivered. Its block must
    /// not be drafted yet.
    pub fn reject(&mut self, refusal: Refusal) {
        let index = self.entries.partition_point(|entry| entry.span.next <= refusal.offset);
        let mapping = usize::from(refusal.mapping);
        if let Some(Entry { span, what: What::Block { outcomes, refusals, .. } }) = self.entries.get_mut(index)
            && span.first <= refusal.offset
            && let Some(outcome) = outcomes.get_mut(mapping).filter(|outcome| outcome.delivered > 0)
        {
            outcome.delivered -= 1;
            *outcome.dead.entry(refusal.reason.code().to_owned()).or_default() += 1;
            refusals.push(refusal);
        } else {
            debug_assert!(false, "a refusal of a record that was not delivered: {refusal:?}");
            tracing::error!(sink = %self.sink(), ?refusal, "a refusal came for a record that is not under way");
        }
    }

    /// A checkpoint at `upto`, a block's end, with the dead letters below it synced. A gap that begins there is
    /// covered too, because no sink holds anything of it; the same `upto` may be drafted again with another state.
    ///
    /// # Errors
    /// The dead letters cannot be written.
    pub fn draft(&mut self, mut upto: Offset, sink: Bytes) -> Result<Checkpoint, LedgerError> {
        let mut covered = 0;
        for entry in &self.entries {
            let follows = entry.span.first == upto && matches!(entry.what, What::Gap(_));
            if entry.span.next > upto && !follows {
                debug_assert!(entry.span.first >= upto, "a checkpoint stands on a block's end");
                break;
            }
            upto = upto.max(entry.span.next);
            covered += 1;
        }
        self.write_letters(covered)?;
        for entry in self.entries.drain(..covered) {
            self.bytes -= entry.bytes();
            fold(&mut self.totals, &self.places, &entry);
        }
        debug_assert!(conserved(&self.totals, upto), "totals do not sum to {upto}: {:?}", self.totals);
        Ok(Checkpoint { upto, sink, dead: self.letters.state(), totals: self.totals.clone() })
    }

    /// Appends the letters of the first `covered` entries. A new file is named in a commit before its first letter.
    fn write_letters(&mut self, covered: usize) -> Result<(), LedgerError> {
        let letters = || self.entries.iter().take(covered).flat_map(|entry| entry.letters(&self.mappings));
        if letters().next().is_none() {
            return Ok(());
        }
        if !self.letters.prepare(&self.cursor.last().dead)? {
            let named = Checkpoint { dead: self.letters.state(), ..self.cursor.last().clone() };
            self.put(named)?;
            self.letters.named()?;
        }
        let letters = self.entries.iter().take(covered).flat_map(|entry| entry.letters(&self.mappings));
        self.letters.append(letters)?;
        self.measure();
        Ok(())
    }

    /// Dead letters that were removed since this was last asked, because there was no room for more.
    pub fn take_removed(&mut self) -> u64 {
        let removed = self.letters.take_removed();
        self.space.removed.inc_by(removed);
        removed
    }

    fn measure(&self) {
        self.space.bytes.set(i64::try_from(self.letters.bytes()).unwrap_or(i64::MAX));
    }

    /// Commits the cursor.
    ///
    /// # Errors
    /// The cursor cannot be written; the former checkpoint holds, or, until the next commit, either of the two.
    pub fn commit(&mut self, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        let before = self.cursor.last().totals.clone();
        self.put(checkpoint)?;
        self.commits += 1;
        self.count(&before);
        Ok(())
    }

    /// Before the outside is touched on the word of the last checkpoint: a commit that failed halfway may be what is on the
    /// disk, and name what would be removed. Then the last one is committed again.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn ascertain(&mut self) -> Result<(), LedgerError> {
        if self.doubtful { self.put(self.cursor.last().clone()) } else { Ok(()) }
    }

    fn put(&mut self, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        self.doubtful = true;
        self.cursor.commit(checkpoint)?;
        self.doubtful = false;
        Ok(())
    }

    /// Raises the metrics by what a commit has added to the totals.
    fn count(&self, before: &Totals) {
        for (mapping, counters) in self.mappings.iter().zip(&self.counters) {
            let Some(now) = active(&self.cursor.last().totals, mapping) else { continue };
            let nothing = Outcomes::default();
            let then = active(before, mapping).map_or(&nothing, |then| &then.outcomes);
            counters.raise(then, &now.outcomes);
            for (reason, count) in &now.outcomes.dead {
                let added = count.saturating_sub(then.dead.get(reason).copied().unwrap_or_default());
                if added > 0 {
                    self.metrics.dead(mapping, self.sink().as_str(), reason).inc_by(added);
                }
            }
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        match &self.what {
            What::Block { block, .. } => block.size(),
            What::Gap(_) => 0,
        }
    }

    /// Its dead letters, with the bytes of their events.
    fn letters<'a>(&'a self, mappings: &'a [String]) -> impl Iterator<Item = Letter<'a>> {
        let (block, refusals) = match &self.what {
            What::Block { block, refusals, .. } if !refusals.is_empty() => (Some(block), refusals.as_slice()),
            _ => (None, [].as_slice()),
        };
        let events: BTreeMap<Offset, &[u8]> = block.into_iter().flat_map(|block| block.events()).collect();
        refusals.iter().map(move |refusal| Letter {
            refusal,
            mapping: mappings.get(usize::from(refusal.mapping)).map_or("", String::as_str),
            event: events.get(&refusal.offset).copied().unwrap_or_default(),
        })
    }
}

impl Counters {
    fn new(metrics: &Metrics, mapping: &str, sink: &str) -> Self {
        let counter = |outcome| metrics.outcomes(mapping, sink, outcome);
        // Raised seldom, so not kept; but a counter that is not there before its first event looks as if it never moved.
        for reason in DeadReason::ALL {
            let _ = metrics.dead(mapping, sink, reason.code());
        }
        Self {
            delivered: counter("delivered"),
            discarded_corrupt: counter("discarded_corrupt"),
            discarded_duplicate: counter("discarded_duplicate"),
            other_source: counter("other_source"),
            skipped: counter("skipped"),
            gap: counter("gap"),
        }
    }

    fn raise(&self, then: &Outcomes, now: &Outcomes) {
        self.delivered.inc_by(now.delivered.saturating_sub(then.delivered));
        self.discarded_corrupt.inc_by(now.discarded_corrupt.saturating_sub(then.discarded_corrupt));
        self.discarded_duplicate.inc_by(now.discarded_duplicate.saturating_sub(then.discarded_duplicate));
        self.other_source.inc_by(now.other_source.saturating_sub(then.other_source));
        self.skipped.inc_by(now.skipped.saturating_sub(then.skipped));
        self.gap.inc_by(now.gap.saturating_sub(then.gap));
    }
}

fn active<'a>(totals: &'a Totals, mapping: &str) -> Option<&'a MappingTotals> {
    totals.mappings.iter().find(|known| known.frozen.is_none() && known.mapping == mapping)
}

/// Freezes the totals of mappings that no longer feed the sink, begins those of new ones, and says where each stands.
/// A mapping that comes back begins anew, because its former figures know nothing of the time between.
fn settle(totals: &mut Totals, mappings: &[String], upto: Offset) -> Vec<usize> {
    for known in totals.mappings.iter_mut().filter(|known| known.frozen.is_none()) {
        if !mappings.contains(&known.mapping) {
            known.frozen = Some(upto);
        }
    }
    for mapping in mappings {
        if active(totals, mapping).is_none() {
            let outcomes = Outcomes::default();
            totals.mappings.push(MappingTotals { mapping: mapping.clone(), start: upto, frozen: None, outcomes });
        }
    }
    let frozen = totals.mappings.iter().filter(|known| known.frozen.is_some()).count();
    let mut surplus = frozen.saturating_sub(FROZEN_MAPPINGS_MAX);
    totals.mappings.retain(|known| {
        let goes = known.frozen.is_some() && surplus > 0;
        surplus -= usize::from(goes);
        !goes
    });
    let place = |mapping: &String| {
        let found = totals.mappings.iter().position(|known| known.frozen.is_none() && known.mapping == *mapping);
        found.expect("every mapping that was not there has just been added")
    };
    mappings.iter().map(place).collect()
}

fn fold(totals: &mut Totals, places: &[usize], entry: &Entry) {
    for (index, place) in places.iter().enumerate() {
        let total = &mut totals.mappings[*place].outcomes;
        match &entry.what {
            What::Block { outcomes, .. } => outcomes.get(index).into_iter().for_each(|found| total.add(found)),
            What::Gap(GapReason::Quota) => total.skipped += entry.span.len(),
            What::Gap(_) => total.gap += entry.span.len(),
        }
    }
}

/// Whether every mapping's counts sum to the events since its start.
fn conserved(totals: &Totals, upto: Offset) -> bool {
    totals.mappings.iter().all(|known| known.outcomes.sum() == known.frozen.unwrap_or(upto).0 - known.start.0)
}

#[cfg(test)]
mod tests;
