//! The events of one request on their way into the journal.

use super::block::LENGTH_BYTES;

/// Where in an event's bytes its flags byte stands: the one thing that this module knows of an event.
pub const FLAGS_AT: usize = 1;

/// What the duplicate memory needs to know of an event, computed before the intake lock is taken; opaque here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// Slot in the duplicate memory.
    pub slot: u64,
    /// Signature of the event.
    pub signature: u64,
}

/// One or more encoded events that enter the journal together: consecutive offsets, one block, all or nothing.
/// One per thread, reused; filled and appended in the same poll.
#[derive(Debug, Default)]
pub struct Run {
    pub(super) bytes: Vec<u8>,
    pub(super) events: Vec<RunEntry>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RunEntry {
    pub(super) tag: Tag,
    /// Where the event's bytes start in `Run::bytes`, behind their length.
    pub(super) start: usize,
}

impl Run {
    /// An empty run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event: `encode` appends its bytes, and nothing else, to the buffer.
    pub fn push(&mut self, tag: Tag, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len() + LENGTH_BYTES;
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        encode(&mut self.bytes);
        // A longer event saturates here and is refused by `append`, whose limit is far below.
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        self.bytes[start - LENGTH_BYTES..start].copy_from_slice(&length.to_le_bytes());
        self.events.push(RunEntry { tag, start });
    }

    /// Shows each event to `decide`, which may change its flags byte.
    pub(super) fn decide(&mut self, mut decide: impl FnMut(&mut RunEvent<'_>)) {
        for entry in &self.events {
            if let Some(flags) = self.bytes.get_mut(entry.start + FLAGS_AT) {
                decide(&mut RunEvent { tag: entry.tag, flags });
            }
        }
    }

    /// Forgets everything; keeps the buffers unless a huge event has blown them up.
    pub fn clear(&mut self) {
        const KEEP_BYTES_MAX: usize = 256 * 1024;
        self.events.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEEP_BYTES_MAX);
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Bytes of all events with their lengths.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// An event under the intake lock: may be looked at, and its flags byte changed.
#[derive(Debug)]
pub struct RunEvent<'a> {
    /// What was given to [`Run::push`].
    pub tag: Tag,
    /// The flags byte, see [`FLAGS_AT`].
    pub flags: &'a mut u8,
}
