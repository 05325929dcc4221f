//! `divolte.sinks` of kinds that write to somewhere else than the local disk.

use std::time::Duration;

use super::{FileStrategy, OnFull, StartAt};
use crate::checkpoint::SinkName;

/// A sink that writes to somewhere else.
#[derive(Clone, Debug)]
pub struct RemoteSinkSettings {
    /// Name of the sink.
    pub name: SinkName,
    /// `divolte.global.<kind>.threads`.
    pub threads: usize,
    /// `divolte.global.<kind>.buffer_size`: records that may wait in memory.
    pub buffer_size: usize,
    /// `start`.
    pub start: StartAt,
    /// `on_full`.
    pub on_full: OnFull,
    /// What it writes to.
    pub kind: RemoteKind,
}

/// What a sink writes to.
#[derive(Clone, Debug)]
pub enum RemoteKind {
    /// `type = kafka`.
    Kafka(KafkaSettings),
    /// `type = gcps`.
    Gcps(GcpsSettings),
    /// `type = gcs`.
    Gcs(GcsSettings),
    /// `type = hdfs` with a file system that is not the local disk.
    Hdfs(HdfsSettings),
}

impl RemoteKind {
    /// What it is called.
    #[must_use]
    pub fn outside(&self) -> &'static str {
        match self {
            Self::Kafka(_) => "Kafka",
            Self::Gcps(_) => "Google Cloud Pub/Sub",
            Self::Gcs(_) => "Google Cloud Storage",
            Self::Hdfs(_) => "HDFS",
        }
    }

    /// The feature of the builds that have it.
    #[must_use]
    pub fn feature(&self) -> &'static str {
        match self {
            Self::Kafka(_) => "kafka",
            Self::Gcps(_) => "pubsub",
            Self::Gcs(_) => "object",
            Self::Hdfs(_) => "hdfs",
        }
    }
}

/// Topics of Kafka.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `topic`.
    pub topic: String,
    /// `mode = confluent`: the schema's identifier stands before each record.
    pub confluent: bool,
    /// `divolte.global.kafka.producer`: names with dots, texts.
    pub producer: Vec<(String, String)>,
}

/// Topics of Google Cloud Pub/Sub.
#[derive(Clone, Debug)]
pub struct GcpsSettings {
    /// `divolte.global.gcps.project_id`; unset = the project of the environment.
    pub project: Option<String>,
    /// `topic`.
    pub topic: String,
    /// `retry_settings`.
    pub retry: RetrySettings,
    /// `retry_settings`, what belongs to one call.
    pub timeouts: RpcTimeouts,
    /// `batching_settings`.
    pub batches: BatchSettings,
}

/// Files in a bucket of Google Cloud Storage.
#[derive(Clone, Debug)]
pub struct GcsSettings {
    /// `bucket`.
    pub bucket: String,
    /// `file_strategy`.
    pub strategy: FileStrategy,
    /// `retry_settings`.
    pub retry: RetrySettings,
    /// `retry_settings.jitter_delay` or `.jitter_factor`.
    pub jitter: Jitter,
}

/// Files in a Hadoop file system.
#[derive(Clone, Debug)]
pub struct HdfsSettings {
    /// `fs.defaultFS`.
    pub file_system: String,
    /// `replication`.
    pub replication: i16,
    /// `file_strategy`.
    pub strategy: FileStrategy,
    /// `divolte.global.hdfs.client`, instead of the site files; names with dots, texts.
    pub client: Option<Vec<(String, String)>>,
}

/// `retry_settings` of sinks that talk to Google Cloud.
#[derive(Clone, Debug)]
pub struct RetrySettings {
    /// `max_attempts`; unset = no limit.
    pub attempts_max: Option<u32>,
    /// `total_timeout`.
    pub total_timeout: Duration,
    /// `initial_retry_delay`.
    pub initial_delay: Duration,
    /// `retry_delay_multiplier`.
    pub delay_multiplier: f64,
    /// `max_retry_delay`.
    pub delay_max: Duration,
}

/// `jitter_delay` or `jitter_factor`: by how much the wait between two attempts varies.
#[derive(Clone, Copy, Debug)]
pub enum Jitter {
    /// Up to this long.
    Delay(Duration),
    /// Up to this part of the wait.
    Factor(f64),
}

/// Time-outs of one call to Google Cloud Pub/Sub.
#[derive(Clone, Debug)]
pub struct RpcTimeouts {
    /// `initial_rpc_timeout`.
    pub initial: Duration,
    /// `rpc_timeout_multiplier`.
    pub multiplier: f64,
    /// `max_rpc_timeout`.
    pub max: Duration,
}

/// `batching_settings`: when a batch is sent.
#[derive(Clone, Debug)]
pub struct BatchSettings {
    /// `element_count_threshold`.
    pub elements: u64,
    /// `request_bytes_threshold`.
    pub bytes: u64,
    /// `delay_threshold`.
    pub delay: Duration,
}
