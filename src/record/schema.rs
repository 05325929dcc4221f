//! The operator's Avro schema.

/// A schema.
#[derive(Debug)]
pub struct RecordSchema {}
