//! Counters of a route, found once.

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;

use crate::metrics::Metrics;

/// The counters of one route, by status.
#[derive(Debug)]
pub(super) struct RouteCounters {
    counters: Vec<(StatusCode, Counter)>,
    /// Statuses that nobody expected.
    other: Counter,
}

impl RouteCounters {
    /// The counters of `route`; the most frequent status comes first.
    pub(super) fn new(metrics: &Metrics, route: &str, statuses: &[StatusCode]) -> Self {
        let counters = statuses.iter().map(|status| (*status, metrics.requests(route, status.as_u16()))).collect();
        Self { counters, other: metrics.requests(route, 0) }
    }

    /// Counts a response.
    pub(super) fn count(&self, status: StatusCode) {
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
        counters.count(StatusCode::OK);
        counters.count(StatusCode::OK);
        counters.count(StatusCode::BAD_REQUEST);
        counters.count(StatusCode::IM_A_TEAPOT);
        for (status, expected) in [(200, 2), (400, 1), (0, 1)] {
            assert_eq!(metrics.requests("pixel", status).get(), expected, "{status}");
        }
    }
}
