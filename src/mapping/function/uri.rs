//! Parts of a URI and of its query: `(parse location() to uri).path()`.

use super::{Found, Given};
use crate::{
    mapping::{
        eval::{Datum, Evaluation, TextRef},
        java::{
            form::{decode_into, is_encoded, pairs},
            uri::{Part, Uri},
        },
        producer::{Kind, Producer, ProducerId},
    },
    record::binary::{write_bytes, write_length},
};

/// A part of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are named as scripts name them, see PARTS")]
pub enum UriPart {
    Scheme,
    Host,
    Port,
    Path,
    RawPath,
    DecodedQueryString,
    RawQueryString,
    DecodedFragment,
    RawFragment,
}

pub(super) const PARTS: &[(&str, UriPart)] = &[
    ("scheme", UriPart::Scheme),
    ("host", UriPart::Host),
    ("port", UriPart::Port),
    ("path", UriPart::Path),
    ("rawPath", UriPart::RawPath),
    ("decodedQueryString", UriPart::DecodedQueryString),
    ("rawQueryString", UriPart::RawQueryString),
    ("decodedFragment", UriPart::DecodedFragment),
    ("rawFragment", UriPart::RawFragment),
];

impl UriPart {
    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        PARTS[self as usize].0
    }

    /// Static type.
    #[must_use]
    pub fn kind(self) -> Kind {
        if self == Self::Port { Kind::Int } else { Kind::Text }
    }

    /// The part of a URI whose text is `text`.
    pub(in crate::mapping) fn evaluate<'e>(
        self,
        run: &mut Evaluation<'e, '_>,
        uri: &Uri,
        text: TextRef<'e>,
    ) -> Datum<'e> {
        let raw = |part: Option<Part>| part.map_or(Datum::Absent, |part| Datum::Text(text.part(part)));
        let part = match self {
            Self::Scheme => return raw(uri.scheme),
            Self::Host => return raw(uri.host),
            Self::RawPath => return raw(uri.path),
            Self::RawQueryString => return raw(uri.query),
            Self::RawFragment => return raw(uri.fragment),
            Self::Port => return Datum::int(uri.port),
            Self::Path => uri.path,
            Self::DecodedQueryString => uri.query,
            Self::DecodedFragment => uri.fragment,
        };
        part.map_or(Datum::Absent, |part| Datum::Text(decoded(run, text.part(part), false)))
    }
}

/// The text decoded, into the buffer of the run if that changes it.
fn decoded<'e>(run: &mut Evaluation<'e, '_>, text: TextRef<'e>, plus: bool) -> TextRef<'e> {
    if is_encoded(run.read(text), plus) { run.compute(text, |raw, out| decode_into(raw, plus, out)) } else { text }
}

/// First value of `name` in a raw query.
pub(in crate::mapping) fn query_value<'e>(run: &mut Evaluation<'e, '_>, query: TextRef<'e>, name: &str) -> Datum<'e> {
    let mut key = std::mem::take(&mut run.key);
    let part = find_value(run.read(query), name, &mut key);
    run.key = key;
    part.map_or(Datum::Absent, |part| Datum::Text(decoded(run, query.part(part), true)))
}

/// All values of `name` in a raw query; absent if there is none.
pub(in crate::mapping) fn query_list<'e>(run: &mut Evaluation<'e, '_>, query: TextRef<'e>, name: &str) -> Datum<'e> {
    let start = run.list_start();
    let mut key = std::mem::take(&mut run.key);
    let mut from = 0;
    // One pair at a time, because the text may lie in the buffer that decoding grows.
    while let Some((value, next)) = next_value(run.read(query), from, name, &mut key) {
        let value = query.part(value);
        run.key = std::mem::take(&mut key);
        let item = decoded(run, value, true);
        key = std::mem::take(&mut run.key);
        run.push_item(item);
        from = next;
    }
    run.key = key;
    if run.list_start() == start { Datum::Absent } else { run.list_from(start) }
}

/// The next value of `name` at or behind byte `from` of a raw query, and where the pair behind it starts.
fn next_value(query: &str, from: usize, name: &str, key: &mut String) -> Option<(Part, usize)> {
    let mut from = from;
    while from < query.len() {
        let rest = &query[from..];
        let end = rest.find('&').unwrap_or(rest.len());
        let (raw, value) = rest[..end].split_once('=').unwrap_or((&rest[..end], ""));
        let next = from + end + 1;
        if is_named(raw, name, key) {
            let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let start = from + end - value.len();
            return Some((Part { start: narrow(start), end: narrow(from + end) }, next));
        }
        from = next;
    }
    None
}

fn is_named(raw: &str, name: &str, key: &mut String) -> bool {
    if !is_encoded(raw, true) {
        return raw == name;
    }
    key.clear();
    decode_into(raw, true, key);
    key == name
}

/// Appends a query as an Avro map of arrays of texts, names in the order of their first appearance.
pub(in crate::mapping) fn write_query(query: &str, out: &mut Vec<u8>) {
    let decode = |raw: &str| {
        let mut text = String::with_capacity(raw.len());
        decode_into(raw, true, &mut text);
        text
    };
    let mut names: Vec<(String, Vec<String>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, value) in pairs(query) {
        let name = decode(name);
        let place = *places.entry(name.clone()).or_insert(names.len());
        if place == names.len() {
            names.push((name, Vec::new()));
        }
        names[place].1.push(decode(value));
    }
    if !names.is_empty() {
        write_length(out, names.len());
        for (name, values) in &names {
            write_bytes(out, name.as_bytes());
            write_length(out, values.len());
            for value in values {
                write_bytes(out, value.as_bytes());
            }
            out.push(0);
        }
    }
    out.push(0);
}

/// Where the first value of `name` lies in a raw query.
fn find_value(query: &str, name: &str, key: &mut String) -> Option<Part> {
    let (_, value) = pairs(query).find(|(raw, _)| is_named(raw, name, key))?;
    // Both lie in the same text, so their distance is a place in it; a value that is not there is empty anywhere.
    let start = (value.as_ptr() as usize).checked_sub(query.as_ptr() as usize).filter(|start| *start <= query.len());
    let start = start.filter(|_| !value.is_empty()).unwrap_or(0);
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Some(Part { start: narrow(start), end: narrow(start + value.len()) })
}

pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    let producer = match PARTS.iter().find(|(own, _)| *own == name) {
        Some((_, part)) => Producer::UriPart(of, *part),
        None if name == "query" => Producer::Query(of),
        None => return Found::Unknown,
    };
    if arguments.is_empty() { Found::Producer(producer) } else { Found::WrongArguments("no argument") }
}

pub(super) fn query_method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match (name, arguments) {
        ("value", [Given::Text { text, .. }]) => Found::Producer(Producer::QueryValue(of, text.clone())),
        ("valueList", [Given::Text { text, .. }]) => Found::Producer(Producer::QueryList(of, text.clone())),
        ("value" | "valueList", _) => Found::WrongArguments("the name of a query parameter"),
        _ => Found::Unknown,
    }
}
