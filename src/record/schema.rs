//! The operator's Avro schema: read, checked, and turned into [`Type`]s.
//!
//! `apache-avro` checks names, references and unions; the defaults are checked and encoded by `default.rs`, because
//! theirs accepts a default that belongs to a later branch of a union, which Java refuses. The text itself is kept for
//! the files: documentation, aliases, logical types and unknown properties survive in their order.

use std::collections::HashMap;

use apache_avro::schema::{InnerDecimalSchema, Name, RecordField, Schema, UuidSchema};
use serde_json::Value;

mod place;

pub use super::kind::{Field, Logical, RecordRef, RecordType, Type, Types};
use super::{
    default::{self, Stated},
    text,
};

/// Where `apache-avro` hands a field's default through without looking at it.
const DEFAULT_ASIDE: &str = "headwater.default";

/// Bytes of a schema's text.
pub const SCHEMA_BYTES_MAX: usize = 4 << 20;

/// A schema that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", position.map(|position| format!(" at line {} column {}", position.line, position.column)).unwrap_or_default())]
pub struct SchemaError {
    /// What is wrong, in one lower-case sentence without a final dot.
    pub message: String,
    /// Where; known for mistakes in the JSON itself.
    pub position: Option<Position>,
}

/// A place in the text of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// Byte in the text, from 0.
    pub offset: usize,
}

/// The schema of the records that a mapping makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSchema {
    json: String,
    types: Types,
}

impl RecordSchema {
    /// Reads the text of an `.avsc` file. Comments (`//` and `/* */`) are allowed, as is a byte order mark.
    ///
    /// # Errors
    /// The text is no JSON, no Avro schema or no record, a name is defined twice, or a default does not fit.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let AnySchema { json, kind, types } = AnySchema::read(text, Defaults::Check)?;
        match kind {
            Type::Record(_) => Ok(Self { json, types }),
            other => {
                let start = text.len()
                    - text.trim_start_matches(|letter: char| letter == '\u{feff}' || letter.is_whitespace()).len();
                Err(SchemaError::at(
                    text,
                    start,
                    format!("the schema is of type {}, but must be a record", other.word()),
                ))
            }
        }
    }

    /// The schema as it goes into files: the operator's JSON without comments and blanks.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Full name of the record.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.root().name
    }

    /// The fields, in the order in which they are written.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.root().fields
    }

    /// All record types, to look up a [`Type::Record`].
    #[must_use]
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// The record as a type, to be used with [`Self::types`].
    #[must_use]
    pub fn kind(&self) -> Type {
        Type::Record(RecordRef { index: 0, name: self.name().to_owned() })
    }

    fn root(&self) -> &RecordType {
        // The reader enters a record before its fields, and the schema as a whole is a record.
        &self.types.0[0]
    }
}

/// Any schema, as a container file may hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnySchema {
    /// The schema's JSON without comments and blanks.
    pub json: String,
    /// The type.
    pub kind: Type,
    /// The record types in it.
    pub types: Types,
}

/// What to do with the defaults of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defaults {
    /// Check and encode them.
    Check,
    /// Leave them: who only reads what was written with the schema needs none.
    Ignore,
}

impl AnySchema {
    /// Reads the text of a schema.
    ///
    /// # Errors
    /// The text is no JSON or no Avro schema, a name is defined twice or, if they are to be checked, a default does
    /// not fit.
    pub fn read(text: &str, defaults: Defaults) -> Result<Self, SchemaError> {
        if text.len() > SCHEMA_BYTES_MAX {
            return Err(SchemaError::new(format!("the schema is longer than {SCHEMA_BYTES_MAX} bytes")));
        }
        let marked = text.len() - text.trim_start_matches('\u{feff}').len();
        let plain = text::blank_comments(&text[marked..])
            .map_err(|start| SchemaError::at(text, marked + start, "this comment never ends"))?;
        let value = serde_json::from_str(&plain).map_err(|error| SchemaError::json(text, marked, &plain, &error))?;
        let (kind, types) = Self::understand(value, defaults).map_err(|error| {
            let start = place::of(&error.message, &plain);
            start.map_or(error.clone(), |start| SchemaError::at(text, marked + start, error.message))
        })?;
        Ok(Self { json: text::minify(&plain), kind, types })
    }

    fn understand(mut value: Value, defaults: Defaults) -> Result<(Type, Types), SchemaError> {
        put_defaults_aside(&mut value)?;
        let schema = Schema::parse(&value).map_err(|error| SchemaError::new(own_style(&error.to_string())))?;
        let mut converter = Converter::default();
        let kind = converter.convert(&schema)?;
        if defaults == Defaults::Check {
            converter.encode_defaults()?;
        }
        Ok((kind, Types(converter.records)))
    }

    /// The schema's JSON, laid out over lines.
    #[must_use]
    pub fn pretty(&self) -> String {
        text::pretty(&self.json)
    }
}

impl SchemaError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), position: None }
    }

    fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before[line_start..].chars().filter(|letter| *letter != '\u{feff}').count() + 1;
        Self { message: message.into(), position: Some(Position { line, column, offset }) }
    }

    /// `plain` is `text` from byte `marked` on, byte for byte but for its comments.
    fn json(text: &str, marked: usize, plain: &str, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let line_start: usize = plain.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        // serde_json counts bytes, and gives the end of a line as column 0 of the next.
        let mut offset = (marked + line_start + error.column()).saturating_sub(1).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        Self::at(text, offset, format!("the schema is no JSON: {message}"))
    }
}

/// A message in the way of our own: no capital in front, no dot at the end.
fn own_style(message: &str) -> String {
    let message = message.trim_end_matches(['.', '!']);
    let mut letters = message.chars();
    match letters.next() {
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => message.to_owned(),
    }
}

/// Renames the defaults of fields, so that only we judge them.
fn put_defaults_aside(value: &mut Value) -> Result<(), SchemaError> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(put_defaults_aside),
        Value::Object(members) => {
            if let Some(Value::Array(fields)) = members.get_mut("fields") {
                for field in fields {
                    let Value::Object(field) = field else {
                        return Err(SchemaError::new(format!("{field} is no field of a record")));
                    };
                    if let Some(default) = field.remove("default") {
                        field.insert(DEFAULT_ASIDE.to_owned(), default);
                    }
                    field.get_mut("type").map_or(Ok(()), put_defaults_aside)?;
                }
            }
            ["type", "items", "values"]
                .into_iter()
                .try_for_each(|key| members.get_mut(key).map_or(Ok(()), put_defaults_aside))
        }
        _ => Ok(()),
    }
}

/// Turns `apache-avro`'s tree into ours.
#[derive(Default)]
struct Converter {
    records: Vec<RecordType>,
    stated: Stated,
    /// Full name to type, for references.
    named: HashMap<String, Type>,
}

/// What a type means, or the branch of a union of two that is meant for values.
fn logical(schema: &Schema) -> Option<Logical> {
    Some(match schema {
        Schema::Union(union) => {
            let branches = union.variants();
            let branch = branches.iter().find(|branch| **branch != Schema::Null)?;
            return if branches.len() == 2 { logical(branch) } else { None };
        }
        Schema::Date => Logical::Date,
        Schema::TimeMillis => Logical::Time(1000),
        Schema::TimeMicros => Logical::Time(1_000_000),
        Schema::TimestampMillis | Schema::LocalTimestampMillis => Logical::Timestamp(1000),
        Schema::TimestampMicros | Schema::LocalTimestampMicros => Logical::Timestamp(1_000_000),
        Schema::TimestampNanos | Schema::LocalTimestampNanos => Logical::Timestamp(1_000_000_000),
        Schema::Decimal(decimal) => Logical::Decimal { precision: decimal.precision, scale: decimal.scale },
        Schema::Uuid(UuidSchema::Bytes | UuidSchema::Fixed(_)) => Logical::Uuid,
        _ => return None,
    })
}

impl Converter {
    fn convert(&mut self, schema: &Schema) -> Result<Type, SchemaError> {
        Ok(match schema {
            Schema::Null => Type::Null,
            Schema::Boolean => Type::Boolean,
            Schema::Int | Schema::Date | Schema::TimeMillis => Type::Int,
            Schema::Long
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => Type::Long,
            Schema::Float => Type::Float,
            Schema::Double => Type::Double,
            Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => Type::Bytes,
            Schema::String | Schema::Uuid(UuidSchema::String) => Type::String,
            Schema::Fixed(fixed) | Schema::Duration(fixed) | Schema::Uuid(UuidSchema::Fixed(fixed)) => {
                self.define(&fixed.name, |name| Type::Fixed { name, size: fixed.size })?
            }
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Bytes => Type::Bytes,
                InnerDecimalSchema::Fixed(fixed) => {
                    self.define(&fixed.name, |name| Type::Fixed { name, size: fixed.size })?
                }
            },
            Schema::Enum(kind) => self.define(&kind.name, |name| Type::Enum { name, symbols: kind.symbols.clone() })?,
            Schema::Array(array) => Type::Array(Box::new(self.convert(&array.items)?)),
            Schema::Map(map) => Type::Map(Box::new(self.convert(&map.types)?)),
            Schema::Union(union) => {
                Type::Union(union.variants().iter().map(|branch| self.convert(branch)).collect::<Result<_, _>>()?)
            }
            Schema::Record(record) => self.record(&record.name, &record.fields)?,
            Schema::Ref { name } => {
                let name = name.fullname(None);
                let known = self.named.get(&name).cloned();
                known.ok_or_else(|| SchemaError::new(format!("'{name}' is used but not defined")))?
            }
        })
    }

    fn record(&mut self, name: &Name, fields: &[RecordField]) -> Result<Type, SchemaError> {
        let index = self.records.len();
        let kind = self.define(name, |name| Type::Record(RecordRef { index, name }))?;
        self.records.push(RecordType { name: name.fullname(None), fields: Vec::new() });
        self.stated.push(fields.iter().map(|field| field.custom_attributes.get(DEFAULT_ASIDE).cloned()).collect());
        let fields = fields
            .iter()
            .map(|field| {
                let (name, aliases) = (field.name.clone(), field.aliases.clone());
                let (kind, logical) = (self.convert(&field.schema)?, logical(&field.schema));
                Ok(Field { name, aliases, kind, logical, default: None })
            })
            .collect::<Result<Vec<_>, SchemaError>>()?;
        self.records[index].fields = fields;
        Ok(kind)
    }

    fn define(&mut self, name: &Name, kind: impl FnOnce(String) -> Type) -> Result<Type, SchemaError> {
        let name = name.fullname(None);
        let kind = kind(name.clone());
        if self.named.insert(name.clone(), kind.clone()).is_some() {
            return Err(SchemaError::new(format!("'{name}' is defined twice")));
        }
        Ok(kind)
    }

    fn encode_defaults(&mut self) -> Result<(), SchemaError> {
        let mut encoded = Vec::new();
        for (record, stated) in self.records.iter().zip(&self.stated) {
            for (field, value) in record.fields.iter().zip(stated) {
                let default =
                    value.as_ref().map(|value| default::encode(&field.kind, value, &self.records, &self.stated));
                encoded.push(default.transpose().map_err(|reason| {
                    SchemaError::new(format!("field '{}' of {}: {reason}", field.name, record.name))
                })?);
            }
        }
        let fields = self.records.iter_mut().flat_map(|record| &mut record.fields);
        fields.zip(encoded).for_each(|(field, default)| field.default = default);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
