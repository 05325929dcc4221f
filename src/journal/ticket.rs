//! What a request holds while its events become durable.
//!
//! All events of an open block share one [`Seal`]. The journal thread says on it how far the block has come, which wakes
//! the requests that wait for this block and no others.

use std::{pin::pin, sync::Arc};

use tokio::sync::Notify;

use crate::{
    checkpoint::Span,
    util::sync::atomic::{AtomicU8, Ordering},
};

use super::{Durability, Refused};

const REFUSED: u8 = u8::MAX;

/// How far a block has come.
#[derive(Debug, Default)]
pub(super) struct Seal {
    /// 0, the number of a [`Durability`], or [`REFUSED`].
    level: AtomicU8,
    bell: Notify,
}

fn number(level: Durability) -> u8 {
    match level {
        Durability::None => 0,
        Durability::Flush => 1,
        Durability::Fsync => 2,
    }
}

impl Seal {
    /// The block is as safe as `level`.
    pub(super) fn reach(&self, level: Durability) {
        self.level.store(number(level), Ordering::Release);
        self.bell.notify_waiters();
    }

    /// The block is refused after all. What was answered stays so.
    pub(super) fn refuse(&self) {
        let _ = self.level.compare_exchange(0, REFUSED, Ordering::Release, Ordering::Relaxed);
        self.bell.notify_waiters();
    }
}

/// Proof of acceptance: which offsets, and the means to wait for their durability. May be dropped.
#[derive(Debug)]
pub struct Ticket {
    span: Span,
    /// None in a journal without segments.
    seal: Option<Arc<Seal>>,
}

impl Ticket {
    pub(super) fn new(span: Span, seal: Option<Arc<Seal>>) -> Self {
        Self { span, seal }
    }

    /// The offsets.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Another ticket for the same events.
    #[cfg(test)]
    pub(super) fn copy(&self) -> Self {
        Self { span: self.span, seal: self.seal.clone() }
    }

    /// Waits until the events are as safe as `level`, which is at most the journal's own durability. What already
    /// holds is not waited for, so with `none` this returns at once.
    ///
    /// # Errors
    /// The events are refused after all.
    pub async fn reached(self, level: Durability) -> Result<(), Refused> {
        if level == Durability::None {
            return Ok(());
        }
        let Some(seal) = self.seal else {
            debug_assert!(false, "a source asks for at most the journal's level");
            return Ok(());
        };
        loop {
            let mut bell = pin!(seal.bell.notified());
            // Listening starts before looking, so that what happens in between is not missed.
            bell.as_mut().enable();
            match seal.level.load(Ordering::Acquire) {
                REFUSED => return Err(Refused::Sick),
                reached if reached >= number(level) => return Ok(()),
                _ => bell.await,
            }
        }
    }
}
