//! Defaults of fields: JSON to Avro binary.
//!
//! The rules are Avro's, as Java holds them: the default of a union belongs to its first branch, `bytes` and `fixed`
//! are text of the characters U+0000 to U+00FF, one byte each, a whole number may stand for `float` and `double` but
//! `1.0` not for `int` and `long`, a field that a record's default leaves out takes its own default.

use serde_json::Value;

use super::{
    binary::{write_bytes, write_length, write_long},
    kind::{RecordType, Type},
};

/// Values within one default, nested ones included. A record whose fields have records as defaults multiplies.
const DEFAULT_VALUES_MAX: usize = 100_000;

/// Nesting of values within one default. A record that defaults to itself has no end.
const DEFAULT_DEPTH_MAX: usize = 64;

/// Defaults as the schema states them: per record of the schema, per field.
pub type Stated = Vec<Vec<Option<Value>>>;

/// Encodes `value` as a default of type `kind`.
///
/// # Errors
/// Why it is none, in words.
pub fn encode(kind: &Type, value: &Value, records: &[RecordType], stated: &Stated) -> Result<Vec<u8>, String> {
    let mut encoder = Encoder { records, stated, values: 0, out: Vec::new() };
    encoder.value(kind, value, 0)?;
    Ok(encoder.out)
}

struct Encoder<'a> {
    records: &'a [RecordType],
    stated: &'a Stated,
    values: usize,
    out: Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, kind: &Type, value: &Value, depth: usize) -> Result<(), String> {
        self.values += 1;
        if self.values > DEFAULT_VALUES_MAX || depth > DEFAULT_DEPTH_MAX {
            return Err("the default is nested too deeply or too large".to_owned());
        }
        let wrong = || format!("{value} is no default for {kind}");
        match kind {
            Type::Null => value.as_null().ok_or_else(wrong)?,
            Type::Boolean => self.out.push(value.as_bool().ok_or_else(wrong)?.into()),
            Type::Int => {
                let number = value.as_i64().and_then(|number| i32::try_from(number).ok()).ok_or_else(wrong)?;
                write_long(&mut self.out, number.into());
            }
            Type::Long => write_long(&mut self.out, value.as_i64().ok_or_else(wrong)?),
            #[expect(clippy::cast_possible_truncation, reason = "the nearest float is what the schema means")]
            Type::Float => self.out.extend((value.as_f64().ok_or_else(wrong)? as f32).to_le_bytes()),
            Type::Double => self.out.extend(value.as_f64().ok_or_else(wrong)?.to_le_bytes()),
            Type::Bytes => write_bytes(&mut self.out, &latin1(value).ok_or_else(wrong)?),
            Type::String => write_bytes(&mut self.out, value.as_str().ok_or_else(wrong)?.as_bytes()),
            Type::Fixed { size, .. } => {
                let bytes = latin1(value).filter(|bytes| bytes.len() == *size).ok_or_else(wrong)?;
                self.out.extend(bytes);
            }
            Type::Enum { symbols, .. } => {
                let symbol = value.as_str().ok_or_else(wrong)?;
                write_length(&mut self.out, symbols.iter().position(|known| known == symbol).ok_or_else(wrong)?);
            }
            Type::Array(items) => {
                let values = value.as_array().ok_or_else(wrong)?;
                self.sequence(values.len(), values, |encoder, item| encoder.value(items, item, depth + 1))?;
            }
            Type::Map(items) => {
                let entries = value.as_object().ok_or_else(wrong)?;
                self.sequence(entries.len(), entries, |encoder, (key, item)| {
                    write_bytes(&mut encoder.out, key.as_bytes());
                    encoder.value(items, item, depth + 1)
                })?;
            }
            Type::Record(reference) => {
                self.record(reference.index, value, depth).map_err(|reason| reason.unwrap_or_else(wrong))?;
            }
            Type::Union(branches) => {
                write_long(&mut self.out, 0);
                self.value(branches.first().ok_or_else(wrong)?, value, depth + 1)?;
            }
        }
        Ok(())
    }

    /// `Err(None)`: `value` is no object.
    fn record(&mut self, index: usize, value: &Value, depth: usize) -> Result<(), Option<String>> {
        let given = value.as_object().ok_or(None)?;
        let (records, stated) = (self.records, self.stated);
        for (field, default) in records[index].fields.iter().zip(&stated[index]) {
            let value = given.get(&field.name).or(default.as_ref()).ok_or_else(|| {
                format!(
                    "the default leaves out field '{}' of {}, which has no default",
                    field.name, records[index].name
                )
            })?;
            self.value(&field.kind, value, depth + 1)?;
        }
        Ok(())
    }

    fn sequence<T>(
        &mut self,
        length: usize,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T) -> Result<(), String>,
    ) -> Result<(), String> {
        if length > 0 {
            write_length(&mut self.out, length);
            for item in items {
                each(self, item)?;
            }
        }
        write_long(&mut self.out, 0);
        Ok(())
    }
}

fn latin1(value: &Value) -> Option<Vec<u8>> {
    value.as_str()?.chars().map(|letter| u8::try_from(letter).ok()).collect()
}
