//! What scripts can ask of an event, one file per family: the names that scripts use, and the evaluation.

pub mod campaign;
pub mod condition;
pub mod cookie;
mod derive;
pub mod digest;
pub mod extension;
pub mod geo;
pub mod header;
pub mod logical;
pub mod parameters;
pub mod parse;
pub mod regex;
pub mod request;
pub mod traffic;
pub mod uri;
pub mod user_agent;

use super::{
    action::Literal,
    producer::{Kind, Producer, ProducerId, Producers},
};

/// An argument of a call, as far as these functions care.
#[derive(Clone, Debug)]
pub enum Given {
    /// A text, interpolated or not.
    Text {
        /// The text.
        text: String,
        /// Whether it was interpolated: such a text equals nothing.
        interpolated: bool,
    },
    /// A value of the event.
    Producer(ProducerId),
    /// A boolean or number of a type that can be compared.
    Literal(Literal),
    /// A list of texts.
    List(Vec<String>),
    /// Anything else, described.
    Other(&'static str),
}

/// What a name and its arguments stand for.
#[derive(Debug)]
pub enum Found {
    /// This value.
    Producer(Producer),
    /// This value, which can never be what was meant: why.
    Odd(Producer, &'static str),
    /// The function exists, but takes other arguments: which, as in `one text`.
    WrongArguments(&'static str),
    /// What is given cannot be read: why.
    Bad(String),
    /// There is no such function.
    Unknown,
}

/// Functions of more than a name, beside those of the request.
const FUNCTIONS: &[&str] = &["userAgent", "cookie", "header", "eventParameters", "eventParameter", "ip2geo"];

/// Functions that stand for a value of the event, as in `location()`.
#[must_use]
pub fn function(producers: &Producers, name: &str, arguments: &[Given]) -> Found {
    let plain =
        |producer| if arguments.is_empty() { Found::Producer(producer) } else { Found::WrongArguments("no argument") };
    if let Some(request) = Request::named(name) {
        return plain(Producer::Request(request));
    }
    match name {
        "userAgent" => plain(Producer::UserAgent),
        "cookie" => cookie::function(arguments),
        "header" => header::function(arguments),
        "eventParameters" => plain(Producer::Parameters),
        "eventParameter" => parameters::function(arguments),
        "ip2geo" => geo::function(producers, arguments),
        _ => extension::function(producers, name, arguments),
    }
}

use request::Request;

/// Methods of a value of the event, as in `location().isPresent()`.
#[must_use]
pub fn method(producers: &Producers, of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    let own = match producers.kind(of) {
        Kind::Uri => uri::method(of, name, arguments),
        Kind::Query => uri::query_method(of, name, arguments),
        Kind::UserAgent => user_agent::method(of, name, arguments),
        Kind::Place => geo::method(of, name, arguments),
        kind @ (Kind::Campaign | Kind::Click | Kind::Traffic) => extension::method(kind, of, name, arguments),
        Kind::Boolean => condition::boolean_method(producers, of, name, arguments),
        Kind::TextList if matches!(producers.get(of), Producer::Header(_)) => header::method(of, name, arguments),
        Kind::Parameters => parameters::method(of, name, arguments),
        Kind::Matcher => regex::method(of, name, arguments),
        Kind::Bytes => digest::bytes_method(of, name, arguments),
        // A column is looked for in the table, which only who loads the script knows.
        Kind::Row
        | Kind::Text
        | Kind::Int
        | Kind::Long
        | Kind::Float
        | Kind::Double
        | Kind::TextList
        | Kind::IntList
        | Kind::Json => Found::Unknown,
    };
    if matches!(own, Found::Unknown) { condition::method(of, name, arguments) } else { own }
}

/// Names of all functions, for hints.
pub fn function_names() -> impl Iterator<Item = &'static str> + Clone {
    request::NAMES.iter().map(|(name, ..)| *name).chain(FUNCTIONS.iter().chain(extension::FUNCTIONS).copied())
}

/// Names of all methods of values of this type, for hints.
pub fn method_names(kind: Kind) -> impl Iterator<Item = &'static str> {
    let own: Vec<&'static str> = match kind {
        Kind::Uri => uri::PARTS.iter().map(|(name, _)| *name).chain(["query"]).collect(),
        Kind::Query => vec!["value", "valueList"],
        Kind::UserAgent => user_agent::FIELDS.iter().map(|(name, _)| *name).collect(),
        Kind::Place => geo::names().collect(),
        Kind::Campaign | Kind::Click | Kind::Traffic => extension::method_names(kind),
        Kind::Row => vec![extension::COLUMN],
        Kind::Boolean => vec!["and", "or", "negate"],
        Kind::TextList => header::METHODS.to_vec(),
        Kind::Parameters => vec!["value", "path"],
        Kind::Matcher => vec!["matches", "group"],
        Kind::Bytes => digest::FORMS.iter().map(|(name, _)| *name).collect(),
        Kind::Text | Kind::Int | Kind::Long | Kind::Float | Kind::Double | Kind::IntList | Kind::Json => Vec::new(),
    };
    own.into_iter().chain(["isPresent", "isAbsent", "equalTo"])
}
