//! What surrounds the configuration file: the variables of the environment and the files beside it, as far as they
//! configure this program, and a word about those that configured the original and do nothing here.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{LoadRequest, problem::code, shell};
use crate::diagnostic::{Diagnostic, SourceText};

/// Variable with the directory of the configuration.
const DIRECTORY: &str = "DIVOLTE_CONF_DIR";
/// Variable with options for the Java machine, among them keys of the configuration.
const OPTIONS: &str = "DIVOLTE_JAVA_OPTS";
/// What the names of variables begin with that stand for a key.
const FORCE: &str = "CONFIG_FORCE_";
/// The property that lets them count.
const FORCE_SWITCH: &str = "config.override_with_env_vars";
/// Places that one message shows.
const PLACES_MAX: usize = 3;

/// A key that is set outside of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Outside {
    /// The variable.
    pub variable: String,
    /// The key.
    pub key: String,
    /// Its value, plain text.
    pub value: String,
}

/// What surrounds the configuration file.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Variables of the environment, with those that `divolte-env.sh` sets.
    pub environment: HashMap<String, String>,
    /// The configuration file; nothing = what is built in.
    pub file: Option<PathBuf>,
    /// Keys from variables, the strongest first.
    pub outside: Vec<Outside>,
    /// What has no effect.
    pub warnings: Vec<Diagnostic>,
}

impl Surroundings {
    /// Looks around.
    #[must_use]
    pub fn read(request: &LoadRequest) -> Self {
        let mut found = Self { environment: request.environment.clone(), ..Self::default() };
        let named = found.environment.get(DIRECTORY).filter(|directory| !directory.is_empty()).map(PathBuf::from);
        let directory = named.clone().or_else(|| request.config.as_deref()?.parent().map(Path::to_path_buf));
        if let Some(directory) = &directory {
            found.script(&directory.join("divolte-env.sh"));
            found.logback(&directory.join("logback.xml"));
        }
        let properties = found.properties();
        let property = |name: &str| properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.forced(property(FORCE_SWITCH).is_some_and(|value| value.eq_ignore_ascii_case("true")));
        let conventional = || Some(named?.join("divolte-collector.conf")).filter(|path| path.exists());
        found.file =
            request.config.clone().or_else(|| property("config.file").map(PathBuf::from)).or_else(conventional);
        let keys = properties.into_iter().filter(|(key, _)| key.starts_with("divolte."));
        found.outside.extend(keys.map(|(key, value)| Outside { variable: OPTIONS.to_owned(), key, value }));
        found
    }

    /// Takes over the variables that the script sets, as the original's start does.
    fn script(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    let message = format!("`{}` cannot be read, so it has no effect: {error}", path.display());
                    self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message));
                }
                return;
            }
        };
        let source = Arc::new(SourceText { name: path.display().to_string(), text });
        let script = shell::script(&source.text, &self.environment);
        for (name, value, at) in script.assignments {
            let why = match name.as_str() {
                "JAVA_HOME" => Some("there is no Java machine"),
                "TZ" => Some("the time in the names of files goes by the variable that the program is started with"),
                _ => None,
            };
            if let Some(why) = why {
                let message = format!("`{name}` has no effect here: {why}");
                self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message).at(&source, at, ""));
            }
            self.environment.insert(name, value);
        }
        if !script.others.is_empty() {
            let message = "of this script only plain assignments are read; the rest has no effect";
            let hint = "set these variables where the program is started, for example with `Environment=` of systemd";
            let places = script.others.into_iter().take(PLACES_MAX);
            let warning = Diagnostic::warning(code::NO_EFFECT, message).hint(hint);
            self.warnings.push(places.fold(warning, |warning, at| warning.at(&source, at, "")));
        }
    }

    fn logback(&mut self, path: &Path) {
        if path.exists() {
            let message = format!("`{}` has no effect: it configures logging of Java programs", path.display());
            let hint = "what is logged, and how, is said by `--log` and `--log-format`; log lines go to standard error";
            self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message).hint(hint));
        }
    }

    /// Properties of `DIVOLTE_JAVA_OPTS`, the strongest first. Options that do nothing here are told.
    fn properties(&mut self) -> Vec<(String, String)> {
        let Some(text) = self.environment.get(OPTIONS).filter(|text| !text.trim().is_empty()) else {
            return Vec::new();
        };
        let source = Arc::new(SourceText { name: OPTIONS.to_owned(), text: text.clone() });
        let Some(words) = shell::words(&source.text, None) else {
            let message = format!("a quote in `{OPTIONS}` has no end, so none of its options has an effect");
            self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message).at(&source, 0..source.text.len(), ""));
            return Vec::new();
        };
        let (mut properties, mut others) = (Vec::new(), Vec::new());
        for (word, at) in words {
            let property = word.strip_prefix("-D").map(|text| text.split_once('=').unwrap_or((text, "")));
            match property {
                Some((key, value)) if key.starts_with("divolte.") || ["config.file", FORCE_SWITCH].contains(&key) => {
                    properties.push((key.to_owned(), value.trim_matches('"').to_owned()));
                }
                _ => others.push((word, at)),
            }
        }
        if !others.is_empty() {
            let mut warning =
                Diagnostic::warning(code::NO_EFFECT, "there is no Java machine, so options for it have no effect");
            let hints = [
                ("-Duser.timezone", "the time in the names of files goes by the variable `TZ`"),
                ("-Dlogback.", "what is logged, and how, is said by `--log` and `--log-format`"),
                ("-Dconfig.", "the configuration file is named with `-c`"),
            ];
            for (_, hint) in hints.iter().filter(|(start, _)| others.iter().any(|(word, _)| word.starts_with(start))) {
                warning = warning.hint(*hint);
            }
            for (_, at) in others.into_iter().take(PLACES_MAX) {
                warning = warning.at(&source, at, "");
            }
            self.warnings.push(warning);
        }
        properties.reverse();
        properties
    }

    /// Keys from `CONFIG_FORCE_…`, if they count.
    fn forced(&mut self, counts: bool) {
        let mut names: Vec<_> = self.environment.keys().filter(|name| name.starts_with(FORCE)).cloned().collect();
        names.sort_unstable();
        if !counts {
            if let Some(first) = names.first() {
                let message =
                    format!("variables such as `{first}` count only when the property `{FORCE_SWITCH}` says so");
                let hint = format!("set `{OPTIONS}` to `-D{FORCE_SWITCH}=true`, or use `--set`");
                self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message).hint(hint));
            }
            return;
        }
        for name in names {
            let value = self.environment[&name].clone();
            if let Some(key) = forced_key(&name[FORCE.len()..]) {
                self.outside.push(Outside { variable: name, key, value });
            } else {
                let message = format!("variable `{name}` stands for no key");
                let hint = "one `_` stands for a dot, two for `-`, three for `_`";
                self.warnings.push(Diagnostic::warning(code::NO_EFFECT, message).hint(hint));
            }
        }
    }
}

/// The key that the name of a variable stands for: `_` is a dot, `__` a hyphen, `___` an underscore.
fn forced_key(name: &str) -> Option<String> {
    let mut key = String::new();
    let mut rest = name;
    while let Some(next) = rest.chars().next() {
        let signs = rest.len() - rest.trim_start_matches('_').len();
        match signs {
            0 => key.push(next),
            1 => key.push('.'),
            2 => key.push('-'),
            3 => key.push('_'),
            _ => return None,
        }
        rest = &rest[signs.max(next.len_utf8() * usize::from(signs == 0))..];
    }
    (!key.is_empty() && key.split('.').all(|name| !name.is_empty())).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_stand_for_keys() {
        for (name, expected) in [
            ("divolte_global_server_port", Some("divolte.global.server.port")),
            ("divolte_global_mapper_buffer___size", Some("divolte.global.mapper.buffer_size")),
            ("a__b_c", Some("a-b.c")),
            ("a____b", None),
            ("_a", None),
            ("a_", None),
            ("", None),
        ] {
            assert_eq!(forced_key(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn properties_of_the_java_machine() {
        let options =
            "-XX:+UseG1GC -Ddivolte.global.server.port=1 -Dother=2 '-Ddivolte.global.server.host=\"h\"' -Ddivolte.x";
        let environment = HashMap::from([(OPTIONS.to_owned(), options.to_owned())]);
        let found = Surroundings::read(&LoadRequest { environment, ..LoadRequest::default() });
        let keys: Vec<_> = found.outside.iter().map(|outside| (&*outside.key, &*outside.value)).collect();
        let expected = [("divolte.x", ""), ("divolte.global.server.host", "h"), ("divolte.global.server.port", "1")];
        assert_eq!(keys, expected);
        assert_eq!(found.warnings.len(), 1);
    }
}
