//! Methods of plain values: texts, lists, maps, numbers.

use super::{Context, Evaluated, Interpreter, Value};
use crate::{
    diagnostic::nearest,
    mapping::{
        ast::{Name, Span},
        diagnostic::{BAD_VALUE, UNKNOWN_METHOD},
    },
};

const TEXT: &[&str] = &[
    "toString",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "substring",
    "replace",
    "split",
    "startsWith",
    "endsWith",
    "contains",
    "length",
    "size",
    "isEmpty",
];
const COLLECTION: &[&str] = &[
    "each",
    "eachWithIndex",
    "collect",
    "findAll",
    "any",
    "every",
    "size",
    "contains",
    "join",
    "get",
    "first",
    "last",
    "add",
    "isEmpty",
    "keySet",
    "values",
    "put",
    "containsKey",
    "toString",
];

impl<'a> Interpreter<'a, '_> {
    pub(super) fn call_method(
        &mut self,
        receiver: &Value<'a>,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a> {
        let found = match receiver {
            Value::Text(text) | Value::Interpolated(text) => self.text_method(&text.clone(), name, arguments, span)?,
            Value::List(_) | Value::Map(_) => self.collection_method(receiver, name, arguments, span)?,
            Value::Null => {
                let message = format!("null has no method `{}`", name.text);
                return Err(self.error_with_hint(
                    UNKNOWN_METHOD,
                    name.span,
                    message,
                    "the value before the dot is missing",
                ));
            }
            _ if name.text == "toString" && arguments.is_empty() => {
                let text = self.shown(receiver, span)?;
                Some(self.text(span, text)?)
            }
            _ => None,
        };
        if let Some(value) = found {
            return Ok(value);
        }
        let known = match receiver {
            Value::Text(_) | Value::Interpolated(_) => TEXT,
            Value::List(_) | Value::Map(_) => COLLECTION,
            _ => &[],
        };
        if known.contains(&&*name.text) {
            return Err(self.wrong_arguments(name, "other arguments", arguments));
        }
        let message = format!("{} has no method `{}` that mappings support", receiver.describe(), name.text);
        Err(match nearest(&name.text, known.iter().copied()) {
            Some(near) => self.error_with_hint(UNKNOWN_METHOD, name.span, message, format!("did you mean `{near}`?")),
            None => self.error(UNKNOWN_METHOD, name.span, message),
        })
    }

    fn text_method(
        &mut self,
        text: &str,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        let made: String = match (name.text.as_str(), arguments) {
            ("toString", []) => text.to_owned(),
            ("trim", []) => text.trim_matches(|letter| letter <= ' ').to_owned(),
            ("toLowerCase", []) => text.to_lowercase(),
            ("toUpperCase", []) => text.to_uppercase(),
            ("substring", [Value::Int(from)]) => self.substring(text, *from, None, span)?,
            ("substring", [Value::Int(from), Value::Int(to)]) => self.substring(text, *from, Some(*to), span)?,
            ("replace", [from, to]) => match (from.text(), to.text()) {
                (Some(from), Some(to)) => {
                    self.take_room(span, text.len() + text.matches(&**from).count() * to.len())?;
                    text.replace(&**from, to)
                }
                _ => return Ok(None),
            },
            ("length" | "size", []) => {
                let length = text.encode_utf16().count();
                return Ok(Some(Value::Int(i32::try_from(length).unwrap_or(i32::MAX))));
            }
            ("isEmpty", []) => return Ok(Some(Value::Bool(text.is_empty()))),
            ("startsWith" | "endsWith" | "contains", [part]) => {
                let Some(part) = part.text() else { return Ok(None) };
                return Ok(Some(Value::Bool(match name.text.as_str() {
                    "startsWith" => text.starts_with(&**part),
                    "endsWith" => text.ends_with(&**part),
                    _ => text.contains(&**part),
                })));
            }
            ("split", [separator]) => return self.split(text, separator, span),
            _ => return Ok(None),
        };
        self.text(span, made).map(Some)
    }

    /// Positions count as in Java, in units of UTF-16.
    fn substring(&mut self, text: &str, from: i32, to: Option<i32>, span: Span) -> Evaluated<'a, String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let from = usize::try_from(from).ok();
        let to = to.map_or(Some(units.len()), |to| usize::try_from(to).ok());
        let part = from.zip(to).and_then(|(from, to)| units.get(from..to));
        match part {
            Some(part) => Ok(String::from_utf16_lossy(part)),
            None => Err(self.error(BAD_VALUE, span, "the text is shorter than that")),
        }
    }

    /// Groovy's separator is a pattern; only separators without special signs are taken.
    fn split(&mut self, text: &str, separator: &Value<'a>, span: Span) -> Evaluated<'a, Option<Value<'a>>> {
        let Some(separator) = separator.text() else { return Ok(None) };
        if separator.is_empty() || separator.contains(['\\', '[', '(', '.', '*', '+', '?', '{', '^', '$', '|']) {
            return Err(self.not_yet(span, "splitting at a pattern"));
        }
        let mut parts: Vec<&str> = text.split(&**separator).collect();
        while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        let mut items = Vec::new();
        for part in parts {
            items.push(self.text(span, part)?);
        }
        self.list(span, items).map(Some)
    }

    /// The elements of a list, or the entries of a map.
    pub(super) fn elements(&mut self, value: &Value<'a>, span: Span) -> Evaluated<'a, Vec<Value<'a>>> {
        match value {
            Value::List(list) => Ok(self.lists[*list].clone()),
            Value::Map(map) => {
                let mut entries = Vec::new();
                for (key, value) in self.maps[*map].clone() {
                    let (key_name, value_name) = (self.text(span, "key")?, self.text(span, "value")?);
                    entries.push(self.map(span, vec![(key_name, key), (value_name, value)])?);
                }
                Ok(entries)
            }
            Value::Null | Value::Poison => Ok(Vec::new()),
            other => Err(self.error(BAD_VALUE, span, format!("{} has no elements", other.describe()))),
        }
    }

    /// For each element the arguments that a closure of so many parameters gets.
    fn element_arguments(&mut self, of: &Value<'a>, wanted: usize, span: Span) -> Evaluated<'a, Vec<Vec<Value<'a>>>> {
        if let (Value::Map(map), 2) = (of, wanted) {
            return Ok(self.maps[*map].iter().map(|(key, value)| vec![key.clone(), value.clone()]).collect());
        }
        Ok(self.elements(of, span)?.into_iter().map(|item| vec![item]).collect())
    }

    fn collection_method(
        &mut self,
        receiver: &Value<'a>,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        let count = match receiver {
            Value::List(list) => self.lists[*list].len(),
            Value::Map(map) => self.maps[*map].len(),
            _ => 0,
        };
        if let (walk @ ("each" | "eachWithIndex" | "collect" | "findAll" | "any" | "every"), [Value::Closure(..)]) =
            (name.text.as_str(), arguments)
        {
            return self.walk(receiver, walk, &arguments[0], span).map(Some);
        }
        let value = match (name.text.as_str(), arguments, receiver) {
            ("size", [], _) => Value::Int(i32::try_from(count).unwrap_or(i32::MAX)),
            ("isEmpty", [], _) => Value::Bool(count == 0),
            ("toString", [], Value::List(_)) => {
                let text = self.shown(receiver, span)?;
                self.text(span, text)?
            }
            ("contains", [item], Value::List(list)) => {
                Value::Bool(self.lists[*list].iter().any(|known| self.equal(known, item)))
            }
            ("get", [Value::Int(index)], Value::List(list)) => {
                let item = usize::try_from(*index).ok().and_then(|index| self.lists[*list].get(index).cloned());
                item.ok_or_else(|| self.error(BAD_VALUE, span, "the list is shorter than that"))?
            }
            ("first", [], Value::List(list)) => self.lists[*list].first().cloned().unwrap_or(Value::Null),
            ("last", [], Value::List(list)) => self.lists[*list].last().cloned().unwrap_or(Value::Null),
            ("add", [item], Value::List(list)) => {
                self.take_room(span, 16)?;
                self.lists[*list].push(item.clone());
                Value::Bool(true)
            }
            ("join", [separator], Value::List(list)) => {
                let Some(separator) = separator.text().cloned() else { return Ok(None) };
                let mut parts = Vec::new();
                for item in self.lists[*list].clone() {
                    parts.push(self.shown(&item, span)?);
                }
                self.text(span, parts.join(&separator))?
            }
            ("get", [key], Value::Map(map)) => self.entry(*map, key).unwrap_or(Value::Null),
            ("containsKey", [key], Value::Map(map)) => Value::Bool(self.entry(*map, key).is_some()),
            ("put", [key, value], Value::Map(map)) => {
                let before = self.entry(*map, key).unwrap_or(Value::Null);
                self.put(*map, key.clone(), value.clone(), span)?;
                before
            }
            ("keySet", [], Value::Map(map)) => {
                let keys = self.maps[*map].iter().map(|(key, _)| key.clone()).collect();
                self.list(span, keys)?
            }
            ("values", [], Value::Map(map)) => {
                let values = self.maps[*map].iter().map(|(_, value)| value.clone()).collect();
                self.list(span, values)?
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    /// Calls a closure for every element.
    fn walk(&mut self, of: &Value<'a>, walk: &str, closure: &Value<'a>, span: Span) -> Evaluated<'a> {
        let Value::Closure(closure, context) = closure else { return Ok(Value::Null) };
        let context = Context { value: true, ..*context };
        let parameters = closure.parameters.as_ref().map_or(1, Vec::len);
        let wanted = if walk == "eachWithIndex" { parameters.saturating_sub(1) } else { parameters };
        if walk == "findAll" && matches!(of, Value::Map(_)) {
            return Err(self.not_yet(span, "`findAll` on a map"));
        }
        let mut kept = Vec::new();
        for (index, mut arguments) in self.element_arguments(of, wanted, span)?.into_iter().enumerate() {
            let item = arguments[0].clone();
            if walk == "eachWithIndex" {
                arguments.push(Value::Int(i32::try_from(index).unwrap_or(i32::MAX)));
            }
            let result = self.call_closure(closure, context, arguments, span)?;
            match walk {
                "collect" => kept.push(result),
                "findAll" if self.is_true(&result, span) => kept.push(item),
                "any" if self.is_true(&result, span) => return Ok(Value::Bool(true)),
                "every" if !self.is_true(&result, span) => return Ok(Value::Bool(false)),
                _ => {}
            }
        }
        match walk {
            "collect" | "findAll" => self.list(span, kept),
            "any" => Ok(Value::Bool(false)),
            "every" => Ok(Value::Bool(true)),
            _ => Ok(of.clone()),
        }
    }
}
