//! `match PATTERN against text`: the verdict and the groups of a match of the whole text.

use std::fmt;

use super::{Found, Given};
use crate::mapping::{
    action::Literal,
    eval::{Datum, Evaluation, Failure, TextRef},
    java::regex::{BadPattern, Regex},
    producer::{Producer, ProducerId},
};

/// A group of a pattern, as a script names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupRef {
    /// By number; 0 is the whole match.
    Number(i32),
    /// By name.
    Name(String),
}

impl fmt::Display for GroupRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Name(name) => write!(formatter, "{name}"),
        }
    }
}

impl GroupRef {
    /// Its number in a pattern, if the pattern has it.
    #[must_use]
    pub fn number_in(&self, regex: &Regex) -> Option<usize> {
        match self {
            Self::Number(number) => usize::try_from(*number).ok().filter(|number| *number <= regex.groups()),
            Self::Name(name) => regex.group_named(name),
        }
    }
}

pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match (name, arguments) {
        ("matches", []) => Found::Producer(Producer::Matches(of)),
        ("matches", _) => Found::WrongArguments("no argument"),
        ("group", [Given::Literal(Literal::Int(number))]) => {
            Found::Producer(Producer::Group(of, GroupRef::Number(*number)))
        }
        ("group", [Given::Text { text, .. }]) => Found::Producer(Producer::Group(of, GroupRef::Name(text.clone()))),
        ("group", _) => Found::WrongArguments("the number or name of a group"),
        _ => Found::Unknown,
    }
}

/// A text that was held against a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match<'e> {
    text: TextRef<'e>,
    /// Where its groups start in the run's list of groups; None if it does not match.
    groups: Option<usize>,
}

/// Holds a pattern against a text.
pub(in crate::mapping) fn evaluate<'e>(
    run: &mut Evaluation<'e, '_>,
    text: TextRef<'e>,
    regex: &Result<Regex, BadPattern>,
    position: &str,
) -> Result<Datum<'e>, Box<Failure>> {
    let regex = match regex {
        Ok(regex) => regex,
        Err(bad) => return Failure::evaluation(format!("the pattern cannot be read: {}", bad.message), position),
    };
    let start = run.groups.len();
    let mut groups = std::mem::take(&mut run.groups);
    let mut locations = std::mem::take(run.locations);
    let matched = regex.captures(run.read(text), &mut locations, &mut groups);
    run.groups = groups;
    *run.locations = locations;
    let Ok(matched) = matched else {
        return Failure::evaluation("the pattern takes too many steps on this text", position);
    };
    run.matches.push(Match { text, groups: matched.then_some(start) });
    Ok(Datum::Match(run.matches.len() - 1))
}

/// Whether the whole text matched.
pub(in crate::mapping) fn matches<'e>(run: &Evaluation<'e, '_>, matched: Datum<'e>) -> Datum<'e> {
    match matched {
        Datum::Match(index) => Datum::Boolean(run.matches[index].groups.is_some()),
        _ => Datum::Absent,
    }
}

/// A group of a match; `number` is None if the pattern does not have it, which matters only when it matches.
pub(in crate::mapping) fn group<'e>(
    run: &Evaluation<'e, '_>,
    matched: Datum<'e>,
    number: Option<usize>,
    position: &str,
) -> Result<Datum<'e>, Box<Failure>> {
    let Datum::Match(index) = matched else { return Ok(Datum::Absent) };
    let Match { text, groups: Some(start) } = run.matches[index] else { return Ok(Datum::Absent) };
    let Some(number) = number else {
        return Failure::evaluation("the pattern has no such group", position);
    };
    let part = run.groups.get(start + number).copied().flatten();
    Ok(part.map_or(Datum::Absent, |part| Datum::Text(text.part(part))))
}
