//! Messages for programs: what `headwater check --format json` prints of each.

use std::ops::Range;

use serde::Serialize;

use super::{Diagnostic, Place, Severity};

/// One message.
#[derive(Debug, Serialize)]
pub struct Plain<'a> {
    severity: &'static str,
    code: &'a str,
    message: &'a str,
    places: Vec<Location<'a>>,
    hints: &'a [String],
    /// What a hint says to write instead, in the file of the first place.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Replacement<'a>>,
}

/// Where it is.
#[derive(Debug, Serialize)]
struct Location<'a> {
    file: &'a str,
    #[serde(flatten)]
    range: Lines,
    label: &'a str,
}

/// A piece of a text that is to be another.
#[derive(Debug, Serialize)]
struct Replacement<'a> {
    file: &'a str,
    #[serde(flatten)]
    range: Lines,
    text: &'a str,
}

/// Lines and columns count from 1, columns in characters; the end is behind the last one.
#[derive(Debug, Serialize)]
struct Lines {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'a> Plain<'a> {
    /// What is to be said of a message.
    #[must_use]
    pub fn new(diagnostic: &'a Diagnostic) -> Self {
        let Diagnostic { severity, code, message, places, hints, fix } = diagnostic;
        let severity = match severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let fix = places.first().zip(fix.as_deref()).map(|(Place { source, .. }, fix)| {
            let range = Lines::of(&source.text, &fix.span);
            Replacement { file: &source.name, range, text: &fix.text }
        });
        Self { severity, code, message, places: places.iter().map(location).collect(), hints, fix }
    }
}

fn location(place: &Place) -> Location<'_> {
    let range = Lines::of(&place.source.text, &place.span);
    Location { file: &place.source.name, range, label: &place.label }
}

impl Lines {
    fn of(text: &str, span: &Range<usize>) -> Self {
        let ((line, column), (end_line, end_column)) = (position(text, span.start), position(text, span.end));
        Self { line, column, end_line, end_column }
    }
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
