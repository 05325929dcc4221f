//! How long requests take, without asking the clock twice for each of many.
//!
//! To read the clock costs more than all counters of a request together, on virtual machines 50 ns and more. So a
//! thread measures every request while they are few, and one in [`STRIDE_MAX`] when many come; one that is measured
//! then counts for all since the one before, so that counts, sums and quantiles stay what they are.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use super::Histogram;

/// A thread that gets fewer requests than twice this measures every one of them.
const MEASURED_PER_SECOND: u64 = 1000;

/// At least one request in so many is measured.
const STRIDE_MAX: u32 = 16;

/// How often a thread thinks about its stride.
const ROUND: Duration = Duration::from_secs(1);

/// Measures one request, unless it is left out.
#[derive(Clone, Copy, Debug)]
#[must_use = "it measures until it is stopped"]
pub struct Stopwatch(Option<Lap>);

/// When a measured request began, and for how many it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lap {
    began: Instant,
    stride: u32,
}

impl Stopwatch {
    /// A request begins.
    pub fn start() -> Self {
        thread_local! {
            static PACE: RefCell<Pace> = const { RefCell::new(Pace::new()) };
        }
        Self(PACE.with_borrow_mut(|pace| pace.next(Instant::now)))
    }

    /// It has ended; may be on another thread.
    pub fn stop(self, histogram: &Histogram) {
        if let Some(Lap { began, stride }) = self.0 {
            histogram.observe_many(began.elapsed(), stride);
        }
    }
}

/// Which requests a thread measures.
#[derive(Debug)]
struct Pace {
    /// So many are left out before the next.
    left_out: u32,
    stride: u32,
    /// Measured since the round began.
    measured: u64,
    round: Option<Instant>,
}

impl Pace {
    const fn new() -> Self {
        Self { left_out: 0, stride: 1, measured: 0, round: None }
    }

    fn next(&mut self, now: impl FnOnce() -> Instant) -> Option<Lap> {
        if let Some(left_out) = self.left_out.checked_sub(1) {
            self.left_out = left_out;
            return None;
        }
        let began = now();
        let round = *self.round.get_or_insert(began);
        let elapsed = began.saturating_duration_since(round);
        // Those that led here count with the stride that they had.
        let stride = self.stride;
        self.measured += 1;
        if elapsed >= ROUND {
            let requests = self.measured * u64::from(self.stride) * 1000
                / u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
            let fitting = (requests / MEASURED_PER_SECOND).clamp(1, STRIDE_MAX.into());
            self.stride = u32::try_from(fitting).unwrap_or(STRIDE_MAX);
            (self.measured, self.round) = (0, Some(began));
        }
        self.left_out = self.stride - 1;
        Some(Lap { began, stride })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets requests come at these rates, each for so many seconds; gives how many were measured and counted in the
    /// last second of each.
    fn run(rates: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        let mut last = Vec::new();
        for (rate, seconds) in rates {
            for second in 1..=*seconds {
                let (mut measured, mut counted) = (0, 0);
                for _ in 0..*rate {
                    now += Duration::from_secs(1) / *rate;
                    if let Some(lap) = pace.next(|| now) {
                        measured += 1;
                        counted += lap.stride;
                    }
                }
                if second == *seconds {
                    last.push((measured, counted));
                }
            }
        }
        last
    }

    #[test]
    fn few_are_all_measured() {
        assert_eq!(run(&[(1, 5), (1500, 5), (1, 5)]), [(1, 1), (1500, 1500), (1, 1)]);
    }

    #[test]
    fn of_many_some_are_measured_and_all_are_counted() {
        for ((measured, counted), rate) in run(&[(4000, 5), (80_000, 5), (200, 5)]).into_iter().zip([4000, 80_000, 200])
        {
            assert!((rate / 17..=1100).contains(&measured) || measured == rate / 16, "{rate}: {measured}");
            assert!(counted.abs_diff(rate) <= STRIDE_MAX, "{rate}: {counted}");
        }
    }

    #[test]
    fn a_pause_does_not_make_many_of_few() {
        let (mut pace, start) = (Pace::new(), Instant::now());
        for (second, expected) in [(0, 1), (3600, 1), (3600, 1), (7200, 1)] {
            let lap = pace.next(|| start + Duration::from_secs(second)).expect("measured");
            assert_eq!(lap.stride, expected);
        }
    }

    #[test]
    fn a_request_counts_once_at_least() {
        let histogram = Histogram::default();
        std::thread::scope(|scope| {
            // A thread of its own has a pace of its own.
            scope.spawn(|| (0..3).for_each(|_| Stopwatch::start().stop(&histogram)));
        });
        assert_eq!(histogram.seen().count(), 3);
    }
}
