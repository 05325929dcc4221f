//! What both kinds of source do with an event once it is read: keep headers and cookies, hand it to the intake, count.

use std::{
    cell::RefCell,
    sync::{Arc, PoisonError, RwLock},
};

use http::HeaderMap;
use prometheus_client::metrics::counter::Counter;

use super::{Intake, accepted::Accepted, kept::Kept, query::QueryBuffer};
use crate::{
    event::{
        Event, Keep,
        codec::{self, Latin1},
    },
    journal::{Refused, Run},
    metrics::Metrics,
    util::clock::Clock,
};

/// Buffers of a thread; filled and emptied within one request.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) query: QueryBuffer,
    pub(super) run: Run,
}

/// Lends the thread's buffers.
pub(super) fn with_buffers<R>(work: impl FnOnce(&mut Buffers) -> R) -> R {
    thread_local! {
        static BUFFERS: RefCell<Buffers> = RefCell::default();
    }
    BUFFERS.with_borrow_mut(work)
}

/// One source's way into the journal.
pub(super) struct Entry {
    /// Name of the source.
    pub(super) name: String,
    intake: Intake,
    clock: Arc<dyn Clock>,
    /// Locked for reading only, but for the moment of a reload.
    kept: RwLock<Kept>,
    counters: Counters,
}

struct Counters {
    all: Counter,
    corrupt: Counter,
    duplicate: Counter,
    dropped: Vec<(&'static str, Counter)>,
    refused: [Counter; REFUSALS.len()],
}

const REFUSALS: [&str; 5] = ["full", "busy", "sick", "too_large", "closed"];

fn refusal(refused: Refused) -> usize {
    match refused {
        Refused::Full => 0,
        Refused::Busy => 1,
        Refused::Sick => 2,
        Refused::TooLarge => 3,
        Refused::Closed => 4,
    }
}

impl Entry {
    /// The entry of source `name`, which may drop events for these reasons.
    pub(super) fn new(
        name: &str,
        keep: &Keep,
        intake: Intake,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
        reasons: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let counters = Counters {
            all: metrics.events_accepted(name),
            corrupt: metrics.events_corrupt(name),
            duplicate: metrics.events_duplicate(name),
            dropped: reasons.into_iter().map(|reason| (reason, metrics.dropped(name, reason))).collect(),
            refused: REFUSALS.map(|reason| metrics.refused(name, reason)),
        };
        Self { name: name.to_owned(), intake, clock, kept: RwLock::new(Kept::new(keep)), counters }
    }

    /// From now on events keep these headers and cookies.
    pub(super) fn keep(&self, keep: &Keep) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Kept::new(keep);
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Counts an event that is left out.
    pub(super) fn dropped(&self, reason: &'static str) -> Accepted {
        if let Some((_, counter)) = self.counters.dropped.iter().find(|(known, _)| *known == reason) {
            counter.inc();
        }
        tracing::trace!(source = self.name, reason, "event dropped");
        Accepted::Dropped(reason)
    }

    /// Hands one event to the intake, with the headers and cookies of its request that are kept.
    pub(super) fn accept(&self, event: &Event<'_>, request: &HeaderMap, run: &mut Run) -> Accepted {
        // A run that was refused before is not empty.
        run.clear();
        self.push(event, request, run);
        self.submit(u64::from(event.flags.corrupt), run)
    }

    /// Adds an event to those that are handed over together.
    pub(super) fn push(&self, event: &Event<'_>, request: &HeaderMap, run: &mut Run) {
        let tag = self.intake.duplicates.tag(event.party_id, event.session_id, event.event_id);
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let cookies = kept.cookies(request);
        let cookies = cookies.iter().map(|(name, value)| (*name, Latin1(value)));
        run.push(tag, |out| {
            codec::encode(event, kept.headers(request), cookies, out);
        });
    }

    /// Hands all of them to the intake, of which so many are corrupt.
    pub(super) fn submit(&self, corrupt: u64, run: &mut Run) -> Accepted {
        let events = run.len() as u64;
        match self.intake.accept(run) {
            Ok((ticket, duplicates)) => {
                self.counters.all.inc_by(events);
                if corrupt > 0 {
                    self.counters.corrupt.inc_by(corrupt);
                }
                self.counters.duplicate.inc_by(duplicates);
                Accepted::Taken(ticket)
            }
            Err(refused) => {
                self.counters.refused[refusal(refused)].inc();
                run.clear();
                Accepted::Refused(refused)
            }
        }
    }
}

#[cfg(test)]
mod tests;
