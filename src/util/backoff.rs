//! Waiting times between attempts: each about twice the one before, up to a limit, with jitter.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Waiting times between attempts.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    attempts: u32,
    random: u64,
}

impl Backoff {
    /// Waits that begin near `first` and end near `max`. Each is drawn from the upper half of its step, so that many
    /// that failed at once do not come back at once.
    #[must_use]
    pub fn new(first: Duration, max: Duration) -> Self {
        // A fresh hasher is keyed at random by the standard library; an all-zero state would stay zero for ever.
        Self { first, max, attempts: 0, random: RandomState::new().hash_one(0_u8) | 1 }
    }

    /// How long to wait before the next attempt.
    #[must_use]
    pub fn next_wait(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        let step = self.first.saturating_mul(factor).min(self.max);
        step / 2 + (step / 2).mul_f64(self.fraction())
    }

    /// The outside is well again: the next wait is a short one.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// A number in `0.0..1.0` (xorshift64; nothing here needs to be unpredictable).
    fn fraction(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let top = u32::try_from(self.random >> 32).expect("32 bits are left");
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_limit_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        for step in [100, 200, 400, 800, 1600, 2000, 2000] {
            let wait = backoff.next_wait();
            assert!(wait >= Duration::from_millis(step / 2) && wait <= Duration::from_millis(step), "{step}: {wait:?}");
        }
        for _ in 0..100 {
            assert!(backoff.next_wait() <= Duration::from_secs(2));
        }
        backoff.reset();
        assert!(backoff.next_wait() <= Duration::from_millis(100));
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::BTreeSet<_> =
            (0..16).map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).next_wait()).collect();
        assert!(waits.len() > 8);
    }
}
