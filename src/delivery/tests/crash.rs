//! One failure, kill or power cut at every single operation on the disk.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::harness::{Case, Fate, World, hash};
use crate::{
    config::settings::{Codec, FileSettings},
    disk::Fault,
    sink::Tick,
};

/// Where the cursors are.
const CURSORS: &str = "/journal/cursors";

/// What happens at the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    /// It fails, the next one does not.
    FailOnce,
    /// It does not happen, and nothing after it: `kill -9`.
    Kill,
    /// The same, and what is not synced is gone.
    PowerCut,
}

/// Lets `act` run on a disk where the operation number `at` fails; says how many operations there were.
fn with_blow(case: &mut Case<'_>, blow: Option<(Blow, u64)>, act: fn(&mut Case<'_>)) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    case.world.simulated.fail_when(move |_, _| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let fails = match blow {
            Some((Blow::FailOnce, at)) => number == at,
            Some((_, at)) => number >= at,
            None => false,
        };
        fails.then_some(io::ErrorKind::Other)
    });
    act(case);
    case.world.simulated.heal();
    match blow {
        Some((Blow::Kill, _)) => case.kill(),
        Some((Blow::PowerCut, _)) => case.crash(),
        Some((Blow::FailOnce, _)) | None => {}
    }
    count.load(Ordering::Relaxed)
}

/// Tries every operation of `act` after a healthy `before`.
fn survives(before: fn(&mut Case<'_>), act: fn(&mut Case<'_>)) {
    survives_with(|_| {}, before, act);
}

/// The same with other settings.
fn survives_with(change: impl Fn(&mut FileSettings), before: fn(&mut Case<'_>), act: fn(&mut Case<'_>)) {
    survives_as(|case| change(&mut case.settings), before, act);
}

/// The same with another sink.
fn survives_as(change: impl Fn(&mut Case<'_>), before: fn(&mut Case<'_>), act: fn(&mut Case<'_>)) {
    let world = World::new([3, 9, 1, 20, 4, 4, 7]);
    let new_case = || {
        let mut case = world.case(|settings| settings.sync_after_records = 4);
        change(&mut case);
        case.start();
        before(&mut case);
        case
    };
    let operations = with_blow(&mut new_case(), None, act);
    assert!(operations > 20, "{operations} operations");
    for blow in [Blow::FailOnce, Blow::Kill, Blow::PowerCut] {
        for at in 0..operations {
            let mut case = new_case();
            with_blow(&mut case, Some((blow, at)), act);
            println!("{blow:?} at operation {at}");
            case.finish();
            case.assert_exactly_once();
        }
    }
}

#[test]
fn a_roll_survives_a_blow_at_every_operation() {
    survives(
        |case| {
            case.block();
            case.block();
            case.tick(Tick::Time, 2000);
        },
        |case| {
            case.block();
            case.block();
            case.tick(Tick::Time, 11_000);
            case.block();
        },
    );
}

#[test]
fn a_change_of_schema_survives_a_blow_at_every_operation() {
    survives(
        |case| {
            case.block();
            case.tick(Tick::Time, 2000);
            case.block();
        },
        |case| {
            case.change();
            case.block();
            case.tick(Tick::Room, 0);
            case.block();
        },
    );
}

#[test]
fn a_roll_by_size_of_compressed_files_survives_a_blow_at_every_operation() {
    fn act(case: &mut Case<'_>) {
        let _ = case.block() && case.block() && case.block() && case.tick(Tick::Time, 1500);
    }
    for codec in [Codec::Deflate, Codec::Snappy, Codec::Zstandard] {
        let change = |settings: &mut FileSettings| {
            settings.codec = codec;
            settings.roll_bytes = Some(260);
        };
        let world = World::new([3, 9, 1, 20, 4, 4, 7]);
        let mut case = world.case(change);
        case.start();
        case.block();
        act(&mut case);
        assert!(!case.files(&case.settings.publish_directory).is_empty(), "the size is reached");
        survives_with(
            change,
            |case| {
                case.block();
                case.tick(Tick::Time, 2000);
            },
            act,
        );
    }
}

#[test]
fn dead_letters_in_many_files_survive_a_blow_at_every_operation() {
    /// Two in three are dead.
    fn mostly_dead(offset: u64, mapping: usize) -> Fate {
        if hash(offset * 5 + mapping as u64).is_multiple_of(3) { Fate::Delivered } else { Fate::Dead }
    }
    fn change(case: &mut Case<'_>) {
        // None has to go, and each file takes about a block's letters.
        case.fates = mostly_dead;
        case.letters_max = 14_000;
    }
    fn act(case: &mut Case<'_>) {
        for _ in 0..4 {
            case.block();
            case.tick(Tick::Room, 0);
        }
    }
    let world = World::new([3, 9, 1, 20, 4, 4, 7]);
    let mut case = world.case(|settings| settings.sync_after_records = 4);
    change(&mut case);
    case.start();
    case.block();
    let files = |case: &Case<'_>| world.disk.list(&case.dead_letters()).unwrap_or_default().len();
    let before = files(&case);
    act(&mut case);
    assert!(files(&case) > before + 1, "{before} files, then {}", files(&case));
    case.finish();
    case.assert_exactly_once();
    survives_as(
        change,
        |case| {
            case.block();
        },
        act,
    );
}

#[test]
fn an_orderly_stop_survives_a_blow_at_every_operation() {
    survives(
        |case| {
            case.block();
            case.block();
        },
        |case| {
            case.block();
            case.tick(Tick::Stop, 0);
        },
    );
}

#[test]
fn the_start_after_a_kill_survives_a_blow_at_every_operation() {
    survives(
        |case| {
            for _ in 0..4 {
                case.block();
                case.tick(Tick::Time, 1500);
            }
            case.block();
            case.kill();
            case.start();
        },
        |case| {
            case.tick(Tick::Time, 0);
            case.block();
            case.tick(Tick::Room, 0);
        },
    );
}

#[test]
fn a_rewind_survives_a_blow_at_every_operation() {
    survives(
        |case| {
            case.block();
            case.tick(Tick::Time, 1500);
            case.block();
            // Blocks lie behind what is committed.
            let disk = case.world.simulated.clone();
            disk.fail_when(|fault, _| (fault == Fault::Sync).then_some(io::ErrorKind::Other));
            case.block();
            disk.heal();
        },
        |case| {
            case.tick(Tick::Time, 11_000);
            case.block();
            case.tick(Tick::Room, 0);
        },
    );
}

/// The commit is on the disk, but its sync fails; then the rewind cannot be committed; then the process is killed. The
/// next one finds the commit that was taken for failed, and with it everything that it names.
#[test]
fn a_commit_that_fails_halfway_may_be_the_one_that_holds() {
    let world = World::new([9, 9, 20, 20]);
    for ticks in 1..3 {
        let mut case = world.case(|settings| settings.sync_after_records = 1);
        case.start();
        assert!(case.block() && case.tick(Tick::Room, 0));
        world.simulated.fail_when(|fault, path| {
            (fault == Fault::Sync && path == Path::new(CURSORS)).then_some(io::ErrorKind::Other)
        });
        assert!(!(case.block() && case.block() && case.tick(Tick::Room, 0)));
        world.simulated.fail_when(|fault, path| {
            (fault == Fault::Create && path.starts_with(CURSORS)).then_some(io::ErrorKind::StorageFull)
        });
        for _ in 0..ticks {
            assert!(!case.block());
        }
        case.kill();
        world.simulated.heal();
        case.start();
        assert!(case.delivery.as_ref().unwrap().0.parts.ledger.last().upto.0 > 9, "the later commit holds");
        case.finish();
        case.assert_exactly_once();
    }
}
