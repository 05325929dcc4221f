//! Keys that hold several values: lists of names, properties.

use super::{Got, Kind, Section};
use crate::{
    config::{
        hocon::{Members, Value},
        origin::KeyPath,
        problem::{At, code, name},
    },
    diagnostic::Diagnostic,
};

impl Section<'_> {
    /// A list of names without repeats, each with its number in the list. Nothing when the key is missing.
    pub fn names(&mut self, key: &'static str) -> Option<Vec<(String, usize)>> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key, Kind::Names) else { return None };
        Some(self.names_in(key, value))
    }

    /// One of a few words, which stands for itself, or a list of names.
    pub fn choice_or_names(
        &mut self,
        key: &'static str,
        words: &'static [&'static str],
    ) -> Result<&'static str, Vec<String>> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key, Kind::ChoiceOrNames(words)) else {
            return Ok(words[0]);
        };
        match value.scalar() {
            None => Err(self.names_in(key, value).into_iter().map(|(name, _)| name).collect()),
            Some(text) => Ok(words.iter().copied().find(|word| *word == text).unwrap_or_else(|| {
                self.not_a_word(key, text, words);
                words[0]
            })),
        }
    }

    fn names_in(&self, key: &str, value: &Value) -> Vec<(String, usize)> {
        let items: Option<Vec<&Value>> = match value {
            Value::List(items) => Some(items.iter().collect()),
            Value::Object(members) => numbered(members),
            _ => None,
        };
        let Some(items) = items else {
            self.wrong(key, value, "a list of names");
            return Vec::new();
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
        names
    }

    /// Properties for another program: objects inside become names with dots, lists texts with commas.
    pub fn properties(&mut self, key: &'static str) -> Option<Vec<(String, String)>> {
        let (Got::Given(value) | Got::Default(value)) = self.get(key, Kind::Properties) else { return None };
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
