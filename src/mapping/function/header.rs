//! `header(name)`: all values of a header, split at commas outside quotes, and its parts.

use std::fmt;

use super::{Found, Given};
use crate::mapping::{
    action::Literal,
    eval::{Datum, Evaluation, TextRef},
    producer::{Producer, ProducerId},
};

/// Which of a header's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderPick {
    /// The first.
    First,
    /// The last.
    Last,
    /// The one of this number; negative ones count from the end.
    At(i32),
    /// All, joined with commas.
    CommaSeparated,
}

impl fmt::Display for HeaderPick {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => formatter.write_str("first()"),
            Self::Last => formatter.write_str("last()"),
            Self::At(index) => write!(formatter, "get({index})"),
            Self::CommaSeparated => formatter.write_str("commaSeparated()"),
        }
    }
}

pub(super) const METHODS: &[&str] = &["first", "last", "get", "commaSeparated"];

pub(super) fn function(arguments: &[Given]) -> Found {
    match arguments {
        [Given::Text { text, .. }] => Found::Producer(Producer::Header(text.to_ascii_lowercase())),
        _ => Found::WrongArguments("the name of a header"),
    }
}

pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    let pick = match (name, arguments) {
        ("first", []) => HeaderPick::First,
        ("last", []) => HeaderPick::Last,
        ("commaSeparated", []) => HeaderPick::CommaSeparated,
        ("get", [Given::Literal(Literal::Int(index))]) => HeaderPick::At(*index),
        ("get", _) => return Found::WrongArguments("the number of a value"),
        ("first" | "last" | "commaSeparated", _) => return Found::WrongArguments("no argument"),
        _ => return Found::Unknown,
    };
    Found::Producer(Producer::HeaderValue(of, pick))
}

/// All values of the header; absent if the request has no such header.
pub(in crate::mapping) fn evaluate<'e>(run: &mut Evaluation<'e, '_>, name: &str) -> Datum<'e> {
    let start = run.list_start();
    let mut any = false;
    for line in run.event.headers.all(name) {
        any = true;
        split(run, line);
    }
    if any { run.list_from(start) } else { Datum::Absent }
}

/// One value of a list, or all as one text.
pub(in crate::mapping) fn pick<'e>(run: &mut Evaluation<'e, '_>, list: Datum<'e>, pick: HeaderPick) -> Datum<'e> {
    let Datum::List(list) = list else { return Datum::Absent };
    let (start, length) = (list.items().start, list.len());
    let index = match pick {
        HeaderPick::First => Some(0),
        HeaderPick::Last => length.checked_sub(1),
        HeaderPick::At(index) => match usize::try_from(index) {
            Ok(index) => Some(index),
            Err(_) => length.checked_sub(index.unsigned_abs() as usize),
        },
        HeaderPick::CommaSeparated => return Datum::Text(joined(run, start, length)),
    };
    let found = index.filter(|index| *index < length).map(|index| run.list_item(start + index));
    found.map_or(Datum::Absent, Datum::Text)
}

fn joined<'e>(run: &mut Evaluation<'e, '_>, start: usize, length: usize) -> TextRef<'e> {
    if length == 1 {
        return run.list_item(start);
    }
    let mut text = std::mem::take(&mut run.key);
    text.clear();
    for index in 0..length {
        if index > 0 {
            text.push(',');
        }
        text.push_str(run.read(run.list_item(start + index)));
    }
    let joined = run.computed(&text);
    run.key = text;
    joined
}

/// Splits one line of a header. Runs of blanks count as one even in quotes, because the original's HTTP layer makes
/// one of them before any quote is looked at.
fn split<'e>(run: &mut Evaluation<'e, '_>, line: &'e str) {
    let plain = !line.contains(['"', '\\', '\t']) && !line.contains("  ");
    if plain {
        for value in line.split(',') {
            let value = value.trim_matches(' ');
            if !value.is_empty() {
                run.push_item(TextRef::Borrowed(value));
            }
        }
        return;
    }
    let mut value = std::mem::take(&mut run.key);
    value.clear();
    let mut state = State::default();
    let mut last_blank = false;
    for letter in line.chars() {
        let blank = matches!(letter, ' ' | '\t');
        if blank && last_blank {
            continue;
        }
        last_blank = blank;
        if state.take(if blank { ' ' } else { letter }, &mut value) {
            finish(run, &mut value);
            state = State::default();
        }
    }
    finish(run, &mut value);
    run.key = value;
}

fn finish(run: &mut Evaluation<'_, '_>, value: &mut String) {
    if !value.is_empty() {
        let item = run.computed(value);
        run.push_item(item);
        value.clear();
    }
}

/// Where the splitting of a line stands.
#[derive(Default)]
struct State {
    quoted: bool,
    escaped: bool,
    /// Blanks came behind some content: one goes in front of what follows.
    blank: bool,
    /// Blanks came anywhere in the value: one goes in front of a quote, too, as in the original.
    blanks: bool,
}

impl State {
    /// Takes a character; whether it ends the value.
    fn take(&mut self, letter: char, value: &mut String) -> bool {
        if self.escaped {
            self.escaped = false;
            value.push(letter);
        } else if self.quoted {
            match letter {
                '\\' => self.escaped = true,
                '"' => self.quoted = false,
                _ => value.push(letter),
            }
        } else {
            match letter {
                ',' => return true,
                ' ' => {
                    self.blank = !value.is_empty();
                    self.blanks |= self.blank;
                }
                '"' => {
                    if std::mem::take(&mut self.blanks) {
                        value.push(' ');
                    }
                    self.blank = false;
                    self.quoted = true;
                }
                _ => {
                    if std::mem::take(&mut self.blank) {
                        value.push(' ');
                    }
                    value.push(letter);
                }
            }
        }
        false
    }
}
