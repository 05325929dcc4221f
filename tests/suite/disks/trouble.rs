//! A disk that is in trouble under load: nothing is acknowledged that is not safe, requests are refused with 503 and
//! when to come again, health says why, memory stays bounded, and all is well by itself once the trouble is over.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Disk, await_that, memory, run, serve, with_own_mounts};
use crate::{
    fastavro,
    run::{PATIENCE as ANSWER_PATIENCE, Place},
    support::{
        http::{Answer, Response},
        load::{Load, probe},
        program::Program,
    },
};

/// Clients, each with a connection.
const CLIENTS: usize = 64;
/// Acknowledged before the trouble begins, and again when it is over.
const ACKNOWLEDGED: u64 = 1000;
/// Bytes of an event. A segment is soon full with them.
const PADDING: usize = 2000;
/// How long anything may take on a busy machine. A sink that has failed is tried again after 15 seconds at the latest.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the program may take in addition while the disk is in trouble, MiB: the 8 that may wait for the journal's
/// thread, the 16 of `memory_max`, and the requests that wait for an answer.
const MEMORY_MIB: u64 = 64;

fn refusal(place: &Place) -> Option<Response> {
    match probe().send(place.port, ANSWER_PATIENCE) {
        Answer::Response(response) if response.status == 503 => Some(response),
        _ => None,
    }
}

/// What `/health/ready` says, if it is red.
fn complaint(place: &Place) -> Option<String> {
    let health = place.admin("/health/ready");
    (health.status == 503).then(|| health.text())
}

/// Puts a server under load, its disk in trouble, and takes the trouble away. `reasons` are what health may say.
fn goes_through<'a, T>(disk: &'a Disk, place: &Place, reasons: &[&str], trouble: impl FnOnce(&'a Disk) -> T) {
    let mut program = place.start(serve(place, "fsync"));
    let load = Load::with_padding(PADDING);
    thread::scope(|scope| {
        let end = load.end();
        for _ in 0..CLIENTS {
            scope.spawn(|| load.client(place.port, 1));
        }
        load.await_more(ACKNOWLEDGED, PATIENCE);
        let before = memory(&program);
        let trouble = trouble(disk);
        is_refused(place, reasons);
        takes_no_memory(&program, before);
        drop(trouble);
        is_well(place, &load, &program);
        drop(end);
    });
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    nothing_is_missing(place, &load);
}

#[track_caller]
fn is_refused(place: &Place, reasons: &[&str]) {
    await_that("an event is refused", PATIENCE, || {
        let refused = refusal(place);
        refused.is_some_and(|response| {
            assert!(response.header("retry-after").is_some(), "{response:?}");
            true
        })
    });
    let mut said = String::new();
    await_that("health says why", PATIENCE, || {
        said = complaint(place).unwrap_or(said.clone());
        let journal = said.contains("\"journal\"");
        journal && reasons.iter().any(|reason| said.contains(reason))
    });
    println!("{said}");
}

#[track_caller]
fn takes_no_memory(program: &Program, before: u64) {
    let taken = memory(program);
    println!("{before} MiB before, {taken} MiB in trouble");
    assert!(taken < before + MEMORY_MIB, "{before} MiB before, {taken} MiB in trouble");
}

#[track_caller]
fn is_well(place: &Place, load: &Load, program: &Program) {
    let over = Instant::now();
    load.await_more(ACKNOWLEDGED, PATIENCE);
    let taken = over.elapsed();
    await_that("health is green", PATIENCE, || complaint(place).is_none());
    println!("events again after {taken:?}, all well after {:?}", over.elapsed());
    assert!(!program.output().contains("panicked"), "{}", program.output());
}

#[track_caller]
fn nothing_is_missing(place: &Place, load: &Load) {
    let files = place.published();
    let found = load.compare(fastavro::event_numbers(&files).into_iter());
    println!("{} acknowledged, {} refused, {found:?}", load.acknowledged(), load.refused());
    assert_eq!((found.missing, found.repeated), (0, 0), "of {}", load.acknowledged());
    assert!(load.odd().is_empty(), "{:?}", load.odd());
}

/// What is said when there is no room: by the figures, or as the system says it.
const FULL: [&str; 2] = ["bytes are free on the file system", "No space left on device"];

/// A disk, at the data directory of a place.
fn disk(kind: &'static str, options: &[&str]) -> (Place, Disk) {
    let place = Place::new();
    let disk = Disk::new(&place, kind, 64, options);
    (place, disk)
}

#[test]
fn a_full_disk_in_memory_is_gone_through() {
    with_own_mounts("disks::trouble::a_full_disk_in_memory_is_gone_through", || {
        let (place, disk) = disk("tmpfs", &[]);
        goes_through(&disk, &place, &FULL, Disk::fill);
    });
}

#[test]
fn a_full_disk_is_gone_through() {
    with_own_mounts("disks::trouble::a_full_disk_is_gone_through", || {
        let (place, disk) = disk("ext4", &["-m", "0"]);
        goes_through(&disk, &place, &FULL, Disk::fill);
    });
}

#[test]
fn a_disk_with_room_for_no_further_file_is_gone_through() {
    with_own_mounts("disks::trouble::a_disk_with_room_for_no_further_file_is_gone_through", || {
        let (place, disk) = disk("ext4", &["-m", "0", "-N", "256"]);
        goes_through(&disk, &place, &["No space left on device"], Disk::use_up_names);
    });
}

#[test]
fn a_disk_that_can_only_be_read_for_a_while_is_gone_through() {
    with_own_mounts("disks::trouble::a_disk_that_can_only_be_read_for_a_while_is_gone_through", || {
        let (place, disk) = disk("ext4", &[]);
        goes_through(&disk, &place, &["Read-only file system"], Disk::forbid_writing);
    });
}

#[test]
fn a_disk_that_hangs_is_gone_through() {
    with_own_mounts("disks::trouble::a_disk_that_hangs_is_gone_through", || {
        let (place, disk) = disk("ext4", &[]);
        let mut program = place.start(serve(&place, "fsync"));
        let load = Load::with_padding(PADDING);
        thread::scope(|scope| {
            let end = load.end();
            for _ in 0..CLIENTS {
                scope.spawn(|| load.client(place.port, 1));
            }
            load.await_more(ACKNOWLEDGED, PATIENCE);
            let before = memory(&program);
            let frozen = disk.freeze();
            let acknowledged = load.acknowledged();
            is_refused(&place, &["it has not answered for"]);
            let late = load.acknowledged() - acknowledged;
            assert!(late <= CLIENTS as u64, "{late} were not on their way when the disk stopped");
            takes_no_memory(&program, before);
            drop(frozen);
            is_well(&place, &load, &program);
            drop(end);
        });
        assert_eq!(program.stop(), Some(0), "{}", program.output());
        nothing_is_missing(&place, &load);
    });
}

/// A file system that finds an error in itself can only be read from then on, until it is mounted again.
#[test]
fn a_disk_that_gives_up_is_gone_through_by_a_restart() {
    with_own_mounts("disks::trouble::a_disk_that_gives_up_is_gone_through_by_a_restart", || {
        let (place, disk) = disk("ext4", &[]);
        let mut program = place.start(serve(&place, "fsync"));
        let load = Load::with_padding(PADDING);
        thread::scope(|scope| {
            let end = load.end();
            for _ in 0..CLIENTS {
                scope.spawn(|| load.client(place.port, 1));
            }
            load.await_more(ACKNOWLEDGED, PATIENCE);
            run("mount", &["-o", "remount,abort", disk.path()]);
            is_refused(&place, &["Read-only file system", "Input/output error"]);
            drop(end);
        });
        program.signal("KILL");
        program.wait();
        disk.mount_again();
        let mut program = place.start(serve(&place, "fsync"));
        assert_eq!(program.stop(), Some(0), "{}", program.output());
        nothing_is_missing(&place, &load);
    });
}
