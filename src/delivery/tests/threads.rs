//! Deliveries as they run: on threads of their own, until they are told to end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::harness::{MapStep, World, always, fill, mapper};
use crate::{
    checkpoint::{Checkpoint, Offset, SinkName},
    delivery::{DeliveryHandle, Ending, Health, Parts, spawn},
    journal::{Journal, Start},
    record::chunk::RecordChunk,
    sink::{Behind, DeadLetters, Ledger, Sink, SinkError, Tick},
    util::{backoff::Backoff, clock::Clock},
};

/// Commits whatever it is given, unless it is told to fail.
struct Scripted {
    upto: Offset,
    /// So many calls of `write` fail.
    failures: Arc<AtomicU32>,
    misconfigured: bool,
}

impl Scripted {
    fn trouble(&self) -> SinkError {
        let (sink, source) = (SinkName::new("scripted"), "no".into());
        if self.misconfigured {
            SinkError::Misconfigured { sink, source }
        } else {
            SinkError::Unavailable { sink, source }
        }
    }
}

impl Sink for Scripted {
    async fn resume(&mut self, last: &Checkpoint) -> Result<Checkpoint, SinkError> {
        self.upto = last.upto;
        Ok(last.clone())
    }

    async fn write(&mut self, chunk: &RecordChunk) -> Result<(), SinkError> {
        let fails = |left: u32| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err(self.trouble());
        }
        self.upto = chunk.block.as_ref().unwrap().span().next;
        Ok(())
    }

    async fn checkpoint(&mut self, _why: Tick, ledger: &mut Ledger) -> Result<(), SinkError> {
        let draft = ledger.draft(self.upto, bytes::Bytes::new())?;
        Ok(ledger.commit(draft)?)
    }
}

/// Starts a delivery to a scripted sink; the first `failures` calls of `write` fail.
fn start(world: &World, failures: u32, misconfigured: bool, map: MapStep) -> DeliveryHandle {
    let name = SinkName::new("scripted");
    let cursor = world.journal.cursor(&name, Start::Earliest).unwrap();
    let reader = world.journal.reader(cursor.last().upto);
    let clock: Arc<dyn Clock> = Arc::<crate::util::clock::ManualClock>::clone(&world.clock);
    let letters = DeadLetters::new("/dead".as_ref(), &name, Arc::clone(&world.disk), clock, Behind::Cut);
    let ledger = Ledger::new(cursor, vec!["m0".into()], letters, &world.metrics);
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
    let sink = Scripted { upto: Offset(0), failures: Arc::new(AtomicU32::new(failures)), misconfigured };
    let parts = Parts { sink, ledger, reader, map, metrics: world.metrics.clone(), backoff };
    spawn(parts, world.runtime.handle()).unwrap()
}

fn end(journal: &Journal, delivery: DeliveryHandle, within: Duration) -> Ending {
    journal.close();
    delivery.drain_by(Instant::now() + within);
    delivery.join()
}

/// Waits until the report is as wanted; a test that waits in vain fails.
fn wait_for(delivery: &DeliveryHandle, wanted: impl Fn(&crate::delivery::Report) -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !wanted(&delivery.status.report()) {
        assert!(Instant::now() < end, "{:?}", delivery.status.report());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_was_accepted_before_the_close_is_published_at_the_end() {
    let world = World::new([3, 8]);
    let case = world.case(|_| {});
    let parts = case.parts(&world.journal, 0, vec!["m0".into(), "m1".into()]);
    let delivery = spawn(parts, world.runtime.handle()).unwrap();
    fill(&world.journal, &world.runtime, 0, [20, 1, 7]);
    let status = Arc::clone(&delivery.status);
    assert_eq!(end(&world.journal, delivery, Duration::from_mins(1)), Ending::Drained);
    assert_eq!(status.report().upto, Offset(39));
    assert_eq!(status.report().health, Health::Healthy);
    let records: usize = case.files(&case.settings.publish_directory).values().map(Vec::len).sum();
    let totals = status.report().totals;
    assert_eq!(records as u64, totals.mappings.iter().map(|known| known.outcomes.delivered).sum::<u64>());
    let metric = |mapping| world.metrics.outcomes(mapping, case.settings.name.as_str(), "delivered").get();
    assert_eq!(metric("m0") + metric("m1"), records as u64);
}

#[test]
fn a_sink_that_fails_is_tried_again_and_recovers() {
    let world = World::new([3, 8, 2]);
    let delivery = start(&world, 5, false, mapper(1, 0, always));
    wait_for(&delivery, |report| report.upto == Offset(13));
    wait_for(&delivery, |report| report.health == Health::Healthy);
    assert_eq!(world.metrics.sink_errors("scripted", "unavailable").get(), 5);
    assert_eq!(world.metrics.sink_healthy("scripted").get(), 1);
    assert_eq!(delivery.status.report().totals.mappings[0].outcomes.delivered, 13, "nothing counts twice");
    assert_eq!(end(&world.journal, delivery, Duration::from_mins(1)), Ending::Drained);
    assert_eq!(world.metrics.sink_waiting("scripted").get(), 0);
}

#[test]
fn when_time_is_over_what_is_left_is_counted() {
    let world = World::new([3, 8, 2]);
    let delivery = start(&world, u32::MAX, false, mapper(1, 0, always));
    wait_for(&delivery, |report| matches!(report.health, Health::Retrying(_)));
    assert_eq!(end(&world.journal, delivery, Duration::from_millis(20)), Ending::GaveUp { events: 13 });
    assert_eq!(world.metrics.sink_healthy("scripted").get(), 0);
}

#[test]
fn a_misconfigured_sink_stops() {
    let world = World::new([3]);
    let delivery = start(&world, 1, true, mapper(1, 0, always));
    wait_for(&delivery, |report| matches!(report.health, Health::Stopped(_)));
    assert_eq!(delivery.join(), Ending::Stopped);
    assert_eq!(world.metrics.sink_errors("scripted", "misconfigured").get(), 1);
}

#[test]
fn a_defect_is_reported_as_one() {
    let world = World::new([3]);
    let delivery = start(&world, 0, false, Box::new(|_, _| panic!("a defect")));
    wait_for(&delivery, |report| matches!(report.health, Health::Stopped(_)));
    assert_eq!(delivery.join(), Ending::Stopped);
}

#[test]
fn a_small_journal_never_stays_full() {
    let world = World::small();
    let case = world.case(|settings| {
        settings.sync_after_records = 1_000_000;
        settings.sync_after = Duration::from_hours(1);
        settings.roll_every = Duration::from_hours(1);
    });
    let parts = case.parts(&world.journal, 0, vec!["m0".into(), "m1".into()]);
    let delivery = spawn(parts, world.runtime.handle()).unwrap();
    let end_of_patience = Instant::now() + Duration::from_mins(1);
    let mut run = crate::journal::Run::new();
    for number in 0..500_u64 {
        run.push(crate::journal::Tag::default(), |out| out.extend_from_slice(&number.to_le_bytes()));
        while world.journal.append(&mut run, |_| {}).is_err() {
            assert!(Instant::now() < end_of_patience, "stuck at {number}: {:?}", world.journal.status());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let status = Arc::clone(&delivery.status);
    assert_eq!(end(&world.journal, delivery, Duration::from_mins(1)), Ending::Drained);
    assert_eq!(status.report().upto, Offset(500));
}
