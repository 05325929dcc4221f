//! A sink that fails at random: whatever happens, each record is outside once in the end.

use std::io;

use proptest::{prelude::*, test_runner::TestRunner};

use super::harness::{Case, World, hash};
use crate::{config::settings::Codec, disk::Fault, sink::Tick};

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next block is delivered.
    Block,
    /// Time passes.
    Tick { advance_ms: i64 },
    /// The journal needs room.
    Room,
    /// From now on, so many of 100 operations fail.
    Fail { percent: u64, seed: u64 },
    /// One kind of operation fails always.
    Broken(Fault),
    /// The disk is well again.
    Heal,
    /// Records are of another schema.
    Change,
    /// `kill -9`, and the next process.
    Kill,
    /// Power cut, and the next process.
    Crash,
    /// Orderly stop, and the next process.
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(Fault::Create),
        Just(Fault::Open),
        Just(Fault::Write),
        Just(Fault::Sync),
        Just(Fault::Rename),
        Just(Fault::Remove),
    ];
    prop_oneof![
        12 => Just(Step::Block),
        6 => (0..4000_i64).prop_map(|advance_ms| Step::Tick { advance_ms }),
        1 => Just(Step::Tick { advance_ms: 11_000 }),
        1 => Just(Step::Room),
        2 => (1..40_u64, any::<u64>()).prop_map(|(percent, seed)| Step::Fail { percent, seed }),
        1 => fault.prop_map(Step::Broken),
        2 => Just(Step::Heal),
        1 => Just(Step::Change),
        1 => Just(Step::Kill),
        1 => Just(Step::Crash),
        1 => Just(Step::Stop),
    ]
}

fn play(case: &mut Case<'_>, step: Step) {
    let disk = case.world.simulated.clone();
    match step {
        Step::Block => drop(case.block()),
        Step::Tick { advance_ms } => drop(case.tick(Tick::Time, advance_ms)),
        Step::Room => drop(case.tick(Tick::Room, 0)),
        Step::Fail { percent, seed } => {
            let mut count = seed;
            disk.fail_when(move |_, _| {
                count = count.wrapping_add(1);
                (hash(count) % 100 < percent).then_some(io::ErrorKind::Other)
            });
        }
        Step::Broken(broken) => disk.fail_when(move |fault, _| (fault == broken).then_some(io::ErrorKind::StorageFull)),
        Step::Change => drop(case.change()),
        Step::Heal => disk.heal(),
        Step::Kill | Step::Crash => {
            if matches!(step, Step::Crash) {
                case.crash();
            } else {
                case.kill();
            }
            disk.heal();
            case.start();
        }
        Step::Stop => {
            if case.tick(Tick::Stop, 0) {
                case.kill();
                disk.heal();
                case.start();
            }
        }
    }
}

#[test]
fn each_record_is_outside_once_whatever_fails() {
    let world = World::new([3, 1, 9, 20, 1, 1, 5, 2, 8, 30, 1, 4]);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let codec = prop_oneof![
        2 => Just(Codec::Null),
        1 => Just(Codec::Deflate),
        1 => Just(Codec::Snappy),
        1 => Just(Codec::Zstandard),
    ];
    let files = (1..4_usize, codec, prop::option::of(200..500_u64));
    let strategy = (prop::collection::vec(step(), 1..60), files, 1..12_u64);
    let outcome = runner.run(&strategy, |(steps, (lanes, codec, roll_bytes), sync_after_records)| {
        let mut case = world.case(|settings| {
            settings.lanes = lanes;
            settings.sync_after_records = sync_after_records;
            settings.codec = codec;
            settings.roll_bytes = roll_bytes;
        });
        case.start();
        for step in steps {
            play(&mut case, step);
        }
        case.finish();
        case.assert_exactly_once();
        case.wipe();
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn letters_survive_a_power_cut_after_a_failed_start_of_their_file() {
    let world = World::new([3, 1, 9, 20, 1, 1, 5, 2, 8, 30, 1, 4]);
    let mut case = world.case(|settings| {
        settings.lanes = 1;
        settings.sync_after_records = 3;
    });
    case.start();
    for step in [
        Step::Block,
        Step::Stop,
        Step::Block,
        Step::Block,
        Step::Fail { percent: 8, seed: 14_591_782_491_231_852_056 },
        Step::Tick { advance_ms: 11_000 },
        Step::Block,
        Step::Block,
        Step::Block,
        Step::Block,
        Step::Broken(Fault::Open),
        Step::Block,
        Step::Block,
        Step::Tick { advance_ms: 11_000 },
        Step::Crash,
    ] {
        play(&mut case, step);
    }
    case.finish();
    case.assert_exactly_once();
}

#[test]
fn a_change_of_schema_among_failures_loses_nothing() {
    let world = World::new([3, 1, 9, 20, 1, 1, 5, 2, 8, 30, 1, 4]);
    let mut case = world.case(|settings| {
        settings.lanes = 1;
        settings.sync_after_records = 2;
    });
    case.start();
    for step in [
        Step::Block,
        Step::Tick { advance_ms: 0 },
        Step::Block,
        Step::Block,
        Step::Tick { advance_ms: 1000 },
        Step::Kill,
        Step::Block,
        Step::Fail { percent: 5, seed: 4_359_809_415_537_359_725 },
        Step::Block,
        Step::Change,
        Step::Block,
        Step::Block,
        Step::Block,
        Step::Block,
        Step::Kill,
    ] {
        play(&mut case, step);
    }
    case.finish();
    case.assert_exactly_once();
}
