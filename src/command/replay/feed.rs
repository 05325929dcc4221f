//! What a replay reads: the journal's files or dead letters, at a pace.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{
    checkpoint::Offset,
    delivery::Map,
    event::codec,
    journal::{ArchiveReader, Block, ReadBlocks, ReadError},
    mapping::{self, Mapping, Scratch},
    record::chunk::RecordChunk,
    sink::letters::{LetterFile, Letters},
};

use crate::command::retained::Selection;

/// Bytes of letters that make a block.
const BLOCK_BYTES: usize = 64 * 1024;

/// How far a replay is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Everything before this was read.
    pub at: AtomicU64,
    /// So many of the selected events were mapped.
    pub selected: AtomicU64,
}

/// What is read of.
#[derive(Debug)]
pub enum Feed {
    /// The journal.
    Events(ArchiveReader),
    /// Dead letters.
    Letters(Box<LetterReader>),
}

/// Reads no faster than asked.
#[derive(Debug)]
pub struct Paced {
    /// What is read.
    pub feed: Feed,
    /// Events a second, at most.
    pub rate: Option<u32>,
    /// When it began.
    pub began: Instant,
    /// How far it is.
    pub progress: Arc<Progress>,
}

impl ReadBlocks for Paced {
    async fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        if let Some(rate) = self.rate {
            let selected = u32::try_from(self.progress.selected.load(Relaxed)).unwrap_or(u32::MAX);
            let due = self.began + Duration::from_secs(1) * selected / rate;
            tokio::time::sleep_until(due.into()).await;
        }
        let found = match &mut self.feed {
            Feed::Events(reader) => reader.next().await,
            Feed::Letters(reader) => reader.next(),
        };
        self.progress.at.store(self.position().0, Relaxed);
        found
    }

    fn seek(&mut self, to: Offset) {
        match &mut self.feed {
            Feed::Events(reader) => reader.seek(to),
            Feed::Letters(reader) => reader.seek(to),
        }
    }

    fn position(&self) -> Offset {
        match &self.feed {
            Feed::Events(reader) => reader.position(),
            Feed::Letters(reader) => reader.at,
        }
    }
}

/// Walks through dead letters, numbered through all files.
#[derive(Debug)]
pub struct LetterReader {
    /// The files, each with the number of letters that are read of it.
    files: Arc<[(LetterFile, u64)]>,
    at: Offset,
    open: Option<(Letters, u64)>,
}

impl LetterReader {
    /// A reader at the first letter.
    #[must_use]
    pub fn new(files: Arc<[(LetterFile, u64)]>) -> Self {
        Self { files, at: Offset(0), open: None }
    }

    fn seek(&mut self, to: Offset) {
        self.at = to;
        self.open = None;
    }

    fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while bytes < BLOCK_BYTES {
            let Some(event) = self.step(events.len() as u64)? else { break };
            bytes += event.len();
            events.push(event);
        }
        if events.is_empty() {
            return Err(ReadError::Closed);
        }
        let block = Block::of(self.at, events.iter().map(Vec::as_slice));
        self.at = block.span().next;
        Ok(Arc::new(block))
    }

    /// The event of the letter that comes `ahead` letters behind the next block's first.
    fn step(&mut self, ahead: u64) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some((letters, left @ 1..)) = &mut self.open {
                *left -= 1;
                let letter =
                    letters.next().ok_or_else(|| io::Error::other("there are fewer dead letters than before"))?;
                return letter.map(|letter| Some(letter.event)).map_err(io::Error::other);
            }
            let mut skipped = self.at.0 + ahead;
            let mut files = self.files.iter();
            let found = files.find(|(_, count)| match skipped.checked_sub(*count) {
                Some(rest) => {
                    skipped = rest;
                    false
                }
                None => true,
            });
            let Some((file, count)) = found else { return Ok(None) };
            let mut letters = Letters::open(file).map_err(io::Error::other)?;
            for _ in 0..skipped {
                letters.next().transpose().map_err(io::Error::other)?;
            }
            self.open = Some((letters, count - skipped));
        }
    }
}

/// Which events are sent.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those of the journal that are selected, up to an offset.
    Events(Selection, Offset),
    /// By the number of the letter the mapping that it is of; none if it is not selected.
    Letters(Arc<[Option<u16>]>),
}

/// The mapping step of a replay.
#[derive(Debug)]
pub struct Again {
    /// The sink's mappings.
    pub mappings: Vec<Arc<Mapping>>,
    /// What they keep.
    pub scratch: Scratch,
    /// What is mapped.
    pub wanted: Wanted,
    /// How far it is.
    pub progress: Arc<Progress>,
}

impl Map for Again {
    fn map(&mut self, block: &Arc<Block>, chunk: &mut RecordChunk) {
        let mut selected = 0;
        let Self { mappings, scratch, wanted, .. } = self;
        mapping::map_where(mappings, block, scratch, chunk, |mapping, offset, event| match wanted {
            Wanted::Events(selection, before) => {
                let is_wanted = offset < *before && selection.takes(offset, event);
                selected += u64::from(is_wanted && mapping == 0);
                is_wanted
            }
            Wanted::Letters(of) => {
                let number = usize::try_from(offset.0).unwrap_or(usize::MAX);
                let is_wanted = of.get(number).copied().flatten().is_some_and(|of| usize::from(of) == mapping);
                selected += u64::from(is_wanted);
                is_wanted
            }
        });
        self.progress.selected.fetch_add(selected, Relaxed);
    }
}

/// The events of a block that a selection takes, up to an offset: how many, and the last of them.
#[must_use]
pub fn count(block: &Block, selection: &Selection, before: Offset, limit: u64) -> (u64, Option<Offset>) {
    let (mut selected, mut last) = (0, None);
    for (offset, bytes) in block.events() {
        if selected < limit && offset < before && selection.takes(offset, codec::decode(bytes).ok().as_ref()) {
            selected += 1;
            last = Some(offset);
        }
    }
    (selected, last)
}
