//! Why the journal does not open, take events or give them.

use std::path::PathBuf;

use super::NoRoom;
use crate::checkpoint::{SinkName, Span};

/// What can go wrong outside the hot path.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file could not be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A cursor file is damaged.
    #[error("{}: the cursor is damaged: {reason}\n  hint: move the file away, and the sink starts where the journal now ends, or with start = earliest at the oldest event", path.display())]
    DamagedCursor {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A journal in memory does not read the segments, which hold events for a sink.
    #[error("{}: {events} events have not reached the sink {sink}, and with durability = none they never would\n  hint: start with flush or fsync until they have; or give them up: headwater journal cursor remove {sink}", path.display())]
    Waiting {
        /// Where the segments are.
        path: PathBuf,
        /// The sink.
        sink: SinkName,
        /// Number of events.
        events: u64,
    },
    /// A segment was written by a newer release.
    #[error("{}: a newer release has written this segment of the journal (format version {version})\n  hint: start that release again and let it deliver what it holds, or name another divolte.global.journal.directory", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// Another process uses the directory.
    #[error("another process uses the journal in {}\n  hint: stop that process, or name another divolte.global.journal.directory", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The first event would be refused.
    #[error("the journal in {} has no room for its first segment of {segment} bytes: {reason}\n  hint: make room, or set divolte.global.journal.directory, max_size or reserve", path.display())]
    NoRoom {
        /// The directory.
        path: PathBuf,
        /// Bytes of a segment.
        segment: u64,
        /// Why not.
        reason: NoRoom,
    },
    /// A commit went backwards or a state is too large: a defect of the caller.
    #[error("cursor of sink {sink}: {reason}")]
    BadCommit {
        /// Which sink.
        sink: SinkName,
        /// What is wrong.
        reason: String,
    },
}

/// Why events are not taken. All but `TooLarge` are answered with 503 and `Retry-After`, `TooLarge` with 413.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No room: quota, reserve or memory.
    #[error("the journal is full")]
    Full,
    /// Too much is waiting to be written.
    #[error("the journal is busy")]
    Busy,
    /// The disk failed.
    #[error("the journal's disk failed")]
    Sick,
    /// The run is larger than a journal ever takes.
    #[error("the events of one request are too large")]
    TooLarge,
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why a reader gives no block.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// These events are gone; the reader stands behind them now. Given once.
    #[error("events {missing} are missing: {reason}")]
    Gap {
        /// The events.
        missing: Span,
        /// Why.
        reason: GapReason,
    },
    /// The journal is closed and everything was read.
    #[error("the journal is closed")]
    Closed,
    /// The disk failed; try again later.
    #[error("the journal cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapReason {
    /// Dropped to free space: counts as skipped.
    Quota,
    /// Lost: counts as gap.
    Lost,
    /// Numbers that an unclean stop left unused; counts as gap.
    Unclean,
    /// Refused after they had their numbers, because the disk failed; nobody was told that they are safe. Counts as gap.
    Refused,
}

impl GapReason {
    /// Whether events may be gone that somebody was told are safe.
    #[must_use]
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Quota | Self::Lost)
    }
}

impl std::fmt::Display for GapReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Quota => "dropped to free space",
            Self::Lost => "lost",
            Self::Unclean => "left unused by an unclean stop",
            Self::Refused => "refused because the disk failed",
        })
    }
}
