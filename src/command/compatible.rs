//! `headwater check --compatible-with OLD.avsc`: whether old and new records can be read by new and old readers.

use std::path::Path;

use super::compile;
use crate::{
    config::code,
    diagnostic::Diagnostic,
    mapping::Mapping,
    record::{resolution::differences, schema::RecordSchema},
};

/// What keeps the older schema and those of the mappings from reading each other's records.
///
/// Compared are the schemas whose record has the older one's name or, if there is only one schema, that one.
#[must_use]
pub fn with(older: &Path, mappings: &[Mapping]) -> Vec<Diagnostic> {
    let older_schema = match compile::schema(Some(older)) {
        Ok(schema) => schema,
        Err(wrong) => return vec![wrong],
    };
    let mut schemas: Vec<&RecordSchema> = Vec::new();
    for mapping in mappings {
        let schema = &**mapping.schema();
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    if schemas.len() > 1 {
        schemas.retain(|schema| schema.name() == older_schema.name());
    }
    if schemas.is_empty() {
        let message = format!("no mapping has a schema with the record {}", older_schema.name());
        return vec![Diagnostic::error(code::COMPATIBLE, message)];
    }
    schemas.into_iter().flat_map(|schema| apart(schema, &older_schema, older)).collect()
}

fn apart(schema: &RecordSchema, older: &RecordSchema, file: &Path) -> Vec<Diagnostic> {
    let told = |differences: Vec<String>, why: String, hint: &'static str| {
        differences
            .into_iter()
            .map(move |difference| Diagnostic::error(code::COMPATIBLE, format!("{why}: {difference}")).hint(hint))
    };
    let (name, file) = (schema.name(), file.display());
    let backwards = told(
        differences(schema, older),
        format!("the schema {name} cannot read records of `{file}`"),
        "keep the type, or give what is new a default",
    );
    let forwards = told(
        differences(older, schema),
        format!("`{file}` cannot read records of the schema {name}"),
        "its readers would fail: keep what they ask for, or change them first",
    );
    backwards.chain(forwards).collect()
}
