//! The few classes of Java that scripts use: `System`, `Math`, `Integer` and its like, `Date`.

use super::{Evaluated, Interpreter, Name, Span, Value};
use crate::{
    diagnostic::nearest,
    mapping::{
        diagnostic::{BAD_VALUE, UNKNOWN_METHOD},
        java::number::{parse_double, parse_float},
    },
};

/// A class whose methods a script can call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    System,
    Environment,
    Math,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    String,
}

const NAMES: &[(&str, Library, &[&str])] = &[
    ("System", Library::System, &["getenv", "currentTimeMillis"]),
    ("Math", Library::Math, &["max", "min", "abs"]),
    ("Integer", Library::Integer, &["parseInt", "valueOf"]),
    ("Long", Library::Long, &["parseLong", "valueOf"]),
    ("Float", Library::Float, &["parseFloat", "valueOf"]),
    ("Double", Library::Double, &["parseDouble", "valueOf"]),
    ("Boolean", Library::Boolean, &["parseBoolean", "valueOf"]),
    ("String", Library::String, &["valueOf"]),
];

impl Library {
    pub(super) fn named(name: &str) -> Option<Self> {
        let short = name.strip_prefix("java.lang.").unwrap_or(name);
        NAMES.iter().find(|(own, ..)| *own == short).map(|(_, library, _)| *library)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, library, _)| *library == self).map_or("System.env", |(name, ..)| name)
    }
}

impl<'a> Interpreter<'a, '_> {
    pub(super) fn call_library(
        &mut self,
        library: Library,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a> {
        let text = arguments.first().and_then(Value::text).map(ToString::to_string);
        let parsed = |value: Option<Value<'a>>| value.ok_or(());
        let result = match (library, name.text.as_str(), arguments) {
            (Library::System | Library::Environment, "getenv" | "get", [_]) if text.is_some() => {
                return self.environment(&text.unwrap_or_default(), span);
            }
            (Library::System, "getenv", []) => return Ok(Value::Library(Library::Environment)),
            (Library::System, "currentTimeMillis", []) => return Ok(Value::Long(self.surroundings.now_ms)),
            (Library::Math, "max" | "min", [left, right]) => {
                let less = self.calculate("<", left, right, span)?;
                let left_is_less = matches!(less, Value::Bool(true));
                return Ok(if left_is_less == (name.text == "min") { left.clone() } else { right.clone() });
            }
            (Library::Math, "abs", [value]) => {
                let negative = self.calculate("<", value, &Value::Int(0), span)?;
                if matches!(negative, Value::Bool(true)) {
                    return self.calculate("*", value, &Value::Int(-1), span);
                }
                return Ok(value.clone());
            }
            (Library::Integer, "parseInt" | "valueOf", [_]) => {
                parsed(text.as_deref().and_then(|text| text.parse().ok()).map(Value::Int))
            }
            (Library::Long, "parseLong" | "valueOf", [_]) => {
                parsed(text.as_deref().and_then(|text| text.parse().ok()).map(Value::Long))
            }
            (Library::Float, "parseFloat" | "valueOf", [_]) => {
                parsed(text.as_deref().and_then(|text| parse_float(text.trim())).map(Value::Float))
            }
            (Library::Double, "parseDouble" | "valueOf", [_]) => {
                parsed(text.as_deref().and_then(|text| parse_double(text.trim())).map(Value::Double))
            }
            (Library::Boolean, "parseBoolean" | "valueOf", [_]) => {
                parsed(text.as_deref().map(|text| Value::Bool(text.eq_ignore_ascii_case("true"))))
            }
            (Library::String, "valueOf", [value]) => {
                let text = self.shown(value, span)?;
                return self.text(span, text);
            }
            _ => return Err(self.unknown_in_library(library, name)),
        };
        result.map_err(|()| {
            let given = text.map_or_else(|| arguments[0].describe().to_owned(), |text| format!("`{text}`"));
            self.error(BAD_VALUE, span, format!("{given} is no {}", library.name().to_lowercase()))
        })
    }

    pub(super) fn environment(&mut self, name: &str, span: Span) -> Evaluated<'a> {
        match (self.surroundings.environment)(name) {
            Some(value) => self.text(span, value),
            None => Ok(Value::Null),
        }
    }

    fn unknown_in_library(&self, library: Library, name: &Name) -> super::Stop<'a> {
        let message = format!("`{}.{}` is not supported in mappings", library.name(), name.text);
        let known = NAMES.iter().find(|(_, own, _)| *own == library).map_or(&[][..], |(.., methods)| methods);
        match nearest(&name.text, known.iter().copied()) {
            Some(near) if near != name.text => self.misnamed(UNKNOWN_METHOD, name.span, message, near),
            _ => self.error(UNKNOWN_METHOD, name.span, message),
        }
    }

    /// `new Date()` and its time; no other object can be made.
    pub(super) fn new_object(&mut self, name: &Name, arguments: &[Value<'a>], span: Span) -> Evaluated<'a> {
        match (name.text.as_str(), arguments) {
            ("Date" | "java.util.Date", []) => Ok(Value::Date(self.surroundings.now_ms)),
            ("Date" | "java.util.Date", [Value::Int(time)]) => Ok(Value::Date((*time).into())),
            ("Date" | "java.util.Date", [Value::Long(time)]) => Ok(Value::Date(*time)),
            _ => Err(self.unsupported(span, &format!("`new {}`", name.text))),
        }
    }
}
