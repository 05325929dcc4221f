//! Maps the events of a block: admission, run, record, and the count of what became of each event.

use std::{
    cell::OnceCell,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{
    Mapping, Scratch,
    eval::{self, Outside},
};
use crate::{
    checkpoint::{Offset, Outcomes},
    enrich::ua::UserAgent,
    event::{Event, codec::decode_with_party, murmur::party_hash},
    journal::Block,
    record::chunk::{DeadReason, RecordChunk, RecordHead, Refusal},
};

/// What a mapping does with an event before its script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// Runs its script.
    Map,
    /// Does not take events of this source.
    OtherSource,
    /// Leaves it out because it is corrupt.
    Corrupt,
    /// Leaves it out because it is a duplicate.
    Duplicate,
}

/// An event and where it stands.
pub(super) struct Place {
    pub(super) offset: Offset,
    /// Where the party id lies in the event's bytes.
    pub(super) party: Range<u32>,
}

/// Maps every event of a block through each mapping of a sink, in order: empties `out`, then fills it with the records,
/// the refused events and, per mapping, what became of the events. Pure; a panic costs one event of one mapping only.
pub fn map(program: &[Arc<Mapping>], block: &Arc<Block>, scratch: &mut Scratch, out: &mut RecordChunk) {
    map_where(program, block, scratch, out, |_, _, _| true);
}

/// As [`map`], but of each event only what is `wanted`: asked with the number of the mapping, the offset, and the event
/// unless it cannot be read. What is not wanted counts as skipped.
pub fn map_where(
    program: &[Arc<Mapping>],
    block: &Arc<Block>,
    scratch: &mut Scratch,
    out: &mut RecordChunk,
    mut wanted: impl FnMut(usize, Offset, Option<&Event<'_>>) -> bool,
) {
    out.reset(block, program.len());
    // All events of a block meet the same databases and tables.
    let (places, tables) = (scratch.places.as_ref().map(|places| places.get()), Arc::clone(scratch.tables.get()));
    let outside = Outside { places: places.as_deref(), tables: Some(&tables) };
    for (offset, bytes) in block.events() {
        match decode_with_party(bytes) {
            Ok((event, party)) => {
                let wanted = |mapping| wanted(mapping, offset, Some(&event));
                map_event(program, &event, &Place { offset, party }, outside, scratch, out, wanted);
            }
            Err(error) => {
                for mapping in 0..program.len() {
                    if !wanted(mapping, offset, None) {
                        out.outcomes[mapping].skipped += 1;
                        continue;
                    }
                    let refusal = Dead { reason: DeadReason::Unreadable, message: error.to_string(), position: None };
                    refuse(mapping, offset, refusal, out);
                }
            }
        }
    }
}

/// Maps one event through each mapping that is wanted.
pub(super) fn map_event(
    program: &[Arc<Mapping>],
    event: &Event<'_>,
    place: &Place,
    outside: Outside<'_>,
    scratch: &mut Scratch,
    out: &mut RecordChunk,
    mut wanted: impl FnMut(usize) -> bool,
) {
    let agent = OnceCell::new();
    scratch.shared.next_event();
    let hash = party_hash(event.party_id);
    for (index, mapping) in program.iter().enumerate() {
        let outcomes = &mut out.outcomes[index];
        if !wanted(index) {
            outcomes.skipped += 1;
            continue;
        }
        match admit(mapping, event) {
            Admit::OtherSource => outcomes.other_source += 1,
            Admit::Corrupt => outcomes.discarded_corrupt += 1,
            Admit::Duplicate => outcomes.discarded_duplicate += 1,
            Admit::Map => {
                let head = RecordHead {
                    offset: place.offset,
                    mapping: narrow(index),
                    party_hash: hash,
                    time_ms: event.request_time,
                    party: place.party.clone(),
                };
                let length = out.bytes.len();
                let run = AssertUnwindSafe(|| record(mapping, event, head, &agent, outside, scratch, out));
                match catch_unwind(run) {
                    Ok(Ok(())) => out.outcomes[index].delivered += 1,
                    Ok(Err(dead)) => refuse(index, place.offset, dead, out),
                    Err(panic) => {
                        // The record may have been half written.
                        out.bytes.truncate(length);
                        let message = panic_message(panic.as_ref());
                        refuse(
                            index,
                            place.offset,
                            Dead { reason: DeadReason::Internal, message, position: None },
                            out,
                        );
                    }
                }
            }
        }
    }
}

pub(super) fn admit(mapping: &Mapping, event: &Event<'_>) -> Admit {
    let options = &mapping.options;
    if !options.sources.iter().any(|source| source == event.source) {
        Admit::OtherSource
    } else if event.flags.corrupt && options.discard_corrupted {
        Admit::Corrupt
    } else if event.flags.duplicate && options.discard_duplicates {
        Admit::Duplicate
    } else {
        Admit::Map
    }
}

/// Why an event has no record.
struct Dead {
    reason: DeadReason,
    message: String,
    position: Option<String>,
}

fn record(
    mapping: &Mapping,
    event: &Event<'_>,
    head: RecordHead,
    agent: &OnceCell<Arc<UserAgent>>,
    outside: Outside<'_>,
    scratch: &mut Scratch,
    out: &mut RecordChunk,
) -> Result<(), Dead> {
    #[cfg(test)]
    super::tests::panic_if_asked(event);
    let Scratch { agents, shared, buffers, .. } = scratch;
    let tools = eval::Tools { agents, outside, shared, buffers };
    let pushed = eval::run(&mapping.program, event, agent, tools, |slots| {
        out.push(head, |bytes| mapping.plan.encode(slots, bytes))
    });
    match pushed {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            Err(Dead { reason: DeadReason::RecordIncomplete, message: error.to_string(), position: None })
        }
        Err(failure) => {
            Err(Dead { reason: failure.reason, message: failure.message, position: Some(failure.position) })
        }
    }
}

fn refuse(mapping: usize, offset: Offset, dead: Dead, out: &mut RecordChunk) {
    let Dead { reason, message, position } = dead;
    count(&mut out.outcomes[mapping], reason);
    out.rejected.push(Refusal { offset, mapping: narrow(mapping), reason, message, position });
}

fn count(outcomes: &mut Outcomes, reason: DeadReason) {
    match outcomes.dead.get_mut(reason.code()) {
        Some(count) => *count += 1,
        None => {
            outcomes.dead.insert(reason.code().to_owned(), 1);
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a defect of this program: {}", text.unwrap_or("unknown"))
}

fn narrow(mapping: usize) -> u16 {
    // A configuration has far fewer mappings.
    u16::try_from(mapping).unwrap_or(u16::MAX)
}
