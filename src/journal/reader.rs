//! Walks the journal block by block: near the tail in memory, behind it on disk.

use std::sync::Arc;

use crate::{
    checkpoint::{Offset, Span},
    disk::DiskFile,
};

use super::{
    Block, GapReason, ReadError, Shared,
    catalog::{Place, Segment},
    format::DATA_AT,
    ring::Get,
    scan::{Blocks, Found},
};

/// What a delivery reads: blocks in order, one behind the other.
#[expect(async_fn_in_trait, reason = "only block_on'd on the delivery's own thread; the futures need not be Send")]
pub trait ReadBlocks {
    /// The next block; waits when there is none yet. Cancel-safe.
    ///
    /// # Errors
    /// A gap is given once, and the reader stands behind it then; `Closed` when there will be no more.
    async fn next(&mut self) -> Result<Arc<Block>, ReadError>;

    /// Goes to a block's end (or the end of a gap).
    fn seek(&mut self, to: Offset);

    /// Where the reader stands.
    fn position(&self) -> Offset;
}

impl ReadBlocks for Reader {
    async fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        Self::next(self).await
    }

    fn seek(&mut self, to: Offset) {
        Self::seek(self, to);
    }

    fn position(&self) -> Offset {
        Self::position(self)
    }
}

/// Walks the journal block by block. Lives on a thread of its own: reading from disk blocks.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    at: Offset,
    open: Option<Open>,
}

/// The segment that is read, and where.
#[derive(Debug)]
struct Open {
    number: u64,
    file: Box<dyn DiskFile>,
    position: u64,
    /// Offset of the block at `position`.
    at: Offset,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, at: Offset) -> Self {
        Self { shared, at, open: None }
    }

    /// The next block that is as safe as the journal promises; waits when there is none. Cancel-safe.
    ///
    /// # Errors
    /// A gap is given once, and the reader stands behind it then; `Closed` when the journal is closed and read to its
    /// end.
    pub async fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        loop {
            let shared = Arc::clone(&self.shared);
            let mut news = std::pin::pin!(shared.ring.news.notified());
            // Listening starts before looking, so that what arrives in between is not missed.
            news.as_mut().enable();
            let found = match shared.ring.get(self.at)? {
                Get::Block(block) => block,
                Get::Gap(missing, reason) => return Err(self.gap(missing, reason)),
                Get::Behind => match self.read_disk()? {
                    Some(block) => block,
                    // The segments end here and the ring has moved on, or the other way round: look again.
                    None => continue,
                },
                Get::Later => {
                    self.open = None;
                    news.await;
                    continue;
                }
            };
            self.at = found.span().next;
            return Ok(found);
        }
    }

    /// Goes to a block's end (or the end of a gap).
    pub fn seek(&mut self, to: Offset) {
        self.at = to;
    }

    /// Where the reader stands.
    #[must_use]
    pub fn position(&self) -> Offset {
        self.at
    }

    fn gap(&mut self, missing: Span, reason: GapReason) -> ReadError {
        self.at = missing.next;
        ReadError::Gap { missing, reason }
    }

    /// The block at the reader's place, from its segment. None when no segment has it (any more).
    fn read_disk(&mut self) -> Result<Option<Arc<Block>>, ReadError> {
        let place = self.shared.catalog().locate(self.at);
        let segment = match place {
            Place::In(segment) => segment,
            Place::Hole(missing, reason) => return Err(self.gap(missing, reason)),
            Place::Beyond => return Err(self.unreachable()),
        };
        let found = self.look(&segment)?;
        match found {
            Found::Block { block, position } if block.span().first == self.at => {
                if let Some(open) = &mut self.open {
                    open.position = position + block.bytes().len() as u64;
                    open.at = block.span().next;
                }
                Ok(Some(Arc::new(block)))
            }
            // Recycled while it was read.
            _ if !self.shared.catalog().has(segment.number) => Ok(None),
            Found::Block { block, .. } => Err(self.damage(&segment, block.span().first)),
            Found::Nothing => match segment.end {
                Some(end) => Err(self.damage(&segment, end.next)),
                None => Err(self.unreachable()),
            },
        }
    }

    /// What stands in the segment at the reader's place, or the next thing behind it.
    fn look(&mut self, segment: &Segment) -> std::io::Result<Found> {
        let at = self.at;
        let fits = self.open.as_ref().is_some_and(|open| open.number == segment.number && open.at <= at);
        if !fits {
            let file = self.shared.disk.open(&segment.path)?;
            self.open = Some(Open { number: segment.number, file, position: DATA_AT, at: segment.first });
        }
        let Some(open) = &mut self.open else { return Ok(Found::Nothing) };
        let limit = match segment.end {
            Some(end) => end.position,
            None => open.file.len()?,
        };
        let blocks = Blocks { file: &*open.file, number: segment.number, limit };
        while open.at < at {
            match blocks.header(open.position)? {
                Some(header) if header.span().next <= at => {
                    open.position += header.total();
                    open.at = header.span().next;
                }
                _ => break,
            }
        }
        match blocks.block(open.position)? {
            Found::Block { block, position } if block.span().first >= at => Ok(Found::Block { block, position }),
            _ => blocks.search(open.position + 1, at),
        }
    }

    fn damage(&mut self, segment: &Segment, upto: Offset) -> ReadError {
        let missing = Span::new(self.at, upto);
        tracing::error!(segment = %segment.path.display(), %missing, "the journal is damaged");
        self.shared.catalog().mark_damaged(segment.number);
        self.gap(missing, GapReason::Lost)
    }

    /// Neither the ring nor a segment has what the reader wants, and both say that the other one should.
    fn unreachable(&mut self) -> ReadError {
        let upto = self.shared.ring.bounds().first.max(self.at);
        self.gap(Span::new(self.at, upto), GapReason::Lost)
    }
}
