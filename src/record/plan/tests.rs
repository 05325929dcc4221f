use apache_avro::types::Value;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value as Json, json};

use super::*;
use crate::record::oracle::{self, Sample};

/// A field with the slot to fill it and the value that must come out.
#[derive(Clone, Debug)]
struct Case {
    schema: Json,
    default: Option<Json>,
    slot: Slot<'static>,
    value: Value,
}

/// A slot with the Avro word of its type, its value and a default (value, JSON) of the same type.
fn producer() -> impl Strategy<Value = (&'static str, Slot<'static>, Value, Value, Json)> {
    prop_oneof![
        any::<bool>().prop_map(|v| ("boolean", Slot::Boolean(v), Value::Boolean(v), Value::Boolean(true), json!(true))),
        any::<i32>().prop_map(|v| ("int", Slot::Int(v), Value::Int(v), Value::Int(-70), json!(-70))),
        any::<i64>().prop_map(|v| ("long", Slot::Long(v), Value::Long(v), Value::Long(1 << 40), json!(1_i64 << 40))),
        any::<f32>().prop_map(|v| ("float", Slot::Float(v), Value::Float(v), Value::Float(0.5), json!(0.5))),
        any::<f64>().prop_map(|v| ("double", Slot::Double(v), Value::Double(v), Value::Double(3.0), json!(3))),
        any::<String>().prop_map(|v| {
            ("string", Slot::Text(v.clone().into()), Value::String(v), Value::String("é".into()), json!("é"))
        }),
        any::<Vec<u8>>().prop_map(|v| {
            ("bytes", Slot::Bytes(v.clone().into()), Value::Bytes(v), Value::Bytes(vec![0xe9]), json!("é"))
        }),
    ]
}

/// A field that a mapping can fill: plain, nullable either way, or a union with a second type of value.
fn fillable() -> impl Strategy<Value = Case> {
    let other = select(vec![json!("null"), json!({"type": "array", "items": "int"})]);
    (producer(), 0..3_usize, other, any::<bool>(), any::<bool>()).prop_map(
        |((word, slot, value, default_value, default), shape, other, has_default, set)| {
            let (schema, branch, default, default_value) = match shape {
                0 => (json!(word), None, default, default_value),
                1 => (json!([word, other]), Some(0), default, Value::Union(0, Box::new(default_value))),
                _ => (json!(["null", word]), Some(1), Json::Null, Value::Union(0, Box::new(Value::Null))),
            };
            if set {
                let value = branch.map_or(value.clone(), |branch| Value::Union(branch, Box::new(value)));
                Case { schema, default: has_default.then_some(default), slot, value }
            } else {
                Case { schema, default: Some(default), slot: Slot::Unset, value: default_value }
            }
        },
    )
}

/// A field of any type, that has its default or comes encoded.
fn other() -> impl Strategy<Value = Case> {
    (oracle::sample(), any::<bool>()).prop_map(|(Sample { schema, default, value, .. }, encoded)| {
        let slot = if encoded {
            Slot::Encoded(oracle::encode(&oracle::parse(&oracle::finish(&schema)), value.clone()).into())
        } else {
            Slot::Unset
        };
        Case { schema, default: (!encoded).then_some(default), slot, value }
    })
}

fn schema_of(cases: &[Case]) -> String {
    let fields = cases.iter().enumerate().map(|(number, case)| {
        let mut field = json!({"name": format!("f{number}"), "type": case.schema});
        if let Some(default) = &case.default {
            field["default"] = default.clone();
        }
        field
    });
    oracle::finish(&json!({"type": "record", "name": "@", "fields": fields.collect::<Vec<_>>()}))
}

fn plan(fields: &str) -> Plan {
    let text = format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
    Plan::compile(&RecordSchema::parse(&text).unwrap())
}

proptest! {
    #[test]
    fn plan_encodes_like_apache_avro(
        cases in vec(prop_oneof![fillable(), other()], 0..12),
        before in vec(any::<u8>(), 0..3),
        cut in option::of(0..12_usize),
    ) {
        let text = schema_of(&cases);
        let plan = Plan::compile(&RecordSchema::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?);
        let mut slots: Vec<_> = cases.iter().map(|case| case.slot.clone()).collect();
        if let Some(cut) = cut && slots[cut.min(slots.len())..].iter().all(|slot| *slot == Slot::Unset) {
            slots.truncate(cut);
        }

        let mut out = before.clone();
        plan.encode(&slots, &mut out).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (kept, own) = out.split_at(before.len());
        prop_assert_eq!(kept, before.as_slice());

        let oracle_schema = oracle::parse(&text);
        let values = cases.iter().enumerate().map(|(number, case)| (format!("f{number}"), case.value.clone()));
        let theirs = oracle::encode(&oracle_schema, Value::Record(values.collect()));
        prop_assert_eq!(own, theirs.as_slice(), "{}", text);
        // Read and written again, because NaN is not equal to itself.
        prop_assert_eq!(oracle::encode(&oracle_schema, oracle::decode(&oracle_schema, own)), own);
    }
}

#[test]
fn the_branch_of_a_union_comes_from_its_place() {
    for (kind, expected) in [
        (r#""string""#, Some(&[2, b'x'][..])),
        (r#"["null","string"]"#, Some(&[2, 2, b'x'])),
        (r#"["string","null"]"#, Some(&[0, 2, b'x'])),
        (r#"["string","int"]"#, Some(&[0, 2, b'x'])),
        (r#"["int","string"]"#, None),
        (r#"["string"]"#, None),
        (r#"["null","string","int"]"#, None),
        (r#"{"type":"enum","name":"E","symbols":["x"]}"#, None),
        (r#"{"type":"fixed","name":"F","size":1}"#, None),
        (r#""bytes""#, None),
        (r#"{"type":"string","logicalType":"uuid"}"#, Some(&[2, b'x'])),
    ] {
        let mut out = Vec::new();
        let result = plan(&format!(r#"{{"name":"f","type":{kind}}}"#)).encode(&[Slot::Text("x".into())], &mut out);
        assert_eq!(result.is_ok().then_some(out.as_slice()), expected, "{kind}");
    }
}

#[test]
fn nothing_is_widened_or_narrowed() {
    let words = ["boolean", "int", "long", "float", "double", "string", "bytes"];
    let slots = [
        Slot::Boolean(true),
        Slot::Int(1),
        Slot::Long(1),
        Slot::Float(1.0),
        Slot::Double(1.0),
        Slot::Text("1".into()),
        Slot::Bytes(b"1".into()),
    ];
    for (word, own) in words.iter().zip(&slots) {
        let plan = plan(&format!(r#"{{"name":"f","type":"{word}"}}"#));
        for slot in &slots {
            let result = plan.encode(std::slice::from_ref(slot), &mut Vec::new());
            assert_eq!(result.is_ok(), slot == own, "{slot:?} onto {word}");
        }
    }
}

#[test]
fn errors_name_the_field_and_leave_no_bytes() {
    let plan = plan(
        r#"{"name":"a","type":"int"},{"name":"b","type":["null","long"],"default":null},{"name":"c","type":"string"}"#,
    );
    let text = Slot::Text("x".into());
    for (slots, expected) in [
        (vec![Slot::Int(1)], "field 'c' is not set and has no default"),
        (vec![Slot::Unset, Slot::Unset, text.clone()], "field 'a' is not set and has no default"),
        (
            vec![Slot::Int(1), Slot::Int(1), text.clone()],
            r#"field 'b' has type ["null","long"] and cannot hold a value of type int"#,
        ),
        (
            vec![Slot::Int(1), Slot::Long(1), Slot::Double(0.0)],
            r#"field 'c' has type "string" and cannot hold a value of type double"#,
        ),
    ] {
        let mut out = b"before".to_vec();
        let error = plan.encode(&slots, &mut out).unwrap_err();
        assert_eq!((error.to_string().as_str(), out.as_slice()), (expected, &b"before"[..]));
    }
}
