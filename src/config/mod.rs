//! What the operator asked for, from text to what the program works with, in three stages.
//!
//! * *Options*: each text as it stands, arguments and variables included, the strongest first ([`layers`], [`hocon`]).
//! * *Configuration*: all of them merged, substitutions looked up once, every key typed ([`options`], [`section`]).
//! * *Settings*: checked against each other, complete ([`validate`], [`settings`]); the rest of the program sees only
//!   these.
//!
//! What stands around the file (variables, `divolte-env.sh`) is looked up first ([`surroundings`], [`shell`]).
//! Everything that is wrong is found in one run and told with file, line, column and hint; [`origin`] finds the places,
//! and only when there is something to tell.

pub mod geo;
mod global;
mod hadoop;
mod hocon;
mod layers;
mod options;
mod origin;
mod problem;
mod pseudonym;
mod scan;
mod section;
pub mod settings;
mod shell;
mod sinks;
mod surroundings;
pub mod tables;
mod units;
mod validate;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

pub use problem::code;
pub use settings::Settings;

use crate::diagnostic::Diagnostic;
use hocon::{Fault, Members};
use layers::Layers;
use problem::Problems;

/// What a configuration is made of.
#[derive(Clone, Debug, Default)]
pub struct LoadRequest {
    /// `--config`: the file. Without it `$DIVOLTE_CONF_DIR/divolte-collector.conf`, if that exists, else what is built in.
    pub config: Option<PathBuf>,
    /// `--set`: `key=value`, the last one the strongest.
    pub set: Vec<String>,
    /// `--data`: the data directory.
    pub data: Option<PathBuf>,
    /// Variables of the environment.
    pub environment: HashMap<String, String>,
}

/// What could be read of a configuration, and everything that is wrong or odd with it.
#[derive(Debug)]
pub struct Loaded {
    /// What it amounts to; where something is wrong, harmless values stand in its place.
    pub settings: Settings,
    /// Errors first, then warnings, each in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads a configuration. Warnings come with the settings.
///
/// # Errors
/// Everything that is wrong with it, the warnings behind.
pub fn load(request: &LoadRequest) -> Result<Settings, Vec<Diagnostic>> {
    let Loaded { mut settings, diagnostics } = inspect(request)?;
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    settings.warnings = diagnostics;
    Ok(settings)
}

/// Loads a configuration for who looks at what a server has left behind: files and directories that a start needs may be
/// gone, which may be the very reason to look.
///
/// # Errors
/// Everything else that is wrong with it, the warnings behind.
pub fn load_to_look(request: &LoadRequest) -> Result<Settings, Vec<Diagnostic>> {
    let Loaded { settings, diagnostics } = inspect(request)?;
    let matters = |wrong: &Diagnostic| wrong.is_error() && wrong.code != problem::code::ABSENT;
    if diagnostics.iter().any(matters) { Err(diagnostics) } else { Ok(settings) }
}

/// Reads a configuration as far as it goes, so that a check can go on behind the first stage with mistakes.
///
/// # Errors
/// Its texts cannot be read or do not follow the language, so that there is nothing to go on with.
pub fn inspect(request: &LoadRequest) -> Result<Loaded, Vec<Diagnostic>> {
    let layers = Layers::read(request)?;
    let problems = Problems::new(layers.texts, layers.own);
    for warning in layers.warnings {
        problems.add(warning);
    }
    let (tree, reference) = match trees(&layers.parsed, &layers.environment) {
        Ok(trees) => trees,
        Err(fault) => return Err(vec![circle(&fault, &problems)]),
    };
    let options = options::read(&tree, &reference, &problems);
    let mut settings = validate::validate(options, layers.embedded, &layers.environment, &problems);
    settings.config_file = layers.file;
    Ok(Loaded { settings, diagnostics: problems.into_diagnostics() })
}

/// Says where a path was looked up.
fn relative(file: &Path) -> String {
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    if file.is_relative() {
        format!("paths are relative to the working directory, which is {}", directory.display())
    } else {
        "is the path right, and may this user read it?".to_owned()
    }
}

/// The merged tree, and that of the defaults alone.
fn trees(layers: &[hocon::Layer], environment: &HashMap<String, String>) -> Result<(Members, Members), Fault> {
    let reference = layers::reference()?;
    Ok((hocon::resolve(layers, environment)?, hocon::resolve(&[reference], environment)?))
}

/// The message for substitutions that cannot be followed.
fn circle(fault: &Fault, problems: &Problems) -> Diagnostic {
    if fault.message.contains("concatenation") {
        let diagnostic = Diagnostic::error(code::SYNTAX, "values of different kinds stand side by side");
        let found = problems.origins().mixed();
        return found.map_or(diagnostic.clone(), |(source, span)| diagnostic.at(&source, span, ""));
    }
    let diagnostic = Diagnostic::error(code::SUBSTITUTION, fault.message.clone());
    match problems.origins().substitution(fault.at.0, fault.at.1) {
        Some((source, span)) => diagnostic.at(source, span, ""),
        None if fault.subject.is_empty() => diagnostic,
        None => diagnostic.hint(format!("the substitution is `{}`", fault.subject)),
    }
}

#[cfg(test)]
mod tests;
