//! Semantics of the JVM's libraries that mappings depend on, where Rust's own differ.

pub mod form;
pub mod jsonpath;
pub mod number;
pub mod regex;
pub mod uri;
