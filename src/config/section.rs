//! Reads one object of the tree: each key with its type, its default and its limits; what is left over is unknown.
//!
//! A reader never fails. It reports what is wrong and hands back something harmless, so that one run finds everything;
//! the settings made of it are thrown away when anything was reported.

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
    works: RangeInclusive<i64>,
    /// What the original starts with; anything else is an error.
    starts: RangeInclusive<i64>,
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

/// What `null` means in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// The default, as if the key were not there.
    Default,
    /// Zero or false for numbers and booleans, the default for everything else.
    Zero,
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

    fn get(&mut self, key: &'static str) -> Got<'a> {
        self.known.push(key);
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

    /// The value, whatever it is.
    pub fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        match self.get(key) {
            Got::Given(value) | Got::Default(value) => Some(value),
            Got::Missing => None,
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
        let got = self.get(key);
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
        match self.get(key) {
            Got::Missing => None,
            Got::Given(_) | Got::Default(_) => Some(self.integer(key, limits)),
        }
    }

    /// A number of bytes.
    pub fn size(&mut self, key: &'static str, limits: &Limits) -> u64 {
        let (Got::Given(value) | Got::Default(value)) = self.get(key) else { return 0 };
        let number = match value {
            Value::Number(text) | Value::Text(text) => match units::size(text).or_else(|| units::integer(text)) {
                Some(number) => self.within(key, number, limits, &|number| format!("{number} bytes")),
                None => self.unreadable(key, text, "a size such as 64M", limits),
            },
            other => {
                self.wrong(key, other, "a size such as 64M");
                0
            }
        };
        number.unsigned_abs()
    }

    /// A duration, whose limits are in nanoseconds.
    pub fn duration(&mut self, key: &'static str, limits: &Limits) -> Duration {
        let (Got::Given(value) | Got::Default(value)) = self.get(key) else { return Duration::ZERO };
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
        let got = self.get(key);
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

    /// A number with a fraction.
    pub fn double(&mut self, key: &'static str) -> Option<f64> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key) else { return None };
        let number = match value {
            Value::Number(text) | Value::Text(text) => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite())
            }
            _ => None,
        };
        if number.is_none() {
            self.wrong(key, value, "a number");
        }
        number
    }

    /// A text that may be missing; numbers and booleans are taken as they were written.
    pub fn optional_text(&mut self, key: &'static str) -> Option<String> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key) else { return None };
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
        self.optional_text(key).map(PathBuf::from)
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

    /// Says that a key must be there.
    pub fn missing(&self, key: &str) {
        if !self.readable {
            return;
        }
        let message = format!("`{key}` is missing in {}", name(&self.path));
        self.problems.report(Diagnostic::error(code::MISSING, message), At::Around(&self.path), "this one needs it");
    }

    /// One of a few words.
    pub fn choice(&mut self, key: &'static str, words: &[&'static str], any_case: bool) -> &'static str {
        let Some(text) = self.optional_text(key) else { return words[0] };
        let fits = |word: &str| if any_case { word.eq_ignore_ascii_case(&text) } else { word == text };
        if let Some(word) = words.iter().copied().find(|word| fits(word)) {
            return word;
        }
        self.not_a_word(key, &text, words);
        words[0]
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

    /// A list of names without repeats, each with its number in the list. Nothing when the key is missing.
    pub fn names(&mut self, key: &'static str) -> Option<Vec<(String, usize)>> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key) else { return None };
        let items: Option<Vec<&Value>> = match value {
            Value::List(items) => Some(items.iter().collect()),
            Value::Object(members) => numbered(members),
            _ => None,
        };
        let Some(items) = items else {
            self.wrong(key, value, "a list of names");
            return Some(Vec::new());
        };
        let mut names: Vec<(String, usize)> = Vec::new();
        for (number, item) in items.into_iter().enumerate() {
            match item.scalar() {
                Some(text) if names.iter().any(|(known, _)| known == text) => {}
                Some(text) => names.push((text.to_owned(), number)),
                None if *item == Value::Unresolved => {}
                None => {
                    let message = format!("{} must hold names, not {}", name(&self.path(key)), item.kind());
                    let path = self.path(key);
                    self.problems.report(Diagnostic::error(code::TYPE, message), At::Element(&path, number), "");
                }
            }
        }
        Some(names)
    }

    /// One word, or a list of names as one text with commas.
    pub fn names_or_word(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::List(_) | Value::Object(_) => {
                let names = self.names(key)?;
                Some(names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(","))
            }
            _ => self.optional_text(key),
        }
    }

    /// Properties for another program: objects inside become names with dots, lists texts with commas.
    pub fn properties(&mut self, key: &'static str) -> Option<Vec<(String, String)>> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key) else { return None };
        let mut properties = Vec::new();
        match value {
            Value::Object(members) => self.flatten(&self.path(key), &[], members, &mut properties),
            other => self.wrong(key, other, "an object with properties"),
        }
        Some(properties)
    }

    fn flatten(&self, path: &KeyPath, names: &[&str], members: &Members, out: &mut Vec<(String, String)>) {
        for (key, value) in members {
            let path: KeyPath = path.iter().cloned().chain([key.clone()]).collect();
            let names = [names, &[key.as_str()]].concat();
            let texts: Option<Vec<_>> = match value {
                Value::Object(members) => {
                    self.flatten(&path, &names, members, out);
                    continue;
                }
                Value::List(items) => items.iter().map(Value::scalar).collect(),
                other => other.scalar().map(|text| vec![text]),
            };
            match texts {
                Some(texts) => out.push((names.join("."), texts.join(","))),
                None if *value == Value::Unresolved => {}
                None => {
                    let message = format!("property {} must be a text, or a list of texts", name(&path));
                    self.problems.report(Diagnostic::error(code::TYPE, message), At::Value(&path), "");
                }
            }
        }
    }

    /// Says that this version cannot do what a key asks for.
    pub fn not_yet(&self, key: &str, what: &str) {
        let message = format!("{what} is not in this version of headwater");
        let hint = format!("leave {} out", name(&self.path(key)));
        self.warn(Diagnostic::error(code::NOT_HERE, message).hint(hint), key, "");
    }

    /// Says that a key has no effect in this version, if it is set.
    pub fn no_effect_yet(&self, key: &str) {
        if self.problems.is_set(&self.path(key)) {
            let message = format!("{} has no effect in this version of headwater", name(&self.path(key)));
            self.warn(Diagnostic::warning(code::NO_EFFECT, message), key, "");
        }
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

/// The values of an object whose keys are all numbers, in their order.
fn numbered(members: &Members) -> Option<Vec<&Value>> {
    let mut items = Vec::new();
    for (key, value) in members {
        items.push((key.parse::<u32>().ok()?, value));
    }
    items.sort_by_key(|(number, _)| *number);
    (!items.is_empty()).then(|| items.into_iter().map(|(_, value)| value).collect())
}

/// `` `a`, `b` and `c` ``.
fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
