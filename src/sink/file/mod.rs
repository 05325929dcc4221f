//! Avro files on local disk: `type = hdfs` on a local file system, or `file`.
//!
//! A sink has a number of lanes, each of which writes one file at a time; a party always goes to the same lane. Records
//! wait in memory until their Avro block ends; a file grows by whole blocks in the working directory, under a name that
//! ends in `.partial`, and is moved to the publish directory when it is complete.
//!
//! * The checkpoint names the file of every lane and how far it is good. It is drafted only where no lane holds back a
//!   record, so that file lengths and the journal's offset belong together.
//! * A file is published by intent: the complete file → a commit that names both places → a rename that replaces
//!   nothing → both directories synced → a commit without the intent. A crash anywhere in between is made good by
//!   doing the rest.
//! * `resume` touches exactly what the checkpoint names. After an error in the same process a lane goes on with its
//!   file; what a former process left is completed and published, and every lane begins a new file.
//!
//! Invariant: a file is named in a committed checkpoint before its first block is written.
//! Invariant: nothing that holds a record is ever removed, and nothing published is ever replaced.

mod lane;
mod name;
mod publish;
mod resume;
mod state;
mod tidy;

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use prometheus_client::metrics::counter::Counter;
use uuid::Uuid;

use crate::{
    checkpoint::{Checkpoint, Offset, SinkName},
    config::settings::{self, FileSettings},
    disk::Disk,
    metrics::{Histogram, Metrics},
    record::{chunk::RecordChunk, container::Codec, schema::RecordSchema},
    util::{clock::Clock, reason::reason},
};

use super::{
    Behind, Ledger, Loss, Sink, SinkError, Tick,
    avro_file::{Mark, fingerprint},
    roll::{RollPolicy, elapsed},
};
use lane::Lane;
use name::FileNames;
use state::{Intent, State, lanes_max};

pub use name::FileNumbers;

/// The cursor is committed at most this often, unless a file is published or the journal needs room.
const COMMIT_EVERY_MS: i64 = 1000;

/// Why a file sink cannot work as configured.
#[derive(Debug, thiserror::Error)]
pub enum FileSinkError {
    /// A directory is missing.
    #[error("{key} '{path}' does not exist; make it: mkdir -p {path}", path = path.display())]
    Missing {
        /// `working_dir` or `publish_dir`.
        key: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// Something else stands there.
    #[error("{key} '{}' is not a directory; choose another one", path.display())]
    NoDirectory {
        /// `working_dir` or `publish_dir`.
        key: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// The name of a directory is not UTF-8.
    #[error("{key} '{}' is not valid UTF-8", path.display())]
    NoText {
        /// `working_dir` or `publish_dir`.
        key: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// A directory cannot be looked at or made.
    #[error("{key} '{}' cannot be used: {}; choose another one, or give it to this user", path.display(), reason(source))]
    Io {
        /// `working_dir` or `publish_dir`.
        key: &'static str,
        /// Its value.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A finished file could not be published in one step.
    #[error(
        "a finished file cannot be moved from working_dir '{}' to publish_dir '{}' in one step: {source}; \
         choose two directories of one file system",
        working.display(),
        publish.display()
    )]
    NoMove {
        /// `working_dir`.
        working: PathBuf,
        /// `publish_dir`.
        publish: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The checkpoint has no room for that many lanes.
    #[error("{lanes} threads are more than a file sink can have; at most {lanes_max}")]
    TooManyLanes {
        /// As configured.
        lanes: usize,
        /// As can be had.
        lanes_max: usize,
    },
    /// The checkpoint is not one of a file sink.
    #[error("the checkpoint does not belong to a file sink: {0}")]
    Checkpoint(#[from] serde_json::Error),
}

/// What was tried, where, and what the system said.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
struct Trouble {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

fn trouble(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Trouble {
    move |source| Trouble { action, path: path.to_owned(), source }
}

/// What a file sink counts and measures; resolved once.
#[derive(Debug)]
struct Meters {
    sync: Histogram,
    files: Counter,
    records: Counter,
    bytes: Counter,
}

impl Meters {
    fn new(metrics: &Metrics, sink: &str) -> Self {
        let (records, bytes) = metrics.published(sink);
        Self { sync: metrics.file_sync_duration(sink), files: metrics.files_published(sink), records, bytes }
    }

    /// A file that is good so far was published.
    fn published(&self, mark: &Mark) {
        self.files.inc();
        self.records.inc_by(mark.records);
        self.bytes.inc_by(mark.length);
    }
}

/// Writes Avro files on local disk.
#[derive(Debug)]
pub struct FileSink {
    name: SinkName,
    working: PathBuf,
    publish: PathBuf,
    policy: RollPolicy,
    codec: Codec,
    schema: Arc<RecordSchema>,
    fingerprint: String,
    behind: Behind,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    names: FileNames,
    numbers: Arc<FileNumbers>,
    meters: Meters,
    /// By which this process knows its own states again.
    process: String,

    lanes: Vec<Lane>,
    publishing: Vec<Intent>,
    /// End of the last chunk that was written.
    upto: Offset,
    /// The last place where no lane held back a record; the lanes have their marks of then.
    aligned: Offset,
    /// When the first block was ended behind `aligned`, because it was full.
    full_since_ms: Option<i64>,
    committed_at_ms: i64,
    /// Files were made or removed since the working directory was synced.
    unsynced_names: bool,

    tidy: tidy::Tidy,
    losses: Vec<Loss>,
    /// Files whose loss was told.
    lost: HashSet<PathBuf>,
}

impl FileSink {
    /// Makes a sink and numbers its lanes; touches no file of a former process yet.
    ///
    /// # Errors
    /// [`SinkError::Misconfigured`] with a [`FileSinkError`].
    pub fn open(
        settings: &FileSettings,
        schema: Arc<RecordSchema>,
        numbers: &Arc<FileNumbers>,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
        behind: Behind,
    ) -> Result<Self, SinkError> {
        tidy::check(settings, &*disk)
            .and_then(|()| tidy::probe(settings, &*disk))
            .map_err(misconfigured(&settings.name))?;
        let lanes = settings.lanes.max(1);
        Ok(Self {
            name: settings.name.clone(),
            working: settings.working_directory.clone(),
            publish: settings.publish_directory.clone(),
            policy: RollPolicy::new(settings.sync_after_records, settings.sync_after, settings.roll_every)
                .by_size(settings.roll_bytes),
            codec: codec(settings.codec),
            fingerprint: fingerprint(&schema),
            schema,
            behind,
            committed_at_ms: clock.now_ms(),
            disk,
            clock,
            names: FileNames::of_this_machine(),
            numbers: Arc::clone(numbers),
            meters: Meters::new(metrics, settings.name.as_str()),
            process: Uuid::new_v4().simple().to_string(),
            lanes: (0..lanes).map(|_| Lane::new(numbers.next())).collect(),
            publishing: Vec::new(),
            upto: Offset(0),
            aligned: Offset(0),
            full_since_ms: None,
            unsynced_names: false,
            tidy: tidy::Tidy::default(),
            losses: Vec::new(),
            lost: HashSet::new(),
        })
    }

    /// With a word in the names of its files, by which they are told from those of another instance.
    #[must_use]
    pub fn labelled(self, label: &str) -> Self {
        Self { names: self.names.labelled(label), ..self }
    }

    /// Checks what never heals by itself, and makes the directories where that is asked for.
    ///
    /// # Errors
    /// [`SinkError::Misconfigured`] with a [`FileSinkError`].
    pub fn check(settings: &FileSettings, disk: &dyn Disk) -> Result<(), SinkError> {
        tidy::check(settings, disk).map_err(misconfigured(&settings.name))
    }

    fn unavailable(&self) -> impl FnOnce(Trouble) -> SinkError {
        let sink = self.name.clone();
        move |trouble| SinkError::Unavailable { sink, source: trouble.into() }
    }

    /// Ends the block of one lane.
    fn end_block(&mut self, lane: usize) -> Result<(), SinkError> {
        let began = Instant::now();
        if self.lanes[lane].end_block().map_err(self.unavailable())? {
            self.meters.sync.observe(began.elapsed());
        }
        Ok(())
    }

    /// Ends the block of every lane that holds back a record; then the offset and the files belong together.
    fn end_blocks(&mut self) -> Result<(), SinkError> {
        for lane in 0..self.lanes.len() {
            self.end_block(lane)?;
        }
        self.align();
        Ok(())
    }

    fn align(&mut self) {
        self.lanes.iter_mut().for_each(Lane::align);
        self.aligned = self.upto;
        self.full_since_ms = None;
    }

    fn state(&self) -> State {
        State {
            process: self.process.clone(),
            working: self.working.clone(),
            publish: self.publish.clone(),
            lanes: self.lanes.iter().map(Lane::partial).collect(),
            publishing: self.publishing.clone(),
        }
    }

    fn commit(&mut self, ledger: &mut Ledger) -> Result<(), SinkError> {
        self.sync_names().map_err(self.unavailable())?;
        let checkpoint = ledger.draft(self.aligned, self.state().write())?;
        let upto = checkpoint.upto;
        ledger.commit(checkpoint)?;
        // A gap behind what was written is covered by the same commit.
        self.aligned = self.aligned.max(upto);
        self.upto = self.upto.max(upto);
        self.committed_at_ms = self.clock.now_ms();
        let (publishing, meters) = (&self.publishing, &self.meters);
        self.tidy.settle(|from| publishing.iter().any(|intent| intent.from == from), |mark| meters.published(mark));
        Ok(())
    }

    /// Whether the lane's file is old or large enough.
    fn roll_due(&self, lane: &Lane, now_ms: i64) -> bool {
        self.policy.roll_due(lane.opened_ms, now_ms) || self.policy.large(lane.bytes(self.codec == Codec::Null))
    }

    /// Whether blocks must end now although no file rolls.
    fn sync_due(&self, why: Tick, now_ms: i64) -> bool {
        // Full blocks end in the middle of a chunk. Under steady load no chunk would ever end with every block, so from
        // time to time all are ended. A quiet sink waits for its time, as the original does.
        let straggling = why == Tick::Written
            && self.full_since_ms.is_some_and(|since_ms| elapsed(since_ms, COMMIT_EVERY_MS, now_ms));
        straggling || why == Tick::Room || self.lanes.iter().any(|lane| self.policy.sync_due(&lane.pending, now_ms))
    }
}

fn codec(configured: settings::Codec) -> Codec {
    match configured {
        settings::Codec::Null => Codec::Null,
        settings::Codec::Deflate => Codec::Deflate,
        settings::Codec::Snappy => Codec::Snappy,
        settings::Codec::Zstandard => Codec::Zstandard,
    }
}

fn misconfigured(sink: &SinkName) -> impl FnOnce(FileSinkError) -> SinkError {
    let sink = sink.clone();
    move |error| SinkError::Misconfigured { sink, source: error.into() }
}

impl Sink for FileSink {
    async fn resume(&mut self, last: &Checkpoint) -> Result<Checkpoint, SinkError> {
        let state = State::read(&last.sink).map_err(|error| misconfigured(&self.name)(error.into()))?;
        self.upto = last.upto;
        self.aligned = last.upto;
        self.full_since_ms = None;
        self.recover(&state).map_err(self.unavailable())?;
        Ok(Checkpoint { sink: self.state().write(), ..last.clone() })
    }

    async fn write(&mut self, chunk: &RecordChunk) -> Result<(), SinkError> {
        let now_ms = self.clock.now_ms();
        for entry in &chunk.records {
            let index = entry.party_hash as usize % self.lanes.len();
            let lane = &mut self.lanes[index];
            lane.push(chunk.record(entry), now_ms);
            if self.policy.full(&lane.pending) {
                self.end_block(index)?;
                self.full_since_ms.get_or_insert(now_ms);
            }
        }
        if let Some(block) = &chunk.block {
            debug_assert!(block.span().first >= self.upto, "chunks come in order");
            self.upto = block.span().next;
        }
        Ok(())
    }

    async fn checkpoint(&mut self, why: Tick, ledger: &mut Ledger) -> Result<(), SinkError> {
        if !self.publishing.is_empty() {
            // Left by a former process, or by the attempt before a rewind.
            self.publish_intended(ledger)?;
            self.commit(ledger)?;
        }
        if why == Tick::Stop {
            return self.stop(ledger);
        }
        let now_ms = self.clock.now_ms();
        if self.lanes.iter().any(|lane| self.roll_due(lane, now_ms)) {
            return self.roll(now_ms, ledger);
        }
        if self.sync_due(why, now_ms) {
            self.end_blocks()?;
        } else if self.lanes.iter().all(|lane| lane.pending.records == 0) {
            self.align();
        }
        let paced = why == Tick::Room || elapsed(self.committed_at_ms, COMMIT_EVERY_MS, now_ms);
        if paced && self.aligned > ledger.last().upto {
            self.commit(ledger)?;
        }
        Ok(())
    }

    async fn change(&mut self, schema: &Arc<RecordSchema>, ledger: &mut Ledger) -> Result<(), SinkError> {
        self.change(schema, ledger)
    }

    fn take_losses(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.losses)
    }
}
