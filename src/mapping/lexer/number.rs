//! Numbers: `42`, `1_000`, `0x1F`, `0b11`, `017`, with the suffixes of Groovy.

use super::{Lexer, TokenKind};
use crate::mapping::{
    ast::{Number, Span},
    diagnostic::BAD_LITERAL,
};

impl Lexer<'_, '_> {
    pub(super) fn number(&mut self) -> TokenKind {
        let start = self.at;
        let rest = self.rest();
        let radix = match rest.get(..2) {
            Some("0x" | "0X") => 16,
            Some("0b" | "0B") => 2,
            _ => 10,
        };
        let length = if radix == 10 { decimal_length(rest) } else { 2 + digits(&rest[2..], radix) };
        let suffix_end = rest[length..].find(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        let suffix_end = suffix_end.map_or(rest.len(), |end| length + end);
        let (body, suffix) = (rest[..length].replace('_', ""), rest[length..suffix_end].to_ascii_lowercase());
        let number = read(&body, &suffix, radix);
        self.at += suffix_end;
        if number.is_none() {
            let span = Span::new(start, self.at);
            self.report(BAD_LITERAL, span, format!("`{}` is no number", &self.script[span.range()]));
        }
        // After a fault some value stands in, so that the parser does not stumble as well.
        TokenKind::Number(number.unwrap_or(Number::Int(0)))
    }
}

fn digits(text: &str, radix: u32) -> usize {
    text.find(|letter: char| !(letter.is_digit(radix) || letter == '_')).unwrap_or(text.len())
}

/// Length of the digits, the fraction (at least one digit) and the exponent.
fn decimal_length(text: &str) -> usize {
    let mut length = digits(text, 10);
    if let Some(fraction) = text[length..].strip_prefix('.')
        && fraction.starts_with(|letter: char| letter.is_ascii_digit())
    {
        length += 1 + digits(fraction, 10);
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.starts_with(|letter: char| letter.is_ascii_digit()) {
            length += 1 + (exponent.len() - unsigned.len()) + digits(unsigned, 10);
        }
    }
    length
}

fn read(body: &str, suffix: &str, radix: u32) -> Option<Number> {
    let whole = !body.contains(['.', 'e', 'E']) || radix == 16;
    match suffix {
        "f" if radix == 10 => return body.parse().ok().map(Number::Float),
        "d" if radix == 10 => return body.parse().ok().map(Number::Double),
        "" | "g" if !whole => return Some(Number::Decimal(body.to_owned())),
        _ if !whole => return None,
        _ => {}
    }
    let (digits, radix) = match radix {
        10 if body.len() > 1 && body.starts_with('0') => (&body[1..], 8),
        10 => (body, 10),
        radix => (&body[2..], radix),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok();
    let int = value.and_then(|value| i32::try_from(value).ok()).map(Number::Int);
    let long = value.and_then(|value| i64::try_from(value).ok()).map(Number::Long);
    let big = value.map(|value| Number::Big(value.to_string())).or_else(|| Some(Number::Big(digits.to_owned())));
    match suffix {
        "" => int.or(long).or(big),
        "i" => int,
        "l" => long,
        "g" => big,
        _ => None,
    }
}
