//! All connections of a listener, and the sweep that ends those which take too long.
//!
//! A connection ages while it stays busy with the same thing; the sweep counts its own rounds, so no clock is read
//! and no timer is set per request.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::connection::{Busy, Link, Order};
use crate::config::settings::LimitSettings;

/// How long the rest of a request is thrown away behind the last answer.
const LINGER: Duration = Duration::from_secs(2);

/// Part of the time for a head that is left to heads and to idle connections while there is no room for further ones:
/// who waits outside may have something to say.
const HURRY: u32 = 8;

/// Rounds per time limit: none is overstepped by more than a quarter.
const ROUNDS_PER_LIMIT: u32 = 4;

/// Pause between two sweeps, and the limits in rounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two sweeps.
    pub(super) round: Duration,
    head: u32,
    idle: u32,
    linger: u32,
    /// What heads and silence get while there is no room for further connections.
    hurry: u32,
}

impl Pace {
    pub(super) fn new(limits: &LimitSettings) -> Self {
        let shortest = limits.head_timeout.min(limits.idle_timeout).min(LINGER);
        let round = (shortest / ROUNDS_PER_LIMIT).max(Duration::from_millis(5));
        let rounds = |limit: Duration| {
            // One more than needed: the first round may come right after the change.
            u32::try_from(limit.as_nanos().div_ceil(round.as_nanos())).unwrap_or(u32::MAX - 1) + 1
        };
        Self {
            round,
            head: rounds(limits.head_timeout),
            idle: rounds(limits.idle_timeout),
            linger: rounds(LINGER),
            hurry: rounds(limits.head_timeout / HURRY),
        }
    }

    /// Rounds for which a connection may be busy with the same thing, and what it is told then.
    fn limit(&self, busy: Busy, crowded: bool) -> Option<(u32, Order)> {
        let hurry = if crowded { self.hurry } else { u32::MAX };
        match busy {
            Busy::Request => None,
            Busy::Head => Some((self.head.min(hurry), Order::Slow)),
            Busy::Linger => Some((self.linger, Order::Drop)),
            Busy::Silent => Some((self.head.min(self.idle).min(hurry), Order::Idle)),
            Busy::Idle => Some((self.idle.min(hurry), Order::Idle)),
        }
    }
}

struct Entry {
    link: Arc<Link>,
    seen: (Busy, u32),
    rounds: u32,
    /// When it was told to end.
    told: Option<u32>,
}

/// The connections of a listener.
#[derive(Default)]
pub(super) struct Table {
    entries: Mutex<HashMap<u64, Entry>>,
    next: AtomicU64,
}

impl Table {
    /// Adds a connection; it is removed when the membership is dropped.
    pub(super) fn join(self: &Arc<Self>, link: Arc<Link>) -> Membership {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let seen = link.busy();
        self.entries().insert(id, Entry { link, seen, rounds: 0, told: None });
        Membership { table: Arc::clone(self), id }
    }

    /// Ages all connections by one round and ends those that are too old, sooner if it is `crowded`; gives the number
    /// of too slow heads.
    pub(super) fn sweep(&self, pace: &Pace, crowded: bool) -> u64 {
        let mut slow = 0;
        for entry in self.entries().values_mut() {
            let now = entry.link.busy();
            if now != entry.seen {
                entry.seen = now;
                entry.rounds = 0;
                entry.told = None;
                continue;
            }
            entry.rounds = entry.rounds.saturating_add(1);
            let Some((rounds, order)) = pace.limit(now.0, crowded) else { continue };
            match entry.told {
                None if entry.rounds >= rounds => {
                    slow += u64::from(now.0 == Busy::Head);
                    entry.told = Some(entry.rounds);
                    entry.link.tell(order);
                }
                // Still here: its last bytes do not get out.
                Some(told) if entry.rounds > told.saturating_add(pace.linger) => entry.link.tell(Order::Drop),
                _ => {}
            }
        }
        slow
    }

    /// Gives all connections an order.
    pub(super) fn tell_all(&self, order: Order) {
        for entry in self.entries().values() {
            entry.link.tell(order);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the table.
pub(super) struct Membership {
    table: Arc<Table>,
    id: u64,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.table.entries().remove(&self.id);
    }
}
