//! Values of one run.

use std::ops::Range;

use crate::{
    enrich::ua::UserAgent,
    mapping::{action::Literal, function::traffic::Traffic, java::uri::Part, json::NodeId, producer::ProducerId},
};

/// A text: somewhere that outlives the run, or a part of one of the run's buffers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TextRef<'e> {
    /// In the event, the program or the user agent.
    Borrowed(&'e str),
    /// In the buffer.
    Computed(Part),
    /// In the document of the custom parameters.
    Parameter(Part),
}

impl TextRef<'_> {
    /// A piece of the text.
    #[must_use]
    pub fn part(self, part: Part) -> Self {
        let within = |whole: Part| Part { start: whole.start + part.start, end: whole.start + part.end };
        match self {
            Self::Borrowed(text) => Self::Borrowed(part.of(text)),
            Self::Computed(whole) => Self::Computed(within(whole)),
            Self::Parameter(whole) => Self::Parameter(within(whole)),
        }
    }
}

/// A list of texts: a piece of the run's list of items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl List {
    /// Number of texts.
    #[must_use]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Numbers of its texts.
    #[must_use]
    pub fn items(self) -> Range<usize> {
        self.start..self.end
    }
}

/// The value of a producer for one event.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Datum<'e> {
    /// There is none.
    #[default]
    Absent,
    /// A boolean.
    Boolean(bool),
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Long(i64),
    /// 32 bits.
    Float(f32),
    /// 64 bits.
    Double(f64),
    /// A text.
    Text(TextRef<'e>),
    /// A raw query.
    Query(TextRef<'e>),
    /// A URI of the run, by number.
    Uri(usize),
    /// The user agent.
    Agent(&'e UserAgent),
    /// The place of an address: a piece of what is known to the run.
    Place(Part),
    /// What led the visitor to the page.
    Traffic(Traffic),
    /// A row: the numbers of its table and of itself.
    Row(usize, u32),
    /// A list of texts.
    List(List),
    /// A list of numbers: a piece of the run's list of numbers.
    Ints(Part),
    /// A JSON value.
    Json(NodeId),
    /// A match of the run, by number.
    Match(usize),
    /// A piece of the run's bytes, and the node that made it.
    Bytes(Part, ProducerId),
    /// A piece of the run's bytes: a field, ready to be written.
    Encoded(Part),
}

impl<'e> Datum<'e> {
    pub(in crate::mapping) fn text(text: Option<&'e str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(TextRef::Borrowed(text)))
    }

    pub(in crate::mapping) fn int(value: Option<i32>) -> Self {
        value.map_or(Self::Absent, Self::Int)
    }

    pub(super) fn literal(literal: &'e Literal) -> Self {
        match literal {
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Long(value) => Self::Long(*value),
            Literal::Float(bits) => Self::Float(f32::from_bits(*bits)),
            Literal::Double(bits) => Self::Double(f64::from_bits(*bits)),
            Literal::Text(text) => Self::Text(TextRef::Borrowed(text)),
            // Only compared with, never written.
            Literal::List(_) => Self::Absent,
        }
    }
}
