//! `divolte.global`: what the whole program shares.

use std::{path::PathBuf, time::Duration};

use super::{
    problem::{Problems, code, name},
    section::{INT, Limits, POSITIVE, Section},
    settings::{AdminSettings, Durability, JournalOptions, LimitSettings, MapperSettings, ServerSettings},
};
use crate::diagnostic::Diagnostic;

/// `divolte.global`, typed, every default in place.
pub struct GlobalOptions {
    /// `data_directory`.
    pub data_directory: PathBuf,
    /// `drain_timeout`.
    pub drain_timeout: Duration,
    /// `server`.
    pub server: ServerSettings,
    /// `admin`.
    pub admin: AdminSettings,
    /// `mapper`.
    pub mapper: MapperSettings,
    /// `journal`.
    pub journal: JournalOptions,
    /// `dead_letters.directory`.
    pub dead_letter_directory: PathBuf,
    /// `hdfs`.
    pub hdfs: KindOptions,
    /// `gcs`.
    pub gcs: KindOptions,
    /// `kafka`.
    pub kafka: KindOptions,
    /// `gcps`.
    pub gcps: KindOptions,
}

/// What all sinks of one kind share.
pub struct KindOptions {
    /// `enabled`.
    pub enabled: bool,
    /// `threads`.
    pub threads: usize,
    /// `hdfs.client` and `kafka.producer`, flattened.
    pub properties: Option<Vec<(String, String)>>,
    /// `gcps.project_id`.
    pub project: Option<String>,
}

/// Threads of any kind: at least one, and no more than anyone can mean.
fn threads() -> Limits {
    Limits::clamp(1..=1024, 0..=*INT.end())
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// Reads `divolte.global`.
pub fn read(mut global: Section<'_>, problems: &Problems) -> GlobalOptions {
    let data_directory = PathBuf::from(global.text("data_directory"));
    let drain_timeout = global.duration("drain_timeout", &Limits::only(POSITIVE));
    let server = server(global.section("server"));
    let admin = admin(global.section("admin"), problems);
    let mapper = mapper(global.section("mapper"));
    let journal = journal(global.section("journal"), &data_directory);
    let mut letters = global.section("dead_letters");
    let dead_letter_directory =
        letters.optional_file("directory").unwrap_or_else(|| data_directory.join("dead-letters"));
    letters.size("max_size", &Limits::only(POSITIVE));
    letters.no_effect_yet("max_size");
    letters.finish();
    let options = GlobalOptions {
        data_directory,
        drain_timeout,
        server,
        admin,
        mapper,
        journal,
        dead_letter_directory,
        hdfs: kind(global.section("hdfs"), Some("client"), false),
        gcs: kind(global.section("gcs"), None, false),
        kafka: kind(global.section("kafka"), Some("producer"), false),
        gcps: kind(global.section("gcps"), None, true),
    };
    global.finish();
    options
}

fn server(mut server: Section<'_>) -> ServerSettings {
    let wait = Limits::clamp(POSITIVE, super::section::ANY);
    let settings = ServerSettings {
        host: server.optional_text("host").filter(|host| !host.is_empty()),
        port: port(&mut server),
        use_x_forwarded_for: server.boolean("use_x_forwarded_for"),
        serve_static_resources: server.boolean("serve_static_resources"),
        debug_requests: server.boolean("debug_requests"),
        shutdown_delay: server.duration("shutdown_delay", &wait),
        shutdown_timeout: server.duration("shutdown_timeout", &wait),
        limits: limits(server.section("limits")),
    };
    server.finish();
    settings
}

fn port(section: &mut Section<'_>) -> u16 {
    u16::try_from(section.integer("port", &Limits::only(0..=i64::from(u16::MAX)))).unwrap_or(0)
}

fn limits(mut limits: Section<'_>) -> LimitSettings {
    let second = 1_000_000_000;
    let wait = Limits::only(second / 10..=86_400 * second);
    let settings = LimitSettings {
        // Below 8 KiB the HTTP library refuses to work; above 16 MiB one connection could take too much memory.
        head_bytes_max: count(limits.size("head_size", &Limits::only(8192..=16 << 20)).cast_signed()),
        headers_max: count(limits.integer("headers", &Limits::only(1..=10_000))),
        query_parameters_max: count(limits.integer("query_parameters", &Limits::only(1..=100_000))),
        head_timeout: limits.duration("head_timeout", &wait),
        body_timeout: limits.duration("body_timeout", &wait),
        idle_timeout: limits.duration("idle_timeout", &wait),
        connections_max: count(limits.integer("connections", &Limits::only(1..=1_000_000))),
        http2_streams_max: u32::try_from(limits.integer("http2_streams", &Limits::only(1..=10_000))).unwrap_or(1),
    };
    limits.finish();
    settings
}

fn admin(mut admin: Section<'_>, problems: &Problems) -> AdminSettings {
    let settings = AdminSettings {
        enabled: admin.boolean("enabled"),
        host: admin.text("host"),
        port: port(&mut admin),
        asked_for: problems.is_set(&admin.path("host")) || problems.is_set(&admin.path("port")),
    };
    admin.finish();
    settings
}

fn mapper(mut mapper: Section<'_>) -> MapperSettings {
    let slots = Limits::clamp(1..=*INT.end(), 0..=*INT.end());
    let buffer_size = count(mapper.integer("buffer_size", &Limits::only(1..=*INT.end())));
    let threads = count(mapper.integer("threads", &threads()));
    let duplicate_memory_size = count(mapper.integer("duplicate_memory_size", &slots));
    if mapper.optional_text("ip2geo_database").is_some() {
        mapper.not_yet("ip2geo_database", "finding places by address");
    }
    let digests_use_up = mapper.choice("digest_reuse", &["correct", "original"], false) == "original";
    let mut agents = mapper.section("user_agent_parser");
    let types = ["non_updating", "online_updating", "caching_and_updating"];
    if agents.choice("type", &types, true) != types[0] {
        let message = format!("{} has no effect: the table of user agents is built in", name(&agents.path("type")));
        agents.error("type", Diagnostic::warning(code::NO_EFFECT, message), "");
    }
    let user_agent_cache_size = count(agents.integer("cache_size", &Limits::clamp(0..=1_000_000, 0..=*INT.end())));
    agents.finish();
    mapper.finish();
    MapperSettings { buffer_size, threads, duplicate_memory_size, user_agent_cache_size, digests_use_up }
}

fn journal(mut journal: Section<'_>, data: &std::path::Path) -> JournalOptions {
    durability(&mut journal);
    let any = Limits::only(POSITIVE);
    let directory = journal.optional_file("directory").unwrap_or_else(|| data.join("journal"));
    let memory_bytes_max = journal.size("memory_max", &Limits::only(1 << 20..=i64::MAX));
    for key in ["segment_size", "max_size", "reserve", "retention_size"] {
        journal.size(key, &any);
        journal.no_effect_yet(key);
    }
    journal.duration("retention_time", &any);
    journal.boolean("erase_on_recycle");
    for key in ["directory", "retention_time", "erase_on_recycle"] {
        journal.no_effect_yet(key);
    }
    if journal.names_or_word("keep").as_deref() != Some("auto") {
        journal.not_yet("keep", "keeping other headers and cookies than the mappings read");
    }
    journal.finish();
    JournalOptions { directory, durability: Durability::None, memory_bytes_max }
}

/// Reads `durability` and says so when it asks for more than there is.
pub fn durability(section: &mut Section<'_>) {
    let words = ["none", "flush", "fsync"];
    let asked = section.choice("durability", &words, false);
    if asked != words[0] {
        let message = format!("{} asks for {asked}, but what is given is none", name(&section.path("durability")));
        let diagnostic = Diagnostic::warning(code::DURABILITY, message)
            .hint("an answered event survives an orderly stop, not the loss of the process or of the machine")
            .hint("the journal of this version is in memory; later versions give what is asked for here");
        section.error("durability", diagnostic, "");
    }
}

fn kind(mut kind: Section<'_>, properties: Option<&'static str>, project: bool) -> KindOptions {
    let enabled = kind.boolean("enabled");
    let threads = count(kind.integer("threads", &threads()));
    // A queue without room would stop the start of a kind that is used; of one that is not, nobody makes it.
    let lowest = if enabled { 1 } else { *INT.start() };
    kind.integer("buffer_size", &Limits::clamp(1..=*INT.end(), lowest..=*INT.end()));
    let properties = properties.and_then(|key| kind.properties(key));
    let project = if project { kind.optional_text("project_id") } else { None };
    kind.finish();
    KindOptions { enabled, threads, properties, project }
}
