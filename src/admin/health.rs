//! Whether events are taken and delivered, and what is sick if not.

use std::time::Instant;

use serde::Serialize;

use super::AdminState;
use crate::{delivery::Health as SinkHealth, journal::Durability, listen::Phase};

/// The answer of `/health/ready`.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    /// Whether everything works.
    pub(super) ready: bool,
    /// What does not.
    sick: Vec<Complaint>,
    /// What works but is not as it should be.
    degraded: Vec<Complaint>,
}

#[derive(Debug, Serialize)]
struct Complaint {
    /// `server`, `journal` or `sink <name>`.
    part: String,
    /// Since when it is so is in the log; this is why.
    reason: String,
}

pub(super) fn look(state: &AdminState) -> Health {
    let complaint = |part: &str, reason: &str| Complaint { part: part.to_owned(), reason: reason.to_owned() };
    let (mut sick, mut degraded) = (Vec::new(), Vec::new());
    if state.gate.phase() != Phase::Open {
        sick.push(complaint("server", "shutting down"));
    }
    let journal = state.journal.status();
    if !journal.open {
        sick.push(complaint("journal", "closed"));
    } else if let Some(reason) = &journal.sick {
        sick.push(complaint("journal", &format!("events are refused until the disk works again: {reason}")));
    } else if let Some(reason) = &journal.no_room {
        sick.push(complaint("journal", &format!("events are refused as soon as this segment is full: {reason}")));
    } else if journal.durability != Durability::None {
        // What waits in memory is on the disk as well, so it never stops anything.
    } else if journal.bytes >= journal.bytes_max || journal.events >= journal.events_max {
        sick.push(complaint("journal", "full: events are refused until a sink has taken some"));
    }
    if journal.durability != Durability::None && journal.disk_bytes >= journal.disk_bytes_max / 5 * 4 {
        let (bytes, most) = (journal.disk_bytes, journal.disk_bytes_max);
        degraded.push(complaint("journal", &format!("more than 80 % full: {bytes} of {most} bytes")));
    }
    for orphan in &journal.orphans {
        let reason = format!("the cursor of `{}` belongs to no sink; see `headwater journal cursor`", orphan.sink);
        degraded.push(complaint("journal", &reason));
    }
    for delivery in &state.deliveries {
        let report = delivery.report();
        let part = format!("sink {}", report.sink);
        if let Some(silence) = delivery.hangs_for(Instant::now()) {
            sick.push(Complaint { part, reason: format!("its disk has not answered for {} s", silence.as_secs()) });
            continue;
        }
        match report.health {
            SinkHealth::Healthy => {}
            SinkHealth::Degraded(reason) => degraded.push(Complaint { part, reason }),
            SinkHealth::Retrying(reason) => sick.push(Complaint { part, reason: format!("tried again: {reason}") }),
            SinkHealth::Stopped(reason) => sick.push(Complaint { part, reason: format!("stopped: {reason}") }),
        }
    }
    Health { ready: sick.is_empty(), sick, degraded }
}
