//! Every metric of the program, in one place, resolved to plain counters at start so that nothing is looked up per event.
//!
//! Names follow the Prometheus conventions: base units, `_total` on counters (added by the encoder). `docs/metrics.md`
//! lists them; a test compares it with [`Metrics::descriptions`].

mod catalogue;
mod histogram;
mod process;
mod stopwatch;
mod text;

use std::sync::{Arc, atomic::AtomicU64};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

use catalogue::{Catalogue, Labelled, declare};
use process::Process;

pub use catalogue::Description;
pub use histogram::{BOUNDS_NS, Histogram, Seen};
pub use stopwatch::Stopwatch;
pub use text::Format;

/// A gauge of seconds since the Unix epoch.
pub type Timestamp = Gauge<f64, AtomicU64>;

declare! {
    /// 1 for the durability in force
    durability: Gauge by ["level"];

    /// Connections open on the public listener
    pub connections: Gauge;
    /// Connections that may be open on the public listener; further ones wait in the kernel
    pub connections_limit: Gauge;
    /// Connections accepted on the public listener
    pub connections_accepted: Counter;
    /// Connections of the public listener that have ended, by reason
    connections_closed: Counter by ["reason"];
    /// Connections that the system could not give us: no descriptors or no memory
    pub accept_errors: Counter;

    /// Requests answered, by route and status
    requests: Counter by ["route", "status"];
    /// From the head of a request to its answer, by route
    request_duration: Histogram in Seconds by ["route"];
    /// Requests that are being answered
    pub requests_in_progress: Gauge;
    /// Requests refused before a route, by reason
    bad_requests: Counter by ["reason"];

    /// Events in the journal, by source
    events_accepted: Counter by ["source"];
    /// Of the accepted events those whose checksum is missing or wrong, by source
    events_corrupt: Counter by ["source"];
    /// Of the accepted events those that were seen before, by source
    events_duplicate: Counter by ["source"];
    /// Events left out by a source that answers as usual, by source and reason
    events_dropped: Counter by ["source", "reason"];
    /// Events answered with 503 or 413, by source and reason
    events_refused: Counter by ["source", "reason"];

    /// Events handed from intake to the readers
    pub journal_events: Counter;
    /// Blocks handed from intake to the readers
    pub journal_blocks: Counter;
    /// Bytes of the blocks handed from intake to the readers
    pub journal_block: Counter in Bytes;
    /// Writes and syncs of the journal that failed
    pub journal_errors: Counter;
    /// From the first event of a group of blocks to its hand-over to the readers
    pub journal_handover_duration: Histogram in Seconds;
    /// Writing a group of blocks to the journal's segment
    pub journal_write_duration: Histogram in Seconds;
    /// Syncing the journal's segment
    pub journal_sync_duration: Histogram in Seconds;
    /// What the last start took to look through the journal
    pub journal_recovery: Timestamp in Seconds;
    /// Segment files of the journal
    pub journal_segments: Gauge;
    /// Bytes of the journal's segment files
    pub journal_disk: Gauge in Bytes;
    /// Bytes that the journal's segment files may have
    pub journal_disk_limit: Gauge in Bytes;
    /// Until the journal is full if no sink moves on and events come as in the last minute; infinite while none come
    pub journal_until_full: Timestamp in Seconds;
    /// 1 while the journal takes no events because of its disk or for want of room
    pub journal_refusing: Gauge;
    /// Events dropped for a sink to make room, by sink
    journal_given_up_events: Counter by ["sink"];
    /// Cursors of sinks that are not configured any more
    pub journal_orphans: Gauge;
    /// Events that the journal holds because a sink has yet to make them durable
    pub journal_held_events: Gauge;
    /// Events that the journal may hold
    pub journal_held_limit_events: Gauge;
    /// Bytes that the journal holds in memory
    pub journal_held: Gauge in Bytes;
    /// Bytes that the journal may hold in memory
    pub journal_held_limit: Gauge in Bytes;

    /// Events by mapping, sink and what became of them
    mapping_events: Counter by ["mapping", "sink", "outcome"];
    /// Dead letters, by mapping, sink and reason
    dead_letters: Counter by ["mapping", "sink", "reason"];
    /// Attempts to take up what was exchanged on disk, by what it was and what came of it: `done`, `refused` or `unchanged`
    reloads: Counter by ["what", "result"];
    /// Bytes of the files of dead letters, by sink
    dead_letters_disk: Gauge in Bytes by ["sink"];
    /// Bytes that the files of dead letters may have; then the oldest go
    dead_letters_disk_limit: Gauge in Bytes by ["sink"];
    /// Dead letters that are gone because there were too many, by sink
    dead_letters_removed: Counter by ["sink"];
    /// Mapping one block to the records of a sink
    mapping_duration: Histogram in Seconds by ["sink"];

    /// Records taken over by a sink; those that it takes again after a failure count again
    sink_written_records: Counter by ["sink"];
    /// Bytes of the records taken over by a sink
    sink_written: Counter in Bytes by ["sink"];
    /// Handing the records of one block over to a sink
    sink_write_duration: Histogram in Seconds by ["sink"];
    /// Making records durable and committing the sink's position
    sink_checkpoint_duration: Histogram in Seconds by ["sink"];
    /// When a sink last committed its position, since the Unix epoch
    sink_checkpoint_timestamp: Timestamp in Seconds by ["sink"];
    /// Events that the sink has yet to make durable
    sink_waiting_events: Gauge by ["sink"];
    /// 1 while the sink takes records
    sink_healthy: Gauge by ["sink"];
    /// Failures of a sink, each followed by another attempt unless it is misconfigured, by reason
    sink_errors: Counter by ["sink", "reason"];
    /// Records that were durable outside and are gone, by sink
    records_lost: Counter by ["sink"];

    /// Writing a block to an open file and syncing it
    file_sync_duration: Histogram in Seconds by ["sink"];
    /// Files published, by sink
    files_published: Counter by ["sink"];
    /// Records in published files, by sink
    published_records: Counter by ["sink"];
    /// Bytes of published files, by sink
    published: Counter in Bytes by ["sink"];
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// What each metric is, in the order of the exposition.
    #[must_use]
    pub fn descriptions(&self) -> &[Description] {
        &self.descriptions
    }

    /// The exposition.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        format.write(text)
    }

    /// 1 for the durability in force.
    #[must_use]
    pub fn durability(&self, level: &str) -> Gauge {
        self.durability.at([level])
    }

    /// Connections that have ended, by reason.
    #[must_use]
    pub fn connections_closed(&self, reason: &'static str) -> Counter {
        self.connections_closed.at([reason])
    }

    /// Requests answered on a route (`pixel`, `json`, `script`, `ping`, `static`, `none`) with a status.
    #[must_use]
    pub fn requests(&self, route: &str, status: u16) -> Counter {
        self.requests.at([route, &status.to_string()])
    }

    /// How long requests on a route take, from their head to their answer.
    #[must_use]
    pub fn request_duration(&self, route: &str) -> Histogram {
        self.request_duration.at([route])
    }

    /// Requests refused before they reached a route, by reason.
    #[must_use]
    pub fn bad_requests(&self, reason: &'static str) -> Counter {
        self.bad_requests.at([reason])
    }

    /// Events accepted by a source.
    #[must_use]
    pub fn events_accepted(&self, source: &str) -> Counter {
        self.events_accepted.at([source])
    }

    /// Of these the corrupt ones.
    #[must_use]
    pub fn events_corrupt(&self, source: &str) -> Counter {
        self.events_corrupt.at([source])
    }

    /// Of these the duplicates.
    #[must_use]
    pub fn events_duplicate(&self, source: &str) -> Counter {
        self.events_duplicate.at([source])
    }

    /// Events that a source left out without an error status, by reason.
    #[must_use]
    pub fn dropped(&self, source: &str, reason: &'static str) -> Counter {
        self.events_dropped.at([source, reason])
    }

    /// Events that the journal refused, by reason.
    #[must_use]
    pub fn refused(&self, source: &str, reason: &'static str) -> Counter {
        self.events_refused.at([source, reason])
    }

    /// Attempts to take up what was exchanged on disk, by what it was and by `done`, `refused` or `unchanged`.
    #[must_use]
    pub fn reloads(&self, what: &'static str, result: &'static str) -> Counter {
        self.reloads.at([what, result])
    }

    /// Events dropped for a sink to make room.
    #[must_use]
    pub fn journal_given_up(&self, sink: &str) -> Counter {
        self.journal_given_up_events.at([sink])
    }

    /// Outcomes of a mapping in a sink; see [`crate::checkpoint::Outcomes`] for the names.
    #[must_use]
    pub fn outcomes(&self, mapping: &str, sink: &str, outcome: &'static str) -> Counter {
        self.mapping_events.at([mapping, sink, outcome])
    }

    /// Dead letters of a mapping in a sink by reason.
    #[must_use]
    pub fn dead(&self, mapping: &str, sink: &str, reason: &str) -> Counter {
        self.dead_letters.at([mapping, sink, reason])
    }

    /// How long it takes to map a block for a sink.
    #[must_use]
    pub fn mapping_duration(&self, sink: &str) -> Histogram {
        self.mapping_duration.at([sink])
    }

    /// Records taken over by a sink, and their bytes.
    #[must_use]
    pub fn sink_written(&self, sink: &str) -> (Counter, Counter) {
        (self.sink_written_records.at([sink]), self.sink_written.at([sink]))
    }

    /// How long a sink takes to take over the records of a block.
    #[must_use]
    pub fn sink_write_duration(&self, sink: &str) -> Histogram {
        self.sink_write_duration.at([sink])
    }

    /// How long a sink takes to make records durable and to commit its position.
    #[must_use]
    pub fn sink_checkpoint_duration(&self, sink: &str) -> Histogram {
        self.sink_checkpoint_duration.at([sink])
    }

    /// When a sink last committed its position.
    #[must_use]
    pub fn sink_checkpoint_timestamp(&self, sink: &str) -> Timestamp {
        self.sink_checkpoint_timestamp.at([sink])
    }

    /// Failures of a sink by reason: `unavailable`, `misconfigured`, `ledger` or `journal`.
    #[must_use]
    pub fn sink_errors(&self, sink: &str, reason: &'static str) -> Counter {
        self.sink_errors.at([sink, reason])
    }

    /// 1 while the sink takes records.
    #[must_use]
    pub fn sink_healthy(&self, sink: &str) -> Gauge {
        self.sink_healthy.at([sink])
    }

    /// Events that the sink has yet to make durable.
    #[must_use]
    pub fn sink_waiting(&self, sink: &str) -> Gauge {
        self.sink_waiting_events.at([sink])
    }

    /// Records that were durable outside and are gone.
    #[must_use]
    pub fn records_lost(&self, sink: &str) -> Counter {
        self.records_lost.at([sink])
    }

    /// Bytes of a sink's files of dead letters, how many they may have, and letters that are gone for want of room.
    #[must_use]
    pub fn dead_letter_files(&self, sink: &str) -> (Gauge, Gauge, Counter) {
        let limit = self.dead_letters_disk_limit.at([sink]);
        (self.dead_letters_disk.at([sink]), limit, self.dead_letters_removed.at([sink]))
    }

    /// How long a sink takes to write a block to a file and to sync it.
    #[must_use]
    pub fn file_sync_duration(&self, sink: &str) -> Histogram {
        self.file_sync_duration.at([sink])
    }

    /// Files published by a sink.
    #[must_use]
    pub fn files_published(&self, sink: &str) -> Counter {
        self.files_published.at([sink])
    }

    /// Records in the files published by a sink, and their bytes.
    #[must_use]
    pub fn published(&self, sink: &str) -> (Counter, Counter) {
        (self.published_records.at([sink]), self.published.at([sink]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_unit_and_kind() {
        let metrics = Metrics::new();
        metrics.request_duration("pixel").observe(std::time::Duration::from_millis(2));
        metrics.sink_written("s").1.inc_by(7);
        metrics.sink_checkpoint_timestamp("s").set(1.5);
        metrics.journal_held.set(9);
        let text = metrics.render(Format::Prometheus);
        for line in [
            "# TYPE headwater_request_duration_seconds histogram",
            "headwater_request_duration_seconds_bucket{le=\"0.001\",route=\"pixel\"} 0",
            "headwater_request_duration_seconds_bucket{le=\"0.0025\",route=\"pixel\"} 1",
            "headwater_request_duration_seconds_bucket{le=\"+Inf\",route=\"pixel\"} 1",
            "headwater_request_duration_seconds_sum{route=\"pixel\"} 0.002",
            "headwater_request_duration_seconds_count{route=\"pixel\"} 1",
            "# HELP headwater_sink_written_bytes_total Bytes of the records taken over by a sink.",
            "headwater_sink_written_bytes_total{sink=\"s\"} 7",
            "headwater_sink_checkpoint_timestamp_seconds{sink=\"s\"} 1.5",
            "headwater_journal_held_bytes 9",
        ] {
            assert!(text.lines().any(|found| found == line), "no {line}\n{text}");
        }
        assert!(metrics.render(Format::OpenMetrics).ends_with("\n# EOF\n"));
    }

    #[test]
    fn descriptions_are_unique_and_complete() {
        let metrics = Metrics::new();
        let mut names: Vec<_> = metrics.descriptions().iter().map(|metric| metric.name.as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for metric in metrics.descriptions() {
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{metric:?}");
            assert_eq!(metric.name.ends_with("_total"), metric.kind == "counter", "{metric:?}");
        }
        // Metrics without labels are there from the start.
        let text = metrics.render(Format::Prometheus);
        for metric in metrics.descriptions().iter().filter(|metric| metric.labels.is_empty()) {
            assert!(text.contains(&format!("# TYPE {} {}\n", metric.name, metric.kind)), "{metric:?}\n{text}");
        }
    }
}
