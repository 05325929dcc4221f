//! What one delivery puts behind the window.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    LETTERS_PER_SECOND, RECORDS_PER_SECOND, Window,
    entry::{self, Origin},
    rates::Second,
};
use crate::{
    checkpoint::{Offset, SinkName},
    event::{Event, codec::decode},
    journal::Block,
    mapping::Mapping,
    record::chunk::RecordChunk,
};

/// Samples the chunks of one sink.
#[derive(Debug)]
pub struct Sampler {
    window: Arc<Window>,
    sink: SinkName,
    second: i64,
    /// What may still be shown in this second.
    records_left: usize,
    letters_left: usize,
    /// Events below were shown: after a failure the delivery maps them again.
    upto: Offset,
}

impl Sampler {
    /// A sampler for the delivery of `sink`.
    #[must_use]
    pub fn new(window: Arc<Window>, sink: SinkName) -> Self {
        Self { window, sink, second: i64::MIN, records_left: 0, letters_left: 0, upto: Offset(0) }
    }

    /// Shows a sample of what `mappings` have made of a block, if anybody looks.
    pub fn look(&mut self, mappings: &[Arc<Mapping>], chunk: &RecordChunk) {
        if self.window.watched() {
            self.sample(mappings, chunk);
        }
    }

    fn sample(&mut self, mappings: &[Arc<Mapping>], chunk: &RecordChunk) {
        let Some(block) = &chunk.block else { return };
        let mut found = self.window.stride(block.span()).map_or_else(Second::default, |stride| count(block, stride));
        let (mut records, mut letters) = (Vec::new(), Vec::new());
        if block.span().first >= self.upto {
            self.upto = block.span().next;
            self.renew();
            // The newest are shown.
            let shown = &chunk.records[chunk.records.len().saturating_sub(self.records_left)..];
            let dead = &chunk.rejected[chunk.rejected.len().saturating_sub(self.letters_left)..];
            self.records_left -= shown.len();
            self.letters_left -= dead.len();
            let wanted = shown.iter().map(|entry| entry.offset).chain(dead.iter().map(|refusal| refusal.offset));
            let events = events(block, &wanted.collect());
            for entry in shown {
                let event = events.get(&entry.offset);
                if let Some((mapping, origin)) = self.origin(mappings, entry.mapping, entry.offset, event) {
                    records.push(entry::record(origin, mapping, event, chunk.record(entry)));
                }
            }
            for refusal in dead {
                let event = events.get(&refusal.offset);
                if let Some((_, origin)) = self.origin(mappings, refusal.mapping, refusal.offset, event) {
                    letters.push(entry::letter(origin, refusal, event));
                }
            }
            (found.records, found.shown) = (chunk.records.len() as u64, records.len() as u64);
        }
        self.window.show(|findings| {
            findings.second.add(&found);
            for record in records {
                findings.records.put(record.into());
            }
            for letter in letters {
                findings.letters.put(letter.into());
            }
        });
    }

    /// What may be shown begins anew with each second.
    fn renew(&mut self) {
        let second = self.window.second();
        if second != self.second {
            (self.second, self.records_left, self.letters_left) = (second, RECORDS_PER_SECOND, LETTERS_PER_SECOND);
        }
    }

    fn origin<'a>(
        &'a self,
        mappings: &'a [Arc<Mapping>],
        mapping: u16,
        offset: Offset,
        event: Option<&Event<'_>>,
    ) -> Option<(&'a Mapping, Origin<'a>)> {
        let mapping = mappings.get(usize::from(mapping))?;
        let time = event.map(|event| event.request_time);
        Some((mapping, Origin { offset: offset.0, time, sink: self.sink.as_str(), mapping: mapping.name() }))
    }
}

/// Counts the events of a block by type; of every `stride` the first is looked at.
fn count(block: &Block, stride: u64) -> Second {
    let mut second = Second { events: block.span().len(), ..Second::default() };
    let stride = usize::try_from(stride).unwrap_or(usize::MAX);
    for (_, bytes) in block.events().step_by(stride) {
        second.count(decode(bytes).ok().and_then(|event| event.event_type));
    }
    second
}

/// Some events of a block, as far as they can be read.
fn events<'a>(block: &'a Block, wanted: &BTreeSet<Offset>) -> BTreeMap<Offset, Event<'a>> {
    let wanted = block.events().filter(|(offset, _)| wanted.contains(offset));
    wanted.filter_map(|(offset, bytes)| Some((offset, decode(bytes).ok()?))).collect()
}
