//! Conditions: `isPresent()`, `equalTo(…)`, `and`, `or`, `negate`.

use super::{Found, Given};
use crate::mapping::{
    action::Literal,
    eval::{Datum, Evaluation},
    producer::{Kind, Producer, ProducerId, Producers},
};

/// Methods of every value.
pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match (name, arguments) {
        ("isPresent", []) => Found::Producer(Producer::Present(of)),
        ("isAbsent", []) => Found::Producer(Producer::Absent(of)),
        ("isPresent" | "isAbsent", _) => Found::WrongArguments("no argument"),
        ("equalTo", [given]) => Found::Producer(match given {
            Given::Producer(other) => Producer::Equal(of, *other),
            Given::Text { text, interpolated: false } => Producer::EqualLiteral(of, Some(Literal::Text(text.clone()))),
            Given::Literal(literal) => Producer::EqualLiteral(of, Some(literal.clone())),
            Given::List(texts) => Producer::EqualLiteral(of, Some(Literal::List(texts.clone()))),
            Given::Text { .. } | Given::Other(_) => Producer::EqualLiteral(of, None),
        }),
        ("equalTo", _) => Found::WrongArguments("one value"),
        _ => Found::Unknown,
    }
}

/// Methods of booleans.
pub(super) fn boolean_method(producers: &Producers, of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match (name, arguments) {
        ("negate", []) => Found::Producer(Producer::Not(of)),
        ("negate", _) => Found::WrongArguments("no argument"),
        ("and", [Given::Producer(other)]) if producers.kind(*other) == Kind::Boolean => {
            Found::Producer(Producer::And(of, *other))
        }
        ("or", [Given::Producer(other)]) if producers.kind(*other) == Kind::Boolean => {
            Found::Producer(Producer::Or(of, *other))
        }
        ("and" | "or", _) => Found::WrongArguments("one boolean value of the event"),
        _ => Found::Unknown,
    }
}

/// Whether two values are equal; two absent ones are, values of different types are not.
pub(in crate::mapping) fn equal<'e>(run: &Evaluation<'e, '_>, left: Datum<'e>, right: Datum<'e>) -> bool {
    match (left, right) {
        (Datum::Text(left), Datum::Text(right)) | (Datum::Query(left), Datum::Query(right)) => {
            run.read(left) == run.read(right)
        }
        (Datum::Uri(left), Datum::Uri(right)) => run.uri_text(left) == run.uri_text(right),
        (Datum::List(left), Datum::List(right)) => {
            left.len() == right.len()
                && left
                    .items()
                    .zip(right.items())
                    .all(|(left, right)| run.read(run.list_item(left)) == run.read(run.list_item(right)))
        }
        (Datum::Json(left), Datum::Json(right)) => run.shared.document.equal(left, right),
        (Datum::Bytes(left, of), Datum::Bytes(right, other)) => run.bytes_of(left, of) == run.bytes_of(right, other),
        // There is one user agent per event.
        (Datum::Agent(_), Datum::Agent(_)) => true,
        (left, right) => left == right,
    }
}

/// Whether a value is there and equals a literal of the same type.
pub(in crate::mapping) fn equal_literal<'e>(run: &Evaluation<'e, '_>, value: Datum<'e>, literal: &Literal) -> bool {
    match (value, literal) {
        (Datum::Text(value), Literal::Text(literal)) => run.read(value) == literal,
        (Datum::Boolean(value), Literal::Boolean(literal)) => value == *literal,
        (Datum::Int(value), Literal::Int(literal)) => value == *literal,
        (Datum::Long(value), Literal::Long(literal)) => value == *literal,
        // As objects of Java: by bits, so that NaN equals itself.
        (Datum::Float(value), Literal::Float(literal)) => value.to_bits() == *literal,
        (Datum::Double(value), Literal::Double(literal)) => value.to_bits() == *literal,
        (Datum::List(items), Literal::List(texts)) => {
            items.len() == texts.len()
                && items.items().zip(texts).all(|(item, text)| run.read(run.list_item(item)) == text)
        }
        _ => false,
    }
}

/// Whether a comparison of a value of this type with this literal can ever be true.
#[must_use]
pub fn comparable(kind: Kind, literal: &Literal) -> bool {
    matches!(
        (kind, literal),
        (Kind::Text, Literal::Text(_))
            | (Kind::Boolean, Literal::Boolean(_))
            | (Kind::Int, Literal::Int(_))
            | (Kind::Long, Literal::Long(_))
            | (Kind::Float, Literal::Float(_))
            | (Kind::Double, Literal::Double(_))
            | (Kind::TextList, Literal::List(_))
    )
}
