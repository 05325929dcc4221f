use super::*;
use crate::{
    disk::SimulatedDisk,
    journal::{Durability, Journal, JournalSettings, Run, Tag},
    metrics::Metrics,
    util::clock::ManualClock,
};

/// Blocks of one event each, as they are told.
fn told(disk: &SimulatedDisk, from: u64) -> Vec<String> {
    let archive = Archive::open(Path::new("/j"), Arc::new(disk.clone())).unwrap();
    let tell = |piece: Result<Piece, JournalError>| match piece {
        Ok(Piece::Block(block)) => block.span().to_string(),
        Ok(Piece::Gap { missing, reason, .. }) => format!("{missing} {reason}"),
        Err(error) => error.to_string(),
    };
    archive.pieces(Offset(from)).map(tell).collect()
}

#[test]
fn what_a_running_journal_holds_is_read_and_nothing_is_changed() {
    let disk = SimulatedDisk::new();
    let settings = JournalSettings {
        reserve_bytes: 0,
        ..JournalSettings::new("/j".into(), Durability::Fsync, Arc::new(ManualClock::at(5)), Metrics::new())
    };
    let journal = Journal::open(settings, Arc::new(disk.clone()), Box::new(|_| {})).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..4 {
        let mut run = Run::new();
        run.push(Tag::default(), |out| out.extend_from_slice(&[7; 1000]));
        let ticket = journal.append(&mut run, |_| {}).unwrap();
        runtime.block_on(ticket.reached(Durability::Fsync)).unwrap();
    }
    let before: Vec<_> = disk.list(Path::new("/j")).unwrap();
    assert_eq!(told(&disk, 0), ["0..1", "1..2", "2..3", "3..4"]);
    assert_eq!(told(&disk, 2), ["2..3", "3..4"]);
    assert_eq!(told(&disk, 9), [""; 0]);
    let archive = Archive::open(Path::new("/j"), Arc::new(disk.clone())).unwrap();
    let segments: Vec<_> = archive.segments().collect();
    assert_eq!((archive.id(), segments.len()), (journal.status().id, 1));
    assert_eq!((segments[0].span, segments[0].begun_ms), (Span::new(Offset(0), Offset(4)), 5));
    assert_eq!(disk.list(Path::new("/j")).unwrap(), before);
    drop(journal);

    // As a delivery reads it.
    let reader =
        |until| ArchiveReader::new(Arc::new(Archive::open(Path::new("/j"), Arc::new(disk.clone())).unwrap()), until);
    let read = |reader: &mut ArchiveReader| match runtime.block_on(reader.next()) {
        Ok(block) => block.span().to_string(),
        Err(error) => error.to_string(),
    };
    let mut short = reader(Offset(3));
    let told_short: Vec<_> = (0..4).map(|_| read(&mut short)).collect();
    assert_eq!(told_short, ["0..1", "1..2", "2..3", "the journal is closed"]);
    short.seek(Offset(1));
    assert_eq!((read(&mut short).as_str(), short.position()), ("1..2", Offset(2)));

    // A flipped bit in the third block, and one in the first.
    for (block, expected) in
        [(2, ["0..1", "1..2", "2..3 lost", "3..4"]), (0, ["0..1 lost", "1..2", "2..3 lost", "3..4"])]
    {
        let at = DATA_AT + block * (48 + 4 + 1000) + 500;
        disk.open(&segments[0].path).unwrap().write_all_at(&[0], at).unwrap();
        assert_eq!(told(&disk, 0), expected);
    }
    assert_eq!(told(&disk, 2), ["2..3 lost", "3..4"]);
    let mut damaged = reader(Offset(2));
    assert_eq!(read(&mut damaged), "events 0..1 are missing: lost");
    assert_eq!(read(&mut damaged), "1..2");

    // Used for something else meanwhile.
    let mut late = reader(Offset(4));
    disk.remove(&segments[0].path).unwrap();
    assert_eq!(read(&mut late), "events 0..4 are missing: dropped to free space");
    assert_eq!(read(&mut late), "the journal is closed");
}
