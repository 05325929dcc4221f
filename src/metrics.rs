//! Every metric of the program, in one place, resolved to plain counters at start so that nothing is looked up per event.
//!
//! Names follow the Prometheus conventions: base units, `_total` on counters (added by the encoder).

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// Label set of a family: fixed names, values known at start or from a closed list.
type Labels<const N: usize> = [(&'static str, String); N];

/// All metrics; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: std::sync::Arc<Registry>,
    requests: Family<Labels<2>, Counter>,
    events: Family<Labels<2>, Counter>,
    dropped: Family<Labels<2>, Counter>,
    refused: Family<Labels<2>, Counter>,
    bad_requests: Family<Labels<1>, Counter>,
    outcomes: Family<Labels<3>, Counter>,
    dead: Family<Labels<3>, Counter>,
    sink_errors: Family<Labels<1>, Counter>,
    sink_healthy: Family<Labels<1>, Gauge>,
    sink_waiting: Family<Labels<1>, Gauge>,
    files_published: Family<Labels<1>, Counter>,
    files_synced: Family<Labels<1>, Counter>,
    records_lost: Family<Labels<1>, Counter>,
    /// Connections open on the public listener.
    pub connections: Gauge,
    /// Connections accepted on the public listener.
    pub connections_accepted: Counter,
    /// Bytes that the journal holds in memory.
    pub journal_bytes: Gauge,
    /// Events handed to readers.
    pub journal_events: Counter,
    /// Blocks handed to readers.
    pub journal_blocks: Counter,
    /// Writes and syncs of the journal that failed.
    pub journal_errors: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("headwater");
        macro_rules! metric {
            ($kind:ty, $name:literal, $help:literal) => {{
                let metric = <$kind>::default();
                registry.register($name, $help, metric.clone());
                metric
            }};
        }
        let requests = metric!(Family<Labels<2>, Counter>, "requests", "Requests answered, by route and status");
        let events =
            metric!(Family<Labels<2>, Counter>, "events_accepted", "Events in the journal, by source and flag");
        let dropped =
            metric!(Family<Labels<2>, Counter>, "events_dropped", "Events left out by a source, by source and reason");
        let refused = metric!(
            Family<Labels<2>, Counter>,
            "events_refused",
            "Events answered with 503 or 413, by source and reason"
        );
        let bad_requests =
            metric!(Family<Labels<1>, Counter>, "bad_requests", "Requests refused before a route, by reason");
        let outcomes =
            metric!(Family<Labels<3>, Counter>, "mapping_events", "Events by mapping, sink and what became of them");
        let dead = metric!(Family<Labels<3>, Counter>, "dead_letters", "Dead letters, by mapping, sink and reason");
        let sink_errors =
            metric!(Family<Labels<1>, Counter>, "sink_errors", "Failures of a sink, each followed by a rewind");
        let sink_healthy = metric!(Family<Labels<1>, Gauge>, "sink_healthy", "1 while the sink takes records");
        let sink_waiting =
            metric!(Family<Labels<1>, Gauge>, "sink_waiting_events", "Events that the sink has yet to make durable");
        let files_published = metric!(Family<Labels<1>, Counter>, "files_published", "Files published, by sink");
        let files_synced = metric!(Family<Labels<1>, Counter>, "files_synced", "Syncs of open files, by sink");
        let records_lost = metric!(
            Family<Labels<1>, Counter>,
            "records_lost",
            "Records that were durable outside and are gone, by sink"
        );
        let connections = metric!(Gauge, "connections", "Connections open on the public listener");
        let connections_accepted =
            metric!(Counter, "connections_accepted", "Connections accepted on the public listener");
        let journal_bytes = metric!(Gauge, "journal_memory_bytes", "Bytes that the journal holds in memory");
        let journal_events = metric!(Counter, "journal_events", "Events handed from intake to the readers");
        let journal_errors = metric!(Counter, "journal_errors", "Writes and syncs of the journal that failed");
        let journal_blocks = metric!(Counter, "journal_blocks", "Blocks handed from intake to the readers");
        Self {
            registry: registry.into(),
            requests,
            events,
            dropped,
            refused,
            bad_requests,
            outcomes,
            dead,
            sink_errors,
            sink_healthy,
            sink_waiting,
            files_published,
            files_synced,
            records_lost,
            connections,
            connections_accepted,
            journal_bytes,
            journal_events,
            journal_blocks,
            journal_errors,
        }
    }

    /// The exposition in Prometheus text format (`OpenMetrics` 1.0).
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// Requests answered on a route (`pixel`, `json`, `script`, `ping`, `static`, `none`) with a status.
    #[must_use]
    pub fn requests(&self, route: &str, status: u16) -> Counter {
        self.requests.get_or_create_owned(&[("route", route.into()), ("status", status.to_string())])
    }

    /// Events accepted by a source; `flag` is `all`, `corrupt` or `duplicate`.
    #[must_use]
    pub fn events(&self, source: &str, flag: &'static str) -> Counter {
        self.events.get_or_create_owned(&[("source", source.into()), ("flag", flag.into())])
    }

    /// Events that a source left out without an error status, by reason.
    #[must_use]
    pub fn dropped(&self, source: &str, reason: &'static str) -> Counter {
        self.dropped.get_or_create_owned(&[("source", source.into()), ("reason", reason.into())])
    }

    /// Events that the journal refused, by reason.
    #[must_use]
    pub fn refused(&self, source: &str, reason: &'static str) -> Counter {
        self.refused.get_or_create_owned(&[("source", source.into()), ("reason", reason.into())])
    }

    /// Requests refused before they reached a route, by reason.
    #[must_use]
    pub fn bad_requests(&self, reason: &'static str) -> Counter {
        self.bad_requests.get_or_create_owned(&[("reason", reason.into())])
    }

    /// Outcomes of a mapping in a sink; see [`crate::checkpoint::Outcomes`] for the names.
    #[must_use]
    pub fn outcomes(&self, mapping: &str, sink: &str, outcome: &'static str) -> Counter {
        self.outcomes.get_or_create_owned(&[
            ("mapping", mapping.into()),
            ("sink", sink.into()),
            ("outcome", outcome.into()),
        ])
    }

    /// Dead letters of a mapping in a sink by reason.
    #[must_use]
    pub fn dead(&self, mapping: &str, sink: &str, reason: &str) -> Counter {
        self.dead.get_or_create_owned(&[("mapping", mapping.into()), ("sink", sink.into()), ("reason", reason.into())])
    }

    /// Failures of a sink.
    #[must_use]
    pub fn sink_errors(&self, sink: &str) -> Counter {
        self.sink_errors.get_or_create_owned(&[("sink", sink.into())])
    }

    /// 1 while the sink takes records.
    #[must_use]
    pub fn sink_healthy(&self, sink: &str) -> Gauge {
        self.sink_healthy.get_or_create_owned(&[("sink", sink.into())])
    }

    /// Events that the sink has yet to make durable.
    #[must_use]
    pub fn sink_waiting(&self, sink: &str) -> Gauge {
        self.sink_waiting.get_or_create_owned(&[("sink", sink.into())])
    }

    /// Files published by a sink.
    #[must_use]
    pub fn files_published(&self, sink: &str) -> Counter {
        self.files_published.get_or_create_owned(&[("sink", sink.into())])
    }

    /// Syncs of open files of a sink.
    #[must_use]
    pub fn files_synced(&self, sink: &str) -> Counter {
        self.files_synced.get_or_create_owned(&[("sink", sink.into())])
    }

    /// Records that were durable outside and are gone.
    #[must_use]
    pub fn records_lost(&self, sink: &str) -> Counter {
        self.records_lost.get_or_create_owned(&[("sink", sink.into())])
    }
}
