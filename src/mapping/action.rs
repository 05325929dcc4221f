//! What a script comes down to: an ordered list of actions, run for each event.

use std::fmt;

use super::{ast::Span, producer::ProducerId};

/// An action.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `map value onto 'field'`
    Set {
        /// Name of the field.
        field: String,
        /// What is written.
        value: Mapped,
        /// Where the script says so.
        span: Span,
    },
    /// `when condition apply { … }`
    When {
        /// A boolean, if all is well.
        condition: ProducerId,
        /// What is done if it is true.
        body: Vec<Action>,
        /// Where the script says so.
        span: Span,
    },
    /// `section { … }`
    Section(Vec<Action>),
    /// `stop()`: ends the mapping. With its place, unless it is a part of its condition.
    Stop(Option<Span>),
    /// `exit()`: ends the innermost section, else the mapping. Its place as for `stop()`.
    Exit(Option<Span>),
}

/// What is written to a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// A value of the event.
    Producer(ProducerId),
    /// Always the same.
    Literal(Literal),
}

/// A value that stands in the script. Floating numbers are kept as bits, so that literals can be compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `true`, `false`
    Boolean(bool),
    /// `1`
    Int(i32),
    /// `1L`
    Long(i64),
    /// Bits of `1.5f`
    Float(u32),
    /// Bits of `1.5d`
    Double(u64),
    /// `'text'`
    Text(String),
    /// `['a', 'b']`: only to compare with.
    List(Vec<String>),
}

impl Literal {
    /// Type as messages say it.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Int(_) => "an int",
            Self::Long(_) => "a long",
            Self::Float(_) => "a float",
            Self::Double(_) => "a double",
            Self::Text(_) => "a string",
            Self::List(_) => "a list of strings",
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Long(value) => write!(formatter, "{value}L"),
            Self::Float(bits) => write!(formatter, "{:?}f", f32::from_bits(*bits)),
            Self::Double(bits) => write!(formatter, "{:?}d", f64::from_bits(*bits)),
            Self::Text(text) => write!(formatter, "'{text}'"),
            Self::List(texts) => {
                let quoted: Vec<_> = texts.iter().map(|text| format!("'{text}'")).collect();
                write!(formatter, "[{}]", quoted.join(", "))
            }
        }
    }
}
