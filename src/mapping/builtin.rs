//! The schema and script of a mapping that has none of its own.

use std::sync::Arc;

use crate::diagnostic::SourceText;

/// Text of the built-in schema, `io.divolte.record.DefaultEventRecord`.
#[must_use]
pub fn schema_text() -> &'static str {
    include_str!("../../schemas/default.avsc")
}

/// The built-in script. Its name shows in diagnostics.
#[must_use]
pub fn script() -> Arc<SourceText> {
    let text = include_str!("../../mappings/default.groovy").to_owned();
    Arc::new(SourceText { name: "built-in mapping".to_owned(), text })
}
