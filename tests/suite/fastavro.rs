//! Reading files with the independent reader.

use std::{env, path::Path, process::Command};

use serde::Deserialize;
use serde_json::Value;

/// What fastavro finds in a container file.
#[derive(Debug, Deserialize)]
pub struct File {
    /// Header metadata; the schema as its text.
    pub metadata: serde_json::Map<String, Value>,
    /// The records.
    pub records: Vec<Value>,
}

/// Reads a container file; panics when fastavro does not.
#[track_caller]
pub fn read(path: &Path) -> File {
    let python = env::var_os("HEADWATER_PYTHON")
        .expect("HEADWATER_PYTHON names no Python with fastavro: run the tests by scripts/test");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/read_avro.py");
    let output = Command::new(python).arg(script).arg(path).output().expect("HEADWATER_PYTHON can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "fastavro cannot read {}:\n{errors}", path.display());
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}
