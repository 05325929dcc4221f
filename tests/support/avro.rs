//! A small reader of Avro object container files (null codec), independent of the library and of every Avro crate.
//!
//! Values come as the golden files have them: unions untagged, bytes and fixed in base64, float widened to double, NaN
//! and infinities as strings.

use std::{collections::HashMap, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// What a container file holds, as far as it is whole.
#[derive(Debug)]
pub struct Container {
    /// Header metadata, in file order.
    pub metadata: Vec<(String, Vec<u8>)>,
    /// Records of the whole blocks.
    pub records: Vec<Value>,
    /// Number of whole blocks.
    pub blocks: usize,
    /// Bytes behind the last whole block: none in a published file.
    pub odd_tail: usize,
}

/// Reads a container file.
///
/// # Errors
/// Not a container file, or a block that is whole but not of the schema.
pub fn read(path: &Path) -> Result<Container, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads the bytes of a container file.
///
/// # Errors
/// As of [`read`].
pub fn parse(bytes: &[u8]) -> Result<Container, String> {
    let mut header = Bytes(bytes);
    if header.take(4)? != b"Obj\x01" {
        return Err("not a container file".into());
    }
    let mut metadata = Vec::new();
    loop {
        let count = header.block_count()?;
        if count == 0 {
            break;
        }
        for _ in 0..count {
            let key = String::from_utf8(header.bytes()?.to_vec()).map_err(|_| "a key that is not UTF-8")?;
            metadata.push((key, header.bytes()?.to_vec()));
        }
    }
    let sync: [u8; 16] = header.take(16)?.try_into().expect("sixteen bytes");
    let schema = metadata.iter().find(|(key, _)| key == "avro.schema").ok_or("no schema in the header")?;
    let schema = serde_json::from_slice(&schema.1).map_err(|error| format!("the schema is no JSON: {error}"))?;
    let schema = Schema::new(&schema);
    let mut container = Container { metadata, records: Vec::new(), blocks: 0, odd_tail: 0 };
    let mut rest = header;
    while !rest.0.is_empty() {
        let Some((count, data, next)) = whole_block(rest, sync) else {
            container.odd_tail = rest.0.len();
            break;
        };
        let mut data = Bytes(data);
        for _ in 0..count {
            container.records.push(schema.decode(schema.root, "", &mut data, 0)?);
        }
        if !data.0.is_empty() {
            return Err(format!("block {} has {} bytes too many", container.blocks, data.0.len()));
        }
        container.blocks += 1;
        rest = next;
    }
    Ok(container)
}

/// Count, data and what follows, if the block is whole and ends with the file's marker.
fn whole_block(mut bytes: Bytes<'_>, sync: [u8; 16]) -> Option<(i64, &[u8], Bytes<'_>)> {
    let count = bytes.long().ok()?;
    let length = usize::try_from(bytes.long().ok()?).ok()?;
    let data = bytes.take(length).ok()?;
    (bytes.take(16).ok()? == sync).then_some((count, data, bytes))
}

/// A schema with its named types.
struct Schema<'a> {
    root: &'a Value,
    named: HashMap<String, &'a Value>,
}

impl<'a> Schema<'a> {
    fn new(root: &'a Value) -> Self {
        let mut schema = Self { root, named: HashMap::new() };
        schema.collect(root, "");
        schema
    }

    fn collect(&mut self, node: &'a Value, space: &str) {
        match node {
            Value::Array(branches) => branches.iter().for_each(|branch| self.collect(branch, space)),
            Value::Object(object) => {
                let space = namespace(object, space);
                if let Some(Value::String(name)) = object.get("name") {
                    self.named.insert(full_name(name, &space), node);
                }
                for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                    self.collect(&field["type"], &space);
                }
                for part in ["type", "items", "values"] {
                    if let Some(part @ (Value::Object(_) | Value::Array(_))) = object.get(part) {
                        self.collect(part, &space);
                    }
                }
            }
            _ => {}
        }
    }

    fn decode(&self, node: &'a Value, space: &str, bytes: &mut Bytes<'_>, depth: usize) -> Result<Value, String> {
        if depth > 100 {
            return Err("nested too deeply".into());
        }
        match node {
            Value::String(name) => self.decode_named(name, space, bytes, depth),
            Value::Array(branches) => {
                let branch = usize::try_from(bytes.long()?).ok().and_then(|branch| branches.get(branch));
                self.decode(branch.ok_or("no such branch of a union")?, space, bytes, depth + 1)
            }
            Value::Object(object) => self.decode_complex(object, space, bytes, depth),
            _ => Err(format!("not a schema: {node}")),
        }
    }

    fn decode_named(&self, name: &str, space: &str, bytes: &mut Bytes<'_>, depth: usize) -> Result<Value, String> {
        Ok(match name {
            "null" => Value::Null,
            "boolean" => match bytes.take(1)?[0] {
                0 => json!(false),
                1 => json!(true),
                other => return Err(format!("a boolean of {other}")),
            },
            "int" => json!(i32::try_from(bytes.long()?).map_err(|_| "an int beyond 32 bits")?),
            "long" => json!(bytes.long()?),
            "float" => number(f64::from(f32::from_le_bytes(bytes.take(4)?.try_into().expect("four bytes")))),
            "double" => number(f64::from_le_bytes(bytes.take(8)?.try_into().expect("eight bytes"))),
            "bytes" => json!(STANDARD.encode(bytes.bytes()?)),
            "string" => {
                json!(std::str::from_utf8(bytes.bytes()?).map_err(|_| "a string that is not UTF-8")?)
            }
            _ => {
                let full = full_name(name, space);
                let node = self.named.get(&full).or_else(|| self.named.get(name));
                return self.decode(node.ok_or_else(|| format!("no type {full}"))?, space, bytes, depth + 1);
            }
        })
    }

    fn decode_complex(
        &self,
        object: &'a Map<String, Value>,
        space: &str,
        bytes: &mut Bytes<'_>,
        depth: usize,
    ) -> Result<Value, String> {
        let space = &*namespace(object, space);
        match object["type"].as_str().unwrap_or_default() {
            "record" | "error" => {
                let mut record = Map::new();
                for field in object["fields"].as_array().ok_or("a record without fields")? {
                    let name = field["name"].as_str().ok_or("a field without name")?;
                    let value = self.decode(&field["type"], space, bytes, depth + 1);
                    record.insert(name.into(), value.map_err(|error| format!("{name}: {error}"))?);
                }
                Ok(Value::Object(record))
            }
            "enum" => {
                let symbol = usize::try_from(bytes.long()?).ok().and_then(|symbol| object["symbols"].get(symbol));
                Ok(symbol.ok_or("no such symbol of an enum")?.clone())
            }
            "fixed" => {
                let size = object["size"].as_u64().and_then(|size| usize::try_from(size).ok()).ok_or("no size")?;
                Ok(json!(STANDARD.encode(bytes.take(size)?)))
            }
            "array" => {
                let mut items = Vec::new();
                loop {
                    let count = bytes.block_count()?;
                    if count == 0 {
                        return Ok(Value::Array(items));
                    }
                    for _ in 0..count {
                        items.push(self.decode(&object["items"], space, bytes, depth + 1)?);
                    }
                }
            }
            "map" => {
                let mut entries = Map::new();
                loop {
                    let count = bytes.block_count()?;
                    if count == 0 {
                        return Ok(Value::Object(entries));
                    }
                    for _ in 0..count {
                        let key = String::from_utf8(bytes.bytes()?.to_vec()).map_err(|_| "a key that is not UTF-8")?;
                        entries.insert(key, self.decode(&object["values"], space, bytes, depth + 1)?);
                    }
                }
            }
            _ => self.decode(&object["type"], space, bytes, depth + 1),
        }
    }
}

fn namespace(object: &Map<String, Value>, outer: &str) -> String {
    let named = object.get("name").and_then(Value::as_str).and_then(|name| name.rsplit_once('.'));
    match (named, object.get("namespace").and_then(Value::as_str)) {
        (Some((space, _)), _) | (None, Some(space)) => space.to_owned(),
        (None, None) => outer.to_owned(),
    }
}

fn full_name(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() { name.to_owned() } else { format!("{space}.{name}") }
}

fn number(value: f64) -> Value {
    if value.is_nan() {
        return json!("NaN");
    }
    if value.is_infinite() {
        return json!(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    json!(value)
}

/// What is left to read.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn long(&mut self) -> Result<i64, String> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err("a number of too many bytes".into())
    }

    fn bytes(&mut self) -> Result<&'a [u8], String> {
        let length = usize::try_from(self.long()?).map_err(|_| "a negative length")?;
        self.take(length)
    }

    /// Number of items in the next block of an array or map; a negative one is followed by the block's length.
    fn block_count(&mut self) -> Result<i64, String> {
        let count = self.long()?;
        if count < 0 {
            self.long()?;
        }
        Ok(count.abs())
    }
}

#[cfg(test)]
mod tests {
    use apache_avro::{Writer, types::Value as Avro};

    use super::*;

    const SCHEMA: &str = r#"{"type": "record", "name": "a.R", "fields": [
        {"name": "flag", "type": ["null", "boolean"]},
        {"name": "count", "type": "long"},
        {"name": "ratio", "type": "float"},
        {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["X", "Y"]}},
        {"name": "again", "type": {"type": "array", "items": "K"}},
        {"name": "raw", "type": {"type": "fixed", "name": "F", "size": 2}},
        {"name": "map", "type": {"type": "map", "values": "string"}}]}"#;

    fn file() -> Vec<u8> {
        let schema = apache_avro::Schema::parse_str(SCHEMA).expect("a schema");
        let mut writer = Writer::new(&schema, Vec::new()).expect("a writer");
        for (count, branch) in [(0_i64, 0), (-1, 1), (i64::MAX, 1), (i64::MIN, 0)] {
            let flag = if branch == 0 { Avro::Null } else { Avro::Boolean(true) };
            let record = Avro::Record(vec![
                ("flag".into(), Avro::Union(branch, Box::new(flag))),
                ("count".into(), Avro::Long(count)),
                ("ratio".into(), Avro::Float(f32::NAN)),
                ("kind".into(), Avro::Enum(1, "Y".into())),
                ("again".into(), Avro::Array(vec![Avro::Enum(0, "X".into()), Avro::Enum(1, "Y".into())])),
                ("raw".into(), Avro::Fixed(2, vec![1, 2])),
                ("map".into(), Avro::Map([("k".to_owned(), Avro::String("é".into()))].into())),
            ]);
            writer.append_value(record).expect("a record of the schema");
            writer.flush().expect("memory");
        }
        writer.into_inner().expect("memory")
    }

    #[test]
    fn reads_what_another_writer_wrote() {
        let container = parse(&file()).expect("a container");
        assert_eq!((container.blocks, container.odd_tail), (4, 0));
        assert_eq!(
            container.records[2],
            json!({"flag": true, "count": i64::MAX, "ratio": "NaN", "kind": "Y", "again": ["X", "Y"], "raw": "AQI=",
                "map": {"k": "é"}})
        );
        let counts: Vec<_> = container.records.iter().map(|record| record["count"].as_i64()).collect();
        assert_eq!(counts, [Some(0), Some(-1), Some(i64::MAX), Some(i64::MIN)]);
    }

    #[test]
    fn a_torn_tail_is_left_out_and_counted() {
        let mut bytes = file();
        bytes.truncate(bytes.len() - 1);
        let container = parse(&bytes).expect("a container");
        assert_eq!((container.blocks, container.records.len()), (3, 3));
        assert!(container.odd_tail > 16);
        assert!(parse(b"garbage").is_err());
    }
}
