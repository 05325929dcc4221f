//! Too much of everything.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::{
    case::{
        Case,
        Expect::{Answers, Closed, Goaway, OneOf, Open},
        ITS_OWN, JSON, answered, bad, closed, event, get, post,
    },
    frames,
    server::target,
};

/// Heads, lines and bodies beyond their limits.
pub fn oversized() -> Vec<Case> {
    let long = |count: usize| "a".repeat(count);
    let lines = |count: usize| (0..count).fold(String::new(), |lines, index| lines + &format!("X-{index}: v\r\n"));
    let refused =
        |name: &str, status: &'static [u16], bytes: Vec<u8>| Case::new(name, bytes, Closed(status), bad("too_large"));
    let large = |name: &str, lines: &str, body: Vec<u8>| {
        Case::new(name, post(lines, &body), Closed(&[413]), answered("json", 413))
    };
    vec![
        refused("a target of 70 kB", &[414], get(&format!("/?{}", long(70_000)), "")),
        refused(
            "a target one byte too long",
            &[414],
            get(&format!("/{}", long(65_534 - "GET / HTTP/1.1".len() + 1)), ""),
        ),
        refused("a target of 1 MB", &[431], get(&format!("/?{}", long(1 << 20)), "")),
        refused("a target without end", &[431], format!("GET /{}", long(4 << 20)).into_bytes()),
        refused("a header of 1 MB", &[431], get("/ping", &format!("X: {}\r\n", long(1 << 20)))),
        refused("a header name of 1 MB", &[431], get("/ping", &format!("{}: x\r\n", long(1 << 20)))),
        refused("a header without end", &[431], format!("GET / HTTP/1.1\r\nX: {}", long(4 << 20)).into_bytes()),
        refused("300 header lines", &[431], get("/ping", &lines(300))),
        refused("a hundred thousand header lines", &[431], get("/ping", &lines(100_000))),
        refused("cookies of 200 kB", &[431], get("/csc-event?p=x", &format!("Cookie: {}\r\n", long(200_000)))),
        refused(
            "a method of 200 kB",
            &[431],
            format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(200_000)).into_bytes(),
        ),
        large("a body that says it is large", "Content-Length: 3000000\r\n", vec![b' '; 3_000_000]),
        large("a body that says it is very large", "Content-Length: 9223372036854775800\r\n", b"{}".to_vec()),
        large(
            "a body in large chunks",
            "Transfer-Encoding: chunked\r\n",
            format!("20000\r\n{}\r\n0\r\n\r\n", long(0x20000)).into_bytes(),
        ),
        large(
            "a body in small chunks",
            "Transfer-Encoding: chunked\r\n",
            (format!("10\r\n{}\r\n", long(16)).repeat(5000) + "0\r\n\r\n").into_bytes(),
        ),
        Case::new(
            "a chunk extension of 1 MB",
            post("Transfer-Encoding: chunked\r\n", format!("2;{}\r\n{{}}\r\n0\r\n\r\n", long(1 << 20)).as_bytes()),
            Closed(&[400]),
            answered("json", 400),
        ),
        Case::new(
            "trailers of 1 MB",
            post(
                "Transfer-Encoding: chunked\r\n",
                format!("2\r\n{{}}\r\n0\r\nX: {}\r\n\r\n", long(1 << 20)).as_bytes(),
            ),
            Closed(&[400]),
            answered("json", 400),
        ),
        Case::new("empty lines without end", "\r\n".repeat(1 << 20), Closed(&[431]), bad("too_large")),
    ]
}

/// Many parameters, or strange ones.
pub fn parameters() -> Vec<Case> {
    let flood =
        |name: &str, target: String| Case::new(name, get(&target, ""), Closed(&[400]), bad("too_many_parameters"));
    let many = |text: &str, count: usize| text.repeat(count);
    let body = |text: &str| {
        let lines = format!("Content-Length: {}\r\n", text.len());
        post(&lines, text.as_bytes())
    };
    vec![
        flood("one more than allowed", format!("/csc-event?{}", many("a&", 101))),
        flood("with values", format!("/csc-event?{}", many("t.a=b&", 5000))),
        flood("of one name", format!("/csc-event?{}", many("p=0%3Aa%3Ab&", 5000))),
        flood("behind a valid event", format!("{}{}", target("case-flood"), many("&t.a=b", 200))),
        flood("on the script", format!("/divolte.js?{}", many("a&", 200))),
        flood("on ping", format!("/ping?{}", many("a&", 200))),
        flood("on the index page", format!("/?{}", many("a=&", 200))),
        flood("on nothing", format!("/nothing?{}", many("a=b&", 200))),
        Case::new(
            "on the JSON source",
            format!("POST {JSON}{} HTTP/1.1\r\nHost: a\r\n\r\n", many("&a", 200)),
            Closed(&[400]),
            bad("too_many_parameters"),
        ),
        Case::new(
            "separators only",
            get(&format!("/ping?{}", many("&", 60_000)), ""),
            Open(&[200]),
            answered("ping", 200),
        ),
        Case::new(
            "equal signs only",
            get(&format!("/ping?{}", many("=", 60_000)), ""),
            Open(&[200]),
            answered("ping", 200),
        ),
        Case::new(
            "a name of 60 kB",
            get(&format!("/csc-event?{}=1", many("n", 60_000)), ""),
            Open(&[200]),
            answered("pixel", 200),
        ),
        Case::new("a batch of deep JSON", body(&many("[", 4000)), Open(&[400]), answered("json", 400)),
        Case::new("a batch of nothing", body(&format!("[{}]", many("{},", 1000))), Open(&[400]), answered("json", 400)),
        Case::new("deep objects", body(&many("{\"a\":", 800)), Open(&[204]), answered("json", 204)),
        Case::new(
            "deep parameters",
            get(&format!("/csc-event?u={}", many("(a", 20_000)), ""),
            Open(&[200]),
            answered("pixel", 200),
        ),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Small things that grow: bodies in gzip, and header blocks by their table.
pub fn compressed() -> Vec<Case> {
    // Whatever is understood of codings, nothing of these becomes an event.
    let body = |name: &str, coding: &str, bytes: &[u8]| {
        let lines = format!("Content-Encoding: {coding}\r\nContent-Length: {}\r\n", bytes.len());
        let counter = "headwater_connections_accepted_total".into();
        Case::new(name, post(&lines, bytes), OneOf(&[204, 400, 413, 415]), counter)
    };
    let never = event("x").replace(ITS_OWN, "never-");
    let spaces = |count: usize| gzip(&[never.as_bytes(), &vec![b' '; count]].concat());
    let small = gzip(b"{}");
    let h2 = |name: &str, block: &[u8], expect, counter| {
        let head = frames::frame(frames::HEADERS, frames::END_HEADERS | frames::END_STREAM, 1, block);
        Case::new(name, [frames::preface(), head].concat(), expect, counter)
    };
    // One header of 4000 bytes put into the table, and referred to again and again.
    let bomb = |references: usize| {
        let value = "v".repeat(3900);
        let mut block = frames::block("/ping");
        block.extend([0x40, 1, b'b']);
        block.extend(&frames::literal(0, &value)[1..]);
        block.extend(vec![0xbe; references]);
        block
    };
    let large = frames::OTHER;
    let malformed = |name: &str, lines: Vec<u8>| {
        h2(name, &[frames::block("/ping"), lines].concat(), Goaway(&[1, 9]), bad("malformed"))
    };
    vec![
        body("two megabytes in gzip", "gzip", &spaces(2 << 20)),
        body("one byte more than allowed in gzip", "gzip", &spaces(4097 - never.len())),
        body("two megabytes in gzip in gzip", "gzip, gzip", &gzip(&spaces(2 << 20))),
        body("zeros in gzip", "gzip", &gzip(&vec![0; 2 << 20])),
        body("gzip that is cut", "gzip", &small[..small.len() / 2]),
        body("gzip with a wrong sum", "gzip", &[&small[..small.len() - 8], &[0; 8]].concat()),
        body("gzip that is none", "gzip", b"{}"),
        body("gzip that is empty", "gzip", &gzip(b"")),
        body("an unknown coding", "x-unknown", b"{}"),
        h2("a reference forty times", &bomb(40), Answers(1, large), closed("finished")),
        h2("a reference two thousand times", &bomb(2000), Goaway(&[11]), bad("flood")),
        h2("a reference ten thousand times", &bomb(10_000), Goaway(&[11]), bad("flood")),
        h2(
            "a short header three hundred times",
            &[frames::block("/ping"), vec![0x40, 1, b'b', 0], vec![0xbe; 300]].concat(),
            Answers(1, large),
            bad("too_large"),
        ),
        h2(
            "a table that changes its size",
            &[vec![0x20; 4000], frames::block("/ping")].concat(),
            Answers(1, frames::OK),
            answered("ping", 200),
        ),
        h2(
            "a table larger than allowed",
            &[vec![0x3f, 0xe1, 0xff, 0xff, 0x07], frames::block("/ping")].concat(),
            Goaway(&[1, 9]),
            bad("malformed"),
        ),
        malformed("a reference to nothing", vec![0xff, 0x80, 0x80, 0x80, 0x01]),
        malformed("an index that overflows", vec![0xff; 12]),
        malformed("a Huffman code that is none", vec![0x00, 0x81, 0xff, 0x01, b'a']),
        malformed("a Huffman code with the end mark", vec![0x00, 0x01, b'x', 0x84, 0xff, 0xff, 0xff, 0xff]),
        malformed("a length beyond the block", vec![0x00, 0x7f, 0xff, 0xff, 0x03]),
    ]
}
