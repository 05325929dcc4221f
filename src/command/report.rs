//! `headwater check --format json`: what `check` has to say, for programs.

use std::{io::Write, path::Path};

use serde::Serialize;

use super::{
    Failure, compatible,
    compile::{self, Examined},
    mistakes, print,
    upgrade::{self, Note},
};
use crate::{config::LoadRequest, diagnostic::Plain};

/// The whole report.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// Whether the program would start with it.
    ok: bool,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Plain<'a>>,
    differences: Vec<Note>,
}

/// Checks, and prints one JSON object. `older` is a schema to compare those of the mappings with.
///
/// # Errors
/// Mistakes, of which the standard error gets the number alone; the output cannot be written.
pub fn run(request: &LoadRequest, older: Option<&Path>, out: &mut impl Write) -> Result<(), Failure> {
    let Examined { settings, mappings, mut diagnostics } = compile::examine(request);
    if let Some(older) = older {
        diagnostics.extend(compatible::with(older, &mappings));
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let report = Report {
        ok: errors == 0,
        errors,
        warnings: diagnostics.len() - errors,
        diagnostics: diagnostics.iter().map(Plain::new).collect(),
        differences: settings.filter(|settings| !settings.embedded).map(|it| upgrade::notes(&it)).unwrap_or_default(),
    };
    let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::Running(error.to_string()))?;
    print(out, &(text + "\n"))?;
    if report.ok { Ok(()) } else { Err(Failure::Config(mistakes(errors))) }
}
