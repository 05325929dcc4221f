//! The wiring: sources → journal → deliveries. The only module beside [`crate::app`] that knows all stages.

mod memory;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use crate::{
    config::settings::{
        Durability, FileSettings, JournalOptions, KeepHeaders, MapperSettings, OnFull, Settings, SinkSettings, StartAt,
    },
    delivery::{
        self, CurrentMappings, DeliveryHandle, DeliveryStatus, Ending, Program,
        live::{Sampler, Window},
    },
    disk::{Disk, RealDisk},
    enrich::{LookUps, cache::AgentCache},
    event::{Keep, duplicate::DuplicateMemory},
    journal::{Block, Journal, JournalError, JournalSettings, NoRoom, Start},
    mapping::{Mapping, Scratch},
    metrics::Metrics,
    sink::{
        Ledger, SinkError,
        avro_file::Behind,
        dead_letter::DeadLetters,
        file::{FileNumbers, FileSink},
    },
    source::Intake,
    util::clock::Clock,
};

/// A mapping and the sinks that it feeds.
#[derive(Debug)]
pub struct Feed {
    /// The mapping, ready to run.
    pub mapping: Arc<Mapping>,
    /// Names of the sinks.
    pub sinks: Vec<String>,
}

/// Headers and cookies that the mappings read, and what is asked for beside them.
#[must_use]
pub fn keep(mappings: &[Arc<Mapping>], asked: &KeepHeaders) -> Keep {
    let mut keep = match asked {
        KeepHeaders::Auto => Keep::default(),
        KeepHeaders::All => Keep { all_headers: true, ..Keep::default() },
        KeepHeaders::Named(names) => Keep { headers: names.clone(), ..Keep::default() },
    };
    for mapping in mappings {
        keep.add(mapping.keep());
    }
    keep
}

/// The mappings in force, per sink; where they are exchanged.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Which feeds a sink has, by number, and its mappings.
    sinks: Vec<(Vec<usize>, Arc<CurrentMappings>)>,
}

impl Exchange {
    /// The mappings of a sink, which from now on are exchanged with all others; none if it has none.
    fn join(&mut self, feeds: &[Feed], sink: &str) -> Option<(Vec<Arc<Mapping>>, Arc<CurrentMappings>)> {
        let feeds_it = |feed: &Feed| feed.sinks.iter().any(|name| name == sink);
        let numbers: Vec<usize> = (0..feeds.len()).filter(|number| feeds_it(&feeds[*number])).collect();
        if numbers.is_empty() {
            return None;
        }
        let mappings: Vec<_> = numbers.iter().map(|number| Arc::clone(&feeds[*number].mapping)).collect();
        let current = Arc::new(CurrentMappings::new(mappings.clone()));
        self.sinks.push((numbers, Arc::clone(&current)));
        Some((mappings, current))
    }

    /// Puts mappings in force, those of all feeds in their order. Each sink takes them up with its next block.
    pub fn set(&self, mappings: &[Arc<Mapping>]) {
        for (numbers, current) in &self.sinks {
            current.set(numbers.iter().filter_map(|number| mappings.get(*number).cloned()).collect());
        }
    }
}

/// Why the pipeline does not start.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The journal or a cursor cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A sink cannot work as configured.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A thread cannot be started.
    #[error("a delivery cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// The journal and the deliveries behind it.
#[derive(Debug)]
pub struct Pipeline {
    /// The journal.
    pub journal: Arc<Journal>,
    /// The way into it.
    pub intake: Intake,
    /// What the deliveries show to who looks.
    pub window: Arc<Window>,
    /// The mappings in force.
    pub exchange: Exchange,
    /// Where the duplicate memory is saved.
    memory: PathBuf,
    deliveries: Vec<DeliveryHandle>,
}

impl Pipeline {
    /// Opens the journal and starts a delivery per sink.
    ///
    /// # Errors
    /// See [`PipelineError`].
    pub fn start(
        settings: &Settings,
        feeds: &[Feed],
        clock: &Arc<dyn Clock>,
        metrics: &Metrics,
        look_ups: &LookUps,
        runtime: &Handle,
    ) -> Result<Self, PipelineError> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let mapper = &settings.mapper;
        let duplicates = Arc::new(DuplicateMemory::new(mapper.threads, mapper.duplicate_memory_size));
        let forgetful = Arc::clone(&duplicates);
        let journal_settings = journal_settings(settings, clock, metrics, &*disk);
        let forget = Box::new(move |block: &Block| forgetful.forget(block.events().map(|(_, event)| event)));
        let journal = Arc::new(Journal::open(journal_settings, Arc::clone(&disk), forget)?);
        let memory = memory::file(&settings.data_directory);
        memory::bring_up_to_date(&duplicates, &journal, &*disk, &memory, runtime);
        let window = Arc::new(Window::new(Arc::clone(clock)));
        let exchange = Exchange::default();
        let mut wiring =
            Wiring { settings, feeds, disk, clock, metrics, journal: &journal, window: &window, exchange, look_ups };
        let numbers = Arc::new(FileNumbers::new());
        // All sinks are made before any of them works: a wrong one stops the start with nothing half done.
        let mut parts = Vec::new();
        for SinkSettings::File(file) in &settings.sinks {
            parts.extend(wiring.files(file, &numbers)?);
        }
        let exchange = wiring.exchange;
        for orphan in journal.orphans() {
            let (sink, upto) = (&orphan.sink, orphan.upto);
            tracing::warn!(
                %sink, %upto,
                "this cursor belongs to no sink; what it holds is kept as long as there is room (headwater journal cursor)"
            );
        }
        let deliveries =
            parts.into_iter().map(|parts| delivery::spawn(parts, runtime)).collect::<Result<Vec<_>, _>>()?;
        let intake = Intake { journal: Arc::clone(&journal), duplicates };
        Ok(Self { journal, intake, window, exchange, memory, deliveries })
    }

    /// How each delivery is doing.
    #[must_use]
    pub fn statuses(&self) -> Vec<Arc<DeliveryStatus>> {
        self.deliveries.iter().map(|delivery| Arc::clone(&delivery.status)).collect()
    }

    /// Closes the journal and waits, at most `patience`, until every delivery has drained and published. Blocks; says
    /// whether all of them were done in time.
    #[must_use]
    pub fn drain(self, patience: Duration) -> bool {
        let durability = self.journal.status().durability;
        self.journal.close();
        // Before the deliveries, whose time may be longer than the patience of whoever stops this process.
        memory::save(&self.intake.duplicates, &self.journal, &RealDisk, &self.memory);
        let deadline = Instant::now() + patience;
        for delivery in &self.deliveries {
            delivery.drain_by(deadline);
        }
        let mut drained = true;
        for delivery in self.deliveries {
            let sink = delivery.status.report().sink;
            match delivery.join() {
                Ending::Drained => {}
                Ending::GaveUp { events } if durability != Durability::None => {
                    tracing::warn!(%sink, events, "the time to drain is over; these events wait in the journal");
                }
                Ending::GaveUp { events } => {
                    tracing::error!(%sink, events, "the time to drain is over; these events are lost");
                    drained = false;
                }
                Ending::Stopped => drained = false,
            }
        }
        drained
    }
}

/// Most bytes of a journal that is not told how many.
const JOURNAL_BYTES_MAX: u64 = 10 << 30;

/// No segment is smaller, bytes: the largest request fits in.
const SEGMENT_BYTES_MIN: u64 = 8 << 20;

/// Bytes that are free on the file system of a directory; one that is still to be made is on that of what is above it.
fn free_bytes(directory: &Path, disk: &dyn Disk) -> Option<u64> {
    let here = |place: &Path| if place == Path::new("") { PathBuf::from(".") } else { place.to_owned() };
    directory.ancestors().find_map(|place| disk.free_bytes(&here(place)).ok())
}

/// `max_size`, or half of what would be free without the journal, so that it is the same at each start.
pub fn journal_bytes_max(options: &JournalOptions, disk: &dyn Disk) -> u64 {
    options.bytes_max.unwrap_or_else(|| {
        let free = free_bytes(&options.directory, disk);
        let files = disk.list(&options.directory).unwrap_or_default();
        let lengths = files.iter().filter_map(|file| disk.metadata(file).ok().flatten()).map(|found| found.length);
        JOURNAL_BYTES_MAX.min(free.map_or(u64::MAX, |free| free.saturating_add(lengths.sum())) / 2)
    })
}

/// A quarter of the whole at most, so that there is always a file to go on in while the oldest is still needed.
fn segment_bytes(options: &JournalOptions, bytes_max: u64) -> u64 {
    options.segment_bytes.min(bytes_max / 4).max(SEGMENT_BYTES_MIN)
}

/// What a start would say for want of room, if it would. One that finds segments of a former process goes on with them.
pub fn no_room(options: &JournalOptions, disk: &dyn Disk) -> Option<JournalError> {
    let directory = &options.directory;
    let is_ours = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "segment");
    if options.durability == Durability::None || disk.list(directory).is_ok_and(|files| files.iter().any(is_ours)) {
        return None;
    }
    let max = journal_bytes_max(options, disk);
    let segment = segment_bytes(options, max);
    let free = free_bytes(directory, disk)?;
    let reason = if segment > max {
        NoRoom::Quota { max }
    } else if free < options.reserve_bytes.saturating_add(segment) {
        NoRoom::Reserve { free, reserve: options.reserve_bytes }
    } else {
        return None;
    };
    Some(JournalError::NoRoom { path: directory.clone(), segment, reason })
}

fn journal_settings(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    disk: &dyn Disk,
) -> JournalSettings {
    let options = &settings.journal;
    let bytes_max = journal_bytes_max(options, disk);
    let files = || settings.sinks.iter().map(|SinkSettings::File(file)| file);
    let skips = files().filter(|file| file.on_full == OnFull::SkipOldest);
    JournalSettings {
        memory_bytes_max: options.memory_bytes_max,
        events_max: settings.mapper.buffer_size as u64,
        segment_bytes: segment_bytes(options, bytes_max),
        bytes_max,
        reserve_bytes: options.reserve_bytes,
        retention_ms: i64::try_from(options.retention_time.as_millis()).unwrap_or(i64::MAX),
        retention_bytes: options.retention_bytes,
        erase: options.erase_on_recycle,
        look_through: true,
        sinks: files().map(|file| file.name.clone()).collect(),
        skip_oldest: skips.map(|file| file.name.clone()).collect(),
        ..JournalSettings::new(options.directory.clone(), options.durability, Arc::clone(clock), metrics.clone())
    }
}

/// What a delivery to files is made of.
type FileParts = delivery::Parts<FileSink, Program>;

/// What a thread needs to map with these settings.
#[must_use]
pub fn scratch(mapper: &MapperSettings, look_ups: &LookUps) -> Scratch {
    let agents = AgentCache::new(mapper.user_agent_cache_size).with_client_hints(mapper.client_hints);
    Scratch::with_agents(agents).with_look_ups(look_ups)
}

/// What the parts of a delivery are made of.
struct Wiring<'a> {
    settings: &'a Settings,
    feeds: &'a [Feed],
    disk: Arc<dyn Disk>,
    clock: &'a Arc<dyn Clock>,
    metrics: &'a Metrics,
    journal: &'a Journal,
    window: &'a Arc<Window>,
    exchange: Exchange,
    look_ups: &'a LookUps,
}

impl Wiring<'_> {
    /// The delivery of a sink that writes files; none if no mapping feeds it.
    fn files(&mut self, file: &FileSettings, numbers: &Arc<FileNumbers>) -> Result<Option<FileParts>, PipelineError> {
        let Some((mappings, current)) = self.exchange.join(self.feeds, file.name.as_str()) else { return Ok(None) };
        let first = &mappings[0];
        let behind = Behind::from(self.settings.journal.durability);
        let sink = FileSink::open(
            file,
            Arc::clone(first.schema()),
            numbers,
            Arc::clone(&self.disk),
            Arc::clone(self.clock),
            self.metrics,
            behind,
        )?;
        let start = match file.start {
            StartAt::Tail => Start::Tail,
            StartAt::Earliest => Start::Earliest,
        };
        let cursor = self.journal.cursor(&file.name, start)?;
        let letters = DeadLetters::new(
            &self.settings.dead_letter_directory,
            &file.name,
            Arc::clone(&self.disk),
            Arc::clone(self.clock),
            behind,
        )
        .with_limit(self.settings.dead_letter_bytes_max);
        let names = mappings.iter().map(|mapping| mapping.name().to_owned()).collect();
        let reader = self.journal.reader(cursor.last().upto);
        let sampler = Sampler::new(Arc::clone(self.window), file.name.clone());
        Ok(Some(delivery::Parts {
            sink,
            ledger: Ledger::new(cursor, names, letters, self.metrics),
            reader,
            map: Program::new(file.name.clone(), current, scratch(&self.settings.mapper, self.look_ups), sampler),
            metrics: self.metrics.clone(),
            backoff: delivery::backoff(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_kept_that_the_settings_name() {
        let named = Keep { headers: vec!["x-own".to_owned()], ..Keep::default() };
        for (asked, expected) in [
            (KeepHeaders::Auto, Keep::default()),
            (KeepHeaders::All, Keep { all_headers: true, ..Keep::default() }),
            (KeepHeaders::Named(vec!["x-own".to_owned()]), named),
        ] {
            assert_eq!(keep(&[], &asked), expected);
        }
    }
}
