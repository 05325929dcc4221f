//! The journal thread: seals the open block at its pace and hands groups of blocks over.
//!
//! Only the append that finds the open block empty wakes it; then it waits its pace, so that many events share one
//! hand-over. Idle, it sleeps without limit.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Shared, intake::Work};

/// How long events in memory may wait for company before they are handed over.
const PACE_IN_MEMORY: Duration = Duration::from_millis(2);

pub(super) fn spawn(shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name("journal".into()).spawn(move || run(&shared))
}

fn run(shared: &Shared) {
    let mut due_at: Option<Instant> = None;
    loop {
        let due = due_at.is_some_and(|due_at| Instant::now() >= due_at);
        // Bound to a name so that the lock is free again before the arms run.
        let work = shared.intake().work(due);
        match work {
            Work::Group(blocks, since) => {
                due_at = None;
                let events: u64 = blocks.iter().map(|block| block.span().len()).sum();
                let metrics = &shared.settings.metrics;
                metrics.journal_events.inc_by(events);
                metrics.journal_blocks.inc_by(blocks.len() as u64);
                metrics.journal_block.inc_by(blocks.iter().map(|block| block.size() as u64).sum());
                shared.release(shared.ring.push(blocks));
                metrics.journal_handover_duration.observe(since.elapsed());
            }
            Work::Open => {
                let due_at = *due_at.get_or_insert_with(|| Instant::now() + PACE_IN_MEMORY);
                thread::park_timeout(due_at.saturating_duration_since(Instant::now()));
            }
            Work::Idle => {
                due_at = None;
                thread::park();
            }
            Work::Closed => break,
        }
    }
    shared.ring.close();
}
