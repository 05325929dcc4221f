//! What was acknowledged, compared with what is in the files.

use std::{fs, fs::File, path::Path};

use super::{Wrong, load, server::failed};
use crate::record::container::ContainerReader;

/// What the comparison has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Events in the files, each counted once.
    pub delivered: u64,
    /// Of those, events that were not acknowledged: the answer came too late, or not at all.
    pub unanswered: u64,
    /// Acknowledged, in no file, and not damaged on purpose.
    pub missing: u64,
    /// Acknowledged, in no file, but damaged on purpose.
    pub damaged: u64,
    /// Copies of events that are there already.
    pub repeated: u64,
    /// Files.
    pub files: u64,
    /// Files that cannot be read to their end.
    pub unreadable: u64,
}

const ACKNOWLEDGED: u8 = 1;
const DELIVERED: u8 = 1 << 1;
const DAMAGED: u8 = 1 << 2;

/// Compares. `kept` holds the numbers of what was acknowledged, `published` the files; `damaged` are the numbers of the
/// events that lay in damaged blocks.
pub(super) fn compare(kept: &Path, published: &Path, damaged: &[u64]) -> Result<Found, Wrong> {
    let (mut marks, mut found) = (Marks::default(), Found::default());
    let bytes = fs::read(kept).map_err(|error| failed(kept, &error))?;
    for number in bytes.as_chunks().0 {
        *marks.of(u64::from_le_bytes(*number)) |= ACKNOWLEDGED;
    }
    for number in damaged {
        *marks.of(*number) |= DAMAGED;
    }
    for entry in fs::read_dir(published).map_err(|error| failed(published, &error))? {
        let path = entry.map_err(|error| failed(published, &error))?.path();
        found.files += 1;
        let read = read(&path, |number| {
            let mark = marks.of(number);
            found.repeated += u64::from(*mark & DELIVERED != 0);
            *mark |= DELIVERED;
        });
        found.unreadable += u64::from(read.is_none());
    }
    for mark in marks.0 {
        let (acknowledged, delivered) = (mark & ACKNOWLEDGED != 0, mark & DELIVERED != 0);
        found.delivered += u64::from(delivered);
        found.unanswered += u64::from(delivered && !acknowledged);
        let lost = acknowledged && !delivered;
        found.damaged += u64::from(lost && mark & DAMAGED != 0);
        found.missing += u64::from(lost && mark & DAMAGED == 0);
    }
    Ok(found)
}

/// What is known of each event, by its number.
#[derive(Debug, Default)]
struct Marks(Vec<u8>);

impl Marks {
    fn of(&mut self, number: u64) -> &mut u8 {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        &mut self.0[index]
    }
}

/// Reads the number of each record; `None` if the file cannot be read to its end.
fn read(path: &Path, mut each: impl FnMut(u64)) -> Option<()> {
    let mut reader = ContainerReader::open(File::open(path).ok()?).ok()?;
    let mut data = Vec::new();
    while let Some(head) = reader.next_block(&mut data).ok()? {
        let mut rest = data.as_slice();
        for _ in 0..head.records {
            each(load::number(string(&mut rest)?)?);
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(())
}

/// An Avro string: a zigzag length of at most two bytes, as the event types of the load have it, and the text.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (first, tail) = rest.split_first()?;
    // A length below 64 has one byte, and is doubled.
    let length = (first & 0x81 == 0).then_some(usize::from(first >> 1))?;
    let (text, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}
