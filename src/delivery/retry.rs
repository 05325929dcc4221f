//! When to try again, and when to give up.

use std::time::{Duration, Instant};

use tokio::{sync::watch, time::sleep};

use crate::util::backoff::Backoff;

/// The first wait after a failure is about this long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// No wait is longer: the original tries again after 15 seconds.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// While the program stops, no wait is longer.
const STOPPING_WAIT_MAX: Duration = Duration::from_secs(1);

/// How a sink that fails is tried again.
#[must_use]
pub fn backoff() -> Backoff {
    Backoff::new(FIRST_WAIT, WAIT_MAX)
}

/// By when the delivery has to be done, once that is known.
#[derive(Clone, Debug)]
pub(super) struct Deadline(watch::Receiver<Option<Instant>>);

impl Deadline {
    pub(super) fn new(receiver: watch::Receiver<Option<Instant>>) -> Self {
        Self(receiver)
    }

    /// Completes when the time is over. Cancel-safe.
    pub(super) async fn passed(&mut self) {
        let deadline = self.set().await;
        tokio::time::sleep_until(deadline.into()).await;
    }

    /// Completes when the deadline is known; never if nobody can set it any more.
    async fn set(&mut self) -> Instant {
        loop {
            if let Some(deadline) = *self.0.borrow_and_update() {
                return deadline;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits before another attempt: less long while the program stops, not at all when it begins to. False when there
    /// is no time left for one.
    pub(super) async fn pause(&mut self, wait: Duration) -> bool {
        let known = *self.0.borrow_and_update();
        if let Some(deadline) = known {
            let left = deadline.saturating_duration_since(Instant::now());
            sleep(wait.min(STOPPING_WAIT_MAX).min(left)).await;
            return Instant::now() < deadline;
        }
        tokio::select! {
            () = sleep(wait) => {}
            _ = self.set() => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn a_pause_ends_when_the_program_begins_to_stop() {
        let (sender, receiver) = watch::channel(None);
        let mut deadline = Deadline::new(receiver);
        runtime().block_on(async {
            let set = async { sender.send(Some(Instant::now() + LONG)).unwrap() };
            let (again, ()) = tokio::join!(deadline.pause(LONG), set);
            assert!(again);
        });
    }

    #[test]
    fn behind_the_deadline_there_is_no_other_attempt() {
        let (_sender, receiver) = watch::channel(Some(Instant::now()));
        let mut deadline = Deadline::new(receiver);
        runtime().block_on(async {
            assert!(!deadline.pause(LONG).await);
            deadline.passed().await;
        });
    }

    #[test]
    fn nobody_to_set_the_deadline_is_no_deadline() {
        let (sender, receiver) = watch::channel(None);
        drop(sender);
        let mut deadline = Deadline::new(receiver);
        runtime().block_on(async {
            assert!(deadline.pause(Duration::from_millis(1)).await);
            let passed = tokio::time::timeout(Duration::from_millis(5), deadline.passed()).await;
            assert!(passed.is_err());
        });
    }
}
