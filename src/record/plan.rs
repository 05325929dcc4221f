//! Compiled encoder of Avro binary.
//!
//! A schema becomes one step per field, so that writing a record is one pass over the slots without a look at names or
//! the schema. A value goes to a field only if it has the field's type, or that of the branch of a union of two that
//! is meant for values (see [`Type::unwrapped`]); nothing is widened or narrowed.

use std::{
    borrow::Cow,
    fmt::{self, Display, Formatter},
};

use super::{
    binary::{write_bytes, write_long},
    schema::{RecordSchema, Type},
};

/// The value of one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Slot<'a> {
    /// Nothing was mapped: the default is written.
    #[default]
    Unset,
    /// For `boolean`.
    Boolean(bool),
    /// For `int`.
    Int(i32),
    /// For `long`.
    Long(i64),
    /// For `float`.
    Float(f32),
    /// For `double`.
    Double(f64),
    /// For `string`.
    Text(Cow<'a, str>),
    /// For `bytes`.
    Bytes(Cow<'a, [u8]>),
    /// For any type: the whole Avro binary of the field, a union's branch number included. Not checked.
    Encoded(Cow<'a, [u8]>),
}

impl Slot<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Boolean(_) => "boolean",
            Self::Int(_) => "int",
            Self::Long(_) => "long",
            Self::Float(_) => "float",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Encoded(_) => "encoded",
        }
    }
}

/// A record that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field '{field}' {reason}")]
pub struct EncodeError {
    /// Name of the field.
    pub field: String,
    /// What is wrong with it.
    pub reason: EncodeReason,
}

/// Why a field cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeReason {
    /// Nothing was mapped and the schema has no default.
    Unset,
    /// The value is of another type than the field.
    Mismatch {
        /// Schema JSON of the field's type.
        wanted: String,
        /// Avro's word for the type of the value.
        found: &'static str,
    },
}

impl Display for EncodeReason {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => out.write_str("is not set and has no default"),
            Self::Mismatch { wanted, found } => {
                write!(out, "has type {wanted} and cannot hold a value of type {found}")
            }
        }
    }
}

/// Writes records of one schema.
#[derive(Clone, Debug)]
pub struct Plan {
    steps: Vec<Step>,
    /// Schema names, for errors.
    names: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Step {
    accepts: Accepts,
    /// Number of the union's branch, ready to be written.
    branch: Option<u8>,
    default: Option<Box<[u8]>>,
}

/// What kind of slot a field takes.
#[derive(Clone, Copy, Debug)]
enum Accepts {
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Text,
    Bytes,
    /// Only its default or what is encoded already.
    Encoded,
}

impl Plan {
    /// Compiles the plan of a schema.
    #[must_use]
    pub fn compile(schema: &RecordSchema) -> Self {
        let steps = schema.fields().iter().map(|field| Step::compile(&field.kind, field.default.as_deref())).collect();
        let names = schema.fields().iter().map(|field| (field.name.clone(), field.kind.to_string())).collect();
        Self { steps, names }
    }

    /// Appends the Avro binary of a record to `out`. The slots have the order of the schema's fields; missing ones
    /// count as unset, more than there are fields is a mistake of the caller. On error `out` is as it was.
    ///
    /// # Errors
    /// A field without default is unset, or a value has the wrong type.
    #[inline]
    pub fn encode(&self, slots: &[Slot<'_>], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        debug_assert!(slots.len() <= self.steps.len(), "{} slots for {} fields", slots.len(), self.steps.len());
        let start = out.len();
        for (index, step) in self.steps.iter().enumerate() {
            let slot = slots.get(index).unwrap_or(&Slot::Unset);
            if !step.encode(slot, out) {
                out.truncate(start);
                return Err(self.error(index, slot));
            }
        }
        Ok(())
    }

    #[cold]
    fn error(&self, index: usize, slot: &Slot<'_>) -> EncodeError {
        let (field, wanted) = self.names[index].clone();
        let reason = match slot {
            Slot::Unset => EncodeReason::Unset,
            value => EncodeReason::Mismatch { wanted, found: value.word() },
        };
        EncodeError { field, reason }
    }
}

impl Step {
    fn compile(kind: &Type, default: Option<&[u8]>) -> Self {
        let (branch, accepts) = match kind.unwrapped_branch() {
            None => (None, Accepts::Encoded),
            Some((branch, kind)) => (branch, Accepts::of(kind)),
        };
        // Number 0 or 1, as only unions of two are unwrapped; Avro doubles what is positive.
        let branch = branch.map(|number| if number == 0 { 0 } else { 2 });
        Self { accepts, branch, default: default.map(Into::into) }
    }

    /// `false` if the slot does not fit.
    #[inline]
    fn encode(&self, slot: &Slot<'_>, out: &mut Vec<u8>) -> bool {
        match (slot, self.accepts) {
            (Slot::Text(text), Accepts::Text) => write_bytes(self.branch(out), text.as_bytes()),
            (Slot::Unset, _) => match &self.default {
                Some(default) => out.extend_from_slice(default),
                None => return false,
            },
            (Slot::Int(number), Accepts::Int) => write_long(self.branch(out), (*number).into()),
            (Slot::Long(number), Accepts::Long) => write_long(self.branch(out), *number),
            (Slot::Boolean(value), Accepts::Boolean) => self.branch(out).push((*value).into()),
            (Slot::Float(number), Accepts::Float) => self.branch(out).extend_from_slice(&number.to_le_bytes()),
            (Slot::Double(number), Accepts::Double) => self.branch(out).extend_from_slice(&number.to_le_bytes()),
            (Slot::Bytes(bytes), Accepts::Bytes) => write_bytes(self.branch(out), bytes),
            (Slot::Encoded(bytes), _) => out.extend_from_slice(bytes),
            _ => return false,
        }
        true
    }

    #[inline]
    fn branch<'o>(&self, out: &'o mut Vec<u8>) -> &'o mut Vec<u8> {
        if let Some(number) = self.branch {
            out.push(number);
        }
        out
    }
}

impl Accepts {
    fn of(kind: &Type) -> Self {
        match kind {
            Type::Boolean => Self::Boolean,
            Type::Int => Self::Int,
            Type::Long => Self::Long,
            Type::Float => Self::Float,
            Type::Double => Self::Double,
            Type::String => Self::Text,
            Type::Bytes => Self::Bytes,
            _ => Self::Encoded,
        }
    }
}

#[cfg(test)]
mod tests;
