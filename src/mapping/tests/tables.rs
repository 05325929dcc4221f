//! Rows of tables, found by what an event holds.

use std::path::Path;

use super::*;
use crate::{
    config::settings::TableSettings,
    enrich::{
        LookUps,
        table::{CurrentTables, TakenTables},
    },
    util::table::{Format, Reading, Table},
};

/// A table as text, by the column `id`.
fn table(text: &str, format: Format) -> Table {
    let reading = Reading { file: Path::new("users"), format, key: "id", rows_max: 1000 };
    Table::read(text.as_bytes(), &reading).expect("a table")
}

/// One table, `users`.
pub(super) fn users_of(text: &str, format: Format) -> Tables {
    let settings = TableSettings {
        name: "users".into(),
        file: "users".into(),
        key: "id".into(),
        format,
        rows_max: 1000,
        bytes_max: 1000,
        table: Some(Arc::new(table(text, format))),
    };
    Tables::new(&[settings])
}

/// The table of most tests.
pub(super) fn users() -> Tables {
    users_of("id,city,visits,note\n0:i0rjfnxc:party,Delft,12,\"\"\n0:page0,Gouda,,x\n", Format::Csv)
}

#[test]
fn values_of_rows_are_texts() {
    const ROW: &str = "def row = lookup('users', partyId());";
    for (script, expected) in [
        ("map row.column('city') onto 's'; map row.column('id') onto 's2'", r#"s="Delft" s2="0:i0rjfnxc:party""#),
        ("map row.column('note') onto 's'; map row.column('note').isPresent() onto 'b'", r#"s="" b=true"#),
        ("map((parse row.column('visits') to int32)).onto('i')", "i=12"),
        ("map lookup('users', eventId()).column('visits') onto 's'", ""),
        ("map lookup('users', eventId()).column('visits').isAbsent() onto 'b'", "b=true"),
        ("map lookup('users', pageViewId()).isPresent() onto 'b'", "b=false"),
        ("map lookup('users', pageViewId()).column('city').isPresent() onto 'b'", "b=false"),
        ("map lookup('users', referer()).isPresent() onto 'b'", "b=false"),
        ("map row.equalTo(lookup('users', sessionId())) onto 'b'", "b=false"),
        ("map row.equalTo(row) onto 'b'", "b=true"),
        ("row.with { map column('city') onto 's' }", r#"s="Delft""#),
        ("when row.column('city').equalTo('Delft') apply { map 'near' onto 's' }", r#"s="near""#),
        ("map join(row.column('city'), '-', row.column('visits')) onto 's'", r#"s="Delft-12""#),
        // A key that was found in a table.
        ("map lookup('users', lookup('users', partyId()).column('id')).column('city') onto 's'", r#"s="Delft""#),
        ("['city', 'visits'].each { map row.column(it) onto 's' }", r#"s="12""#),
    ] {
        assert_eq!(shown(&format!("{ROW} {script}"), &page_view(), &[], &[]), expected, "{script}");
    }
}

#[test]
fn values_of_json_are_as_they_are_written() {
    let json = r#"[{"id": "0:i0rjfnxc:party", "n": 1.50, "b": true, "o": {"a": [1]}, "z": null, "s": "a\"b"}]"#;
    let tables = users_of(json, Format::Json);
    let (schema, script) =
        (test_schema(), |column| format!("mapping {{ map lookup('users', partyId()).column('{column}') onto 's' }}"));
    for (column, expected) in
        [("n", Some("1.50")), ("b", Some("true")), ("o", Some(r#"{"a": [1]}"#)), ("z", None), ("s", Some("a\"b"))]
    {
        let surroundings = Surroundings { tables: known(&tables), ..Surroundings::default() };
        let options = MappingOptions { surroundings, ..options() };
        let (mapping, _) = compile(options, &source(&script(column)), &schema).expect("a mapping");
        assert_eq!(mapping.columns().collect::<Vec<_>>(), [(0, column)]);
        let outside = Outside { places: None, tables: Some(&tables) };
        let chunk = mapped_at(&[Arc::new(mapping)], &stored(&page_view(), &[], &[]), outside);
        assert_eq!(record(&chunk, 0, &schema)["s"].as_str(), expected, "{column}");
    }
}

#[test]
fn keys_may_be_json() {
    let tables = users_of("id,city\n7,Delft\nx,Gouda\ntrue,Breda\n", Format::Csv);
    let (schema, parameters) = (test_schema(), r#"{"n": 7, "t": "x", "b": true, "o": {"a": 7}, "z": null}"#);
    let event = Event { parameters: Parameters::Json(parameters), ..page_view() };
    for (path, expected) in
        [("n", Some("Delft")), ("t", Some("Gouda")), ("b", Some("Breda")), ("o", None), ("z", None), ("none", None)]
    {
        let script = format!("lookup('users', eventParameters().path('$.{path}')).column('city')");
        let (mapping, _) = compiled(&format!("mapping {{ map {script} onto 's' }}"), &schema);
        let outside = Outside { places: None, tables: Some(&tables) };
        let chunk = mapped_at(&[Arc::new(mapping)], &stored(&event, &[], &[]), outside);
        assert_eq!(record(&chunk, 0, &schema)["s"].as_str(), expected, "{path}");
    }
}

#[test]
fn a_table_that_could_not_be_read_makes_no_script_wrong() {
    let unread: Arc<[_]> = [KnownTable { name: "users".into(), columns: None }].into();
    let surroundings = Surroundings { tables: unread, ..Surroundings::default() };
    let options = MappingOptions { surroundings, ..options() };
    let script = source("mapping { map lookup('users', partyId()).column('whatever') onto 's' }");
    assert!(compile(options, &script, &test_schema()).is_ok());
}

#[test]
fn tables_are_taken_up_when_it_is_asked_for() {
    let current = Arc::new(CurrentTables::new(users()));
    let city = |taken: &TakenTables| {
        let table = taken.get().get(0).expect("a table").clone();
        table.find("0:page0").and_then(|row| table.value(row, "city").map(str::to_owned))
    };
    let mut taken = TakenTables::new(Arc::clone(&current));
    assert!(taken.take_up().is_empty());
    current.set(0, table("id,city\n0:page0,Leiden\n", Format::Csv));
    assert_eq!(city(&taken).as_deref(), Some("Gouda"), "not yet");
    assert_eq!(taken.take_up(), ["users"]);
    assert_eq!(city(&taken).as_deref(), Some("Leiden"));
    assert!(taken.take_up().is_empty());
    // There is none of that number.
    current.set(1, Table::default());
    assert!(taken.take_up().is_empty());
    let mut scratch = Scratch::new(1).with_look_ups(&LookUps { places: None, tables: Arc::clone(&current) });
    current.set(0, Table::default());
    assert_eq!(scratch.take_up_tables(), ["users"]);
}
