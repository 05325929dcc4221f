//! `eventParameters()`: custom parameters, their members as text, and JSON paths into them.

use super::{Found, Given};
use crate::mapping::{
    eval::{Datum, Evaluation, Failure, TextRef},
    java::jsonpath::{Path, TooMuch},
    json::View,
    producer::{Producer, ProducerId},
};

/// `eventParameter(name)`, the old form.
pub(super) fn function(arguments: &[Given]) -> Found {
    match arguments {
        [Given::Text { text, .. }] => Found::Producer(Producer::ParameterValue(text.clone())),
        _ => Found::WrongArguments("the name of a parameter"),
    }
}

pub(super) fn method(_of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match (name, arguments) {
        ("value", [Given::Text { text, .. }]) => Found::Producer(Producer::ParameterValue(text.clone())),
        ("path", [Given::Text { text, .. }]) => match Path::parse(text) {
            Ok(_) => Found::Producer(Producer::ParameterPath(text.clone())),
            Err(bad) => {
                Found::Bad(format!("the JSON path `{text}` cannot be read: {} at character {}", bad.message, {
                    text.get(..bad.at).map_or(0, |before| before.chars().count()) + 1
                }))
            }
        },
        ("value", _) => Found::WrongArguments("the name of a parameter"),
        ("path", _) => Found::WrongArguments("a JSON path"),
        _ => Found::Unknown,
    }
}

/// The whole tree.
pub(in crate::mapping) fn all<'e>(run: &mut Evaluation<'e, '_>) -> Datum<'e> {
    run.parameters().map_or(Datum::Absent, Datum::Json)
}

/// A direct member as text: empty if there is none, or if it is an object or array.
pub(in crate::mapping) fn value<'e>(run: &mut Evaluation<'e, '_>, name: &str) -> Datum<'e> {
    let Some(root) = run.parameters() else { return Datum::Absent };
    let document = &run.shared.document;
    let Some((_, member)) = document.find(root, name) else { return Datum::Text(TextRef::Borrowed("")) };
    match (document.view(member), document.text_place(member)) {
        (_, Some(place)) => Datum::Text(TextRef::Parameter(place)),
        (View::Null, _) => Datum::Text(TextRef::Borrowed("null")),
        (View::Boolean(true), _) => Datum::Text(TextRef::Borrowed("true")),
        (View::Boolean(false), _) => Datum::Text(TextRef::Borrowed("false")),
        _ => {
            let mut text = std::mem::take(&mut run.key);
            text.clear();
            let scalar = run.shared.document.scalar_text(member, |scalar| text.push_str(scalar));
            let result = match scalar {
                Some(()) => run.computed(&text),
                None => TextRef::Borrowed(""),
            };
            run.key = text;
            Datum::Text(result)
        }
    }
}

/// Where a path leads.
pub(in crate::mapping) fn path<'e>(
    run: &mut Evaluation<'e, '_>,
    path: &Path,
    position: &str,
) -> Result<Datum<'e>, Box<Failure>> {
    let Some(root) = run.parameters() else { return Ok(Datum::Absent) };
    match run.paths.find(path, &mut run.shared.document, root) {
        Ok(found) => Ok(found.map_or(Datum::Absent, Datum::Json)),
        Err(TooMuch) => Failure::evaluation("the JSON path takes too many steps in these parameters", position),
    }
}
