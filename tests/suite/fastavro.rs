//! Reading files with the independent reader.

use std::{
    env,
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

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
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/read_avro.py");
    let output = Command::new(python()).arg(script).arg(path).output().expect("HEADWATER_PYTHON can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "fastavro cannot read {}:\n{errors}", path.display());
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

/// Numbers of the events in container files, as `support::load` numbers them; panics when fastavro cannot read one.
#[track_caller]
pub fn event_numbers(files: &[PathBuf]) -> Vec<u64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/event_numbers.py");
    let mut command = Command::new(python());
    let mut child = command
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("HEADWATER_PYTHON can be run");
    let names = files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n");
    // It reads all names before it prints anything, so neither waits for the other.
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(names.as_bytes()).expect("the script reads");
    drop(stdin);
    let output = child.wait_with_output().expect("a child of ours");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "fastavro cannot read a file:\n{errors}");
    let numbers = String::from_utf8(output.stdout).expect("numbers");
    numbers.lines().map(|line| line.parse().expect("a number")).collect()
}

fn python() -> OsString {
    env::var_os("HEADWATER_PYTHON")
        .expect("HEADWATER_PYTHON names no Python with fastavro: run the tests by scripts/test")
}
