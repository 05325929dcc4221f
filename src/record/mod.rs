//! Mapped values to bytes with a schema.
//!
//! [`schema`] reads the operator's `.avsc` into the types of [`kind`], [`plan`] compiles it into an encoder of Avro
//! binary, [`chunk`] holds the records of one block, [`container`] writes and reads Avro object container files,
//! [`json`] prints a record as JSON. `apache-avro` is used here, to parse and check schemas, and nowhere else; what is
//! written and read at run time is our own.

pub mod chunk;
pub mod container;
pub mod json;
pub mod kind;
pub mod plan;
pub mod resolution;
pub mod schema;

pub(crate) mod binary;
mod default;
mod text;

#[cfg(test)]
pub(crate) mod oracle;
