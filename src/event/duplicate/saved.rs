//! The duplicate memory as a file: what an orderly stop leaves for the next start.
//!
//! Little-endian: magic, journal (16 bytes), offset, lanes, slots, number of pages (8 bytes each), CRC-32C of all that;
//! then for each page that is in use its number (8 bytes), its slots (8 bytes each) and the CRC-32C of both.

use std::{
    io::{self, Read, Write},
    sync::atomic::Ordering,
};

use uuid::Uuid;

use super::{DuplicateMemory, PAGE_SLOTS, index};
use crate::checkpoint::Offset;

/// First bytes of the file; the last one is the version.
const MAGIC: [u8; 8] = *b"HWdups\0\x01";

/// Bytes of what stands before the pages.
const HEAD_BYTES: usize = 8 + 16 + 4 * 8 + 4;

/// Bytes of one page.
const PAGE_BYTES: usize = 8 + index(PAGE_SLOTS) * 8 + 4;

/// Which events the memory has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Identity of the journal.
    pub journal: Uuid,
    /// All events of the journal below this.
    pub upto: Offset,
}

impl DuplicateMemory {
    /// Writes what is in use.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn save(&self, seen: Seen, out: &mut impl Write) -> io::Result<()> {
        let pages = self.pages.iter().enumerate().filter_map(|(number, page)| Some((number, page.get()?)));
        // Counted first, because another thread might begin a page meanwhile.
        let pages: Vec<_> = pages.collect();
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(seen.journal.as_bytes());
        for number in [seen.upto.0, self.lanes, self.slots, pages.len() as u64] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        write_summed(&mut head, out)?;
        let mut bytes = Vec::with_capacity(PAGE_BYTES);
        for (number, page) in pages {
            bytes.clear();
            bytes.extend_from_slice(&(number as u64).to_le_bytes());
            bytes.extend(page.iter().flat_map(|slot| slot.load(Ordering::Relaxed).to_le_bytes()));
            write_summed(&mut bytes, out)?;
        }
        Ok(())
    }

    /// Takes over what was saved; none if it was saved by a memory of another size. Of a damaged file the pages before
    /// the damage are taken over: they are true, and only some are missing.
    ///
    /// # Errors
    /// Those of `saved`, and `InvalidData` for what no memory has saved.
    pub fn load(&self, saved: &mut impl Read) -> io::Result<Option<Seen>> {
        let mut head = [0; HEAD_BYTES];
        read_summed(&mut head, saved)?;
        if head[..8] != MAGIC {
            return Err(damaged("it is no duplicate memory of this version"));
        }
        let journal = Uuid::from_slice(&head[8..24]).map_err(|_| damaged("it names no journal"))?;
        let [upto, lanes, slots, pages] = [24, 32, 40, 48].map(|at| number(&head, at));
        if (lanes, slots) != (self.lanes, self.slots) {
            return Ok(None);
        }
        let mut bytes = vec![0; PAGE_BYTES];
        for _ in 0..pages {
            read_summed(&mut bytes, saved)?;
            let first = number(&bytes, 0).checked_mul(PAGE_SLOTS).ok_or_else(|| damaged("a page has no place"))?;
            for slot in 0..PAGE_SLOTS {
                let signature = number(&bytes, 8 + index(slot) * 8);
                if signature != 0 {
                    self.slot(first + slot).store(signature, Ordering::Relaxed);
                }
            }
        }
        Ok(Some(Seen { journal, upto: Offset(upto) }))
    }
}

fn write_summed(bytes: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    let sum = crc32c::crc32c(bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    out.write_all(bytes)
}

fn read_summed(bytes: &mut [u8], saved: &mut impl Read) -> io::Result<()> {
    saved.read_exact(bytes)?;
    match bytes.split_last_chunk() {
        Some((content, sum)) if crc32c::crc32c(content) == u32::from_le_bytes(*sum) => Ok(()),
        _ => Err(damaged("a checksum is wrong")),
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

fn damaged(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
