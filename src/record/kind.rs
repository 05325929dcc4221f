//! The types of a schema, as a tree of our own.
//!
//! Only the type below a logical type decides how a value is written; of a field itself the logical type is kept, for
//! who makes values. A record is referred to by
//! its place in [`Types`], so a schema may contain itself.

use std::{
    fmt::{self, Display, Formatter, Write as _},
    ops::Index,
};

/// An Avro type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// No value.
    Null,
    /// True or false.
    Boolean,
    /// Signed, 32 bits.
    Int,
    /// Signed, 64 bits.
    Long,
    /// IEEE 754, 32 bits.
    Float,
    /// IEEE 754, 64 bits.
    Double,
    /// Any bytes.
    Bytes,
    /// UTF-8 text.
    String,
    /// So many bytes.
    Fixed {
        /// Full name.
        name: String,
        /// Number of bytes.
        size: usize,
    },
    /// One of some symbols.
    Enum {
        /// Full name.
        name: String,
        /// The symbols, in the order of their numbers.
        symbols: Vec<String>,
    },
    /// Any number of items.
    Array(Box<Type>),
    /// Text to value.
    Map(Box<Type>),
    /// Some fields, looked up in [`Types`].
    Record(RecordRef),
    /// One of some types.
    Union(Vec<Type>),
}

/// A record, by its place in [`Types`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRef {
    pub(super) index: usize,
    /// Full name.
    pub name: String,
}

/// A record type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// Full name.
    pub name: String,
    /// Fields in the order in which they are written.
    pub fields: Vec<Field>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Other names that a reader may know it by.
    pub aliases: Vec<String>,
    /// Type.
    pub kind: Type,
    /// What its values mean, or those of the branch that [`Type::unwrapped`] gives.
    pub logical: Option<Logical>,
    /// Avro binary of the default, a union's branch number included; `None` if the field has no default.
    pub default: Option<Vec<u8>>,
}

/// What values of a type mean, by the logical types of the Avro specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    /// Days since 1970.
    Date,
    /// Time of day, in so many parts of a second.
    Time(i64),
    /// Time since 1970, in so many parts of a second; local ones, too.
    Timestamp(i64),
    /// An unscaled number, two's complement, most significant byte first.
    Decimal {
        /// Most digits.
        precision: usize,
        /// Digits behind the point.
        scale: usize,
    },
    /// A UUID of 16 bytes.
    Uuid,
}

/// All record types of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types(pub(super) Vec<RecordType>);

impl Index<&RecordRef> for Types {
    type Output = RecordType;

    /// The record that is referred to. Use it with the [`Types`] that the reference comes from: any other may hold
    /// another record there, or none, which panics.
    fn index(&self, reference: &RecordRef) -> &RecordType {
        &self.0[reference.index]
    }
}

impl Type {
    /// The type that a value must have to go here: the type itself or, of a union of exactly two branches, the first
    /// branch that is not null. `None` for any other union.
    #[must_use]
    pub fn unwrapped(&self) -> Option<&Type> {
        self.unwrapped_branch().map(|(_, kind)| kind)
    }

    /// As [`Type::unwrapped`], with the number of the branch if this is a union.
    #[must_use]
    pub fn unwrapped_branch(&self) -> Option<(Option<usize>, &Type)> {
        let Self::Union(branches) = self else { return Some((None, self)) };
        if branches.len() != 2 {
            return None;
        }
        let (number, kind) = branches.iter().enumerate().find(|(_, branch)| **branch != Self::Null)?;
        Some((Some(number), kind))
    }

    /// The Avro word for the type, such as `string` or `union`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed { .. } => "fixed",
            Self::Enum { .. } => "enum",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Record(_) => "record",
            Self::Union(_) => "union",
        }
    }
}

impl Display for Type {
    /// The type as schema JSON; of a record only the name.
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { name, size } => write!(out, r#"{{"type":"fixed","name":"{name}","size":{size}}}"#),
            Self::Enum { name, symbols } => {
                write!(out, r#"{{"type":"enum","name":"{name}","symbols":["#)?;
                separated(out, symbols, |out, symbol| write!(out, "\"{symbol}\""))?;
                out.write_str("]}")
            }
            Self::Array(items) => write!(out, r#"{{"type":"array","items":{items}}}"#),
            Self::Map(values) => write!(out, r#"{{"type":"map","values":{values}}}"#),
            Self::Record(record) => write!(out, "\"{}\"", record.name),
            Self::Union(branches) => {
                out.write_char('[')?;
                separated(out, branches, |out, branch| Display::fmt(branch, out))?;
                out.write_char(']')
            }
            primitive => write!(out, "\"{}\"", primitive.word()),
        }
    }
}

fn separated<T>(
    out: &mut Formatter<'_>,
    items: &[T],
    each: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.write_char(',')?;
        }
        each(out, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_of_two_are_unwrapped() {
        use Type::{Int, Null, String, Union};
        for (kind, expected) in [
            (String, Some((None, String))),
            (Null, Some((None, Null))),
            (Union(vec![Null, String]), Some((Some(1), String))),
            (Union(vec![String, Null]), Some((Some(0), String))),
            (Union(vec![String, Int]), Some((Some(0), String))),
            (Union(vec![]), None),
            (Union(vec![String]), None),
            (Union(vec![Null]), None),
            (Union(vec![Null, String, Int]), None),
        ] {
            let unwrapped = kind.unwrapped_branch().map(|(branch, kind)| (branch, kind.clone()));
            assert_eq!(unwrapped, expected, "{kind}");
        }
    }

    #[test]
    fn types_show_as_schema_json() {
        for (kind, expected) in [
            (Type::Long, r#""long""#),
            (
                Type::Array(Box::new(Type::Union(vec![Type::Null, Type::Int]))),
                r#"{"type":"array","items":["null","int"]}"#,
            ),
            (Type::Map(Box::new(Type::Bytes)), r#"{"type":"map","values":"bytes"}"#),
            (Type::Fixed { name: "a.F".into(), size: 3 }, r#"{"type":"fixed","name":"a.F","size":3}"#),
            (
                Type::Enum { name: "E".into(), symbols: vec!["A".into(), "B".into()] },
                r#"{"type":"enum","name":"E","symbols":["A","B"]}"#,
            ),
            (Type::Record(RecordRef { index: 0, name: "a.R".into() }), r#""a.R""#),
        ] {
            assert_eq!(kind.to_string(), expected);
        }
    }
}
