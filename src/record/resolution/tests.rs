use super::*;

fn record(fields: &str) -> RecordSchema {
    let text = format!(r#"{{"type": "record", "name": "R", "namespace": "n", "fields": [{fields}]}}"#);
    RecordSchema::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_difference_has_its_sentence() {
    let named = |kind: &str| format!(r#"{{"name": "a", "type": {kind}}}"#);
    for (reader, writer, expected) in [
        (r#""long""#, r#""int""#, ""),
        (r#""double""#, r#""long""#, ""),
        (r#""bytes""#, r#""string""#, ""),
        (r#""int""#, r#""long""#, "the field `a`: long cannot be read as int"),
        (r#"["null", "string"]"#, r#""string""#, ""),
        (r#""string""#, r#"["null", "string"]"#, "the field `a`: null cannot be read as string"),
        (r#"["null", "int"]"#, r#""string""#, "the field `a`: string cannot be read as any of [null, int]"),
        (
            r#"{"type": "array", "items": "int"}"#,
            r#"{"type": "array", "items": "string"}"#,
            "the field `a[]`: string cannot be read as int",
        ),
        (
            r#"{"type": "map", "values": ["null", "long"]}"#,
            r#"{"type": "map", "values": ["int", "boolean"]}"#,
            "the field `a{}`: boolean cannot be read as any of [null, long]",
        ),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#,
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}"#,
            "the field `a`: the enum n.E is read without C and has no default",
        ),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "A"}"#,
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}"#,
            "",
        ),
        (
            r#"{"type": "enum", "name": "F", "symbols": ["A"]}"#,
            r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#,
            "the field `a`: enum n.E cannot be read as enum n.F",
        ),
        (
            r#"{"type": "enum", "name": "F", "aliases": ["E"], "symbols": ["A"]}"#,
            r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#,
            "",
        ),
        (
            r#"{"type": "fixed", "name": "F", "size": 4}"#,
            r#"{"type": "fixed", "name": "F", "size": 8}"#,
            "the field `a`: 8 bytes were written, 4 are read",
        ),
        (
            r#"{"type": "long", "logicalType": "timestamp-micros"}"#,
            r#"{"type": "long", "logicalType": "timestamp-millis"}"#,
            "the field `a`: timestamp-millis would be taken for timestamp-micros",
        ),
        (
            r#"{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1}"#,
            r#"{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}"#,
            "the field `a`: the decimals have another precision or scale",
        ),
        (r#""long""#, r#"{"type": "long", "logicalType": "timestamp-millis"}"#, ""),
        (
            r#"["null", {"type": "record", "name": "S", "fields": [{"name": "x", "type": "int"}]}]"#,
            r#"["null", {"type": "record", "name": "S", "fields": [{"name": "y", "type": "int"}]}]"#,
            "the field `a.x`: was not written, and has no default",
        ),
    ] {
        let found = differences(&record(&named(reader)), &record(&named(writer)));
        assert_eq!(found.join("; "), expected, "{writer} as {reader}");
    }
}

#[test]
fn fields_come_and_go() {
    let (a, b) = (r#"{"name": "a", "type": "int"}"#, r#"{"name": "b", "type": "int"}"#);
    let with_default = r#"{"name": "b", "type": "int", "default": 1}"#;
    let alias = r#"{"name": "c", "aliases": ["b"], "type": "long"}"#;
    for (reader, writer, expected) in [
        (a.to_owned(), format!("{a}, {b}"), ""),
        (format!("{a}, {b}"), a.to_owned(), "the field `b`: was not written, and has no default"),
        (format!("{a}, {with_default}"), a.to_owned(), ""),
        (alias.to_owned(), b.to_owned(), ""),
        (b.to_owned(), alias.to_owned(), "the field `b`: was not written, and has no default"),
    ] {
        assert_eq!(differences(&record(&reader), &record(&writer)).join("; "), expected, "{writer} as {reader}");
    }
}

#[test]
fn a_schema_that_contains_itself_reads_itself() {
    let list = record(r#"{"name": "a", "type": "int"}, {"name": "next", "type": ["null", "R"]}"#);
    let wide = record(r#"{"name": "a", "type": "long"}, {"name": "next", "type": ["null", "R"]}"#);
    assert_eq!(differences(&list, &list), [""; 0]);
    assert_eq!(differences(&wide, &list), [""; 0]);
    assert_eq!(differences(&list, &wide), ["the field `a`: long cannot be read as int"]);
}

#[test]
fn another_record_is_another_record() {
    let (own, other) = (record(""), RecordSchema::parse(r#"{"type": "record", "name": "Q", "fields": []}"#));
    let other = other.expect("a schema");
    assert_eq!(differences(&own, &other), ["the record: record Q cannot be read as record n.R"]);
}
