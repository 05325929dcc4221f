//! Which texts make up a configuration, the strongest first: arguments, variables, the file, the defaults.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    LoadRequest,
    hocon::{self, Fault, Layer},
    origin::{Form, KeyPath, LayerText, offset},
    problem::code,
    scan,
    section::GLOBAL,
    surroundings::Surroundings,
};
use crate::{
    diagnostic::{Diagnostic, SourceText},
    util::reason::reason,
};

/// Every default.
const REFERENCE: &str = include_str!("reference.conf");
/// The configuration when no file is given.
const EMBEDDED: &str = include_str!("embedded.conf");
/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Where the data goes on an installed machine.
const SYSTEM_DATA: &str = "/var/lib/headwater";

/// The layers of one configuration.
pub struct Layers {
    /// For the language's parser, the strongest first.
    pub parsed: Vec<Layer>,
    /// The same for messages.
    pub texts: Vec<LayerText>,
    /// How many of them the operator wrote.
    pub own: usize,
    /// Whether there is no file.
    pub embedded: bool,
    /// The file.
    pub file: Option<PathBuf>,
    /// Variables that substitutions and defaults are looked up in.
    pub environment: HashMap<String, String>,
    /// Oddities of the arguments and of what surrounds the file.
    pub warnings: Vec<Diagnostic>,
}

/// The defaults alone.
///
/// # Errors
/// Those of [`hocon::parse`]; a test sees to it that there are none.
pub fn reference() -> Result<Layer, Fault> {
    hocon::parse(REFERENCE, None)
}

impl Layers {
    /// Reads every text that counts for a request.
    ///
    /// # Errors
    /// Files that cannot be read and texts that do not follow the language, all of them.
    pub fn read(request: &LoadRequest) -> Result<Self, Vec<Diagnostic>> {
        let Surroundings { environment, file, outside, warnings } = Surroundings::read(request);
        let embedded = file.is_none();
        let mut layers =
            Self { parsed: Vec::new(), texts: Vec::new(), own: 0, embedded, file: file.clone(), environment, warnings };
        let mut errors = Vec::new();
        if let Some(data) = &request.data {
            layers.assign("--data", "divolte.global.data_directory", &data.to_string_lossy(), &mut errors);
        }
        for text in request.set.iter().rev() {
            layers.set(text, &mut errors);
        }
        for outside in outside {
            layers.assign(&outside.variable, &outside.key, &outside.value, &mut errors);
        }
        match &file {
            Some(path) => match read_file(path) {
                Ok(text) => {
                    let directory = path.parent().map(Path::to_path_buf);
                    layers.text(&path.display().to_string(), text, directory, &mut errors);
                }
                Err(error) => errors.push(error),
            },
            None => layers.text("embedded.conf (built in)", EMBEDDED.to_owned(), None, &mut errors),
        }
        layers.own = layers.texts.len();
        let data = data_directory(&layers.environment, embedded, Path::new(SYSTEM_DATA));
        layers.assign("default", "divolte.global.data_directory", &data.to_string_lossy(), &mut errors);
        layers.text("reference.conf (built in)", REFERENCE.to_owned(), None, &mut errors);
        if errors.is_empty() { Ok(layers) } else { Err(errors) }
    }

    fn push(&mut self, layer: Layer, source: Arc<SourceText>, form: Form) {
        self.parsed.push(layer);
        self.texts.push(LayerText { source, form });
    }

    fn text(&mut self, name: &str, text: String, directory: Option<PathBuf>, errors: &mut Vec<Diagnostic>) {
        let source = Arc::new(SourceText { name: name.to_owned(), text });
        // The parser overlooks a brace too many at the end.
        if let Some(at) = scan::scan(&source.text).stray {
            let message = "this brace closes nothing";
            errors.push(Diagnostic::error(code::SYNTAX, message).at(&source, at..at + 1, "one `}` too many"));
            return;
        }
        match hocon::parse(&source.text, directory.as_deref()) {
            Ok(layer) => self.push(layer, source, Form::File(directory)),
            Err(fault) => errors.push(syntax(&fault, &source)),
        }
    }

    /// `--set key=value`. A value that begins like a list, an object, a text in quotes or a substitution is read as
    /// the language has it, any other is plain text.
    fn set(&mut self, text: &str, errors: &mut Vec<Diagnostic>) {
        let (path, end) = scan::key(text);
        let Some(value) = text[end..].trim_start().strip_prefix('=').filter(|_| !path.concat().is_empty()) else {
            let message = format!("`--set {text}` is not of the form `key=value`");
            let hint = "for example `--set divolte.global.server.port=9000`";
            errors.push(Diagnostic::error(code::ARGUMENT, message).hint(hint));
            return;
        };
        let root = match path[0].as_str() {
            "global" | "sources" | "sinks" | "mappings" => Some("divolte"),
            name if GLOBAL.contains(&name) => Some("divolte.global"),
            _ => None,
        };
        if let Some(root) = root {
            let message = format!("`--set {text}` has no effect: all keys are below `divolte`");
            let hint = format!("did you mean `--set {root}.{text}`?");
            self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message).hint(hint));
        }
        if value.starts_with(['[', '{', '"', '$']) || value == "null" {
            self.text("--set", text.to_owned(), None, errors);
        } else {
            let source = Arc::new(SourceText { name: "--set".to_owned(), text: text.to_owned() });
            let key = 0..text.len() - value.len() - 1;
            self.plain(source, path, key, value, errors);
        }
    }

    /// `key=value` in one argument or variable, where the value is plain text.
    fn assign(&mut self, name: &str, key: &str, value: &str, errors: &mut Vec<Diagnostic>) {
        let source = Arc::new(SourceText { name: name.to_owned(), text: format!("{key}={value}") });
        self.plain(source, scan::key(key).0, 0..key.len(), value, errors);
    }

    fn plain(
        &mut self,
        source: Arc<SourceText>,
        path: KeyPath,
        key: std::ops::Range<usize>,
        value: &str,
        errors: &mut Vec<Diagnostic>,
    ) {
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        let names: Vec<_> = path.iter().map(|name| quote(name)).collect();
        match hocon::parse(&format!("{} = {}", names.join("."), quote(value)), None) {
            Ok(layer) => self.push(layer, source, Form::Assignment(path, key)),
            Err(fault) => errors.push(Diagnostic::error(code::ARGUMENT, fault.message).at(&source, key, "")),
        }
    }
}

/// Where the data goes when no key says so.
fn data_directory(environment: &HashMap<String, String>, embedded: bool, system: &Path) -> PathBuf {
    let variable = |name: &str| environment.get(name).filter(|text| !text.is_empty());
    if let Some(directory) = variable("DIVOLTE_DATA_DIR") {
        return directory.into();
    }
    // The service manager separates several by colons.
    if let Some(directory) = variable("STATE_DIRECTORY").and_then(|text| text.split(':').next()) {
        return directory.into();
    }
    let writable = || system.is_dir() && rustix::fs::access(system, rustix::fs::Access::WRITE_OK).is_ok();
    if !embedded && writable() { system.into() } else { "data".into() }
}

fn read_file(path: &Path) -> Result<String, Diagnostic> {
    let failed = |reason: &dyn std::fmt::Display| {
        Diagnostic::error(code::FILE, format!("configuration file `{}` cannot be read: {reason}", path.display()))
    };
    let unreadable = |error: std::io::Error| {
        let diagnostic = failed(&reason(&error));
        match error.kind() {
            std::io::ErrorKind::IsADirectory => diagnostic.hint("name the file in it"),
            std::io::ErrorKind::NotFound => {
                diagnostic.hint("name one that exists; `headwater serve` needs none to be tried out")
            }
            std::io::ErrorKind::PermissionDenied => diagnostic.hint("give it to this user, or start as another one"),
            _ => diagnostic,
        }
    };
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        return Err(failed(&format!("it has {length} bytes, more than {FILE_BYTES_MAX}")));
    }
    fs::read_to_string(path).map_err(unreadable)
}

/// The message for a text that does not follow the language.
fn syntax(fault: &Fault, source: &Arc<SourceText>) -> Diagnostic {
    let included = Path::new(&fault.subject);
    let source = match fs::read_to_string(included) {
        Ok(text) if !fault.subject.is_empty() && included.is_file() => {
            Arc::new(SourceText { name: fault.subject.clone(), text })
        }
        _ => Arc::clone(source),
    };
    let message = match fault.message.as_str() {
        "unterminated string" | "unterminated triple-quoted string" => "a text without its closing quote",
        "expected }" => "a closing `}` is missing",
        "expected ]" => "a closing `]` is missing",
        "expected value" => "a value is missing",
        text if text.starts_with("expected include path") || text.starts_with("include package(") => {
            "only files can be included: `include \"name\"` or `include file(\"name\")`"
        }
        "expected key, got Equals" => "a key is missing before `=`",
        other => other,
    };
    let diagnostic = Diagnostic::error(code::SYNTAX, message);
    let Some(start) = offset(&source.text, fault.at.0, fault.at.1) else {
        return diagnostic.hint(format!("in {}", source.name));
    };
    let end = source.text[start..].chars().next().filter(|c| *c != '\n').map_or(start, |c| start + c.len_utf8());
    let diagnostic = diagnostic.at(&source, start..end, "");
    match scan::scan(&source.text).unclosed {
        Some(open) => diagnostic.at(&source, open..open + 1, "nothing closes this"),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_follows_its_rule() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let system = directory.path();
        let missing = system.join("missing");
        let variables = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<HashMap<_, _>>()
        };
        for (environment, embedded, place, expected) in [
            (variables(&[]), true, system, Path::new("data")),
            (variables(&[]), false, system, system),
            (variables(&[]), false, &missing, Path::new("data")),
            (variables(&[("STATE_DIRECTORY", "/s:/t")]), false, system, Path::new("/s")),
            (variables(&[("STATE_DIRECTORY", "/s"), ("DIVOLTE_DATA_DIR", "/d")]), true, system, Path::new("/d")),
            (variables(&[("DIVOLTE_DATA_DIR", "")]), true, system, Path::new("data")),
        ] {
            assert_eq!(data_directory(&environment, embedded, place), expected, "{environment:?}");
        }
    }
}
