//! What mappings make of hostile events, read by the independent reader.

use std::{env, fs, path::Path, process::Command};

use headwater::record::{
    chunk::RecordChunk,
    container::{self, Codec, SYNC_BYTES},
};

use crate::{
    mapper::{Mapper, event_of, pool},
    mutate::{Mutator, Random},
    run::Place,
};

/// Events that are made by chance, the same at each run.
const GENERATED: usize = 1500;

const SEED: u64 = 11;

/// Bytes of an event that is made by chance.
const EVENT_BYTES_MAX: usize = 4096;

const SYNC: [u8; SYNC_BYTES] = *b"between blocks..";

/// A container file of the records of one mapping.
struct File {
    bytes: Vec<u8>,
    data: Vec<u8>,
    in_block: u64,
    records: u64,
}

impl File {
    /// Records of a block.
    const BLOCK: u64 = 100;

    fn take(&mut self, record: &[u8]) {
        self.data.extend_from_slice(record);
        self.in_block += 1;
        self.records += 1;
        if self.in_block == Self::BLOCK {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        container::block(&mut self.bytes, self.in_block, &self.data, &SYNC);
        self.data.clear();
        self.in_block = 0;
    }
}

/// The inputs that the fuzz targets of events keep.
fn kept() -> Vec<Vec<u8>> {
    let folders = ["mapping", "event"].map(|target| Path::new("tests/fuzz/corpus").join(target));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).expect("a corpus"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an input").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("an input")).collect()
}

#[test]
fn fastavro_reads_whatever_mappings_make() {
    let mappings = pool();
    let file = |schema| File {
        bytes: container::header(schema, &SYNC, Codec::Null),
        data: Vec::new(),
        in_block: 0,
        records: 0,
    };
    let mut files: Vec<_> = mappings.iter().map(|mapping| file(mapping.schema())).collect();
    let mut mapper = Mapper::new();
    let mut take = |chunk: &RecordChunk| {
        for record in &chunk.records {
            files[usize::from(record.mapping)].take(chunk.record(record));
        }
    };
    let kept = kept();
    let mut mutator = Mutator::new(&kept, Random(SEED), EVENT_BYTES_MAX);
    let generated: Vec<_> = (0..GENERATED).map(|_| mutator.next()).collect();
    for input in kept.iter().chain(&generated) {
        // Kept inputs have a script in front of the event.
        let event = memchr::memmem::find(input, b"\n-----\n").map_or(&input[..], |at| &input[at + 7..]);
        take(mapper.map(&mappings, event));
        take(mapper.map(&mappings, &event_of(event)));
    }
    let place = Place::new();
    let mut command = Command::new(env::var_os("HEADWATER_PYTHON").expect("HEADWATER_PYTHON: run by scripts/test"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/read_back.py"));
    for (mapping, file) in files.iter_mut().enumerate() {
        file.end_block();
        let path = place.path().join(format!("{mapping}.avro"));
        fs::write(&path, &file.bytes).expect("a writable temporary directory");
        command.arg(path);
    }
    let output = command.output().expect("HEADWATER_PYTHON can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts: Vec<u64> = serde_json::from_slice(&output.stdout).expect("JSON");
    let written: Vec<_> = files.iter().map(|file| file.records).collect();
    assert_eq!(counts, written);
    // Few events have something that a script cannot do with.
    assert!(written.iter().all(|records| *records > GENERATED as u64 / 2), "{written:?}");
}
