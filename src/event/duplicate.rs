//! The duplicate memory: which events this collector has seen lately, in constant space.
//!
//! A slot holds the signature of the last event that hashed to it. A later event forgets an earlier one of its slot;
//! two events with equal signatures in one slot (2⁻⁶⁴) count as the same. There is one memory, a *lane*, per
//! configured mapper thread, and a party always meets the same one, as in the original.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use smallvec::SmallVec;

mod saved;

pub use saved::Seen;

use super::{
    codec::{self, DUPLICATE},
    murmur::{murmur3_x64_128, party_hash},
};
use crate::journal::{RunEvent, Tag};

/// Slots that are made together when the first of them is used: one memory page.
const PAGE_SLOTS: u64 = 512;

type Page = Box<[AtomicU64]>;

/// Shared slots, 0 while unused; takes memory as events come in.
#[derive(Debug)]
pub struct DuplicateMemory {
    lanes: u64,
    slots: u64,
    pages: Box<[OnceLock<Page>]>,
}

impl DuplicateMemory {
    /// `lanes` memories of `slots` slots each; at least one of each. 8 bytes per slot once all are in use.
    #[must_use]
    pub fn new(lanes: usize, slots: usize) -> Self {
        let (lanes, slots) = (lanes.max(1) as u64, slots.max(1) as u64);
        let pages = lanes.saturating_mul(slots).div_ceil(PAGE_SLOTS);
        Self { lanes, slots, pages: (0..pages).map(|_| OnceLock::new()).collect() }
    }

    /// Computes what [`DuplicateMemory::decide`] needs; done before the intake lock is taken. The ids are normalised.
    ///
    /// The signature is the one of the original: `MurmurHash3` x64 over the UTF-16LE text of the three ids, the slot
    /// from its first four bytes and the signature from its last eight, both read big-endian.
    #[must_use]
    pub fn tag(&self, party_id: &str, session_id: &str, event_id: &str) -> Tag {
        let mut units = SmallVec::<[u16; 256]>::new();
        for id in [party_id, session_id, event_id] {
            if id.is_ascii() {
                units.extend(id.bytes().map(u16::from));
            } else {
                units.extend(id.encode_utf16());
            }
        }
        let (first, second) = murmur3_x64_128(&units);
        let slot = (first.swap_bytes() >> 32) & 0x7fff_ffff;
        let lane = if self.lanes == 1 { 0 } else { u64::from(party_hash(party_id)) % self.lanes };
        Tag { slot: lane * self.slots + slot % self.slots, signature: second.swap_bytes() }
    }

    /// Looks the event up, remembers it, and sets its duplicate flag if it was known.
    pub fn decide(&self, event: &mut RunEvent<'_>) {
        let Tag { slot, signature } = event.tag;
        // The intake lock orders these accesses; nothing else hangs on them.
        if self.slot(slot).swap(signature, Ordering::Relaxed) == signature {
            *event.flags |= DUPLICATE;
        }
    }

    /// Forgets stored events that were refused after all, so that a retry of one is new. An event that was a duplicate
    /// stays known, because the one before it was accepted; so does one whose slot was taken since.
    pub fn forget<'a>(&self, events: impl IntoIterator<Item = &'a [u8]>) {
        for bytes in events {
            let Ok(event) = codec::decode(bytes) else { continue };
            if !event.flags.duplicate {
                let Tag { slot, signature } = self.tag(event.party_id, event.session_id, event.event_id);
                // Someone else's signature stays: then there is nothing to undo.
                let _ = self.slot(slot).compare_exchange(signature, 0, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }

    /// Knows stored events again, in their order, after a restart.
    pub fn remember<'a>(&self, events: impl IntoIterator<Item = &'a [u8]>) {
        for bytes in events {
            let Ok(event) = codec::decode(bytes) else { continue };
            let Tag { slot, signature } = self.tag(event.party_id, event.session_id, event.event_id);
            self.slot(slot).store(signature, Ordering::Relaxed);
        }
    }

    fn slot(&self, slot: u64) -> &AtomicU64 {
        // A tag comes from `tag` of this memory; the remainders keep a foreign one in bounds.
        let page = index(slot / PAGE_SLOTS) % self.pages.len();
        let page = self.pages[page].get_or_init(|| (0..PAGE_SLOTS).map(|_| AtomicU64::new(0)).collect());
        &page[index(slot % PAGE_SLOTS)]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "slots are in memory, so their numbers are those of a pointer")]
const fn index(number: u64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests;
