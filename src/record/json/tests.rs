use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::record::{
    binary::{write_bytes, write_long},
    oracle,
    schema::{AnySchema, Defaults},
};

/// The JSON of the whole of `data`.
fn show(schema: &str, mut data: &[u8]) -> Result<String, DatumError> {
    let schema = AnySchema::read(schema, Defaults::Ignore).unwrap();
    let mut out = Vec::new();
    write_json(&schema.kind, &schema.types, &mut data, &mut out)?;
    assert!(data.is_empty(), "{data:x?} is left");
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn values_show_as_documented() {
    for (schema, data, expected) in [
        (r#""null""#, &[][..], "null"),
        (r#""boolean""#, &[1], "true"),
        (r#""int""#, &[0xff, 0xff, 0xff, 0xff, 0x0f], "-2147483648"),
        (r#""long""#, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "9223372036854775807"),
        (r#""float""#, &0.1_f32.to_le_bytes(), "0.10000000149011612"),
        (r#""float""#, &f32::NEG_INFINITY.to_le_bytes(), r#""-Infinity""#),
        (r#""double""#, &0.1_f64.to_le_bytes(), "0.1"),
        (r#""double""#, &2_f64.to_le_bytes(), "2.0"),
        (r#""double""#, &f64::NAN.to_le_bytes(), r#""NaN""#),
        (r#""double""#, &f64::INFINITY.to_le_bytes(), r#""Infinity""#),
        (r#""bytes""#, &[4, 0xff, 0x00], r#""/wA=""#),
        (r#"{"type":"fixed","name":"F","size":3}"#, b"abc", r#""YWJj""#),
        (r#""string""#, &[8, b'"', b'\n', 0xc3, 0xa9], r#""\"\né""#),
        (r#""string""#, &[4, b'a', 0xff], "\"a\u{fffd}\""),
        (r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, &[2], r#""B""#),
        (r#"["null","string"]"#, &[2, 2, b'x'], r#""x""#),
        (r#"["null","string"]"#, &[0], "null"),
        (r#"{"type":"array","items":"int"}"#, &[4, 2, 4, 3, 4, 6, 8, 0], "[1,2,3,4]"),
        (r#"{"type":"map","values":"null"}"#, &[2, 2, b'b', 2, 2, b'a', 0], r#"{"b":null,"a":null}"#),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"b","type":"int"},{"name":"a","type":["null","R"]}]}"#,
            &[2, 2, 4, 0],
            r#"{"b":1,"a":{"b":2,"a":null}}"#,
        ),
    ] {
        assert_eq!(show(schema, data).as_deref(), Ok(expected), "{schema} {data:x?}");
    }
}

#[test]
fn damaged_data_are_errors() {
    let list = r#"{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}"#;
    let mut billions = Vec::new();
    write_long(&mut billions, i64::MIN);
    write_long(&mut billions, 0);
    for (schema, data, expected) in [
        (r#""boolean""#, &[][..], DatumError::Ends),
        (r#""boolean""#, &[2], DatumError::Wrong("a boolean that is neither 0 nor 1")),
        (r#""int""#, &[0x80], DatumError::Ends),
        (r#""int""#, &[0x80, 0x80, 0x80, 0x80, 0x10], DatumError::Wrong("an int of more than 32 bits")),
        (r#""long""#, &[0xff; 10], DatumError::Wrong("a number of more than 64 bits")),
        (r#""double""#, &[0; 7], DatumError::Ends),
        (r#""string""#, &[4, b'a'], DatumError::Ends),
        (r#""bytes""#, &[1], DatumError::Wrong("a negative length")),
        (r#"["null"]"#, &[2], DatumError::Wrong("a number of a symbol or a union's branch that does not exist")),
        (
            r#"{"type":"enum","name":"E","symbols":[]}"#,
            &[0],
            DatumError::Wrong("a number of a symbol or a union's branch that does not exist"),
        ),
        (r#"{"type":"array","items":"null"}"#, &billions, DatumError::TooManyEmpty),
        (r#"{"type":"array","items":"int"}"#, &billions, DatumError::Ends),
        (list, &[2; 1000], DatumError::TooDeep),
    ] {
        assert_eq!(show(schema, data), Err(expected), "{schema}");
    }
}

#[test]
fn what_was_printed_before_stays() {
    let schema = AnySchema::read(r#"{"type":"array","items":"int"}"#, Defaults::Ignore).unwrap();
    let mut out = b"before".to_vec();
    let mut data = &[4, 2][..];
    assert_eq!(write_json(&schema.kind, &schema.types, &mut data, &mut out), Err(DatumError::Ends));
    assert_eq!((out.as_slice(), data), (&b"before"[..], &[4, 2][..]));
}

proptest! {
    #[test]
    fn values_of_apache_avro_are_shown(sample in oracle::sample()) {
        let schema = oracle::finish(&sample.schema);
        let data = oracle::encode(&oracle::parse(&schema), sample.value);
        let shown = show(&schema, &data).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(serde_json::from_str::<Json>(&shown).unwrap(), sample.shown);
    }

    #[test]
    fn any_bytes_are_read_or_refused(sample in oracle::sample(), data: Vec<u8>) {
        let schema = AnySchema::read(&oracle::finish(&sample.schema), Defaults::Ignore).unwrap();
        let (mut rest, mut out) = (data.as_slice(), Vec::new());
        if write_json(&schema.kind, &schema.types, &mut rest, &mut out).is_ok() {
            prop_assert!(serde_json::from_slice::<Json>(&out).is_ok());
        }
    }

    #[test]
    fn text_comes_back(text: String) {
        let mut data = Vec::new();
        write_bytes(&mut data, text.as_bytes());
        prop_assert_eq!(serde_json::from_str::<String>(&show(r#""string""#, &data).unwrap()).unwrap(), text);
    }
}
