//! What stands in the two directories after each step, as recorded from the original and as meant.

use std::{collections::BTreeMap, fs, io, sync::Arc, time::Duration};

use super::harness::{Case, SCHEMA, World, always, fill};
use crate::{
    checkpoint::Offset,
    config::settings::{Codec, FileSettings},
    delivery::Health,
    disk::Fault,
    journal::Block,
    record::{container, schema::RecordSchema},
    sink::Tick,
};

/// A step and the listings after it: number in the name and records.
type Step<'a> = (&'a str, &'a [(u64, usize)], &'a [(u64, usize)]);

fn listing(case: &Case<'_>, directory: &std::path::Path, end: &str) -> Vec<(u64, usize)> {
    let number = |name: &str| {
        let stem = name.strip_suffix(end).unwrap_or_else(|| panic!("{name} does not end in {end}"));
        let (rest, number) = stem.rsplit_once('-').unwrap();
        assert!(rest.contains("-divolte-tracking-"), "{name}");
        assert!(rest[..14].chars().all(|character| character.is_ascii_digit()), "{name}");
        number.parse().unwrap()
    };
    let mut found: Vec<_> = case.files(directory).iter().map(|(name, records)| (number(name), records.len())).collect();
    found.sort_unstable();
    found
}

/// Plays steps of the recordings, one event per block.
fn play(case: &mut Case<'_>, steps: &[Step<'_>]) {
    for (index, (step, work, publish)) in steps.iter().enumerate() {
        match step.split_once(' ').unwrap_or((step, "")) {
            ("start", _) => {
                case.start();
                assert!(case.resume());
            }
            ("event", _) => {
                fill(&case.world.journal, &case.world.runtime, 0, [1]);
                assert!(case.block());
            }
            // Several in one block, as they may come from the journal.
            ("events", count) => {
                fill(&case.world.journal, &case.world.runtime, 0, [count.parse().unwrap()]);
                assert!(case.block());
            }
            ("wait", ms) => {
                for _ in 0..ms.parse::<i64>().unwrap() / 250 {
                    assert!(case.tick(Tick::Time, 250));
                }
            }
            ("term", _) => {
                assert!(case.tick(Tick::Stop, 0));
                case.kill();
            }
            ("kill9", _) => case.kill(),
            other => panic!("{other:?}"),
        }
        let found = listing(case, &case.settings.working_directory, ".avro.partial");
        assert_eq!(found, *work, "working directory after step {index}, {step}");
        let found = listing(case, &case.settings.publish_directory, ".avro");
        assert_eq!(found, *publish, "publish directory after step {index}, {step}");
    }
}

fn check(name: &str, change: impl FnOnce(&mut FileSettings), steps: &[Step<'_>]) {
    println!("case '{name}'");
    let world = World::new([]);
    let mut case = world.case(|settings| {
        settings.lanes = 1;
        settings.sync_after_records = 1000;
        settings.sync_after = Duration::from_secs(30);
        settings.roll_every = Duration::from_hours(1);
        change(settings);
    });
    case.mappings = 1;
    case.fates = always;
    play(&mut case, steps);
}

#[test]
fn listings_are_those_of_the_original() {
    check(
        "one event then stop",
        |_| {},
        &[("start", &[(1, 0)], &[]), ("event", &[(1, 0)], &[]), ("term", &[], &[(1, 1)])],
    );
    check(
        "no events then stop: nothing published",
        |_| {},
        &[("start", &[(1, 0)], &[]), ("wait 1500", &[(1, 0)], &[]), ("term", &[], &[])],
    );
    check(
        "sync after 2 records",
        |settings| settings.sync_after_records = 2,
        &[
            ("start", &[(1, 0)], &[]),
            ("event", &[(1, 0)], &[]),
            ("event", &[(1, 2)], &[]),
            ("event", &[(1, 2)], &[]),
            ("term", &[], &[(1, 3)]),
        ],
    );
    check(
        "sync after duration",
        |settings| settings.sync_after = Duration::from_secs(1),
        &[
            ("start", &[(1, 0)], &[]),
            ("event", &[(1, 0)], &[]),
            ("wait 2500", &[(1, 1)], &[]),
            ("term", &[], &[(1, 1)]),
        ],
    );
    check(
        "roll with synced and unsynced records",
        |settings| {
            settings.sync_after_records = 2;
            settings.roll_every = Duration::from_secs(4);
        },
        &[
            ("start", &[(1, 0)], &[]),
            ("events 3", &[(1, 2)], &[]),
            ("wait 5000", &[(1, 0)], &[(1, 3)]),
            ("term", &[], &[(1, 3)]),
        ],
    );
    check(
        "idle rolls",
        |settings| settings.roll_every = Duration::from_secs(2),
        &[("start", &[(1, 0)], &[]), ("wait 3000", &[(1, 0)], &[]), ("wait 3000", &[(1, 0)], &[]), ("term", &[], &[])],
    );
}

#[test]
fn a_file_rolls_when_its_time_has_come() {
    check(
        "roll with synced records",
        |settings| {
            settings.sync_after_records = 1;
            settings.roll_every = Duration::from_secs(3);
        },
        &[
            ("start", &[(1, 0)], &[]),
            ("event", &[(1, 1)], &[]),
            ("event", &[(1, 2)], &[]),
            ("wait 4000", &[(1, 0)], &[(1, 2)]),
            ("event", &[(1, 1)], &[(1, 2)]),
            ("wait 4000", &[(1, 0)], &[(1, 1), (1, 2)]),
            ("wait 4000", &[(1, 0)], &[(1, 1), (1, 2)]),
            ("term", &[], &[(1, 1), (1, 2)]),
        ],
    );
}

#[test]
fn a_file_rolls_when_its_size_is_reached() {
    let header = container::header(&RecordSchema::parse(SCHEMA).unwrap(), &[0; 16], container::Codec::Null).len();
    // A record takes two bytes.
    let six_records = header as u64 + 12;
    check(
        "roll by size, records that wait counted",
        |settings| settings.roll_bytes = Some(six_records),
        &[
            ("start", &[(1, 0)], &[]),
            ("events 5", &[(1, 0)], &[]),
            ("wait 1000", &[(1, 0)], &[]),
            ("event", &[(1, 0)], &[(1, 6)]),
            // A new file of the same second gets a new number.
            ("events 9", &[(2, 0)], &[(1, 6), (1, 9)]),
            ("event", &[(2, 0)], &[(1, 6), (1, 9)]),
            // A block has a head and a marker, too.
            ("wait 31000", &[(2, 0)], &[(1, 6), (1, 9), (2, 1)]),
            ("term", &[], &[(1, 6), (1, 9), (2, 1)]),
        ],
    );
    check(
        "a file without a record never rolls by size",
        |settings| settings.roll_bytes = Some(1),
        &[("start", &[(1, 0)], &[]), ("wait 3000", &[(1, 0)], &[]), ("event", &[(1, 0)], &[(1, 1)])],
    );
}

#[test]
fn a_compressed_file_rolls_by_what_is_written() {
    for codec in [Codec::Deflate, Codec::Snappy, Codec::Zstandard] {
        check(
            "records that wait do not count, because nobody knows how small they will be",
            |settings| {
                settings.codec = codec;
                settings.roll_bytes = Some(1);
                settings.sync_after = Duration::from_secs(3);
            },
            &[
                ("start", &[(1, 0)], &[]),
                ("events 5", &[(1, 0)], &[]),
                ("wait 2000", &[(1, 0)], &[]),
                ("wait 1500", &[(1, 0)], &[(1, 5)]),
            ],
        );
    }
}

#[test]
fn what_differs_from_the_original_on_purpose() {
    check(
        "roll with unsynced records only: they count",
        |settings| settings.roll_every = Duration::from_secs(3),
        &[
            ("start", &[(1, 0)], &[]),
            ("event", &[(1, 0)], &[]),
            ("event", &[(1, 0)], &[]),
            ("wait 5000", &[(1, 0)], &[(1, 2)]),
            ("event", &[(1, 0)], &[(1, 2)]),
            ("term", &[], &[(1, 1), (1, 2)]),
        ],
    );
    check(
        "killed: the next start finishes the file",
        |settings| settings.sync_after_records = 1,
        &[
            ("start", &[(1, 0)], &[]),
            ("event", &[(1, 1)], &[]),
            // Another second, so that the first commit is due.
            ("wait 1000", &[(1, 1)], &[]),
            ("kill9", &[(1, 1)], &[]),
            ("start", &[(1, 0)], &[(1, 1)]),
            ("event", &[(1, 1)], &[(1, 1)]),
            ("term", &[], &[(1, 1), (1, 1)]),
        ],
    );
}

#[test]
fn two_lanes_have_two_files_and_a_party_stays_in_its_lane() {
    let world = World::new([]);
    let mut case = world.case(|settings| settings.sync_after_records = 1);
    case.fates = always;
    case.start();
    assert!(case.resume());
    assert_eq!(listing(&case, &case.settings.working_directory, ".avro.partial"), [(1, 0), (2, 0)]);
    fill(&world.journal, &world.runtime, 0, [5, 5]);
    assert!(case.block() && case.block());
    assert!(case.tick(Tick::Stop, 0));
    let files = case.files(&case.settings.publish_directory);
    assert_eq!(files.len(), 2);
    let mut lane_of = BTreeMap::new();
    for (name, records) in &files {
        for (event, _) in records {
            assert_eq!(lane_of.insert(*event, name).unwrap_or(name), name, "event {event} is in two lanes");
        }
    }
    case.assert_exactly_once();
}

#[test]
fn a_chunk_that_fills_a_block_midway_leaves_the_rest_for_the_next_one() {
    check(
        "blocks end at the record",
        |settings| settings.sync_after_records = 2,
        &[("start", &[(1, 0)], &[]), ("events 5", &[(1, 4)], &[]), ("term", &[], &[(1, 5)])],
    );
}

#[test]
fn under_steady_load_the_cursor_follows() {
    let world = World::new([3; 40]);
    let mut case = world.case(|settings| {
        settings.lanes = 1;
        settings.sync_after_records = 4;
        settings.sync_after = Duration::from_mins(10);
        settings.roll_every = Duration::from_hours(1);
    });
    case.mappings = 1;
    case.fates = always;
    case.start();
    for number in 1..=40 {
        assert!(case.block());
        world.clock.advance_ms(300);
        let (delivery, _) = case.delivery.as_ref().unwrap();
        let behind = number * 3 - delivery.parts.ledger.last().upto.0;
        assert!(behind <= 24, "{behind} events are not committed after block {number}");
    }
    case.finish();
    case.assert_exactly_once();
}

#[test]
fn what_was_read_and_is_not_finished_takes_bounded_memory_whatever_the_settings_say() {
    let world = World::new([]);
    let mut case = world.case(|settings| {
        settings.sync_after_records = u64::MAX;
        settings.sync_after = Duration::MAX;
    });
    case.start();
    assert!(case.resume());
    let mappings = case.mappings;
    let (delivery, _) = case.delivery.as_mut().unwrap();
    delivery.parts.map = Box::new(move |block, chunk| {
        chunk.reset(block, mappings);
        chunk.outcomes.iter_mut().for_each(|outcome| outcome.delivered = block.span().len());
    });
    let event = vec![0; 1 << 20];
    for number in 0..40 {
        let block = Arc::new(Block::of(Offset(number), [event.as_slice()]));
        world.runtime.block_on(delivery.block(&block)).unwrap();
        assert!(delivery.parts.ledger.bytes() < 17 << 20);
    }
    assert!(delivery.parts.ledger.last().upto > Offset(20));
}

#[test]
fn names_that_are_taken_are_left_alone() {
    let world = World::new([4, 4]);
    let mut case = world.case(|settings| settings.lanes = 1);
    let (work, publish) = (case.settings.working_directory.clone(), case.settings.publish_directory.clone());
    case.start();
    assert!(case.resume());
    let partial = world.disk.list(&work).unwrap().remove(0);
    let name = partial.file_name().unwrap().to_string_lossy().into_owned();
    let finished = name.strip_suffix(".partial").unwrap();
    assert!(case.block());
    // Someone else is quicker.
    let foreign = publish.join(finished);
    world.disk.create_new(&foreign, false).unwrap().write_all_at(b"foreign", 0).unwrap();
    world.disk.create_new(&work.join("leftover.avro.partial"), false).unwrap().write_all_at(b"junk", 0).unwrap();
    assert!(case.tick(Tick::Stop, 0));
    assert_eq!(world.disk.read(&foreign).unwrap(), b"foreign", "nothing published is replaced");
    assert_eq!(listing(&case, &publish, ".avro").len(), 2);
    // A process that starts in the same second takes another name, too.
    case.kill();
    case.start();
    assert!(case.block());
    case.finish();
    assert_eq!(world.disk.list(&work).unwrap(), [work.join("leftover.avro.partial")]);
    assert_eq!(world.disk.read(&work.join("leftover.avro.partial")).unwrap(), b"junk");
    world.disk.remove(&foreign).unwrap();
    case.assert_exactly_once();
}

#[test]
fn a_full_or_read_only_disk_only_delays() {
    for (faults, kind) in [
        (vec![Fault::Write, Fault::Create], io::ErrorKind::StorageFull),
        (
            vec![Fault::Write, Fault::Create, Fault::Open, Fault::Rename, Fault::Remove],
            io::ErrorKind::ReadOnlyFilesystem,
        ),
        (vec![Fault::Sync], io::ErrorKind::Other),
    ] {
        let world = World::new([5, 6, 7, 8]);
        let mut case = world.case(|settings| settings.sync_after_records = 3);
        case.start();
        assert!(case.block());
        world.simulated.fail_when(move |fault, _| faults.contains(&fault).then_some(kind));
        for _ in 0..5 {
            assert!(!(case.block() && case.tick(Tick::Room, 11_000)), "{kind}");
        }
        case.finish();
        case.assert_exactly_once();
    }
}

/// A sink of one lane on a real disk, after one event that is committed.
fn real_case(world: &World) -> Case<'_> {
    let mut case = world.case(|settings| {
        settings.lanes = 1;
        settings.sync_after_records = 1;
        settings.roll_every = Duration::from_secs(2);
    });
    case.mappings = 1;
    case.fates = always;
    case.start();
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(case.block());
    assert!(case.tick(Tick::Time, 1000));
    case
}

fn published(case: &Case<'_>) -> Vec<u64> {
    let mut events: Vec<_> =
        case.files(&case.settings.publish_directory).into_values().flatten().map(|(event, _)| event).collect();
    events.sort_unstable();
    events
}

fn health(case: &Case<'_>) -> Health {
    case.delivery.as_ref().unwrap().0.status.report().health
}

#[test]
fn a_working_directory_that_vanishes_costs_what_was_in_it_and_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::real(directory.path());
    let mut case = real_case(&world);
    fs::remove_dir_all(&case.settings.working_directory).unwrap();
    assert!(!case.tick(Tick::Time, 4000));
    fill(&world.journal, &world.runtime, 0, [1]);
    for _ in 0..3 {
        assert!(!case.block(), "nothing is given up while the directory is missing");
    }
    fs::create_dir(&case.settings.working_directory).unwrap();
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(case.block() && case.block());
    assert!(case.tick(Tick::Time, 3000));
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(case.block());
    assert!(case.tick(Tick::Stop, 0));
    assert_eq!(published(&case), [1, 2, 3]);
    assert!(matches!(health(&case), Health::Degraded(_)));
    assert_eq!(world.metrics.records_lost(case.settings.name.as_str()).get(), 1);
    assert_eq!(case.totals().mappings[0].outcomes.delivered, 4, "it was delivered before it was lost");
}

#[test]
fn a_file_that_is_removed_while_it_is_written_is_noticed_at_the_next_sync() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::real(directory.path());
    let mut case = real_case(&world);
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(case.block(), "written, but not committed yet");
    for (name, _) in case.files(&case.settings.working_directory) {
        fs::remove_file(case.settings.working_directory.join(name)).unwrap();
    }
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(!case.block());
    assert!(case.block() && case.block());
    assert!(case.tick(Tick::Stop, 0));
    assert_eq!(published(&case), [1, 2], "what the journal still holds is written again");
    assert_eq!(world.metrics.records_lost(case.settings.name.as_str()).get(), 1);
}

#[test]
fn a_published_file_may_be_taken_away_at_any_time() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::real(directory.path());
    let mut case = real_case(&world);
    assert!(case.tick(Tick::Stop, 0));
    for (name, _) in case.files(&case.settings.publish_directory) {
        fs::remove_file(case.settings.publish_directory.join(name)).unwrap();
    }
    case.kill();
    case.start();
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(case.block());
    assert!(case.tick(Tick::Stop, 0));
    assert_eq!(published(&case), [1]);
    assert_eq!(health(&case), Health::Healthy);
}

#[test]
fn a_file_that_was_cut_from_outside_gives_what_is_left_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::real(directory.path());
    let mut case = real_case(&world);
    fill(&world.journal, &world.runtime, 0, [1]);
    assert!(case.block());
    assert!(case.tick(Tick::Time, 1000));
    case.kill();
    for (name, _) in case.files(&case.settings.working_directory) {
        let file = fs::OpenOptions::new().write(true).open(case.settings.working_directory.join(name)).unwrap();
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    }
    case.start();
    assert!(case.tick(Tick::Stop, 0));
    assert_eq!(published(&case), [0]);
    assert_eq!(world.metrics.records_lost(case.settings.name.as_str()).get(), 1);
}
