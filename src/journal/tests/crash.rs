//! Crashes at every step, by seed: the production code on a simulated disk, one turn of the journal thread at a time.
//!
//! A life is: open, some appends, turns, commits and faults, and then the power goes, in the middle of some operation of
//! the disk. The next life has to find everything that was answered and not committed, once, at its old offset.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::*;
use crate::journal::{
    catalog::{Place, Segment},
    open::{self, Opened},
    recovery,
    sabotage::{self, Sabotage},
    space::Space,
    writer::{Next, Writer},
};

/// xorshift64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

thread_local! {
    /// Made once: registering them takes longer than a life.
    static METRICS: Metrics = Metrics::new();
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The process is killed; what the system has, it keeps.
    Kill,
    /// The power is cut; sectors and names that were not synced are kept or lost at random.
    PowerCut,
}

/// What must hold over all lives.
struct World {
    disk: SimulatedDisk,
    durability: Durability,
    random: Random,
    /// Everything that was ever appended, by offset.
    appended: BTreeMap<u64, u64>,
    /// What was answered and must come out.
    answered: BTreeMap<u64, u64>,
    /// What the sink has committed.
    delivered: BTreeMap<u64, u64>,
    next_value: u64,
    now: Instant,
    metrics: Metrics,
    /// All blocks have the same size, so that those of a file's former life stand where the next one would.
    uniform: bool,
}

struct Life {
    journal: Journal,
    writer: Writer,
    space: Arc<Space>,
    cursor: Cursor,
    reader: Reader,
    tickets: Vec<(Ticket, Vec<u64>)>,
    /// What was read and is not committed.
    read: BTreeMap<u64, u64>,
}

fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

impl World {
    fn new(seed: u64, durability: Durability) -> Self {
        Self {
            disk: SimulatedDisk::new(),
            durability,
            random: Random::new(seed),
            appended: BTreeMap::new(),
            answered: BTreeMap::new(),
            delivered: BTreeMap::new(),
            next_value: 0,
            now: Instant::now(),
            metrics: METRICS.with(Clone::clone),
            uniform: seed % 2 == 1,
        }
    }

    fn settings(&self) -> JournalSettings {
        JournalSettings {
            segment_bytes: 16 * 1024,
            bytes_max: 200 * 1024,
            reserve_bytes: 0,
            memory_bytes_max: 20_000,
            ..JournalSettings::new("/j".into(), self.durability, Arc::new(ManualClock::at(1)), self.metrics.clone())
        }
    }

    fn begin(&mut self) -> Life {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let Opened { shared, writer, space } = open::open(self.settings(), disk, Box::new(|_| {})).expect("it opens");
        let thread = crate::util::sync::thread::current();
        let journal = Journal { shared, thread, join: Mutex::new(None), preparer: Mutex::new(None) };
        let cursor = journal.cursor(&SinkName::new("s"), Start::Earliest).expect("the cursor opens");
        let reader = journal.reader(cursor.last().upto);
        let space = space.expect("a journal with segments");
        Life { journal, writer, space, cursor, reader, tickets: Vec::new(), read: BTreeMap::new() }
    }

    fn live(&mut self, life: &mut Life, steps: u64) {
        for _ in 0..steps {
            match self.random.below(10) {
                0..=3 => self.append(life),
                4..=6 => self.turn(life),
                7 => self.read(life),
                8 => self.commit(life),
                _ => drop(life.space.prepare()),
            }
            self.collect(life);
        }
    }

    fn append(&mut self, life: &mut Life) {
        let count = if self.uniform { 1 } else { 1 + self.random.below(4) };
        let values: Vec<u64> = (self.next_value..self.next_value + count).collect();
        let padding = if self.uniform { 700 } else { usize::try_from(self.random.below(900)).expect("small") };
        let Ok(ticket) = life.journal.append(&mut run_of(&values, padding), |_| {}) else { return };
        self.next_value += count;
        for (offset, value) in (ticket.span().first.0..).zip(&values) {
            assert_eq!(self.appended.insert(offset, *value), None, "offset {offset} was given twice");
        }
        life.tickets.push((ticket, values));
        if self.uniform {
            self.turn(life);
        }
    }

    fn turn(&mut self, life: &mut Life) {
        self.now += Duration::from_millis(self.random.below(300));
        while life.writer.turn(self.now) == Next::Turn {}
    }

    /// Notes what has been answered.
    fn collect(&mut self, life: &mut Life) {
        let mut open = Vec::new();
        for (ticket, values) in life.tickets.drain(..) {
            let span = ticket.span();
            let copy = ticket.copy();
            match now_or_never(ticket.reached(self.durability)) {
                None => open.push((copy, values)),
                Some(Ok(())) => {
                    let Status { written, synced, .. } = life.journal.status();
                    let safe = if self.durability == Durability::Fsync { synced } else { written };
                    assert!(span.next <= safe, "{span} was answered before it was written: that goes to {safe}");
                    self.answered.extend((span.first.0..).zip(values));
                }
                Some(Err(_)) => {}
            }
        }
        life.tickets = open;
    }

    fn read(&mut self, life: &mut Life) {
        for _ in 0..20 {
            match now_or_never(life.reader.next()) {
                Some(Ok(block)) => life.read.extend((block.span().first.0..).zip(values(&block))),
                Some(Err(ReadError::Gap { missing, reason })) => self.check_gap(missing, reason),
                Some(Err(_)) | None => break,
            }
        }
    }

    fn check_gap(&self, missing: Span, reason: GapReason) {
        let lost: Vec<_> = self.answered.range(missing.first.0..missing.next.0).collect();
        assert!(lost.is_empty(), "answered, and now a gap ({reason}): {lost:?}");
    }

    fn commit(&mut self, life: &mut Life) {
        let upto = life.reader.position();
        if life.cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).is_ok() {
            self.settle(life, upto);
        }
    }

    /// What is below `upto` is the sink's now.
    fn settle(&mut self, life: &mut Life, upto: Offset) {
        let above = life.read.split_off(&upto.0);
        for (offset, value) in std::mem::replace(&mut life.read, above) {
            assert_eq!(self.appended.get(&offset), Some(&value), "offset {offset} has another event");
            assert_eq!(self.delivered.insert(offset, value), None, "offset {offset} came twice");
        }
    }

    /// The disk does `operations` more and then nothing.
    fn cut_after(&mut self, operations: u64) {
        let mut left = operations;
        self.disk.fail_when(move |_, _| {
            if left == 0 {
                return Some(std::io::ErrorKind::Other);
            }
            left -= 1;
            None
        });
    }

    fn end(&mut self, life: Life, end: End) {
        let needed = self.needed(&life);
        let Life { journal, writer, cursor, reader, read, .. } = life;
        let position = reader.position();
        // Nothing of the process may reach the disk any more.
        self.disk.fail_when(|_, _| Some(std::io::ErrorKind::Other));
        drop((writer, cursor, reader));
        drop(journal);
        self.disk.heal();
        if end == End::PowerCut {
            let random = &mut self.random;
            self.disk.crash_torn(|| random.one_in(2));
        }
        for path in needed {
            let is_there = self.disk.metadata(&path).is_ok_and(|found| found.is_some());
            assert!(is_there, "{} holds answered events and has lost its name", path.display());
        }
        let left = recovery::recover(Uuid::nil(), Path::new("/j"), &self.disk, false).expect("it can be read");
        for Segment { number, first, end, .. } in left.segments {
            let next = end.map_or(first, |end| end.next);
            assert!(first <= next, "segment {number} begins at {first} and ends at {next}: a former life's block");
        }
        // A commit that was cut may be on the disk: then the sink has it.
        let mut next = self.begin();
        let upto = next.cursor.last().upto;
        assert!(upto <= position, "the cursor stands at {upto}, ahead of the sink at {position}");
        next.read = read;
        self.settle(&mut next, upto);
        next.read.clear();
        self.check(next);
    }

    /// Files of the segments that hold something that was answered and that the sink has not read.
    fn needed(&self, life: &Life) -> BTreeSet<PathBuf> {
        let unread = self.answered.range(life.reader.position().0..);
        let place = |(offset, _): (&u64, &u64)| match life.journal.shared.catalog().locate(Offset(*offset)) {
            Place::In(segment) => Some(segment.path),
            _ => None,
        };
        unread.filter_map(place).collect()
    }

    /// Everything that was answered is delivered or comes out now; then the journal is closed.
    fn check(&mut self, mut life: Life) {
        let mut found = BTreeMap::new();
        loop {
            match now_or_never(life.reader.next()) {
                Some(Ok(block)) => found.extend((block.span().first.0..).zip(values(&block))),
                Some(Err(ReadError::Gap { missing, reason })) => self.check_gap(missing, reason),
                Some(Err(error)) => panic!("{error}"),
                None => break,
            }
        }
        for (offset, value) in &found {
            assert_eq!(self.appended.get(offset), Some(value), "offset {offset} has another event");
            assert!(!self.delivered.contains_key(offset), "offset {offset} comes again");
        }
        for (offset, value) in &self.answered {
            let there = self.delivered.get(offset).or_else(|| found.get(offset));
            assert_eq!(there, Some(value), "offset {offset} was answered and is gone");
        }
        life.read = found;
        let upto = life.reader.position();
        life.cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).expect("a healthy disk");
        self.settle(&mut life, upto);
        // And it takes events again.
        let before = self.answered.len();
        for _ in 0..6 {
            self.append(&mut life);
            self.turn(&mut life);
            self.collect(&mut life);
        }
        assert!(self.answered.len() > before, "nothing is accepted any more");
        life.journal.shared.intake().close();
        while life.writer.turn(self.now) != Next::End {}
    }
}

/// One world with [`LIVES`] crashes.
fn crash(seed: u64, durability: Durability, end: End) {
    let mut world = World::new(seed, durability);
    for _ in 0..LIVES {
        let mut life = world.begin();
        let before = world.random.below(40);
        world.live(&mut life, before);
        if world.random.one_in(3) {
            // The disk fails for a while and comes back.
            let mut left = world.random.below(20);
            let hit = world.random.below(6);
            world.disk.fail_when(move |_, _| {
                left = left.saturating_sub(1);
                (left % 6 == hit).then_some(std::io::ErrorKind::StorageFull)
            });
            world.live(&mut life, 20);
            world.disk.heal();
        }
        let operations = world.random.below(60);
        world.cut_after(operations);
        world.live(&mut life, 30);
        world.end(life, end);
    }
}

/// Crashes of one world.
const LIVES: u64 = 4;

/// Worlds of each of the tests below that promise something; 10,000 crashes in all.
const WORLDS: u64 = 2_500;

fn crashes(seeds: std::ops::Range<u64>, durability: Durability, end: End) {
    for seed in seeds {
        let outcome = std::panic::catch_unwind(|| crash(seed, durability, end));
        assert!(outcome.is_ok(), "seed {seed}, {durability:?}, {end:?}");
    }
}

#[test]
fn nothing_that_fsync_answered_is_lost_by_a_power_cut() {
    crashes(0..WORLDS / 4, Durability::Fsync, End::PowerCut);
}

#[test]
fn nothing_that_fsync_answered_is_lost_by_another_power_cut() {
    crashes(WORLDS / 4..WORLDS / 2, Durability::Fsync, End::PowerCut);
}

#[test]
fn nothing_that_fsync_answered_is_lost_by_a_kill() {
    crashes(0..WORLDS / 4, Durability::Fsync, End::Kill);
}

#[test]
fn nothing_that_flush_answered_is_lost_by_a_kill() {
    crashes(0..WORLDS / 4, Durability::Flush, End::Kill);
}

/// What worlds say in which the promise is broken.
fn breaches(
    sabotage: Option<Sabotage>,
    durability: Durability,
    end: End,
    seeds: std::ops::Range<u64>,
) -> impl Iterator<Item = String> {
    seeds.filter_map(move |seed| {
        sabotage::set(sabotage);
        let outcome = std::panic::catch_unwind(|| crash(seed, durability, end)).err();
        sabotage::set(None);
        Some(outcome?.downcast_ref::<String>().cloned().unwrap_or_default())
    })
}

#[test]
fn flush_does_not_survive_a_power_cut_and_that_is_the_difference() {
    let breach = breaches(None, Durability::Flush, End::PowerCut, 0..300).next().unwrap();
    assert!(breach.contains("was answered and is gone") || breach.contains("answered, and now a gap"), "{breach}");
}

#[test]
fn each_sabotage_is_caught_by_its_own_symptom() {
    for (sabotage, end, symptom) in [
        (Sabotage::NoSync, End::PowerCut, "answered, and now a gap"),
        (Sabotage::EarlyCursor, End::PowerCut, "ahead of the sink"),
        (Sabotage::NoDirectorySync, End::PowerCut, "has lost its name"),
        (Sabotage::StaleBlock, End::PowerCut, "a former life's block"),
        (Sabotage::EarlyAnswer, End::Kill, "was answered before it was written"),
    ] {
        let all: Vec<_> = breaches(Some(sabotage), Durability::Fsync, end, 0..100).collect();
        println!("{sabotage:?}: {} of 100 worlds; {all:?}", all.len());
        assert!(
            all.iter().any(|breach| breach.contains(symptom)),
            "{sabotage:?} is not noticed by {symptom:?}: {all:?}"
        );
    }
}

#[test]
fn what_only_a_power_cut_shows_is_not_shown_by_a_kill() {
    for sabotage in [Sabotage::NoSync, Sabotage::NoDirectorySync] {
        let breach = breaches(Some(sabotage), Durability::Fsync, End::Kill, 0..50).next();
        assert_eq!(breach, None, "{sabotage:?}");
    }
}
