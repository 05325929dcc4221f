//! Values that exist while a script is loaded.

use std::rc::Rc;

use super::library::Library;
use crate::mapping::{
    action::{Literal, Mapped},
    ast::{Closure, Name, Span},
    function::Given,
    producer::{ParseTo, ProducerId},
};

/// Where code runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Context {
    /// Innermost variables.
    pub(super) scope: usize,
    /// Whether the functions of the mapping object can be called by their bare names.
    pub(super) mapping: bool,
    /// Whether this is a closure that makes a value or helps to, not the body of a block.
    pub(super) value: bool,
}

/// A value. Lists and maps live in arenas, so values are cheap to copy and cannot form cycles that leak.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// A decimal of any precision in Groovy; here as near as a double comes.
    Decimal(f64),
    /// Larger than a long.
    Big,
    Text(Rc<str>),
    /// A text that came of interpolation: equal to no text when compared per event, and not to be mapped.
    Interpolated(Rc<str>),
    List(usize),
    Map(usize),
    Closure(&'a Closure, Context),
    Producer(ProducerId),
    Type(TypeWord),
    /// What `map`, `when`, `match` and `parse` return.
    Pending(usize),
    /// A function by its name: `this.&name`.
    Method(&'a Name),
    /// A class of Java.
    Library(Library),
    /// A date: milliseconds since the Unix epoch.
    Date(i64),
    /// What `digest` returns, by number.
    Digester(usize),
    /// The variable `mapping`.
    Mapping,
    /// The result of a statement that failed: every use of it fails silently.
    Poison,
}

/// A word that `to` takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TypeWord {
    Parse(ParseTo),
    Uri,
}

/// A call that waits for its second half.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) kind: PendingKind,
    pub(super) span: Span,
    /// Whether the second half came.
    pub(super) used: bool,
}

#[derive(Clone, Debug)]
pub(super) enum PendingKind {
    /// `map x`, waits for `onto`.
    Map(Mapped),
    /// `when c`, waits for `apply`, `stop` or `exit`.
    When(ProducerId),
    /// `parse x`, waits for `to`.
    Parse(ProducerId),
    /// `match 'pattern'`, waits for `against`.
    Match(Rc<str>),
}

impl Value<'_> {
    /// As messages say it.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an int",
            Self::Long(_) => "a long",
            Self::Float(_) => "a float",
            Self::Double(_) => "a double",
            Self::Decimal(_) => "a decimal number",
            Self::Big => "a number beyond 64 bits",
            Self::Text(_) => "a text",
            Self::Interpolated(_) => "an interpolated text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Closure(..) => "a closure",
            Self::Producer(_) => "a value of the event",
            Self::Type(_) => "a type",
            Self::Pending(_) => "an unfinished call",
            Self::Method(_) => "a function",
            Self::Library(_) => "a class",
            Self::Date(_) => "a date",
            Self::Digester(_) => "a digest without its result",
            Self::Mapping => "the mapping",
            Self::Poison => "a failed value",
        }
    }

    /// The text, interpolated or not.
    pub(super) fn text(&self) -> Option<&Rc<str>> {
        match self {
            Self::Text(text) | Self::Interpolated(text) => Some(text),
            _ => None,
        }
    }

    /// As a literal that can be written to a field or compared with.
    pub(super) fn literal(&self) -> Option<Literal> {
        Some(match self {
            Self::Bool(value) => Literal::Boolean(*value),
            Self::Int(value) => Literal::Int(*value),
            Self::Long(value) => Literal::Long(*value),
            Self::Float(value) => Literal::Float(value.to_bits()),
            Self::Double(value) => Literal::Double(value.to_bits()),
            Self::Text(text) => Literal::Text(text.to_string()),
            _ => return None,
        })
    }

    /// As an argument of a function of the event.
    pub(super) fn given(&self) -> Given {
        match self {
            Self::Producer(id) => Given::Producer(*id),
            Self::Text(text) => Given::Text { text: text.to_string(), interpolated: false },
            Self::Interpolated(text) => Given::Text { text: text.to_string(), interpolated: true },
            other => other.literal().map_or(Given::Other(other.describe()), Given::Literal),
        }
    }
}
