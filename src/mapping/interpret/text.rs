//! Methods of texts.

use super::{Evaluated, Interpreter, Name, Span, Value};
use crate::{
    diagnostic::nearest,
    mapping::{
        diagnostic::{BAD_VALUE, UNKNOWN_METHOD},
        java::regex::{self, Regex},
    },
};

/// Names of the methods of texts.
const TEXT: &[&str] = &[
    "toString",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "capitalize",
    "substring",
    "replace",
    "split",
    "tokenize",
    "startsWith",
    "endsWith",
    "contains",
    "indexOf",
    "length",
    "size",
    "isEmpty",
    "equals",
    "equalsIgnoreCase",
    "concat",
    "matches",
    "reverse",
    "toInteger",
    "toLong",
    "toFloat",
    "toDouble",
    "toBoolean",
    "isInteger",
];

/// Names of the methods of lists and maps.
const COLLECTION: &[&str] = &[
    "each",
    "eachWithIndex",
    "collect",
    "collectEntries",
    "findAll",
    "find",
    "any",
    "every",
    "size",
    "contains",
    "join",
    "get",
    "getAt",
    "first",
    "last",
    "add",
    "addAll",
    "isEmpty",
    "keySet",
    "values",
    "entrySet",
    "put",
    "putAll",
    "containsKey",
    "getOrDefault",
    "toString",
    "with",
    "reverse",
    "indexOf",
    "sum",
    "getMessage",
];

impl<'a> Interpreter<'a, '_> {
    /// Methods of plain values.
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
            Value::Date(time) if name.text == "getTime" && arguments.is_empty() => Some(Value::Long(*time)),
            Value::Int(count) if name.text == "times" => self.times(*count, arguments, span)?,
            Value::Null => {
                let message = format!("null has no method `{}`", name.text);
                let hint = if super::call::STATEMENTS.contains(&name.text.as_str()) {
                    "a statement of its own needs a line of its own, or `;` in front of it"
                } else {
                    "the value before the dot is missing"
                };
                return Err(self.error_with_hint(UNKNOWN_METHOD, name.span, message, hint));
            }
            _ => self.number_method(receiver, name, arguments, span)?,
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
            Some(near) => self.misnamed(UNKNOWN_METHOD, name.span, message, near),
            None => self.error(UNKNOWN_METHOD, name.span, message),
        })
    }

    fn times(&mut self, count: i32, arguments: &[Value<'a>], span: Span) -> Evaluated<'a, Option<Value<'a>>> {
        let [callee @ (Value::Closure(..) | Value::Method(_))] = arguments else { return Ok(None) };
        for index in 0..count {
            self.call_value(callee, vec![Value::Int(index)], span)?;
        }
        Ok(Some(Value::Null))
    }

    fn number_method(
        &mut self,
        receiver: &Value<'a>,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        let kind = match (name.text.as_str(), arguments) {
            ("toString", []) => "String",
            ("intValue" | "toInteger", []) => "int",
            ("longValue" | "toLong", []) => "long",
            ("floatValue" | "toFloat", []) => "float",
            ("doubleValue" | "toDouble", []) => "double",
            ("equals", [other]) => return self.are_equal(receiver, other, span).map(|equal| Some(Value::Bool(equal))),
            _ => return Ok(None),
        };
        let kind = Name { text: kind.to_owned(), span: name.span };
        self.cast(receiver, &kind).map(Some)
    }

    fn text_method(
        &mut self,
        text: &str,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        self.spend(span, text.len() / 64)?;
        let made: String = match (name.text.as_str(), arguments) {
            ("toString", []) => text.to_owned(),
            ("trim", []) => text.trim_matches(|letter| letter <= ' ').to_owned(),
            ("toLowerCase", []) => text.to_lowercase(),
            ("toUpperCase", []) => text.to_uppercase(),
            ("capitalize", []) => {
                let mut letters = text.chars();
                letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
            }
            ("reverse", []) => text.chars().rev().collect(),
            ("substring", [Value::Int(from)]) => self.substring(text, *from, None, span)?,
            ("substring", [Value::Int(from), Value::Int(to)]) => self.substring(text, *from, Some(*to), span)?,
            ("concat", [other]) => match other.text() {
                Some(other) => format!("{text}{other}"),
                None => return Ok(None),
            },
            ("replace", [from, to]) => match (from.text(), to.text()) {
                (Some(from), Some(to)) => {
                    let (from, to) = (from.to_string(), to.to_string());
                    self.take_room(span, text.len() + text.matches(&*from).count() * to.len())?;
                    text.replace(&*from, &to)
                }
                _ => return Ok(None),
            },
            ("split", [separator]) => return self.split(text, separator, span),
            ("tokenize", [separator]) => {
                let Some(signs) = separator.text().cloned() else { return Ok(None) };
                let parts = text.split(|letter| signs.contains(letter)).filter(|part| !part.is_empty());
                let parts: Vec<_> = parts.take(regex::PARTS_MAX + 1).map(str::to_owned).collect();
                if parts.len() > regex::PARTS_MAX {
                    return Err(self.limit(span, "the text has too many parts"));
                }
                return self.texts(parts, span).map(Some);
            }
            _ => return self.text_question(text, name, arguments, span),
        };
        self.text(span, made).map(Some)
    }

    /// Methods of texts that do not make a text.
    fn text_question(
        &mut self,
        text: &str,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a, Option<Value<'a>>> {
        let count = |length: usize| Value::Int(i32::try_from(length).unwrap_or(i32::MAX));
        let number = |value: Option<Value<'a>>| {
            value.ok_or_else(|| self.error(BAD_VALUE, span, format!("`{text}` is no such number"))).map(Some)
        };
        let argument = arguments.first().and_then(Value::text);
        Ok(Some(match (name.text.as_str(), arguments, argument) {
            ("length" | "size", [], _) => count(text.encode_utf16().count()),
            ("isEmpty", [], _) => Value::Bool(text.is_empty()),
            ("startsWith", [_], Some(part)) => Value::Bool(text.starts_with(&**part)),
            ("endsWith", [_], Some(part)) => Value::Bool(text.ends_with(&**part)),
            ("contains", [_], Some(part)) => Value::Bool(text.contains(&**part)),
            ("equals", [_], other) => Value::Bool(other.is_some_and(|other| **other == *text)),
            ("equalsIgnoreCase", [_], Some(other)) => Value::Bool(text.to_lowercase() == other.to_lowercase()),
            ("indexOf", [_], Some(part)) => match text.find(&**part) {
                Some(at) => count(text[..at].encode_utf16().count()),
                None => Value::Int(-1),
            },
            ("matches", [_], Some(pattern)) => {
                let pattern = pattern.to_string();
                return self.matches(text, &pattern, span).map(|matches| Some(Value::Bool(matches)));
            }
            ("isInteger", [], _) => Value::Bool(text.trim().parse::<i32>().is_ok()),
            ("toBoolean", [], _) => {
                Value::Bool(["true", "y", "1"].iter().any(|word| text.trim().eq_ignore_ascii_case(word)))
            }
            ("toInteger", [], _) => return number(text.trim().parse().ok().map(Value::Int)),
            ("toLong", [], _) => return number(text.trim().parse().ok().map(Value::Long)),
            ("toFloat", [], _) => return number(text.trim().parse().ok().map(Value::Float)),
            ("toDouble", [], _) => return number(text.trim().parse().ok().map(Value::Double)),
            _ => return Ok(None),
        }))
    }

    /// Whether a whole text matches a pattern.
    pub(super) fn matches(&mut self, text: &str, pattern: &str, span: Span) -> Evaluated<'a, bool> {
        // Compiling takes far longer than a step.
        self.spend(span, 2000 + text.len() / 16)?;
        let bad = |message: String| self.error(BAD_VALUE, span, format!("the pattern cannot be read: {message}"));
        let regex = Regex::new(pattern).map_err(|error| bad(error.message))?;
        regex.is_match(text).map_err(|_| self.error(BAD_VALUE, span, "the pattern takes too many steps on this text"))
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

    /// Splits at a pattern; empty texts at the end are left out.
    fn split(&mut self, text: &str, separator: &Value<'a>, span: Span) -> Evaluated<'a, Option<Value<'a>>> {
        let Some(separator) = separator.text().cloned() else { return Ok(None) };
        self.spend(span, 2000)?;
        let parts = regex::split(&separator, text).map_err(|bad| {
            self.error(BAD_VALUE, span, format!("the separator `{separator}` cannot be read: {}", bad.message))
        })?;
        self.texts(parts, span).map(Some)
    }

    /// A list of texts.
    fn texts(&mut self, parts: Vec<String>, span: Span) -> Evaluated<'a> {
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            items.push(self.text(span, part)?);
        }
        self.list(span, items)
    }
}
