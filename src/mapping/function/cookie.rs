//! `cookie(name)`: the first cookie of this exact name.

use super::{Found, Given};
use crate::{
    event::Event,
    mapping::{eval::Datum, producer::Producer},
};

pub(super) fn function(arguments: &[Given]) -> Found {
    match arguments {
        [] => Found::Odd(Producer::Cookie(String::new()), "a cookie without a name is never there"),
        [Given::Text { text, .. }] => Found::Producer(Producer::Cookie(text.clone())),
        _ => Found::WrongArguments("the name of a cookie"),
    }
}

/// The cookie's value without the double quotes around it, if any; percent-escapes stay.
pub(in crate::mapping) fn evaluate<'e>(event: &Event<'e>, name: &str) -> Datum<'e> {
    let unquoted = |value: &'e str| value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
    Datum::text(event.cookies.first(name).map(unquoted))
}
