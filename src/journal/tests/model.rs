//! Any order of operations on the journal with segments, against a simple model: what was taken has an offset of its
//! own and comes out there, cursors stand where they were committed, and space is refused only to what is needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use proptest::test_runner::TestRunner;

use super::*;
use crate::journal::{
    open::{self, Opened},
    space::Space,
    writer::{Next, Writer},
};

/// Half of it takes the largest block, as in earnest: 64 KiB and the largest run.
const SEGMENT_BYTES: u64 = 192 * 1024;
const BYTES_MAX: u64 = 4 * SEGMENT_BYTES;
const SINKS: [&str; 3] = ["a", "b", "c"];
/// Of these, the process knows so many from its start; a cursor of another one has no sink until it is opened.
const KNOWN: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    Append { events: usize, padding: usize },
    Turn { ms: u64 },
    Prepare,
    Open { sink: usize, start: Start },
    Read { sink: usize },
    Commit { sink: usize },
    Reopen { how: How, change: Change },
}

/// How the process ends.
#[derive(Clone, Copy, Debug)]
enum How {
    Orderly,
    Kill,
    /// What is not synced is kept or lost as the bits of this number say.
    PowerCut(u64),
}

/// What is done to the cursors before the next process.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Rename { from: usize, to: usize },
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let sink = || 0..SINKS.len();
    let how = prop_oneof![Just(How::Orderly), Just(How::Kill), any::<u64>().prop_map(How::PowerCut)];
    let change = prop_oneof![
        2 => Just(Change::Nothing),
        1 => (sink(), sink()).prop_map(|(from, to)| Change::Rename { from, to }),
        1 => sink().prop_map(Change::Remove),
    ];
    let start = prop_oneof![Just(Start::Tail), Just(Start::Earliest)];
    prop_oneof![
        10 => (1..8_usize, 0..3000_usize).prop_map(|(events, padding)| Step::Append { events, padding }),
        8 => (0..300_u64).prop_map(|ms| Step::Turn { ms }),
        3 => Just(Step::Prepare),
        2 => (sink(), start).prop_map(|(sink, start)| Step::Open { sink, start }),
        6 => sink().prop_map(|sink| Step::Read { sink }),
        4 => sink().prop_map(|sink| Step::Commit { sink }),
        2 => (how, change).prop_map(|(how, change)| Step::Reopen { how, change }),
    ]
}

/// What should be there.
#[derive(Default)]
struct Model {
    /// Events by offset, and whether they were answered.
    events: BTreeMap<u64, (u64, bool)>,
    /// First offset that was never given to an event.
    next: u64,
    /// Where the sinks stand that have a cursor.
    cursors: BTreeMap<usize, u64>,
    /// Cursors that had no sink for a while; these may be cut.
    orphans: BTreeSet<usize>,
    values: u64,
}

struct Follower {
    cursor: Cursor,
    reader: Reader,
}

struct Life {
    journal: Journal,
    writer: Writer,
    space: Arc<Space>,
    sinks: BTreeMap<usize, Follower>,
    tickets: Vec<Ticket>,
}

struct World {
    disk: SimulatedDisk,
    metrics: Metrics,
    now: Instant,
    model: Model,
}

fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

fn name(sink: usize) -> SinkName {
    SinkName::new(SINKS[sink])
}

impl World {
    fn begin(&mut self) -> Life {
        let settings = JournalSettings {
            segment_bytes: SEGMENT_BYTES,
            bytes_max: BYTES_MAX,
            reserve_bytes: 0,
            sinks: (0..KNOWN).map(name).collect(),
            memory_bytes_max: 64 * 1024,
            ..JournalSettings::new("/j".into(), Durability::Fsync, Arc::new(ManualClock::at(1)), self.metrics.clone())
        };
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let Opened { shared, writer, space } = open::open(settings, disk, Box::new(|_| {})).expect("it opens");
        let thread = crate::util::sync::thread::current();
        let journal = Journal { shared, thread, join: Mutex::new(None), preparer: Mutex::new(None) };
        let space = space.expect("a journal with segments");
        assert!(journal.status().next.0 >= self.model.next, "offsets would be used twice");
        let orphans = self.model.cursors.keys().copied().filter(|sink| *sink >= KNOWN);
        self.model.orphans.extend(orphans.clone());
        let expected: BTreeSet<_> = orphans.map(name).collect();
        let found: BTreeSet<_> = journal.orphans().into_iter().map(|orphan| orphan.sink).collect();
        assert_eq!(found, expected, "cursors without a sink");
        Life { journal, writer, space, sinks: BTreeMap::new(), tickets: Vec::new() }
    }

    fn play(&mut self, mut life: Life, step: &Step) -> Life {
        match *step {
            Step::Append { events, padding } => drop(self.append(&mut life, events, padding)),
            Step::Turn { ms } => self.turn(&mut life, ms),
            Step::Prepare => life.space.prepare().expect("a healthy disk"),
            Step::Open { sink, start } => self.open(&mut life, sink, start),
            Step::Read { sink } => self.read(&mut life, sink),
            Step::Commit { sink } => self.commit(&mut life, sink),
            Step::Reopen { how, change } => {
                self.end(life, how);
                self.change(change);
                life = self.begin();
                self.look_through(&life, how);
            }
        }
        self.check(&life);
        life
    }

    fn append(&mut self, life: &mut Life, events: usize, padding: usize) -> Result<(), Refused> {
        let first = self.model.values;
        self.model.values += events as u64;
        let values: Vec<u64> = (first..self.model.values).collect();
        let ticket = life.journal.append(&mut run_of(&values, padding), |_| {})?;
        let span = ticket.span();
        assert!(span.first.0 >= self.model.next && span.len() == events as u64, "{span} is not new");
        self.model.events.extend((span.first.0..).zip(values.into_iter().map(|value| (value, false))));
        self.model.next = span.next.0;
        life.tickets.push(ticket);
        Ok(())
    }

    fn turn(&mut self, life: &mut Life, ms: u64) {
        self.now += Duration::from_millis(ms);
        while life.writer.turn(self.now) == Next::Turn {}
        let events = &mut self.model.events;
        life.tickets.retain(|ticket| match now_or_never(ticket.copy().reached(Durability::Fsync)) {
            None => true,
            Some(answer) => {
                assert_eq!(answer, Ok(()), "a healthy disk");
                let span = ticket.span();
                events.range_mut(span.first.0..span.next.0).for_each(|(_, event)| event.1 = true);
                false
            }
        });
    }

    fn open(&mut self, life: &mut Life, sink: usize, start: Start) {
        if life.sinks.contains_key(&sink) {
            return;
        }
        let Status { oldest, written, next, .. } = life.journal.status();
        let cursor = life.journal.cursor(&name(sink), start).expect("a healthy disk");
        let upto = cursor.last().upto;
        match self.model.cursors.get(&sink) {
            Some(committed) => assert_eq!(upto.0, *committed, "{sink} stands where it was committed"),
            None if start == Start::Earliest => assert_eq!(upto, oldest),
            None => assert!(written <= upto && upto <= next, "{upto} is the tail: {written} to {next}"),
        }
        self.model.cursors.insert(sink, upto.0);
        life.sinks.insert(sink, Follower { reader: life.journal.reader(upto), cursor });
    }

    fn read(&self, life: &mut Life, sink: usize) {
        let written = life.journal.status().written;
        let Some(Follower { reader, .. }) = life.sinks.get_mut(&sink) else { return };
        let from = reader.position();
        match now_or_never(reader.next()) {
            None => assert!(from >= written, "nothing comes at {from}, although {written} is reached"),
            Some(Ok(block)) => self.is_known(from, &block),
            Some(Err(ReadError::Gap { missing, reason })) => {
                assert_eq!(missing.first, from);
                let mut gone = self.model.events.range(missing.first.0..missing.next.0);
                let is_cut = reason == GapReason::Quota && self.model.orphans.contains(&sink);
                assert!(is_cut || gone.next().is_none(), "{sink} misses {missing}: {reason}");
            }
            Some(Err(error)) => panic!("{error}"),
        }
        assert!(reader.position() > from || from >= written);
    }

    fn is_known(&self, from: Offset, block: &Block) {
        let span = block.span();
        assert_eq!(span.first, from);
        let expected = self.model.events.range(span.first.0..span.next.0).map(|(_, (value, _))| *value);
        assert_eq!(values(block), expected.collect::<Vec<_>>(), "events {span}");
    }

    fn commit(&mut self, life: &mut Life, sink: usize) {
        let Some(Follower { reader, cursor }) = life.sinks.get_mut(&sink) else { return };
        let upto = reader.position();
        cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).expect("a healthy disk");
        self.model.cursors.insert(sink, upto.0);
    }

    fn end(&mut self, life: Life, how: How) {
        let Life { journal, mut writer, sinks, .. } = life;
        if let How::Orderly = how {
            journal.shared.intake().close();
            while writer.turn(self.now) != Next::End {}
            self.model.events.values_mut().for_each(|event| event.1 = true);
        } else {
            // Nothing of the process reaches the disk any more.
            self.disk.fail_when(|_, _| Some(std::io::ErrorKind::Other));
        }
        drop((writer, sinks));
        drop(journal);
        self.disk.heal();
        if let How::PowerCut(mut bits) = how {
            self.disk.crash_torn(|| {
                bits = bits.rotate_left(1);
                bits & 1 == 1
            });
        }
    }

    fn change(&mut self, change: Change) {
        let (directory, disk, cursors) = (Path::new("/j"), &self.disk, &mut self.model.cursors);
        match change {
            Change::Nothing => {}
            Change::Rename { from, to } => {
                let expected = cursors.contains_key(&from) && !cursors.contains_key(&to);
                assert_eq!(rename_cursor(directory, disk, &name(from), &name(to)).is_ok(), expected);
                if expected && let Some(upto) = cursors.remove(&from) {
                    cursors.insert(to, upto);
                    // What it has lost while it had no sink, the next one misses.
                    if self.model.orphans.remove(&from) {
                        self.model.orphans.insert(to);
                    }
                }
            }
            Change::Remove(sink) => {
                let expected = cursors.remove(&sink).is_some();
                self.model.orphans.remove(&sink);
                assert_eq!(remove_cursor(directory, disk, &name(sink)).is_ok(), expected);
            }
        }
        let listed = super::cursors(directory, disk).expect("a healthy disk");
        let listed: BTreeMap<_, _> =
            listed.into_iter().map(|file| (file.sink, file.last.map(|(_, last)| last.upto))).collect();
        let expected = cursors.iter().map(|(sink, upto)| (name(*sink), Ok(Offset(*upto)))).collect();
        assert_eq!(listed, expected);
    }

    /// What an unclean end has left is what there is from now on: everything that was answered, and nothing else than was
    /// taken. Where no cursor needs it any more, it may be gone.
    fn look_through(&mut self, life: &Life, how: How) {
        let Status { oldest, next, .. } = life.journal.status();
        let is_orderly = matches!(how, How::Orderly);
        assert!(!is_orderly || next.0 == self.model.next, "an orderly end leaves no hole");
        let mut reader = life.journal.reader(oldest);
        let mut found = BTreeSet::new();
        while let Some(read) = now_or_never(reader.next()) {
            match read {
                Ok(block) => {
                    self.is_known(block.span().first, &block);
                    found.extend(block.span().first.0..block.span().next.0);
                }
                Err(ReadError::Gap { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for (offset, (_, answered)) in self.model.events.range(oldest.0..) {
            assert!(!answered || found.contains(offset), "{offset} was answered and is gone after {how:?}");
        }
        self.model.events.retain(|offset, _| *offset < oldest.0 || found.contains(offset));
        self.model.next = next.0;
    }

    /// What holds at any time.
    fn check(&self, life: &Life) {
        let Status { oldest, next, disk_bytes, sick, .. } = life.journal.status();
        assert!(disk_bytes <= BYTES_MAX && sick.is_none(), "{disk_bytes} bytes, {sick:?}");
        assert!(next.0 >= self.model.next);
        for (sink, Follower { reader, cursor }) in &life.sinks {
            let upto = cursor.last().upto;
            assert_eq!(upto.0, self.model.cursors[sink]);
            assert!(upto <= reader.position());
            let needed = upto.0..oldest.0.max(upto.0);
            let kept = self.model.events.range(needed).next().is_none() || self.model.orphans.contains(sink);
            assert!(kept, "{sink} needs what is above {upto}, and the journal begins at {oldest}");
        }
    }

    /// Every sink that is there gets the rest, and then there is room.
    fn finish(&mut self, mut life: Life) {
        for round in 0.. {
            self.turn(&mut life, 300);
            life.space.prepare().expect("a healthy disk");
            for sink in 0..SINKS.len() {
                self.open(&mut life, sink, Start::Tail);
                let end = life.journal.status().written;
                while life.sinks[&sink].reader.position() < end {
                    self.read(&mut life, sink);
                }
                self.commit(&mut life, sink);
            }
            self.check(&life);
            if self.append(&mut life, 3, 1000).is_ok() && round > 10 {
                break;
            }
            assert!(round < 100, "nothing is taken any more: {:?}", life.journal.status());
        }
        self.end(life, How::Orderly);
    }
}

#[test]
fn any_order_of_operations_on_segments_agrees_with_the_model() {
    let metrics = Metrics::new();
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) });
    let outcome = runner.run(&prop::collection::vec(step(), 1..120), |steps| {
        let (metrics, model) = (metrics.clone(), Model::default());
        let mut world = World { disk: SimulatedDisk::new(), metrics, now: Instant::now(), model };
        let mut life = world.begin();
        for step in &steps {
            life = world.play(life, step);
        }
        world.finish(life);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
