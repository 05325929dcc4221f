//! `divolte.global`: what the whole program shares.

use std::{path::PathBuf, time::Duration};

use super::{
    problem::{At, Problems, code, name},
    section::{ANY, INT, Limits, POSITIVE, Section},
    settings::{
        AdminSettings, DigestReuse, Durability, JournalOptions, KeepHeaders, LimitSettings, MapperSettings,
        ServerSettings,
    },
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
    /// `dead_letters.max_size`, bytes.
    pub dead_letter_bytes_max: u64,
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
    /// `buffer_size`.
    pub buffer_size: usize,
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
    let data_directory = global.file("data_directory");
    let drain_timeout = global.duration("drain_timeout", &Limits::only(POSITIVE));
    let server = server(global.section("server"));
    let admin = admin(global.section("admin"), problems);
    let mapper = mapper(global.section("mapper"), problems);
    let journal = journal(global.section("journal"), &data_directory);
    let mut letters = global.section("dead_letters");
    let dead_letter_directory =
        letters.optional_file("directory").unwrap_or_else(|| data_directory.join("dead-letters"));
    let dead_letter_bytes_max = letters.size("max_size", &Limits::only(1 << 20..=i64::MAX));
    letters.finish();
    let options = GlobalOptions {
        data_directory,
        drain_timeout,
        server,
        admin,
        mapper,
        journal,
        dead_letter_directory,
        dead_letter_bytes_max,
        hdfs: kind(global.section("hdfs"), Some("client"), false),
        gcs: kind(global.section("gcs"), None, false),
        kafka: kind(global.section("kafka"), Some("producer"), false),
        gcps: kind(global.section("gcps"), None, true),
    };
    global.finish();
    options
}

fn server(mut server: Section<'_>) -> ServerSettings {
    let wait = Limits::clamp(POSITIVE, ANY);
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
        // The original takes up to 65,534 bytes, and browsers send long addresses.
        request_line_bytes_max: count(limits.size("request_line", &Limits::only(1024..=65_534)).cast_signed()),
        // Below 8 KiB the HTTP library refuses to work; above 16 MiB one connection could take too much memory.
        head_bytes_max: count(limits.size("head_size", &Limits::only(8192..=16 << 20)).cast_signed()),
        head_memory_bytes_max: count(limits.size("head_memory", &Limits::only(0..=1 << 40)).cast_signed()),
        headers_max: count(limits.integer("headers", &Limits::only(1..=10_000))),
        query_parameters_max: count(limits.integer("query_parameters", &Limits::only(1..=100_000))),
        head_timeout: limits.duration("head_timeout", &wait),
        body_timeout: limits.duration("body_timeout", &wait),
        idle_timeout: limits.duration("idle_timeout", &wait),
        connections_max: count(limits.integer("connections", &Limits::only(1..=1_000_000))),
        requests_max: count(limits.integer("requests", &Limits::only(1..=1_000_000))),
        http2_streams_max: u32::try_from(limits.integer("http2_streams", &Limits::only(1..=10_000))).unwrap_or(1),
        http2_resets_max: count(limits.integer("http2_resets", &Limits::only(1..=10_000))),
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

/// Most events that all duplicate memories together remember: 8 GiB once all slots are in use.
const SLOTS_MAX: usize = 1 << 30;

fn mapper(mut mapper: Section<'_>, problems: &Problems) -> MapperSettings {
    let slots = Limits::clamp(1..=*INT.end(), 0..=*INT.end());
    let buffer_size = count(mapper.integer("buffer_size", &Limits::only(1..=*INT.end())));
    let threads = count(mapper.integer("threads", &threads()));
    let slots = count(mapper.integer("duplicate_memory_size", &slots));
    let (path, other) = (mapper.path("duplicate_memory_size"), mapper.path("threads"));
    let duplicate_memory_size = bound_slots(threads, slots, &path, &other, problems);
    let more = mapper.names("ip2geo_databases").unwrap_or_default();
    let geo_databases = mapper.optional_file("ip2geo_database").into_iter();
    let geo_databases = geo_databases.chain(more.into_iter().map(|(file, _)| file.into())).collect();
    let digest_reuse = match mapper.choice("digest_reuse", &["correct", "original"], false) {
        "original" => DigestReuse::Original,
        _ => DigestReuse::Correct,
    };
    let full_digest_keys = mapper.choice("digest_keys", &["original", "full"], false) == "full";
    let own_hosts = mapper.names("own_hosts").unwrap_or_default();
    let own_hosts = own_hosts.into_iter().map(|(host, _)| host.to_ascii_lowercase()).collect();
    let pseudonym_key_file = mapper.optional_file("pseudonym_key_file");
    let pseudonym_key_variable = mapper.optional_text("pseudonym_key_variable");
    let mut agents = mapper.section("user_agent_parser");
    let built_in = "non_updating";
    if agents.choice("type", &["non_updating", "online_updating", "caching_and_updating"], true) != built_in {
        let message = format!("{} has no effect: the table of user agents is built in", name(&agents.path("type")));
        agents.error("type", Diagnostic::warning(code::NO_EFFECT, message), "");
    }
    let user_agent_cache_size = count(agents.integer("cache_size", &Limits::clamp(0..=1_000_000, INT)));
    let client_hints = agents.boolean("client_hints");
    agents.finish();
    mapper.finish();
    MapperSettings {
        buffer_size,
        threads,
        duplicate_memory_size,
        geo_databases,
        user_agent_cache_size,
        client_hints,
        digest_reuse,
        full_digest_keys,
        own_hosts,
        pseudonym_key_file,
        pseudonym_key_variable,
        pseudonym_key: None,
    }
}

/// Slots of one duplicate memory such that all of them together stay within [`SLOTS_MAX`].
fn bound_slots(threads: usize, slots: usize, path: &[String], other: &[String], problems: &Problems) -> usize {
    let most = SLOTS_MAX / threads.max(1);
    if slots <= most {
        return slots;
    }
    let bytes = (threads as u128) * (slots as u128) * 8;
    let message = format!(
        "{threads} duplicate memories of {slots} slots would take {} GiB; {most} slots are taken in place of {slots}",
        bytes >> 30
    );
    let diagnostic = Diagnostic::warning(code::CLAMPED, message)
        .hint(format!("all of them together have at most {SLOTS_MAX} slots, which is 8 GiB"));
    let at = if problems.is_set(path) { At::Value(path) } else { At::Value(other) };
    let diagnostic = problems.placed(diagnostic, at, "");
    let both = problems.is_set(path) && problems.is_set(other);
    problems.add(if both { problems.with(diagnostic, other, "so many memories") } else { diagnostic });
    most
}

fn journal(mut journal: Section<'_>, data: &std::path::Path) -> JournalOptions {
    let any = Limits::only(POSITIVE);
    let segment_bytes = journal.size("segment_size", &Limits::only(8 << 20..=1 << 30));
    let bytes_max = journal.optional_size("max_size", &Limits::only(32 << 20..=i64::MAX));
    let settings = JournalOptions {
        directory: journal.optional_file("directory").unwrap_or_else(|| data.join("journal")),
        durability: durability(&mut journal),
        segment_bytes,
        bytes_max,
        reserve_bytes: journal.size("reserve", &any),
        memory_bytes_max: journal.size("memory_max", &Limits::only(1 << 20..=i64::MAX)),
        retention_time: journal.duration("retention_time", &any),
        retention_bytes: journal.size("retention_size", &any),
        keep: match journal.choice_or_names("keep", &["auto", "all"]) {
            Ok("all") => KeepHeaders::All,
            Ok(_) => KeepHeaders::Auto,
            Err(names) => KeepHeaders::Named(names.iter().map(|name| name.to_lowercase()).collect()),
        },
        erase_on_recycle: journal.boolean("erase_on_recycle"),
    };
    journal.finish();
    settings
}

/// The words for how safe an event is.
const DURABILITIES: [&str; 3] = ["none", "flush", "fsync"];

fn durability_of(word: &str) -> Durability {
    match word {
        "fsync" => Durability::Fsync,
        "flush" => Durability::Flush,
        _ => Durability::None,
    }
}

/// Reads the journal's `durability`.
fn durability(section: &mut Section<'_>) -> Durability {
    durability_of(section.choice("durability", &DURABILITIES, false))
}

/// Reads a source's `durability`, which the journal has to give: nothing is safer than the journal is.
pub fn source_durability(section: &mut Section<'_>, journal: Durability) -> Option<Durability> {
    let asked = durability_of(section.optional_choice("durability", &DURABILITIES)?);
    if asked <= journal {
        return Some(asked);
    }
    let path = section.path("durability");
    let message = format!("{} asks for {}, but the journal gives {}", name(&path), word(asked), word(journal));
    let diagnostic = Diagnostic::error(code::VALUE, message)
        .hint(format!("set `divolte.global.journal.durability` to {} as well, or leave this key out", word(asked)));
    section.error("durability", diagnostic, "");
    None
}

/// The word of the configuration for a durability.
#[must_use]
pub fn word(durability: Durability) -> &'static str {
    match durability {
        Durability::None => "none",
        Durability::Flush => "flush",
        Durability::Fsync => "fsync",
    }
}

fn kind(mut kind: Section<'_>, properties: Option<&'static str>, project: bool) -> KindOptions {
    let enabled = kind.boolean("enabled");
    let threads = count(kind.integer("threads", &threads()));
    // A queue without room would stop the start of a kind that is used; of one that is not, nobody makes it.
    let lowest = if enabled { 1 } else { *INT.start() };
    let buffer_size = count(kind.integer("buffer_size", &Limits::clamp(1..=*INT.end(), lowest..=*INT.end())));
    let properties = properties.and_then(|key| kind.properties(key));
    let project = if project { kind.optional_text("project_id") } else { None };
    kind.finish();
    KindOptions { enabled, threads, buffer_size, properties, project }
}
