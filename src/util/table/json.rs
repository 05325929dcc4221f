//! Rows as JSON: an array of objects, or one object a line.
//!
//! Texts are taken as they are meant, numbers and booleans as they are written, arrays and objects as the JSON that
//! they are; `null` is no value.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer as _,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Problem,
    build::{Builder, Draft, Stop},
    newlines,
};

/// Reads all rows.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) {
    // Everything is noted there.
    let _ = rows(text, builder);
}

fn rows(text: &str, builder: &mut Builder<'_>) -> Result<(), Stop> {
    if text.trim_start().starts_with('[') {
        array(text, builder)?;
    } else {
        for (index, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            object(line, index + 1, builder)?;
        }
    }
    if builder.is_empty() {
        return Err(builder.fatal(1, Problem::Empty));
    }
    Ok(())
}

fn array(text: &str, builder: &mut Builder<'_>) -> Result<(), Stop> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut stopped = false;
    let elements = Elements { text, at: 0, line: 1, stopped: &mut stopped, builder };
    let result = deserializer.deserialize_seq(elements).and_then(|()| deserializer.end());
    match result {
        // An array that is not read to its end is a mistake to the library.
        _ if stopped => Err(Stop),
        Ok(()) => Ok(()),
        Err(error) => Err(builder.fatal(error.line().max(1), Problem::NotJson(reason(&error)))),
    }
}

/// What is wrong, without the place.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The elements of an array, each with its line.
struct Elements<'t, 'b, 'k> {
    text: &'t str,
    /// Where lines were counted up to.
    at: usize,
    line: usize,
    stopped: &'b mut bool,
    builder: &'b mut Builder<'k>,
}

impl<'t> Visitor<'t> for Elements<'t, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'t RawValue>()? {
            let element = element.get();
            // It is a piece of the text.
            let start = (element.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
            self.line += newlines(&self.text.as_bytes()[self.at..start]);
            self.at = start;
            if object(element, self.line, self.builder).is_err() {
                *self.stopped = true;
                break;
            }
        }
        Ok(())
    }
}

/// Adds the row that an object is.
fn object(text: &str, line: usize, builder: &mut Builder<'_>) -> Result<(), Stop> {
    if !text.trim_start().starts_with('{') {
        let not_json = serde_json::from_str::<&RawValue>(text).err();
        let problem = not_json.map_or(Problem::NoObject, |error| Problem::NotJson(reason(&error)));
        return builder.fault(line, problem);
    }
    let mut draft = builder.row(line)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut problem = None;
    let members = Members { builder, problem: &mut problem };
    let result = deserializer.deserialize_map(members).and_then(|()| deserializer.end());
    match (problem, result) {
        (Some(problem), _) => refuse(&draft, problem, builder),
        (None, Err(error)) => {
            draft.line = line + error.line().saturating_sub(1);
            refuse(&draft, Problem::NotJson(reason(&error)), builder)
        }
        (None, Ok(())) => match builder.missing_key() {
            // What no row has had so far is misnamed.
            Some(problem) => Err(builder.fatal(line, problem)),
            None => builder.add(&draft),
        },
    }
}

fn refuse(draft: &Draft, problem: Problem, builder: &mut Builder<'_>) -> Result<(), Stop> {
    builder.forget(draft);
    builder.fault(draft.line, problem)
}

/// The values of a row.
struct Members<'b, 'k> {
    builder: &'b mut Builder<'k>,
    /// What is wrong beside the JSON.
    problem: &'b mut Option<Problem>,
}

impl<'t> Visitor<'t> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'t, str>>()? {
            let value = members.next_value::<&'t RawValue>()?.get();
            if let Err(problem) = member(&name, value, self.builder) {
                *self.problem = Some(problem);
                return Err(de::Error::custom("told in other words"));
            }
        }
        Ok(())
    }
}

/// Adds a value to the row at hand.
fn member(name: &str, value: &str, builder: &mut Builder<'_>) -> Result<(), Problem> {
    let column = builder.column(name)?;
    let meant = match value.as_bytes() {
        b"null" => return Ok(()),
        [b'"', ..] => {
            let text = serde_json::from_str::<String>(value);
            Cow::Owned(text.map_err(|error| Problem::NotJson(reason(&error)))?)
        }
        [b'-' | b'0'..=b'9', ..] => Cow::Borrowed(value),
        _ if builder.is_key(name) => return Err(Problem::OddKey),
        _ => Cow::Borrowed(value),
    };
    if builder.value(column, |out| out.push_str(&meant)) { Ok(()) } else { Err(Problem::ColumnTwice(name.to_owned())) }
}
