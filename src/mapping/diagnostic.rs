//! Codes of the messages about mapping scripts, and where messages are collected.

use std::{collections::HashSet, sync::Arc};

use super::ast::Span;
use crate::diagnostic::{Diagnostic, SourceText};

/// A stable code and what it stands for; documentation lists [`CODES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code, as messages show it.
    pub code: &'static str,
    /// What it stands for.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: Code = Code { code: $code, meaning: $meaning };)*
        /// Every code, in order.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    UNEXPECTED_CHARACTER "M001" "a character that has no place in a script";
    UNTERMINATED "M002" "a text or comment without its end";
    BAD_LITERAL "M003" "a number or escape that cannot be read";
    SYNTAX "M004" "the script does not follow the grammar";
    UNSUPPORTED_CONSTRUCT "M005" "a construct of Groovy that mappings do not have";
    LIMIT "M006" "the script is too large, too deep or runs too long";
    UNKNOWN_FUNCTION "M010" "a function that does not exist";
    UNKNOWN_METHOD "M011" "a method that a value does not have";
    UNKNOWN_NAME "M012" "a variable or property that does not exist";
    BAD_ARGUMENTS "M013" "arguments that a function does not take";
    BAD_VALUE "M015" "a value that cannot be used here";
    NO_PLACES "M016" "places are asked for, but there is no database of them";
    NO_KEY "M017" "pseudonyms are asked for, but there is no key for them";
    NO_TABLE "M018" "a table that the configuration does not name";
    NO_COLUMN "M019" "a column that a table does not have";
    UNKNOWN_FIELD "M020" "a field that the schema does not have";
    FIELD_TYPE "M021" "a value whose type does not fit the field";
    LITERAL_TYPE "M022" "a literal whose type does not fit the field";
    ODD_UNION "M023" "a field whose union cannot be filled";
    NOT_MAPPABLE "M024" "a value of which only properties can be mapped";
    NO_EFFECT "M040" "a statement that has no effect";
    CONSTANT_OPERATOR "M041" "an operator on values of the event, which is worked out when the script is loaded";
    NEVER_EQUAL "M042" "a comparison that is never true";
    MAYBE_UNSET "M043" "a field without default that may stay unset";
    OVERWRITTEN "M044" "a field that is always written again";
    NOT_BOOLEAN "M045" "a condition that is not a boolean";
    NOT_TEXT "M046" "a value that is to be read as text, but is none";
    PRINTED "M047" "what the script prints when it is loaded";
    BAD_PATTERN "M048" "a regular expression that cannot be read, or a group that it does not have";
    UNREACHABLE "M049" "a statement that is never reached";
    DIGEST_REUSE "M050" "a value in several digests, which the original counts in the first one only";
}

/// Collects messages about one script, each place and code once.
#[derive(Debug)]
pub struct Reports {
    source: Arc<SourceText>,
    list: Vec<Diagnostic>,
    seen: HashSet<(&'static str, Span, String)>,
    errors: usize,
    warnings: usize,
}

/// Errors of one script that are shown; whoever looks for more stops there.
const ERRORS_MAX: usize = 50;

/// Warnings of one script that are shown.
const WARNINGS_MAX: usize = 200;

impl Reports {
    /// Nothing to say about `source` so far.
    #[must_use]
    pub fn new(source: &Arc<SourceText>) -> Self {
        Self { source: Arc::clone(source), list: Vec::new(), seen: HashSet::new(), errors: 0, warnings: 0 }
    }

    /// An error at a place, not yet added.
    #[must_use]
    pub fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code.code, message).at(&self.source, span.range(), "")
    }

    /// A warning at a place, not yet added.
    #[must_use]
    pub fn warning(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code.code, message).at(&self.source, span.range(), "")
    }

    /// Adds the hint to write `text` instead of `written`, which stands once within `span`.
    #[must_use]
    pub fn instead(&self, report: Diagnostic, span: Span, written: &str, text: &str, hint: String) -> Diagnostic {
        let within = self.source.text.get(span.range()).unwrap_or_default();
        let mut found = within.match_indices(written).filter(|(at, _)| {
            // A part of a longer word or number is another one.
            let part = |letter: char| letter.is_alphanumeric() || letter == '_';
            let before = within[..*at].chars().next_back().is_some_and(part);
            let behind = within[at + written.len()..].chars().next().is_some_and(part);
            !(before && written.starts_with(part) || behind && written.ends_with(part))
        });
        match (found.next(), found.next()) {
            (Some((at, _)), None) => {
                let start = span.range().start + at;
                report.fix(start..start + written.len(), text, hint)
            }
            _ => report.hint(hint),
        }
    }

    /// Adds a message, unless the same code was already reported at the same place.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        self.add_apart(diagnostic, "");
    }

    /// As [`Reports::add`], for messages about several `subjects` at one place.
    pub fn add_apart(&mut self, diagnostic: Diagnostic, subject: &str) {
        if diagnostic.is_error() && self.is_full() || !diagnostic.is_error() && self.warnings >= WARNINGS_MAX {
            return;
        }
        let place = diagnostic.places.first().map_or(Span::default(), |place| Span::of(&place.span));
        if !self.seen.insert((diagnostic.code, place, subject.to_owned())) {
            return;
        }
        if diagnostic.is_error() {
            self.errors += 1;
        } else {
            self.warnings += 1;
        }
        self.list.push(diagnostic);
    }

    /// Whether there are so many errors that looking for more helps nobody.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.errors >= ERRORS_MAX
    }

    /// Whether any error was added.
    #[must_use]
    pub fn any_error(&self) -> bool {
        self.errors > 0
    }

    /// Everything, in order of place.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|diagnostic| diagnostic.places.first().map_or(0, |place| place.span.start));
        self.list
    }

    /// The text that the messages are about.
    #[must_use]
    pub fn source(&self) -> &Arc<SourceText> {
        &self.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(CODES.iter().all(|code| code.code.len() == 4 && !code.meaning.is_empty()));
    }

    #[test]
    fn a_message_is_reported_once_per_place() {
        let source = Arc::new(SourceText { name: "a".into(), text: "abc".into() });
        let mut reports = Reports::new(&source);
        for _ in 0..3 {
            let report = reports.error(SYNTAX, Span::new(0, 1), "wrong");
            reports.add(report);
        }
        assert_eq!(reports.finish().len(), 1);
    }
}
