//! Compiled encoder of Avro binary.
