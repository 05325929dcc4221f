//! A collector in memory, to try mappings out: requests go the way that they go under `serve`, up to the record.
//!
//! Router, sources, intake, journal and mappings are those of the server; only the socket and the disk are missing, and
//! the clock shows what each request says.

pub mod event;
pub mod har;
pub mod read;
#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use http::HeaderMap;

use crate::{
    checkpoint::{Checkpoint, Offset, SinkName},
    config::settings::{Durability, Settings, SourceSettings},
    disk::SimulatedDisk,
    enrich::LookUps,
    event::{
        Keep,
        codec::{self, CodecError},
        duplicate::DuplicateMemory,
        json::JsonError,
    },
    journal::{Block, Cursor, Journal, JournalError, JournalSettings, ReadError, Reader, Refused, Run, Start},
    listen::{ConnInfo, Gate, converse},
    mapping::{self, Mapping, Scratch, Step},
    metrics::Metrics,
    pipeline,
    record::{chunk::RecordChunk, json::DatumError},
    source::{Intake, Kept, Router, RouterParts, browser::Unusable},
    util::clock::{Clock, ManualClock, SystemClock},
};
use event::PlainEvent;

pub use super::fate::Fate;
use super::{fate::fate, retained::line::StoredLine};

/// Something to try.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it is called, such as `GET /csc-event`.
    pub name: String,
    /// When it comes, in milliseconds since the Unix epoch; now if nothing is said.
    pub time_ms: Option<i64>,
    /// Who sends it.
    pub peer: SocketAddr,
    /// What comes.
    pub what: What,
}

/// What comes.
#[derive(Clone, Debug)]
pub enum What {
    /// A request of HTTP/1.1, head and body.
    Request {
        /// Its path, by which its route is found.
        path: String,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// An event as it is told to the mapping test server, with the headers that came with it.
    Event(Box<PlainEvent>, HeaderMap),
    /// An event as `journal cat` prints it.
    Stored(Box<StoredLine>),
}

/// What became of a sample.
#[derive(Debug)]
pub struct Tried {
    /// Status and text of the answer; none for an event that came without a request.
    pub answer: Option<(u16, String)>,
    /// A path that brings no event.
    pub elsewhere: bool,
    /// Why a source made no event of it.
    pub dropped: Vec<&'static str>,
    /// The events that were made of it.
    pub events: Vec<TriedEvent>,
}

/// An event and what the mappings made of it.
#[derive(Debug)]
pub struct TriedEvent {
    /// As it is stored.
    pub bytes: Vec<u8>,
    /// One per mapping.
    pub results: Vec<Mapped>,
}

/// What a mapping made of an event.
#[derive(Debug)]
pub struct Mapped {
    /// What became of it.
    pub fate: Fate,
    /// What the script did; empty where it was not asked to say.
    pub steps: Vec<Step>,
}

/// Why nothing can be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The collector in memory does not start.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It does not answer.
    #[error("the request cannot be answered: {0}")]
    Answer(#[from] io::Error),
    /// It does not hand over what it took.
    #[error("the event cannot be read back: {0}")]
    Read(#[from] ReadError),
    /// It does not take an event.
    #[error("the event is not taken: {0}")]
    Refused(#[from] Refused),
    /// A stored event or a record is none: a defect of this program.
    #[error("the event cannot be decoded: {0}")]
    Codec(#[from] CodecError),
    /// As for the event.
    #[error("the record cannot be printed: {0}")]
    Record(#[from] DatumError),
}

/// Mappings, and the collector in memory before them. Its duplicate memory is empty at first.
pub struct Trial {
    settings: Settings,
    mappings: Vec<Arc<Mapping>>,
    router: Arc<Router>,
    kept: Kept,
    intake: Intake,
    reader: Reader,
    /// Keeps blocks from being dropped before they are read.
    cursor: Cursor,
    clock: Arc<ManualClock>,
    metrics: Metrics,
    scratch: Scratch,
    chunk: RecordChunk,
}

impl Trial {
    /// The collector that `settings` describe, with these mappings, databases of places and tables.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub fn new(settings: &Settings, mappings: Vec<Arc<Mapping>>, look_ups: &LookUps) -> Result<Self, TrialError> {
        let settings = settings.clone();
        let clock = Arc::new(ManualClock::at(SystemClock.now_ms()));
        let metrics = Metrics::new();
        let keep = Arc::new(pipeline::keep(&mappings, &settings.journal.keep));
        let (router, intake) = collector(&settings, &keep, Arc::<ManualClock>::clone(&clock), &metrics)?;
        let cursor = intake.journal.cursor(&SinkName::new("trial"), Start::Earliest)?;
        let reader = intake.journal.reader(Offset(0));
        let router = Arc::new(router);
        let kept = Kept::new(&keep);
        let scratch = pipeline::scratch(&settings.mapper, look_ups);
        let chunk = RecordChunk::default();
        Ok(Self { settings, mappings, router, kept, intake, reader, cursor, clock, metrics, scratch, chunk })
    }

    /// The mappings, in the order of the results.
    #[must_use]
    pub fn mappings(&self) -> &[Arc<Mapping>] {
        &self.mappings
    }

    /// Tries one sample; with `steps` the scripts say what they do.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub async fn run(&mut self, sample: &Sample, steps: bool) -> Result<Tried, TrialError> {
        let time_ms = sample.time_ms.unwrap_or_else(|| SystemClock.now_ms());
        self.clock.advance_ms(time_ms.saturating_sub(self.clock.now_ms()));
        let mut tried = Tried { answer: None, elsewhere: false, dropped: Vec::new(), events: Vec::new() };
        let mut taken = 1;
        match &sample.what {
            What::Request { path, bytes } => {
                let (accepted, dropped) = (self.accepted(), self.dropped());
                let connection = ConnInfo::new(sample.peer);
                let answer = converse(bytes, &connection, &self.router, &self.settings.server.limits).await?;
                tried.answer = Some(understood(&answer));
                tried.elsewhere = !self.router.takes_events(path);
                taken = self.accepted() - accepted;
                let now = self.dropped().into_iter().zip(dropped);
                tried.dropped = now.filter(|((_, now), (_, then))| now > then).map(|((reason, _), _)| reason).collect();
            }
            What::Event(event, headers) => self.take(event, headers, sample.peer, time_ms)?,
            What::Stored(line) => self.take_stored(line)?,
        }
        while (tried.events.len() as u64) < taken {
            let block = self.reader.next().await?;
            self.map(&block, steps, &mut tried.events)?;
            self.cursor.commit(Checkpoint { upto: block.span().next, ..Checkpoint::default() })?;
        }
        Ok(tried)
    }

    /// Puts an event straight into the journal.
    fn take(&self, event: &PlainEvent, headers: &HeaderMap, peer: SocketAddr, now_ms: i64) -> Result<(), Refused> {
        let sources = self.mappings.first().map(|mapping| mapping.sources());
        let source = sources.and_then(|sources| sources.first()).map_or("", String::as_str);
        let mut run = Run::new();
        let cookies = self.kept.cookies(headers);
        let connection = ConnInfo::new(peer);
        event.with(source, now_ms, connection.address(), |event| {
            let tag = self.intake.duplicates.tag(event.party_id, event.session_id, event.event_id);
            let cookies = cookies.iter().map(|(name, value)| (*name, codec::Latin1(value)));
            run.push(tag, |out| codec::encode(event, self.kept.headers(headers), cookies, out));
        });
        self.intake.journal.append(&mut run, |_| ()).map(drop)
    }

    /// Puts an event into the journal as it was stored elsewhere.
    fn take_stored(&self, line: &StoredLine) -> Result<(), Refused> {
        let mut run = Run::new();
        line.with(|event| {
            let tag = self.intake.duplicates.tag(event.party_id, event.session_id, event.event_id);
            run.push(tag, |out| codec::encode(event, line.headers(), line.cookies(), out));
        });
        self.intake.journal.append(&mut run, |_| ()).map(drop)
    }

    /// Maps each event by itself, so that what is counted is what became of it.
    fn map(&mut self, block: &Arc<Block>, steps: bool, events: &mut Vec<TriedEvent>) -> Result<(), TrialError> {
        let Self { mappings, scratch, chunk, .. } = self;
        for (offset, bytes) in block.events() {
            let event = codec::decode(bytes)?;
            let mut results = Vec::new();
            for mapping in mappings.iter() {
                mapping::map(std::slice::from_ref(mapping), block, scratch, chunk);
                let fate = fate(mapping, chunk, offset, Some(&event))?;
                let ran = matches!(fate, Fate::Record(_) | Fate::Dead(_));
                let steps = if steps && ran { mapping::trace(mapping, &event, scratch) } else { Vec::new() };
                results.push(Mapped { fate, steps });
            }
            events.push(TriedEvent { bytes: bytes.to_vec(), results });
        }
        Ok(())
    }

    fn accepted(&self) -> u64 {
        self.settings.sources.iter().map(|source| self.metrics.events_accepted(source.name()).get()).sum()
    }

    /// How often each reason not to make an event was there.
    fn dropped(&self) -> Vec<(&'static str, u64)> {
        let reasons = |source: &SourceSettings| match source {
            SourceSettings::Browser(_) => Unusable::ALL.map(Unusable::code).to_vec(),
            SourceSettings::Json(_) => JsonError::ALL.map(JsonError::code).to_vec(),
        };
        let counted = |source: &SourceSettings, reason| (reason, self.metrics.dropped(source.name(), reason).get());
        let sources = self.settings.sources.iter();
        sources.flat_map(|source| reasons(source).into_iter().map(|reason| counted(source, reason))).collect()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.intake.journal.close();
    }
}

/// Sources with a journal in memory, from which a cursor keeps what it holds.
///
/// # Errors
/// The journal does not start.
pub(super) fn collector(
    settings: &Settings,
    keep: &Arc<Keep>,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
) -> Result<(Router, Intake), JournalError> {
    let settings = quick(settings);
    let journal = JournalSettings::new(PathBuf::new(), Durability::None, Arc::clone(&clock), metrics.clone());
    let journal = Journal::open(journal, Arc::new(SimulatedDisk::new()), Box::new(|_| ()))?;
    let duplicates = Arc::new(DuplicateMemory::new(1, settings.mapper.duplicate_memory_size));
    let intake = Intake { journal: Arc::new(journal), duplicates };
    let parts = RouterParts {
        intake: intake.clone(),
        keep: Arc::clone(keep),
        clock,
        metrics: metrics.clone(),
        gate: Arc::new(Gate::new()),
    };
    Ok((Router::new(&settings, &parts), intake))
}

/// The settings without what would only take time or tell others.
fn quick(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.server.debug_requests = false;
    settings.journal.durability = Durability::None;
    for source in &mut settings.sources {
        if let SourceSettings::Browser(browser) = source {
            browser.http_response_delay = std::time::Duration::ZERO;
        }
    }
    settings
}

/// Status and body of an answer.
fn understood(answer: &[u8]) -> (u16, String) {
    let text = String::from_utf8_lossy(answer);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let told = head.to_ascii_lowercase().contains("json") || head.to_ascii_lowercase().contains("text/plain");
    (status, if told { body.to_owned() } else { String::new() })
}
