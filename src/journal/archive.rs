//! What the segments of a journal hold, looked at from outside: no lock is taken and nothing is changed, so it works
//! while a server uses the journal, and on what a broken one has left.

use std::{path::Path, path::PathBuf, sync::Arc};

use uuid::Uuid;

use crate::{
    checkpoint::{Offset, Span},
    disk::{Disk, DiskFile},
};

use super::{
    Block, GapReason, JournalError, ReadBlocks, ReadError,
    catalog::Segment,
    format::{DATA_AT, End},
    recovery,
    scan::{Blocks, Found},
};

/// The segments of a journal as they were when it was opened.
#[derive(Debug)]
pub struct Archive {
    disk: Arc<dyn Disk>,
    id: Uuid,
    segments: Vec<Segment>,
}

/// A segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// Number of the segment.
    pub number: u64,
    /// The events that it holds.
    pub span: Span,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was begun, milliseconds since the Unix epoch.
    pub begun_ms: i64,
}

/// What comes next in the journal.
#[derive(Debug)]
pub enum Piece {
    /// Events.
    Block(Block),
    /// Events that are not there, and in which file they should be.
    Gap {
        /// The events.
        missing: Span,
        /// Why.
        reason: GapReason,
        /// The file.
        path: PathBuf,
    },
}

impl Archive {
    /// Looks what there is.
    ///
    /// # Errors
    /// The directory or a file cannot be read, or was written by a newer release.
    pub fn open(directory: &Path, disk: Arc<dyn Disk>) -> Result<Self, JournalError> {
        let recovered = recovery::recover(Uuid::nil(), directory, &*disk, false)?;
        Ok(Self { disk, id: recovered.id, segments: recovered.segments })
    }

    /// Identity of the journal.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> impl Iterator<Item = SegmentFile> {
        self.segments.iter().map(|segment| SegmentFile {
            path: segment.path.clone(),
            number: segment.number,
            span: Span::new(segment.first, end(segment).next),
            bytes: segment.bytes,
            begun_ms: segment.ended_ms,
        })
    }

    /// The blocks that hold events at or behind `from`, and what is missing between them.
    #[must_use]
    pub fn pieces(&self, from: Offset) -> Pieces<'_> {
        let first = self.segments.first().map_or(from, |segment| segment.first);
        Pieces { archive: self, walk: Walk::new(from.max(first)) }
    }
}

fn end(segment: &Segment) -> End {
    // Recovery gives every segment its end.
    segment.end.unwrap_or(End { position: DATA_AT, next: segment.first })
}

/// Walks through the segments.
#[derive(Debug)]
pub struct Pieces<'a> {
    archive: &'a Archive,
    walk: Walk,
}

impl Iterator for Pieces<'_> {
    type Item = Result<Piece, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.walk.step(self.archive).transpose()
    }
}

/// Where a walk stands.
#[derive(Debug)]
struct Walk {
    index: usize,
    /// The file of the segment at `index` and where the next block begins in it.
    open: Option<(Box<dyn DiskFile>, u64)>,
    /// Everything before this is told.
    at: Offset,
}

impl Walk {
    fn new(at: Offset) -> Self {
        Self { index: 0, open: None, at }
    }

    fn step(&mut self, archive: &Archive) -> Result<Option<Piece>, JournalError> {
        while let Some(segment) = archive.segments.get(self.index) {
            let end = end(segment);
            if end.next <= self.at {
                self.leave();
                continue;
            }
            if self.at < segment.first {
                let reason = segment.before.unwrap_or(GapReason::Lost);
                return Ok(Some(self.gap(segment.first, reason, &segment.path)));
            }
            let failed = |source| JournalError::Io { path: segment.path.clone(), source };
            let (file, position) = match self.open.take() {
                Some(open) => open,
                None => match archive.disk.open(&segment.path) {
                    Ok(file) => (file, DATA_AT),
                    // The server has used the file for something else by now.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        self.leave();
                        return Ok(Some(self.gap(end.next, GapReason::Quota, &segment.path)));
                    }
                    Err(error) => return Err(failed(error)),
                },
            };
            let blocks = Blocks { file: &*file, number: segment.number, limit: end.position };
            let found = match blocks.block(position).map_err(failed)? {
                Found::Nothing => blocks.search(position + 1, self.at).map_err(failed)?,
                found @ Found::Block { .. } => found,
            };
            let Found::Block { block, position } = found else {
                self.leave();
                return Ok(Some(self.gap(end.next, GapReason::Lost, &segment.path)));
            };
            let span = block.span();
            if span.first > self.at && position > DATA_AT {
                self.open = Some((file, position));
                return Ok(Some(self.gap(span.first, GapReason::Lost, &segment.path)));
            }
            self.open = Some((file, position + block.bytes().len() as u64));
            if span.next > self.at {
                self.at = span.next;
                return Ok(Some(Piece::Block(block)));
            }
        }
        Ok(None)
    }

    fn leave(&mut self) {
        self.index += 1;
        self.open = None;
    }

    fn gap(&mut self, upto: Offset, reason: GapReason, path: &Path) -> Piece {
        let missing = Span::new(self.at, upto);
        self.at = upto;
        Piece::Gap { missing, reason, path: path.to_owned() }
    }
}

/// Walks through the segments as a [`super::Reader`] does through a journal at work, up to an end. What the journal held
/// when it was opened does not grow.
#[derive(Debug)]
pub struct ArchiveReader {
    archive: Arc<Archive>,
    walk: Walk,
    until: Offset,
}

impl ArchiveReader {
    /// A reader from the start to a block's end.
    #[must_use]
    pub fn new(archive: Arc<Archive>, until: Offset) -> Self {
        Self { archive, walk: Walk::new(Offset(0)), until }
    }

    fn step(&mut self) -> Result<Arc<Block>, ReadError> {
        if self.walk.at >= self.until {
            return Err(ReadError::Closed);
        }
        let first = self.archive.segments.first().map_or(self.until, |segment| segment.first);
        if self.walk.at < first {
            let missing = Span::new(self.walk.at, first);
            self.walk.at = first;
            return Err(ReadError::Gap { missing, reason: GapReason::Quota });
        }
        match self.walk.step(&self.archive) {
            Ok(Some(Piece::Block(block))) => Ok(Arc::new(block)),
            Ok(Some(Piece::Gap { missing, reason, .. })) => Err(ReadError::Gap { missing, reason }),
            Ok(None) => Err(ReadError::Closed),
            Err(JournalError::Io { source, .. }) => Err(source.into()),
            Err(error) => Err(std::io::Error::other(error).into()),
        }
    }
}

impl ReadBlocks for ArchiveReader {
    async fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        self.step()
    }

    fn seek(&mut self, to: Offset) {
        self.walk = Walk::new(to);
    }

    fn position(&self) -> Offset {
        self.walk.at
    }
}

#[cfg(test)]
mod tests;
