//! What the journal holds and what became of the events, per sink and mapping.

use serde::Serialize;

use super::AdminState;
use crate::{
    checkpoint::{MappingTotals, Offset},
    delivery::{Health, Report, current::MappingInForce},
    journal::{self, Durability},
    listen::Phase,
};

/// The answer of `/status`.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    /// `open`, `leaving` or `closed`.
    listener: &'static str,
    requests_in_progress: usize,
    journal: JournalStatus,
    /// Since when which script and schema are in force.
    mappings: Vec<MappingInForce>,
    sinks: Vec<SinkStatus>,
}

#[derive(Debug, Serialize)]
struct JournalStatus {
    id: String,
    durability: &'static str,
    open: bool,
    /// Offset of the oldest event that can still be read, and of the next one.
    oldest: Offset,
    next: Offset,
    written: Offset,
    synced: Offset,
    events: u64,
    events_max: u64,
    bytes: u64,
    bytes_max: u64,
    disk_bytes: u64,
    disk_bytes_max: u64,
    segments: usize,
    /// If no sink moves on and events come as in the last minute.
    seconds_until_full: Option<f64>,
    /// Cursors of sinks that are not configured any more.
    orphans: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SinkStatus {
    name: String,
    /// `healthy`, `degraded`, `retrying` or `stopped`.
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Everything below is durable outside or accounted for in `mappings`.
    upto: Offset,
    /// Events that the journal has and this sink has not.
    waiting: u64,
    mappings: Vec<MappingTotals>,
}

pub(super) fn look(state: &AdminState) -> Status {
    // Sinks first: what they have is then never ahead of the journal's next offset.
    let reports: Vec<_> = state.deliveries.iter().map(|delivery| delivery.report()).collect();
    let journal = state.journal.status();
    Status {
        version: env!("CARGO_PKG_VERSION"),
        listener: match state.gate.phase() {
            Phase::Open => "open",
            Phase::Leaving | Phase::Parting => "leaving",
            Phase::Closed => "closed",
        },
        requests_in_progress: state.gate.inside(),
        sinks: reports.into_iter().map(|report| sink(report, journal.next)).collect(),
        journal: journal_status(&journal),
        mappings: state.mappings.get(),
    }
}

fn journal_status(status: &journal::Status) -> JournalStatus {
    JournalStatus {
        id: status.id.to_string(),
        durability: durability(status.durability),
        open: status.open,
        oldest: status.oldest,
        next: status.next,
        written: status.written,
        synced: status.synced,
        events: status.events,
        events_max: status.events_max,
        bytes: status.bytes,
        bytes_max: status.bytes_max,
        disk_bytes: status.disk_bytes,
        disk_bytes_max: status.disk_bytes_max,
        segments: status.segments,
        seconds_until_full: status.seconds_until_full,
        orphans: status.orphans.iter().map(|orphan| orphan.sink.to_string()).collect(),
    }
}

/// The durability as the configuration spells it.
pub(super) fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::None => "none",
        Durability::Flush => "flush",
        Durability::Fsync => "fsync",
    }
}

fn sink(report: Report, next: Offset) -> SinkStatus {
    let (health, reason) = match report.health {
        Health::Healthy => ("healthy", None),
        Health::Degraded(reason) => ("degraded", Some(reason)),
        Health::Retrying(reason) => ("retrying", Some(reason)),
        Health::Stopped(reason) => ("stopped", Some(reason)),
    };
    SinkStatus {
        name: report.sink.to_string(),
        health,
        reason,
        upto: report.upto,
        waiting: next.0.saturating_sub(report.upto.0),
        mappings: report.totals.mappings,
    }
}
