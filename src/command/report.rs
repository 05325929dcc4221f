//! `headwater check --format json`: what `check` has to say, for programs.

use std::{io::Write, path::Path};

use serde::Serialize;

use super::{
    Failure, compatible,
    compile::{self, Examined},
    mistakes, print,
    upgrade::{self, Note},
};
use crate::{
    config::LoadRequest,
    diagnostic::{Diagnostic, Place, Severity},
};

/// The whole report.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// Whether the program would start with it.
    ok: bool,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Told<'a>>,
    differences: Vec<Note>,
}

/// One message.
#[derive(Debug, Serialize)]
struct Told<'a> {
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    places: Vec<Location<'a>>,
    hints: &'a [String],
}

/// Where it is: lines and columns count from 1, columns in characters; the end is behind the last one.
#[derive(Debug, Serialize)]
struct Location<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'a str,
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
        diagnostics: diagnostics.iter().map(told).collect(),
        differences: settings.filter(|settings| !settings.embedded).map(|it| upgrade::notes(&it)).unwrap_or_default(),
    };
    let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::Running(error.to_string()))?;
    print(out, &(text + "\n"))?;
    if report.ok { Ok(()) } else { Err(Failure::Config(mistakes(errors))) }
}

fn told(diagnostic: &Diagnostic) -> Told<'_> {
    Told {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code,
        message: &diagnostic.message,
        places: diagnostic.places.iter().map(location).collect(),
        hints: &diagnostic.hints,
    }
}

fn location(place: &Place) -> Location<'_> {
    let text = &place.source.text;
    let ((line, column), (end_line, end_column)) = (position(text, place.span.start), position(text, place.span.end));
    Location { file: &place.source.name, line, column, end_line, end_column, label: &place.label }
}

/// Line and column of a byte.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        for (at, expected) in [(0, (1, 1)), (1, (1, 2)), (3, (1, 3)), (4, (2, 1)), (6, (2, 3)), (99, (2, 3))] {
            assert_eq!(position("aé\nbc", at), expected, "{at}");
        }
    }
}
