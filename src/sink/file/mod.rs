//! Avro files on local disk.
