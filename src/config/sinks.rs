//! `divolte.sinks`: the keys of every kind of sink, also of those that this build does not have.

use std::{path::PathBuf, time::Duration};

use super::{
    hocon::{Value, member},
    origin::KeyPath,
    problem::{Problems, code},
    section::{ANY, INT, Limits, Null, POSITIVE, Section},
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
}

/// What a sink writes to.
pub enum SinkKind {
    /// `type = hdfs` or `type = file`.
    Files(FileStrategy),
    /// `type = gcs`.
    Gcs,
    /// `type = kafka`.
    Kafka {
        /// `mode = confluent`.
        confluent: bool,
    },
    /// `type = gcps`.
    Gcps,
}

/// `file_strategy`.
pub struct FileStrategy {
    /// `working_dir`.
    pub working_directory: PathBuf,
    /// `publish_dir`.
    pub publish_directory: PathBuf,
    /// `roll_every`.
    pub roll_every: Duration,
    /// `sync_file_after_records`.
    pub sync_after_records: u64,
    /// `sync_file_after_duration`.
    pub sync_after: Duration,
}

/// Reads one sink; nothing when its kind is unknown.
pub fn read<'a>(
    name: &str,
    place: KeyPath,
    value: &'a Value,
    defaults: impl Fn(&str) -> &'a Value,
    problems: &'a Problems,
) -> Option<SinkOptions> {
    let word = match value {
        Value::Object(members) => member(members, "type").and_then(Value::scalar).unwrap_or(""),
        _ => "",
    };
    let kinds = ["file", "hdfs", "gcs", "kafka", "gcps"];
    let defaults = defaults(if word == "file" { "hdfs" } else { word });
    let mut section = Section::new(place, value, defaults, Null::Default, problems);
    let text = section.required_text("type");
    let kind = match kinds.into_iter().find(|kind| *kind == text) {
        Some("file" | "hdfs") => {
            // How often a file is kept is a matter of the remote file system.
            section.integer("replication", &Limits::only(i64::from(i16::MIN)..=i64::from(i16::MAX)));
            SinkKind::Files(strategy(section.section("file_strategy")))
        }
        Some("gcs") => {
            section.required_text("bucket");
            strategy(section.section("file_strategy"));
            retries(section.section("retry_settings"), true);
            SinkKind::Gcs
        }
        Some("kafka") => {
            section.text("topic");
            SinkKind::Kafka { confluent: section.choice("mode", &["naked", "confluent"], false) == "confluent" }
        }
        Some(_) => {
            section.text("topic");
            retries(section.section("retry_settings"), false);
            batches(section.section("batching_settings"));
            SinkKind::Gcps
        }
        // Of a sink of no kind the other keys cannot be judged.
        None => {
            if !text.is_empty() {
                section.not_a_word("type", &text, &kinds);
            }
            return None;
        }
    };
    // The journal in memory is empty when a sink is made: its tail is its earliest.
    section.choice("start", &["tail", "earliest"], false);
    if section.choice("on_full", &["refuse", "skip_oldest"], false) != "refuse" {
        section.not_yet("on_full", "`on_full = skip_oldest`");
    }
    if name.len() > NAME_BYTES_MAX || matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        let message = format!("{name:?} cannot be the name of a sink, because files are named after it");
        section.error("type", Diagnostic::error(code::VALUE, message), "in this sink");
    }
    section.finish();
    Some(SinkOptions { name: name.to_owned(), kind })
}

fn strategy(mut strategy: Section<'_>) -> FileStrategy {
    let millisecond = 1_000_000;
    if strategy.size("roll_size", &Limits::only(POSITIVE)) != 0 {
        strategy.not_yet("roll_size", "publishing files by size");
    }
    if strategy.choice("codec", &["null", "deflate", "snappy", "zstandard"], false) != "null" {
        strategy.not_yet("codec", "compressing files");
    }
    let records = strategy.integer("sync_file_after_records", &Limits::clamp(1..=*INT.end(), INT));
    let options = FileStrategy {
        working_directory: strategy.text("working_dir").into(),
        publish_directory: strategy.text("publish_dir").into(),
        roll_every: strategy.duration("roll_every", &Limits::clamp(millisecond..=i64::MAX, ANY)),
        sync_after_records: records.unsigned_abs(),
        sync_after: strategy.duration("sync_file_after_duration", &Limits::clamp(POSITIVE, ANY)),
    };
    strategy.finish();
    options
}

fn retries(mut retries: Section<'_>, files: bool) {
    let wait = Limits::clamp(POSITIVE, ANY);
    retries.integer("max_attempts", &Limits::clamp(0..=*INT.end(), INT));
    retries.duration("total_timeout", &wait);
    retries.duration("initial_retry_delay", &wait);
    retries.double("retry_delay_multiplier");
    retries.duration("max_retry_delay", &wait);
    if files {
        if retries.has("jitter_delay") && retries.has("jitter_factor") {
            let message = "a jitter is either a delay or a factor, not both";
            retries.error("jitter_factor", Diagnostic::error(code::EXCLUDES, message), "");
        }
        retries.duration("jitter_delay", &wait);
        retries.double("jitter_factor");
    } else {
        retries.duration("initial_rpc_timeout", &wait);
        retries.double("rpc_timeout_multiplier");
        retries.duration("max_rpc_timeout", &wait);
    }
    retries.finish();
}

fn batches(mut batches: Section<'_>) {
    let count = Limits::clamp(1..=i64::MAX, ANY);
    batches.integer("element_count_threshold", &count);
    batches.integer("request_bytes_threshold", &count);
    batches.duration("delay_threshold", &Limits::clamp(POSITIVE, ANY));
    batches.finish();
}
