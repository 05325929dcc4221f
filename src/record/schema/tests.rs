use super::*;

fn record(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"R","namespace":"n","fields":[{fields}]}}"#)
}

/// The default of a single field `f`.
fn default_of(kind: &str, default: &str) -> Result<Vec<u8>, String> {
    let text = record(&format!(r#"{{"name":"f","type":{kind},"default":{default}}}"#));
    let schema = RecordSchema::parse(&text).map_err(|error| error.to_string())?;
    Ok(schema.fields()[0].default.clone().expect("there is a default"))
}

#[test]
fn the_text_is_kept_without_comments_and_blanks() {
    let text = "\u{feff}// events\n{ \"type\": \"record\", \"name\": \"R\", /* here: */ \"namespace\": \"n\",
        \"doc\": \"see // http://x/*y*/\", \"aliases\": [\"Old\"], \"zz\": {\"b\": 1, \"a\": 1.50},
        \"fields\": [ {\"name\": \"t\", \"type\": {\"type\": \"long\", \"logicalType\": \"timestamp-millis\"},
                     \"default\": 0, \"aliases\": [\"time\"], \"doc\": \"\\u00e9\"} ] }";
    let schema = RecordSchema::parse(text).unwrap();
    assert_eq!(
        schema.json(),
        concat!(
            r#"{"type":"record","name":"R","namespace":"n","doc":"see // http://x/*y*/","aliases":["Old"],"#,
            r#""zz":{"b":1,"a":1.50},"fields":[{"name":"t","type":{"type":"long","logicalType":"timestamp-millis"},"#,
            r#""default":0,"aliases":["time"],"doc":"\u00e9"}]}"#
        )
    );
    assert_eq!(schema.name(), "n.R");
    let (aliases, logical) = (vec!["time".into()], Some(Logical::Timestamp(1000)));
    let field = Field { name: "t".into(), aliases, kind: Type::Long, logical, default: Some(vec![0]) };
    assert_eq!(schema.fields(), [field]);
    assert_eq!(RecordSchema::parse(schema.json()).unwrap(), schema);
}

#[test]
fn types_are_converted() {
    for (kind, expected) in [
        (r#""null""#, r#""null""#),
        (r#"{"type":"string"}"#, r#""string""#),
        (r#"{"type":{"type":"string"}}"#, r#""string""#),
        (r#"{"type":"int","logicalType":"date"}"#, r#""int""#),
        (r#"{"type":"int","logicalType":"time-millis"}"#, r#""int""#),
        (r#"{"type":"long","logicalType":"time-micros"}"#, r#""long""#),
        (r#"{"type":"long","logicalType":"timestamp-micros"}"#, r#""long""#),
        (r#"{"type":"long","logicalType":"local-timestamp-nanos"}"#, r#""long""#),
        (r#"{"type":"long","logicalType":"own"}"#, r#""long""#),
        (r#"{"type":"string","logicalType":"uuid"}"#, r#""string""#),
        (r#"{"type":"bytes","logicalType":"uuid"}"#, r#""bytes""#),
        (r#"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#, r#"{"type":"fixed","name":"n.U","size":16}"#),
        (r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#, r#""bytes""#),
        (r#"{"type":"bytes","logicalType":"big-decimal"}"#, r#""bytes""#),
        (
            r#"{"type":"fixed","name":"D","size":3,"logicalType":"decimal","precision":4}"#,
            r#"{"type":"fixed","name":"n.D","size":3}"#,
        ),
        (
            r#"{"type":"fixed","name":"x.D","size":12,"logicalType":"duration"}"#,
            r#"{"type":"fixed","name":"x.D","size":12}"#,
        ),
        (
            r#"{"type":"enum","name":"E","namespace":"m","symbols":["A","B"]}"#,
            r#"{"type":"enum","name":"m.E","symbols":["A","B"]}"#,
        ),
        (r#"["string","null"]"#, r#"["string","null"]"#),
        (r#"["int"]"#, r#"["int"]"#),
        (
            r#"{"type":"map","values":{"type":"array","items":["null","double"]}}"#,
            r#"{"type":"map","values":{"type":"array","items":["null","double"]}}"#,
        ),
        (r#"{"type":"record","name":"S","fields":[]}"#, r#""n.S""#),
        (r#"["null","R"]"#, r#"["null","n.R"]"#),
        (r#""n.R""#, r#""n.R""#),
    ] {
        let schema = RecordSchema::parse(&record(&format!(r#"{{"name":"f","type":{kind}}}"#)));
        let shown = schema.map(|schema| schema.fields()[0].kind.to_string());
        assert_eq!(shown, Ok(expected.to_owned()), "{kind}");
    }
}

#[test]
fn references_lead_to_the_record() {
    let schema = RecordSchema::parse(&record(
        r#"{"name":"child","type":{"type":"record","name":"C","namespace":"m","fields":[
             {"name":"back","type":["null","n.R"],"default":null},
             {"name":"own","type":{"type":"enum","name":"E","symbols":["X"]},"default":"X"}]}},
           {"name":"again","type":{"type":"array","items":"m.C"}},
           {"name":"e","type":"m.E"}"#,
    ))
    .unwrap();
    let Type::Record(child) = &schema.fields()[0].kind else { panic!("a record") };
    let fields = &schema.types()[child].fields;
    assert_eq!(schema.types()[child].name, "m.C");
    assert_eq!(fields[0].default, Some(vec![0]));
    let Some(Type::Record(back)) = fields[0].kind.unwrapped() else { panic!("a record") };
    assert_eq!(schema.types()[back].fields, schema.fields());
    assert_eq!(schema.fields()[1].kind, Type::Array(Box::new(Type::Record(child.clone()))));
    assert_eq!(schema.fields()[2].kind, fields[1].kind);
}

#[test]
fn defaults_are_encoded() {
    let fixed = r#"{"type":"fixed","name":"F","size":2}"#;
    let symbols = r#"{"type":"enum","name":"E","symbols":["A","B"]}"#;
    let nested = r#"{"type":"record","name":"S","fields":[{"name":"a","type":"int"},
        {"name":"b","type":["string","null"],"default":"x"}]}"#;
    for (kind, default, expected) in [
        (r#""null""#, "null", &[][..]),
        (r#""boolean""#, "true", &[1]),
        (r#""int""#, "-2147483648", &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        (r#""long""#, "64", &[0x80, 0x01]),
        (r#""float""#, "1", &[0, 0, 0x80, 0x3f]),
        (r#""double""#, "-1.5", &[0, 0, 0, 0, 0, 0, 0xf8, 0xbf]),
        (r#""string""#, r#""é""#, &[4, 0xc3, 0xa9]),
        (r#""bytes""#, r#""é\u00ff\u0000""#, &[6, 0xe9, 0xff, 0]),
        (fixed, r#""é\u00ff""#, &[0xe9, 0xff]),
        (symbols, r#""B""#, &[2]),
        (r#"["null","string"]"#, "null", &[0]),
        (r#"["string","null"]"#, r#""""#, &[0, 0]),
        (r#"["long"]"#, "1", &[0, 2]),
        (r#"{"type":"array","items":"int"}"#, "[]", &[0]),
        (r#"{"type":"array","items":"int"}"#, "[1,2]", &[4, 2, 4, 0]),
        (r#"{"type":"map","values":["null","int"]}"#, r#"{"k":null}"#, &[2, 2, b'k', 0, 0]),
        (nested, r#"{"a":1}"#, &[2, 0, 2, b'x']),
        (nested, r#"{"b":"","a":1}"#, &[2, 0, 0]),
        (r#"{"type":"long","logicalType":"timestamp-millis"}"#, "1", &[2]),
        (r#"{"type":"bytes","logicalType":"decimal","precision":2}"#, r#""\u0001""#, &[2, 1]),
        (r#"{"type":"string","logicalType":"uuid"}"#, r#""""#, &[0]),
    ] {
        assert_eq!(default_of(kind, default).as_deref(), Ok(expected), "{kind} {default}");
    }
}

#[test]
fn defaults_that_do_not_fit_are_refused() {
    for (kind, default) in [
        (r#""null""#, "0"),
        (r#""boolean""#, r#""true""#),
        (r#""int""#, "2147483648"),
        (r#""int""#, "1.0"),
        (r#""long""#, "9223372036854775808"),
        (r#""long""#, r#""1""#),
        (r#""double""#, r#""NaN""#),
        (r#""string""#, "null"),
        (r#""string""#, "1"),
        (r#""bytes""#, r#""\u0100""#),
        (r#"{"type":"fixed","name":"F","size":2}"#, r#""a""#),
        (r#"{"type":"enum","name":"E","symbols":["A"]}"#, r#""C""#),
        (r#"["null","string"]"#, r#""x""#),
        (r#"["string","null"]"#, "null"),
        ("[]", "null"),
        (r#"{"type":"array","items":"int"}"#, "[null]"),
        (r#"{"type":"map","values":"int"}"#, "[]"),
        (r#"{"type":"record","name":"S","fields":[{"name":"a","type":"int"}]}"#, "{}"),
        (r#"{"type":"record","name":"S","fields":[]}"#, "null"),
        // A record that defaults to itself, once and many times over.
        (r#""R""#, "{}"),
        (r#"["R","null"]"#, "{}"),
        (r#"{"type":"array","items":"R"}"#, "[{},{}]"),
    ] {
        let refused = default_of(kind, default).unwrap_err();
        assert!(refused.starts_with("field 'f' of n.R: "), "{kind} {default}: {refused}");
    }
    let refused = default_of(r#"["string","null"]"#, "null").unwrap_err();
    assert_eq!(refused, r#"field 'f' of n.R: null is no default for "string" at line 1 column 63"#);
}

#[test]
fn texts_that_are_no_record_schema_are_refused() {
    for (text, expected) in [
        (r#""string""#.to_owned(), "the schema is of type string, but must be a record"),
        (r#"["null","int"]"#.to_owned(), "the schema is of type union, but must be a record"),
        (record(r#"{"name":"a","type":"Nowhere"}"#), "Nowhere"),
        (record(r#"{"name":"a","type":"int"},{"name":"a","type":"int"}"#), "a"),
        (record(r#"{"name":"a-b","type":"int"}"#), "a-b"),
        (record(r#"{"name":"a","type":{"type":"fixed","name":"R","size":1}}"#), "'n.R' is defined twice"),
        (record(r#"{"name":"a","type":["int","int"]}"#), "union"),
        (record(r#""a""#), r#""a" is no field of a record"#),
        (r#"{"type":"record","name":"R"}"#.to_owned(), "field"),
        (r#"{"type":"record","fields":[]}"#.to_owned(), "name"),
        ("[".repeat(200), "recursion limit exceeded"),
        (" ".repeat(SCHEMA_BYTES_MAX + 1), "longer than"),
        ("7".to_owned(), ""),
    ] {
        let error = RecordSchema::parse(&text).unwrap_err();
        assert!(error.message.contains(expected), "{text:.80}: {error}");
    }
}

#[test]
fn mistakes_in_the_json_have_a_place() {
    for (text, line, column, rest) in [
        ("{\"a\": x}", 1, 7, "x}"),
        ("\u{feff}{\"é\": x}", 1, 7, "x}"),
        ("/* é */ {\n  \"a\": 1,,\n}", 2, 10, ",\n}"),
        ("{\n // open\n \"a\": \"x\n\"}", 3, 9, "\n\"}"),
        ("{\n /* {}", 2, 2, "/* {}"),
        ("{} // done\n x", 2, 2, "x"),
        ("{\"a\": [1", 1, 8, "1"),
    ] {
        let error = RecordSchema::parse(text).unwrap_err();
        let position = error.position.unwrap_or_else(|| panic!("{text}: {error}"));
        assert_eq!((position.line, position.column, &text[position.offset..]), (line, column, rest), "{text}: {error}");
        assert!(error.to_string().ends_with(&format!(" at line {line} column {column}")));
    }
}

#[test]
fn only_readers_overlook_defaults() {
    let text = record(r#"{"name":"f","type":["string","null"],"default":null}"#);
    let schema = AnySchema::read(&text, Defaults::Ignore).unwrap();
    assert_eq!(schema.json, text);
    assert!(RecordSchema::parse(&text).is_err());
    assert_eq!(AnySchema::read(r#""string""#, Defaults::Ignore).unwrap().kind, Type::String);
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let record = |fields: &str| format!("{{\"type\": \"record\", \"name\": \"R\", \"fields\": [\n  {fields}\n]}}");
    for (text, line, column) in [
        (record(r#"{"name": "a", "type": "strin"}"#), 2, 25),
        (record(r#"{"name": "a", "type": {"type": "array", "items": "Missing"}}"#), 2, 52),
        (record("{\"name\": \"a\", \"type\": \"int\"},\n  {\"name\": \"a\", \"type\": \"int\"}"), 3, 12),
        (
            record("{\"name\": \"b\", \"type\": \"int\"},\n  {\"name\": \"a\", \"type\": \"int\", \"default\": \"x\"}"),
            3,
            12,
        ),
        (record(r#"{"name": "not-a-name", "type": "int"}"#), 2, 12),
        ("  \"string\"".to_owned(), 1, 3),
    ] {
        let error = RecordSchema::parse(&text).expect_err(&text);
        let position = error.position.unwrap_or_else(|| panic!("{text}: {error}"));
        assert_eq!((position.line, position.column), (line, column), "{text}: {error}");
    }
}
