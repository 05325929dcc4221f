//! The wiring: sources → journal → deliveries. The only module beside [`crate::app`] that knows all stages.

use std::{fs, path::Path, sync::Arc, time::Duration};

use tokio::runtime::Handle;

use crate::{
    config::settings::{FileSettings, MappingSettings, Settings, SinkSettings},
    delivery::{self, DeliveryHandle, DeliveryStatus},
    diagnostic::{Diagnostic, SourceText},
    disk::{Disk, RealDisk},
    event::{Keep, duplicate::DuplicateMemory},
    journal::{Journal, JournalError, JournalSettings, Start},
    mapping::{self, Mapping, MappingOptions, builtin},
    metrics::Metrics,
    record::schema::RecordSchema,
    sink::{SinkError, file::FileSink},
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

/// Reads and compiles the schema and the script of every mapping. The warnings come with the mappings.
///
/// # Errors
/// Everything that is wrong in any of them.
pub fn compile(settings: &Settings) -> Result<(Vec<Feed>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (mut feeds, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for mapping in &settings.mappings {
        match compile_mapping(mapping) {
            Ok((compiled, found)) => {
                warnings.extend(found);
                feeds.push(Feed { mapping: Arc::new(compiled), sinks: mapping.sinks.clone() });
            }
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok((feeds, warnings)) } else { Err(errors) }
}

fn compile_mapping(settings: &MappingSettings) -> Result<(Mapping, Vec<Diagnostic>), Vec<Diagnostic>> {
    // Without a script the built-in mapping runs, and it writes the built-in schema only.
    let schema_file = settings.schema_file.as_deref().filter(|_| settings.mapping_script_file.is_some());
    let schema_text = match schema_file {
        Some(path) => read(path, "schema_file", &settings.name)?,
        None => SourceText { name: "built-in schema".into(), text: builtin::schema_text().into() },
    };
    let script = match &settings.mapping_script_file {
        Some(path) => read(path, "mapping_script_file", &settings.name)?,
        None => SourceText { name: "built-in mapping".into(), text: builtin::script().into() },
    };
    let schema_source = Arc::new(schema_text);
    let schema =
        RecordSchema::parse(&schema_source.text).map_err(|error| vec![mapping::schema_diagnostic(&schema_source, &error)])?;
    let options = MappingOptions {
        name: settings.name.clone(),
        sources: settings.sources.clone(),
        discard_corrupted: settings.discard_corrupted,
        discard_duplicates: settings.discard_duplicates,
    };
    mapping::compile(options, &Arc::new(script), &Arc::new(schema))
}

fn read(path: &Path, key: &str, mapping: &str) -> Result<SourceText, Vec<Diagnostic>> {
    let name = path.display().to_string();
    fs::read_to_string(path).map(|text| SourceText { name: name.clone(), text }).map_err(|error| {
        let problem = Diagnostic::error("C020", format!("{name} cannot be read: {error}"))
            .hint(format!("it is named by divolte.mappings.{mapping}.{key}; relative paths start at the working directory"));
        vec![problem]
    })
}

/// Headers and cookies that the mappings read.
#[must_use]
pub fn keep(feeds: &[Feed]) -> Keep {
    let mut keep = Keep::default();
    for feed in feeds {
        keep.add(feed.mapping.keep());
    }
    keep
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
        runtime: &Handle,
    ) -> Result<Self, PipelineError> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let duplicates =
            Arc::new(DuplicateMemory::new(settings.mapper.threads, settings.mapper.duplicate_memory_size));
        let forgetful = Arc::clone(&duplicates);
        let journal_settings = JournalSettings {
            directory: settings.journal.directory.clone(),
            durability: settings.journal.durability,
            memory_bytes_max: settings.journal.memory_bytes_max,
            events_max: settings.mapper.buffer_size as u64,
            clock: Arc::clone(clock),
            metrics: metrics.clone(),
        };
        let forget = Box::new(move |block: &_| forgetful.forget(block));
        let journal = Arc::new(Journal::open(journal_settings, Arc::clone(&disk), forget)?);
        let mut deliveries = Vec::new();
        for sink in &settings.sinks {
            let SinkSettings::File(file) = sink;
            deliveries.push(Self::deliver_files(file, settings, feeds, &disk, clock, metrics, &journal, runtime)?);
        }
        let intake = Intake { journal: Arc::clone(&journal), duplicates };
        Ok(Self { journal, intake, deliveries })
    }

    /// How each delivery is doing.
    #[must_use]
    pub fn statuses(&self) -> Vec<Arc<DeliveryStatus>> {
        self.deliveries.iter().map(|delivery| Arc::clone(&delivery.status)).collect()
    }

    /// Closes the journal and waits, at most `timeout`, until every delivery has drained and published. Blocks.
    pub fn drain(self, timeout: Duration) {
        self.journal.close();
        let _ = (timeout, self.deliveries);
    }
}
