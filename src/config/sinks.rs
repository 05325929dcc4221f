//! `divolte.sinks`: the keys of every kind of sink, also of those that this build does not have.

use super::{
    hocon::{Value, member},
    origin::KeyPath,
    problem::{Problems, code, name},
    section::{ANY, INT, Limits, Null, POSITIVE, Section},
    settings::{
        BatchSettings, Codec, FileStrategy, GcpsSettings, GcsSettings, Jitter, KafkaSettings, OnFull, RemoteKind,
        RetrySettings, RpcTimeouts, StartAt,
    },
};
use crate::diagnostic::Diagnostic;

/// Longest name of a sink, bytes: it becomes part of file names.
const NAME_BYTES_MAX: usize = 200;

/// `divolte.sinks.<name>`.
pub struct SinkOptions {
    /// Name of the sink.
    pub name: String,
    /// What it writes to.
    pub kind: SinkKind,
    /// `start`.
    pub start: StartAt,
    /// `on_full`.
    pub on_full: OnFull,
}

/// What a sink writes to.
pub enum SinkKind {
    /// `type = hdfs` or `type = file`.
    Files {
        /// Whether the file system is the local disk, whatever the client's properties say.
        local: bool,
        /// `file_strategy`.
        strategy: FileStrategy,
        /// `replication`.
        replication: i16,
    },
    /// `type = gcs`, `kafka` or `gcps`. What stands in `divolte.global` is still missing.
    Remote(RemoteKind),
}

/// Reads one sink; nothing when its kind is unknown.
pub fn read<'a>(
    sink: &str,
    place: KeyPath,
    value: &'a Value,
    defaults: impl Fn(&str) -> &'a Value,
    problems: &'a Problems,
) -> Option<SinkOptions> {
    let word = match value {
        Value::Object(members) => member(members, "type").and_then(Value::scalar).unwrap_or(""),
        _ => "",
    };
    let defaults = defaults(if word == "file" { "hdfs" } else { word });
    let mut section = Section::new(place, value, defaults, Null::Default, problems);
    // Of a sink of no kind the other keys cannot be judged.
    let kind = match section.required_choice("type", &["file", "hdfs", "gcs", "kafka", "gcps"])? {
        "file" | "hdfs" => {
            // How often a file is kept is a matter of the remote file system.
            let short = Limits::only(i64::from(i16::MIN)..=i64::from(i16::MAX));
            let replication = i16::try_from(section.integer("replication", &short)).unwrap_or(1);
            SinkKind::Files { local: word == "file", strategy: strategy(section.section("file_strategy")), replication }
        }
        "gcs" => SinkKind::Remote(RemoteKind::Gcs(gcs(&mut section))),
        "kafka" => SinkKind::Remote(RemoteKind::Kafka(KafkaSettings {
            topic: topic(&mut section),
            confluent: section.choice("mode", &["naked", "confluent"], false) == "confluent",
            producer: Vec::new(),
        })),
        _ => SinkKind::Remote(RemoteKind::Gcps(gcps(&mut section))),
    };
    let start = match section.choice("start", &["tail", "earliest"], false) {
        "earliest" => StartAt::Earliest,
        _ => StartAt::Tail,
    };
    let on_full = match section.choice("on_full", &["refuse", "skip_oldest"], false) {
        "skip_oldest" => OnFull::SkipOldest,
        _ => OnFull::Refuse,
    };
    if sink.len() > NAME_BYTES_MAX || matches!(sink, "" | "." | "..") || sink.contains(['/', '\0']) {
        let message = format!("{sink:?} cannot be the name of a sink, because files are named after it");
        section.error("type", Diagnostic::error(code::VALUE, message), "in this sink");
    }
    section.finish();
    Some(SinkOptions { name: sink.to_owned(), kind, start, on_full })
}

fn strategy(mut strategy: Section<'_>) -> FileStrategy {
    let millisecond = 1_000_000;
    let records = strategy.integer("sync_file_after_records", &Limits::clamp(1..=*INT.end(), INT));
    let options = FileStrategy {
        working_directory: strategy.file("working_dir"),
        publish_directory: strategy.file("publish_dir"),
        roll_every: strategy.duration("roll_every", &Limits::clamp(millisecond..=i64::MAX, ANY)),
        roll_bytes: Some(strategy.size("roll_size", &Limits::only(POSITIVE))).filter(|bytes| *bytes > 0),
        codec: match strategy.choice("codec", &["null", "deflate", "snappy", "zstandard"], false) {
            "deflate" => Codec::Deflate,
            "snappy" => Codec::Snappy,
            "zstandard" => Codec::Zstandard,
            _ => Codec::Null,
        },
        sync_after_records: records.unsigned_abs(),
        sync_after: strategy.duration("sync_file_after_duration", &Limits::clamp(POSITIVE, ANY)),
    };
    strategy.finish();
    options
}

fn topic(section: &mut Section<'_>) -> String {
    let topic = section.text("topic");
    if topic.is_empty() {
        let message = format!("{} is empty", name(&section.path("topic")));
        section.error("topic", Diagnostic::error(code::VALUE, message), "");
    }
    topic
}

fn gcs(section: &mut Section<'_>) -> GcsSettings {
    let bucket = section.required_text("bucket");
    let strategy = strategy(section.section("file_strategy"));
    let mut retries = section.section("retry_settings");
    let retry = retry(&mut retries);
    if retries.has("jitter_delay") && retries.has("jitter_factor") {
        let message = "a jitter is either a delay or a factor, not both";
        retries.error("jitter_factor", Diagnostic::error(code::EXCLUDES, message), "");
    }
    let delay = retries.duration("jitter_delay", &Limits::clamp(POSITIVE, ANY));
    let jitter = retries.double("jitter_factor", 0.0).map_or(Jitter::Delay(delay), Jitter::Factor);
    retries.finish();
    GcsSettings { bucket, strategy, retry, jitter }
}

fn gcps(section: &mut Section<'_>) -> GcpsSettings {
    let topic = topic(section);
    let mut retries = section.section("retry_settings");
    let retry = retry(&mut retries);
    let wait = Limits::clamp(POSITIVE, ANY);
    let initial = retries.duration("initial_rpc_timeout", &wait);
    let timeouts = RpcTimeouts {
        initial,
        multiplier: retries.double("rpc_timeout_multiplier", 1.0).unwrap_or(1.0),
        max: retries.optional_duration("max_rpc_timeout", &wait).unwrap_or(initial),
    };
    retries.finish();
    GcpsSettings { project: None, topic, retry, timeouts, batches: batches(section.section("batching_settings")) }
}

fn retry(retries: &mut Section<'_>) -> RetrySettings {
    let wait = Limits::clamp(POSITIVE, ANY);
    let attempts = retries.integer("max_attempts", &Limits::clamp(0..=*INT.end(), INT));
    RetrySettings {
        attempts_max: u32::try_from(attempts).ok().filter(|attempts| *attempts > 0),
        total_timeout: retries.duration("total_timeout", &wait),
        initial_delay: retries.duration("initial_retry_delay", &wait),
        delay_multiplier: retries.double("retry_delay_multiplier", 1.0).unwrap_or(1.0),
        delay_max: retries.duration("max_retry_delay", &wait),
    }
}

fn batches(mut batches: Section<'_>) -> BatchSettings {
    let count = Limits::clamp(1..=i64::MAX, ANY);
    let settings = BatchSettings {
        elements: batches.integer("element_count_threshold", &count).unsigned_abs(),
        bytes: batches.integer("request_bytes_threshold", &count).unsigned_abs(),
        delay: batches.duration("delay_threshold", &Limits::clamp(POSITIVE, ANY)),
    };
    batches.finish();
    settings
}
