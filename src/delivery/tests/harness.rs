//! A small world for deliveries: a journal full of numbered events, a simulated disk, a clock that is set by hand, and
//! a mapping step whose results can be foretold.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Runtime, sync::watch};

pub(super) use super::fates::{Fate, Fates, always, expected_outcomes, fate, hash};
use super::{
    super::{Delivery, Failure, Parts},
    read::{letters, records, write_long},
};
use crate::{
    checkpoint::{Offset, SinkName, Totals},
    config::settings::{Codec, FileSettings, FileStrategy},
    disk::{Disk, RealDisk, SimulatedDisk},
    journal::{Block, Cursor, Durability, Journal, JournalSettings, Run, Start, Tag},
    metrics::Metrics,
    record::{
        chunk::{DeadReason, RecordChunk, RecordHead, Refusal},
        schema::RecordSchema,
    },
    sink::{
        Behind, DeadLetters, Ledger, Sink, Tick,
        file::{FileNumbers, FileSink},
    },
    util::{
        backoff::Backoff,
        clock::{Clock, ManualClock},
    },
};

pub(super) const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "offset", "type": "long"}, {"name": "mapping", "type": "long"}]}"#;

/// The same fields, the other way round and under another name.
pub(super) const OTHER_SCHEMA: &str = r#"{"type": "record", "name": "Other", "fields": [
    {"name": "mapping", "type": "long"}, {"name": "offset", "type": "long"}]}"#;

/// 2026-11-21 12:00:00 UTC.
const NOON_MS: i64 = 1_795_262_400_000;

pub(super) type MapStep = Box<dyn FnMut(&Arc<Block>, &mut RecordChunk) + Send>;

/// Maps events as `fates` says. The events of the journal are numbered from `base` on.
pub(super) fn mapper(mappings: usize, base: u64, fates: Fates) -> MapStep {
    mapper_onto(Arc::default(), mappings, base, fates)
}

/// The same, onto the other schema while that is what holds.
fn mapper_onto(other: Arc<AtomicBool>, mappings: usize, base: u64, fates: Fates) -> MapStep {
    Box::new(move |block, chunk| {
        chunk.reset(block, mappings);
        for (offset, event) in block.events() {
            let event_number = base + offset.0;
            assert_eq!(event, event_number.to_le_bytes(), "the journal gives what it took");
            for mapping in 0..mappings {
                let other = other.load(Ordering::Relaxed);
                map_one(chunk, offset, (event_number, other), mapping, fates(event_number, mapping));
            }
        }
    })
}

fn map_one(chunk: &mut RecordChunk, offset: Offset, (event_number, other): (u64, bool), mapping: usize, fate: Fate) {
    let number = u16::try_from(mapping).unwrap();
    match fate {
        Fate::Delivered => {
            let party_hash = u32::try_from(hash(event_number) & 0x7fff_ffff).unwrap();
            let head = RecordHead { offset, mapping: number, party_hash, time_ms: 0, party: 0..0 };
            let encoded = chunk.push(head, |out| {
                let fields = [event_number.cast_signed(), i64::from(number)];
                for index in if other { [1, 0] } else { [0, 1] } {
                    write_long(out, fields[index]);
                }
                Ok::<(), ()>(())
            });
            encoded.unwrap();
            chunk.outcomes[mapping].delivered += 1;
        }
        Fate::Dead => {
            let reason = DeadReason::RecordIncomplete;
            let message = format!("event {event_number}");
            chunk.rejected.push(Refusal { offset, mapping: number, reason, message, position: None });
            *chunk.outcomes[mapping].dead.entry(reason.code().into()).or_default() += 1;
        }
        Fate::Corrupt => chunk.outcomes[mapping].discarded_corrupt += 1,
        Fate::OtherSource => chunk.outcomes[mapping].other_source += 1,
    }
}

/// A machine with a journal and a disk.
pub(super) struct World {
    pub(super) runtime: Runtime,
    pub(super) disk: Arc<dyn Disk>,
    /// The same disk, if it is a simulated one.
    pub(super) simulated: SimulatedDisk,
    root: PathBuf,
    pub(super) clock: Arc<ManualClock>,
    pub(super) metrics: Metrics,
    pub(super) journal: Journal,
    /// Keeps every block in the journal, for the next sink.
    _pin: Option<Cursor>,
    cases: AtomicU64,
}

impl World {
    /// With a journal of blocks of these numbers of events. Its cursors are synced, as those of a durable journal are.
    pub(super) fn new(blocks: impl IntoIterator<Item = u64>) -> Self {
        let simulated = SimulatedDisk::new();
        let world = Self::on(Arc::new(simulated.clone()), simulated, Path::new("/"), true, 1 << 30);
        fill(&world.journal, &world.runtime, 0, blocks);
        world
    }

    /// On a disk of this machine, under `root`, with an empty journal.
    pub(super) fn real(root: &Path) -> Self {
        Self::on(Arc::new(RealDisk), SimulatedDisk::new(), root, true, 1 << 30)
    }

    /// With a journal that has room for 32 events, and nobody who holds them back.
    pub(super) fn small() -> Self {
        let simulated = SimulatedDisk::new();
        Self::on(Arc::new(simulated.clone()), simulated, Path::new("/"), false, 32)
    }

    fn on(disk: Arc<dyn Disk>, simulated: SimulatedDisk, root: &Path, pinned: bool, events_max: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let clock = Arc::new(ManualClock::at(NOON_MS));
        let metrics = Metrics::new();
        let journal = open_journal(&disk, &clock, &metrics, &root.join("journal"), true, events_max);
        let pin = pinned.then(|| journal.cursor(&SinkName::new("pin"), Start::Tail).unwrap());
        let root = root.to_owned();
        Self { runtime, disk, simulated, root, clock, metrics, journal, _pin: pin, cases: AtomicU64::new(0) }
    }

    /// Another journal, that lives in memory only.
    pub(super) fn memory_journal(&self) -> Journal {
        open_journal(&self.disk, &self.clock, &self.metrics, &self.root.join("journal"), false, 1 << 30)
    }

    /// A sink that nobody has used yet, with directories of its own.
    pub(super) fn case(&self, change: impl FnOnce(&mut FileSettings)) -> Case<'_> {
        let number = self.cases.fetch_add(1, Ordering::Relaxed);
        let root = self.root.join(format!("case{number}"));
        let strategy = FileStrategy {
            working_directory: root.join("work"),
            publish_directory: root.join("pub"),
            roll_every: Duration::from_secs(10),
            roll_bytes: None,
            codec: Codec::Null,
            sync_after_records: 7,
            sync_after: Duration::from_secs(3),
        };
        let name = SinkName::new(&format!("sink{number}"));
        let mut settings = FileSettings { make_directories: true, ..FileSettings::new(name, strategy) };
        change(&mut settings);
        let dead_letters = self.root.join("dead");
        let other = Arc::default();
        Case {
            world: self,
            settings,
            dead_letters,
            mappings: 2,
            fates: fate,
            other,
            behind: Behind::Cut,
            letters_max: u64::MAX,
            delivery: None,
        }
    }
}

fn open_journal(
    disk: &Arc<dyn Disk>,
    clock: &Arc<ManualClock>,
    metrics: &Metrics,
    directory: &Path,
    sync_cursors: bool,
    events_max: u64,
) -> Journal {
    let settings = JournalSettings {
        memory_bytes_max: 1 << 30,
        events_max,
        sync_cursors,
        ..JournalSettings::new(
            directory.to_owned(),
            Durability::None,
            Arc::<ManualClock>::clone(clock),
            metrics.clone(),
        )
    };
    Journal::open(settings, Arc::clone(disk), Box::new(|_| {})).unwrap()
}

/// Appends events block by block; each event is its own number, from `base` on.
pub(super) fn fill(journal: &Journal, runtime: &Runtime, base: u64, blocks: impl IntoIterator<Item = u64>) {
    let offset = journal.status().next;
    let mut next = base + offset.0;
    let mut reader = journal.reader(offset);
    let mut run = Run::new();
    for events in blocks {
        for _ in 0..events {
            run.push(Tag::default(), |out| out.extend_from_slice(&next.to_le_bytes()));
            next += 1;
        }
        journal.append(&mut run, |_| {}).unwrap();
        let block = runtime.block_on(reader.next()).unwrap();
        assert_eq!(block.span().len(), events, "one run is one block");
    }
}

/// One sink in its life: processes come and go, the disk stays.
pub(super) struct Case<'a> {
    pub(super) world: &'a World,
    pub(super) settings: FileSettings,
    dead_letters: PathBuf,
    pub(super) mappings: usize,
    pub(super) fates: Fates,
    /// Records are of the other schema.
    other: Arc<AtomicBool>,
    pub(super) behind: Behind,
    /// Most bytes of dead letters; their files end at an eighth of it.
    pub(super) letters_max: u64,
    /// The running process, if there is one, and whether it has to resume.
    pub(super) delivery: Option<(Delivery<FileSink, MapStep>, bool)>,
}

impl Case<'_> {
    pub(super) fn dead_letters(&self) -> PathBuf {
        self.dead_letters.join(self.settings.name.as_str())
    }

    /// Starts a process; the disk must be well. It resumes with the first step.
    pub(super) fn start(&mut self) {
        let world = self.world;
        self.start_with(&world.journal, 0, (0..self.mappings).map(|mapping| format!("m{mapping}")).collect());
    }

    /// Starts a process with a journal whose events are numbered from `base` on.
    pub(super) fn start_with(&mut self, journal: &Journal, base: u64, mappings: Vec<String>) {
        let parts = self.parts(journal, base, mappings);
        let (_, deadline) = watch::channel(None);
        self.delivery = Some((Delivery::new(parts, deadline), true));
    }

    /// What a delivery of this sink is made of.
    pub(super) fn parts(&self, journal: &Journal, base: u64, mappings: Vec<String>) -> Parts<FileSink, MapStep> {
        let World { disk, clock, metrics, .. } = self.world;
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
        let schema = self.schema();
        let numbers = Arc::new(FileNumbers::new());
        let sink = FileSink::open(
            &self.settings,
            schema,
            &numbers,
            Arc::clone(disk),
            Arc::clone(&clock),
            metrics,
            self.behind,
        )
        .unwrap();
        let name = &self.settings.name;
        let letters = DeadLetters::new(&self.dead_letters, name, Arc::clone(disk), clock, self.behind)
            .with_limit(self.letters_max);
        let cursor = journal.cursor(name, Start::Earliest).unwrap();
        let reader = journal.reader(cursor.last().upto);
        let map = mapper_onto(Arc::clone(&self.other), mappings.len(), base, self.fates);
        let ledger = Ledger::new(cursor, mappings, letters, metrics);
        let backoff = Backoff::new(Duration::ZERO, Duration::ZERO);
        Parts { sink, ledger, reader, map, metrics: metrics.clone(), backoff }
    }

    /// Ends the process as `kill -9` does.
    pub(super) fn kill(&mut self) {
        self.delivery = None;
    }

    /// Cuts the power.
    pub(super) fn crash(&mut self) {
        self.kill();
        self.world.simulated.crash();
    }

    /// Resumes if that is needed. False if it failed.
    pub(super) fn resume(&mut self) -> bool {
        let Some((delivery, resume)) = &mut self.delivery else { return false };
        if *resume {
            let done = self.world.runtime.block_on(delivery.resume());
            *resume = note(done).is_err();
        }
        !*resume
    }

    /// Delivers the next block, if there is one. False if that failed.
    pub(super) fn block(&mut self) -> bool {
        if !self.resume() {
            return false;
        }
        let end = self.end();
        let Some((delivery, resume)) = &mut self.delivery else { return false };
        if delivery.parts.reader.position() < end {
            let done = self.world.runtime.block_on(async {
                let block = delivery.parts.reader.next().await.expect("there is a block");
                delivery.block(&block).await
            });
            *resume = note(done).is_err();
        }
        !*resume
    }

    fn schema(&self) -> Arc<RecordSchema> {
        let text = if self.other.load(Ordering::Relaxed) { OTHER_SCHEMA } else { SCHEMA };
        Arc::new(RecordSchema::parse(text).unwrap())
    }

    /// From the next block on, records are of the other schema. False if the sink could not end its files.
    pub(super) fn change(&mut self) -> bool {
        if !self.resume() {
            return false;
        }
        self.other.fetch_xor(true, Ordering::Relaxed);
        let schema = self.schema();
        let Some((delivery, resume)) = &mut self.delivery else { return false };
        let Parts { sink, ledger, .. } = &mut delivery.parts;
        let done = self.world.runtime.block_on(Sink::change(sink, &schema, ledger));
        *resume = note(done.map_err(Failure::from)).is_err();
        !*resume
    }

    fn end(&self) -> Offset {
        let (delivery, _) = self.delivery.as_ref().unwrap();
        let held = delivery.parts.ledger.held().events;
        delivery.parts.ledger.last().upto.plus(held)
    }

    /// Lets time pass and asks for a checkpoint. False if that failed.
    pub(super) fn tick(&mut self, why: Tick, advance_ms: i64) -> bool {
        self.world.clock.advance_ms(advance_ms);
        if !self.resume() {
            return false;
        }
        let Some((delivery, resume)) = &mut self.delivery else { return false };
        let done = self.world.runtime.block_on(delivery.checkpoint(why));
        *resume = note(done).is_err();
        !*resume
    }

    /// Everything that is left, to the end. The disk is well again.
    pub(super) fn finish(&mut self) {
        self.world.simulated.heal();
        if self.delivery.is_none() {
            self.start();
        }
        assert!(self.resume());
        while self.delivery.as_ref().unwrap().0.parts.reader.position() < self.end() {
            assert!(self.block());
        }
        assert!(self.tick(Tick::Stop, 0));
    }

    pub(super) fn totals(&self) -> Totals {
        self.delivery.as_ref().unwrap().0.parts.ledger.last().totals.clone()
    }

    /// Names in a directory and the records in each file, as `(offset, mapping)`.
    pub(super) fn files(&self, directory: &Path) -> BTreeMap<String, Vec<(u64, usize)>> {
        let disk = &self.world.disk;
        let paths = disk.list(directory).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        paths.iter().map(|path| (name(path), records(&disk.read(path).unwrap()))).collect()
    }

    /// Checks that each event of `0..upto` is outside once, as far as it should be, and nothing else is.
    pub(super) fn assert_exactly_once(&self) {
        let upto = self.end().0;
        let mut expected: Vec<_> = (0..upto)
            .flat_map(|offset| (0..self.mappings).map(move |mapping| (offset, mapping)))
            .filter(|(offset, mapping)| (self.fates)(*offset, *mapping) == Fate::Delivered)
            .collect();
        expected.sort_unstable();
        let published = self.files(&self.settings.publish_directory);
        for (name, records) in &published {
            assert!(!records.is_empty(), "{name} is empty");
            assert!(records.is_sorted(), "{name} is out of order");
        }
        let mut found: Vec<_> = published.into_values().flatten().collect();
        found.sort_unstable();
        assert_same("records", &found, &expected);
        for (name, records) in self.files(&self.settings.working_directory) {
            assert!(records.is_empty(), "{name} was left behind");
        }
        for (mapping, totals) in self.totals().mappings.iter().enumerate() {
            assert_eq!(
                totals.outcomes,
                expected_outcomes(self.fates, mapping, totals.start.0, upto),
                "totals of mapping {mapping}"
            );
        }
        self.assert_letters_once(upto);
    }

    /// Removes every file of the sink, so that the next one has a small disk.
    pub(super) fn wipe(&mut self) {
        self.kill();
        let Self { world, settings, .. } = &*self;
        for directory in [&settings.working_directory, &settings.publish_directory, &self.dead_letters()] {
            for path in world.disk.list(directory).unwrap_or_default() {
                world.disk.remove(&path).unwrap();
            }
            let _ = world.disk.sync_dir(directory);
        }
    }

    fn assert_letters_once(&self, upto: u64) {
        let mut expected: Vec<_> = (0..upto)
            .flat_map(|offset| (0..self.mappings).map(move |mapping| (offset, format!("m{mapping}"))))
            .zip((0..upto).flat_map(|offset| (0..self.mappings).map(move |mapping| (self.fates)(offset, mapping))))
            .filter_map(|(letter, fate)| (fate == Fate::Dead).then_some(letter))
            .collect();
        expected.sort();
        let mut found = self.letters();
        found.sort();
        assert_same("dead letters", &found, &expected);
    }

    /// Offset and mapping of each dead letter.
    pub(super) fn letters(&self) -> Vec<(u64, String)> {
        let Ok(paths) = self.world.disk.list(&self.dead_letters()) else { return Vec::new() };
        paths.iter().flat_map(|path| letters(&self.world.disk.read(path).unwrap())).collect()
    }
}

/// Both are sorted.
fn assert_same<T: Ord + Clone + std::fmt::Debug>(what: &str, found: &[T], expected: &[T]) {
    let surplus: Vec<_> = found.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    let missing: Vec<_> = expected.iter().filter(|one| found.binary_search(one).is_err()).collect();
    assert!(surplus.is_empty() && missing.is_empty(), "{what}: twice {surplus:?}, missing {missing:?}");
    assert_eq!(found, expected, "{what}");
}

fn note(done: Result<(), Failure>) -> Result<(), Failure> {
    if let Err(Failure::Sink(crate::sink::SinkError::Misconfigured { source, .. })) = &done {
        panic!("a failing disk is no misconfiguration: {source}");
    }
    done
}
