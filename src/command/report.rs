//! `headwater check --format json`: what `check` has to say, for programs.

use std::{io::Write, path::Path};

use serde::Serialize;

use super::{
    Failure, compatible,
    compile::{self, Examined},
    mistakes,
    place::lasts,
    print,
    upgrade::{self, Note},
};
use crate::{
    config::{
        LoadRequest,
        settings::{Durability, JournalOptions},
    },
    diagnostic::Plain,
    disk::RealDisk,
    pipeline::journal_bytes_max,
};

/// The whole report.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// Whether the program would start with it.
    ok: bool,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Plain<'a>>,
    differences: Vec<Note>,
    /// None without one on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Room>,
}

/// For how long the journal keeps events while a sink is down.
#[derive(Debug, Serialize)]
struct Room {
    bytes: u64,
    events_per_second: u64,
    seconds: u64,
}

impl Room {
    fn of(options: &JournalOptions, events_per_second: u64) -> Option<Self> {
        let bytes = (options.durability != Durability::None).then(|| journal_bytes_max(options, &RealDisk))?;
        Some(Self { bytes, events_per_second, seconds: lasts(bytes, events_per_second).as_secs() })
    }
}

/// Checks, and prints one JSON object. `older` is a schema to compare those of the mappings with; `rate` the events a
/// second for which the journal's time is said.
///
/// # Errors
/// Mistakes, of which the standard error gets the number alone; the output cannot be written.
pub fn run(request: &LoadRequest, older: Option<&Path>, rate: u64, out: &mut impl Write) -> Result<(), Failure> {
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
        journal: settings.as_ref().and_then(|settings| Room::of(&settings.journal, rate)),
        differences: settings.filter(|settings| !settings.embedded).map(|it| upgrade::notes(&it)).unwrap_or_default(),
    };
    let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::Running(error.to_string()))?;
    print(out, &(text + "\n"))?;
    if report.ok { Ok(()) } else { Err(Failure::Config(mistakes(errors))) }
}
