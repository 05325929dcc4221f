//! Reads one object of the tree: each key with its type, its default and its limits; what is left over is unknown.
//!
//! A reader never fails. It reports what is wrong and hands back something harmless, so that one run finds everything;
//! the settings made of it are thrown away when anything was reported.

mod list;

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use super::{
    hocon::{Members, Value, member},
    origin::{KeyPath, show},
    problem::{At, Problems, code, name},
    units::{self, DurationError},
};
use crate::diagnostic::{Diagnostic, nearest};

static NO_MEMBERS: Members = Members::new();

/// Which numbers a key may have.
#[derive(Clone, Debug)]
pub struct Limits {
    /// What can work; anything else is replaced by the nearest end, with a warning.
    pub works: RangeInclusive<i64>,
    /// What the original starts with; anything else is an error.
    pub starts: RangeInclusive<i64>,
}

impl Limits {
    /// Only these.
    #[must_use]
    pub fn only(works: RangeInclusive<i64>) -> Self {
        Self { starts: works.clone(), works }
    }

    /// These, but accept `starts` with a warning.
    #[must_use]
    pub fn clamp(works: RangeInclusive<i64>, starts: RangeInclusive<i64>) -> Self {
        Self { works, starts }
    }
}

/// Every number that the original's `int` can hold.
pub const INT: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;
/// Every duration.
pub const ANY: RangeInclusive<i64> = i64::MIN..=i64::MAX;
/// Durations that are not negative.
pub const POSITIVE: RangeInclusive<i64> = 0..=i64::MAX;

/// The objects in `divolte.global`, which are easily put elsewhere.
pub const GLOBAL: [&str; 9] = ["server", "admin", "mapper", "journal", "dead_letters", "hdfs", "gcs", "kafka", "gcps"];

/// What `null` means in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// The default, as if the key were not there.
    Default,
    /// Zero or false for numbers and booleans, the default for everything else.
    Zero,
}

/// How a key is read; the reference of the keys is compared with this.
#[derive(Clone, Debug)]
#[cfg_attr(not(test), allow(dead_code, reason = "only the reference's test asks how a key is read"))]
pub enum Kind {
    /// Any scalar.
    Text,
    /// A path of a file or directory.
    Path,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer(Limits),
    /// A number with a fraction.
    Number,
    /// A number of bytes.
    Size(Limits),
    /// A duration; the limits are in nanoseconds.
    Duration(Limits),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of names.
    Names,
    /// One of these words, or a list of names.
    ChoiceOrNames(&'static [&'static str]),
    /// Properties of another program.
    Properties,
}

enum Got<'a> {
    Given(&'a Value),
    Default(&'a Value),
    Missing,
}

/// One object, being read.
pub struct Section<'a> {
    path: KeyPath,
    given: &'a [(String, Value)],
    defaults: &'a [(String, Value)],
    null: Null,
    known: Vec<&'static str>,
    /// Whether it is an object at all; if not, there is no use in saying what it lacks.
    readable: bool,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    /// Reads `given`, the value at `path`, above `defaults`.
    #[must_use]
    pub fn new(path: KeyPath, given: &'a Value, defaults: &'a Value, null: Null, problems: &'a Problems) -> Self {
        let readable = matches!(given, Value::Object(_));
        let given = match given {
            Value::Object(members) => members,
            Value::Unresolved => &NO_MEMBERS,
            other => {
                let message = format!("{} must be an object, but is {}", name(&path), other.kind());
                let hint = format!("write `{} {{ … }}`", path.last().map_or("", String::as_str));
                problems.report(Diagnostic::error(code::TYPE, message).hint(hint), At::Value(&path), "");
                &NO_MEMBERS
            }
        };
        let defaults = if let Value::Object(members) = defaults { members } else { &NO_MEMBERS };
        Self { path, given, defaults, null, known: Vec::new(), readable, problems }
    }

    /// Path of a key of this object.
    #[must_use]
    pub fn path(&self, key: &str) -> KeyPath {
        self.path.iter().cloned().chain([key.to_owned()]).collect()
    }

    /// Whether the object itself, and not its defaults, holds the key with a value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        member(self.given, key).is_some_and(|value| *value != Value::Null)
    }

    /// Notes that there is such a key.
    #[allow(unused_variables, clippy::needless_pass_by_value, reason = "only a test asks how a key is read")]
    fn know(&mut self, key: &'static str, kind: Kind) {
        self.known.push(key);
        #[cfg(test)]
        self.problems.asked.borrow_mut().push((self.path(key), kind));
    }

    /// Whether the object itself holds an empty list there.
    #[must_use]
    pub fn is_empty(&self, key: &str) -> bool {
        match member(self.given, key) {
            Some(Value::List(items)) => items.is_empty(),
            Some(Value::Object(members)) => members.is_empty(),
            _ => false,
        }
    }

    fn get(&mut self, key: &'static str, kind: Kind) -> Got<'a> {
        self.know(key, kind);
        match (member(self.given, key), member(self.defaults, key)) {
            (Some(value), _) if *value != Value::Null => Got::Given(value),
            (_, Some(value)) => Got::Default(value),
            (_, None) => Got::Missing,
        }
    }

    fn is_zero(&self, key: &str) -> bool {
        let zero = self.null == Null::Zero && member(self.given, key) == Some(&Value::Null);
        if zero {
            let message = format!("{} is null, which stands for zero or false", name(&self.path(key)));
            let hint = "write the number, or leave the key out to have its default";
            self.warn(Diagnostic::warning(code::NULL, message).hint(hint), key, "");
        }
        zero
    }

    fn warn(&self, diagnostic: Diagnostic, key: &str, label: &str) {
        self.problems.report(diagnostic, At::Value(&self.path(key)), label);
    }

    fn wrong(&self, key: &str, value: &Value, wanted: &str) {
        // What was not looked up is reported already.
        if *value != Value::Unresolved {
            let message = format!("{} must be {wanted}, but is {}", name(&self.path(key)), value.kind());
            self.warn(Diagnostic::error(code::TYPE, message), key, "");
        }
    }

    /// An object inside this one; empty when it is missing.
    pub fn section(&mut self, key: &'static str) -> Section<'a> {
        static EMPTY: Value = Value::Object(Members::new());
        self.known.push(key);
        let given = member(self.given, key).filter(|value| **value != Value::Null || self.null == Null::Zero);
        let defaults = member(self.defaults, key).unwrap_or(&EMPTY);
        Section::new(self.path(key), given.unwrap_or(&EMPTY), defaults, self.null, self.problems)
    }

    /// A whole number, fractions cut off, also with a size's unit.
    pub fn integer(&mut self, key: &'static str, limits: &Limits) -> i64 {
        let got = self.get(key, Kind::Integer(limits.clone()));
        if self.is_zero(key) {
            return self.within(key, 0, limits, &|number| number.to_string());
        }
        let (Got::Given(value) | Got::Default(value)) = got else { return *limits.works.start() };
        match value {
            Value::Number(text) | Value::Text(text) => match units::integer(text).or_else(|| units::size(text)) {
                Some(number) => self.within(key, number, limits, &|number| number.to_string()),
                None => self.unreadable(key, text, "a whole number", limits),
            },
            other => {
                self.wrong(key, other, "a whole number");
                *limits.works.start()
            }
        }
    }

    fn unreadable(&self, key: &str, text: &str, wanted: &str, limits: &Limits) -> i64 {
        let message = format!("{} must be {wanted}, but is `{text}`", name(&self.path(key)));
        self.warn(Diagnostic::error(code::UNIT, message), key, "");
        *limits.works.start()
    }

    fn within(&self, key: &str, number: i64, limits: &Limits, describe: &dyn Fn(i64) -> String) -> i64 {
        let (low, high) = (*limits.works.start(), *limits.works.end());
        let nearest = number.clamp(low, high);
        if limits.works.contains(&number) {
            return number;
        }
        let bound = if number < low { ("at least", low) } else { ("at most", high) };
        let what = format!("{} must be {} {}", name(&self.path(key)), bound.0, describe(bound.1));
        if limits.starts.contains(&number) {
            let message = format!("{what}; {} is taken in place of {}", describe(nearest), describe(number));
            self.warn(Diagnostic::warning(code::CLAMPED, message), key, "");
        } else {
            self.warn(Diagnostic::error(code::VALUE, format!("{what}, but is {}", describe(number))), key, "");
        }
        nearest
    }

    /// A whole number that may be missing.
    pub fn optional_integer(&mut self, key: &'static str, limits: &Limits) -> Option<i64> {
        let present = !matches!(self.get(key, Kind::Integer(limits.clone())), Got::Missing);
        present.then(|| self.integer(key, limits))
    }

    /// A number of bytes that may be missing.
    pub fn optional_size(&mut self, key: &'static str, limits: &Limits) -> Option<u64> {
        let present = !matches!(self.get(key, Kind::Size(limits.clone())), Got::Missing);
        present.then(|| self.size(key, limits))
    }

    /// A number of bytes.
    pub fn size(&mut self, key: &'static str, limits: &Limits) -> u64 {
        let (Got::Given(value) | Got::Default(value)) = self.get(key, Kind::Size(limits.clone())) else { return 0 };
        let number = match value {
            Value::Number(text) | Value::Text(text) => match units::size(text).or_else(|| units::integer(text)) {
                Some(number) => self.within(key, number, limits, &units::describe_size),
                None => self.unreadable(key, text, "a size such as 64M", limits),
            },
            other => {
                self.wrong(key, other, "a size such as 64M");
                0
            }
        };
        number.unsigned_abs()
    }

    /// A duration that may be missing.
    pub fn optional_duration(&mut self, key: &'static str, limits: &Limits) -> Option<Duration> {
        let present = !matches!(self.get(key, Kind::Duration(limits.clone())), Got::Missing);
        present.then(|| self.duration(key, limits))
    }

    /// A duration, whose limits are in nanoseconds.
    pub fn duration(&mut self, key: &'static str, limits: &Limits) -> Duration {
        let got = self.get(key, Kind::Duration(limits.clone()));
        let (Got::Given(value) | Got::Default(value)) = got else { return Duration::ZERO };
        match value {
            Value::Text(text) => match units::duration(text) {
                Ok(nanos) => {
                    let nanos = self.within(key, nanos, limits, &units::describe_duration);
                    return Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
                }
                Err(error) => {
                    let hint = match &error {
                        DurationError::Unit(_) => "units are ns, us, ms, s, m, h and d, or their long names",
                        DurationError::NoNumber(_) | DurationError::Number(_) => "write for example `30 minutes`",
                    };
                    let message = format!("{} is not a duration: {error}", name(&self.path(key)));
                    self.warn(Diagnostic::error(code::UNIT, message).hint(hint), key, "");
                }
            },
            Value::Number(number) => {
                let message = format!("{} needs a unit", name(&self.path(key)));
                let hint = format!("write for example `{number} seconds`");
                self.warn(Diagnostic::error(code::UNIT, message).hint(hint), key, "a duration is a number with a unit");
            }
            other => self.wrong(key, other, "a duration such as `30 minutes`"),
        }
        Duration::ZERO
    }

    /// `true` or `false`, also in quotes, or a whole number that is not zero.
    pub fn boolean(&mut self, key: &'static str) -> bool {
        let got = self.get(key, Kind::Boolean);
        if self.is_zero(key) {
            return false;
        }
        let (Got::Given(value) | Got::Default(value)) = got else { return false };
        match value {
            Value::Boolean(value) => return *value,
            Value::Number(text) if text.parse::<i64>().is_ok() => return text.parse() != Ok(0),
            Value::Text(text) => match text.trim() {
                "true" | "True" | "TRUE" => return true,
                "false" | "False" | "FALSE" => return false,
                other => {
                    let message = format!("{} must be true or false, but is `{other}`", name(&self.path(key)));
                    self.warn(Diagnostic::error(code::TYPE, message), key, "");
                }
            },
            other => self.wrong(key, other, "true or false"),
        }
        false
    }

    /// A number with a fraction, at least `least`.
    pub fn double(&mut self, key: &'static str, least: f64) -> Option<f64> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key, Kind::Number) else { return None };
        let number = match value {
            Value::Number(text) | Value::Text(text) => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite())
            }
            _ => None,
        };
        match number {
            None => self.wrong(key, value, "a number"),
            Some(number) if number < least => {
                let message = format!(
                    "{} must be at least {least}; {least} is taken in place of {number}",
                    name(&self.path(key))
                );
                self.warn(Diagnostic::warning(code::CLAMPED, message), key, "");
            }
            Some(_) => {}
        }
        number.map(|number| number.max(least))
    }

    /// A text that may be missing; numbers and booleans are taken as they were written.
    pub fn optional_text(&mut self, key: &'static str) -> Option<String> {
        self.text_of(key, Kind::Text)
    }

    fn text_of(&mut self, key: &'static str, kind: Kind) -> Option<String> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key, kind) else { return None };
        let text = value.scalar().map(str::to_owned);
        if text.is_none() {
            self.wrong(key, value, "a text");
        }
        text
    }

    /// A text with a default.
    pub fn text(&mut self, key: &'static str) -> String {
        self.optional_text(key).unwrap_or_default()
    }

    /// A path that may be missing.
    pub fn optional_file(&mut self, key: &'static str) -> Option<PathBuf> {
        self.text_of(key, Kind::Path).map(PathBuf::from)
    }

    /// A path with a default.
    pub fn file(&mut self, key: &'static str) -> PathBuf {
        self.optional_file(key).unwrap_or_default()
    }

    /// A text that must be there.
    pub fn required_text(&mut self, key: &'static str) -> String {
        if let Some(text) = self.optional_text(key) {
            return text;
        }
        if !self.has(key) {
            self.missing(key);
        }
        String::new()
    }

    /// One of a few words, which must be there. Nothing when it is not, or is another.
    pub fn required_choice(&mut self, key: &'static str, words: &'static [&'static str]) -> Option<&'static str> {
        let Some(text) = self.text_of(key, Kind::Choice(words)) else {
            if !self.has(key) {
                self.missing(key);
            }
            return None;
        };
        let word = words.iter().copied().find(|word| *word == text);
        if word.is_none() {
            self.not_a_word(key, &text, words);
        }
        word
    }

    /// Says that a key must be there.
    pub fn missing(&self, key: &str) {
        if !self.readable {
            return;
        }
        let message = format!("`{key}` is missing in {}", name(&self.path));
        self.problems.report(Diagnostic::error(code::MISSING, message), At::Around(&self.path), "this one needs it");
    }

    /// One of a few words.
    pub fn choice(&mut self, key: &'static str, words: &'static [&'static str], any_case: bool) -> &'static str {
        let Some(text) = self.text_of(key, Kind::Choice(words)) else { return words[0] };
        let fits = |word: &str| if any_case { word.eq_ignore_ascii_case(&text) } else { word == text };
        if let Some(word) = words.iter().copied().find(|word| fits(word)) {
            return word;
        }
        self.not_a_word(key, &text, words);
        words[0]
    }

    /// One of a few words, which may be missing. Nothing when it is, or is another.
    pub fn optional_choice(&mut self, key: &'static str, words: &'static [&'static str]) -> Option<&'static str> {
        let text = self.text_of(key, Kind::Choice(words))?;
        let word = words.iter().copied().find(|word| *word == text);
        if word.is_none() {
            self.not_a_word(key, &text, words);
        }
        word
    }

    /// Says that a word is none of those that are possible.
    pub fn not_a_word(&self, key: &str, text: &str, words: &[&'static str]) {
        let message = format!("{} is `{text}`, which is none of {}", name(&self.path(key)), list(words));
        let mut diagnostic = Diagnostic::error(code::CHOICE, message);
        if let Some(word) = nearest(text, words.iter().copied()) {
            diagnostic = diagnostic.hint(format!("did you mean `{word}`?"));
        }
        self.warn(diagnostic, key, "");
    }

    /// Adds an error about a key's value.
    pub fn error(&self, key: &str, diagnostic: Diagnostic, label: &str) {
        self.warn(diagnostic, key, label);
    }

    /// Reports every key that nobody has asked for.
    pub fn finish(self) {
        for (key, _) in self.given {
            if !self.known.contains(&key.as_str()) {
                unknown(self.problems, &self.path(key), &self.known);
            }
        }
    }
}

/// Reports a key that nobody knows, with the one that was probably meant.
pub fn unknown(problems: &Problems, path: &[String], known: &[&'static str]) {
    let Some((key, above)) = path.split_last() else { return };
    let mut diagnostic = Diagnostic::error(code::UNKNOWN_KEY, format!("unknown key {}", name(path)));
    if above == ["divolte"] && GLOBAL.contains(&key.as_str()) {
        diagnostic = diagnostic.hint(format!("`{key}` belongs into `divolte.global`"));
    }
    let longer =
        || known.iter().copied().find(|word| word.len() > 3 && (key.starts_with(word) || word.starts_with(key)));
    if let Some(word) = nearest(key, known.iter().copied()).or_else(longer) {
        diagnostic = diagnostic.hint(format!("did you mean `{word}`?"));
    }
    let mut sorted = known.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let diagnostic = diagnostic.hint(format!("known keys of `{}`: {}", show(above), sorted.join(", ")));
    problems.report(diagnostic, At::Key(path), "");
}

/// `` `a`, `b` and `c` ``.
fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
