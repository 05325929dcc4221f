//! Walks the journal block by block.

use std::sync::Arc;

use crate::checkpoint::Offset;

use super::{Block, ReadError, Shared};

/// Walks the journal block by block. Lives on a thread of its own.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    at: Offset,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, at: Offset) -> Self {
        Self { shared, at }
    }

    /// The next block that is as safe as the journal promises; waits when there is none. Cancel-safe.
    ///
    /// # Errors
    /// A gap is given once, and the reader stands behind it then; `Closed` when the journal is closed and read to its
    /// end.
    pub async fn next(&mut self) -> Result<Arc<Block>, ReadError> {
        loop {
            let mut news = std::pin::pin!(self.shared.ring.news.notified());
            // Listening starts before looking, so that what arrives in between is not missed.
            news.as_mut().enable();
            match self.shared.ring.get(self.at) {
                Ok(Some(block)) => {
                    self.at = block.span().next;
                    return Ok(block);
                }
                Ok(None) => news.await,
                Err(error) => {
                    if let ReadError::Gap { missing, .. } = &error {
                        self.at = missing.next;
                    }
                    return Err(error);
                }
            }
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
}
