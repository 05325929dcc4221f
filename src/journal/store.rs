//! The segments as the journal thread writes them.
//!
//! Invariant: a file gets the name of a segment only when its header is on disk, and takes blocks only when the name is.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    checkpoint::{Offset, SinkName},
    disk::DiskFile,
    util::{fail_point, sync::atomic::Ordering},
};

use super::{
    BLOCK_BYTES, Block, Durability, GapReason, NoRoom, RUN_BYTES_MAX, Shared,
    block::HEADER_BYTES,
    catalog::{Segment, file_name},
    format::{DATA_AT, End, SegmentHeader},
    recovery::write_header,
    sabotage::{self, Sabotage},
    space::{STEP_BYTES, Space},
};

/// Offsets that are reserved when a segment begins. Nothing gets an offset that is not; an unclean stop skips what is
/// left of them.
const RESERVED_OFFSETS: u64 = 1 << 20;

/// A segment ends when it has used so many offsets: the rest is for what is accepted meanwhile.
const OFFSETS_MAX: u64 = RESERVED_OFFSETS / 2;

/// The next file is prepared when this part of a segment is full: its reciprocal.
const PREPARE_AT: u64 = 8;

/// A file that could not be removed is tried again after this time.
const REMOVE_AGAIN: Duration = Duration::from_secs(1);

/// Bytes at the end of a segment that may stay empty because the next block does not fit.
const WASTE_BYTES: u64 = (BLOCK_BYTES + RUN_BYTES_MAX + HEADER_BYTES) as u64;

/// The segments as the journal thread writes them.
#[derive(Debug)]
pub(super) struct Store {
    shared: Arc<Shared>,
    pub(super) space: Arc<Space>,
    active: Option<Active>,
    /// First offset that nothing may have yet; on disk.
    reserved: Offset,
    /// Number of the next segment.
    number: u64,
    /// End of the segment before that.
    previous: End,
    /// Why the next segment does not begin there, if it does not.
    before: Option<GapReason>,
    /// Segments that nobody needs, whose files could not be removed yet; when to try again.
    leftovers: Vec<Segment>,
    remove_at: Option<Instant>,
}

/// The segment that is written to.
#[derive(Debug)]
struct Active {
    file: Box<dyn DiskFile>,
    header: SegmentHeader,
    bytes: u64,
    /// Up to here the file holds zeros or blocks, on disk.
    filled: u64,
    /// Where the next block goes.
    written: End,
    /// What a crash leaves.
    synced: End,
}

impl Store {
    pub(super) fn new(
        shared: Arc<Shared>,
        space: Arc<Space>,
        number: u64,
        previous: End,
        before: Option<GapReason>,
    ) -> Self {
        let (active, reserved, leftovers, remove_at) = (None, Offset(0), Vec::new(), None);
        Self { shared, space, active, reserved, number, previous, before, leftovers, remove_at }
    }

    /// Bytes that can be written for certain, whatever the sizes of the blocks.
    pub(super) fn room(&self) -> u64 {
        let left = self.active.as_ref().map(|active| active.bytes.saturating_sub(active.written.position));
        self.shared.left.store(left.unwrap_or(0), Ordering::Relaxed);
        // Without a segment nothing is accepted: the next one begins where the numbers are then.
        let Some(left) = left else { return 0 };
        if self.space.is_available() {
            let next = self.shared.settings.segment_bytes - DATA_AT;
            (left + next).saturating_sub(WASTE_BYTES.min(next / 2))
        } else {
            left
        }
    }

    /// First offset that nothing may have yet.
    pub(super) fn reserved(&self) -> Offset {
        self.reserved
    }

    /// Begins a segment whose first event has the offset `first`.
    pub(super) fn begin(&mut self, first: Offset) -> io::Result<()> {
        self.begin_with(first, &[])
    }

    /// Begins a segment with blocks that could not be made durable where they were written; they are durable now, and
    /// the segment is there with all of them or not at all. They carry the header of another segment.
    pub(super) fn begin_with(&mut self, first: Offset, blocks: &[&Block]) -> io::Result<()> {
        let spare = self.space.take()?;
        let begun = self.activate(first, blocks, &spare);
        if begun.is_err() {
            // Whatever it is now, it is not a segment with events.
            self.space.forget(self.shared.settings.segment_bytes);
            let _ = self.shared.disk.remove(&spare);
        }
        begun
    }

    fn activate(&mut self, first: Offset, blocks: &[&Block], spare: &Path) -> io::Result<()> {
        let header = self.next_header(first);
        let mut file = self.shared.disk.open(spare)?;
        let mut written = End { position: DATA_AT, next: first };
        for block in blocks {
            written = put(&mut *file, written, block, header.number)?;
        }
        write_header(&mut *file, &header)?;
        let (bytes, allocated) = (file.len()?, file.allocated()?);
        let path = self.name(&header, spare)?;
        self.shared.catalog().push(Segment {
            number: header.number,
            path,
            first,
            previous: header.previous.next,
            before: header.before,
            end: None,
            bytes,
            ended_ms: 0,
            damaged: false,
        });
        self.number += 1;
        self.reserved = header.reserved;
        // A gap behind the blocks that are written again is still to be named.
        self.before = self.before.filter(|_| first == self.previous.next);
        let filled = if allocated >= bytes { bytes } else { written.position };
        self.active = Some(Active { file, header, bytes, filled, written, synced: written });
        Ok(())
    }

    fn next_header(&self, first: Offset) -> SegmentHeader {
        SegmentHeader {
            journal: self.shared.id,
            number: self.number,
            first,
            reserved: first.plus(RESERVED_OFFSETS),
            previous: self.previous,
            before: self.before.filter(|_| first != self.previous.next),
            created_ms: self.shared.settings.clock.now_ms(),
            end: None,
            cut: self.shared.catalog().cut(),
        }
    }

    /// Gives a file its name as a segment, on disk.
    fn name(&self, header: &SegmentHeader, spare: &Path) -> io::Result<PathBuf> {
        let (directory, disk) = (&self.shared.settings.directory, &*self.shared.disk);
        let path = directory.join(file_name(header.number));
        disk.rename(spare, &path)?;
        fail_point::pass("roll");
        if sabotage::is(Sabotage::NoDirectorySync) {
            return Ok(path);
        }
        if let Err(error) = disk.sync_dir(directory) {
            // The name may be there after a crash or not: it must not be there with events that come later.
            let _ = disk.remove(&path);
            return Err(error);
        }
        Ok(path)
    }

    /// Goes on at `next`. What is missing before it lies between two segments then, whose headers say why.
    pub(super) fn skip_to(&mut self, next: Offset) -> io::Result<()> {
        if self.active.as_ref().is_some_and(|active| active.written.next == next) {
            return Ok(());
        }
        self.end()?;
        self.begin(next)
    }

    /// Writes a block at the end, in a new segment if this one is full.
    pub(super) fn write(&mut self, block: &mut Block) -> io::Result<()> {
        let number = self.segment_for(block)?;
        block.stamp(number, self.shared.settings.clock.now_ms());
        let Some(active) = &mut self.active else { return Err(no_segment()) };
        if self.shared.settings.durability == Durability::Fsync {
            active.fill(block.bytes().len() as u64)?;
        }
        active.file.write_all_at(block.bytes(), active.written.position)?;
        fail_point::pass("append");
        active.written =
            End { position: active.written.position + block.bytes().len() as u64, next: block.span().next };
        if active.written.position >= active.bytes / PREPARE_AT {
            self.space.want();
        }
        Ok(())
    }

    /// The number of the segment that takes `block`.
    fn segment_for(&mut self, block: &Block) -> io::Result<u64> {
        let length = block.bytes().len() as u64;
        let fits = |active: &Active| {
            active.written.position + length <= active.bytes
                && block.span().next <= active.header.first.plus(OFFSETS_MAX)
        };
        if !self.active.as_ref().is_some_and(fits) {
            self.end()?;
            self.begin(block.span().first)?;
        }
        self.active.as_ref().map(|active| active.header.number).ok_or_else(no_segment)
    }

    /// Makes everything that was written durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let Some(active) = &mut self.active else { return Ok(()) };
        if active.synced != active.written {
            let began = Instant::now();
            if !sabotage::is(Sabotage::NoSync) {
                active.file.sync_data()?;
                fail_point::pass("sync");
            }
            self.shared.settings.metrics.journal_sync_duration.observe(began.elapsed());
            active.synced = active.written;
        }
        Ok(())
    }

    /// First offset that a crash would lose.
    pub(super) fn synced(&self) -> Offset {
        self.active.as_ref().map_or(self.previous.next, |active| active.synced.next)
    }

    /// Ends the segment: what is in it is durable, and its header says so.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.sync()?;
        let Some(active) = &mut self.active else { return Ok(()) };
        active.header.end = Some(active.synced);
        write_header(&mut *active.file, &active.header)?;
        self.previous = active.synced;
        self.shared.catalog().end_last(self.previous, self.shared.settings.clock.now_ms());
        self.active = None;
        Ok(())
    }

    /// Ends the journal in order: numbering goes on at `next`.
    pub(super) fn close(&mut self, next: Offset) -> io::Result<()> {
        self.sync()?;
        if let Some(active) = &mut self.active {
            active.header.reserved = next;
        }
        self.end()
    }

    /// Gives the segment up after an error. What was not synced has to be written again: the system may have dropped it.
    pub(super) fn poison(&mut self) {
        if let Some(active) = self.active.take() {
            self.previous = active.synced;
            self.shared.catalog().end_last(self.previous, self.shared.settings.clock.now_ms());
        }
    }

    /// Offsets before the next event are missing, for this reason.
    pub(super) fn note_gap(&mut self, reason: GapReason) {
        self.before.get_or_insert(reason);
    }

    /// Frees the segments that nobody needs, and, when there is no room, those that are given up to make some.
    pub(super) fn free(&mut self) {
        self.remove_leftovers();
        loop {
            let needed = self.shared.ring.needed();
            let Some((oldest, end)) = self.oldest() else { return };
            if end <= needed {
                if self.is_retained(&oldest) && self.space.no_room().is_none() {
                    return;
                }
                let cut = self.shared.ring.marks().iter().any(|mark| mark.upto < end);
                self.drop_oldest(cut);
            } else if self.space.is_available() || !self.give_up(end) {
                return;
            }
        }
    }

    /// Gives back what the last segment of a former process leaves empty, as long as some cursor needs the rest: else a
    /// server that is started again and again while a sink is down would fill the quota with nothing. One that nobody
    /// needs stays as it is, and is used again as a whole.
    pub(super) fn shrink_last(&self) {
        let needed = self.shared.ring.needed();
        let (path, bytes, end) = match self.shared.catalog().newest_ended() {
            Some((last, end)) if end.next > needed && end.position < last.bytes / 2 => {
                (last.path.clone(), last.bytes, end.position)
            }
            _ => return,
        };
        let shrunk = self.shared.disk.open(&path).and_then(|mut file| {
            file.set_len(end)?;
            file.sync_data()
        });
        if let Err(error) = shrunk {
            tracing::warn!(file = %path.display(), %error, "the empty end of a segment stays");
            return;
        }
        self.shared.catalog().shrink_newest(end);
        self.space.forget(bytes - end);
        self.space.look();
    }

    fn oldest(&self) -> Option<(Segment, Offset)> {
        let catalog = self.shared.catalog();
        let oldest = catalog.oldest_ended()?;
        Some((oldest.clone(), oldest.end?.next))
    }

    fn is_retained(&self, segment: &Segment) -> bool {
        let settings = &self.shared.settings;
        if self.shared.is_looked_through.load(Ordering::Relaxed) {
            return true;
        }
        let age_ms = settings.clock.now_ms().saturating_sub(segment.ended_ms);
        let retained = self.shared.catalog().bytes_from(segment.first);
        age_ms < settings.retention_ms && retained <= settings.retention_bytes
    }

    /// Releases what cursors hold up to `upto`, if all that hold it may be cut: cursors without a sink, and sinks that
    /// are to be skipped.
    fn give_up(&self, upto: Offset) -> bool {
        let holders: Vec<_> = self.shared.ring.marks().into_iter().filter(|mark| mark.needed() < upto).collect();
        let may = |sink: &SinkName| self.shared.settings.skip_oldest.contains(sink);
        if holders.is_empty() || !holders.iter().all(|mark| !mark.claimed || may(&mark.sink)) {
            return false;
        }
        for mark in holders {
            let (sink, from) = (&mark.sink, mark.needed());
            self.shared.settings.metrics.journal_given_up(sink.as_str()).inc_by(upto.0.saturating_sub(from.0));
            tracing::warn!(%sink, %from, %upto, orphan = !mark.claimed, "events are given up to make room");
            self.shared.ring.give_up(sink, upto);
        }
        true
    }

    fn drop_oldest(&mut self, cut: bool) {
        let taken = self.shared.catalog().pop(cut);
        let Some(segment) = taken else { return };
        if cut {
            self.note_cut();
        }
        if let Err(error) = self.remove(&segment) {
            tracing::warn!(file = %segment.path.display(), %error, "a segment cannot be removed; it is tried again");
            self.leftovers.push(segment);
            self.remove_at.get_or_insert_with(|| Instant::now() + REMOVE_AGAIN);
        }
    }

    /// Says in the segment that is written to what was given up, for the next process. It is as safe as the next block
    /// will be; the next segment says it too.
    fn note_cut(&mut self) {
        let Some(active) = &mut self.active else { return };
        active.header.cut = self.shared.catalog().cut();
        if let Err(error) = active.file.write_all_at(&active.header.encode(), 0) {
            tracing::warn!(%error, "what is given up will count as lost after a restart");
        }
    }

    fn remove(&self, segment: &Segment) -> io::Result<()> {
        let path = &segment.path;
        if !segment.damaged {
            return self.space.give_back(path, segment.bytes);
        }
        self.shared.disk.rename(path, &path.with_extension("damaged"))?;
        self.space.forget(segment.bytes);
        Ok(())
    }

    fn remove_leftovers(&mut self) {
        if self.remove_at.is_none_or(|at| Instant::now() < at) {
            return;
        }
        let leftovers = std::mem::take(&mut self.leftovers);
        self.leftovers = leftovers.into_iter().filter(|segment| self.remove(segment).is_err()).collect();
        self.remove_at = (!self.leftovers.is_empty()).then(|| Instant::now() + REMOVE_AGAIN);
    }

    /// Why nothing can be accepted, if the reason is room.
    pub(super) fn no_room(&self) -> Option<NoRoom> {
        self.space.no_room()
    }

    /// Whether some cursor still needs events: there is something to do although nothing can be accepted.
    pub(super) fn holds(&self) -> bool {
        self.shared.ring.needed() < self.previous.next
    }

    /// Whether there is no segment to write to although one could be had.
    pub(super) fn is_idle(&self) -> bool {
        self.active.is_none() && self.no_room().is_none()
    }

    /// Path of the segment that is written to.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let number = self.active.as_ref()?.header.number;
        Some(self.shared.settings.directory.join(file_name(number)))
    }
}

impl Active {
    /// Fills a sparse file ahead of a block with zeros that are on disk. A file system that gives up while new room is
    /// added to a file may say of a sync that it was done although what has come is lost; what is written over is not.
    fn fill(&mut self, block: u64) -> io::Result<()> {
        // A block that is larger than a segment makes its file longer.
        let end = (self.written.position + block).min(self.bytes);
        while self.filled < end && !sabotage::is(Sabotage::NoSync) {
            let length = self.bytes.saturating_sub(self.filled).min(STEP_BYTES as u64);
            let zeros = vec![0; usize::try_from(length).unwrap_or(STEP_BYTES)];
            self.file.write_all_at(&zeros, self.filled)?;
            self.file.sync_data()?;
            self.filled += length;
        }
        Ok(())
    }
}

/// Writes a block that carries the header of another segment; gives the new end.
fn put(file: &mut dyn DiskFile, end: End, block: &Block, number: u64) -> io::Result<End> {
    file.write_all_at(&block.header(number).encode(), end.position)?;
    file.write_all_at(&block.bytes()[HEADER_BYTES..], end.position + HEADER_BYTES as u64)?;
    Ok(End { position: end.position + block.bytes().len() as u64, next: block.span().next })
}

fn no_segment() -> io::Error {
    io::Error::other("the journal has no open segment")
}
