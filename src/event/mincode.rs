//! Mincode: the URL-friendly counterpart of JSON in which the tracker sends custom parameters.
//!
//! One value: a type character, inside objects then the member's name, then the payload. `~` makes the next character
//! of a text literal. Nothing is skipped between values, and whatever follows the first value is ignored.
//!
//! ```text
//! s text !   t   f   n   d base-36 integer !   j decimal !   ( member* )   a value* .
//! ```

use std::{borrow::Cow, fmt::Write as _};

use super::{
    ids::{digit, push_base36},
    value::{Decimal, Number, Value, last_wins},
};

/// Objects and arrays within each other, at most; deeper values are refused, so that no reader of a value needs an
/// unlimited stack.
pub const DEPTH_MAX: usize = 1000;

/// Digits of a `d` integer, at most: converting them takes time that grows with their square.
pub const INTEGER_DIGITS_MAX: usize = 10_000;

/// Why a text is no mincode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MincodeError {
    /// No record begins with this character.
    #[error("unknown record type encountered: {0}")]
    UnknownType(char),
    /// `)` where no object is open.
    #[error("unexpected end of object while not in object")]
    NotInObject,
    /// `.` where no array is open.
    #[error("unexpected end of array while not in array")]
    NotInArray,
    /// A text has no `!`.
    #[error("unexpected end-of-input: was expecting end of string value")]
    OpenText,
    /// The input ends behind `~`.
    #[error("unexpected end-of-input in character escape sequence")]
    OpenEscape,
    /// The input ends within an object or array.
    #[error("unexpected end-of-input within an object or array")]
    OpenContainer,
    /// A `d` record does not hold a base-36 integer.
    #[error("invalid integer record")]
    Integer,
    /// A `j` record does not hold a decimal number.
    #[error("invalid number record")]
    Number,
    /// More than [`DEPTH_MAX`] containers within each other.
    #[error("more than {DEPTH_MAX} objects and arrays within each other")]
    TooDeep,
}

type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// A container that is being read.
struct Open<'a> {
    /// Name under which it will be a member, if it is in an object.
    name: Option<Cow<'a, str>>,
    content: Content<'a>,
}

enum Content<'a> {
    Object(Members<'a>),
    Array(Vec<Value<'a>>),
}

/// Reads one value; text without escapes is borrowed.
///
/// # Errors
/// Says what is wrong with the text.
pub fn read(text: &str) -> Result<Value<'_>, MincodeError> {
    if text.is_empty() {
        return Ok(Value::Missing);
    }
    let mut reader = Reader { rest: text };
    let mut open: Vec<Open<'_>> = Vec::new();
    loop {
        let Some(kind) = reader.next() else { return Err(MincodeError::OpenContainer) };
        let (name, value) = match kind {
            ')' => match open.pop() {
                Some(Open { name, content: Content::Object(members) }) => (name, Value::Object(last_wins(members))),
                _ => return Err(MincodeError::NotInObject),
            },
            '.' if !matches!(open.last(), Some(Open { content: Content::Object(_), .. })) => match open.pop() {
                Some(Open { name, content: Content::Array(elements) }) => (name, Value::Array(elements)),
                _ => return Err(MincodeError::NotInArray),
            },
            's' | 't' | 'f' | 'n' | 'd' | 'j' | '(' | 'a' => {
                let name = match open.last() {
                    Some(Open { content: Content::Object(_), .. }) => Some(reader.text()?),
                    _ => None,
                };
                match kind {
                    '(' | 'a' => {
                        if open.len() == DEPTH_MAX {
                            return Err(MincodeError::TooDeep);
                        }
                        let content =
                            if kind == '(' { Content::Object(Vec::new()) } else { Content::Array(Vec::new()) };
                        open.push(Open { name, content });
                        continue;
                    }
                    _ => (name, reader.scalar(kind)?),
                }
            }
            other => return Err(MincodeError::UnknownType(other)),
        };
        match open.last_mut().map(|open| &mut open.content) {
            None => return Ok(value),
            Some(Content::Array(elements)) => elements.push(value),
            Some(Content::Object(members)) => members.push((name.unwrap_or_default(), value)),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    /// A text up to its `!`.
    fn text(&mut self) -> Result<Cow<'a, str>, MincodeError> {
        let mut text = Cow::Borrowed("");
        loop {
            let at = self.rest.find(['!', '~']).ok_or(MincodeError::OpenText)?;
            let (piece, rest) = self.rest.split_at(at);
            if text.is_empty() {
                text = Cow::Borrowed(piece);
            } else {
                text.to_mut().push_str(piece);
            }
            self.rest = &rest[1..];
            if rest.starts_with('!') {
                return Ok(text);
            }
            let literal = self.next().ok_or(MincodeError::OpenEscape)?;
            text.to_mut().push(literal);
        }
    }

    fn scalar(&mut self, kind: char) -> Result<Value<'a>, MincodeError> {
        Ok(match kind {
            's' => Value::Text(self.text()?),
            't' => Value::Boolean(true),
            'f' => Value::Boolean(false),
            'd' => Value::Number(integer(&self.text()?).ok_or(MincodeError::Integer)?),
            'j' => Value::Number(decimal(&self.text()?).ok_or(MincodeError::Number)?),
            _ => Value::Null,
        })
    }
}

/// Reads a base-36 integer of any size.
fn integer(text: &str) -> Option<Number> {
    /// One limb holds nine decimal digits.
    const LIMB: u64 = 1_000_000_000;
    /// Digits that are taken in together: as many as are worth less than a limb.
    const TOGETHER: usize = 5;
    let (negative, digits) = sign(text);
    if digits.is_empty() || digits.len() > INTEGER_DIGITS_MAX {
        return None;
    }
    let mut limbs = vec![0_u64];
    let mut characters = digits.chars().peekable();
    while characters.peek().is_some() {
        let (mut factor, mut carry) = (1_u64, 0_u64);
        for character in characters.by_ref().take(TOGETHER) {
            factor *= 36;
            carry = carry * 36 + u64::from(digit(character, 36)?);
        }
        for limb in &mut limbs {
            let product = *limb * factor + carry;
            *limb = product % LIMB;
            carry = product / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut decimal = String::with_capacity(9 * limbs.len());
    for limb in limbs.iter().rev() {
        // Writing to a string cannot fail.
        let _ = write!(decimal, "{limb:09}");
    }
    Some(Number::integer(negative, &decimal))
}

/// Reads a decimal number with the rules of Java's `BigDecimal`: an integer if it has neither fraction nor exponent in
/// the end, else a decimal without trailing zeros.
fn decimal(text: &str) -> Option<Number> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (text, 0),
    };
    let (negative, mantissa) = sign(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = String::with_capacity(mantissa.len());
    for character in whole.chars().chain(fraction.chars()) {
        digits.push(char::from(b'0' + digit(character, 10)?));
    }
    if digits.is_empty() {
        return None;
    }
    let places = i64::try_from(fraction.chars().count()).ok()?;
    let scale = i32::try_from(places - exponent).ok()?;
    if scale == 0 {
        return Some(Number::integer(negative, &digits));
    }
    Decimal::stripped(negative, &digits, scale).map(Number::Decimal)
}

/// Exponent: an optional sign and digits, of which at most ten count.
fn exponent_of(text: &str) -> Option<i64> {
    let (negative, digits) = sign(text);
    let counting = digits.trim_start_matches('0');
    if digits.is_empty() || counting.chars().count() > 10 {
        return None;
    }
    let mut exponent = 0_i64;
    for character in counting.chars() {
        exponent = exponent * 10 + i64::from(digit(character, 10)?);
    }
    Some(if negative { -exponent } else { exponent })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Writes a value; [`Value::Missing`] as nothing, which is `n` inside an array and left out of an object.
#[must_use]
pub fn write(value: &Value<'_>) -> String {
    let mut out = String::new();
    if *value != Value::Missing {
        put(value, None, &mut out);
    }
    out
}

fn put(value: &Value<'_>, name: Option<&str>, out: &mut String) {
    let mut head = |kind: char| {
        out.push(kind);
        if let Some(name) = name {
            put_text(name, out);
        }
    };
    match value {
        Value::Missing | Value::Null => head('n'),
        Value::Boolean(true) => head('t'),
        Value::Boolean(false) => head('f'),
        Value::Text(text) => {
            head('s');
            put_text(text, out);
        }
        Value::Number(number) => {
            let (kind, text) = number_record(number);
            head(kind);
            put_text(&text, out);
        }
        Value::Array(elements) => {
            head('a');
            for element in elements {
                put(element, None, out);
            }
            out.push('.');
        }
        Value::Object(members) => {
            head('(');
            for (name, value) in members.iter().filter(|(_, value)| *value != Value::Missing) {
                put(value, Some(name), out);
            }
            out.push(')');
        }
    }
}

fn put_text(text: &str, out: &mut String) {
    for character in text.chars() {
        if matches!(character, '!' | '~') {
            out.push('~');
        }
        out.push(character);
    }
    out.push('!');
}

/// Type and payload of a number: integers in base 36 unless a decimal form is shorter.
fn number_record(number: &Number) -> (char, String) {
    match number {
        Number::Integer(integer) => {
            let mut short = String::new();
            push_base36(&mut short, *integer);
            let plain = integer.to_string();
            let scientific = exponential(&format!("{integer:e}"));
            shortest(Some(short), plain, scientific)
        }
        // The tracker never has such a number; as a decimal without fraction it is read as an integer again.
        Number::Big(digits) => ('j', digits.clone()),
        Number::Decimal(decimal) => ('j', decimal.to_string()),
    }
}

/// Type and payload of a number of the tracker, which has floats only. `None` stands for what JSON cannot say: `n`.
#[must_use]
pub fn float_record(number: f64) -> Option<(char, String)> {
    /// Above, not every integer is a float, and floats are written with an exponent.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() {
        return None;
    }
    let scientific = exponential(&format!("{number:e}"));
    let size = number.abs();
    let plain = if size != 0.0 && !(1e-6..1e21).contains(&size) { scientific.clone() } else { format!("{number}") };
    let integer = (number.fract() == 0.0 && size <= EXACT_MAX).then(|| {
        let mut short = String::new();
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 54 bits")]
        push_base36(&mut short, number as i64);
        short
    });
    Some(shortest(integer, plain, scientific))
}

/// Exponential form as JavaScript has it, with the exponent's sign.
fn exponential(text: &str) -> String {
    if text.contains("e-") { text.into() } else { text.replace('e', "e+") }
}

fn shortest(integer: Option<String>, plain: String, scientific: String) -> (char, String) {
    let decimal = if scientific.len() < plain.len() { scientific } else { plain };
    match integer {
        Some(integer) if integer.len() <= decimal.len() => ('d', integer),
        _ => ('j', decimal),
    }
}

#[cfg(test)]
mod tests;
