//! Which sinks are in use, whether this build has them, and what they work with.

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use super::{at_or_around, effective};
use crate::{
    checkpoint::SinkName,
    config::{
        global::{GlobalOptions, KindOptions},
        hadoop,
        options::{MappingOptions, path},
        problem::{At, Problems, code, name},
        settings::{FileSettings, FileStrategy, HdfsSettings, RemoteKind, RemoteSinkSettings, SinkSettings},
        sinks::{SinkKind, SinkOptions},
    },
    diagnostic::Diagnostic,
};

/// The sinks in use.
#[derive(Default)]
pub struct InUse {
    /// Those that run.
    pub sinks: Vec<SinkSettings>,
    /// Those that this build does not have; each is reported.
    pub absent: Vec<RemoteSinkSettings>,
}

/// Sorts the sinks that a mapping feeds.
pub fn in_use(
    fed: Vec<SinkOptions>,
    global: &GlobalOptions,
    embedded: bool,
    environment: &HashMap<String, String>,
    problems: &Problems,
) -> InUse {
    let mut found = InUse::default();
    // Looked up once, and only when a sink needs it.
    let remote = OnceCell::new();
    let remote = || {
        let client = global.hdfs.properties.as_deref();
        remote.get_or_init(|| hadoop::remote_file_system(client, environment, problems)).clone()
    };
    for sink in fed {
        let (key, shared) = match &sink.kind {
            SinkKind::Files { .. } | SinkKind::Remote(RemoteKind::Hdfs(_)) => ("hdfs", &global.hdfs),
            SinkKind::Remote(RemoteKind::Gcs(_)) => ("gcs", &global.gcs),
            SinkKind::Remote(RemoteKind::Kafka(_)) => ("kafka", &global.kafka),
            SinkKind::Remote(RemoteKind::Gcps(_)) => ("gcps", &global.gcps),
        };
        if !shared.enabled {
            disabled(&sink, key, problems);
            continue;
        }
        let (name, start, on_full) = (SinkName::new(&sink.name), sink.start, sink.on_full);
        let kind = match sink.kind {
            SinkKind::Files { local: on_disk, strategy, replication } => {
                let client = shared.properties.clone();
                let file_system = if on_disk { None } else { remote() };
                let Some(file_system) = file_system else {
                    let file = FileSettings {
                        lanes: shared.threads,
                        start,
                        on_full,
                        make_directories: embedded,
                        ..local(name, &strategy, embedded, problems)
                    };
                    found.sinks.push(SinkSettings::File(file));
                    continue;
                };
                RemoteKind::Hdfs(HdfsSettings { file_system, replication, strategy, client })
            }
            SinkKind::Remote(kind) => with_shared(kind, shared),
        };
        absent(&sink.name, &kind, key, problems);
        let (threads, buffer_size) = (shared.threads, shared.buffer_size);
        found.absent.push(RemoteSinkSettings { name, threads, buffer_size, start, on_full, kind });
    }
    found
}

/// Adds what all sinks of the kind share.
fn with_shared(mut kind: RemoteKind, shared: &KindOptions) -> RemoteKind {
    match &mut kind {
        RemoteKind::Kafka(kafka) => kafka.producer = shared.properties.clone().unwrap_or_default(),
        RemoteKind::Gcps(gcps) => gcps.project.clone_from(&shared.project),
        RemoteKind::Gcs(_) | RemoteKind::Hdfs(_) => {}
    }
    kind
}

/// All mappings into a sink must have the same schema.
pub fn schemas(sink: &SinkOptions, feeding: &[&MappingOptions], problems: &Problems) {
    let written = |mapping: &MappingOptions| mapping.settings.schema_file.clone();
    let used = |mapping: &MappingOptions| effective(mapping.settings.clone()).schema_file;
    let Some((first, rest)) = feeding.split_first() else { return };
    let Some(other) = rest.iter().find(|other| written(other) != written(first) || used(other) != used(first)) else {
        return;
    };
    let describe =
        |file: Option<PathBuf>| file.map_or("the built-in schema".to_owned(), |file| format!("`{}`", file.display()));
    let message = format!(
        "sink `{}` would get records of two schemas: {} from mapping `{}`, {} from mapping `{}`",
        sink.name,
        describe(used(first)),
        first.settings.name,
        describe(used(other)),
        other.settings.name
    );
    let diagnostic = Diagnostic::error(code::SCHEMAS, message).hint("a sink takes one schema: make a second sink");
    let place = |mapping: &MappingOptions| path(&["mappings", &mapping.settings.name]);
    let diagnostic = problems.placed(diagnostic, At::Key(&place(other)), "");
    problems.add(problems.with(diagnostic, &place(first), ""));
}

/// All mappings into a sink must agree on the schema's identifier, and have one where the sink writes it.
pub fn confluent(sink: &SinkOptions, feeding: &[&MappingOptions], problems: &Problems) {
    let ids: BTreeSet<_> = feeding.iter().filter_map(|mapping| mapping.settings.confluent_id).collect();
    if ids.len() > 1 {
        let ids: Vec<_> = ids.iter().map(i32::to_string).collect();
        let message = format!("mappings into sink `{}` have different `confluent_id`s: {}", sink.name, ids.join(", "));
        let last = feeding.iter().rev().find(|mapping| mapping.settings.confluent_id.is_some());
        let path = path(&["mappings", last.map_or("", |mapping| &mapping.settings.name), "confluent_id"]);
        problems.report(Diagnostic::error(code::CONFLUENT, message), At::Value(&path), "");
    }
    if matches!(&sink.kind, SinkKind::Remote(RemoteKind::Kafka(kafka)) if kafka.confluent) {
        for mapping in feeding.iter().filter(|mapping| mapping.settings.confluent_id.is_none()) {
            let message =
                format!("mapping `{}` needs a `confluent_id`: sink `{}` writes it", mapping.settings.name, sink.name);
            let path = path(&["mappings", &mapping.settings.name]);
            problems.report(Diagnostic::error(code::CONFLUENT, message), At::Key(&path), "");
        }
    }
}

/// Says that a sink is switched off, unless it is there without having been asked for.
fn disabled(sink: &SinkOptions, key: &str, problems: &Problems) {
    let path = path(&["sinks", &sink.name]);
    if problems.is_set(&path) {
        let message = format!("sink `{}` gets nothing, because `divolte.global.{key}.enabled` is false", sink.name);
        problems.report(Diagnostic::warning(code::NO_EFFECT, message), At::Key(&path), "");
    }
}

/// Google Cloud Pub/Sub needs a project, even when no sink uses it.
pub fn project(gcps: &KindOptions, environment: &HashMap<String, String>, problems: &Problems) {
    let named = ["GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS"];
    if gcps.enabled && gcps.project.is_none() && !named.iter().any(|name| environment.contains_key(*name)) {
        let message = "`divolte.global.gcps` is enabled without a project";
        let diagnostic = Diagnostic::error(code::MISSING, message).hint("set `divolte.global.gcps.project_id`");
        problems.report(diagnostic, At::Value(&path(&["global", "gcps", "enabled"])), "");
    }
}

/// Says that this build does not have a sink, and which builds do.
fn absent(sink: &str, kind: &RemoteKind, key: &str, problems: &Problems) {
    let to = match kind {
        RemoteKind::Hdfs(hdfs) => format!("`{}`", hdfs.file_system),
        kind => kind.outside().to_owned(),
    };
    let message = format!(
        "sink `{sink}` writes to {to}, which this build of headwater cannot; builds with the feature `{}` can",
        kind.feature()
    );
    let diagnostic = Diagnostic::error(code::NOT_HERE, message);
    let place = path(&["sinks", sink]);
    if let RemoteKind::Hdfs(_) = kind {
        let diagnostic =
            diagnostic.hint("`fs.defaultFS = \"file:///\"` in `divolte.global.hdfs.client` writes to the local disk");
        let client = path(&["global", "hdfs", "client", "fs", "defaultFS"]);
        let at = if problems.is_set(&client) { At::Value(&client) } else { At::Key(&place) };
        problems.report(diagnostic, at, "");
    } else {
        let diagnostic = diagnostic.hint(format!("`--set divolte.global.{key}.enabled=false` starts without it"));
        problems.report(diagnostic, At::Key(&place), "");
    }
}

/// A sink with files on the local disk.
fn local(name: SinkName, strategy: &FileStrategy, embedded: bool, problems: &Problems) -> FileSettings {
    let directory = |key: &str, directory: &Path| {
        let path = path(&["sinks", name.as_str(), "file_strategy", key]);
        let Some(found) = local_path(directory, &path, problems) else { return directory.to_path_buf() };
        if !embedded && !found.is_dir() {
            let (what, hint) = if found.exists() {
                ("is not a directory", "name another one".to_owned())
            } else {
                ("does not exist", format!("configured directories are never made: `mkdir -p {}`", found.display()))
            };
            let message = format!("`{}`, the `{key}` of sink `{}`, {what}", found.display(), name.as_str());
            let diagnostic = Diagnostic::error(code::ABSENT, message).hint(hint);
            problems.report(diagnostic, at_or_around(&path, problems), "");
        }
        found
    };
    let working_directory = directory("working_dir", &strategy.working_directory);
    let publish_directory = directory("publish_dir", &strategy.publish_directory);
    FileSettings::new(name, FileStrategy { working_directory, publish_directory, ..strategy.clone() })
}

/// The local path that a directory's text stands for; it may be a `file:` URI. Nothing when it is another one.
fn local_path(directory: &Path, path: &[String], problems: &Problems) -> Option<PathBuf> {
    let text = directory.to_string_lossy();
    match text.split_once(':') {
        Some(("file", rest)) => Some(PathBuf::from(rest.strip_prefix("//").unwrap_or(rest))),
        Some((scheme, rest)) if rest.starts_with("//") && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let message = format!("{} is `{text}`, which is not on the local disk", name(path));
            problems.report(Diagnostic::error(code::NOT_HERE, message), At::Value(path), "");
            None
        }
        _ => Some(directory.to_path_buf()),
    }
}
