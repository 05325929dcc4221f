use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::{
    disk::{Disk, SimulatedDisk},
    journal::{Durability, Journal, JournalSettings, Run, Start, Tag},
    record::chunk::DeadReason,
    sink::Behind,
    util::clock::{Clock, ManualClock},
};

struct World {
    disk: SimulatedDisk,
    metrics: Metrics,
    journal: Journal,
    blocks: Vec<Arc<Block>>,
}

impl World {
    /// A journal of blocks of these numbers of events.
    fn new(blocks: &[u64]) -> Self {
        let disk = SimulatedDisk::new();
        let metrics = Metrics::new();
        let settings = JournalSettings {
            memory_bytes_max: 1 << 20,
            events_max: 1 << 20,
            sync_cursors: true,
            ..JournalSettings::new("/journal".into(), Durability::None, Arc::new(ManualClock::at(0)), metrics.clone())
        };
        let journal = Journal::open(settings, Arc::new(disk.clone()), Box::new(|_| {})).unwrap();
        let mut world = Self { disk, metrics, journal, blocks: Vec::new() };
        let _cursor = world.ledger(&[]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut reader = world.journal.reader(Offset(0));
        let mut run = Run::new();
        for events in blocks {
            for _ in 0..*events {
                run.push(Tag::default(), |out| out.extend_from_slice(b"event"));
            }
            world.journal.append(&mut run, |_| {}).unwrap();
            world.blocks.push(runtime.block_on(reader.next()).unwrap());
        }
        world
    }

    fn ledger(&self, mappings: &[&str]) -> Ledger {
        self.ledger_with(mappings, u64::MAX)
    }

    /// With so many bytes of dead letters.
    fn ledger_with(&self, mappings: &[&str], bytes_max: u64) -> Ledger {
        let name = SinkName::new("s");
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
        let letters = DeadLetters::new(Path::new("/dead"), &name, disk, clock, Behind::Cut).with_limit(bytes_max);
        let cursor = self.journal.cursor(&name, Start::Earliest).unwrap();
        let mut ledger =
            Ledger::new(cursor, mappings.iter().map(|name| (*name).to_owned()).collect(), letters, &self.metrics);
        let last = ledger.last().clone();
        ledger.adopt(last).unwrap();
        ledger
    }

    /// A chunk of a block in which every event is delivered by each mapping.
    fn chunk(&self, block: usize, mappings: usize) -> RecordChunk {
        let mut chunk = RecordChunk::default();
        chunk.reset(&self.blocks[block], mappings);
        for outcomes in &mut chunk.outcomes {
            outcomes.delivered = self.blocks[block].span().len();
        }
        chunk
    }

    fn letters(&self) -> usize {
        let paths = self.disk.list(Path::new("/dead/s")).unwrap_or_default();
        paths.iter().map(|path| self.disk.read(path).unwrap()).map(|file| count(&file, b"event")).sum()
    }
}

/// How often `part` is in `all`, the schema left out.
fn count(all: &[u8], part: &[u8]) -> usize {
    let marker = &all[all.len() - 16..];
    let header = all.windows(16).position(|window| window == marker).unwrap();
    all[header..].windows(part.len()).filter(|window| *window == part).count()
}

fn commit(ledger: &mut Ledger, upto: u64) {
    let draft = ledger.draft(Offset(upto), Bytes::new()).unwrap();
    ledger.commit(draft).unwrap();
}

fn refusal(offset: u64, mapping: u16) -> Refusal {
    let message = "no".to_owned();
    Refusal { offset: Offset(offset), mapping, reason: DeadReason::Refused, message, position: None }
}

#[test]
fn only_what_is_below_the_checkpoint_counts() {
    let world = World::new(&[3, 4]);
    let mut ledger = world.ledger(&["a"]);
    ledger.take(&mut world.chunk(0, 1));
    ledger.take(&mut world.chunk(1, 1));
    assert_eq!(ledger.waiting(), 7);
    commit(&mut ledger, 3);
    assert_eq!(ledger.waiting(), 4);
    assert_eq!(ledger.last().totals.mappings[0].outcomes.delivered, 3);
    assert_eq!(world.metrics.outcomes("a", "s", "delivered").get(), 3);
    commit(&mut ledger, 3);
    commit(&mut ledger, 7);
    assert_eq!(ledger.last().totals.mappings[0].outcomes.delivered, 7);
    assert_eq!(world.metrics.outcomes("a", "s", "delivered").get(), 7);
}

#[test]
fn a_gap_counts_for_every_mapping_and_a_checkpoint_in_front_of_it_covers_it() {
    for (reason, skipped, gap) in [(GapReason::Quota, 5, 0), (GapReason::Lost, 0, 5)] {
        let world = World::new(&[3]);
        let mut ledger = world.ledger(&["a", "b"]);
        ledger.take(&mut world.chunk(0, 2));
        ledger.gap(Span::new(Offset(3), Offset(8)), reason);
        commit(&mut ledger, 3);
        assert_eq!(ledger.last().upto, Offset(8));
        for totals in &ledger.last().totals.mappings {
            assert_eq!((totals.outcomes.delivered, totals.outcomes.skipped, totals.outcomes.gap), (3, skipped, gap));
        }
    }
}

#[test]
fn a_refused_record_becomes_a_dead_letter() {
    let world = World::new(&[3, 4]);
    let mut ledger = world.ledger(&["a", "b"]);
    ledger.take(&mut world.chunk(0, 2));
    ledger.take(&mut world.chunk(1, 2));
    ledger.reject(refusal(2, 0));
    ledger.reject(refusal(3, 1));
    ledger.reject(refusal(4, 1));
    assert!(world.disk.list(Path::new("/dead/s")).is_err(), "no directory before the first letter");
    commit(&mut ledger, 3);
    assert_eq!(world.letters(), 1);
    commit(&mut ledger, 7);
    assert_eq!(world.letters(), 3);
    let found: Vec<_> = ledger
        .last()
        .totals
        .mappings
        .iter()
        .map(|totals| (totals.outcomes.delivered, totals.outcomes.dead["refused"]))
        .collect();
    assert_eq!(found, [(6, 1), (5, 2)]);
    assert_eq!(world.metrics.dead("b", "s", "refused").get(), 2);
}

#[test]
fn adopting_forgets_what_is_above() {
    let world = World::new(&[3, 4]);
    let mut ledger = world.ledger(&["a"]);
    ledger.take(&mut world.chunk(0, 1));
    ledger.reject(refusal(0, 0));
    commit(&mut ledger, 3);
    let last = ledger.last().clone();
    ledger.take(&mut world.chunk(1, 1));
    ledger.reject(refusal(3, 0));
    let _lost = ledger.draft(Offset(7), Bytes::new()).unwrap();
    assert_eq!(world.letters(), 2);
    ledger.adopt(last.clone()).unwrap();
    assert_eq!(ledger.last(), &last);
    // Once more, and another outcome.
    ledger.take(&mut world.chunk(1, 1));
    ledger.reject(refusal(4, 0));
    commit(&mut ledger, 7);
    assert_eq!(world.letters(), 2);
    assert_eq!(ledger.last().totals.mappings[0].outcomes.dead["refused"], 2);
}

#[test]
fn letters_that_were_taken_away_do_not_come_back() {
    let world = World::new(&[3, 4]);
    let mut ledger = world.ledger(&["a"]);
    ledger.take(&mut world.chunk(0, 1));
    ledger.reject(refusal(0, 0));
    commit(&mut ledger, 3);
    drop(ledger);
    for path in world.disk.list(Path::new("/dead/s")).unwrap() {
        world.disk.remove(&path).unwrap();
    }
    let mut ledger = world.ledger(&["a"]);
    ledger.take(&mut world.chunk(1, 1));
    ledger.reject(refusal(5, 0));
    commit(&mut ledger, 7);
    assert_eq!(world.letters(), 1);
    assert_eq!(ledger.last().totals.mappings[0].outcomes.dead["refused"], 2);
}

#[test]
fn the_oldest_letters_go_when_there_are_too_many() {
    const BYTES_MAX: u64 = 40_000;
    let world = World::new(&[1; 200]);
    let mut ledger = world.ledger_with(&["a"], BYTES_MAX);
    let mut removed = 0;
    for block in 0..200 {
        if block % 7 == 3 {
            // Another process goes on; what it finds is neither lost nor written again.
            ledger = world.ledger_with(&["a"], BYTES_MAX);
        }
        let mut chunk = world.chunk(usize::try_from(block).unwrap(), 1);
        chunk.outcomes[0] = Outcomes { dead: [("refused".to_owned(), 1)].into(), ..Outcomes::default() };
        chunk.rejected.push(Refusal { message: "x".repeat(400), ..refusal(block, 0) });
        ledger.take(&mut chunk);
        if block % 5 == 2 {
            // What is drafted but not committed is written again.
            ledger.draft(Offset(block + 1), Bytes::new()).unwrap();
            let last = ledger.last().clone();
            ledger.adopt(last).unwrap();
            let mut chunk = world.chunk(usize::try_from(block).unwrap(), 1);
            chunk.outcomes[0] = Outcomes { dead: [("refused".to_owned(), 1)].into(), ..Outcomes::default() };
            chunk.rejected.push(Refusal { message: "x".repeat(400), ..refusal(block, 0) });
            ledger.take(&mut chunk);
        }
        commit(&mut ledger, block + 1);
        removed += ledger.take_removed();
        let files = world.disk.list(Path::new("/dead/s")).unwrap();
        let bytes: u64 = files.iter().map(|file| world.disk.metadata(file).unwrap().unwrap().length).sum();
        assert!(bytes <= BYTES_MAX, "{bytes} after {block}");
        assert_eq!(world.letters() as u64 + removed, block + 1, "after {block}");
        let (measured, limit, counted) = world.metrics.dead_letter_files("s");
        assert_eq!((measured.get().cast_unsigned(), limit.get().cast_unsigned()), (bytes, BYTES_MAX));
        assert_eq!(counted.get(), removed);
    }
    assert!(removed > 100 && world.disk.list(Path::new("/dead/s")).unwrap().len() > 4, "{removed}");
}

#[test]
fn at_most_so_many_frozen_mappings_are_kept() {
    let mut totals = Totals::default();
    for number in 0..100 {
        settle(&mut totals, &[format!("m{number}")], Offset(number));
    }
    let names: Vec<_> = totals.mappings.iter().map(|known| known.mapping.as_str()).collect();
    assert_eq!(names.len(), FROZEN_MAPPINGS_MAX + 1);
    assert_eq!((names[0], names[FROZEN_MAPPINGS_MAX]), ("m35", "m99"), "the oldest go first");
}

proptest! {
    /// Whatever mappings come, go and come back, the counts of each sum to the events since its start.
    #[test]
    fn totals_are_conserved(processes in prop::collection::vec((prop::sample::subsequence(vec!["a", "b", "c"], 0..=3), 0..4_usize), 1..6)) {
        let world = World::new(&[1, 2, 3, 4, 5, 6, 7, 8]);
        let mut next = 0;
        for (mappings, blocks) in processes {
            let mut ledger = world.ledger(&mappings);
            for _ in 0..blocks {
                let Some(block) = world.blocks.get(next) else { break };
                ledger.take(&mut world.chunk(next, mappings.len()));
                commit(&mut ledger, block.span().next.0);
                next += 1;
            }
            let last = ledger.last();
            prop_assert!(conserved(&last.totals, last.upto), "{:?}", last);
            let active: Vec<_> =
                last.totals.mappings.iter().filter(|known| known.frozen.is_none()).map(|known| known.mapping.as_str()).collect();
            prop_assert_eq!(active.len(), mappings.len());
        }
    }
}
