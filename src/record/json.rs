//! A record as JSON, straight from its Avro binary.
//!
//! | Avro | JSON |
//! |---|---|
//! | null, boolean, string, array, map, record | the same |
//! | int, long | number, all digits |
//! | float, double | number; float widened to double; not finite: `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | bytes, fixed | text in base64, with padding |
//! | enum | its symbol as text |
//! | union | the value alone, without the branch's name |
//!
//! Logical types show as the type below them. Text that is no UTF-8 shows U+FFFD in place of what is wrong.
//! The binary may be damaged: every length is checked, and nesting and values without bytes have a limit.

use std::{fmt::Display, io::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    binary::{NUMBER_BYTES_MAX, read_long},
    kind::{Field, Type, Types},
};

/// Nesting of records, arrays and maps: as deep as common JSON readers go.
const DEPTH_MAX: usize = 128;

/// Values of one record that take no bytes in Avro: an array of nulls may have any length.
pub const EMPTY_VALUES_MAX: usize = 1_000_000;

const TOO_LONG: DatumError = DatumError::Wrong("a number of more than 64 bits");

/// Why a datum cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatumError {
    /// The data end within a value.
    #[error("the data end within a value")]
    Ends,
    /// A length, a number or a choice that cannot be.
    #[error("the data hold {0}")]
    Wrong(&'static str),
    /// A limit is passed.
    #[error("the data are nested more than {DEPTH_MAX} deep")]
    TooDeep,
    /// A limit is passed.
    #[error("the data hold more than {EMPTY_VALUES_MAX} values without bytes")]
    TooManyEmpty,
}

/// Takes a datum of type `kind` off the front of `data` and appends it to `out` as JSON. On error `out` is as it was.
///
/// # Errors
/// The data do not hold such a datum, or one beyond the limits.
pub fn write_json(kind: &Type, types: &Types, data: &mut &[u8], out: &mut Vec<u8>) -> Result<(), DatumError> {
    let start = out.len();
    let mut printer = Printer { types, data, out, empty_values: 0 };
    match printer.value(kind, 0) {
        Ok(()) => {
            *data = printer.data;
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

struct Printer<'p, 'd> {
    types: &'p Types,
    data: &'d [u8],
    out: &'p mut Vec<u8>,
    empty_values: usize,
}

impl<'d> Printer<'_, 'd> {
    fn value(&mut self, kind: &Type, depth: usize) -> Result<(), DatumError> {
        if depth > DEPTH_MAX {
            return Err(DatumError::TooDeep);
        }
        let before = self.data.len();
        match kind {
            Type::Null => self.print("null"),
            Type::Boolean => match self.take(1)? {
                [0] => self.print("false"),
                [1] => self.print("true"),
                _ => return Err(DatumError::Wrong("a boolean that is neither 0 nor 1")),
            },
            Type::Int => {
                let number =
                    i32::try_from(self.long()?).map_err(|_| DatumError::Wrong("an int of more than 32 bits"))?;
                self.print(number);
            }
            Type::Long => {
                let number = self.long()?;
                self.print(number);
            }
            Type::Float => {
                let number = f32::from_le_bytes(self.array()?);
                self.floating(number.into());
            }
            Type::Double => {
                let number = f64::from_le_bytes(self.array()?);
                self.floating(number);
            }
            Type::Bytes => {
                let bytes = self.bytes()?;
                self.base64(bytes);
            }
            Type::Fixed { size, .. } => {
                let bytes = self.take(*size)?;
                self.base64(bytes);
            }
            Type::String => {
                let bytes = self.bytes()?;
                self.text(&String::from_utf8_lossy(bytes));
            }
            Type::Enum { symbols, .. } => {
                let symbol = self.choice(symbols)?;
                self.text(symbol);
            }
            Type::Union(branches) => {
                let branch = self.choice(branches)?;
                self.value(branch, depth)?;
            }
            Type::Array(items) => self.blocks(*b"[]", |printer| printer.value(items, depth + 1))?,
            Type::Map(values) => self.blocks(*b"{}", |printer| {
                let key = printer.bytes()?;
                printer.text(&String::from_utf8_lossy(key));
                printer.out.push(b':');
                printer.value(values, depth + 1)
            })?,
            Type::Record(reference) => self.record(&self.types[reference].fields, depth)?,
        }
        if self.data.len() == before {
            self.empty_values += 1;
            if self.empty_values > EMPTY_VALUES_MAX {
                return Err(DatumError::TooManyEmpty);
            }
        }
        Ok(())
    }

    fn record(&mut self, fields: &[Field], depth: usize) -> Result<(), DatumError> {
        self.out.push(b'{');
        for (number, field) in fields.iter().enumerate() {
            if number > 0 {
                self.out.push(b',');
            }
            self.text(&field.name);
            self.out.push(b':');
            self.value(&field.kind, depth + 1)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Arrays and maps come in blocks of items; a block of none is the end.
    fn blocks(
        &mut self,
        brackets: [u8; 2],
        mut item: impl FnMut(&mut Self) -> Result<(), DatumError>,
    ) -> Result<(), DatumError> {
        self.out.push(brackets[0]);
        let mut first = true;
        loop {
            let count = self.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                // Then the block's length in bytes follows, for those who skip it.
                self.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                if !first {
                    self.out.push(b',');
                }
                first = false;
                item(self)?;
            }
        }
        self.out.push(brackets[1]);
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'d [u8], DatumError> {
        let (taken, rest) = self.data.split_at_checked(length).ok_or(DatumError::Ends)?;
        self.data = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DatumError> {
        let (taken, rest) = self.data.split_first_chunk().ok_or(DatumError::Ends)?;
        self.data = rest;
        Ok(*taken)
    }

    fn long(&mut self) -> Result<i64, DatumError> {
        let broken = if self.data.len() < NUMBER_BYTES_MAX { DatumError::Ends } else { TOO_LONG };
        read_long(&mut self.data).ok_or(broken)
    }

    fn bytes(&mut self) -> Result<&'d [u8], DatumError> {
        let length = usize::try_from(self.long()?).map_err(|_| DatumError::Wrong("a negative length"))?;
        self.take(length)
    }

    fn choice<'t, T>(&mut self, of: &'t [T]) -> Result<&'t T, DatumError> {
        let number = self.long()?;
        let choice = usize::try_from(number).ok().and_then(|number| of.get(number));
        choice.ok_or(DatumError::Wrong("a number of a symbol or a union's branch that does not exist"))
    }

    fn print(&mut self, value: impl Display) {
        write!(self.out, "{value}").expect("a vector takes everything");
    }

    fn floating(&mut self, number: f64) {
        if number.is_finite() {
            serde_json::to_writer(&mut *self.out, &number).expect("a vector takes every number");
        } else if number.is_nan() {
            self.print("\"NaN\"");
        } else {
            self.print(if number > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        }
    }

    fn text(&mut self, text: &str) {
        serde_json::to_writer(&mut *self.out, text).expect("a vector takes every text");
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.text(&STANDARD.encode(bytes));
    }
}

#[cfg(test)]
mod tests;
