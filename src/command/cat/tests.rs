use std::fs;

use clap::Parser;

use super::*;
use crate::record::{
    container::{Codec, block, header},
    schema::RecordSchema,
};

const SYNC: [u8; 16] = [9; 16];
const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    cat: CatArguments,
}

/// Files in a directory of their own.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file; `blocks` are numbers of records and their data.
    fn write(&self, name: &str, blocks: &[(u64, &[u8])], after: &[u8]) -> PathBuf {
        let mut bytes = header(&RecordSchema::parse(SCHEMA).unwrap(), &SYNC, Codec::Null);
        for (records, data) in blocks {
            block(&mut bytes, *records, data, &SYNC);
        }
        bytes.extend(after);
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// What is printed, and the errors, without the directory.
fn cat(files: &Files, arguments: &[&str]) -> (String, Option<String>) {
    let directory = format!("{}/", files.0.path().display());
    let paths = arguments.iter().map(|argument| match argument {
        option if option.starts_with("--") => (*option).to_owned(),
        name => format!("{directory}{name}"),
    });
    let command = Command::try_parse_from(["cat".to_owned()].into_iter().chain(paths)).unwrap();
    let mut out = Vec::new();
    let error = run(&command.cat, Dress::PLAIN, &mut out).err().map(|error| error.to_string().replace(&directory, ""));
    (String::from_utf8(out).unwrap(), error)
}

#[test]
fn records_are_lines_in_order() {
    let files = Files::new();
    files.write("one", &[(2, &[2, 4]), (1, &[6])], b"");
    files.write("two", &[(1, &[8])], b"");
    files.write("none", &[], b"");
    assert_eq!(cat(&files, &["one", "none", "two"]), ("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n".to_owned(), None));
}

#[test]
fn the_schema_is_laid_out() {
    let files = Files::new();
    files.write("one", &[(1, &[2])], b"");
    let (out, error) = cat(&files, &["--schema", "one"]);
    assert_eq!(error, None);
    assert!(out.starts_with("{\n  \"type\": \"record\",\n  \"name\": \"R\",\n"), "{out}");
    assert_eq!(RecordSchema::parse(&out).unwrap().json(), SCHEMA);
}

#[test]
fn what_can_be_read_is_printed_before_the_error() {
    let files = Files::new();
    let end = files.write("whole", &[(1, &[2])], b"").metadata().unwrap().len();
    let first = end - 19;
    files.write("torn", &[(1, &[2])], &[2, 9]);
    files.write("short", &[(2, &[2])], b"");
    files.write("long", &[(1, &[2, 4])], b"");
    fs::write(files.0.path().join("other"), "text").unwrap();
    let mut bad_schema = fs::read(files.0.path().join("whole")).unwrap();
    let at = bad_schema.windows(3).position(|letters| letters == b"int").unwrap();
    bad_schema[at] = b'_';
    fs::write(files.0.path().join("schema"), bad_schema).unwrap();
    let line = "{\"a\":1}\n";
    for (name, printed, expected) in [
        ("whole", line, None),
        ("torn", line, Some(format!("torn: the block at byte {end} is damaged"))),
        (
            "short",
            line,
            Some(format!("short: record 2 of the block at byte {first} cannot be read: the data end within a value")),
        ),
        ("long", line, Some(format!("long: the block at byte {first} goes on for 1 bytes after its last record"))),
        ("other", "", Some("other: this is no Avro container file".to_owned())),
        ("schema", "", Some("schema: the schema in the file cannot be used: ".to_owned())),
        ("missing", "", Some("missing: ".to_owned())),
    ] {
        let (out, error) = cat(&files, &[name]);
        assert_eq!(out, printed, "{name}");
        match (&error, &expected) {
            (Some(error), Some(expected)) => assert!(error.starts_with(expected), "{error}"),
            _ => assert_eq!(error, expected),
        }
    }
}

#[test]
fn a_damaged_file_does_not_hide_the_next() {
    let files = Files::new();
    files.write("torn", &[(1, &[2])], &[2]);
    files.write("whole", &[(1, &[4])], b"");
    let (out, error) = cat(&files, &["missing", "torn", "whole"]);
    assert_eq!(out, "{\"a\":1}\n{\"a\":2}\n");
    let error = error.unwrap();
    let names: Vec<_> = error.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["missing", "torn"]);
}

#[test]
fn blocks_of_nothing_come_to_an_end() {
    let files = Files::new();
    let schema = RecordSchema::parse(r#"{"type":"record","name":"R","fields":[]}"#).unwrap();
    let mut bytes = header(&schema, &SYNC, Codec::Null);
    block(&mut bytes, u64::MAX, &[], &SYNC);
    fs::write(files.0.path().join("empty"), bytes).unwrap();
    let (out, error) = cat(&files, &["empty"]);
    assert_eq!(out.lines().count(), EMPTY_VALUES_MAX);
    assert!(error.unwrap().contains("values without bytes"));
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    struct Failing(io::ErrorKind);
    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let files = Files::new();
    let small = files.write("small", &[(1, &[2])], b"");
    let large = files.write("large", &[(100_000, &vec![2; 100_000])], b"");
    for path in [small, large] {
        let arguments = CatArguments { paths: vec![path], schema: false, follow: false, new: false };
        assert!(run(&arguments, Dress::PLAIN, &mut Failing(io::ErrorKind::BrokenPipe)).is_ok());
        let error = run(&arguments, Dress::PLAIN, &mut Failing(io::ErrorKind::StorageFull)).unwrap_err();
        assert!(matches!(error, CatError::Output(_)), "{error}");
    }
}

#[test]
fn a_file_must_be_named() {
    assert!(Command::try_parse_from(["cat"]).is_err());
    let command = Command::try_parse_from(["cat", "-", "--schema"]).unwrap();
    assert_eq!(command.cat.paths, [PathBuf::from(STDIN)]);
    assert!(command.cat.schema);
}
