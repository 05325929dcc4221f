//! Maps of a script: entries in the order of their first appearance, found by their keys.

use std::{collections::HashMap, rc::Rc};

use super::Value;

/// A map.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries<'a> {
    list: Vec<(Value<'a>, Value<'a>)>,
    places: HashMap<Key, usize>,
}

/// A key in a form that can be looked up. Numbers are equal whatever their type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Null,
    Bool(bool),
    Number(i64),
    Real(u64),
    Text(Rc<str>),
    /// Anything else equals itself only.
    Other(u8, usize),
}

impl Key {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Number((*value).into()),
            Value::Long(value) => Self::Number(*value),
            Value::Float(value) => Self::Real(f64::from(*value).to_bits()),
            Value::Double(value) | Value::Decimal(value) => Self::Real(value.to_bits()),
            Value::Text(text) | Value::Interpolated(text) => Self::Text(Rc::clone(text)),
            Value::List(list) => Self::Other(0, *list),
            Value::Map(map) => Self::Other(1, *map),
            Value::Producer(id) => Self::Other(2, id.index()),
            Value::Digester(digester) => Self::Other(3, *digester),
            _ => Self::Null,
        }
    }
}

impl<'a> Entries<'a> {
    pub(super) fn of(list: Vec<(Value<'a>, Value<'a>)>) -> Self {
        let mut entries = Self::default();
        for (key, value) in list {
            entries.put(key, value);
        }
        entries
    }

    pub(super) fn get(&self, key: &Value<'a>) -> Option<&Value<'a>> {
        self.places.get(&Key::of(key)).map(|place| &self.list[*place].1)
    }

    pub(super) fn get_text(&self, key: &str) -> Option<&Value<'a>> {
        self.places.get(&Key::Text(key.into())).map(|place| &self.list[*place].1)
    }

    /// Sets a value; the one that was there before.
    pub(super) fn put(&mut self, key: Value<'a>, value: Value<'a>) -> Option<Value<'a>> {
        if let Some(place) = self.places.get(&Key::of(&key)) {
            return Some(std::mem::replace(&mut self.list[*place].1, value));
        }
        self.places.insert(Key::of(&key), self.list.len());
        self.list.push((key, value));
        None
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Value<'a>, Value<'a>)> {
        self.list.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
