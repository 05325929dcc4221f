//! What a start finds in the journal's directory.
//!
//! Sealed segments are trusted by their header; the end of an unsealed one is in the header of the segment behind it;
//! only the last one is looked through. So the time does not grow with the journal.

use std::{
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::{
    checkpoint::{Offset, Span},
    disk::{Disk, DiskFile},
};

use super::{
    GapReason, JournalError,
    catalog::{Segment, number_of},
    format::{BadHeader, DATA_AT, End, SEGMENT_HEADER_BYTES, SegmentHeader},
    scan::{Blocks, Found},
    space,
};

/// What was found.
#[derive(Debug)]
pub(super) struct Recovered {
    /// Identity of the journal; a new one if there was none.
    pub(super) id: Uuid,
    /// Every segment has an end.
    pub(super) segments: Vec<Segment>,
    /// Prepared files, and files that never became segments.
    pub(super) spares: Vec<PathBuf>,
    /// Number of the next segment.
    pub(super) number: u64,
    /// End of the last segment.
    pub(super) previous: End,
    /// Offset of the next event.
    pub(super) next: Offset,
    /// Why `next` does not follow the last event, if it does not.
    pub(super) before: Option<GapReason>,
    /// What is missing below this was given up to make room.
    pub(super) cut: Offset,
    /// Damage that was found: what is missing and where.
    pub(super) damage: Vec<(PathBuf, Span)>,
}

impl Recovered {
    fn nothing(id: Uuid) -> Self {
        Self {
            id,
            segments: Vec::new(),
            spares: Vec::new(),
            number: 1,
            previous: End::default(),
            next: Offset(0),
            before: None,
            cut: Offset(0),
            damage: Vec::new(),
        }
    }
}

/// A file that was found, with its header.
struct Candidate {
    path: PathBuf,
    header: SegmentHeader,
    bytes: u64,
}

/// Looks through the directory. With `repair` the last segment is given its end, and what is no segment is put aside. A new journal
/// has the identity `fresh`.
///
/// # Errors
/// A file cannot be read, or was written by a newer release.
pub(super) fn recover(fresh: Uuid, directory: &Path, disk: &dyn Disk, repair: bool) -> Result<Recovered, JournalError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| JournalError::Io { path, source }
    };
    let mut recovered = Recovered::nothing(fresh);
    let mut candidates = Vec::new();
    for path in disk.list(directory).map_err(failed(directory))? {
        if space::number_of(&path).is_some() {
            recovered.spares.push(path);
        } else if let Some(number) = number_of(&path) {
            match read_header(&path, disk).map_err(failed(&path))? {
                Ok((header, bytes)) if header.number == number => candidates.push(Candidate { path, header, bytes }),
                // Its name was to change when it became another segment, and that was not finished.
                Ok(_) => recovered.spares.push(path),
                Err(BadHeader::Version(version)) => return Err(JournalError::Newer { path, version }),
                Err(bad) => put_aside(&path, bad, disk, repair).map_err(failed(&path))?,
            }
        }
    }
    candidates.sort_by_key(|candidate| candidate.header.number);
    let Some(last) = candidates.last() else { return Ok(recovered) };
    recovered.id = last.header.journal;
    let id = recovered.id;
    let (own, foreign): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|candidate| candidate.header.journal == id);
    for candidate in foreign {
        put_aside(&candidate.path, BadHeader::NoSegment, disk, repair).map_err(failed(&candidate.path))?;
    }
    recovered.segments(own, disk, repair).map_err(failed(directory))?;
    Ok(recovered)
}

impl Recovered {
    fn segments(&mut self, candidates: Vec<Candidate>, disk: &dyn Disk, repair: bool) -> io::Result<()> {
        let followers: Vec<_> = candidates.iter().skip(1).map(|next| Some(next.header.clone())).chain([None]).collect();
        for (candidate, follower) in candidates.into_iter().zip(followers) {
            let header = &candidate.header;
            // The follower's word goes first: it ends a segment that could no longer be written to.
            let told =
                follower.filter(|next| next.number == header.number + 1).map(|next| next.previous).or(header.end);
            let end = match told {
                Some(end) => end,
                None => self.scan(&candidate, disk)?,
            };
            if header.end.is_none() && repair {
                seal(&candidate, end, disk)?;
            }
            self.number = header.number + 1;
            self.previous = end;
            self.cut = self.cut.max(header.cut);
            // An orderly stop has left no more reserved than was used.
            self.next = header.reserved.max(end.next);
            self.before = (self.next != end.next).then_some(GapReason::Unclean);
            self.segments.push(Segment {
                number: header.number,
                path: candidate.path,
                first: header.first,
                previous: header.previous.next,
                before: header.before,
                end: Some(end),
                bytes: candidate.bytes,
                ended_ms: header.created_ms,
                damaged: false,
            });
        }
        Ok(())
    }

    /// Finds the end of a segment that nobody has ended. A bad tail is cut; damage with good blocks behind it is noted.
    fn scan(&mut self, candidate: &Candidate, disk: &dyn Disk) -> io::Result<End> {
        let file = disk.open(&candidate.path)?;
        let blocks = Blocks { file: &*file, number: candidate.header.number, limit: candidate.bytes };
        let mut end = End { position: DATA_AT, next: candidate.header.first };
        loop {
            let found = match blocks.block(end.position)? {
                Found::Nothing => blocks.search(end.position, end.next)?,
                found @ Found::Block { .. } => found,
            };
            let Found::Block { block, position } = found else { return Ok(end) };
            let span = block.span();
            if position > end.position && span.first > end.next {
                self.damage.push((candidate.path.clone(), Span::new(end.next, span.first)));
            }
            end = End { position: position + block.bytes().len() as u64, next: span.next };
        }
    }
}

fn read_header(path: &Path, disk: &dyn Disk) -> io::Result<Result<(SegmentHeader, u64), BadHeader>> {
    let file = disk.open(path)?;
    let bytes = file.len()?;
    if bytes < DATA_AT {
        return Ok(Err(BadHeader::NoSegment));
    }
    let mut header = [0; SEGMENT_HEADER_BYTES];
    file.read_exact_at(&mut header, 0)?;
    Ok(SegmentHeader::decode(&header).map(|header| (header, bytes)))
}

fn seal(candidate: &Candidate, end: End, disk: &dyn Disk) -> io::Result<()> {
    let mut file = disk.open(&candidate.path)?;
    let header = SegmentHeader { end: Some(end), ..candidate.header.clone() };
    // What is behind the end is of no use, and what is before it may not be on the disk yet.
    file.sync_data()?;
    write_header(&mut *file, &header)
}

/// Writes a header and syncs it.
pub(super) fn write_header(file: &mut dyn DiskFile, header: &SegmentHeader) -> io::Result<()> {
    file.write_all_at(&header.encode(), 0)?;
    file.sync_data()
}

/// Gives a file a name under which nobody takes it for a segment.
fn put_aside(path: &Path, bad: BadHeader, disk: &dyn Disk, repair: bool) -> io::Result<()> {
    tracing::error!(file = %path.display(), %bad, "a segment of the journal cannot be read");
    if repair { disk.rename(path, &path.with_extension("damaged")) } else { Ok(()) }
}
