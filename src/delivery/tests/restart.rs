//! Processes that follow each other: with a journal that is gone with its process, and with other mappings.

use super::harness::{Fate, World, always, expected_outcomes, fate, fill};
use crate::{
    checkpoint::Offset,
    disk::Fault,
    sink::{Behind, Tick},
};

#[test]
fn without_a_durable_journal_every_whole_block_is_kept() {
    for torn in [0, 1, 40] {
        let world = World::new([]);
        let mut case = world.case(|settings| settings.sync_after_records = 2);
        case.behind = Behind::Keep;
        case.mappings = 1;
        case.fates = always;
        let mut expected = Vec::new();
        for process in 0..4 {
            let base = 100 * process;
            let journal = world.memory_journal();
            case.start_with(&journal, base, vec!["m0".into()]);
            fill(&journal, &world.runtime, base, [3, 5, 4]);
            for _ in 0..3 {
                assert!(case.block());
            }
            // Only what was committed at the start is certain to the next process.
            let (delivery, _) = case.delivery.as_ref().unwrap();
            assert_eq!(delivery.parts.ledger.last().upto, Offset(0));
            let whole: Vec<_> = case.files(&case.settings.working_directory).into_values().flatten().collect();
            assert!(whole.len() >= 10, "{whole:?}");
            expected.extend(whole);
            case.kill();
            for path in world.disk.list(&case.settings.working_directory).unwrap() {
                let mut file = world.disk.open(&path).unwrap();
                let end = file.len().unwrap();
                file.write_all_at(&vec![7; torn], end).unwrap();
            }
        }
        let journal = world.memory_journal();
        case.start_with(&journal, 1000, vec!["m0".into()]);
        assert!(case.tick(Tick::Stop, 0));
        let mut found: Vec<_> = case.files(&case.settings.publish_directory).into_values().flatten().collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{torn} bytes of a torn block");
        assert!(world.disk.list(&case.settings.working_directory).unwrap().is_empty());
    }
}

#[test]
fn without_a_durable_journal_a_rewind_in_one_process_writes_nothing_twice() {
    let world = World::new([]);
    let mut case = world.case(|settings| settings.sync_after_records = 1);
    case.behind = Behind::Keep;
    let journal = world.memory_journal();
    case.start_with(&journal, 0, vec!["m0".into(), "m1".into()]);
    fill(&journal, &world.runtime, 0, [3, 5, 4]);
    assert!(case.block() && case.block());
    world.simulated.fail_when(|fault, _| (fault == Fault::Sync).then_some(std::io::ErrorKind::Other));
    assert!(!case.block());
    world.simulated.heal();
    case.finish();
    case.assert_exactly_once();
}

#[test]
fn an_orderly_stop_loses_nothing_of_a_memory_journal() {
    let world = World::new([]);
    let mut case = world.case(|_| {});
    case.behind = Behind::Keep;
    for process in 0..3 {
        let journal = world.memory_journal();
        case.start_with(&journal, 12 * process, vec!["m0".into(), "m1".into()]);
        fill(&journal, &world.runtime, 12 * process, [3, 5, 4]);
        assert!(case.block() && case.block() && case.block());
        assert!(case.tick(Tick::Stop, 0));
        for (mapping, totals) in case.totals().mappings.iter().enumerate() {
            let base = 12 * process;
            assert_eq!(totals.outcomes, expected_outcomes(fate, mapping, base, base + 12));
        }
        case.kill();
    }
    let mut found: Vec<_> = case.files(&case.settings.publish_directory).into_values().flatten().collect();
    found.sort_unstable();
    let expected: Vec<_> = (0..36)
        .flat_map(|event| [(event, 0), (event, 1)])
        .filter(|(event, mapping)| fate(*event, *mapping) == Fate::Delivered)
        .collect();
    assert_eq!(found, expected);
    let dead = (0..36).flat_map(|event| [fate(event, 0), fate(event, 1)]);
    assert_eq!(case.letters().len(), dead.filter(|fate| *fate == Fate::Dead).count());
}

#[test]
fn totals_of_mappings_that_are_gone_are_frozen() {
    let world = World::new([4, 6, 10]);
    let mut case = world.case(|_| {});
    let starts: [(&[&str], u64); 3] = [(&["a", "b"], 4), (&["b", "c"], 10), (&["a", "c"], 20)];
    for (mappings, upto) in starts {
        case.start_with(&world.journal, 0, mappings.iter().map(|name| (*name).to_owned()).collect());
        assert!(case.block());
        assert!(case.tick(Tick::Stop, 0));
        assert!(case.totals().mappings.iter().filter(|known| known.frozen.is_none()).count() == 2);
        for known in &case.totals().mappings {
            assert_eq!(known.outcomes.sum(), known.frozen.unwrap_or(Offset(upto)).0 - known.start.0);
        }
        case.kill();
    }
    case.start_with(&world.journal, 0, vec!["c".into()]);
    assert!(case.resume());
    let found: Vec<_> = case
        .totals()
        .mappings
        .iter()
        .map(|known| (known.mapping.clone(), known.start.0, known.frozen.map(|at| at.0)))
        .collect();
    let expected = [("a", 0, Some(4)), ("b", 0, Some(10)), ("c", 4, None), ("a", 10, Some(20))];
    assert_eq!(found, expected.map(|(name, start, frozen)| (name.to_owned(), start, frozen)));
}
