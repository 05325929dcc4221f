//! What the program works with: checked, complete, with every default in place. Made by [`super::load`].

mod remote;
mod sink;
mod source;
mod table;

use std::{path::PathBuf, time::Duration};

use crate::{diagnostic::Diagnostic, util::secret::Secret};

pub use remote::{
    BatchSettings, GcpsSettings, GcsSettings, HdfsSettings, Jitter, KafkaSettings, RemoteKind, RemoteSinkSettings,
    RetrySettings, RpcTimeouts,
};
pub use sink::{Codec, FileSettings, FileStrategy, OnFull, SinkSettings, StartAt};
pub use source::{BrowserSettings, JsonSettings, PixelAnswer, ProxySettings, SourceSettings};
pub use table::TableSettings;

/// Everything that was asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `divolte.global.data_directory`.
    pub data_directory: PathBuf,
    /// `divolte.global.drain_timeout`.
    pub drain_timeout: Duration,
    /// `divolte.global.server`.
    pub server: ServerSettings,
    /// `divolte.global.admin`.
    pub admin: AdminSettings,
    /// `divolte.global.mapper`.
    pub mapper: MapperSettings,
    /// `divolte.global.journal`.
    pub journal: JournalOptions,
    /// `divolte.global.dead_letters.directory`.
    pub dead_letter_directory: PathBuf,
    /// `divolte.global.dead_letters.max_size`, bytes of all dead letters of one sink; then the oldest go.
    pub dead_letter_bytes_max: u64,
    /// `divolte.sources`, in file order.
    pub sources: Vec<SourceSettings>,
    /// `divolte.mappings`, in file order.
    pub mappings: Vec<MappingSettings>,
    /// `divolte.sinks` that a mapping feeds and whose kind is enabled, in file order.
    pub sinks: Vec<SinkSettings>,
    /// Sinks in use that this build does not have; a configuration with one of them does not start.
    pub absent_sinks: Vec<RemoteSinkSettings>,
    /// `divolte.tables`, in file order.
    pub tables: Vec<TableSettings>,
    /// Started without a configuration file: demo page, JSON source at `/event`, directories made.
    pub embedded: bool,
    /// The file that it was read from, if there is one.
    pub config_file: Option<PathBuf>,
    /// What is odd but no error.
    pub warnings: Vec<Diagnostic>,
}

/// The public listener.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `host`; unset = loopback only.
    pub host: Option<String>,
    /// `port`; 0 = any free one.
    pub port: u16,
    /// `use_x_forwarded_for`.
    pub use_x_forwarded_for: bool,
    /// `serve_static_resources`.
    pub serve_static_resources: bool,
    /// `debug_requests`.
    pub debug_requests: bool,
    /// `shutdown_delay`.
    pub shutdown_delay: Duration,
    /// `shutdown_timeout`.
    pub shutdown_timeout: Duration,
    /// `limits`.
    pub limits: LimitSettings,
}

/// Limits of the HTTP layer.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// `request_line`: bytes of method, target and version; beyond: 414.
    pub request_line_bytes_max: usize,
    /// `head_size`: bytes of request line and headers; beyond: 431.
    pub head_bytes_max: usize,
    /// `head_memory`: bytes of unfinished heads beyond the first 16 KiB of each, over all connections; beyond: 503.
    pub head_memory_bytes_max: usize,
    /// `headers`: number of header lines; beyond: 431.
    pub headers_max: usize,
    /// `query_parameters`: beyond: 400.
    pub query_parameters_max: usize,
    /// `head_timeout`: from the first byte of a request to the end of its head; beyond: 408.
    pub head_timeout: Duration,
    /// `body_timeout`: from the end of the head to the end of the body; beyond: 408.
    pub body_timeout: Duration,
    /// `idle_timeout`: between requests of a connection.
    pub idle_timeout: Duration,
    /// `connections`: open at once; further ones wait in the kernel's backlog.
    pub connections_max: usize,
    /// `requests`: in flight at once, over all connections; beyond: 503.
    pub requests_max: usize,
    /// `http2_streams`: concurrent streams of one HTTP/2 connection.
    pub http2_streams_max: u32,
    /// `http2_resets`: streams of one HTTP/2 connection that the client has reset before they were looked at; beyond:
    /// the connection is closed.
    pub http2_resets_max: usize,
}

impl Default for LimitSettings {
    /// Those of `reference.conf`.
    fn default() -> Self {
        Self {
            request_line_bytes_max: 65_534,
            head_bytes_max: 128 << 10,
            head_memory_bytes_max: 256 << 20,
            headers_max: 200,
            query_parameters_max: 1000,
            head_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            connections_max: 16_384,
            requests_max: 16_384,
            http2_streams_max: 128,
            http2_resets_max: 20,
        }
    }
}

/// The admin listener.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// `enabled`.
    pub enabled: bool,
    /// `host`.
    pub host: String,
    /// `port`; 0 = any free one.
    pub port: u16,
    /// Whether host or port were set by the operator: then a taken port is an error, else it is only said.
    pub asked_for: bool,
}

/// What all mappings share.
#[derive(Clone, Debug)]
pub struct MapperSettings {
    /// `buffer_size`: events that may wait in memory.
    pub buffer_size: usize,
    /// `threads`: number of duplicate memories.
    pub threads: usize,
    /// `duplicate_memory_size`: slots of each duplicate memory.
    pub duplicate_memory_size: usize,
    /// `ip2geo_database` and `ip2geo_databases`: databases of places by address, in the order in which they are asked;
    /// `.gz` = compressed.
    pub geo_databases: Vec<PathBuf>,
    /// `user_agent_parser.cache_size`.
    pub user_agent_cache_size: usize,
    /// `user_agent_parser.client_hints`: hints refine what a user agent tells.
    pub client_hints: bool,
    /// `digest_reuse`.
    pub digest_reuse: DigestReuse,
    /// `digest_keys = full`: the keys of seeds have the length of the digest, not an eighth of it.
    pub full_digest_keys: bool,
    /// `own_hosts`: hosts of the operator's own sites, in small letters.
    pub own_hosts: Vec<String>,
    /// `pseudonym_key_file`.
    pub pseudonym_key_file: Option<PathBuf>,
    /// `pseudonym_key_variable`.
    pub pseudonym_key_variable: Option<String>,
    /// The key of pseudonyms that one of these two names.
    pub pseudonym_key: Option<Secret>,
}

impl Default for MapperSettings {
    /// Those of `reference.conf`.
    fn default() -> Self {
        Self {
            buffer_size: 1 << 20,
            threads: 1,
            duplicate_memory_size: 1_000_000,
            geo_databases: Vec::new(),
            user_agent_cache_size: 1000,
            client_hints: false,
            digest_reuse: DigestReuse::Correct,
            full_digest_keys: false,
            own_hosts: Vec::new(),
            pseudonym_key_file: None,
            pseudonym_key_variable: None,
            pseudonym_key: None,
        }
    }
}

/// What a value that is part of two digests of one mapping is worth in the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestReuse {
    /// As much as in the first.
    Correct,
    /// Nothing, as in the original.
    Original,
}

/// How safe an event is when its request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// In memory.
    None,
    /// Given to the operating system.
    Flush,
    /// On the disk.
    Fsync,
}

/// The journal.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// `directory`.
    pub directory: PathBuf,
    /// `durability`.
    pub durability: Durability,
    /// `segment_size`, bytes.
    pub segment_bytes: u64,
    /// `max_size`, bytes; unset = the smaller of 10 GiB and half of what is free without it.
    pub bytes_max: Option<u64>,
    /// `reserve`: bytes that stay free on the disk.
    pub reserve_bytes: u64,
    /// `memory_max`, bytes.
    pub memory_bytes_max: u64,
    /// `retention_time`: how long delivered events are kept.
    pub retention_time: Duration,
    /// `retention_size`: bytes of delivered events that are kept.
    pub retention_bytes: u64,
    /// `keep`.
    pub keep: KeepHeaders,
    /// `erase_on_recycle`.
    pub erase_on_recycle: bool,
}

impl Default for JournalOptions {
    /// Those of `reference.conf`, in the directory `data/journal`.
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data/journal"),
            durability: Durability::Fsync,
            segment_bytes: 64 << 20,
            bytes_max: None,
            reserve_bytes: 512 << 20,
            memory_bytes_max: 64 << 20,
            retention_time: Duration::ZERO,
            retention_bytes: 0,
            keep: KeepHeaders::Auto,
            erase_on_recycle: false,
        }
    }
}

/// Which headers are stored with each event; of cookies always those that the mappings read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepHeaders {
    /// Those that the mappings read.
    Auto,
    /// All headers but those that hold log-in sessions.
    All,
    /// Those that the mappings read, and these headers, in lower case.
    Named(Vec<String>),
}

/// `divolte.mappings.<name>`.
#[derive(Clone, Debug)]
pub struct MappingSettings {
    /// Name of the mapping.
    pub name: String,
    /// `sources`, without repeats.
    pub sources: Vec<String>,
    /// `sinks`, without repeats.
    pub sinks: Vec<String>,
    /// `schema_file`; unset = the built-in schema.
    pub schema_file: Option<PathBuf>,
    /// `mapping_script_file`; unset = the built-in mapping.
    pub mapping_script_file: Option<PathBuf>,
    /// `confluent_id`: identifier of the schema, for sinks that write it.
    pub confluent_id: Option<i32>,
    /// `discard_corrupted`.
    pub discard_corrupted: bool,
    /// `discard_duplicates`.
    pub discard_duplicates: bool,
}
