use std::io::Write as _;

use apache_avro::{Reader, types::Value};
use flate2::{Compression, write::DeflateEncoder};
use proptest::{collection::vec, prelude::*};

use super::*;

const SYNC: [u8; SYNC_BYTES] = *b"sixteen bytes ##";

fn schema() -> RecordSchema {
    RecordSchema::parse(
        r#"{"type": "record", "name": "n.R", "doc": "why", "own": {"z": 1, "a": 2},
            "fields": [{"name": "s", "type": "string", "aliases": ["t"]}]}"#,
    )
    .unwrap()
}

/// A file with one block per entry, one record per text.
fn file(blocks: &[Vec<String>]) -> Vec<u8> {
    let mut out = header(&schema(), &SYNC, Codec::Null);
    for texts in blocks {
        let mut data = Vec::new();
        for text in texts {
            write_bytes(&mut data, text.as_bytes());
        }
        block(&mut out, texts.len() as u64, &data, &SYNC);
    }
    out
}

/// A file with any metadata and blocks of ready bytes.
fn foreign(metadata: &[(&str, &[u8])], blocks: &[(u64, &[u8])]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    // In the form that has its length in bytes, one entry per block of the map.
    for (key, value) in metadata {
        let mut entry = Vec::new();
        write_bytes(&mut entry, key.as_bytes());
        write_bytes(&mut entry, value);
        write_long(&mut out, -1);
        write_length(&mut out, entry.len());
        out.extend(entry);
    }
    write_long(&mut out, 0);
    out.extend(SYNC);
    for (records, data) in blocks {
        block(&mut out, *records, data, &SYNC);
    }
    out
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn packed(codec: Codec, data: &[u8]) -> Vec<u8> {
    Compressor::new(codec).compress(data).unwrap().to_vec()
}

type ReadBlock = (BlockHead, Vec<u8>);

/// All blocks, and how it ends.
fn read(file: &[u8]) -> (Vec<ReadBlock>, Result<(), String>) {
    let mut blocks = Vec::new();
    let mut reader = match ContainerReader::open(file) {
        Ok(reader) => reader,
        Err(error) => return (blocks, Err(error.to_string())),
    };
    let mut data = b"of the block before".to_vec();
    loop {
        match reader.next_block(&mut data) {
            Ok(Some(head)) => blocks.push((head, data.clone())),
            Ok(None) => return (blocks, Ok(())),
            Err(error) => return (blocks, Err(error.to_string())),
        }
    }
}

#[test]
fn apache_avro_reads_what_is_written() {
    let blocks = [vec!["a".to_owned(), "é".to_owned()], vec![String::new()]];
    let bytes = file(&blocks);
    let reader = Reader::new(bytes.as_slice()).unwrap();
    assert!(reader.user_metadata().is_empty());
    let values: Result<Vec<_>, _> = reader.collect();
    let expected = ["a", "é", ""].map(|text| Value::Record(vec![("s".into(), Value::String(text.into()))]));
    assert_eq!(values.unwrap(), expected);
}

#[test]
fn the_header_holds_the_schema_and_nothing_else() {
    let schema = schema();
    let json = schema.json();
    let length = u8::try_from(json.len()).unwrap();
    let mut expected = b"Obj\x01\x02\x16avro.schema".to_vec();
    expected.extend([(length << 1) | 0x80, length >> 6]);
    expected.extend(json.as_bytes());
    expected.push(0);
    expected.extend(SYNC);
    assert_eq!(header(&schema, &SYNC, Codec::Null), expected);
    assert_eq!(ContainerReader::open(expected.as_slice()).unwrap().schema(), json);
}

#[test]
fn a_header_names_the_codec_of_what_is_compressed() {
    for codec in Codec::ALL {
        let mut bytes = header(&schema(), &SYNC, codec);
        block(&mut bytes, 1, &packed(codec, b"\x02a"), &SYNC);
        let named = bytes.windows(CODEC_KEY.len()).any(|window| window == CODEC_KEY.as_bytes());
        assert_eq!(named, codec != Codec::Null, "{codec:?}");
        let (blocks, end) = read(&bytes);
        assert_eq!((blocks.len(), blocks[0].1.as_slice(), end), (1, &b"\x02a"[..], Ok(())), "{codec:?}");
    }
}

#[test]
fn files_of_others_are_read() {
    let json = br#""int""#;
    let stored = (BlockHead { offset: 0, records: 2 }, vec![2, 4]);
    let raw = &[2, 4][..];
    for (metadata, data) in [
        (vec![("avro.schema", &json[..])], raw.to_vec()),
        (vec![("avro.codec", b"null"), ("x", b"\xff"), ("avro.schema", json)], raw.to_vec()),
        (vec![("avro.schema", json), ("avro.codec", b"deflate")], deflate(raw)),
        (vec![("avro.schema", json), ("avro.codec", b"snappy")], packed(Codec::Snappy, raw)),
        (vec![("avro.codec", b"zstandard"), ("avro.schema", json)], packed(Codec::Zstandard, raw)),
    ] {
        let header_bytes = foreign(&metadata, &[]).len() as u64;
        let head = BlockHead { offset: header_bytes, ..stored.0 };
        let bytes = foreign(&metadata, &[(2, &data)]);
        assert_eq!(read(&bytes), (vec![(head, stored.1.clone())], Ok(())));
        let found = scan(bytes.as_slice()).unwrap();
        assert_eq!(found, Scan { valid_bytes: bytes.len() as u64, header_bytes, records: 2, sync: SYNC });
    }
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let json: (&str, &[u8]) = ("avro.schema", br#""int""#);
    let deflated: (&str, &[u8]) = ("avro.codec", b"deflate");
    let head = foreign(&[json], &[]);
    let deflated_head = foreign(&[json, deflated], &[]).len();
    let endless = [MAGIC.as_slice(), &[1, 0].repeat(2 * SCHEMA_BYTES_MAX)].concat();
    for (bytes, expected) in [
        (Vec::new(), "the header at byte 0 is broken off".to_owned()),
        (b"PAR1....".to_vec(), "this is no Avro container file".to_owned()),
        (b"Obj".to_vec(), "the header at byte 0 is broken off".to_owned()),
        (head[..head.len() - 1].to_vec(), "the header at byte 0 is broken off".to_owned()),
        (foreign(&[("avro.codec", b"null")], &[]), "the header at byte 0 is damaged".to_owned()),
        (foreign(&[("avro.schema", b"\xff")], &[]), "the header at byte 0 is damaged".to_owned()),
        ([MAGIC.as_slice(), &[2, 1]].concat(), "the header at byte 0 is damaged".to_owned()),
        ([MAGIC.as_slice(), &[2], &[0xff; 9], &[1]].concat(), "the header at byte 0 is damaged".to_owned()),
        (endless, "the header at byte 0 is damaged".to_owned()),
        (foreign(&[json, ("avro.codec", b"xz")], &[]), "the codec 'xz' is not supported".to_owned()),
        (
            foreign(&[json, deflated], &[(1, b"\xff\xff")]),
            format!("the block at byte {deflated_head} cannot be inflated"),
        ),
    ] {
        assert_eq!(read(&bytes).1, Err(expected));
    }
}

#[test]
fn scan_tells_no_container_from_a_torn_header() {
    let whole = file(&[]);
    for length in 0..whole.len() {
        let error = scan(&whole[..length]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}");
    }
    assert_eq!(scan(&b"Obj\x02......"[..]).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn garbage_after_the_last_block_is_not_valid() {
    let whole = file(&[vec!["a".to_owned()]]);
    let mut huge = Vec::new();
    block_head(&mut huge, 1, usize::try_from(BLOCK_BYTES_MAX).unwrap() + 1);
    let mut other_marker = Vec::new();
    block(&mut other_marker, 1, &[0], &[7; SYNC_BYTES]);
    let zeros = vec![0; 4096];
    let torn = &other_marker[..5];
    for (garbage, expected) in [
        (zeros.as_slice(), DAMAGED),
        (&[0xff; 64], DAMAGED),
        (&[1, 2, 3], DAMAGED),
        (&[2, 1], DAMAGED),
        (&[0x80], BROKEN_OFF),
        (&[2], BROKEN_OFF),
        (&huge, DAMAGED),
        (&other_marker, DAMAGED),
        (torn, BROKEN_OFF),
    ] {
        let bytes = [whole.as_slice(), garbage].concat();
        let found = scan(bytes.as_slice()).unwrap();
        assert_eq!((found.valid_bytes, found.records), (whole.len() as u64, 1), "{garbage:x?}");
        let (blocks, end) = read(&bytes);
        assert_eq!(
            (blocks.len(), end),
            (1, Err(format!("the block at byte {} {expected}", whole.len()))),
            "{garbage:x?}"
        );
    }
}

#[test]
fn a_reader_that_fails_is_no_torn_file() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("disk")),
                length => Ok(length),
            }
        }
    }
    let whole = file(&[vec!["a".to_owned()]]);
    for length in 0..=whole.len() {
        assert_eq!(scan(Failing(&whole[..length])).unwrap_err().to_string(), "disk", "{length}");
    }
}

proptest! {
    #[test]
    fn a_cut_file_is_valid_to_its_last_whole_block(
        texts in vec(vec("[a-zé]{0,9}", 1..3), 0..5),
        cut: prop::sample::Index,
    ) {
        // Bytes and records after each block, the header first.
        let mut ends = vec![(file(&[]).len(), 0)];
        for (number, block) in texts.iter().enumerate() {
            ends.push((file(&texts[..=number]).len(), ends[number].1 + block.len()));
        }
        let header_bytes = ends[0].0;
        let whole = file(&texts);
        let length = header_bytes + cut.index(whole.len() - header_bytes + 1);
        let (valid, records) = *ends.iter().rev().find(|(end, _)| *end <= length).unwrap();

        let found = scan(&whole[..length]).unwrap();
        let expected =
            Scan { valid_bytes: valid as u64, header_bytes: header_bytes as u64, records: records as u64, sync: SYNC };
        prop_assert_eq!(found, expected);
        let (blocks, end) = read(&whole[..length]);
        prop_assert_eq!(blocks.iter().map(|(head, _)| head.records).sum::<u64>(), records as u64);
        prop_assert_eq!(end.is_ok(), valid == length);
        prop_assert_eq!(Reader::new(&whole[..valid]).unwrap().filter_map(Result::ok).count(), records);
    }

    #[test]
    fn any_damage_is_survived(
        texts in vec(vec("[a-z]{0,9}", 1..3), 1..4),
        at: prop::sample::Index,
        to: u8,
    ) {
        let mut bytes = file(&texts);
        let at = at.index(bytes.len());
        bytes[at] = to;
        let _ = read(&bytes);
        if let Ok(found) = scan(bytes.as_slice()) {
            prop_assert!(found.header_bytes <= found.valid_bytes && found.valid_bytes <= bytes.len() as u64);
        }
    }
}
