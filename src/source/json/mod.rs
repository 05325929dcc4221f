//! The JSON source.
