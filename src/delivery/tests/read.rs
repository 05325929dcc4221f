//! Reads back what a delivery has written.

use crate::record::container::ContainerReader;

/// The records of a file that may be torn at its end.
pub(super) fn records(file: &[u8]) -> Vec<(u64, usize)> {
    let mut records = Vec::new();
    let Ok(mut reader) = ContainerReader::open(file) else { return records };
    let other = reader.schema().contains("Other");
    let mut data = Vec::new();
    while let Ok(Some(_)) = reader.next_block(&mut data) {
        let mut rest = data.as_slice();
        while !rest.is_empty() {
            let (first, second) = (read_long(&mut rest).unwrap(), read_long(&mut rest).unwrap());
            let (offset, mapping) = if other { (second, first) } else { (first, second) };
            records.push((offset.cast_unsigned(), usize::try_from(mapping).unwrap()));
        }
    }
    records
}

/// Offsets and reasons of the dead letters of a file that may be torn at its end.
pub(super) fn letters(file: &[u8]) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    // A file that could not be begun ends in its header.
    let Ok(mut reader) = ContainerReader::open(file) else { return found };
    let mut data = Vec::new();
    while let Some(_block) = reader.next_block(&mut data).unwrap() {
        let mut rest = data.as_slice();
        while !rest.is_empty() {
            let [_reason, message] = [text(&mut rest), text(&mut rest)];
            let branch = read_long(&mut rest).unwrap();
            assert_eq!(branch, 0, "no position");
            let [mapping, _sink] = [text(&mut rest), text(&mut rest)];
            let offset = read_long(&mut rest).unwrap().cast_unsigned();
            let _time = read_long(&mut rest).unwrap();
            let event = bytes(&mut rest);
            assert_eq!(message.as_bytes(), format!("event {}", number(event)).as_bytes(), "the letter holds the event");
            found.push((offset, mapping));
        }
    }
    found
}

/// Avro's `long`, written here once more so that the test does not believe what it tests.
pub(super) fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest > 0x7f {
        out.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap());
}

fn read_long(rest: &mut &[u8]) -> Option<i64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (first, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

fn bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let length = usize::try_from(read_long(rest).unwrap()).unwrap();
    let (bytes, tail) = rest.split_at(length);
    *rest = tail;
    bytes
}

fn number(event: &[u8]) -> u64 {
    u64::from_le_bytes(event.try_into().unwrap())
}

fn text(rest: &mut &[u8]) -> String {
    String::from_utf8(bytes(rest).to_vec()).unwrap()
}
