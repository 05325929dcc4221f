//! `ip2geo()` and `ip2geo(address)`: the place and the network of an address, and their properties.

use super::{Found, Given};
use crate::{
    enrich::geo::{self, GeoField, GeoKind, GeoValue},
    mapping::{
        eval::{Datum, Evaluation, TextRef},
        producer::{Kind, Producer, ProducerId, Producers},
    },
};

pub(super) fn function(producers: &Producers, arguments: &[Given]) -> Found {
    match arguments {
        [] => Found::Producer(Producer::Place(None)),
        [Given::Producer(of)] if producers.kind(*of) == Kind::Text => Found::Producer(Producer::Place(Some(*of))),
        _ => Found::WrongArguments("no argument, or a text of the event that is an address"),
    }
}

pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match GeoField::named(name) {
        Some(field) if arguments.is_empty() => Found::Producer(Producer::PlacePart(of, field)),
        Some(_) => Found::WrongArguments("no argument"),
        None => Found::Unknown,
    }
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    geo::FIELDS.iter().map(|(name, ..)| *name)
}

/// Static type of a property's values.
#[must_use]
pub fn kind(field: GeoField) -> Kind {
    match field.kind() {
        GeoKind::Text => Kind::Text,
        GeoKind::Int => Kind::Int,
        GeoKind::Double => Kind::Double,
        GeoKind::Boolean => Kind::Boolean,
        GeoKind::TextList => Kind::TextList,
        GeoKind::IntList => Kind::IntList,
    }
}

/// The place of an address; absent if the text is no address or nothing is known of it.
pub(in crate::mapping) fn place<'e>(run: &mut Evaluation<'e, '_>, text: TextRef<'e>) -> Datum<'e> {
    geo::address(run.read(text)).map_or(Datum::Absent, |address| run.look_up(address))
}

/// A property of a place.
pub(in crate::mapping) fn part<'e>(run: &mut Evaluation<'e, '_>, place: Datum<'e>, field: GeoField) -> Datum<'e> {
    let Datum::Place(place) = place else { return Datum::Absent };
    match field.of(run.known(place)) {
        Some(GeoValue::Text(text)) => Datum::Text(TextRef::Borrowed(text)),
        Some(GeoValue::Int(number)) => Datum::Int(number),
        Some(GeoValue::Double(number)) => Datum::Double(number),
        Some(GeoValue::Boolean(value)) => Datum::Boolean(value),
        Some(GeoValue::Texts(texts)) => {
            let start = run.list_start();
            for text in texts {
                run.push_item(TextRef::Borrowed(text));
            }
            run.list_from(start)
        }
        Some(GeoValue::Ints(numbers)) => run.ints(&numbers),
        None => Datum::Absent,
    }
}
