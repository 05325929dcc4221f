//! One delivery per sink, on a thread of its own: read, map, write, checkpoint.
//!
//! Knows when, not how: what is durable where is the sink's business. There is one way to recover: after any failure
//! the delivery waits, lets the sink `resume` from the last committed checkpoint, and reads the journal again from
//! there.
//!
//! Invariant: the ledger has a block before the sink has its records.
//! Invariant: the sink is asked for a checkpoint after every block and at least every [`TICK`].

pub mod current;
pub mod live;
mod meters;
mod retry;
mod status;
#[cfg(test)]
mod tests;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{
    checkpoint::{Offset, Span},
    journal::{Block, GapReason, ReadBlocks, ReadError, Reader},
    metrics::Metrics,
    record::chunk::RecordChunk,
    sink::{Ledger, LedgerError, Sink, SinkError, Tick},
    util::backoff::Backoff,
};

use meters::Meters;
use retry::Deadline;

pub use current::{CurrentMappings, Map, Program};
pub use retry::backoff;
pub use status::{DeliveryStatus, Health, Report};

/// The sink is asked for a checkpoint at least this often, traffic or not.
pub const TICK: Duration = Duration::from_millis(250);

/// Room is made only when this sink holds at least one in so many of the events that wait: a sink that is behind would
/// otherwise sync after each block, and fall behind further.
const ROOM_SHARE: u64 = 8;

/// Room is made when the ledger keeps so many bytes of blocks in memory: a sink that catches up reads in a second what
/// the journal has taken in a minute, and not even the ring has that.
const UNFINISHED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a delivery is made of. `map` fills the chunk with what the sink's mappings make of a block.
#[derive(Debug)]
pub struct Parts<S, M, R = Reader> {
    /// The backend.
    pub sink: S,
    /// Its dead letters, totals and cursor.
    pub ledger: Ledger,
    /// A reader of the journal, or of what is read instead; where it stands does not matter.
    pub reader: R,
    /// The mapping step; see [`Program`].
    pub map: M,
    /// All metrics.
    pub metrics: Metrics,
    /// How a failed sink is tried again; see [`backoff`].
    pub backoff: Backoff,
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The journal is closed, and everything in it is outside and accounted for.
    Drained,
    /// The time was over; so many events are in the journal only.
    GaveUp {
        /// Number of events.
        events: u64,
    },
    /// The delivery could not go on; its health says why.
    Stopped,
}

/// A running delivery. Join it before the runtime is dropped, and never from one of the runtime's own threads.
#[derive(Debug)]
pub struct DeliveryHandle {
    /// How it is doing.
    pub status: Arc<DeliveryStatus>,
    deadline: watch::Sender<Option<Instant>>,
    thread: JoinHandle<Ending>,
}

impl DeliveryHandle {
    /// Tells the delivery to be done by `deadline`. The journal has to be closed as well.
    pub fn drain_by(&self, deadline: Instant) {
        self.deadline.send_replace(Some(deadline));
    }

    /// Whether it has come to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end. Blocks.
    #[must_use]
    pub fn join(self) -> Ending {
        self.thread.join().unwrap_or(Ending::Stopped)
    }
}

/// Starts a delivery on a thread of its own.
///
/// # Errors
/// The thread cannot be started.
pub fn spawn<S, M, R>(parts: Parts<S, M, R>, runtime: &Handle) -> io::Result<DeliveryHandle>
where
    S: Sink + Send + 'static,
    M: Map + Send + 'static,
    R: ReadBlocks + Send + 'static,
{
    let (deadline, receiver) = watch::channel(None);
    let mut delivery = Delivery::new(parts, receiver);
    let status = Arc::clone(&delivery.status);
    let runtime = runtime.clone();
    let name = format!("deliver {}", status.report().sink);
    let thread = thread::Builder::new().name(name).spawn(move || {
        let status = Arc::clone(&delivery.status);
        catch_unwind(AssertUnwindSafe(|| runtime.block_on(delivery.run()))).unwrap_or_else(|_| {
            let sink = status.report().sink;
            tracing::error!(%sink, "delivery stopped: a defect of this program");
            status.update(|report| report.health = Health::Stopped("a defect of this program".into()));
            Ending::Stopped
        })
    })?;
    Ok(DeliveryHandle { status, deadline, thread })
}

/// Why a delivery has to rewind or stop.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("the journal cannot be read: {0}")]
    Journal(io::Error),
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Sink(error.into())
    }
}

struct Delivery<S, M, R = Reader> {
    parts: Parts<S, M, R>,
    chunk: RecordChunk,
    status: Arc<DeliveryStatus>,
    deadline: Deadline,
    /// Where the sink stood when it began to fail.
    failing: Option<Offset>,
    meters: Meters,
}

impl<S, M, R> Delivery<S, M, R>
where
    S: Sink,
    M: Map,
    R: ReadBlocks,
{
    fn new(parts: Parts<S, M, R>, deadline: watch::Receiver<Option<Instant>>) -> Self {
        let sink = parts.ledger.sink().clone();
        let meters = Meters::new(&parts.metrics, sink.as_str());
        meters.healthy(true);
        Self {
            parts,
            chunk: RecordChunk::default(),
            status: Arc::new(DeliveryStatus::new(sink)),
            deadline: Deadline::new(deadline),
            failing: None,
            meters,
        }
    }

    async fn run(&mut self) -> Ending {
        loop {
            let failure = match self.deliver().await {
                Ok(ending) => return ending,
                Err(failure) => failure,
            };
            self.meters.failed(&failure);
            if let Failure::Sink(error @ SinkError::Misconfigured { .. }) = &failure {
                return self.stopped(error);
            }
            let wait = self.failed(&failure);
            if !self.deadline.pause(wait).await {
                return self.give_up();
            }
        }
    }

    /// Goes on from the last checkpoint until everything is delivered, the time is over or something fails.
    async fn deliver(&mut self) -> Result<Ending, Failure> {
        self.resume().await?;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.deadline.passed() => return Ok(self.give_up()),
                _ = ticks.tick() => self.checkpoint(Tick::Time).await?,
                next = self.parts.reader.next() => match next {
                    Ok(block) => self.block(&block).await?,
                    Err(ReadError::Gap { missing, reason }) => self.gap(missing, reason),
                    Err(ReadError::Io(error)) => return Err(Failure::Journal(error)),
                    Err(ReadError::Closed) => {
                        self.checkpoint(Tick::Stop).await?;
                        return Ok(Ending::Drained);
                    }
                },
            }
        }
    }

    /// Goes back to the last checkpoint.
    async fn resume(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        self.parts.ledger.ascertain()?;
        let last = self.parts.ledger.last().clone();
        let resumed = self.parts.sink.resume(&last).await;
        self.note_losses();
        let resumed = resumed?;
        let upto = resumed.upto;
        self.parts.ledger.adopt(resumed)?;
        self.meters.committed(began);
        self.parts.reader.seek(upto);
        self.report();
        // What a former process left to do is done before anything else.
        self.checkpoint(Tick::Time).await
    }

    async fn block(&mut self, block: &Arc<Block>) -> Result<(), Failure> {
        let Parts { sink, ledger, map, .. } = &mut self.parts;
        if let Some(schema) = map.renew(block.span().first) {
            sink.change(&schema, ledger).await?;
        }
        let began = Instant::now();
        map.map(block, &mut self.chunk);
        let mapped = Instant::now();
        self.meters.mapping.observe(mapped - began);
        ledger.take(&mut self.chunk);
        let written = sink.write(&self.chunk).await;
        // The block must not stay in memory for as long as the site is quiet.
        self.chunk.block = None;
        written?;
        self.meters.written(mapped, self.chunk.records.len(), self.chunk.bytes.len());
        self.checkpoint(Tick::Written).await?;
        if self.needs_room() {
            self.checkpoint(Tick::Room).await?;
        }
        Ok(())
    }

    fn needs_room(&self) -> bool {
        if self.parts.ledger.bytes() >= UNFINISHED_BYTES_MAX {
            return true;
        }
        let held = self.parts.ledger.held();
        let unfinished = self.parts.reader.position().0.saturating_sub(self.parts.ledger.last().upto.0);
        held.half && unfinished.saturating_mul(ROOM_SHARE) >= held.events
    }

    fn gap(&mut self, missing: Span, reason: GapReason) {
        let sink = self.parts.ledger.sink();
        tracing::warn!(%sink, %missing, %reason, "events are missing in the journal");
        if reason.is_loss() {
            self.status.degrade(format!("events {missing} are missing: {reason}"));
        }
        self.parts.ledger.gap(missing, reason);
    }

    async fn checkpoint(&mut self, why: Tick) -> Result<(), Failure> {
        let (began, commits) = (Instant::now(), self.parts.ledger.commits());
        let done = self.parts.sink.checkpoint(why, &mut self.parts.ledger).await;
        self.note_losses();
        done?;
        if self.parts.ledger.commits() > commits {
            self.meters.committed(began);
        }
        self.report();
        Ok(())
    }

    fn note_losses(&mut self) {
        let letters = self.parts.ledger.take_removed();
        if letters > 0 {
            let why = "divolte.global.dead_letters.max_size is reached";
            self.status.degrade(format!("{letters} dead letters were removed: {why}"));
        }
        for loss in self.parts.sink.take_losses() {
            let sink = self.parts.ledger.sink();
            tracing::error!(%sink, records = loss.records, what = %loss.what, "records were lost outside");
            self.meters.lost.inc_by(loss.records);
            self.status.degrade(format!("{} records were lost: {}", loss.records, loss.what));
        }
    }

    /// Tells the admin pages where the sink stands.
    fn report(&mut self) {
        let ledger = &self.parts.ledger;
        let (upto, held) = (ledger.last().upto, ledger.held().events);
        self.meters.waiting(held);
        self.status.update(|report| {
            if report.upto != upto || report.totals.mappings.is_empty() {
                report.upto = upto;
                report.totals.clone_from(&ledger.last().totals);
            }
        });
        // Well again once it has brought something outside that it could not before, or once there is nothing to bring.
        if self.failing.is_some_and(|failed_at| upto > failed_at || held == 0) {
            self.failing = None;
            self.parts.backoff.reset();
            self.meters.healthy(true);
            self.status.recover();
            tracing::info!(sink = %ledger.sink(), %upto, "sink has recovered");
        }
    }

    /// Notes a failure and says how long to wait.
    fn failed(&mut self, failure: &Failure) -> Duration {
        let ledger = &self.parts.ledger;
        let sink = ledger.sink();
        self.failing.get_or_insert(ledger.last().upto);
        let wait = self.parts.backoff.next_wait();
        let waiting = ledger.held().events;
        self.meters.waiting(waiting);
        self.status.update(|report| report.health = Health::Retrying(failure.to_string()));
        // One line per attempt, and attempts become rare.
        tracing::warn!(%sink, %failure, waiting, ?wait, "sink failed; it is tried again");
        wait
    }

    fn stopped(&mut self, error: &SinkError) -> Ending {
        tracing::error!(sink = %self.parts.ledger.sink(), %error, "delivery stopped");
        self.status.update(|report| report.health = Health::Stopped(error.to_string()));
        Ending::Stopped
    }

    fn give_up(&self) -> Ending {
        let events = self.parts.ledger.held().events;
        tracing::error!(sink = %self.parts.ledger.sink(), events, "time is over: events have not reached the sink");
        Ending::GaveUp { events }
    }
}
