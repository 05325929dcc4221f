//! What a delivery counts and measures; resolved once.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use super::Failure;
use crate::{
    metrics::{Histogram, Metrics, Timestamp},
    sink::SinkError,
};

/// The metrics of one sink.
#[derive(Debug)]
pub(super) struct Meters {
    healthy: Gauge,
    waiting: Gauge,
    /// Mapping a block.
    pub(super) mapping: Histogram,
    write: Histogram,
    records: Counter,
    bytes: Counter,
    checkpoint: Histogram,
    checkpoint_time: Timestamp,
    /// Records that are gone.
    pub(super) lost: Counter,
    unavailable: Counter,
    misconfigured: Counter,
    ledger: Counter,
    journal: Counter,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, sink: &str) -> Self {
        let error = |reason| metrics.sink_errors(sink, reason);
        let (records, bytes) = metrics.sink_written(sink);
        Self {
            healthy: metrics.sink_healthy(sink),
            waiting: metrics.sink_waiting(sink),
            mapping: metrics.mapping_duration(sink),
            write: metrics.sink_write_duration(sink),
            records,
            bytes,
            checkpoint: metrics.sink_checkpoint_duration(sink),
            checkpoint_time: metrics.sink_checkpoint_timestamp(sink),
            lost: metrics.records_lost(sink),
            unavailable: error("unavailable"),
            misconfigured: error("misconfigured"),
            ledger: error("ledger"),
            journal: error("journal"),
        }
    }

    pub(super) fn healthy(&self, healthy: bool) {
        self.healthy.set(healthy.into());
    }

    pub(super) fn waiting(&self, events: u64) {
        self.waiting.set(i64::try_from(events).unwrap_or(i64::MAX));
    }

    /// The sink has taken over the records of a block since `began`.
    pub(super) fn written(&self, began: Instant, records: usize, bytes: usize) {
        self.write.observe(began.elapsed());
        self.records.inc_by(records as u64);
        self.bytes.inc_by(bytes as u64);
    }

    /// The sink has committed its position, and has been about it since `began`.
    pub(super) fn committed(&self, began: Instant) {
        self.checkpoint.observe(began.elapsed());
        self.checkpoint_time.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }

    pub(super) fn failed(&self, failure: &Failure) {
        let counter = match failure {
            Failure::Sink(SinkError::Unavailable { .. }) => &self.unavailable,
            Failure::Sink(SinkError::Misconfigured { .. }) => &self.misconfigured,
            Failure::Sink(SinkError::Ledger(_)) => &self.ledger,
            Failure::Journal(_) => &self.journal,
        };
        counter.inc();
        self.healthy(false);
    }
}
