//! A window on what the deliveries do, for people who look at it now.
//!
//! Each delivery shows a sample of its records and dead letters, as JSON with the client's address cut, and counts
//! events by type. Nobody is waited for: a delivery puts things behind the window, and each viewer takes what is new
//! to him at his own pace.
//! Invariant: while nobody looks, a block costs a delivery one relaxed load of an atomic, and an event nothing.
//! Invariant: while somebody looks, at most [`RECORDS_PER_SECOND`] records and [`LETTERS_PER_SECOND`] dead letters of
//! a sink are printed in a second, and about [`LOOKED_AT_PER_SECOND`] events are read for their type.

mod address;
mod entry;
mod rates;
mod sampler;
#[cfg(test)]
pub(super) mod tests;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use crate::{checkpoint::Span, util::clock::Clock};

use rates::Rates;

pub use rates::Second;
pub use sampler::Sampler;

/// Viewers at once.
pub const VIEWERS_MAX: usize = 8;

/// Records of one sink that are shown in a second; the newest of each block are.
pub const RECORDS_PER_SECOND: usize = 50;

/// Dead letters of one sink that are shown in a second.
pub const LETTERS_PER_SECOND: usize = 20;

/// Events that are read for their type in a second. Where more come, every n-th is read and stands for n.
pub const LOOKED_AT_PER_SECOND: u64 = 20_000;

/// Records that are kept for who opens the window next.
const RECORDS_KEPT: usize = 100;

/// Dead letters that are kept.
const LETTERS_KEPT: usize = 50;

/// What is behind the window is forgotten when nobody has looked for so long, in milliseconds: it would pass for
/// what happened last.
const STALE_MS: i64 = 60_000;

/// The window; one for all deliveries.
#[derive(Debug)]
pub struct Window {
    viewers: AtomicUsize,
    closed: AtomicBool,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rates: Rates,
    records: Shelf<RECORDS_KEPT>,
    letters: Shelf<LETTERS_KEPT>,
    /// When the last viewer left, in milliseconds since the Unix epoch.
    left_at: i64,
}

/// Why the window is not opened for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoView {
    /// As many look as may.
    #[error("{VIEWERS_MAX} viewers are looking already")]
    Crowded,
    /// The program is stopping.
    #[error("the program is stopping")]
    Closed,
}

impl Window {
    /// A window that nobody looks through.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (viewers, closed) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { viewers, closed, clock, state: Mutex::default() }
    }

    /// Whether anybody looks.
    #[must_use]
    pub fn watched(&self) -> bool {
        self.viewers.load(Ordering::Relaxed) > 0
    }

    /// Lets one more look, who first gets what is kept.
    ///
    /// # Errors
    /// See [`NoView`].
    pub fn open(self: &Arc<Self>) -> Result<Viewer, NoView> {
        if self.is_closed() {
            return Err(NoView::Closed);
        }
        let mut state = self.lock();
        // Only changed under the lock.
        let viewers = self.viewers.load(Ordering::Relaxed);
        if viewers >= VIEWERS_MAX {
            return Err(NoView::Crowded);
        }
        if viewers == 0 && self.clock.now_ms().saturating_sub(state.left_at) > STALE_MS {
            state.forget();
        }
        self.viewers.store(viewers + 1, Ordering::Relaxed);
        drop(state);
        Ok(Viewer { window: Arc::clone(self), records: 0, letters: 0, after: i64::MIN })
    }

    /// No viewer gets anything from now on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// The second that the clock shows.
    fn second(&self) -> i64 {
        self.clock.now_ms().div_euclid(1000)
    }

    /// One of how many events of a block is to be read for its type; `None` if another delivery has counted them.
    fn stride(&self, span: Span) -> Option<u64> {
        self.lock().rates.stride(self.second(), span)
    }

    /// Puts a delivery's findings behind the window.
    fn show(&self, change: impl FnOnce(&mut Findings<'_>)) {
        let second = self.second();
        let mut state = self.lock();
        let State { rates, records, letters, .. } = &mut *state;
        change(&mut Findings { second: rates.at(second), records, letters });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in the state depends on anything else in it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where findings go.
struct Findings<'a> {
    second: &'a mut Second,
    records: &'a mut Shelf<RECORDS_KEPT>,
    letters: &'a mut Shelf<LETTERS_KEPT>,
}

impl State {
    fn forget(&mut self) {
        self.rates = Rates::default();
        self.records.items.clear();
        self.letters.items.clear();
    }
}

/// The last `N` things, numbered.
#[derive(Debug, Default)]
struct Shelf<const N: usize> {
    items: VecDeque<Arc<str>>,
    /// Number of the next one.
    next: u64,
}

impl<const N: usize> Shelf<N> {
    fn put(&mut self, item: Arc<str>) {
        if self.items.len() == N {
            self.items.pop_front();
        }
        self.items.push_back(item);
        self.next += 1;
    }

    /// What is there from number `from` on; moves `from` behind it.
    fn since(&self, from: &mut u64) -> Shown {
        let oldest = self.next - self.items.len() as u64;
        let first = (*from).max(oldest);
        let skip = usize::try_from(first - oldest).unwrap_or(usize::MAX);
        *from = self.next;
        Shown { first, items: self.items.iter().skip(skip).cloned().collect() }
    }
}

/// Things that were shown, each a JSON object, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Number of the first; dense from the program's start.
    pub first: u64,
    /// The things.
    pub items: Vec<Arc<str>>,
}

/// What is new to a viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Records.
    pub records: Shown,
    /// Dead letters.
    pub letters: Shown,
}

/// Somebody who looks, until dropped.
#[derive(Debug)]
pub struct Viewer {
    window: Arc<Window>,
    /// Numbers of the next record and dead letter.
    records: u64,
    letters: u64,
    /// The last second that was seen.
    after: i64,
}

impl Viewer {
    /// What has come since it was last asked. Waits for nothing.
    #[must_use]
    pub fn news(&mut self) -> News {
        let state = self.window.lock();
        News { records: state.records.since(&mut self.records), letters: state.letters.since(&mut self.letters) }
    }

    /// Seconds that were over since it was last asked, in order; those in which nothing came are left out.
    #[must_use]
    pub fn seconds(&mut self) -> Vec<Second> {
        let seconds = self.window.lock().rates.between(self.after, self.window.second());
        self.after = seconds.last().map_or(self.after, |second| second.at);
        seconds
    }

    /// The time of the window's clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.window.clock.now_ms()
    }

    /// Whether there will be nothing more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.window.is_closed()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut state = self.window.lock();
        state.left_at = self.window.clock.now_ms();
        self.window.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}
