//! Power cuts under load: what was acknowledged with `fsync` is in the files afterwards, each event once.

use std::{env, thread, time::Duration};

use super::{Disk, await_that, serve, with_own_mounts};
use crate::{
    fastavro,
    run::Place,
    support::{load::Load, random::Random},
};

/// Power cuts in all, over ext4 and xfs; `HEADWATER_POWER_CUTS` asks for more.
const CUTS: u64 = 5;
/// Acknowledged before each cut, at least.
const ACKNOWLEDGED: u64 = 4000;
/// With `flush` a round lasts at least so long: most of its events are on the disk by themselves then.
const FLUSHED_WITHIN: Duration = Duration::from_secs(4);
/// Then the cut comes within this time, at random.
const WITHIN: Duration = Duration::from_millis(700);
/// How long the events of a round may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Clients, each with a connection, and what each sends before it reads the answers.
const CLIENTS: usize = 64;
const PIPELINED: u64 = 4;
/// Size of a file system, MiB; only what is written takes room.
const MIB: u64 = 2048;

fn cuts() -> u64 {
    env::var("HEADWATER_POWER_CUTS").map_or(CUTS, |number| number.parse().expect("HEADWATER_POWER_CUTS is a number"))
}

/// Cuts the power under load so many times, starts again each time, and gives how many events were acknowledged and how
/// many of them are missing.
fn after_power_cuts(kind: &'static str, cuts: u64, durability: &str) -> (u64, u64) {
    let place = Place::new();
    let disk = Disk::new(&place, kind, MIB, &[]);
    let mut random = Random::seeded(&format!("{kind}, {durability}"));
    let load = Load::default();
    for round in 0..cuts {
        let mut program = place.start(serve(&place, durability));
        let before = load.acknowledged();
        thread::scope(|scope| {
            let end = load.end();
            for _ in 0..CLIENTS {
                scope.spawn(|| load.connection(place.port, PIPELINED));
            }
            load.await_more(ACKNOWLEDGED, PATIENCE);
            if durability == "flush" {
                thread::sleep(FLUSHED_WITHIN);
            }
            let wait = u64::try_from(WITHIN.as_micros()).expect("a short time");
            thread::sleep(Duration::from_micros(random.below(wait)));
            // Unlike the machine, the program and its clients go on for a moment. Some calls that were begun before the
            // cut report a success that the file system does not keep, so what is answered now is not counted.
            load.cut();
            disk.cut_power();
            let mut late = load.late();
            await_that("no answers without a disk", PATIENCE, || {
                thread::sleep(Duration::from_millis(100 + random.below(200)));
                let before = std::mem::replace(&mut late, load.late());
                before == late
            });
            program.signal("KILL");
            drop(end);
        });
        program.wait();
        println!("{kind}, {durability}, {round}: {} acknowledged", load.acknowledged() - before);
        disk.mount_again();
        load.resume();
    }
    let mut program = place.start(serve(&place, durability));
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert!(durability != "fsync" || !program.output().contains("damaged"), "{}", program.output());
    // Reading them is also the proof that each file can be read.
    let files = place.published();
    let found = load.compare(fastavro::event_numbers(&files).into_iter());
    let (files, acknowledged) = (files.len(), load.acknowledged());
    println!("{kind}, {durability}: {cuts} power cuts, {acknowledged} acknowledged, {files} files, {found:?}");
    assert!(acknowledged >= cuts * ACKNOWLEDGED && found.in_files > 0);
    assert_eq!((found.repeated, load.odd()), (0, Vec::new()));
    (acknowledged, found.missing)
}

#[test]
fn nothing_acknowledged_with_fsync_is_lost_by_a_power_cut_on_ext4() {
    with_own_mounts("disks::power::nothing_acknowledged_with_fsync_is_lost_by_a_power_cut_on_ext4", || {
        assert_eq!(after_power_cuts("ext4", cuts().div_ceil(2), "fsync").1, 0);
    });
}

#[test]
fn nothing_acknowledged_with_fsync_is_lost_by_a_power_cut_on_xfs() {
    with_own_mounts("disks::power::nothing_acknowledged_with_fsync_is_lost_by_a_power_cut_on_xfs", || {
        assert_eq!(after_power_cuts("xfs", cuts() / 2, "fsync").1, 0);
    });
}

#[test]
fn with_flush_a_power_cut_may_cost_the_last_moments_and_nothing_else() {
    with_own_mounts("disks::power::with_flush_a_power_cut_may_cost_the_last_moments_and_nothing_else", || {
        let (acknowledged, missing) = after_power_cuts("ext4", 1, "flush");
        assert!(missing < acknowledged / 2, "{missing} of {acknowledged} are more than the last moments");
    });
}
