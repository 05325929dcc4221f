//! What the journal's commands read back: lines that they have printed, and files of dead letters.

use std::{fs, sync::Arc};

use headwater::{
    command::retained::line::StoredLine,
    disk::{Disk, RealDisk},
    event::codec,
    record::container::Codec,
    sink::{
        avro_file::AvroFile,
        dead_letter::SCHEMA,
        letters::{LetterFile, Letters},
    },
};

use super::{Input, RecordSchema, Run};

pub fn line() -> Run {
    Box::new(|input| {
        let Some(Ok(line)) = StoredLine::read(&String::from_utf8_lossy(input)) else { return };
        let mut bytes = Vec::new();
        line.with(|event| codec::encode(event, line.headers(), line.cookies(), &mut bytes));
        // What is read can be stored, and is an event then.
        codec::decode(&bytes).expect("an event");
    })
}

/// A file without a letter, whose header is right.
pub fn letter_files() -> Vec<Input> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("letters.avro");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let schema = RecordSchema::parse(SCHEMA).expect("a schema");
    let mut file = AvroFile::create(&disk, &path, &schema, Codec::Null, true).expect("a new file");
    // Empty texts around a position that is not there, two numbers, and no bytes.
    file.append(1, &[0, 0, 0, 0, 0, 2, 4, 0]).expect("a block");
    file.finish().expect("a whole file");
    vec![fs::read(&path).expect("the file")]
}

pub fn letters() -> Run {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = LetterFile { path: directory.path().join("letters.avro"), bytes: None };
    Box::new(move |input| {
        // Kept as long as the target runs.
        let _ = &directory;
        fs::write(&file.path, input).expect("a file of ours");
        let Ok(letters) = Letters::open(&file) else { return };
        // A damaged block may claim any number of letters, but each takes bytes.
        assert!(letters.take_while(Result::is_ok).count() <= input.len());
    })
}
