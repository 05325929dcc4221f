//! The duplicate memory across a restart: saved at an orderly stop, brought up to date from the journal at a start.

use std::{
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use crate::{
    checkpoint::Offset,
    disk::{Disk, DiskFile},
    event::duplicate::{DuplicateMemory, Seen},
    journal::{Durability, Journal, ReadError},
};

/// Bytes of the newest events that are read at a start, so that it takes no longer the larger the journal is.
const READ_BYTES_MAX: u64 = 128 << 20;

/// No start takes longer for it.
const READ_TIME_MAX: Duration = Duration::from_secs(5);

/// Bytes that go to the disk at once.
const BUFFER_BYTES: usize = 1 << 20;

/// The file in the data directory.
pub(super) fn file(data_directory: &Path) -> PathBuf {
    data_directory.join("duplicates")
}

/// Saves the memory. The journal is closed. That it cannot be written costs the knowledge of some duplicates only.
pub(super) fn save(memory: &DuplicateMemory, journal: &Journal, disk: &dyn Disk, path: &Path) {
    let status = journal.status();
    let seen = Seen { journal: status.id, upto: status.next };
    if let Err(error) = write(memory, seen, disk, path) {
        tracing::warn!(file = %path.display(), %error, "the duplicate memory cannot be saved");
    }
}

fn write(memory: &DuplicateMemory, seen: Seen, disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let new = path.with_extension("new");
    if disk.metadata(&new)?.is_some() {
        disk.remove(&new)?;
    }
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, Stream { file: disk.create_new(&new, true)?, at: 0 });
    memory.save(seen, &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.file.sync_data()?;
    disk.rename(&new, path)
}

/// Loads what the last orderly stop has saved, and adds the events that the journal took since; without a saved memory
/// the newest ones that it still holds.
pub(super) fn bring_up_to_date(
    memory: &DuplicateMemory,
    journal: &Journal,
    disk: &dyn Disk,
    path: &Path,
    runtime: &Handle,
) {
    let began = Instant::now();
    let saved = match read(memory, disk, path) {
        Ok(saved) => saved,
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "the saved duplicate memory cannot be used");
            None
        }
    };
    let status = journal.status();
    if status.durability == Durability::None {
        return;
    }
    let newest = journal.newest(READ_BYTES_MAX);
    let known = saved.filter(|seen| seen.journal == status.id && seen.upto <= status.next);
    let from = known.map_or(newest, |seen| seen.upto.max(newest));
    let events = runtime.block_on(remember(memory, journal, from, status.next, began));
    journal.looked_through();
    tracing::debug!(events, %from, took = ?began.elapsed(), "the duplicate memory is up to date");
}

fn read(memory: &DuplicateMemory, disk: &dyn Disk, path: &Path) -> io::Result<Option<Seen>> {
    if disk.metadata(path)?.is_none() {
        return Ok(None);
    }
    memory.load(&mut BufReader::with_capacity(BUFFER_BYTES, Stream { file: disk.open(path)?, at: 0 }))
}

/// Reads `from..upto`; gives the number of events.
async fn remember(memory: &DuplicateMemory, journal: &Journal, from: Offset, upto: Offset, began: Instant) -> u64 {
    let mut reader = journal.reader(from);
    let mut events = 0;
    while reader.position() < upto {
        if began.elapsed() > READ_TIME_MAX {
            let at = reader.position();
            tracing::warn!(%at, %upto, "the duplicate memory does not know these events: reading them takes too long");
            break;
        }
        match reader.next().await {
            Ok(block) => {
                memory.remember(block.events().map(|(_, event)| event));
                events += block.span().len();
            }
            // Told by the sinks that miss them.
            Err(ReadError::Gap { .. }) => {}
            Err(ReadError::Closed) => break,
            Err(ReadError::Io(error)) => {
                tracing::warn!(%error, "the duplicate memory cannot be brought up to date");
                break;
            }
        }
    }
    events
}

/// A file from its start to its end.
struct Stream {
    file: Box<dyn DiskFile>,
    at: u64,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.file.len()?.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        self.file.read_exact_at(&mut buffer[..length], self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
