//! `parse text to int32` and the like. What cannot be read is absent.

use crate::mapping::{
    eval::Datum,
    java::number::{parse_double, parse_float},
    producer::ParseTo,
};

impl ParseTo {
    /// What a text says.
    #[must_use]
    pub(in crate::mapping) fn evaluate(self, text: &str) -> Datum<'static> {
        match self {
            Self::Int => integer(text).and_then(|value| i32::try_from(value).ok()).map_or(Datum::Absent, Datum::Int),
            Self::Long => integer(text).map_or(Datum::Absent, Datum::Long),
            Self::Float => parse_float(text).map_or(Datum::Absent, Datum::Float),
            Self::Double => parse_double(text).map_or(Datum::Absent, Datum::Double),
            // Everything that is not `true` is false, as it always was.
            Self::Boolean => Datum::Boolean(text.eq_ignore_ascii_case("true")),
        }
    }
}

/// ASCII digits, a minus in front at most.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let valid = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans() {
        let max = i64::MAX.to_string();
        for (text, int, long, boolean) in [
            ("12", Datum::Int(12), Datum::Long(12), false),
            ("-12", Datum::Int(-12), Datum::Long(-12), false),
            ("007", Datum::Int(7), Datum::Long(7), false),
            ("2147483648", Datum::Absent, Datum::Long(2_147_483_648), false),
            (&max, Datum::Absent, Datum::Long(i64::MAX), false),
            ("9223372036854775808", Datum::Absent, Datum::Absent, false),
            ("+5", Datum::Absent, Datum::Absent, false),
            (" 5", Datum::Absent, Datum::Absent, false),
            ("1_0", Datum::Absent, Datum::Absent, false),
            ("1.0", Datum::Absent, Datum::Absent, false),
            ("٣", Datum::Absent, Datum::Absent, false),
            ("-", Datum::Absent, Datum::Absent, false),
            ("", Datum::Absent, Datum::Absent, false),
            ("TrUe", Datum::Absent, Datum::Absent, true),
            ("yes", Datum::Absent, Datum::Absent, false),
        ] {
            assert_eq!(ParseTo::Int.evaluate(text), int, "{text}");
            assert_eq!(ParseTo::Long.evaluate(text), long, "{text}");
            assert_eq!(ParseTo::Boolean.evaluate(text), Datum::Boolean(boolean), "{text}");
        }
    }
}
