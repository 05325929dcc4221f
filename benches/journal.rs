//! What the journal in memory costs per event: appending, alone and against another thread, and handing blocks over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use divan::{Bencher, black_box, counter::ItemsCount};
use headwater::{
    checkpoint::SinkName,
    disk::RealDisk,
    journal::{Durability, Journal, JournalSettings, ReadError, Run, Start, Tag},
    metrics::Metrics,
    util::clock::SystemClock,
};
use tempfile::TempDir;
use tokio::runtime;

fn main() {
    divan::main();
}

/// Size of a stored page view.
const EVENT_BYTES: usize = 550;

/// Events per measured step.
const EVENTS: usize = 1000;

/// A journal without cursors: what is handed over leaves at once, so it is never full for long.
fn journal(directory: &TempDir) -> Arc<Journal> {
    let settings = JournalSettings {
        directory: directory.path().to_owned(),
        durability: Durability::None,
        memory_bytes_max: u64::MAX,
        events_max: u64::MAX,
        clock: Arc::new(SystemClock),
        metrics: Metrics::new(),
    };
    Arc::new(Journal::open(settings, Arc::new(RealDisk), Box::new(|_| {})).expect("a fresh directory"))
}

/// Appends one event; when too much is pending, lets the journal thread catch up.
fn append(journal: &Journal, run: &mut Run) {
    run.push(Tag::default(), |bytes| bytes.resize(bytes.len() + EVENT_BYTES, 7));
    while journal.append(run, |event| *event.flags = black_box(1)).is_err() {
        thread::yield_now();
    }
}

#[divan::bench]
fn append_from_one_thread(bencher: Bencher) {
    let directory = TempDir::new().expect("a temporary directory");
    let journal = journal(&directory);
    let mut run = Run::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| (0..EVENTS).for_each(|_| append(&journal, &mut run)));
}

/// The measured thread's share, while another appends as fast as it can.
#[divan::bench]
fn append_against_another_thread(bencher: Bencher) {
    let directory = TempDir::new().expect("a temporary directory");
    let journal = journal(&directory);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut run = Run::new();
            while !stop.load(Ordering::Relaxed) {
                append(&journal, &mut run);
            }
        });
        let mut run = Run::new();
        bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| (0..EVENTS).for_each(|_| append(&journal, &mut run)));
        stop.store(true, Ordering::Relaxed);
    });
}

/// Events appended, sealed, handed over and read; the end of the journal instead of its pace hands over the last block.
#[divan::bench]
fn hand_over(bencher: Bencher) {
    let runtime = runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    bencher
        .counter(ItemsCount::new(EVENTS))
        .with_inputs(|| {
            let directory = TempDir::new().expect("a temporary directory");
            let journal = journal(&directory);
            // A cursor holds the blocks until they are read.
            let cursor = journal.cursor(&SinkName::new("sink"), Start::Tail).expect("a fresh directory");
            (journal, cursor, directory, Run::new())
        })
        .bench_local_values(|(journal, cursor, directory, mut run)| {
            (0..EVENTS).for_each(|_| append(&journal, &mut run));
            journal.close();
            let mut reader = journal.reader(cursor.last().upto);
            let mut events = 0;
            runtime.block_on(async {
                loop {
                    match reader.next().await {
                        Ok(block) => events += block.events().filter(|(_, event)| event.len() == EVENT_BYTES).count(),
                        Err(ReadError::Closed) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            assert_eq!(events, EVENTS);
            (journal, cursor, directory)
        });
}
