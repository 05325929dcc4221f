//! Values for fields of a logical type: times from text, decimals, UUIDs.

use crate::{
    mapping::{
        function::request::Request,
        producer::{Kind, Producer, ProducerId, Producers},
    },
    record::{
        binary::{write_bytes, write_long},
        kind::{Logical, Type},
    },
};

/// How the values of a producer go to a field of a logical type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Milliseconds since 1970.
    Instant,
    /// A text in the notation of ISO 8601, a number with a fraction, or a UUID.
    Text,
    /// A number.
    Number,
    /// A number of the custom parameters; other JSON goes as it always goes.
    Json,
}

/// The conversion, if there is one; without one the type below decides.
#[must_use]
pub fn conversion(producers: &Producers, id: ProducerId, kind: &Type, logical: Option<Logical>) -> Option<Conversion> {
    let logical = logical?;
    let instant = matches!(producers.get(id), Producer::Request(Request::Timestamp | Request::ClientTimestamp));
    Some(match (producers.kind(id), logical) {
        (Kind::Long, Logical::Timestamp(1000)) => return None,
        (Kind::Long, Logical::Timestamp(_) | Logical::Date | Logical::Time(_)) if instant => Conversion::Instant,
        (Kind::Text, Logical::Uuid) if !matches!(kind, Type::Fixed { size: 16, .. } | Type::Bytes) => return None,
        (Kind::Text, _) => Conversion::Text,
        (Kind::Int | Kind::Long | Kind::Float | Kind::Double, Logical::Decimal { .. }) => Conversion::Number,
        (Kind::Json, Logical::Decimal { .. }) => Conversion::Json,
        _ => return None,
    })
}

/// Appends an instant, milliseconds since 1970, as a logical type has it; false if it does not fit.
#[must_use]
pub fn write_instant(millis: i64, logical: Logical, out: &mut Vec<u8>) -> bool {
    write_nanos(i128::from(millis) * 1_000_000, logical, out)
}

/// Appends what a text says as a logical type has it; false if it says none.
#[must_use]
pub fn write_text(text: &str, logical: Logical, kind: &Type, out: &mut Vec<u8>) -> bool {
    match logical {
        Logical::Time(_) => time(text).is_some_and(|nanos| write_nanos(nanos, logical, out)),
        Logical::Date | Logical::Timestamp(_) => instant(text).is_some_and(|nanos| write_nanos(nanos, logical, out)),
        Logical::Decimal { precision, scale } => {
            unscaled(text, precision, scale).is_some_and(|number| write_decimal(number, kind, out))
        }
        Logical::Uuid => uuid(text).is_some_and(|bytes| {
            match kind {
                Type::Bytes => write_bytes(out, &bytes),
                _ => out.extend_from_slice(&bytes),
            }
            true
        }),
    }
}

fn write_nanos(nanos: i128, logical: Logical, out: &mut Vec<u8>) -> bool {
    const SECOND: i128 = 1_000_000_000;
    let number = match logical {
        Logical::Date => nanos.div_euclid(86_400 * SECOND),
        Logical::Time(parts) => nanos.rem_euclid(86_400 * SECOND) * i128::from(parts) / SECOND,
        Logical::Timestamp(parts) => (nanos * i128::from(parts)).div_euclid(SECOND),
        Logical::Decimal { .. } | Logical::Uuid => return false,
    };
    let fits =
        if logical == Logical::Date { i32::try_from(number).map(i64::from).ok() } else { i64::try_from(number).ok() };
    fits.map(|number| write_long(out, number)).is_some()
}

/// Two's complement in as few bytes as will do, or in as many as the type has.
fn write_decimal(number: i128, kind: &Type, out: &mut Vec<u8>) -> bool {
    let bytes = number.to_be_bytes();
    let sign = if number < 0 { 0xff } else { 0 };
    // A byte that only repeats the sign may go if the next one shows the same.
    let spare = bytes.windows(2).take_while(|pair| pair[0] == sign && (pair[1] ^ sign) < 0x80).count();
    let digits = &bytes[spare..];
    match kind {
        Type::Fixed { size, .. } if digits.len() <= *size => {
            out.resize(out.len() + size - digits.len(), sign);
            out.extend_from_slice(digits);
        }
        Type::Fixed { .. } => return false,
        _ => write_bytes(out, digits),
    }
    true
}

/// A decimal number without its point, so many digits behind it; what is behind those is rounded, halves away from
/// zero. None if it has more digits than `precision`.
fn unscaled(text: &str, precision: usize, scale: usize) -> Option<i128> {
    const EXPONENT_MAX: i32 = 400;
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok().filter(|it| it.abs() <= EXPONENT_MAX)?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut digits = whole.bytes().chain(fraction.bytes()).map(|digit| i128::from(digit - b'0'));
    // How many of the digits stand before the point of the result, and how many zeros are missing.
    let wanted = i32::try_from(whole.len()).ok()? + exponent + i32::try_from(scale).ok()?;
    let mut number: i128 = 0;
    for _ in 0..wanted.max(0) {
        number = number.checked_mul(10)?.checked_add(digits.next().unwrap_or(0))?;
    }
    if wanted >= 0 && digits.next().is_some_and(|digit| digit >= 5) {
        number = number.checked_add(1)?;
    }
    let most = 10_i128.checked_pow(u32::try_from(precision).ok()?).unwrap_or(i128::MAX);
    (number < most).then_some(if negative { -number } else { number })
}

/// Nanoseconds since 1970 of `2026-11-21`, `2026-11-21T18:03:00Z`, `2026-11-21 18:03:00.25+01:00`; without an offset it
/// is that of UTC.
fn instant(text: &str) -> Option<i128> {
    let (date, rest) = text.split_at_checked(10)?;
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let days = days(year, month, day)?;
    let second = match rest.strip_prefix(['T', 't', ' ']) {
        None if rest.is_empty() => 0,
        None => return None,
        Some(rest) => {
            let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
                Some(at) => (&rest[..at], self::offset(&rest[at..])?),
                None => (rest, 0),
            };
            time(clock)? - i128::from(offset) * 1_000_000_000
        }
    };
    Some(i128::from(days) * 86_400_000_000_000 + second)
}

/// Seconds that an offset of UTC stands for: `Z`, `+01:00`, `-0330`.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, minutes) = rest.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let minutes = if minutes.is_empty() { 0 } else { number(minutes, 2)? };
    let seconds = number(hours, 2).filter(|hours| *hours <= 18)? * 3600 + minutes * 60;
    Some(if sign == "-" { -seconds } else { seconds })
}

/// Nanoseconds of `18:03`, `18:03:00`, `18:03:00.25`.
fn time(text: &str) -> Option<i128> {
    let mut parts = text.splitn(3, ':');
    let hour = number(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = number(parts.next()?, 2).filter(|minute| *minute < 60)?;
    let seconds = parts.next().unwrap_or("00");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let second = number(second, 2).filter(|second| *second < 60)?;
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let fraction = number(fraction, fraction.len())? * 10_i64.pow(9 - u32::try_from(fraction.len()).ok()?);
    Some(i128::from(hour * 3600 + minute * 60 + second) * 1_000_000_000 + i128::from(fraction))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|digit| digit.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days from 1970 to a day of the Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The bytes of a UUID with its four dashes.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let dashes = text.bytes().enumerate().filter(|(_, letter)| *letter == b'-').map(|(at, _)| at);
    if text.len() != 36 || !dashes.eq([8, 13, 18, 23]) {
        return None;
    }
    let mut digits = text.chars().filter(|letter| *letter != '-').map(|letter| letter.to_digit(16));
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = u8::try_from(digits.next()?? * 16 + digits.next()??).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, logical: Logical, kind: &Type) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        write_text(text, logical, kind, &mut out).then_some(out)
    }

    #[test]
    fn times_are_read() {
        const SECOND: i128 = 1_000_000_000;
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1970-01-02T00:00:01Z", Some(86_401 * SECOND)),
            ("2000-03-01", Some(951_868_800 * SECOND)),
            ("2026-11-21T18:03:00.25+01:00", Some(1_795_280_580 * SECOND + SECOND / 4)),
            ("1969-12-31 23:59", Some(-60 * SECOND)),
            ("2024-02-29T00:00:00-0330", Some(1_709_177_400 * SECOND)),
            ("2023-02-29", None),
            ("2023-13-01", None),
            ("2023-01-01x", None),
            ("2023-01-01T25:00", None),
            ("2023-01-01T", None),
            ("yesterday é", None),
            ("", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }

    #[test]
    fn decimals_are_scaled() {
        for (text, expected) in [
            ("12.5", Some(1250)),
            ("-12.345", Some(-1235)),
            ("12.344", Some(1234)),
            ("1e2", Some(10_000)),
            ("0.004", Some(0)),
            ("0.0005e1", Some(1)),
            ("99999.99", Some(9_999_999)),
            ("100000", None),
            ("", None),
            (".", None),
            ("1,5", None),
            ("1e999999999", None),
        ] {
            assert_eq!(unscaled(text, 7, 2), expected, "{text}");
        }
    }

    #[test]
    fn decimals_take_as_few_bytes_as_will_do() {
        let logical = Logical::Decimal { precision: 10, scale: 0 };
        for (text, expected) in [
            ("0", vec![2, 0]),
            ("127", vec![2, 127]),
            ("128", vec![4, 0, 128]),
            ("-128", vec![2, 128]),
            ("-129", vec![4, 255, 127]),
        ] {
            assert_eq!(written(text, logical, &Type::Bytes), Some(expected), "{text}");
        }
        let fixed = |size| Type::Fixed { name: "F".into(), size };
        assert_eq!(written("-2", logical, &fixed(3)), Some(vec![255, 255, 254]));
        assert_eq!(written("70000", logical, &fixed(2)), None);
    }

    #[test]
    fn uuids_are_bytes() {
        let fixed = Type::Fixed { name: "F".into(), size: 16 };
        let bytes = written("00112233-4455-6677-8899-aabbccddeeff", Logical::Uuid, &fixed).unwrap();
        assert_eq!(bytes[..3], [0, 0x11, 0x22]);
        for wrong in ["", "00112233445566778899aabbccddeeff", "0011223g-4455-6677-8899-aabbccddeeff"] {
            assert_eq!(written(wrong, Logical::Uuid, &fixed), None, "{wrong}");
        }
    }
}
