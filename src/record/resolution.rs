//! Whether records written with one schema can be read with another: schema resolution of the Avro specification.
//!
//! It works on the JSON of schemas that were checked before, because aliases, defaults of enums and logical types
//! matter here and nowhere else.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::schema::RecordSchema;

/// Differences that are told; more of them help nobody.
const DIFFERENCES_MAX: usize = 50;

/// Why records of `writer` cannot be read with `reader`, one sentence for each difference; nothing if they can.
#[must_use]
pub fn differences(reader: &RecordSchema, writer: &RecordSchema) -> Vec<String> {
    let (reader, writer) = (json(reader), json(writer));
    let names = (Names::of(&reader), Names::of(&writer));
    let mut resolution = Resolution { reader: &names.0, writer: &names.1, seen: HashSet::new() };
    let mut found = resolution.compared(names.0.kind(&reader, ""), names.1.kind(&writer, ""), "");
    found.truncate(DIFFERENCES_MAX);
    found
}

fn json(schema: &RecordSchema) -> Value {
    serde_json::from_str(schema.json()).expect("the text of a schema that was read is JSON")
}

/// A type: its word and, unless it is primitive, how it is described.
#[derive(Clone, Copy)]
struct Kind<'s> {
    word: &'s str,
    object: Option<&'s Map<String, Value>>,
    branches: &'s [Value],
    /// Namespace of what is within.
    namespace: &'s str,
    /// Full name of a named type.
    name: Option<&'s str>,
}

impl<'s> Kind<'s> {
    fn text(&self, key: &str) -> Option<&'s str> {
        self.object?.get(key)?.as_str()
    }

    fn list(&self, key: &str) -> &'s [Value] {
        self.object.and_then(|object| object.get(key)?.as_array()).map_or(&[], Vec::as_slice)
    }

    fn number(&self, key: &str) -> u64 {
        self.object.and_then(|object| object.get(key)?.as_u64()).unwrap_or_default()
    }

    /// As messages say it.
    fn shown(&self) -> String {
        match (self.name, self.text("logicalType")) {
            (Some(name), _) => format!("{} {name}", self.word),
            (None, Some(logical)) => format!("{} ({logical})", self.word),
            (None, None) => self.word.to_owned(),
        }
    }
}

/// The named types of a schema.
struct Names<'s> {
    /// Full name to definition and namespace.
    known: HashMap<String, (&'s Map<String, Value>, String)>,
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

impl<'s> Names<'s> {
    fn of(schema: &'s Value) -> Self {
        let mut names = Self { known: HashMap::new() };
        names.collect(schema, "");
        names
    }

    fn collect(&mut self, schema: &'s Value, namespace: &str) {
        match schema {
            Value::Array(branches) => branches.iter().for_each(|branch| self.collect(branch, namespace)),
            Value::Object(object) => {
                let mut within = namespace.to_owned();
                if let Some(name) = object.get("name").and_then(Value::as_str) {
                    let own = object.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
                    let full = full_name(name, own);
                    within = full.rsplit_once('.').map(|(namespace, _)| namespace.to_owned()).unwrap_or_default();
                    self.known.insert(full, (object, within.clone()));
                }
                for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                    field.get("type").into_iter().for_each(|kind| self.collect(kind, &within));
                }
                for key in ["type", "items", "values"] {
                    object.get(key).into_iter().for_each(|kind| self.collect(kind, &within));
                }
            }
            _ => {}
        }
    }

    /// The type that a piece of the schema stands for.
    fn kind(&'s self, schema: &'s Value, namespace: &'s str) -> Kind<'s> {
        let plain = Kind { word: "null", object: None, branches: &[], namespace, name: None };
        match schema {
            Value::Array(branches) => Kind { word: "union", branches, ..plain },
            Value::Object(object) => match object.get("type") {
                Some(Value::String(word)) => match object.get("name").and_then(Value::as_str) {
                    Some(name) => {
                        let own = object.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
                        self.named(&full_name(name, own)).unwrap_or(plain)
                    }
                    None => match self.named(&full_name(word, namespace)) {
                        Some(named) => named,
                        None => Kind { word, object: Some(object), ..plain },
                    },
                },
                Some(inner) => self.kind(inner, namespace),
                None => plain,
            },
            Value::String(word) => {
                let named = self.named(&full_name(word, namespace)).or_else(|| self.named(word));
                named.unwrap_or(Kind { word, ..plain })
            }
            _ => plain,
        }
    }

    fn named(&'s self, name: &str) -> Option<Kind<'s>> {
        let (name, (object, namespace)) = self.known.get_key_value(name)?;
        let word = object.get("type")?.as_str()?;
        Some(Kind { word, object: Some(object), branches: &[], namespace, name: Some(name) })
    }
}

struct Resolution<'s> {
    reader: &'s Names<'s>,
    writer: &'s Names<'s>,
    /// Pairs of records that were compared, or are just now.
    seen: HashSet<(&'s str, &'s str)>,
}

fn simple(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a reader's named type goes by the name of the writer's.
fn same_name(reader: &Kind<'_>, writer: &Kind<'_>) -> bool {
    let (Some(own), Some(other)) = (reader.name, writer.name) else { return true };
    let mut aliases = reader.list("aliases").iter().filter_map(Value::as_str);
    simple(own) == simple(other) || aliases.any(|alias| full_name(alias, reader.namespace) == other)
}

/// Whether a value of one primitive type may be read as another.
fn promoted(writer: &str, reader: &str) -> bool {
    matches!(
        (writer, reader),
        ("int", "long" | "float" | "double")
            | ("long", "float" | "double")
            | ("float", "double")
            | ("string", "bytes")
            | ("bytes", "string")
    )
}

impl<'s> Resolution<'s> {
    /// Why values of `writer` cannot be read as `reader`; `path` leads to them.
    fn compared(&mut self, reader: Kind<'s>, writer: Kind<'s>, path: &str) -> Vec<String> {
        if writer.word == "union" {
            let branches = writer.branches.iter().map(|branch| self.writer.kind(branch, writer.namespace));
            let branches: Vec<_> = branches.collect();
            return branches.into_iter().flat_map(|branch| self.compared(reader, branch, path)).collect();
        }
        if reader.word == "union" {
            return self.chosen(reader, writer, path);
        }
        let unreadable = || vec![format!("{}: {} cannot be read as {}", at(path), writer.shown(), reader.shown())];
        if reader.word != writer.word {
            return if promoted(writer.word, reader.word) { Vec::new() } else { unreadable() };
        }
        if !same_name(&reader, &writer) {
            return unreadable();
        }
        match reader.word {
            "array" => self.inner(reader, writer, "items", &format!("{path}[]")),
            "map" => self.inner(reader, writer, "values", &format!("{path}{{}}")),
            "record" => self.fields(reader, writer, path),
            "enum" => symbols(&reader, &writer, path),
            "fixed" if reader.number("size") != writer.number("size") => {
                let (own, other) = (reader.number("size"), writer.number("size"));
                vec![format!("{}: {other} bytes were written, {own} are read", at(path))]
            }
            _ => logical(&reader, &writer, path),
        }
    }

    /// A reader's union takes what one of its branches takes.
    fn chosen(&mut self, reader: Kind<'s>, writer: Kind<'s>, path: &str) -> Vec<String> {
        let mut nearest = None;
        for branch in reader.branches {
            let branch = self.reader.kind(branch, reader.namespace);
            let found = self.compared(branch, writer, path);
            if found.is_empty() {
                return found;
            }
            if branch.word == writer.word && same_name(&branch, &writer) {
                nearest = Some(found);
            }
        }
        nearest.unwrap_or_else(|| {
            let kinds = reader.branches.iter().map(|branch| self.reader.kind(branch, reader.namespace).shown());
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            vec![format!("{}: {} cannot be read as any of [{kinds}]", at(path), writer.shown())]
        })
    }

    fn inner(&mut self, reader: Kind<'s>, writer: Kind<'s>, key: &str, path: &str) -> Vec<String> {
        let within = |kind: Kind<'s>, names: &'s Names<'s>| {
            kind.object.and_then(|object| object.get(key)).map(|inner| names.kind(inner, kind.namespace))
        };
        match (within(reader, self.reader), within(writer, self.writer)) {
            (Some(own), Some(other)) => self.compared(own, other, path),
            _ => Vec::new(),
        }
    }

    fn fields(&mut self, reader: Kind<'s>, writer: Kind<'s>, path: &str) -> Vec<String> {
        if !self.seen.insert((reader.name.unwrap_or_default(), writer.name.unwrap_or_default())) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for field in reader.list("fields") {
            let name = field["name"].as_str().unwrap_or_default();
            let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let aliases = field["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut names = std::iter::once(name).chain(aliases);
            let written = names.find_map(|name| writer.list("fields").iter().find(|field| field["name"] == *name));
            match written {
                Some(written) => {
                    let own = self.reader.kind(&field["type"], reader.namespace);
                    let other = self.writer.kind(&written["type"], writer.namespace);
                    found.extend(self.compared(own, other, &inner));
                }
                None if field.get("default").is_some() => {}
                None => found.push(format!("{}: was not written, and has no default", at(&inner))),
            }
        }
        if !found.is_empty() {
            // Whoever asks again, for another branch, must hear it too.
            self.seen.remove(&(reader.name.unwrap_or_default(), writer.name.unwrap_or_default()));
        }
        found
    }
}

fn at(path: &str) -> String {
    if path.is_empty() { "the record".to_owned() } else { format!("the field `{path}`") }
}

fn symbols(reader: &Kind<'_>, writer: &Kind<'_>, path: &str) -> Vec<String> {
    if reader.text("default").is_some() {
        return Vec::new();
    }
    let unknown = writer.list("symbols").iter().filter(|symbol| !reader.list("symbols").contains(symbol));
    let unknown: Vec<_> = unknown.filter_map(Value::as_str).collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    let name = reader.name.unwrap_or_default();
    vec![format!("{}: the enum {name} is read without {} and has no default", at(path), unknown.join(", "))]
}

/// Logical types do not change what can be read, but what it means.
fn logical(reader: &Kind<'_>, writer: &Kind<'_>, path: &str) -> Vec<String> {
    let (Some(own), Some(other)) = (reader.text("logicalType"), writer.text("logicalType")) else { return Vec::new() };
    let decimal = own == "decimal" && ["precision", "scale"].iter().any(|key| reader.number(key) != writer.number(key));
    if own != other {
        vec![format!("{}: {other} would be taken for {own}", at(path))]
    } else if decimal {
        vec![format!("{}: the decimals have another precision or scale", at(path))]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
