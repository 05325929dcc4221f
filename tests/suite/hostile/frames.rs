//! HTTP/2 frames by hand (RFC 9113), and what is read of those that come back.

/// Frame types.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags.
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// Status 200 as one byte of a header block.
pub const OK: u8 = 0x88;
/// Status 400.
pub const BAD_REQUEST: u8 = 0x8c;
/// The name `:status` with a value that follows: a status that has no byte of its own.
pub const OTHER: u8 = 0x48;

/// Preface and settings of a client.
pub fn preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, &[])].concat()
}

/// One frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Header block of `GET` for a path, `:authority` included.
pub fn block(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x01, 1, b'a'];
    block.extend(literal(4, path));
    block
}

/// A literal value for a name of the static table, without indexing and without Huffman coding.
pub fn literal(name: u8, value: &str) -> Vec<u8> {
    let length = value.len();
    assert!(name < 15, "one byte");
    let mut bytes = vec![name];
    if length < 127 {
        bytes.push(u8::try_from(length).expect("short"));
    } else {
        bytes.push(127);
        let mut rest = length - 127;
        while rest >= 128 {
            bytes.push(u8::try_from(rest % 128).expect("seven bits") | 128);
            rest /= 128;
        }
        bytes.push(u8::try_from(rest).expect("seven bits"));
    }
    bytes.extend_from_slice(value.as_bytes());
    bytes
}

/// A literal header with a name of its own.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).ok().filter(|length| *length < 127).expect("a short text");
    [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

/// A whole request without a body.
pub fn request(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(path))
}

/// Kind, flags, stream and payload of the whole frames.
fn read(mut bytes: &[u8]) -> Vec<(u8, u32, &[u8])> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _flags, s0, s1, s2, s3, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = rest.get(..length) else { break };
        frames.push((*kind, u32::from_be_bytes([*s0, *s1, *s2, *s3]), payload));
        bytes = &rest[length..];
    }
    frames
}

fn number(payload: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(payload.get(..4)?.try_into().ok()?))
}

/// Code of the last GOAWAY.
pub fn goaway(seen: &[u8]) -> Option<u32> {
    let frames = read(seen);
    frames.iter().rev().find(|(kind, ..)| *kind == GOAWAY).and_then(|(_, _, payload)| number(payload.get(4..)?))
}

/// Codes of the streams that were reset.
pub fn resets(seen: &[u8]) -> Vec<u32> {
    read(seen).iter().filter(|(kind, ..)| *kind == RST_STREAM).filter_map(|(_, _, payload)| number(payload)).collect()
}

/// Number of answers whose header block begins with a byte, table size updates aside.
pub fn answers(seen: &[u8], status: u8) -> usize {
    let begins = |payload: &&[u8]| payload.iter().find(|byte| **byte & 0xe0 != 0x20) == Some(&status);
    read(seen).iter().filter(|(kind, _, payload)| *kind == HEADERS && begins(payload)).count()
}

/// What came, for a message.
pub fn shown(seen: &[u8]) -> Vec<String> {
    if seen.starts_with(b"HTTP/1.1") {
        return Vec::new();
    }
    let frames = read(seen);
    let lines = frames
        .iter()
        .take(20)
        .map(|(kind, stream, payload)| format!("{kind} on {stream}: {:02x?}", &payload[..payload.len().min(12)]));
    lines.collect()
}
