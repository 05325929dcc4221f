//! Journals with segments on a disk that fails.

use super::{
    durable::{durable, fill, numbers, on, read},
    *,
};

/// Lets the next sync of the journal's thread fail.
fn fail_a_sync(journal: &Journal, simulated: &SimulatedDisk) {
    let errors = journal.shared.settings.metrics.journal_errors.clone();
    simulated
        .fail_when(move |fault, _| (fault == Fault::Sync && errors.get() == 0).then_some(std::io::ErrorKind::Other));
}

#[test]
fn a_failing_sync_is_survived_in_a_new_segment_and_loses_nothing() {
    for durability in [Durability::Flush, Durability::Fsync] {
        let simulated = SimulatedDisk::new();
        let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
        let journal = on(&disk, durable(Path::new("/j"), durability));
        let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
        fill(&journal, 0..20);
        fail_a_sync(&journal, &simulated);
        fill(&journal, 20..300);
        assert_eq!(journal.shared.settings.metrics.journal_errors.get(), 1);
        drop(journal);
        simulated.crash();
        let journal = on(&disk, durable(Path::new("/j"), durability));
        assert_eq!(read(&journal, Offset(0)), (numbers(0..300), vec![]), "{durability:?}");
    }
}

/// Waits until the journal has noticed that the disk is well, and appends events 6 to 8.
fn take_again(journal: &Journal) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while let Err(refused) = journal.append(&mut run_of(&[6], 0), |_| {}) {
        assert_eq!(refused, Refused::Sick);
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
    fill(journal, 7..9);
}

#[test]
fn while_the_disk_fails_events_are_refused_forgotten_and_their_numbers_a_gap() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let forgotten = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&forgotten);
    let forget = Box::new(move |block: &Block| noted.lock().unwrap().extend(values(block)));
    let journal = Journal::open(durable(Path::new("/j"), Durability::Fsync), Arc::clone(&disk), forget).unwrap();
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    fill(&journal, 0..5);
    simulated.fail_when(|fault, _| (fault == Fault::Write).then_some(std::io::ErrorKind::StorageFull));
    let ticket = journal.append(&mut run_of(&[5], 0), |_| {}).unwrap();
    assert_eq!(wait(ticket.reached(Durability::Fsync)), Err(Refused::Sick));
    assert_eq!(*forgotten.lock().unwrap(), [5]);
    assert_eq!(journal.append(&mut run_of(&[6], 0), |_| {}).unwrap_err(), Refused::Sick);
    assert!(journal.status().sick.is_some());

    simulated.heal();
    take_again(&journal);
    let expected = (vec![0, 1, 2, 3, 4, 6, 7, 8], vec![(1, GapReason::Refused)]);
    assert_eq!(read(&journal, Offset(0)), expected);
    drop(journal);
    let journal = on(&disk, durable(Path::new("/j"), Durability::Fsync));
    assert_eq!(read(&journal, Offset(0)), expected);
}

/// With `flush` the new segment begins with what was answered before, so the refused numbers lie behind its first blocks.
#[test]
fn refused_numbers_are_told_from_lost_ones_behind_what_was_written_again_too() {
    let (_, disk, journal, _cursor) = once_sick();
    take_again(&journal);
    drop(journal);
    let journal = on(&disk, durable(Path::new("/j"), Durability::Flush));
    let expected = (vec![0, 1, 2, 3, 4, 6, 7, 8], vec![(1, GapReason::Refused)]);
    assert_eq!(read(&journal, Offset(0)), expected);
}

#[test]
fn a_sync_that_fails_at_the_stop_loses_nothing_that_was_answered() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let journal = on(&disk, durable(Path::new("/j"), Durability::Flush));
    let _cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    fill(&journal, 0..5);
    fail_a_sync(&journal, &simulated);
    drop(journal);
    simulated.crash();
    let journal = on(&disk, durable(Path::new("/j"), Durability::Flush));
    assert_eq!(read(&journal, Offset(0)), (numbers(0..5), vec![]));
}

/// Events 0 to 4 were answered with `flush`, 5 was refused, and now the disk is well again.
fn once_sick() -> (SimulatedDisk, Arc<dyn Disk>, Journal, Cursor) {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let journal = on(&disk, durable(Path::new("/j"), Durability::Flush));
    let cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    fill(&journal, 0..5);
    simulated.fail_when(|fault, _| {
        matches!(fault, Fault::Write | Fault::Sync | Fault::Rename).then_some(std::io::ErrorKind::StorageFull)
    });
    let ticket = journal.append(&mut run_of(&[5], 0), |_| {}).unwrap();
    assert_eq!(wait(ticket.reached(Durability::Flush)), Err(Refused::Sick));
    simulated.heal();
    (simulated, disk, journal, cursor)
}

#[test]
fn a_stop_tries_once_more_what_a_disk_that_was_sick_has_not_made_durable() {
    let (simulated, disk, journal, _cursor) = once_sick();
    drop(journal);
    simulated.crash();
    let journal = on(&disk, durable(Path::new("/j"), Durability::Flush));
    assert_eq!(read(&journal, Offset(0)), (numbers(0..5), vec![(1, GapReason::Refused)]));
}
