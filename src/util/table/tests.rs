//! What a table is read from, and what is told of one that cannot be read.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn reading(file: &str) -> Reading<'_> {
    Reading { file: Path::new(file), format: Format::Auto, key: "id", rows_max: 5 }
}

/// Values of some cells, `-` for none.
fn cells(table: &Table, wanted: &[(&str, &str)]) -> Vec<String> {
    let value = |(key, column): &(&str, &str)| {
        let value = table.find(key).and_then(|row| table.value(row, column));
        value.unwrap_or("-").to_owned()
    };
    wanted.iter().map(value).collect()
}

#[test]
fn rows_are_found_by_key() {
    const WANTED: &[(&str, &str)] =
        &[("1", "city"), ("1", "id"), ("2", "city"), ("2", "vip"), ("3", "city"), ("1", "x")];
    for (file, text, expected) in [
        ("a.csv", "id,city,vip\n1,Delft,yes\n2,,no\n", ["Delft", "1", "-", "no", "-", "-"]),
        ("a.csv", "\u{feff}id,city,vip\r\n1,Delft,yes\r\n2,\"\",no\r\n", ["Delft", "1", "", "no", "-", "-"]),
        ("a.csv", "\n\nid,city,vip\n\n1,\"De\"\"l,\nft\",\n\n2,x,\"y\"", ["De\"l,\nft", "1", "x", "y", "-", "-"]),
        ("a.csv", "vip,\"id\",city\nyes,1, Delft \r\nno,\"2\",\"\r\"\r", [" Delft ", "1", "\r", "no", "-", "-"]),
        ("a.csv", "id,city,vip", ["-", "-", "-", "-", "-", "-"]),
        (
            "a.json",
            r#"[{"id": 1, "city": "D\u00e9lft\n"}, {"vip": true, "id": "2", "city": null}]"#,
            ["Délft\n", "1", "-", "true", "-", "-"],
        ),
        (
            "a.JSONL",
            "{\"id\": \"1\", \"city\": {\"a\": [1, 2]}}\r\n\n  {\"id\": 2, \"city\": -1.50e3, \"vip\": \"\"}",
            ["{\"a\": [1, 2]}", "1", "-1.50e3", "", "-", "-"],
        ),
        ("a.txt", " [{\"id\": 1, \"city\": \"x\"}]\n", ["x", "1", "-", "-", "-", "-"]),
        ("a", "{\"id\": 1, \"city\": \"x\"}", ["x", "1", "-", "-", "-", "-"]),
        ("a", "id,city\n1,x", ["x", "1", "-", "-", "-", "-"]),
    ] {
        let table = Table::read(text.as_bytes(), &reading(file)).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        assert_eq!(cells(&table, WANTED), expected, "{text}");
    }
}

#[test]
fn what_is_damaged_is_told_with_its_line() {
    for (file, text, expected) in [
        ("a.csv", "", "line 1 is where rows were expected, but there are none"),
        ("a.csv", "\n", "line 1 is where rows were expected, but there are none"),
        ("a.csv", "name,city\n", "line 1 has no column `id`; it has `name`, `city`"),
        ("a.csv", "\nid;city\n", "line 2 has no column `id`; it has `id;city`"),
        ("a.csv", "id,\n", "line 1 has a column without a name"),
        ("a.csv", "id,a,\"a\"\n", "line 1 has the column `a` twice"),
        (
            "a.csv",
            "id,a\n1\n2,b\n3,c,\n",
            "line 2 has 1 value where the header has 2; line 4 has 3 values where the header has 2",
        ),
        ("a.csv", "id,a\n\"1\n2\",b\n,c\n", "line 4 has no value in the key column"),
        ("a.csv", "id,a\n\"\",c\n", "line 2 has no value in the key column"),
        ("a.csv", "id\n1\n\n2\n1\n1", "line 5 has the same key as line 2; line 6 has the same key as line 2"),
        ("a.csv", "id,a\n1,\"b\n2,c\n", "line 2 begins a text in quotes that has no end"),
        (
            "a.csv",
            "id,a\n1,b\"c\"\n",
            "line 2 has a quote inside a value; such a value must stand in quotes, and its quotes be doubled",
        ),
        ("a.csv", "id,a\n1,\"b\"c\n", "line 2 has something behind a closing quote"),
        ("a.csv", "id,a\n1,\"b\n\" \n", "line 3 has something behind a closing quote"),
        ("a.csv", "id\n1\n2\n3\n4\n5\n6\n7\n", "line 7 is beyond the 5 rows that are allowed"),
        ("a.json", "", "line 1 is where rows were expected, but there are none"),
        ("a.json", "[]", "line 1 is where rows were expected, but there are none"),
        ("a.json", "[{\"id\": 1},\n{\"id\": 2}", "line 2 is not JSON: EOF while parsing a list"),
        ("a.json", "[{\"id\": 1},\n{\"id\" 2}]", "line 2 is not JSON: expected `:`"),
        ("a.json", "[{\"id\": 1}]\n]", "line 2 is not JSON: trailing characters"),
        (
            "a.json",
            "[{\"id\": 1},\n 7,\n {\"id\":\n1}]",
            "line 2 is not an object with a row's values; line 3 has the same key as line 1",
        ),
        ("a.json", "[\n{\"name\": 1}]", "line 2 has no column `id`; it has `name`"),
        (
            "a.json",
            "[{\"id\": 1},\n\n{\"name\": 1}, {\"id\": null}]",
            "line 3 has no value in the key column; line 3 has no value in the key column",
        ),
        ("a.json", "{\"id\": [1]}", "line 1 has a key that is neither a text nor a number"),
        ("a.json", "{\"id\": 1}\n{\"id\": 2, \"a\": 1, \"a\": 2}", "line 2 has the column `a` twice"),
        ("a.json", "{\"id\": 1}\n{\"id\": 2,\n", "line 2 is not JSON: EOF while parsing a value"),
        ("a.json", "{\"id\": \"\\ud800\"}", "line 1 is not JSON: unexpected end of hex escape"),
        ("a.json", "hello", "line 1 is not JSON: expected value"),
        ("a.json", "{\"id\": 1, \"\": 2}", "line 1 has a column without a name"),
    ] {
        let faults = Table::read(text.as_bytes(), &reading(file)).expect_err(text);
        let told: Vec<_> = faults.iter().map(Fault::to_string).collect();
        assert_eq!(told.join("; "), expected, "{text}");
    }
    let faults = Table::read(b"id\n1\n\xff\n", &reading("a.csv")).expect_err("no text");
    assert_eq!(faults, [Fault { line: 3, problem: Problem::Encoding }]);
}

#[test]
fn there_is_a_bound_on_what_is_told_and_on_columns() {
    let twice = "id\n".to_owned() + &"1\n".repeat(100);
    let faults = Table::read(twice.as_bytes(), &reading("a.csv")).expect_err("the same key");
    assert_eq!(faults.len(), FAULTS_MAX);
    let columns: Vec<_> = (0..COLUMNS_MAX).map(|number| format!("\"c{number}\": 1")).collect();
    let wide = format!("{{\"id\": 1, {}}}", columns.join(", "));
    let faults = Table::read(wide.as_bytes(), &reading("a.json")).expect_err("too wide");
    assert_eq!(faults, [Fault { line: 1, problem: Problem::TooManyColumns }]);
}

#[test]
fn tables_are_the_same_when_their_rows_are() {
    let table = |text: &str| Table::read(text.as_bytes(), &reading("a.csv")).expect("a table");
    assert_eq!(table("id,a\n1,b\n"), table("id,a\r\n\"1\",\"b\"\r\n"));
    assert_ne!(table("id,a\n1,b\n"), table("id,a\n1,c\n"));
    assert_ne!(table("id,a\n1,b\n"), table("a,id\n1,b\n"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(".{0,8}", 1..5), crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let (mut csv, mut json) = (format!("id,v{end}"), Vec::new());
        for (row, value) in values.iter().enumerate() {
            csv.extend([&*row.to_string(), ",\"", &value.replace('"', "\"\""), "\"", end]);
            json.push(serde_json::json!({"id": row, "v": value}));
        }
        for (file, text) in [("a.csv", csv), ("a.json", serde_json::Value::from(json).to_string())] {
            let table = Table::read(text.as_bytes(), &reading(file)).expect("a table");
            for (row, value) in values.iter().enumerate() {
                let row = table.find(&row.to_string()).expect("a row");
                prop_assert_eq!(table.value(row, "v"), Some(value.as_str()));
            }
        }
    }
}
