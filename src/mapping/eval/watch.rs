//! Watching a run: what was done, and with which values. Nobody who maps for a sink does, and pays nothing for it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Datum, Evaluation, range};
use crate::mapping::json::{NodeId, View};

/// Is told what a run does.
pub trait Watch {
    /// The operation at `at` was carried out; what came of it is only worked out for who looks.
    fn done(&mut self, at: usize, seen: impl FnOnce() -> Seen);
}

/// Nobody looks.
impl Watch for () {
    #[inline]
    fn done(&mut self, _: usize, _: impl FnOnce() -> Seen) {}
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A field was asked to hold this; nothing if there was no value, and the field stays as it is.
    Value(Option<Value>),
    /// A condition was true, false, or there was none.
    Verdict(Option<bool>),
    /// What follows in the block, or in the script, is left out.
    Left,
}

/// Notes everything.
#[derive(Debug, Default)]
pub struct Notes(pub Vec<(usize, Seen)>);

impl Watch for Notes {
    fn done(&mut self, at: usize, seen: impl FnOnce() -> Seen) {
        self.0.push((at, seen()));
    }
}

impl<'e> Evaluation<'e, '_> {
    /// A value as JSON, for people.
    pub(super) fn show(&self, value: Datum<'e>) -> Option<Value> {
        Some(match value {
            Datum::Absent => return None,
            Datum::Boolean(value) => value.into(),
            Datum::Int(value) => value.into(),
            Datum::Long(value) => value.into(),
            Datum::Float(value) => f64::from(value).into(),
            Datum::Double(value) => value.into(),
            Datum::Text(text) | Datum::Query(text) => self.read(text).into(),
            Datum::Uri(index) => self.uri_text(index).into(),
            Datum::Agent(agent) => agent.name.as_ref().into(),
            Datum::List(list) => list.items().map(|item| Value::from(self.read(self.list_item(item)))).collect(),
            Datum::Json(node) => self.json(node),
            Datum::Ints(list) => self.ints[range(list)].iter().map(|number| Value::from(*number)).collect(),
            Datum::Place(_) => "a place".into(),
            Datum::Traffic(_) => "what led here".into(),
            Datum::Row(..) => "a row".into(),
            Datum::Match(_) => "a match".into(),
            Datum::Bytes(part, of) => STANDARD.encode(self.bytes_of(part, of)).into(),
            // Shown before it was encoded.
            Datum::Encoded(_) => "encoded".into(),
        })
    }

    /// Parameters are bounded in depth.
    fn json(&self, node: NodeId) -> Value {
        let document = &self.shared.document;
        match document.view(node) {
            View::Missing | View::Null => Value::Null,
            View::Boolean(value) => value.into(),
            View::Integer(number) => number.into(),
            View::Double(number) => number.into(),
            View::Big(text) | View::Decimal(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            View::Text(text) => text.into(),
            View::Array(length) => {
                let items = (0..length).filter_map(|index| document.element(node, index));
                items.map(|item| self.json(item)).collect()
            }
            View::Object(length) => {
                let members = (0..length).filter_map(|index| document.member(node, index));
                let named = members.filter_map(|(name, of)| Some((document.text_of(name)?.to_owned(), self.json(of))));
                Value::Object(named.collect())
            }
        }
    }
}
