//! `/metrics`: what was counted, and what is looked up only when somebody asks.

use http::{HeaderMap, StatusCode, header::ACCEPT};

use super::{AdminState, Page};
use crate::metrics::Format;

/// The page in the format that the request asks for.
pub(super) fn page(state: &AdminState, headers: &HeaderMap) -> Page {
    look(state);
    let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::accepted(&accept.join(","));
    Page::new(StatusCode::OK, format.content_type(), state.metrics.render(format))
}

/// Sets what nobody counts.
fn look(state: &AdminState) {
    let (metrics, journal) = (&state.metrics, state.journal.status());
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    metrics.requests_in_progress.set(number(state.gate.inside() as u64));
    metrics.journal_held_events.set(number(journal.events));
    metrics.journal_held_limit_events.set(number(journal.events_max));
    metrics.journal_held.set(number(journal.bytes));
    metrics.journal_held_limit.set(number(journal.bytes_max));
    metrics.journal_segments.set(number(journal.segments as u64));
    metrics.journal_disk.set(number(journal.disk_bytes));
    metrics.journal_disk_limit.set(number(journal.disk_bytes_max));
    metrics.journal_until_full.set(journal.seconds_until_full.unwrap_or(f64::INFINITY));
    metrics.journal_refusing.set(i64::from(journal.sick.is_some() || journal.no_room.is_some()));
    metrics.journal_orphans.set(number(journal.orphans.len() as u64));
    metrics.durability(super::status::durability(journal.durability)).set(1);
}
