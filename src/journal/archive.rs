//! What the segments of a journal hold, looked at from outside: no lock is taken and nothing is changed, so it works
//! while a server uses the journal, and on what a broken one has left.

use std::{path::Path, path::PathBuf, sync::Arc};

use uuid::Uuid;

use crate::{
    checkpoint::{Offset, Span},
    disk::{Disk, DiskFile},
};

use super::{
    Block, GapReason, JournalError,
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
        Pieces { archive: self, index: 0, open: None, at: from.max(first) }
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
    index: usize,
    /// The file of the segment at `index` and where the next block begins in it.
    open: Option<(Box<dyn DiskFile>, u64)>,
    /// Everything before this is told.
    at: Offset,
}

impl Pieces<'_> {
    fn step(&mut self) -> Result<Option<Piece>, JournalError> {
        while let Some(segment) = self.archive.segments.get(self.index) {
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
                None => (self.archive.disk.open(&segment.path).map_err(failed)?, DATA_AT),
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

impl Iterator for Pieces<'_> {
    type Item = Result<Piece, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

#[cfg(test)]
mod tests;
