//! Avro object container files.
