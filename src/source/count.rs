//! Counters of a route, found once.

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;

use crate::metrics::{Histogram, Metrics, Stopwatch};

/// The counters of one route, by status, and how long its answers take.
#[derive(Debug)]
pub(super) struct RouteCounters {
    duration: Histogram,
    counters: Vec<(StatusCode, Counter)>,
    /// Statuses that nobody expected.
    other: Counter,
}

impl RouteCounters {
    /// The counters of `route`; the most frequent status comes first.
    pub(super) fn new(metrics: &Metrics, route: &str, statuses: &[StatusCode]) -> Self {
        let counters = statuses.iter().map(|status| (*status, metrics.requests(route, status.as_u16()))).collect();
        Self { duration: metrics.request_duration(route), counters, other: metrics.requests(route, 0) }
    }

    /// Counts a response to a request that `stopwatch` measures.
    pub(super) fn count(&self, status: StatusCode, stopwatch: Stopwatch) {
        stopwatch.stop(&self.duration);
        let found = self.counters.iter().find(|(counted, _)| *counted == status);
        found.map_or(&self.other, |(_, counter)| counter).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_counter_and_unexpected_ones_share_one() {
        let metrics = Metrics::new();
        let counters = RouteCounters::new(&metrics, "pixel", &[StatusCode::OK, StatusCode::BAD_REQUEST]);
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::IM_A_TEAPOT] {
            counters.count(status, Stopwatch::start());
        }
        for (status, expected) in [(200, 2), (400, 1), (0, 1)] {
            assert_eq!(metrics.requests("pixel", status).get(), expected, "{status}");
        }
        assert_eq!(metrics.request_duration("pixel").seen().count(), 4);
    }
}
