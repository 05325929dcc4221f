//! Regular expressions as `java.util.regex` understands them, matched against whole texts.
//!
//! A pattern is translated: what a linear engine can do runs on one, so hostile texts cost nothing; look-around,
//! back-references, atomic groups and possessive quantifiers need backtracking, which is cut off after so many steps.

mod class;
mod group;
mod translate;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};

use super::uri::Part;

/// Most parts of a text that is split.
pub const PARTS_MAX: usize = 20_000;

/// Steps that a backtracking match may take.
const BACKTRACK_MAX: usize = 200_000;

/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Memory of one compiled pattern, in bytes: what is tried, in order.
const COMPILED_BYTES: &[usize] = &[64 * 1024, 512 * 1024, COMPILED_BYTES_MAX];

/// Memory of the largest pattern.
const COMPILED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Memory that a linear match may take beside it.
const DFA_BYTES_MAX: usize = 512 * 1024;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Regex {
    engine: Engine,
    groups: usize,
    names: Vec<(String, usize)>,
    /// Tells the patterns of one process apart.
    id: usize,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPattern {
    /// What is wrong, in words.
    pub message: String,
    /// Where in the pattern, in characters.
    pub at: usize,
}

/// Splits a text where a pattern is found; empty texts at the end are left out, as `String.split` does.
///
/// # Errors
/// The pattern is malformed or needs an engine that backtracks, which is not supported here.
pub fn split(pattern: &str, text: &str) -> Result<Vec<String>, BadPattern> {
    let translated = translate::translate(pattern)?;
    let bad = |message: &str| BadPattern { message: message.to_owned(), at: 0 };
    if translated.backtracks {
        return Err(bad("look-around and back-references are not supported here"));
    }
    let regex = regex::RegexBuilder::new(&translated.text).size_limit(COMPILED_BYTES_MAX).build();
    let regex = regex.map_err(|_| bad("it is too large"))?;
    let mut parts: Vec<String> = Vec::new();
    let mut from = 0;
    for found in regex.find_iter(text) {
        // Nothing found in front of the text makes no empty first part.
        if found.end() > 0 && !(found.is_empty() && found.start() == text.len()) {
            if parts.len() == PARTS_MAX {
                return Err(bad("it makes too many parts"));
            }
            parts.push(text[from..found.start()].to_owned());
            from = found.end();
        }
    }
    parts.push(text[from..].to_owned());
    while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Ok(parts)
}

/// The match took too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchError;

/// Room for the places of groups, kept from match to match.
#[derive(Debug, Default)]
pub struct Locations {
    known: Vec<(usize, regex::CaptureLocations)>,
}

/// Patterns whose room is kept; more than any script uses.
const LOCATIONS_MAX: usize = 1024;

impl Regex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The pattern is malformed, or uses something that is not supported.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        Self::measured(pattern).0
    }

    /// Compiles a pattern, and tells at most how many bytes that took.
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub fn measured(pattern: &str) -> (Result<Self, BadPattern>, usize) {
        if pattern.len() > PATTERN_BYTES_MAX {
            let message = format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes");
            return (Err(BadPattern { message, at: 0 }), pattern.len());
        }
        let translated = match translate::translate(pattern) {
            Ok(translated) => translated,
            Err(bad) => return (Err(bad), pattern.len()),
        };
        // Most patterns are small, and only what is tried tells.
        let mut spent = 0;
        for bytes in COMPILED_BYTES {
            spent += bytes;
            let built = Self::build(&translated, *bytes);
            if built.is_ok() || bytes == COMPILED_BYTES.last().unwrap_or(bytes) {
                return (built, spent);
            }
        }
        (Err(BadPattern { message: "the pattern is too large".to_owned(), at: 0 }), spent)
    }

    fn build(translated: &translate::Translated, bytes_max: usize) -> Result<Self, BadPattern> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let whole = format!("\\A(?:{})\\z", translated.text);
        let refused = |error: String| {
            let last = error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
            BadPattern { message: last, at: 0 }
        };
        let engine = if translated.backtracks {
            let built = fancy_regex::RegexBuilder::new(&whole)
                .backtrack_limit(BACKTRACK_MAX)
                .delegate_size_limit(bytes_max)
                .build();
            Engine::Backtracking(Box::new(built.map_err(|error| refused(error.to_string()))?))
        } else {
            let built = regex::RegexBuilder::new(&whole).size_limit(bytes_max).dfa_size_limit(DFA_BYTES_MAX).build();
            Engine::Linear(built.map_err(|error| refused(error.to_string()))?)
        };
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self { engine, groups: translated.groups, names: translated.names.clone(), id })
    }

    /// Number of groups, the whole match not counted.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Number of the group of this name.
    #[must_use]
    pub fn group_named(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(own, _)| own == name).map(|(_, number)| *number)
    }

    /// Names of the groups that have one.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the engine is the linear one.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        matches!(self.engine, Engine::Linear(_))
    }

    /// Whether the whole text matches.
    ///
    /// # Errors
    /// It takes too many steps to tell.
    pub fn is_match(&self, text: &str) -> Result<bool, MatchError> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| MatchError),
        }
    }

    /// If the whole text matches, appends the place of each group, the whole match first.
    ///
    /// # Errors
    /// It takes too many steps to tell.
    pub fn captures(
        &self,
        text: &str,
        locations: &mut Locations,
        out: &mut Vec<Option<Part>>,
    ) -> Result<bool, MatchError> {
        let part = |(start, end): (usize, usize)| {
            // A text is at most 4 MiB.
            Some(Part { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
        };
        match &self.engine {
            Engine::Linear(regex) => {
                let locations = locations.of(self.id, regex);
                let found = regex.captures_read(locations, text).is_some();
                if found {
                    out.extend((0..=self.groups).map(|group| locations.get(group).and_then(part)));
                }
                Ok(found)
            }
            Engine::Backtracking(regex) => {
                let Some(captures) = regex.captures(text).map_err(|_| MatchError)? else { return Ok(false) };
                out.extend((0..=self.groups).map(|group| {
                    let group = captures.get(group)?;
                    part((group.start(), group.end()))
                }));
                Ok(true)
            }
        }
    }
}

impl Locations {
    fn of(&mut self, id: usize, regex: &regex::Regex) -> &mut regex::CaptureLocations {
        let found = self.known.iter().position(|(known, _)| *known == id);
        let at = found.unwrap_or_else(|| {
            if self.known.len() == LOCATIONS_MAX {
                self.known.clear();
            }
            self.known.push((id, regex.capture_locations()));
            self.known.len() - 1
        });
        &mut self.known[at].1
    }
}
