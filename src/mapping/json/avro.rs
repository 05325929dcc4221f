//! JSON values to Avro binary of any schema whose unions have one branch, or two with null.
//!
//! What cannot be converted is left out as a whole, so that an earlier value or the default of its field stays. A value
//! that can be converted but must not be written there, such as a null among items that cannot be null, costs the event.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Document, NodeId, View};
use crate::{
    mapping::java::number::{parse_double, parse_float},
    record::{
        binary::{write_bytes, write_long},
        kind::{RecordRef, Type, Types},
    },
};

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// The value is null, or of another type: the field stays as it is.
    Left,
    /// The record cannot be written: why.
    Dead(String),
}

type Written<T = Wrote> = Result<T, Unwritten>;

/// What came of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrote {
    Value,
    /// Nothing was written, because the value is null.
    Null,
}

/// Appends the value as a field of type `kind`, a union's branch number included. On error `out` is as it was.
///
/// # Errors
/// Why nothing was written.
pub fn write(document: &Document, value: NodeId, kind: &Type, types: &Types, out: &mut Vec<u8>) -> Written<()> {
    let start = out.len();
    let wrote = Writer { document, types, out }.value(value, kind);
    match wrote {
        Ok(Wrote::Value) => Ok(()),
        Ok(Wrote::Null) => {
            out.truncate(start);
            Err(Unwritten::Left)
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// The first union in a type that no JSON value can be written to.
#[must_use]
pub fn odd_union<'t>(kind: &'t Type, types: &'t Types) -> Option<&'t Type> {
    find_odd(kind, types, &mut Vec::new())
}

fn find_odd<'t>(kind: &'t Type, types: &'t Types, seen: &mut Vec<&'t str>) -> Option<&'t Type> {
    match kind {
        Type::Union(branches) => {
            let fits = match &branches[..] {
                [_] => true,
                [left, right] => (*left == Type::Null) != (*right == Type::Null),
                _ => false,
            };
            if fits { branches.iter().find_map(|branch| find_odd(branch, types, seen)) } else { Some(kind) }
        }
        Type::Array(items) => find_odd(items, types, seen),
        Type::Map(values) => find_odd(values, types, seen),
        Type::Record(record) => {
            if seen.contains(&record.name.as_str()) {
                return None;
            }
            seen.push(&record.name);
            types[record].fields.iter().find_map(|field| find_odd(&field.kind, types, seen))
        }
        _ => None,
    }
}

struct Writer<'d, 'o> {
    document: &'d Document,
    types: &'d Types,
    out: &'o mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: NodeId, kind: &Type) -> Written {
        match kind {
            Type::Union(branches) => return self.union(value, branches),
            Type::Array(items) => return self.array(value, items),
            Type::Map(values) => return self.map(value, values),
            Type::Record(record) => return self.record(value, record),
            Type::Fixed { size, name } => return self.fixed(value, *size, name),
            _ => {}
        }
        let view = self.document.view(value);
        match kind {
            Type::Null => return if view == View::Null { Ok(Wrote::Value) } else { Err(Unwritten::Left) },
            Type::Bytes => return self.bytes(view),
            Type::Enum { symbols, .. } => return self.symbol(value, symbols),
            _ => {}
        }
        // A list of one stands for what is in it.
        if let (View::Array(1), Some(inner)) = (view, self.document.element(value, 0)) {
            if self.document.view(inner) == View::Null {
                return Err(Unwritten::Left);
            }
            return self.value(inner, kind);
        }
        if matches!(view, View::Null | View::Missing) {
            return if view == View::Null { Ok(Wrote::Null) } else { Err(Unwritten::Left) };
        }
        match kind {
            Type::String => {
                let out = &mut *self.out;
                let text = self.document.scalar_text(value, |text| write_bytes(out, text.as_bytes()));
                text.map(|()| Wrote::Value).ok_or(Unwritten::Left)
            }
            Type::Int => self.integer(view, i64::from(i32::MIN)..=i64::from(i32::MAX)),
            Type::Long => self.integer(view, i64::MIN..=i64::MAX),
            Type::Float => self.float(view),
            Type::Double => self.double(view),
            _ => self.boolean(view),
        }
    }

    fn integer(&mut self, view: View<'_>, range: std::ops::RangeInclusive<i64>) -> Written {
        let number = match view {
            View::Integer(number) => Some(number),
            View::Double(number) => truncated(number),
            View::Decimal(text) => text.parse().ok().and_then(truncated),
            View::Text(text) => match text.trim() {
                "" | "null" => return Ok(Wrote::Null),
                text => text.parse().ok(),
            },
            _ => None,
        };
        let number = number.filter(|number| range.contains(number)).ok_or(Unwritten::Left)?;
        write_long(self.out, number);
        Ok(Wrote::Value)
    }

    fn double(&mut self, view: View<'_>) -> Written {
        #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is wanted")]
        let number = match view {
            View::Integer(number) => Some(number as f64),
            View::Double(number) => Some(number),
            View::Big(text) | View::Decimal(text) => text.parse().ok(),
            View::Text(text) => match text.trim() {
                "" | "null" => return Ok(Wrote::Null),
                "INF" => Some(f64::INFINITY),
                "-INF" => Some(f64::NEG_INFINITY),
                text => parse_double(text),
            },
            _ => None,
        };
        self.out.extend_from_slice(&number.ok_or(Unwritten::Left)?.to_le_bytes());
        Ok(Wrote::Value)
    }

    fn float(&mut self, view: View<'_>) -> Written {
        #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is wanted")]
        #[expect(clippy::cast_possible_truncation, reason = "a double beyond its range is infinite, as in Java")]
        let number = match view {
            View::Integer(number) => Some(number as f32),
            View::Double(number) => Some(number as f32),
            View::Big(text) | View::Decimal(text) => text.parse::<f64>().ok().map(|number| number as f32),
            View::Text(text) => match text.trim() {
                "" | "null" => return Ok(Wrote::Null),
                "INF" => Some(f32::INFINITY),
                "-INF" => Some(f32::NEG_INFINITY),
                text => parse_float(text),
            },
            _ => None,
        };
        self.out.extend_from_slice(&number.ok_or(Unwritten::Left)?.to_le_bytes());
        Ok(Wrote::Value)
    }

    fn boolean(&mut self, view: View<'_>) -> Written {
        let value = match view {
            View::Boolean(value) => value,
            View::Integer(number) => number != 0,
            View::Big(_) => true,
            View::Text(text) => match text.trim() {
                "true" | "True" => true,
                "false" | "False" => false,
                "" | "null" => return Ok(Wrote::Null),
                _ => return Err(Unwritten::Left),
            },
            _ => return Err(Unwritten::Left),
        };
        self.out.push(value.into());
        Ok(Wrote::Value)
    }

    fn symbol(&mut self, value: NodeId, symbols: &[String]) -> Written {
        if let (View::Array(1), Some(inner)) = (self.document.view(value), self.document.element(value, 0)) {
            return self.symbol(inner, symbols);
        }
        let text = self.document.text_of(value);
        let number = text.and_then(|text| symbols.iter().position(|symbol| symbol == text));
        write_long(self.out, count(number.ok_or(Unwritten::Left)?));
        Ok(Wrote::Value)
    }

    fn bytes(&mut self, view: View<'_>) -> Written {
        match view {
            View::Text(text) => {
                let bytes = base64(text).ok_or(Unwritten::Left)?;
                write_bytes(self.out, &bytes);
                Ok(Wrote::Value)
            }
            View::Null => Ok(Wrote::Null),
            View::Missing => Err(Unwritten::Left),
            other => Err(Unwritten::Dead(format!("bytes cannot be made of {}", describe(other)))),
        }
    }

    /// Base64 text, or numbers of one byte each. What is too long is cut; what is too short is no value of the type.
    fn fixed(&mut self, value: NodeId, size: usize, name: &str) -> Written {
        let bytes = match self.document.view(value) {
            View::Text(text) => base64(text).ok_or(Unwritten::Left)?,
            View::Integer(number) => vec![low_byte(number)],
            View::Array(length) => {
                let mut bytes = Vec::with_capacity(length.min(size));
                for index in 0..length {
                    let element = self.document.element(value, index).map(|element| self.document.view(element));
                    let Some(View::Integer(number)) = element else { return Err(Unwritten::Left) };
                    if !(-128..=255).contains(&number) {
                        return Err(Unwritten::Left);
                    }
                    bytes.push(low_byte(number));
                }
                bytes
            }
            View::Missing => return Err(Unwritten::Left),
            other => {
                return Err(Unwritten::Dead(format!("{size} bytes of {name} cannot be made of {}", describe(other))));
            }
        };
        let Some(kept) = bytes.get(..size) else {
            let message = format!("has {} bytes where {name} has {size}", bytes.len());
            return Err(Unwritten::Dead(message));
        };
        self.out.extend_from_slice(kept);
        Ok(Wrote::Value)
    }

    fn array(&mut self, value: NodeId, items: &Type) -> Written {
        let length = match self.document.view(value) {
            View::Array(length) => Some(length),
            View::Missing => return Err(Unwritten::Left),
            _ => None,
        };
        // Anything but a list is a list of one.
        let length_written = length.unwrap_or(1);
        if length_written > 0 {
            write_long(self.out, count(length_written));
            for index in 0..length_written {
                let element = if length.is_some() { self.document.element(value, index) } else { Some(value) };
                let Some(element) = element else { continue };
                self.inner(element, items, || "null among items that cannot be null".to_owned())?;
            }
        }
        self.out.push(0);
        Ok(Wrote::Value)
    }

    fn map(&mut self, value: NodeId, values: &Type) -> Written {
        let View::Object(length) = self.document.view(value) else { return Err(Unwritten::Left) };
        if length > 0 {
            write_long(self.out, count(length));
            for index in 0..length {
                let Some((name, value)) = self.document.member(value, index) else { continue };
                let name = self.document.text_of(name).unwrap_or_default();
                write_bytes(self.out, name.as_bytes());
                self.inner(value, values, || format!("null under `{name}`, where it cannot be null"))?;
            }
        }
        self.out.push(0);
        Ok(Wrote::Value)
    }

    fn record(&mut self, value: NodeId, record: &RecordRef) -> Written {
        let View::Object(_) = self.document.view(value) else { return Err(Unwritten::Left) };
        for field in &self.types[record].fields {
            match (self.document.find(value, &field.name), &field.default) {
                (Some((_, value)), _) => {
                    self.inner(value, &field.kind, || format!("`{}` of {} cannot be null", field.name, record.name))?;
                }
                (None, Some(default)) => self.out.extend_from_slice(default),
                (None, None) => {
                    let message = format!("`{}` of {} is missing and has no default", field.name, record.name);
                    return Err(Unwritten::Dead(message));
                }
            }
        }
        Ok(Wrote::Value)
    }

    /// A value inside another one, where something must be written.
    fn inner(&mut self, value: NodeId, kind: &Type, why: impl FnOnce() -> String) -> Written<()> {
        let start = self.out.len();
        match self.value(value, kind)? {
            Wrote::Value => Ok(()),
            Wrote::Null => {
                self.out.truncate(start);
                let Type::Union(branches) = kind else { return Err(Unwritten::Dead(why())) };
                let null = branches.iter().position(|branch| *branch == Type::Null);
                write_long(self.out, count(null.ok_or_else(|| Unwritten::Dead(why()))?));
                Ok(())
            }
        }
    }

    fn union(&mut self, value: NodeId, branches: &[Type]) -> Written {
        let number = branches.iter().position(|branch| *branch != Type::Null).unwrap_or_default();
        write_long(self.out, count(number));
        branches.get(number).map_or(Err(Unwritten::Left), |branch| self.value(value, branch))
    }
}

fn truncated(number: f64) -> Option<i64> {
    // 2^63 itself is the first double beyond.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "cut towards zero, as in Java; the range was checked")]
    fits.then_some(number as i64)
}

fn low_byte(number: i64) -> u8 {
    number.to_le_bytes()[0]
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Standard alphabet, padded; blanks between groups of four are skipped.
fn base64(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte <= b' ') {
        let plain: String = text.chars().filter(|letter| *letter > ' ').collect();
        return STANDARD.decode(plain).ok();
    }
    STANDARD.decode(text).ok()
}

fn describe(view: View<'_>) -> &'static str {
    match view {
        View::Missing => "nothing",
        View::Null => "null",
        View::Boolean(_) => "a boolean",
        View::Integer(_) | View::Big(_) | View::Decimal(_) | View::Double(_) => "a number",
        View::Text(_) => "a text",
        View::Array(_) => "an array",
        View::Object(_) => "an object",
    }
}
