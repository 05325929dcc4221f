mod crash;
mod durable;
mod failing;
#[cfg(feature = "interleavings")]
mod interleavings;
mod model;

use std::{path::Path, sync::atomic::AtomicBool};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    checkpoint::{Checkpoint, Span, Totals},
    disk::{Fault, SimulatedDisk},
    util::clock::ManualClock,
};

fn settings() -> JournalSettings {
    JournalSettings {
        memory_bytes_max: 64 << 20,
        events_max: 1 << 20,
        ..JournalSettings::new("/journal".into(), Durability::None, Arc::new(ManualClock::at(0)), Metrics::new())
    }
}

fn open(settings: JournalSettings, disk: &SimulatedDisk) -> Journal {
    Journal::open(settings, Arc::new(disk.clone()), Box::new(|_| {})).unwrap()
}

/// A run of events whose content is their number, with the flags byte where it belongs.
fn run_of(values: &[u64], padding: usize) -> Run {
    let mut run = Run::new();
    for value in values {
        run.push(Tag { slot: *value, signature: 0 }, |bytes| {
            bytes.extend_from_slice(&[1, 0]);
            bytes.extend_from_slice(&value.to_le_bytes());
            bytes.resize(bytes.len() + padding, 0);
        });
    }
    run
}

fn values(block: &Block) -> Vec<u64> {
    block.events().map(|(_, bytes)| u64::from_le_bytes(bytes[2..10].try_into().unwrap())).collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn events_come_out_in_order_with_dense_offsets() {
    let journal = open(settings(), &SimulatedDisk::new());
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    let mut reader = journal.reader(Offset(0));
    let mut expected = 0;
    for round in 0..200u64 {
        let ticket = journal.append(&mut run_of(&[round * 2, round * 2 + 1], 700), |_| {}).unwrap();
        assert_eq!(ticket.span(), Span::new(Offset(round * 2), Offset(round * 2 + 2)));
        wait(ticket.reached(Durability::None)).unwrap();
    }
    while expected < 400 {
        let block = wait(reader.next()).unwrap();
        assert_eq!(block.span().first, Offset(expected));
        assert!(block.size() <= BLOCK_BYTES + 2 * 720);
        for value in values(&block) {
            assert_eq!(value, expected);
            expected += 1;
        }
    }
    journal.close();
    assert!(matches!(wait(reader.next()), Err(ReadError::Closed)));
    assert_eq!(journal.append(&mut run_of(&[1], 0), |_| {}).unwrap_err(), Refused::Closed);
}

#[test]
fn a_block_takes_no_more_memory_than_twice_its_bytes() {
    let journal = open(settings(), &SimulatedDisk::new());
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    let mut reader = journal.reader(Offset(0));
    for size in [10, 600, 20_000, 40_000, 70_000, 600, 600, 300_000, 600] {
        journal.append(&mut run_of(&[1], size), |_| {}).unwrap();
        let block = wait(reader.next()).unwrap();
        let used = block.size() + block::HEADER_BYTES;
        assert!(block.memory() <= 2 * used, "{} bytes for {used}", block.memory());
    }
}

#[test]
fn the_duplicate_flag_set_under_the_lock_is_stored() {
    let journal = open(settings(), &SimulatedDisk::new());
    let mut reader = journal.reader(Offset(0));
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    let decide = |event: &mut RunEvent<'_>| *event.flags = if event.tag.slot == 8 { 2 } else { 0 };
    journal.append(&mut run_of(&[7, 8], 0), decide).unwrap();
    let block = wait(reader.next()).unwrap();
    let flags: Vec<u8> = block.events().map(|(_, bytes)| bytes[FLAGS_AT]).collect();
    assert_eq!(flags, [0, 2]);
}

#[test]
fn a_refused_run_is_untouched_and_not_decided() {
    let journal = open(JournalSettings { events_max: 3, ..settings() }, &SimulatedDisk::new());
    let mut cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    journal.append(&mut run_of(&[1, 2], 0), |_| {}).unwrap();
    let mut refused = run_of(&[3, 4], 0);
    let asked = AtomicBool::new(false);
    let result = journal.append(&mut refused, |_| asked.store(true, Ordering::SeqCst));
    assert_eq!(result.unwrap_err(), Refused::Full);
    assert_eq!((refused.len(), asked.into_inner()), (2, false));
    assert!(cursor.held().half);

    let mut reader = journal.reader(Offset(0));
    assert_eq!(wait(reader.next()).unwrap().span().next, Offset(2));
    cursor.commit(Checkpoint { upto: Offset(2), ..Checkpoint::default() }).unwrap();
    assert_eq!(cursor.held(), Held::default());
    journal.append(&mut refused, |_| {}).unwrap();
    assert_eq!(wait(reader.next()).unwrap().span(), Span::new(Offset(2), Offset(4)));

    let tight = open(JournalSettings { memory_bytes_max: 1000, ..settings() }, &SimulatedDisk::new());
    assert_eq!(tight.append(&mut run_of(&[5], 1000), |_| {}).unwrap_err(), Refused::TooLarge);
    let mut huge = run_of(&[5], RUN_BYTES_MAX);
    assert_eq!(journal.append(&mut huge, |_| {}).unwrap_err(), Refused::TooLarge);
    assert_eq!(huge.len(), 1);
}

#[test]
fn bytes_are_bounded_and_come_free_again_exactly() {
    let journal = open(JournalSettings { memory_bytes_max: 300_000, ..settings() }, &SimulatedDisk::new());
    let mut cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    for _ in 0..5 {
        let mut accepted = 0u64;
        loop {
            match journal.append(&mut run_of(&[accepted], 1000), |_| {}) {
                Ok(_) => accepted += 1,
                Err(refused) => break assert_eq!(refused, Refused::Full),
            }
        }
        assert_eq!(accepted, 300_000 / 1014);
        let next = journal.status().next;
        let mut reader = journal.reader(cursor.last().upto);
        while reader.position() < next {
            wait(reader.next()).unwrap();
        }
        cursor.commit(Checkpoint { upto: next, ..Checkpoint::default() }).unwrap();
        assert_eq!((journal.status().bytes, journal.status().events), (0, 0));
    }
}

#[test]
fn a_cursor_survives_a_restart_and_belongs_to_its_journal() {
    let disk = SimulatedDisk::new();
    let sink = SinkName::new("s");
    let journal = open(settings(), &disk);
    let mut cursor = journal.cursor(&sink, Start::Tail).unwrap();
    journal.append(&mut run_of(&[1, 2, 3], 0), |_| {}).unwrap();
    wait(journal.reader(Offset(0)).next()).unwrap();
    let state = Bytes::from_static(b"file x at 17");
    let checkpoint =
        Checkpoint { upto: Offset(3), sink: state.clone(), dead: Bytes::from_static(b"d"), totals: Totals::default() };
    cursor.commit(checkpoint.clone()).unwrap();
    assert!(matches!(cursor.commit(Checkpoint::default()), Err(JournalError::BadCommit { .. })));
    let again = journal.cursor(&sink, Start::Tail).unwrap();
    assert_eq!(again.last(), &checkpoint);
    drop(journal);

    // A journal in memory is another one after a restart: only the states hold.
    let journal = open(settings(), &disk);
    let cursor = journal.cursor(&sink, Start::Tail).unwrap();
    assert_eq!(cursor.last(), &Checkpoint { upto: Offset(0), ..checkpoint });
    let path = Path::new("/journal/cursors/s.cursor");
    let mut content = disk.read(path).unwrap();
    *content.last_mut().unwrap() = b'x';
    disk.replace(path, &content, false).unwrap();
    let cursor = journal.cursor(&sink, Start::Tail).unwrap();
    assert_eq!(cursor.last(), &Checkpoint::default());
    assert_eq!(disk.read(Path::new("/journal/cursors/s.damaged")).unwrap(), content);
}

#[test]
fn a_reader_below_the_oldest_block_is_given_the_gap_once() {
    let journal = open(settings(), &SimulatedDisk::new());
    let mut late = journal.reader(Offset(0));
    // Without a cursor nothing is kept.
    journal.append(&mut run_of(&[1, 2], 0), |_| {}).unwrap();
    while journal.status().written < Offset(2) {
        std::thread::yield_now();
    }
    match wait(late.next()) {
        Err(ReadError::Gap { missing, .. }) => assert_eq!(missing, Span::new(Offset(0), Offset(2))),
        other => panic!("{other:?}"),
    }
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    journal.append(&mut run_of(&[3], 0), |_| {}).unwrap();
    assert_eq!(values(&wait(late.next()).unwrap()), [3]);
}

#[derive(Clone, Debug)]
enum Step {
    Append { events: usize, padding: usize },
    Read { reader: usize },
    Commit { reader: usize },
    Seek { reader: usize },
    FailCursor(bool),
    Restart { reader: usize },
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1usize..5, 0usize..30_000).prop_map(|(events, padding)| Step::Append { events, padding }),
        6 => (0usize..2).prop_map(|reader| Step::Read { reader }),
        3 => (0usize..2).prop_map(|reader| Step::Commit { reader }),
        1 => (0usize..2).prop_map(|reader| Step::Seek { reader }),
        1 => any::<bool>().prop_map(Step::FailCursor),
        1 => (0usize..2).prop_map(|reader| Step::Restart { reader }),
        1 => Just(Step::Close),
    ]
}

/// What the journal should know of one sink.
struct Follower {
    reader: Reader,
    cursor: Cursor,
    committed: u64,
    position: u64,
}

const EVENTS_MAX: usize = 60;
const BYTES_MAX: usize = 1_000_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_order_of_operations_agrees_with_the_model(steps in prop::collection::vec(step(), 1..80)) {
        let disk = SimulatedDisk::new();
        let journal = open(JournalSettings { events_max: EVENTS_MAX as u64, memory_bytes_max: BYTES_MAX as u64, ..settings() }, &disk);
        let mut followers: Vec<Follower> = ["a", "b"].iter().map(|name| {
            let cursor = journal.cursor(&SinkName::new(name), Start::Tail).unwrap();
            Follower { reader: journal.reader(cursor.last().upto), cursor, committed: 0, position: 0 }
        }).collect();
        let mut accepted: Vec<usize> = Vec::new();
        let (mut closed, mut failing) = (false, false);
        for step in steps {
            match step {
                Step::Append { events, padding } => {
                    let first = accepted.len() as u64;
                    let numbers: Vec<u64> = (first..first + events as u64).collect();
                    let mut run = run_of(&numbers, padding);
                    let size = run.size();
                    // Whole blocks come free: what is held goes down to the start of the block that a cursor needs.
                    let result = journal.append(&mut run, |_| {});
                    let oldest = usize::try_from(journal.status().oldest.0).unwrap();
                    let held: usize = accepted[oldest..].iter().sum();
                    let full = accepted.len() - oldest + events > EVENTS_MAX
                        || held + size > BYTES_MAX;
                    let expected = if closed { Err(Refused::Closed) } else if full { Err(Refused::Full) } else { Ok(()) };
                    prop_assert_eq!(result.map(|_| ()), expected);
                    if expected.is_ok() {
                        prop_assert!(run.is_empty());
                        accepted.extend(std::iter::repeat_n(size / events, events));
                    } else {
                        prop_assert_eq!(run.len(), events);
                    }
                }
                Step::Read { reader } => {
                    let follower = &mut followers[reader];
                    if follower.position < accepted.len() as u64 {
                        let block = wait(follower.reader.next()).unwrap();
                        prop_assert_eq!(block.span().first, Offset(follower.position));
                        let expected: Vec<u64> = (follower.position..block.span().next.0).collect();
                        prop_assert_eq!(values(&block), expected);
                        follower.position = block.span().next.0;
                    } else if closed {
                        prop_assert!(matches!(wait(follower.reader.next()), Err(ReadError::Closed)));
                    }
                }
                Step::Commit { reader } => {
                    let follower = &mut followers[reader];
                    let upto = Offset(follower.position);
                    let result = follower.cursor.commit(Checkpoint { upto, ..Checkpoint::default() });
                    prop_assert_eq!(result.is_ok(), follower.position >= follower.committed && !failing);
                    if result.is_ok() {
                        follower.committed = follower.position;
                    }
                    prop_assert_eq!(follower.cursor.last().upto, Offset(follower.committed));
                }
                Step::Seek { reader } => {
                    let follower = &mut followers[reader];
                    follower.reader.seek(follower.cursor.last().upto);
                    follower.position = follower.committed;
                }
                Step::FailCursor(fail) => {
                    failing = fail;
                    if fail {
                        disk.fail_when(|fault, _| (fault == Fault::Write).then_some(std::io::ErrorKind::StorageFull));
                    } else {
                        disk.heal();
                    }
                }
                Step::Restart { reader } if !failing => {
                    let follower = &mut followers[reader];
                    follower.cursor = journal.cursor(&follower.cursor.sink().clone(), Start::Tail).unwrap();
                    prop_assert_eq!(follower.cursor.last().upto, Offset(follower.committed));
                }
                Step::Restart { .. } => {}
                Step::Close => {
                    journal.close();
                    closed = true;
                }
            }
        }
    }
}
