//! Files and directories that a configuration names.

use super::Case;

/// A mapping with schema and script.
const BOTH: &str = "divolte.mappings.m {
  sources = [browser]
  sinks = [hdfs]
  schema_file = own.avsc
  mapping_script_file = own.groovy
}
";
/// A schema with one field.
const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "s", "type": "string", "default": ""}]}"#;

fn places(name: &'static str) -> Case {
    Case::new(name, "divolte.global.mapper.ip2geo_database = places.mmdb\n")
}

/// A table by the column `id`.
fn table(name: &'static str, file: &str) -> Case {
    Case::new(name, format!("divolte.tables.users {{\n  file = {file}\n  key = id\n}}\n"))
}

fn site(name: &'static str, text: &str) -> Case {
    let file = format!("<?xml version=\"1.0\"?>\n{text}\n");
    Case::new(name, "divolte.sinks.hdfs { type = hdfs }\n")
        .file("hadoop/core-site.xml", file)
        .variable("HADOOP_CONF_DIR", "hadoop")
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        Case::new("file_missing", BOTH),
        Case::new("file_is_a_directory", BOTH).file("own.avsc/x", "").file("own.groovy", ""),
        Case::new("schema_is_no_json", BOTH).file("own.avsc", "{\"type\": \"record\",").file("own.groovy", ""),
        Case::new("schema_is_no_record", BOTH).file("own.avsc", "\"string\"").file("own.groovy", ""),
        Case::new("schema_with_unknown_type", BOTH)
            .file("own.avsc", SCHEMA.replace("\"string\"", "\"strng\""))
            .file("own.groovy", ""),
        Case::new("script_with_unknown_field", BOTH)
            .file("own.avsc", SCHEMA)
            .file("own.groovy", "mapping {\n  map location() onto 't'\n}\n"),
        Case::new("script_syntax", BOTH)
            .file("own.avsc", SCHEMA)
            .file("own.groovy", "mapping {\n  map location( onto 's'\n"),
        Case::new("script_and_configuration", format!("{BOTH}divolte.global.server.prot = 1\n"))
            .file("own.avsc", SCHEMA)
            .file("own.groovy", "mapping {\n  map location() onto 't'\n}\n"),
        Case::new(
            "odd_schema_alone",
            "divolte.mappings.m { sources = [browser], sinks = [hdfs], schema_file = own.avsc }",
        )
        .file("own.avsc", SCHEMA),
        Case::new(
            "directory_missing",
            "divolte.sinks.s { type = file, file_strategy { working_dir = \"gone/dir\" } }\ndivolte.mappings.m { sources = [browser], sinks = [s] }",
        ),
        Case::new(
            "directory_is_a_file",
            "divolte.sinks.s { type = file, file_strategy { publish_dir = site.conf } }\ndivolte.mappings.m { sources = [browser], sinks = [s] }",
        ),
        places("places_missing"),
        places("places_are_no_database").file("places.mmdb", "not a database"),
        Case::new("key_missing", "divolte.global.mapper.pseudonym_key_file = pseudonym.key\n"),
        Case::new("key_short", "divolte.global.mapper.pseudonym_key_variable = SHORT\n").variable("SHORT", "guess me"),
        Case::new("key_unset", "divolte.global.mapper.pseudonym_key_variable = NOT_SET\n"),
        Case::new(
            "key_twofold",
            "divolte.global.mapper { pseudonym_key_file = a.key, pseudonym_key_variable = A_KEY }\n",
        ),
        Case::new("odd_key_for_everybody", "divolte.global.mapper.pseudonym_key_file = pseudonym.key\n")
            .file("pseudonym.key", "0123456789abcdef0123456789abcdef\n"),
        table("table_missing", "users.csv"),
        table("table_without_its_key", "users.csv").file("users.csv", "idd,city\n1,Delft\n"),
        table("table_with_semicolons", "users.csv").file("users.csv", "userid;city\n1;Delft\n"),
        table("table_is_damaged", "users.csv")
            .file("users.csv", "id,city\n1,Delft\n2\n1,Gouda\n,Leiden\n3,\"The Hague\n4,Breda\n"),
        table("table_is_no_json", "users.json").file("users.json", "[\n  {\"id\": 1},\n  {\"id\": 2,}\n]\n"),
        table("table_is_not_in_utf_8", "users.csv").file("users.csv", *b"id,city\n1,\xc9vora\n"),
        table("table_too_long", "users.csv").file("users.csv", "id\n1\n2\n3\n").set("divolte.tables.users.max_rows=2"),
        table("table_too_large", "users.csv")
            .file("users.csv", "id,city\n1,Delft\n2,Gouda\n")
            .set("divolte.tables.users.max_size=16"),
        Case::new(
            "table_with_wrong_keys",
            "divolte.tables {\n  a { file = a.csv, keys = id }\n  b { key = id, format = xml, max_rows = 0 }\n  c = c.csv\n}\n",
        ),
        Case::new("script_with_unknown_table", BOTH)
            .file("own.avsc", SCHEMA)
            .file("own.groovy", "mapping {\n  map lookup('users', partyId()).column('city') onto 's'\n}\n"),
        Case::new(
            "script_with_a_damaged_table",
            format!("{BOTH}divolte.tables.users {{ file = users.csv, key = id }}\n"),
        )
        .file("own.avsc", SCHEMA)
        .file("own.groovy", "mapping {\n  map lookup('users', partyId()).column('city') onto 's'\n}\n")
        .file("users.csv", "id,city\n1\n"),
        site(
            "hadoop_names_a_file_system",
            "<configuration>\n  <property><name>fs.defaultFS</name><value>hdfs://n:8020</value></property>\n</configuration>",
        ),
        site("hadoop_is_unreadable", "<html/>"),
        Case::new("odd_hadoop_is_absent", "divolte.sinks.hdfs { type = hdfs }\n").variable("HADOOP_CONF_DIR", "gone"),
    ]
}
