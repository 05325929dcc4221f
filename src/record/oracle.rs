//! Generated schemas with values, and `apache-avro` as the encoder to compare with.

use apache_avro::{
    Decimal, Schema, Uuid, reader::datum::GenericDatumReader, types::Value, writer::datum::GenericDatumWriter,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value as Json, json};

const UNNAMED: &str = r#""name":"@""#;

/// A type with a value in three forms. The value goes to the first branch of unions, so that it can be a default.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The schema; named types have the name `@` until [`finish`].
    pub schema: Json,
    /// The value, as a schema states it.
    pub default: Json,
    /// The value, as `apache-avro` knows it.
    pub value: Value,
    /// The value, as we print it.
    pub shown: Json,
}

impl Sample {
    fn same(schema: Json, value: Value, json: impl Into<Json>) -> Self {
        let json = json.into();
        Self { schema, default: json.clone(), value, shown: json }
    }
}

/// The schema as text, with names given to its named types.
pub fn finish(schema: &Json) -> String {
    let text = schema.to_string();
    let mut number = 0;
    text.split_inclusive(UNNAMED)
        .map(|piece| {
            number += 1;
            piece.replace(UNNAMED, &format!(r#""name":"T{number}""#))
        })
        .collect()
}

/// Parses a finished schema without its defaults, on which `apache-avro` has other views.
pub fn parse(finished: &str) -> Schema {
    fn strip(json: &mut Json) {
        match json {
            Json::Array(items) => items.iter_mut().for_each(strip),
            Json::Object(members) => {
                members.remove("default");
                members.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    let mut json: Json = serde_json::from_str(finished).expect("generated JSON");
    strip(&mut json);
    Schema::parse(&json).unwrap_or_else(|error| panic!("{finished}: {error}"))
}

/// `apache-avro`'s binary of a value.
pub fn encode(schema: &Schema, value: Value) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(schema).build().expect("a resolved schema");
    writer.write_value_to_vec(value).expect("a value of the schema")
}

/// What `apache-avro` reads from the whole of `binary`.
pub fn decode(schema: &Schema, binary: &[u8]) -> Value {
    let reader = GenericDatumReader::builder(schema).build().expect("a resolved schema");
    let mut rest = binary;
    let value = reader.read_value(&mut rest).expect("a readable value");
    assert!(rest.is_empty(), "{} bytes are left", rest.len());
    value
}

/// Any type with any value.
pub fn sample() -> BoxedStrategy<Sample> {
    leaf()
        .prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                (inner.clone(), 0..3_usize).prop_map(|(items, count)| array_of(&items, count)),
                (inner.clone(), option::of("[a-z\"é]{0,3}")).prop_map(|(values, key)| map_of(&values, key.as_ref())),
                (inner.clone(), any::<prop::sample::Index>())
                    .prop_map(|(branch, which)| union_of(branch, which.index(3))),
                record(inner),
            ]
        })
        .boxed()
}

/// A record of any fields. Fields with a default may be missing in the record's own.
pub fn record(fields: impl Strategy<Value = Sample>) -> impl Strategy<Value = Sample> {
    vec((fields, any::<bool>(), any::<bool>()), 0..4).prop_map(record_of)
}

fn leaf() -> impl Strategy<Value = Sample> {
    let finite = any::<f64>().prop_filter("JSON has no other numbers", |number| number.is_finite());
    let finite_float = any::<f32>().prop_filter("JSON has no other numbers", |number| number.is_finite());
    prop_oneof![
        Just(Sample::same(json!("null"), Value::Null, Json::Null)),
        any::<bool>().prop_map(|value| Sample::same(json!("boolean"), Value::Boolean(value), value)),
        any::<i32>().prop_map(|value| Sample::same(json!("int"), Value::Int(value), value)),
        any::<i64>().prop_map(|value| Sample::same(json!("long"), Value::Long(value), value)),
        finite_float.prop_map(|value| Sample::same(json!("float"), Value::Float(value), f64::from(value))),
        finite.prop_map(|value| Sample::same(json!("double"), Value::Double(value), value)),
        any::<String>().prop_map(|value| Sample::same(json!("string"), Value::String(value.clone()), value)),
        vec(any::<u8>(), 0..5).prop_map(|bytes| {
            Sample {
                schema: json!("bytes"),
                default: latin1(&bytes),
                shown: base64(&bytes),
                value: Value::Bytes(bytes),
            }
        }),
        vec(any::<u8>(), 0..5).prop_map(|bytes| Sample {
            schema: json!({"type": "fixed", "name": "@", "size": bytes.len()}),
            default: latin1(&bytes),
            shown: base64(&bytes),
            value: Value::Fixed(bytes.len(), bytes),
        }),
        (0..3_u32).prop_map(|number| {
            let symbol = ["A", "B_1", "c"][number as usize];
            let schema = json!({"type": "enum", "name": "@", "symbols": ["A", "B_1", "c"]});
            Sample::same(schema, Value::Enum(number, symbol.to_owned()), symbol)
        }),
        logical(),
    ]
}

/// Logical types, whose values are those of the type below.
fn logical() -> impl Strategy<Value = Sample> {
    let long = |name: &'static str, value: fn(i64) -> Value| {
        let schema = json!({"type": "long", "logicalType": name});
        any::<i64>().prop_map(move |time| Sample::same(schema.clone(), value(time), time))
    };
    let int = |name: &'static str, value: fn(i32) -> Value| {
        let schema = json!({"type": "int", "logicalType": name});
        any::<i32>().prop_map(move |time| Sample::same(schema.clone(), value(time), time))
    };
    let decimal = |schema: Json, bytes: Vec<u8>| Sample {
        schema,
        default: latin1(&bytes),
        shown: base64(&bytes),
        value: Value::Decimal(Decimal::from(bytes)),
    };
    prop_oneof![
        int("date", Value::Date),
        int("time-millis", Value::TimeMillis),
        long("time-micros", Value::TimeMicros),
        long("timestamp-millis", Value::TimestampMillis),
        long("timestamp-micros", Value::TimestampMicros),
        long("timestamp-nanos", Value::TimestampNanos),
        long("local-timestamp-millis", Value::LocalTimestampMillis),
        long("local-timestamp-micros", Value::LocalTimestampMicros),
        any::<[u8; 16]>().prop_map(|bytes| {
            let uuid = Uuid::from_bytes(bytes);
            Sample::same(json!({"type": "string", "logicalType": "uuid"}), Value::Uuid(uuid), uuid.to_string())
        }),
        vec(any::<u8>(), 1..5).prop_map(move |bytes| {
            decimal(json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}), bytes)
        }),
        vec(any::<u8>(), 1..5).prop_map(move |bytes| {
            let (name, size) = ("@", bytes.len());
            let schema = json!({"type": "fixed", "name": name, "size": size, "logicalType": "decimal", "precision": 2});
            decimal(schema, bytes)
        }),
    ]
}

fn array_of(items: &Sample, count: usize) -> Sample {
    Sample {
        schema: json!({"type": "array", "items": items.schema}),
        default: vec![items.default.clone(); count].into(),
        value: Value::Array(vec![items.value.clone(); count]),
        shown: vec![items.shown.clone(); count].into(),
    }
}

/// At most one entry: the order of more is `apache-avro`'s secret.
fn map_of(values: &Sample, key: Option<&String>) -> Sample {
    let entry = |json: &Json| Json::Object(key.map(|key| (key.clone(), json.clone())).into_iter().collect());
    Sample {
        schema: json!({"type": "map", "values": values.schema}),
        default: entry(&values.default),
        value: Value::Map(key.map(|key| (key.clone(), values.value.clone())).into_iter().collect()),
        shown: entry(&values.shown),
    }
}

fn union_of(branch: Sample, shape: usize) -> Sample {
    if branch.schema.is_array() {
        return branch;
    }
    let other = if branch.schema == "null" { "string" } else { "null" };
    let schema = match shape {
        0 => json!([branch.schema]),
        1 => json!([branch.schema, other]),
        _ => json!([branch.schema, other, {"type": "fixed", "name": "@", "size": 3}]),
    };
    Sample { schema, value: Value::Union(0, Box::new(branch.value)), ..branch }
}

/// `fields`: the field, whether it has a default of its own, whether the record's default may leave it out.
fn record_of(fields: Vec<(Sample, bool, bool)>) -> Sample {
    let (mut schemas, mut values) = (Vec::new(), Vec::new());
    let (mut default, mut shown) = (serde_json::Map::new(), serde_json::Map::new());
    for (number, (field, has_default, left_out)) in fields.into_iter().enumerate() {
        let name = format!("f{number}");
        let mut schema = json!({"name": name, "type": field.schema});
        if has_default {
            schema["default"] = field.default.clone();
        }
        if !(has_default && left_out) {
            default.insert(name.clone(), field.default);
        }
        shown.insert(name.clone(), field.shown);
        schemas.push(schema);
        values.push((name, field.value));
    }
    Sample {
        schema: json!({"type": "record", "name": "@", "fields": schemas}),
        default: default.into(),
        value: Value::Record(values),
        shown: shown.into(),
    }
}

fn latin1(bytes: &[u8]) -> Json {
    bytes.iter().copied().map(char::from).collect::<String>().into()
}

fn base64(bytes: &[u8]) -> Json {
    STANDARD.encode(bytes).into()
}
