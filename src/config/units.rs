//! Durations, sizes and whole numbers as the configuration writes them. Pure text in, number out.

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// There is only a unit, or nothing.
    #[error("there is no number in the duration `{0}`")]
    NoNumber(String),
    /// The unit is not one of the known ones.
    #[error("`{0}` is not a unit of time")]
    Unit(String),
    /// What stands before the unit is not a number.
    #[error("`{0}` is not a number")]
    Number(String),
}

/// Names that a unit of time may have, with its nanoseconds.
const UNITS: [(&[&str], i64); 7] = [
    (&["", "ms", "millis", "milliseconds"], 1_000_000),
    (&["us", "micros", "microseconds"], 1_000),
    (&["ns", "nanos", "nanoseconds"], 1),
    (&["s", "seconds"], 1_000_000_000),
    (&["m", "minutes"], 60_000_000_000),
    (&["h", "hours"], 3_600_000_000_000),
    (&["d", "days"], 86_400_000_000_000),
];

/// Nanoseconds of a duration such as `30 minutes`, `1.5s` or `"250"` (milliseconds).
///
/// The unit is the longest run of letters at the end, case-sensitive; one of more than two letters may stand in the
/// singular. A number of digits only is exact, any other is a double. What does not fit stops at the ends of `i64`.
///
/// # Errors
/// See [`DurationError`].
pub fn duration(text: &str) -> Result<i64, DurationError> {
    let text = text.trim();
    let number_end = text.trim_end_matches(char::is_alphabetic).len();
    let (number, unit) = (text[..number_end].trim(), &text[number_end..]);
    if number.is_empty() {
        return Err(DurationError::NoNumber(text.to_owned()));
    }
    let plural = if unit.chars().count() > 2 && !unit.ends_with('s') { format!("{unit}s") } else { unit.to_owned() };
    let Some((_, nanos)) = UNITS.iter().find(|(names, _)| names.contains(&plural.as_str())) else {
        return Err(DurationError::Unit(unit.to_owned()));
    };
    let bad_number = || DurationError::Number(number.to_owned());
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        let count: i64 = number.parse().map_err(|_| bad_number())?;
        return Ok(count.saturating_mul(*nanos));
    }
    let count: f64 = number.parse().map_err(|_| bad_number())?;
    // A cast from a double cuts towards zero and stops at the ends of the range: exactly what is wanted here.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    Ok((count * *nanos as f64) as i64)
}

/// A duration in the words of the configuration, in the largest unit that leaves no rest: `30 minutes`.
#[must_use]
pub fn describe_duration(nanos: i64) -> String {
    let names = [
        ("day", 86_400_000_000_000),
        ("hour", 3_600_000_000_000),
        ("minute", 60_000_000_000),
        ("second", 1_000_000_000),
        ("millisecond", 1_000_000),
        ("microsecond", 1_000),
    ];
    let (name, unit) = names.into_iter().find(|(_, unit)| nanos != 0 && nanos % unit == 0).unwrap_or(match nanos {
        0 => ("second", 1),
        _ => ("nanosecond", 1),
    });
    let count = nanos / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// A size in the words of the configuration, in the largest unit that leaves no rest: `64M`.
#[must_use]
pub fn describe_size(bytes: i64) -> String {
    let units = [(1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    let unit = units.into_iter().find(|(unit, _)| bytes != 0 && bytes % unit == 0);
    unit.map_or(format!("{bytes} bytes"), |(unit, name)| format!("{}{name}", bytes / unit))
}

/// Bytes of a size such as `64M`, `64 MiB`, `10 MB` or `4096`: one letter and the `i` forms are powers of two, the
/// two-letter forms powers of ten.
#[must_use]
pub fn size(text: &str) -> Option<i64> {
    let text = text.trim();
    let number_end = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (number, unit) = (text[..number_end].trim(), &text[number_end..]);
    let prefix = unit.strip_suffix("iB").or_else(|| unit.strip_suffix('i'));
    let factor = match (unit, prefix) {
        ("" | "B" | "b" | "byte" | "bytes", _) => 1,
        ("kB" | "KB", _) => 1_000,
        ("MB", _) => 1_000_000,
        ("GB", _) => 1_000_000_000,
        ("TB", _) => 1_000_000_000_000,
        ("k" | "K", _) | (_, Some("K")) => 1 << 10,
        ("m" | "M", _) | (_, Some("M")) => 1 << 20,
        ("g" | "G", _) | (_, Some("G")) => 1 << 30,
        ("t" | "T", _) | (_, Some("T")) => 1 << 40,
        _ => return None,
    };
    integer(number)?.checked_mul(factor)
}

/// A whole number; a fraction is cut off, as the original does.
#[must_use]
pub fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    let number: f64 = text.parse().ok().filter(|number: &f64| plain && number.is_finite())?;
    // 2^63: the first double above the range of `i64`.
    let limit = 9_223_372_036_854_775_808.0;
    #[allow(clippy::cast_possible_truncation)]
    (-limit..limit).contains(&number).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_the_original_reads_them() {
        for (text, expected) in [
            ("30 minutes", 1_800_000_000_000),
            ("30 minute", 1_800_000_000_000),
            ("30", 30_000_000),
            ("1.5 s", 1_500_000_000),
            (".5 s", 500_000_000),
            ("15s", 15_000_000_000),
            (" 7  h ", 25_200_000_000_000),
            ("\u{a0}7\u{2003}h\u{a0}", 25_200_000_000_000),
            ("1e3 ms", 1_000_000_000),
            ("1e3", 1_000_000_000),
            ("3 nano", 3),
            ("3 nanos", 3),
            ("2 micro", 2_000),
            ("4 us", 4_000),
            ("1d", 86_400_000_000_000),
            ("5m", 300_000_000_000),
            ("750 milliseconds", 750_000_000),
            ("5 milli", 5_000_000),
            ("1 second", 1_000_000_000),
            ("730 days", 63_072_000_000_000_000),
            ("-5 s", -5_000_000_000),
            ("+5 s", 5_000_000_000),
            ("0.0000000019 s", 1),
            ("100000000000 d", i64::MAX),
            ("1e300 d", i64::MAX),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn a_duration_that_is_none_says_why() {
        let unit = |text: &str| Err(DurationError::Unit(text.into()));
        for (text, expected) in [
            ("1 week", unit("week")),
            ("2 weeks", unit("weeks")),
            ("5 sec", unit("sec")),
            ("5 min", unit("min")),
            ("5 hr", unit("hr")),
            ("5 S", unit("S")),
            ("5 mss", unit("mss")),
            ("5 µs", unit("µs")),
            ("s", Err(DurationError::NoNumber("s".into()))),
            ("", Err(DurationError::NoNumber(String::new()))),
            ("never", Err(DurationError::NoNumber("never".into()))),
            ("5,5 s", Err(DurationError::Number("5,5".into()))),
            ("99999999999999999999 s", Err(DurationError::Number("99999999999999999999".into()))),
        ] {
            assert_eq!(duration(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations_are_told_in_the_largest_unit_without_rest() {
        for (nanos, text) in [
            (0, "0 seconds"),
            (1, "1 nanosecond"),
            (1_500_000_000, "1500 milliseconds"),
            (60_000_000_000, "1 minute"),
            (86_400_000_000_000, "1 day"),
        ] {
            assert_eq!(describe_duration(nanos), text);
        }
    }

    #[test]
    fn sizes_are_told_in_the_largest_unit_without_rest() {
        for (bytes, text) in
            [(0, "0 bytes"), (1000, "1000 bytes"), (4096, "4K"), (1 << 20, "1M"), (3 << 30, "3G"), (-1024, "-1K")]
        {
            assert_eq!(describe_size(bytes), text);
        }
    }

    #[test]
    fn sizes_and_whole_numbers() {
        for (text, expected) in [
            ("4096", Some(4096)),
            ("16K", Some(16_384)),
            ("1M", Some(1_048_576)),
            ("10 MB", Some(10_000_000)),
            ("64 KiB", Some(65_536)),
            ("10 GiB", Some(10_737_418_240)),
            ("2Ti", Some(2_199_023_255_552)),
            ("-1", Some(-1)),
            ("1 XB", None),
            ("K", None),
            ("9999999999T", None),
        ] {
            assert_eq!(size(text), expected, "{text:?}");
        }
        for (text, expected) in [
            ("9000", Some(9000)),
            (" 9000 ", Some(9000)),
            ("9000.7", Some(9000)),
            ("-0.5", Some(0)),
            ("1e3", Some(1000)),
            ("abc", None),
            ("", None),
            ("nan", None),
            ("inf", None),
            ("1e30", None),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
    }
}
