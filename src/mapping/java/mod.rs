//! Semantics of the JVM's libraries that mappings depend on, where Rust's own differ.

pub mod form;
pub mod uri;
