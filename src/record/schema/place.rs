//! Where in a schema's text a mistake stands that `apache-avro` tells by a name only.

/// Words of the Avro specification: they stand everywhere, and tell nothing.
const COMMON: [&str; 27] = [
    "aliases",
    "array",
    "boolean",
    "bytes",
    "default",
    "doc",
    "double",
    "enum",
    "field",
    "fields",
    "fixed",
    "float",
    "int",
    "items",
    "logicalType",
    "long",
    "map",
    "name",
    "namespace",
    "null",
    "order",
    "record",
    "size",
    "string",
    "symbols",
    "type",
    "values",
];

/// What a message says of a name that is there too often.
const TWICE: [&str; 3] = ["twice", "duplicate", "already"];

/// Start of the text in quotes that a message names: the one that is there least often, since that tells most. Of a name
/// that is there too often it is the last.
pub(super) fn of(message: &str, text: &str) -> Option<usize> {
    let words = message.split(|letter: char| !letter.is_alphanumeric() && !['_', '.', '-'].contains(&letter));
    // A full name may be written as a name and a namespace.
    let names = words.flat_map(|word| [Some(word), word.rsplit_once('.').map(|(_, name)| name)]).flatten();
    let names = names.filter(|name| !name.is_empty() && !COMMON.contains(name));
    let found = names.map(|name| starts(name, text)).filter(|starts| !starts.is_empty());
    let rarest = found.min_by_key(Vec::len)?;
    let twice = TWICE.iter().any(|word| message.to_ascii_lowercase().contains(word));
    if twice { rarest.last().copied() } else { rarest.first().copied() }
}

fn starts(name: &str, text: &str) -> Vec<usize> {
    text.match_indices(&format!("\"{name}\"")).map(|(start, _)| start).collect()
}
