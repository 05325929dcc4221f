//! How many bytes come per second, on average over about a minute.

use std::time::Instant;

use super::lock;
use crate::util::sync::Mutex;

/// What is so many seconds old counts a third of what is new.
const MEMORY_SECONDS: f64 = 60.0;

/// A moving average; costs one short lock per group of blocks.
#[derive(Debug)]
pub(super) struct Rate(Mutex<(Instant, f64)>);

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new((now, 0.0)))
    }

    /// Counts bytes that came now.
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    pub(super) fn add(&self, bytes: u64, now: Instant) {
        let mut state = lock(&self.0);
        *state = (now, faded(*state, now) + bytes as f64 / MEMORY_SECONDS);
    }

    /// Bytes per second.
    pub(super) fn per_second(&self, now: Instant) -> f64 {
        faded(*lock(&self.0), now)
    }
}

fn faded((at, rate): (Instant, f64), now: Instant) -> f64 {
    rate * (-now.saturating_duration_since(at).as_secs_f64() / MEMORY_SECONDS).exp()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_steady_stream_is_measured_and_forgotten() {
        let begin = Instant::now();
        let rate = Rate::new(begin);
        for tenth in 0..6000 {
            rate.add(100, begin + Duration::from_millis(tenth * 100));
        }
        let end = begin + Duration::from_mins(10);
        assert!((rate.per_second(end) - 1000.0).abs() < 10.0, "{}", rate.per_second(end));
        assert!(rate.per_second(end + Duration::from_mins(10)) < 1.0);
    }
}
