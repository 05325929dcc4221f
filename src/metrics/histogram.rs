//! A distribution of durations that many threads observe at once without meeting.
//!
//! The histogram of the metrics library takes a mutex per observation. Here every thread adds to a place of its own,
//! with two atomic additions; whoever scrapes adds the places up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};

/// Upper bounds of the buckets, in nanoseconds: 10 µs to 10 s, in steps of at most 2.5. A pixel takes about 10 µs, a
/// block 200 µs to map, a sync a few milliseconds, and what takes longer than 10 s has failed.
pub const BOUNDS_NS: [u64; 19] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// With one for what is beyond the last bound.
const BUCKETS: usize = BOUNDS_NS.len() + 1;

/// Places per histogram. More threads than that share places, which costs time, not counts.
const PLACES: usize = 16;

const NS_PER_SECOND: f64 = 1e9;

/// A distribution of durations; cheap to clone, clones count together.
#[derive(Clone)]
pub struct Histogram(Arc<[Place]>);

/// Where some of the threads count; on cache lines of its own, and those that are fetched along with them.
#[repr(align(128))]
#[derive(Default)]
struct Place {
    buckets: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
}

/// What a histogram has seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Per bucket, not cumulated; the last one is beyond all bounds.
    pub buckets: [u64; BUCKETS],
    /// All durations, added up.
    pub sum: Duration,
}

impl Seen {
    /// Number of observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Place::default()).collect())
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        self.observe_many(duration, 1);
    }

    /// Counts a duration that stands for several.
    pub fn observe_many(&self, duration: Duration, count: u32) {
        // 584 years are enough for one observation, and for their sum.
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let place = &self.0[seat() % self.0.len()];
        let bucket = BOUNDS_NS.iter().position(|bound| ns <= *bound).unwrap_or(BOUNDS_NS.len());
        place.buckets[bucket].fetch_add(count.into(), Relaxed);
        place.sum_ns.fetch_add(ns.wrapping_mul(count.into()), Relaxed);
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut seen = Seen { buckets: [0; BUCKETS], sum: Duration::ZERO };
        for place in &*self.0 {
            for (total, bucket) in seen.buckets.iter_mut().zip(&place.buckets) {
                *total += bucket.load(Relaxed);
            }
            seen.sum += Duration::from_nanos(place.sum_ns.load(Relaxed));
        }
        seen
    }
}

/// A number of the calling thread; threads that start one after the other have numbers that follow each other.
fn seat() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SEAT: usize = NEXT.fetch_add(1, Relaxed);
    }
    SEAT.with(|seat| *seat)
}

impl fmt::Debug for Histogram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Histogram").field(&self.seen()).finish()
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let seen = self.seen();
        #[expect(clippy::cast_precision_loss, reason = "the bounds are small enough to be exact")]
        let bounds = BOUNDS_NS.iter().map(|bound| *bound as f64 / NS_PER_SECOND).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(seen.buckets).collect();
        encoder.encode_histogram::<NoLabelSet>(seen.sum.as_secs_f64(), seen.count(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_holds_it() {
        for (duration, bucket) in [
            (Duration::ZERO, 0),
            (Duration::from_micros(10), 0),
            (Duration::from_nanos(10_001), 1),
            (Duration::from_millis(1), 6),
            (Duration::from_secs(10), 18),
            (Duration::from_secs(11), 19),
            (Duration::MAX, 19),
        ] {
            let histogram = Histogram::default();
            histogram.observe(duration);
            let expected: Vec<u64> = (0..BUCKETS).map(|index| u64::from(index == bucket)).collect();
            assert_eq!(histogram.seen().buckets.as_slice(), expected, "{duration:?}");
        }
    }

    #[test]
    fn no_observation_of_any_thread_is_lost() {
        const THREADS: u64 = 40;
        const EACH: u64 = 500;
        let histogram = Histogram::default();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..EACH).for_each(|_| histogram.observe(Duration::from_micros(3))));
            }
        });
        let seen = histogram.seen();
        assert_eq!(seen.count(), THREADS * EACH);
        assert_eq!(seen.sum, Duration::from_micros(3 * THREADS * EACH));
    }
}
