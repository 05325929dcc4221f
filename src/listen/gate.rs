//! The gate that every public request passes: open, leaving, parting, closed; and a count of the requests inside.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How far a shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Everything is served.
    Open,
    /// Everything is served, but `/ping` tells load balancers to look elsewhere.
    Leaving,
    /// The same, and each answer ends its connection, so that none is in use when the last ones are closed.
    Parting,
    /// New requests are turned away; those inside go on.
    Closed,
}

/// The gate. A request is inside from before it is looked at until its response is handed over or given up, so a
/// response that is delayed on purpose counts.
#[derive(Debug)]
pub struct Gate {
    phase: AtomicU8,
    inside: AtomicUsize,
    inside_max: usize,
    empty: Notify,
}

/// Why a request does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// There are as many inside as may be.
    Full,
    /// The gate is closed.
    Closed,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// An open gate for any number of requests.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// An open gate for so many requests at once.
    #[must_use]
    pub fn with_limit(inside_max: usize) -> Self {
        let (phase, inside) = (AtomicU8::new(Phase::Open as u8), AtomicUsize::new(0));
        Self { phase, inside, inside_max, empty: Notify::new() }
    }

    /// Where the shutdown stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Open,
            1 => Phase::Leaving,
            2 => Phase::Parting,
            _ => Phase::Closed,
        }
    }

    /// From now on `/ping` says that this server is leaving.
    pub fn leave(&self) {
        self.phase.fetch_max(Phase::Leaving as u8, Ordering::SeqCst);
    }

    /// From now on answers end their connections.
    pub fn part(&self) {
        self.phase.fetch_max(Phase::Parting as u8, Ordering::SeqCst);
    }

    /// From now on no request gets in.
    pub fn close(&self) {
        self.phase.fetch_max(Phase::Closed as u8, Ordering::SeqCst);
    }

    /// Lets a request in; it is inside until the pass is dropped.
    ///
    /// # Errors
    /// The gate is closed, or too many are inside.
    pub fn enter(&self) -> Result<Pass<'_>, Shut> {
        // Counted first, looked at second: whoever closes the gate and then sees nobody inside can rely on it.
        let before = self.inside.fetch_add(1, Ordering::SeqCst);
        let pass = Pass(self);
        match self.phase() {
            Phase::Closed => Err(Shut::Closed),
            _ if before >= self.inside_max => Err(Shut::Full),
            _ => Ok(pass),
        }
    }

    /// Requests inside.
    #[must_use]
    pub fn inside(&self) -> usize {
        self.inside.load(Ordering::SeqCst)
    }

    /// Waits until nobody is inside. Of use once the gate is closed.
    pub async fn emptied(&self) {
        loop {
            let mut left = std::pin::pin!(self.empty.notified());
            left.as_mut().enable();
            if self.inside() == 0 {
                return;
            }
            left.await;
        }
    }
}

/// Proof that a request is inside.
#[derive(Debug)]
pub struct Pass<'a>(&'a Gate);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let last = self.0.inside.fetch_sub(1, Ordering::SeqCst) == 1;
        if last && self.0.phase() == Phase::Closed {
            self.0.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    #[test]
    fn phases_only_go_forward() {
        let gate = Gate::new();
        assert_eq!(gate.phase(), Phase::Open);
        gate.leave();
        assert_eq!(gate.phase(), Phase::Leaving);
        assert!(gate.enter().is_ok());
        gate.part();
        gate.leave();
        assert_eq!(gate.phase(), Phase::Parting);
        assert!(gate.enter().is_ok());
        gate.close();
        gate.part();
        assert_eq!(gate.phase(), Phase::Closed);
        assert_eq!(gate.enter().err(), Some(Shut::Closed));
        assert_eq!(gate.inside(), 0);
    }

    #[test]
    fn a_full_gate_lets_nobody_in_until_one_leaves() {
        let gate = Gate::with_limit(2);
        let (first, second) = (gate.enter(), gate.enter());
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(gate.enter().err(), Some(Shut::Full));
        assert_eq!(gate.inside(), 2);
        drop(first);
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn a_closed_gate_waits_for_those_inside() {
        let gate = Gate::new();
        let (first, second) = (gate.enter(), gate.enter());
        gate.close();
        let mut emptied = pin!(gate.emptied());
        let mut context = Context::from_waker(Waker::noop());
        assert!(emptied.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(emptied.as_mut().poll(&mut context).is_pending());
        drop(second);
        assert!(emptied.as_mut().poll(&mut context).is_ready());
    }
}
