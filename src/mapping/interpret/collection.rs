//! Methods of lists and maps.

use super::{Context, Evaluated, Interpreter, Name, Span, Value, map::Entries};
use crate::mapping::diagnostic::BAD_VALUE;

/// Methods that call a closure for every element.
const WALKS: &[&str] = &["each", "eachWithIndex", "collect", "collectEntries", "findAll", "find", "any", "every"];

impl<'a> Interpreter<'a, '_> {
    /// The elements of a list, or the entries of a map.
    pub(super) fn elements(&mut self, value: &Value<'a>, span: Span) -> Evaluated<'a, Vec<Value<'a>>> {
        match value {
            Value::List(list) => {
                self.spend(span, self.lists[*list].len() / 4)?;
                Ok(self.lists[*list].clone())
            }
            Value::Map(map) => {
                self.spend(span, self.maps[*map].len())?;
                let mut entries = Vec::new();
                for (key, value) in self.maps[*map].iter().cloned().collect::<Vec<_>>() {
                    let (key_name, value_name) = (self.text(span, "key")?, self.text(span, "value")?);
                    entries.push(self.map(span, Entries::of(vec![(key_name, key), (value_name, value)]))?);
                }
                Ok(entries)
            }
            Value::Null | Value::Poison => Ok(Vec::new()),
            Value::Text(text) => {
                let letters: Vec<String> = text.chars().map(String::from).collect();
                letters.into_iter().map(|letter| self.text(span, letter)).collect()
            }
            other => Err(self.error(BAD_VALUE, span, format!("{} has no elements", other.describe()))),
        }
    }

    /// Whether a list has an element, or a map a key.
    pub(super) fn contains(&mut self, of: &Value<'a>, wanted: &Value<'a>, span: Span) -> Evaluated<'a, bool> {
        match of {
            Value::Map(map) => Ok(self.maps[*map].get(wanted).is_some()),
            Value::List(list) => {
                let list = *list;
                self.spend(span, self.lists[list].len() * (1 + self.size_of(wanted)))?;
                Ok(self.lists[list].iter().any(|item| self.equal(item, wanted)))
            }
            other => {
                let items = self.elements(other, span)?;
                self.spend(span, items.len())?;
                Ok(items.iter().any(|item| self.equal(item, wanted)))
            }
        }
    }

    /// For each element the arguments that a closure of so many parameters gets.
    fn element_arguments(&mut self, of: &Value<'a>, wanted: usize, span: Span) -> Evaluated<'a, Vec<Vec<Value<'a>>>> {
        if let (Value::Map(map), 2) = (of, wanted) {
            self.spend(span, self.maps[*map].len())?;
            return Ok(self.maps[*map].iter().map(|(key, value)| vec![key.clone(), value.clone()]).collect());
        }
        Ok(self.elements(of, span)?.into_iter().map(|item| vec![item]).collect())
    }

    pub(super) fn collection_method(
        &mut self,
        receiver: &Value<'a>,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        if let ([callee @ (Value::Closure(..) | Value::Method(_))], Some(walk)) =
            (arguments, WALKS.iter().find(|walk| **walk == name.text))
        {
            return self.walk(receiver, walk, callee, span).map(Some);
        }
        let size = self.size_of(receiver);
        match (name.text.as_str(), arguments) {
            ("size", []) => return Ok(Some(Value::Int(i32::try_from(size).unwrap_or(i32::MAX)))),
            ("isEmpty", []) => return Ok(Some(Value::Bool(size == 0))),
            ("toString", []) => {
                let text = self.shown(receiver, span)?;
                return self.text(span, text).map(Some);
            }
            ("contains" | "containsKey", [item]) => {
                return self.contains(receiver, item, span).map(|found| Some(Value::Bool(found)));
            }
            _ => {}
        }
        match receiver {
            Value::List(list) => self.list_method(*list, name, arguments, span),
            Value::Map(map) => self.map_method(*map, name, arguments, span),
            _ => Ok(None),
        }
    }

    fn list_method(
        &mut self,
        list: usize,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        let value = match (name.text.as_str(), arguments) {
            ("get" | "getAt", [Value::Int(index)]) => {
                let item = usize::try_from(*index).ok().and_then(|index| self.lists[list].get(index).cloned());
                item.ok_or_else(|| self.error(BAD_VALUE, span, "the list is shorter than that"))?
            }
            ("first", []) => self.lists[list].first().cloned().unwrap_or(Value::Null),
            ("last", []) => self.lists[list].last().cloned().unwrap_or(Value::Null),
            ("add", [item]) => {
                self.take_room(span, 16)?;
                self.lists[list].push(item.clone());
                Value::Bool(true)
            }
            ("addAll", [items]) => {
                let items = self.elements(items, span)?;
                self.take_room(span, 16 * items.len())?;
                self.lists[list].extend(items);
                Value::Bool(true)
            }
            ("reverse", []) => {
                let items = self.lists[list].iter().rev().cloned().collect();
                self.list(span, items)?
            }
            ("indexOf", [item]) => {
                self.spend(span, self.lists[list].len() * (1 + self.size_of(item)))?;
                let at = self.lists[list].iter().position(|known| self.equal(known, item));
                Value::Int(at.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1))
            }
            ("sum", []) => {
                let items = self.elements(&Value::List(list), span)?;
                let mut items = items.into_iter();
                let mut sum = items.next().unwrap_or(Value::Null);
                for item in items {
                    sum = self.calculate("+", &sum, &item, span)?;
                }
                sum
            }
            ("join", [] | [_]) => {
                let separator = match arguments.first().map(Value::text) {
                    Some(Some(separator)) => separator.to_string(),
                    Some(None) => return Ok(None),
                    None => String::new(),
                };
                let mut parts = Vec::new();
                for item in self.elements(&Value::List(list), span)? {
                    parts.push(self.shown(&item, span)?);
                }
                self.text(span, parts.join(&separator))?
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    fn map_method(
        &mut self,
        map: usize,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        let value = match (name.text.as_str(), arguments) {
            ("get" | "getAt", [key]) => self.maps[map].get(key).cloned().unwrap_or(Value::Null),
            ("getMessage", []) => self.maps[map].get_text("message").cloned().unwrap_or(Value::Null),
            ("get" | "getOrDefault", [key, other]) => self.maps[map].get(key).cloned().unwrap_or_else(|| other.clone()),
            ("put", [key, value]) => self.put(map, key.clone(), value.clone(), span)?,
            ("putAll", [Value::Map(other)]) => {
                self.spend(span, self.maps[*other].len())?;
                for (key, value) in self.maps[*other].iter().cloned().collect::<Vec<_>>() {
                    self.put(map, key, value, span)?;
                }
                Value::Null
            }
            ("keySet", []) => {
                let keys = self.maps[map].iter().map(|(key, _)| key.clone()).collect();
                self.list(span, keys)?
            }
            ("values", []) => {
                let values = self.maps[map].iter().map(|(_, value)| value.clone()).collect();
                self.list(span, values)?
            }
            ("entrySet", []) => {
                let entries = self.elements(&Value::Map(map), span)?;
                self.list(span, entries)?
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    /// Sets a value of a map; the one that was there before.
    pub(super) fn put(&mut self, map: usize, key: Value<'a>, value: Value<'a>, span: Span) -> Evaluated<'a> {
        self.take_room(span, 64)?;
        Ok(self.maps[map].put(key, value).unwrap_or(Value::Null))
    }

    /// Calls a closure for every element.
    fn walk(&mut self, of: &Value<'a>, walk: &str, callee: &Value<'a>, span: Span) -> Evaluated<'a> {
        let parameters = match callee {
            Value::Closure(closure, _) => closure.parameters.as_ref().map_or(1, Vec::len),
            _ => 1,
        };
        let wanted = if walk == "eachWithIndex" { parameters.saturating_sub(1) } else { parameters };
        let of_map = matches!(of, Value::Map(_));
        let (mut kept, mut entries) = (Vec::new(), Vec::new());
        for (index, mut arguments) in self.element_arguments(of, wanted, span)?.into_iter().enumerate() {
            let item = arguments[0].clone();
            let entry = match (of, &arguments[..]) {
                (Value::Map(_), [key, value]) => Some((key.clone(), value.clone())),
                (Value::Map(_), [Value::Map(entry)]) => {
                    let entry = &self.maps[*entry];
                    entry.get_text("key").cloned().zip(entry.get_text("value").cloned())
                }
                _ => None,
            };
            if walk == "eachWithIndex" {
                arguments.push(Value::Int(i32::try_from(index).unwrap_or(i32::MAX)));
            }
            let result = self.call_walker(callee, arguments, span)?;
            match walk {
                "collect" => kept.push(result),
                "collectEntries" => match result {
                    Value::List(pair) => match &self.lists[pair][..] {
                        [key, value] => entries.push((key.clone(), value.clone())),
                        _ => return Err(self.error(BAD_VALUE, span, "an entry is a list of key and value, or a map")),
                    },
                    Value::Map(map) => entries.extend(self.maps[map].iter().cloned()),
                    _ => return Err(self.error(BAD_VALUE, span, "an entry is a list of key and value, or a map")),
                },
                "findAll" if self.is_true(&result, span) => {
                    kept.push(item);
                    entries.extend(entry);
                }
                "find" if self.is_true(&result, span) => return Ok(item),
                "any" if self.is_true(&result, span) => return Ok(Value::Bool(true)),
                "every" if !self.is_true(&result, span) => return Ok(Value::Bool(false)),
                _ => {}
            }
        }
        match walk {
            "collectEntries" => self.map(span, Entries::of(entries)),
            "findAll" if of_map => self.map(span, Entries::of(entries)),
            "collect" | "findAll" => self.list(span, kept),
            "find" => Ok(Value::Null),
            "any" => Ok(Value::Bool(false)),
            "every" => Ok(Value::Bool(true)),
            _ => Ok(of.clone()),
        }
    }

    fn call_walker(&mut self, callee: &Value<'a>, arguments: Vec<Value<'a>>, span: Span) -> Evaluated<'a> {
        match callee {
            Value::Closure(closure, context) => {
                self.call_closure(closure, Context { value: true, ..*context }, arguments, span)
            }
            other => self.call_value(other, arguments, span),
        }
    }

    /// Number of elements, of what has any.
    pub(super) fn size_of(&self, value: &Value<'a>) -> usize {
        match value {
            Value::List(list) => self.lists[*list].len(),
            Value::Map(map) => self.maps[*map].len(),
            Value::Text(text) | Value::Interpolated(text) => text.len() / 64,
            _ => 0,
        }
    }
}
