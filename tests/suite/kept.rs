//! A journal that an earlier build has left, read by this one; and what a later build may add to it.
//!
//! `tests/fixtures/journal/1` was left by the first release's format: one segment that was ended in order, and one that was
//! not, with a cursor that stands before both. It is kept as it is: whatever changes, its events are delivered. Where the
//! format gets a new version, a directory is added beside it by running these tests with `HEADWATER_UPDATE=1`.

use std::{env, fs, path::Path, sync::Once};

use serde_json::{Map, Value};

use crate::run::{BrowserRequest, Place};

/// Newest version of the format; there is a directory for each.
const VERSION: u32 = 1;
/// Where blocks begin in a segment, and bytes of a block's header.
const DATA_AT: usize = 4096;
const BLOCK_HEADER: usize = 48;
/// Requests of each segment.
const REQUESTS: [std::ops::Range<usize>; 2] = [0..4, 4..7];
const CURSOR: &str = "cursors/files.cursor";

fn fixture(version: u32) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/journal/{version}"))
}

fn segment(number: usize) -> String {
    format!("{number:016x}.segment")
}

fn serve(place: &Place) -> std::process::Command {
    let mut command = place.serve();
    // What every sink has is kept too, so that both segments stay.
    for setting in ["durability=fsync", "segment_size=8M", "retention_size=32M"] {
        command.args(["--set", &format!("divolte.global.journal.{setting}")]);
    }
    command
}

/// Leaves a journal as the fixture holds it.
fn make(directory: &Path) {
    let place = Place::new();
    let journal = place.path().join("data/journal");
    let mut program = place.start(serve(&place));
    let cursor = fs::read(journal.join(CURSOR)).expect("the cursor of a new sink");
    for (round, requests) in REQUESTS.into_iter().enumerate() {
        for request in &BrowserRequest::all()[requests] {
            request.send(place.port).response();
        }
        if round == 0 {
            assert_eq!(program.stop(), Some(0));
            program = place.start(serve(&place));
        } else {
            program.signal("KILL");
            program.wait();
        }
    }
    fs::create_dir_all(directory.join("cursors")).expect("a writable tree");
    for number in 1..=REQUESTS.len() {
        let mut bytes = fs::read(journal.join(segment(number))).expect("a segment");
        // What is behind the last block is of no meaning.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used.max(DATA_AT));
        fs::write(directory.join(segment(number)), bytes).expect("a writable tree");
    }
    fs::write(directory.join(CURSOR), cursor).expect("a writable tree");
}

/// A place with the journal of a version, changed by `change`.
fn place_with(version: u32, change: impl FnOnce(&Path)) -> Place {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        if env::var_os("HEADWATER_UPDATE").is_some() && !fixture(VERSION).exists() {
            make(&fixture(VERSION));
        }
    });
    let place = Place::new();
    let journal = place.path().join("data/journal");
    fs::create_dir_all(journal.join("cursors")).expect("a place of our own");
    for name in (1..=REQUESTS.len()).map(segment).chain([CURSOR.to_owned()]) {
        fs::copy(fixture(version).join(&name), journal.join(&name)).expect("the fixture is complete");
    }
    change(&journal);
    place
}

/// Starts the server and stops it; what the fixture holds is delivered by then, once and in its order.
fn assert_delivered(place: &Place) {
    let mut program = place.start(serve(place));
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let mut records = place.records();
    let number = |record: &Value| record["timestamp"].as_i64();
    records.sort_by_key(number);
    let requests = &BrowserRequest::all()[..REQUESTS[1].end];
    assert_eq!(records.len(), requests.len(), "{}", program.output());
    for (record, request) in records.iter().zip(requests) {
        let found: Map<_, _> =
            request.record.keys().filter_map(|name| Some((name.clone(), record.get(name)?.clone()))).collect();
        assert_eq!(found, request.record, "{}", request.name);
    }
}

#[test]
fn a_journal_of_each_version_of_the_format_is_delivered() {
    for version in 1..=VERSION {
        assert_delivered(&place_with(version, |_| {}));
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
}

fn put(bytes: &mut [u8], at: usize, number: usize) {
    bytes[at..at + 4].copy_from_slice(&u32::try_from(number).expect("small").to_le_bytes());
}

/// Writes the checksum of a header behind it.
fn sum(header: &mut [u8]) {
    let (body, sum) = header.split_last_chunk_mut::<4>().expect("a header");
    *sum = crc32c::crc32c(body).to_le_bytes();
}

/// The blocks of a segment, each event with a field more.
fn grown(mut blocks: &[u8]) -> Vec<u8> {
    let mut grown = Vec::new();
    while blocks.starts_with(b"HWb\x01") {
        let (length, events) = (number(blocks, 8), number(blocks, 12));
        let (mut rest, mut content) = (&blocks[BLOCK_HEADER..BLOCK_HEADER + length], Vec::new());
        for _ in 0..events {
            let (event, behind) = rest[4..].split_at(number(rest, 0));
            let event = [event, b"\xf0\x05later"].concat();
            content.extend_from_slice(&u32::try_from(event.len()).expect("small").to_le_bytes());
            content.extend_from_slice(&event);
            rest = behind;
        }
        let mut header = blocks[..BLOCK_HEADER].to_vec();
        header[5..8].copy_from_slice(b"new");
        put(&mut header, 8, content.len());
        header[16..20].copy_from_slice(&crc32c::crc32c(&content).to_le_bytes());
        sum(&mut header);
        grown.extend([header, content].concat());
        blocks = &blocks[BLOCK_HEADER + length..];
    }
    grown
}

/// What a later release may add without a new version: fields of events, bytes of headers that are free, a reason for a
/// gap, members of a cursor.
fn add(journal: &Path) {
    let mut end = 0;
    for file in 1..=REQUESTS.len() {
        let path = journal.join(segment(file));
        let bytes = fs::read(&path).expect("a segment");
        let blocks = grown(&bytes[DATA_AT..]);
        assert!(blocks.len() > bytes.len() - DATA_AT, "every event has a field more");
        let mut head = bytes[..DATA_AT].to_vec();
        if end > 0 {
            head[11] = 200;
            put(&mut head, 56, end);
        }
        end = DATA_AT + blocks.len();
        if head[10] == 1 {
            put(&mut head, 80, end);
        }
        head[96..124].fill(7);
        sum(&mut head[..128]);
        fs::write(&path, [head, blocks].concat()).expect("a place of our own");
    }
    let path = journal.join(CURSOR);
    let text = fs::read_to_string(&path).expect("a cursor");
    let body = text.lines().nth(1).expect("a second line").replacen('{', r#"{"later":{"more":[1]},"#, 1);
    let text = format!("headwater-cursor 1 {:08x}\n{body}\n", crc32c::crc32c(body.as_bytes()));
    fs::write(path, text).expect("a place of our own");
}

#[test]
fn what_a_later_release_may_add_is_passed_over() {
    assert_delivered(&place_with(VERSION, add));
}

/// What is done to the journal, the file that is refused then, and what is said of it.
type Refused<'a> = (&'a dyn Fn(&Path), &'a str, &'a str);

#[test]
fn a_later_version_is_refused_in_one_sentence_and_left_as_it_is() {
    let newer_segment = |journal: &Path| {
        let path = journal.join(segment(2));
        let mut bytes = fs::read(&path).expect("a segment");
        bytes[8] = 2;
        sum(&mut bytes[..128]);
        fs::write(path, bytes).expect("a place of our own");
    };
    let newer_cursor = |journal: &Path| {
        let path = journal.join(CURSOR);
        let text = fs::read_to_string(&path).expect("a cursor").replacen("cursor 1 ", "cursor 2 ", 1);
        fs::write(path, text).expect("a place of our own");
    };
    let cases: [Refused; 2] = [
        (&newer_segment, "0000000000000002.segment", "version 2"),
        (&newer_cursor, "files.cursor", "it is no cursor file of version 1"),
    ];
    for (change, file, sentence) in cases {
        let place = place_with(VERSION, change);
        let path = |name: &str| place.path().join("data/journal").join(name);
        let names = [segment(1), segment(2), CURSOR.to_owned()];
        let content = || names.each_ref().map(|name| fs::read(path(name)).expect("it is still there"));
        let before = content();
        let output = serve(&place).output().expect("the program can be run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let lines: Vec<_> = said.lines().filter(|line| line.contains(file)).collect();
        assert!(lines.iter().any(|line| line.contains(sentence)), "no {sentence:?} in:\n{said}");
        if file.ends_with("segment") {
            assert_eq!(content(), before, "{file}");
        }
    }
}
