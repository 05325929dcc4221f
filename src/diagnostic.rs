//! Messages about a file that an operator wrote: place, source line, caret and hint.
//!
//! Shared by configuration and mapping scripts. Only this file knows the renderer.

mod excerpt;
mod plain;

use std::{ops::Range, sync::Arc};

pub use plain::Plain;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the program starts.
    Warning,
    /// The program does not start.
    Error,
}

/// A text that diagnostics point into.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Path or other name, as shown to the operator.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A piece of a [`SourceText`], in bytes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The text.
    pub source: Arc<SourceText>,
    /// Byte range in the text; may be empty.
    pub span: Range<usize>,
    /// What to say at the caret; may be empty.
    pub label: String,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, such as `C003` (configuration) or `M012` (mapping); listed in the documentation.
    pub code: &'static str,
    /// What is wrong, in one lower-case sentence without a final dot.
    pub message: String,
    /// Where; the first place is the main one. Empty when no file is involved (command line, environment).
    pub places: Vec<Place>,
    /// What to do about it, one sentence each.
    pub hints: Vec<String>,
    /// What to write instead, where a hint says exactly that.
    pub fix: Option<Box<Fix>>,
}

/// A replacement in the text of the first place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Byte range that is replaced.
    pub span: Range<usize>,
    /// What takes its place.
    pub text: String,
}

impl Diagnostic {
    /// An error without place and hint.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            places: Vec::new(),
            hints: Vec::new(),
            fix: None,
        }
    }

    /// A warning without place and hint.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, source: &Arc<SourceText>, span: Range<usize>, label: impl Into<String>) -> Self {
        self.places.push(Place { source: Arc::clone(source), span, label: label.into() });
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint that names what to write at a place instead.
    #[must_use]
    pub fn fix(mut self, span: Range<usize>, text: impl Into<String>, hint: impl Into<String>) -> Self {
        self.fix = Some(Box::new(Fix { span, text: text.into() }));
        self.hint(hint)
    }

    /// Whether this stops the start.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The word in `known` that `word` was probably meant to be, if any is near enough.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longest word that is looked at, and number of words that it is compared with: nobody mistypes more.
    const LENGTH_MAX: usize = 64;
    const WORDS_MAX: usize = 2000;
    let length = word.chars().count();
    let limit = 1 + length / 4;
    if length > LENGTH_MAX {
        return None;
    }
    known
        .into_iter()
        .take(WORDS_MAX)
        .filter(|candidate| candidate.len() <= 4 * LENGTH_MAX && candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (row, line) in rows.iter_mut().enumerate() {
        line[0] = row;
    }
    rows[0] = (0..=right.len()).collect();
    for row in 1..=left.len() {
        for column in 1..=right.len() {
            let change = usize::from(left[row - 1] != right[column - 1]);
            let mut best =
                (rows[row - 1][column] + 1).min(rows[row][column - 1] + 1).min(rows[row - 1][column - 1] + change);
            let swapped =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            if swapped {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = best;
        }
    }
    rows[left.len()][right.len()]
}

/// Renders diagnostics for a terminal (`color`) or a file, errors and warnings in the order given. Of a line that is
/// too long to read only the part around the mark is shown.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    use codespan_reporting::{
        diagnostic::{Diagnostic as Report, Label, Severity as Level},
        term::{
            Config, emit_to_write_style,
            termcolor::{Ansi, NoColor},
        },
    };
    let mut files = excerpt::Excerpts::default();
    let mut out = Vec::new();
    for diagnostic in diagnostics {
        let mut labels = Vec::new();
        for (index, place) in diagnostic.places.iter().enumerate() {
            let (id, span) = files.add(&place.source, &place.span);
            let label = if index == 0 { Label::primary(id, span) } else { Label::secondary(id, span) };
            labels.push(label.with_message(&place.label));
        }
        let level = match diagnostic.severity {
            Severity::Warning => Level::Warning,
            Severity::Error => Level::Error,
        };
        let report = Report::new(level)
            .with_code(diagnostic.code)
            .with_message(&diagnostic.message)
            .with_labels(labels)
            .with_notes(diagnostic.hints.iter().map(|hint| format!("hint: {hint}")).collect());
        let config = Config::default();
        // Writing to memory cannot fail; a span outside its text would, and then the bare message is better than none.
        let written = if color {
            emit_to_write_style(&mut Ansi::new(&mut out), &config, &files, &report)
        } else {
            emit_to_write_style(&mut NoColor::new(&mut out), &config, &files, &report)
        };
        if written.is_err() {
            out.extend_from_slice(format!("{}: {}\n", diagnostic.code, diagnostic.message).as_bytes());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_the_word_that_was_meant() {
        for (word, known, expected) in [
            ("thread", vec!["threads", "enabled"], Some("threads")),
            ("enabeld", vec!["threads", "enabled"], Some("enabled")),
            ("xyz", vec!["threads", "enabled"], None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn a_message_shows_file_line_column_caret_and_hint() {
        let source = Arc::new(SourceText { name: "a.conf".into(), text: "one\n  two = 3\n".into() });
        let report = Diagnostic::error("C001", "unknown key `two`").at(&source, 6..9, "here").hint("remove it");
        let text = render(&[report], false);
        for part in ["error[C001]: unknown key `two`", "a.conf:2:3", "2 │   two = 3", "^^^ here", "hint: remove it"] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }

    #[test]
    fn of_an_endless_line_only_the_part_around_the_mark_is_shown() {
        let text = format!("one\n{}wrong{}\n", "é ".repeat(200_000), " x".repeat(200_000));
        let start = text.find("wrong").unwrap();
        let source = Arc::new(SourceText { name: "a.conf".into(), text });
        let report = Diagnostic::error("C001", "no").at(&source, start..start + 5, "").at(&source, 0..3, "first");
        let shown = render(&[report], false);
        assert!(shown.len() < 2000, "{} bytes", shown.len());
        for part in ["a.conf:2:400001", "2 │ …", "é wrong x", " …", "^^^^^", "1 │ one", "--- first"] {
            assert!(shown.contains(part), "{part:?} is missing in\n{shown}");
        }
        let long = Diagnostic::error("C001", "no").at(&source, start - 100..start + 1000, "");
        assert!(render(&[long], false).len() < 2000);
    }
}
