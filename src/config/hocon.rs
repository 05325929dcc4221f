//! The language of the configuration: text to tree. Only this and [`spread`] know the crate that parses it.
//!
//! Each layer is parsed by itself, all are merged before any substitution is looked up, and then everything is
//! resolved once: so a value of a lower layer may refer to what a higher one sets. Variables are looked up in the map
//! that is handed in, never in the process environment.

mod spread;

use std::{collections::HashMap, path::Path};

use ::hocon::{
    HoconError, HoconValue, ParseError, ResolveError, ScalarType, lexer, parser,
    resolver::{self, InternalResolveOptions, ResObj},
};

use super::scan;

/// One value of the resolved tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`, without quotes.
    Boolean(bool),
    /// A number without quotes, as it was written.
    Number(String),
    /// Any other scalar.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(Members),
    /// A substitution that could not be looked up.
    Unresolved,
}

/// Members of an object, in the order in which they were first set.
pub type Members = Vec<(String, Value)>;

/// The value of a key.
#[must_use]
pub fn member<'a>(members: &'a [(String, Value)], key: &str) -> Option<&'a Value> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

impl Value {
    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Unresolved => "an unresolved substitution",
        }
    }

    /// Text of a scalar as it was written; nothing for anything else.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Boolean(true) => Some("true"),
            Self::Boolean(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Object(_) | Self::Unresolved => None,
        }
    }
}

/// A parsed text, includes read, substitutions not yet looked up.
#[derive(Clone)]
pub struct Layer(ResObj);

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// Line and column, both from 1, in the text at fault; 0 = not known.
    pub at: (usize, usize),
    /// An included file at fault, or the substitution; empty = the text itself.
    pub subject: String,
}

impl From<ParseError> for Fault {
    fn from(error: ParseError) -> Self {
        Self { message: tidy(&error.message), at: (error.line, error.col), subject: String::new() }
    }
}

impl From<ResolveError> for Fault {
    fn from(error: ResolveError) -> Self {
        Self { message: tidy(&error.message), at: (error.line, error.col), subject: error.path }
    }
}

impl From<HoconError> for Fault {
    fn from(error: HoconError) -> Self {
        match error {
            HoconError::Parse(error) => error.into(),
            HoconError::Resolve(error) => error.into(),
            other => Self { message: tidy(&other.to_string()), at: (0, 0), subject: String::new() },
        }
    }
}

/// Our messages have no final dot and no references to chapters of the language's specification.
fn tidy(message: &str) -> String {
    let cut = message.find(" (HOCON.md").or_else(|| message.find(" per HOCON S")).unwrap_or(message.len());
    message[..cut].trim_end_matches('.').to_owned()
}

/// Parses a text. Includes without `file(…)` are looked up in `directory`.
///
/// # Errors
/// Syntax errors of the text or of a file that it includes, and required includes that are missing.
pub fn parse(text: &str, directory: Option<&Path>) -> Result<Layer, Fault> {
    if let Some(at) = scan::too_deep(text) {
        let before = &text[..at];
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let at = (before.matches('\n').count() + 1, column);
        return Err(Fault { message: "the key has too many names".to_owned(), at, subject: String::new() });
    }
    let mut tree = parser::parse_tokens(&lexer::tokenize(text)?)?;
    if let parser::AstNode::Array { pos, .. } = &tree {
        let message = "the file holds a list where keys are expected".to_owned();
        return Err(Fault { message, at: (pos.line, pos.col), subject: String::new() });
    }
    let options = InternalResolveOptions::new(HashMap::new()).with_base_dir_opt(directory.map(Path::to_path_buf));
    spread::spread(&mut tree, &options)?;
    Ok(Layer(resolver::build_tree(tree, &options)?))
}

/// Merges layers, the strongest first, and looks every substitution up: in the merged tree, then in `environment`.
/// A substitution that finds nothing becomes [`Value::Unresolved`].
///
/// # Errors
/// Substitutions that run in a circle, values of different kinds put side by side.
pub fn resolve(layers: &[Layer], environment: &HashMap<String, String>) -> Result<Members, Fault> {
    // From the top downwards: a scalar in the middle must hide the objects below it.
    let merged = layers.iter().fold(ResObj::new(), |above, layer| resolver::merge_unresolved(above, layer.0.clone()));
    let options = InternalResolveOptions::new(environment.clone()).with_allow_unresolved(true);
    match convert(resolver::resolve_tree(merged, &options)?) {
        Value::Object(members) => Ok(members),
        other => {
            let message = format!("the configuration is {}, not an object", other.kind());
            Err(Fault { message, at: (0, 0), subject: String::new() })
        }
    }
}

fn convert(value: HoconValue) -> Value {
    match value {
        HoconValue::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (key, convert(value))).collect())
        }
        HoconValue::Array(items) => Value::List(items.into_iter().map(convert).collect()),
        HoconValue::Scalar(scalar) => match scalar.value_type {
            ScalarType::Null => Value::Null,
            ScalarType::Boolean => Value::Boolean(scalar.raw == "true"),
            ScalarType::Number => Value::Number(scalar.raw),
            _ => Value::Text(scalar.raw),
        },
        _ => Value::Unresolved,
    }
}

#[cfg(test)]
#[path = "hocon/tests.rs"]
mod tests;
