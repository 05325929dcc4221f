//! A JSON-like value with exact numbers: what custom parameters are decoded to.

use std::{borrow::Cow, collections::HashMap, fmt};

/// A value. Members of an object are in order of first appearance, each name once.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing at all: what empty mincode decodes to. Present, but neither null nor empty text.
    Missing,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// A number as exact as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// An integer of up to 64 bits.
    Integer(i64),
    /// An integer beyond 64 bits, in canonical decimal digits with an optional `-`.
    Big(String),
    /// A number that was sent with a fraction or an exponent, even if its value is whole.
    Decimal(Decimal),
}

/// `digits` × 10^−`scale`, without trailing zeros; zero has scale 0. Its text is that of Java's `BigDecimal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Significant digits without leading or trailing zeros; `0` for zero.
    digits: String,
    scale: i32,
}

impl Number {
    /// The integer with these decimal digits, which may have leading zeros.
    pub(super) fn integer(negative: bool, digits: &str) -> Self {
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let sign = if negative && digits != "0" { "-" } else { "" };
        let text = format!("{sign}{digits}");
        text.parse().map_or(Self::Big(text), Self::Integer)
    }

    /// The number as a float, rounded to the nearest; infinite beyond its range.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        // Every text that `Display` gives is a number to the standard library.
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl Decimal {
    /// `digits` × 10^−`scale`, trailing zeros stripped. `None` if the scale leaves its range.
    pub(super) fn stripped(negative: bool, digits: &str, scale: i32) -> Option<Self> {
        let digits = digits.trim_start_matches('0');
        let kept = digits.trim_end_matches('0');
        if kept.is_empty() {
            return Some(Self { negative: false, digits: "0".into(), scale: 0 });
        }
        let zeros = i32::try_from(digits.len() - kept.len()).ok()?;
        Some(Self { negative, digits: kept.into(), scale: scale.checked_sub(zeros)? })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { negative, digits, scale } = self;
        if *negative {
            formatter.write_str("-")?;
        }
        // The lengths involved are far below 2⁶³.
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let exponent = count - 1 - i64::from(*scale);
        if *scale < 0 || exponent < -6 {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            return write!(formatter, "{first}{dot}{rest}E{exponent:+}");
        }
        match usize::try_from(count - i64::from(*scale)) {
            Ok(whole) if whole > 0 => {
                let (whole, fraction) = digits.split_at(whole);
                let dot = if fraction.is_empty() { "" } else { "." };
                write!(formatter, "{whole}{dot}{fraction}")
            }
            _ => write!(formatter, "0.{digits:0>width$}", width = usize::try_from(*scale).unwrap_or_default()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(formatter),
            Self::Big(digits) => formatter.write_str(digits),
            Self::Decimal(decimal) => decimal.fmt(formatter),
        }
    }
}

/// JSON text; numbers keep their digits, [`Value::Missing`] is empty.
impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Null => formatter.write_str("null"),
            Self::Boolean(value) => value.fmt(formatter),
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => quote(text, formatter),
            Self::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    write!(formatter, "{}{element}", if index == 0 { '[' } else { ',' })?;
                }
                formatter.write_str(if elements.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    formatter.write_str(if index == 0 { "{" } else { "," })?;
                    quote(name, formatter)?;
                    write!(formatter, ":{value}")?;
                }
                formatter.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

fn quote(text: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// Leaves each name once: at the place of its first member, with the value of its last.
pub(super) fn last_wins<'a>(members: Vec<(Cow<'a, str>, Value<'a>)>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    /// Up to here, comparing all with all is cheaper than a map.
    const FEW: usize = 8;
    let mut kept: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(members.len());
    let mut places = HashMap::new();
    let many = members.len() > FEW;
    for (name, value) in members {
        let place = if many {
            *places.entry(name.clone()).or_insert(kept.len())
        } else {
            kept.iter().position(|(known, _)| *known == name).unwrap_or(kept.len())
        };
        match kept.get_mut(place) {
            Some(known) => known.1 = value,
            None => kept.push((name, value)),
        }
    }
    kept
}
