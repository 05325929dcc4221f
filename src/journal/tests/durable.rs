//! The journal with segments, on a simulated disk and on a real one.

use super::*;
use crate::disk::RealDisk;

pub(super) fn durable(directory: &Path, durability: Durability) -> JournalSettings {
    JournalSettings {
        // Two blocks of 64 KiB and a little more.
        segment_bytes: 160 * 1024,
        bytes_max: 1 << 20,
        reserve_bytes: 0,
        ..JournalSettings::new(directory.to_owned(), durability, Arc::new(ManualClock::at(0)), Metrics::new())
    }
}

pub(super) fn on(disk: &Arc<dyn Disk>, settings: JournalSettings) -> Journal {
    Journal::open(settings, Arc::clone(disk), Box::new(|_| {})).unwrap()
}

/// A journal whose thread is the test's own.
fn stepped(open::Opened { shared, writer, .. }: open::Opened) -> (Journal, writer::Writer) {
    let (thread, join, preparer) = (crate::util::sync::thread::current(), Mutex::new(None), Mutex::new(None));
    (Journal { shared, thread, join, preparer }, writer)
}

/// Appends events that are their own number, waits for each run, and says how many were answered.
pub(super) fn fill(journal: &Journal, numbers: std::ops::Range<u64>) {
    let level = journal.status().durability;
    for number in numbers {
        let ticket = journal.append(&mut run_of(&[number], 1000), |_| {}).unwrap();
        assert!(ticket.span().first.0 >= number);
        wait(ticket.reached(level)).unwrap();
    }
}

/// Reads to the tail: values, and gaps with their reason.
pub(super) fn read(journal: &Journal, from: Offset) -> (Vec<u64>, Vec<(u64, GapReason)>) {
    let (mut found, mut gaps) = (Vec::new(), Vec::new());
    let mut reader = journal.reader(from);
    while reader.position() < journal.status().next {
        match wait(reader.next()) {
            Ok(block) => found.extend(values(&block)),
            Err(ReadError::Gap { missing, reason }) => gaps.push((missing.len(), reason)),
            Err(error) => panic!("{error}"),
        }
    }
    (found, gaps)
}

pub(super) fn numbers(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn what_was_answered_is_there_after_an_orderly_stop_and_offsets_go_on() {
    for durability in [Durability::Flush, Durability::Fsync] {
        let directory = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let journal = on(&disk, durable(directory.path(), durability));
        let id = journal.status().id;
        let cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
        fill(&journal, 0..400);
        assert!(journal.status().segments > 2, "{:?}", journal.status());
        drop((journal, cursor));

        let journal = on(&disk, durable(directory.path(), durability));
        assert_eq!((journal.status().id, journal.status().next), (id, Offset(400)));
        let cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
        assert_eq!(cursor.last().upto, Offset(0));
        fill(&journal, 400..450);
        assert_eq!(read(&journal, Offset(0)), (numbers(0..450), vec![]));
        assert_eq!(read(&journal, Offset(400)), (numbers(400..450), vec![]));
    }
}

#[test]
fn segments_that_every_cursor_has_passed_are_used_again() {
    let disk = SimulatedDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let journal = on(&shared, durable(Path::new("/j"), Durability::Fsync));
    let mut cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    for round in 0..40 {
        fill(&journal, round * 50..(round + 1) * 50);
        let upto = journal.status().next;
        cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).unwrap();
        assert!(journal.status().disk_bytes <= 1 << 20);
    }
    let files = disk.list(Path::new("/j")).unwrap();
    let segments = files.iter().filter(|path| path.extension().is_some_and(|end| end == "segment")).count();
    assert!(segments <= 3, "{files:?}");
}

#[test]
fn segments_that_cannot_be_removed_for_a_while_are_removed_later() {
    let disk = SimulatedDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let journal = on(&shared, durable(Path::new("/j"), Durability::Fsync));
    let mut cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    fill(&journal, 0..400);
    let is_segment = |path: &Path| path.extension().is_some_and(|end| end == "segment");
    let segments = || disk.list(Path::new("/j")).unwrap().iter().filter(|path| is_segment(path)).count();
    let before = segments();
    assert!(before > 2);
    disk.fail_when(move |fault, path| {
        let removes = matches!(fault, Fault::Remove | Fault::Rename) && is_segment(path);
        removes.then_some(std::io::ErrorKind::ReadOnlyFilesystem)
    });
    let upto = journal.status().next;
    cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).unwrap();
    fill(&journal, 400..401);
    assert_eq!((segments(), journal.status().segments), (before, 1));
    disk.fail_when(|_, _| None);
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let mut number = 401;
    while segments() > 1 {
        assert!(std::time::Instant::now() < deadline, "{} are left", segments());
        // Something has to happen for it to look.
        fill(&journal, number..number + 1);
        number += 1;
        let upto = journal.status().next;
        cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_full_journal_refuses_and_takes_again_when_a_cursor_moves() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new());
    let journal = on(&disk, durable(Path::new("/j"), Durability::Flush));
    let mut cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    let mut accepted = 0;
    while let Ok(ticket) = journal.append(&mut run_of(&[accepted], 1000), |_| {}) {
        wait(ticket.reached(Durability::Flush)).unwrap();
        accepted += 1;
    }
    assert_eq!(journal.append(&mut run_of(&[0], 1000), |_| {}).unwrap_err(), Refused::Full);
    assert!(accepted > 500, "{accepted} of a MiB");
    assert!(cursor.held().half);
    assert!(matches!(journal.status().no_room, Some(NoRoom::Quota { .. })));
    assert_eq!(read(&journal, Offset(0)), (numbers(0..accepted), vec![]));

    let upto = journal.status().next;
    cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while journal.append(&mut run_of(&[accepted], 1000), |_| {}).is_err() {
        assert!(std::time::Instant::now() < deadline, "{:?}", journal.status());
        std::thread::yield_now();
    }
}

#[test]
fn starts_while_a_sink_is_down_do_not_use_up_the_quota() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new());
    let sink = SinkName::new("s");
    let settings = || JournalSettings { sinks: vec![sink.clone()], ..durable(Path::new("/j"), Durability::Fsync) };
    for number in 0..50 {
        let journal = on(&disk, settings());
        let _cursor = journal.cursor(&sink, Start::Tail).unwrap();
        let ticket = journal.append(&mut run_of(&[number], 0), |_| {}).unwrap();
        wait(ticket.reached(Durability::Fsync)).unwrap();
    }
    let journal = on(&disk, settings());
    assert_eq!((read(&journal, Offset(0)), journal.status().segments), ((numbers(0..50), vec![]), 51));
}

#[test]
fn a_sink_that_may_be_skipped_and_a_cursor_without_a_sink_make_room() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new());
    let settings =
        || JournalSettings { skip_oldest: vec![SinkName::new("slow")], ..durable(Path::new("/j"), Durability::Fsync) };
    let journal = on(&disk, settings());
    drop(journal.cursor(&SinkName::new("gone"), Start::Tail).unwrap());
    drop(journal);

    let journal = on(&disk, settings());
    let slow = journal.cursor(&SinkName::new("slow"), Start::Tail).unwrap();
    fill(&journal, 0..2000);
    let (found, gaps) = read(&journal, slow.last().upto);
    let (last, [(missing, GapReason::Quota)]) = (found.last().copied(), &*gaps) else { panic!("{gaps:?}") };
    assert_eq!((last, missing + found.len() as u64), (Some(1999), 2000));

    // The next process knows the reason too.
    let upto = slow.last().upto;
    drop((journal, slow));
    let (found, gaps) = read(&on(&disk, settings()), upto);
    assert!(gaps.iter().all(|(_, reason)| *reason == GapReason::Quota), "{gaps:?}");
    assert_eq!(gaps.iter().map(|(missing, _)| missing).sum::<u64>() + found.len() as u64, 2000);
}

/// A start on a full journal: the sinks come when it is open already, and what they need is not cut before.
#[test]
fn what_a_sink_needs_is_there_when_it_comes_to_a_full_journal() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let sink = SinkName::new("s");
    let settings = || JournalSettings { sinks: vec![sink.clone()], ..durable(Path::new("/j"), Durability::Fsync) };
    let journal = on(&disk, settings());
    drop(journal.cursor(&sink, Start::Tail).unwrap());
    let mut answered = 0;
    while let Ok(ticket) = journal.append(&mut run_of(&[answered], 1000), |_| {}) {
        wait(ticket.reached(Durability::Fsync)).unwrap();
        answered += 1;
    }
    drop(journal);

    // With a good cursor, and with one that keeps the sink from coming.
    let path = Path::new("/j/cursors/s.cursor");
    let good = disk.read(path).unwrap();
    for is_damaged in [false, true, false] {
        let content = if is_damaged { b"?".to_vec() } else { good.clone() };
        disk.replace(path, &content, true).unwrap();
        let journal = on(&disk, settings());
        assert_eq!(journal.append(&mut run_of(&[0], 1000), |_| {}).unwrap_err(), Refused::Full);
        journal.looked_through();
        assert_eq!(journal.status().orphans, []);
        match journal.cursor(&sink, Start::Tail) {
            Ok(cursor) => {
                assert_eq!((cursor.last().upto, journal.orphans()), (Offset(0), vec![]));
                assert_eq!(read(&journal, Offset(0)), (numbers(0..answered), vec![]));
            }
            Err(error) => assert!(is_damaged && matches!(error, JournalError::DamagedCursor { .. }), "{error}"),
        }
        // Its thread looks for room once more at the end.
        drop(journal);
    }
}

/// What waits in the segments keeps a journal in memory from being used, and what was delivered is not delivered again
/// when the segments are read again.
#[test]
fn a_while_in_memory_costs_nothing_and_repeats_nothing() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new());
    let sink = SinkName::new("s");
    let settings = |durability| JournalSettings { sinks: vec![sink.clone()], ..durable(Path::new("/j"), durability) };
    let journal = on(&disk, settings(Durability::Fsync));
    let mut cursor = journal.cursor(&sink, Start::Tail).unwrap();
    fill(&journal, 0..400);
    let upto = read_until(&journal, Offset(300));
    cursor.commit(Checkpoint { upto, ..Checkpoint::default() }).unwrap();
    drop((journal, cursor));

    for _ in 0..2 {
        let memory = on(&disk, settings(Durability::None));
        let error = memory.cursor(&sink, Start::Tail).unwrap_err();
        assert!(matches!(error, JournalError::Waiting { events, .. } if events == 400 - upto.0), "{error}");
    }
    let journal = on(&disk, settings(Durability::Fsync));
    let mut cursor = journal.cursor(&sink, Start::Tail).unwrap();
    assert_eq!(read(&journal, cursor.last().upto), (numbers(upto.0..400), vec![]));
    cursor.commit(Checkpoint { upto: Offset(400), ..Checkpoint::default() }).unwrap();
    drop((journal, cursor));

    for _ in 0..2 {
        let memory = on(&disk, settings(Durability::None));
        let mut cursor = memory.cursor(&sink, Start::Tail).unwrap();
        assert_eq!(cursor.last().upto, Offset(0));
        memory.append(&mut run_of(&[1], 0), |_| {}).unwrap();
        cursor.commit(Checkpoint { upto: Offset(1), ..Checkpoint::default() }).unwrap();
    }
    let journal = on(&disk, settings(Durability::Fsync));
    assert_eq!(journal.cursor(&sink, Start::Tail).unwrap().last().upto, Offset(400));
}

/// The first end of a block at or behind an offset.
fn read_until(journal: &Journal, least: Offset) -> Offset {
    let mut reader = journal.reader(Offset(0));
    while reader.position() < least {
        wait(reader.next()).unwrap();
    }
    reader.position()
}

#[test]
fn no_room_for_the_first_event_stops_the_start() {
    let simulated = SimulatedDisk::new();
    simulated.set_capacity(1000);
    let disk: Arc<dyn Disk> = Arc::new(simulated);
    let settings = durable(Path::new("/j"), Durability::Fsync);
    let error = Journal::open(settings, Arc::clone(&disk), Box::new(|_| {})).unwrap_err();
    assert!(matches!(error, JournalError::NoRoom { reason: NoRoom::Reserve { .. }, .. }), "{error}");
}

#[test]
fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let _journal = on(&disk, durable(directory.path(), Durability::Fsync));
    let error = Journal::open(durable(directory.path(), Durability::Fsync), disk, Box::new(|_| {})).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
}

/// The numbers that a crash leaves unused are no loss, also when the segment before them is gone when they are read.
#[test]
fn unused_numbers_are_told_from_lost_ones_when_the_segment_before_them_is_gone() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let settings =
        || JournalSettings { sinks: vec![SinkName::new("s")], ..durable(Path::new("/j"), Durability::Fsync) };
    let (journal, mut writer) = stepped(open::open(settings(), Arc::clone(&disk), Box::new(|_| {})).unwrap());
    let mut cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    journal.append(&mut run_of(&[0], 0), |_| {}).unwrap();
    while journal.status().synced < Offset(1) {
        writer.turn(std::time::Instant::now());
    }
    cursor.commit(Checkpoint { upto: Offset(1), ..Checkpoint::default() }).unwrap();
    simulated.crash();
    drop((journal, cursor, writer));

    let journal = on(&disk, settings());
    let cursor = journal.cursor(&SinkName::new("s"), Start::Tail).unwrap();
    let next = journal.status().next;
    assert!(next > Offset(1000));
    fill(&journal, next.0..next.0 + 1);
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while journal.status().segments > 1 {
        assert!(std::time::Instant::now() < deadline, "{:?}", journal.status());
        std::thread::yield_now();
    }
    let (found, gaps) = read(&journal, cursor.last().upto);
    assert_eq!((found, gaps), (vec![next.0], vec![(next.0 - 1, GapReason::Unclean)]));
}

#[test]
fn a_flipped_bit_costs_one_block_and_says_which() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let journal = on(&disk, durable(Path::new("/j"), Durability::Fsync));
    drop(journal.cursor(&SinkName::new("s"), Start::Tail).unwrap());
    fill(&journal, 0..30);
    drop(journal);
    let path = Path::new("/j").join(catalog::file_name(1));
    let mut file = disk.open(&path).unwrap();
    let mut byte = [0];
    // In the middle of the block of the sixth event; each block has one.
    let at = format::DATA_AT + 5 * (48 + 4 + 10 + 1000) + 500;
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
    let journal = on(&disk, durable(Path::new("/j"), Durability::Fsync));
    let (found, gaps) = read(&journal, Offset(0));
    assert_eq!(found, [numbers(0..5), numbers(6..30)].concat());
    assert_eq!(gaps, [(1, GapReason::Lost)]);
}

/// Lines as `hexdump -C` prints them; lines of zeros are left out.
fn hexdump(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for (index, line) in bytes.chunks(16).enumerate().filter(|(_, line)| line.iter().any(|byte| *byte != 0)) {
        let hex = |half: &[u8]| half.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let (left, right) = line.split_at(line.len().min(8));
        let show = |byte: &u8| if (32..127).contains(byte) { char::from(*byte) } else { '.' };
        let shown: String = line.iter().map(show).collect();
        let _ = writeln!(text, "{:08x}  {}  {}  |{shown}|", index * 16, hex(left), hex(right));
    }
    text
}

#[test]
fn the_documented_hexdump_is_what_is_written() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let id = uuid::Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let settings = JournalSettings {
        clock: Arc::new(ManualClock::at(1_600_000_000_000)),
        ..durable(Path::new("/j"), Durability::Fsync)
    };
    let (journal, mut writer) = stepped(open::open_as(id, settings, disk, Box::new(|_| {})).unwrap());
    let mut run = Run::new();
    run.push(Tag { slot: 0, signature: 0 }, |bytes| bytes.extend_from_slice(b"\x01\0hello"));
    journal.append(&mut run, |_| {}).unwrap();
    journal.shared.intake().close();
    while writer.turn(std::time::Instant::now()) != writer::Next::End {}
    let written = simulated.read(&Path::new("/j").join(catalog::file_name(1))).unwrap();
    let text = include_str!("../../../docs/journal-format.md");
    let shown = text.split_once("```hexdump\n").unwrap().1.split_once("```").unwrap().0;
    assert_eq!(shown, hexdump(&written));
}
