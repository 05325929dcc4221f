//! The journal's threads in the orders that a scheduler tries out: each lock, atomic and park is a point at which another
//! thread may go on. A scheduler that finds all threads asleep tells the order that led there.

use std::{io::ErrorKind, panic};

use shuttle::{check_pct, check_random, future::block_on, thread};

use super::*;
use crate::{
    disk::Fault,
    journal::sabotage::{self, Sabotage},
};

/// Orders by chance, and as many again with few changes of threads at the worst places.
const ORDERS: usize = 250;

/// Threads whose rare preemptions are placed by the second kind of scheduler.
const PREEMPTIONS: usize = 3;

const APPENDERS: u64 = 2;

/// Two of its runs seal a block, so that the buffers are swapped by appenders as well as by the journal thread.
const RUN_BYTES: usize = 40 * 1024;

fn explore(scenario: fn()) {
    check_random(scenario, ORDERS);
    check_pct(scenario, ORDERS, PREEMPTIONS);
}

fn journal(durability: Durability, disk: &SimulatedDisk) -> Arc<Journal> {
    let settings = JournalSettings {
        segment_bytes: 1 << 20,
        bytes_max: 4 << 20,
        reserve_bytes: 0,
        ..JournalSettings::new("/journal".into(), durability, Arc::new(ManualClock::at(0)), Metrics::new())
    };
    Arc::new(open(settings, disk))
}

/// Reads to the end; gives what it found.
fn read(journal: &Arc<Journal>) -> thread::JoinHandle<Vec<u64>> {
    let mut reader = journal.reader(Offset(0));
    thread::spawn(move || {
        let (mut found, mut at) = (Vec::new(), Offset(0));
        loop {
            match block_on(reader.next()) {
                Ok(block) => {
                    assert_eq!(block.span().first, at);
                    at = block.span().next;
                    found.extend(values(&block));
                }
                Err(ReadError::Gap { missing, reason }) => {
                    assert_eq!(reason, GapReason::Refused);
                    at = missing.next;
                }
                Err(ReadError::Closed) => return found,
                Err(error) => panic!("{error}"),
            }
        }
    })
}

/// Appends `runs` runs on each of the appenders' threads; they give the numbers that were answered.
fn append(journal: &Arc<Journal>, level: Durability, runs: u64) -> Vec<thread::JoinHandle<Vec<u64>>> {
    let appender = |appender: u64| {
        let journal = Arc::clone(journal);
        thread::spawn(move || {
            let mut answered = Vec::new();
            for number in (0..runs).map(|run| run * APPENDERS + appender) {
                let Ok(ticket) = journal.append(&mut run_of(&[number], RUN_BYTES), |_| {}) else { continue };
                let span = ticket.span();
                if block_on(ticket.reached(level)).is_ok() {
                    assert!(level != Durability::Fsync || journal.status().synced >= span.next, "answered too early");
                    answered.push(number);
                }
            }
            answered
        })
    };
    (0..APPENDERS).map(appender).collect()
}

fn joined(threads: Vec<thread::JoinHandle<Vec<u64>>>) -> Vec<u64> {
    let mut all: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    all.sort_unstable();
    all
}

/// Every append is answered, and each event read once.
fn answers(durability: Durability) {
    let journal = journal(durability, &SimulatedDisk::new());
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Earliest).unwrap();
    let reader = read(&journal);
    let answered = joined(append(&journal, durability, 2));
    assert_eq!(answered, (0..2 * APPENDERS).collect::<Vec<_>>());
    journal.close();
    assert_eq!(joined(vec![reader]), answered);
}

#[test]
fn every_append_is_answered_and_read_once_in_any_order_of_threads() {
    explore(|| answers(Durability::Fsync));
    explore(|| answers(Durability::Flush));
}

#[test]
fn what_is_taken_while_the_journal_is_closed_is_answered_and_read() {
    explore(|| {
        let journal = journal(Durability::Fsync, &SimulatedDisk::new());
        let _cursor = journal.cursor(&SinkName::new("s"), Start::Earliest).unwrap();
        let reader = read(&journal);
        let appenders = append(&journal, Durability::Fsync, 2);
        journal.close();
        assert_eq!(joined(appenders), joined(vec![reader]));
    });
}

#[test]
fn what_a_failing_disk_refuses_is_not_read_and_all_else_is() {
    explore(|| {
        let disk = SimulatedDisk::new();
        let journal = journal(Durability::Fsync, &disk);
        let _cursor = journal.cursor(&SinkName::new("s"), Start::Earliest).unwrap();
        let reader = read(&journal);
        let appenders = append(&journal, Durability::Fsync, 2);
        disk.fail_when(|operation, _| {
            matches!(operation, Fault::Sync | Fault::Create).then_some(ErrorKind::StorageFull)
        });
        thread::yield_now();
        disk.heal();
        let answered = joined(appenders);
        journal.close();
        assert_eq!(joined(vec![reader]), answered);
    });
}

#[test]
fn a_wake_that_is_left_out_is_noticed() {
    sabotage::set(Some(Sabotage::NoWake));
    // A thread that is parked may also wake by itself, and mostly does before all others have come to rest, and then
    // nothing shows: one order in some thousand does.
    let alone = || {
        let journal = journal(Durability::Fsync, &SimulatedDisk::new());
        let ticket = journal.append(&mut run_of(&[0], 0), |_| {}).expect("there is room");
        block_on(ticket.reached(Durability::Fsync)).expect("the disk is well");
    };
    let noticed = (0..150).any(|_| panic::catch_unwind(move || check_random(alone, 4 * ORDERS)).is_err());
    sabotage::set(None);
    assert!(noticed, "no order of threads shows it");
}
