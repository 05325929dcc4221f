//! What counting a request costs: the stopwatch, the histogram, the counter of its status, alone and beside another
//! thread that does the same.

use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use headwater::metrics::{Histogram, Metrics, Stopwatch};

fn main() {
    divan::main();
}

/// Everything that is measured and counted about one request, when many come.
#[divan::bench(threads = [1, 2], sample_size = 1_000_000, sample_count = 40)]
fn request(bencher: Bencher) {
    let metrics = Metrics::new();
    let (histogram, counter) = (metrics.request_duration("pixel"), metrics.requests("pixel", 200));
    bencher.bench(|| {
        let stopwatch = Stopwatch::start();
        counter.inc();
        black_box(stopwatch).stop(&histogram);
    });
}

/// The same when every request is measured.
#[divan::bench(threads = [1, 2], sample_size = 100_000, sample_count = 50)]
fn request_measured(bencher: Bencher) {
    let metrics = Metrics::new();
    let (histogram, counter) = (metrics.request_duration("pixel"), metrics.requests("pixel", 200));
    bencher.bench(|| {
        let start = Instant::now();
        counter.inc();
        histogram.observe(black_box(start).elapsed());
    });
}

/// Of that: the clock, read twice.
#[divan::bench(threads = [1, 2], sample_size = 100_000, sample_count = 50)]
fn clock() -> Duration {
    black_box(Instant::now()).elapsed()
}

/// Of that: the histogram.
#[divan::bench(threads = [1, 2], sample_size = 100_000, sample_count = 50)]
fn observe(bencher: Bencher) {
    let histogram = Histogram::default();
    bencher.bench(|| histogram.observe(black_box(Duration::from_micros(12))));
}

/// The same by the histogram of the metrics library, which takes a mutex.
#[divan::bench(threads = [1, 2], sample_size = 100_000, sample_count = 50)]
fn observe_with_mutex(bencher: Bencher) {
    let bounds = headwater::metrics::BOUNDS_NS.map(|bound| Duration::from_nanos(bound).as_secs_f64());
    let histogram = prometheus_client::metrics::histogram::Histogram::new(bounds);
    bencher.bench(|| histogram.observe(black_box(12e-6)));
}

/// A counter, shared by all threads.
#[divan::bench(threads = [1, 2], sample_size = 100_000, sample_count = 50)]
fn count(bencher: Bencher) {
    let counter = Metrics::new().requests("pixel", 200);
    bencher.bench(|| counter.inc());
}
