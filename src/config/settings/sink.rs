//! `divolte.sinks`: what a sink works with.

use std::{path::PathBuf, time::Duration};

use crate::checkpoint::SinkName;

/// One sink that is in use.
#[derive(Clone, Debug)]
pub enum SinkSettings {
    /// `type = hdfs` on a local file system, or `type = file`.
    File(FileSettings),
}

impl SinkSettings {
    /// Name of the sink.
    #[must_use]
    pub fn name(&self) -> &SinkName {
        match self {
            Self::File(settings) => &settings.name,
        }
    }
}

/// `divolte.sinks.<name>` for files on local disk.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// Name of the sink.
    pub name: SinkName,
    /// `divolte.global.hdfs.threads`: lanes, that is files open at once.
    pub lanes: usize,
    /// `file_strategy.working_dir`.
    pub working_directory: PathBuf,
    /// `file_strategy.publish_dir`.
    pub publish_directory: PathBuf,
    /// `file_strategy.roll_every`.
    pub roll_every: Duration,
    /// `file_strategy.roll_size`, bytes; unset = only the age counts.
    pub roll_bytes: Option<u64>,
    /// `file_strategy.codec`.
    pub codec: Codec,
    /// `file_strategy.sync_file_after_records`.
    pub sync_after_records: u64,
    /// `file_strategy.sync_file_after_duration`.
    pub sync_after: Duration,
    /// `start`.
    pub start: StartAt,
    /// `on_full`.
    pub on_full: OnFull,
    /// Make the directories when they are missing (embedded default only; configured ones never are).
    pub make_directories: bool,
}

impl FileSettings {
    /// A sink with the keys of `strategy`, all others as in `reference.conf`.
    #[must_use]
    pub fn new(name: SinkName, strategy: FileStrategy) -> Self {
        Self {
            name,
            lanes: 2,
            working_directory: strategy.working_directory,
            publish_directory: strategy.publish_directory,
            roll_every: strategy.roll_every,
            roll_bytes: strategy.roll_bytes,
            codec: strategy.codec,
            sync_after_records: strategy.sync_after_records,
            sync_after: strategy.sync_after,
            start: StartAt::Tail,
            on_full: OnFull::Refuse,
            make_directories: false,
        }
    }
}

/// `file_strategy`, as the sinks share it that write files.
#[derive(Clone, Debug)]
pub struct FileStrategy {
    /// `working_dir`.
    pub working_directory: PathBuf,
    /// `publish_dir`.
    pub publish_directory: PathBuf,
    /// `roll_every`.
    pub roll_every: Duration,
    /// `roll_size`, bytes; unset = only the age counts.
    pub roll_bytes: Option<u64>,
    /// `codec`.
    pub codec: Codec,
    /// `sync_file_after_records`.
    pub sync_after_records: u64,
    /// `sync_file_after_duration`.
    pub sync_after: Duration,
}

/// How the blocks of a container file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all, and the file does not name a codec.
    Null,
    /// `deflate`.
    Deflate,
    /// `snappy`.
    Snappy,
    /// `zstandard`.
    Zstandard,
}

/// Where a sink begins that has no cursor yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the next event.
    Tail,
    /// At the oldest event that the journal still holds.
    Earliest,
}

/// What happens when a sink is so far behind that the journal has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFull {
    /// Requests are refused until there is room.
    Refuse,
    /// The oldest events are left out for this sink, and counted.
    SkipOldest,
}
