//! Numbers as Java writes and reads them.

use std::fmt::Write as _;

/// Appends a double as `Double.toString` writes it: `1.0`, `1.0E-5`, `1.0E20`; plain from 0.001 to below ten million.
pub fn push_double(number: f64, out: &mut String) {
    if number.is_nan() {
        out.push_str("NaN");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        push_shortest(&format!("{number:e}"), out);
    }
}

/// Appends a float as `Float.toString` writes it.
pub fn push_float(number: f32, out: &mut String) {
    if number.is_finite() { push_shortest(&format!("{number:e}"), out) } else { push_double(number.into(), out) }
}

/// `scientific` has the shortest digits that tell the number from its neighbours, such as `-1.25e-7`.
fn push_shortest(scientific: &str, out: &mut String) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.push_str(sign);
    let zero = if fraction.is_empty() { "0" } else { fraction };
    match usize::try_from(exponent) {
        Ok(0) => out.extend([whole, ".", zero]),
        Ok(shift @ 1..7) => {
            out.push_str(whole);
            if fraction.len() > shift {
                out.extend([&fraction[..shift], ".", &fraction[shift..]]);
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "{fraction:0<shift$}.0");
            }
        }
        Err(_) if exponent >= -3 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', usize::try_from(-exponent - 1).unwrap_or_default()));
            out.extend([whole, fraction]);
        }
        _ => {
            let _ = write!(out, "{whole}.{zero}E{exponent}");
        }
    }
}

/// Reads a floating number as `Double.parseDouble` does, but without blanks around it: decimal or hexadecimal, with
/// sign, exponent and suffix `f` or `d`; `NaN` and `Infinity`. None if it is none.
#[must_use]
pub fn parse_double(text: &str) -> Option<f64> {
    match Shape::of(text)? {
        Shape::Named(value) => Some(value),
        Shape::Decimal(digits) => digits.parse().ok(),
        Shape::Hex { negative, digits, exponent } => Some(sign(negative, hex(digits, exponent, 53, -1022))),
    }
}

/// As [`parse_double`], rounded once to 32 bits.
#[must_use]
pub fn parse_float(text: &str) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the value has been rounded to 32 bits already")]
    match Shape::of(text)? {
        Shape::Named(value) => Some(value as f32),
        Shape::Decimal(digits) => digits.parse().ok(),
        Shape::Hex { negative, digits, exponent } => Some(sign(negative, hex(digits, exponent, 24, -126)) as f32),
    }
}

fn sign(negative: bool, value: f64) -> f64 {
    if negative { -value } else { value }
}

/// What kind of floating literal a text is.
enum Shape<'t> {
    Named(f64),
    /// What Rust's own parser reads.
    Decimal(&'t str),
    /// Digits with at most one dot, and the power of two.
    Hex {
        negative: bool,
        digits: &'t str,
        exponent: i64,
    },
}

impl<'t> Shape<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let (negative, bare) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        match bare {
            "NaN" => return Some(Self::Named(f64::NAN)),
            "Infinity" => return Some(Self::Named(sign(negative, f64::INFINITY))),
            _ => {}
        }
        if let Some(digits) = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")) {
            let (digits, exponent) = digits.split_once(['p', 'P'])?;
            let exponent = exponent.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(exponent);
            let plain = digits.bytes().filter(u8::is_ascii_hexdigit).count();
            let dots = digits.bytes().filter(|byte| *byte == b'.').count();
            if plain == 0 || dots > 1 || plain + dots != digits.len() {
                return None;
            }
            return Some(Self::Hex { negative, digits, exponent: exponent_of(exponent)? });
        }
        let digits = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
        let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        // Rust takes `.` with digits on either side, as Java does, and refuses the same oddities.
        plain.then_some(Self::Decimal(digits))
    }
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Beyond this every value is zero or infinite.
    let value = digits.parse().unwrap_or(1_000_000_i64).min(1_000_000);
    Some(if text.starts_with('-') { -value } else { value })
}

/// The value of hexadecimal digits times a power of two, rounded to `precision` bits, to the even one of two neighbours;
/// `lowest` is the exponent of the smallest number of full precision.
fn hex(digits: &str, exponent: i64, precision: i64, lowest: i64) -> f64 {
    let (mut mantissa, mut scale, mut sticky) = (0_u64, exponent, false);
    let mut behind_dot = false;
    for byte in digits.bytes() {
        let Some(digit) = char::from(byte).to_digit(16) else {
            behind_dot = true;
            continue;
        };
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
            scale -= if behind_dot { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            scale += if behind_dot { 0 } else { 4 };
        }
    }
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 64 - i64::from(mantissa.leading_zeros());
    // The exponent of the last bit that is kept.
    let unit = (scale + bits - precision).max(lowest - precision + 1);
    let drop = unit - scale;
    let rounded = if drop <= 0 {
        mantissa
    } else if drop > 64 {
        0
    } else {
        let drop = u32::try_from(drop).unwrap_or(64);
        let kept = mantissa.checked_shr(drop).unwrap_or(0);
        let half = 1_u64 << (drop - 1);
        let rest = if drop == 64 { mantissa } else { mantissa & ((1 << drop) - 1) };
        let up = rest > half || rest == half && (sticky || kept & 1 == 1);
        kept + u64::from(up)
    };
    #[expect(clippy::cast_precision_loss, reason = "it has at most 53 bits now")]
    let value = rounded as f64;
    let power = if drop > 0 { unit } else { scale };
    let value = scaled(value, power);
    if precision == 24 && value > f64::from(f32::MAX) { f64::INFINITY } else { value }
}

/// `value` × 2^`power`, exact unless it leaves the range.
fn scaled(mut value: f64, mut power: i64) -> f64 {
    while power > 1000 && value.is_finite() {
        value *= 2_f64.powi(1000);
        power -= 1000;
    }
    // In two steps, so that no step leaves the range of normal numbers too early; the digits were rounded before.
    while power < -1000 && value != 0.0 {
        let step = (-power).min(1000);
        value *= 2_f64.powi(i32::try_from(-step).unwrap_or(-1000));
        power += step;
    }
    if (-1000..=1000).contains(&power) { value * 2_f64.powi(i32::try_from(power).unwrap_or_default()) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.001, "0.001"),
            (0.000_999, "9.99E-4"),
            (0.012_5, "0.0125"),
            (9_999_999.0, "9999999.0"),
            (10_000_000.0, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (123_456.789, "123456.789"),
            (1e20, "1.0E20"),
            (1e-5, "1.0E-5"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            let mut text = String::new();
            push_double(number, &mut text);
            assert_eq!(text, expected);
        }
        let mut text = String::new();
        push_float(0.1, &mut text);
        assert_eq!(text, "0.1");
    }

    #[test]
    fn floating_texts_are_read_as_java_reads_them() {
        for (text, expected) in [
            ("1", Some(1.0)),
            ("-1.5e3", Some(-1500.0)),
            ("+.5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1f", Some(1.0)),
            ("1.5D", Some(1.5)),
            ("1e400", Some(f64::INFINITY)),
            ("1e-400", Some(0.0)),
            ("Infinity", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("0x1p3", Some(8.0)),
            ("0x1.8p1f", Some(3.0)),
            ("-0X.8P0", Some(-0.5)),
            ("0x1p-1074", Some(f64::from_bits(1))),
            ("0x1p-1075", Some(0.0)),
            ("0x1.8p-1075", Some(f64::from_bits(1))),
            ("0x1.fffffffffffff8p1023", Some(f64::INFINITY)),
            ("0x0p0", Some(0.0)),
            ("0x1", None),
            ("0xp1", None),
            ("inf", None),
            ("Inf", None),
            ("nan", None),
            ("", None),
            (".", None),
            ("e5", None),
            ("1e", None),
            (" 1", None),
            ("1 ", None),
            ("1_0", None),
            ("1ff", None),
            ("٣", None),
            ("--1", None),
        ] {
            assert_eq!(parse_double(text), expected, "{text}");
        }
        assert!(parse_double("NaN").is_some_and(f64::is_nan));
        assert_eq!(parse_float("16777217"), Some(16_777_216.0));
        assert_eq!(parse_float("1e40"), Some(f32::INFINITY));
        assert_eq!(parse_float("0x1.000001p0"), Some(1.0));
        assert_eq!(parse_float("0x1p128"), Some(f32::INFINITY));
    }
}
