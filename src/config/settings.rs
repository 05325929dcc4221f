//! What the program works with: checked, complete, with every default in place. Made by [`super::load`].

use std::{net::IpAddr, path::PathBuf, time::Duration};

use crate::{checkpoint::SinkName, diagnostic::Diagnostic};

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
    /// `divolte.sources`, in file order.
    pub sources: Vec<SourceSettings>,
    /// `divolte.mappings`, in file order.
    pub mappings: Vec<MappingSettings>,
    /// `divolte.sinks` that a mapping feeds and whose kind is enabled, in file order.
    pub sinks: Vec<SinkSettings>,
    /// Started without a configuration file: demo page, JSON source at `/event`, directories made.
    pub embedded: bool,
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
    /// `head_size`: bytes of request line and headers; beyond: 431.
    pub head_bytes_max: usize,
    /// `headers`: number of header lines; beyond: 431.
    pub headers_max: usize,
    /// `query_parameters`: beyond: 400.
    pub query_parameters_max: usize,
    /// `head_timeout`: from the first byte of a request to the end of its head; beyond: 408 or close.
    pub head_timeout: Duration,
    /// `body_timeout`: from the end of the head to the end of the body; beyond: 408.
    pub body_timeout: Duration,
    /// `idle_timeout`: between requests of a connection.
    pub idle_timeout: Duration,
    /// `connections`: open at once; further ones wait in the kernel's backlog.
    pub connections_max: usize,
    /// `http2_streams`: concurrent streams of one HTTP/2 connection.
    pub http2_streams_max: u32,
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
    /// `user_agent_parser.cache_size`.
    pub user_agent_cache_size: usize,
    /// `digest_reuse = original`: a value counts in the first digest only.
    pub digests_use_up: bool,
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
    /// Durability in force (`none` until the durable journal is built), whatever `durability` asks.
    pub durability: Durability,
    /// `memory_max`, bytes.
    pub memory_bytes_max: u64,
}

/// One source.
#[derive(Clone, Debug)]
pub enum SourceSettings {
    /// `type = browser`.
    Browser(BrowserSettings),
    /// `type = json`.
    Json(JsonSettings),
}

impl SourceSettings {
    /// Name of the source.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Browser(settings) => &settings.name,
            Self::Json(settings) => &settings.name,
        }
    }
}

/// `divolte.sources.<name>`, `type = browser`.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// Name of the source.
    pub name: String,
    /// `prefix`, with a leading and a trailing `/`.
    pub prefix: String,
    /// `event_suffix`.
    pub event_suffix: String,
    /// `cookie_domain`.
    pub cookie_domain: Option<String>,
    /// `party_cookie`.
    pub party_cookie: String,
    /// `party_timeout`, whole seconds, at most 2,147,483,647.
    pub party_timeout_seconds: u32,
    /// `session_cookie`.
    pub session_cookie: String,
    /// `session_timeout`, whole seconds, at most 2,147,483,647.
    pub session_timeout_seconds: u32,
    /// `http_response_delay`, whole milliseconds.
    pub http_response_delay: Duration,
    /// `javascript.name`.
    pub javascript_name: String,
    /// `javascript.logging`.
    pub javascript_logging: bool,
    /// `javascript.debug`.
    pub javascript_debug: bool,
    /// `javascript.auto_page_view_event`.
    pub auto_page_view_event: bool,
    /// `javascript.event_timeout`.
    pub event_timeout: Duration,
}

/// `divolte.sources.<name>`, `type = json`.
#[derive(Clone, Debug)]
pub struct JsonSettings {
    /// Name of the source.
    pub name: String,
    /// `event_path`, with a leading `/`.
    pub event_path: String,
    /// `party_id_parameter`.
    pub party_id_parameter: String,
    /// `maximum_body_size` as in force: rounded up to a multiple of 4096, at least 4096, at most 4 MiB.
    pub body_bytes_max: usize,
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
    /// `discard_corrupted`.
    pub discard_corrupted: bool,
    /// `discard_duplicates`.
    pub discard_duplicates: bool,
}

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
    /// `file_strategy.sync_file_after_records`.
    pub sync_after_records: u64,
    /// `file_strategy.sync_file_after_duration`.
    pub sync_after: Duration,
    /// Make the directories when they are missing (embedded default only; configured ones never are).
    pub make_directories: bool,
}

/// An address to listen on.
pub type ListenAddress = (IpAddr, u16);
