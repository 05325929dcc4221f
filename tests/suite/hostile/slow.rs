//! Clients that take their time: every limit of time has an end that can be seen.

use std::time::Duration;

use super::{
    case::{
        Case,
        Expect::{Closed, Ended, Goaway, Open},
        Step, answered, bad, closed, get, post,
    },
    frames,
};

const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);

fn dripped(name: &str, first: &[u8], drip: &[u8], expect: super::case::Expect, counter: String) -> Case {
    Case::new(name, first, expect, counter).then(Step::Drip(drip.repeat(400), TENTH))
}

/// Heads that begin and do not end.
pub fn heads() -> Vec<Case> {
    let still = |name: &str, bytes: &[u8]| Case::new(name, bytes, Closed(&[408]), bad("slow"));
    let drip = |name: &str, first: &[u8], rest: &[u8]| dripped(name, first, rest, Closed(&[408]), closed("slow"));
    let second = [get("/ping", ""), b"GET /pin".to_vec()].concat();
    let later = Case::new("behind an answered request", get("/ping", ""), Closed(&[200, 408]), bad("slow"));
    vec![
        still("one byte", b"G"),
        still("a method", b"POST "),
        still("a request line", b"GET /ping HTTP/1.1\r\n"),
        still("all but the last line feed", b"GET /ping HTTP/1.1\r\nHost: a\r\n\r"),
        still("the preface of HTTP 2 to its half", b"PRI * HTTP/2"),
        drip("a target that grows", b"GET /", b"a"),
        drip("a header that grows", b"GET / HTTP/1.1\r\nX: ", b"a"),
        drip("headers that go on", b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
        drip("empty lines that go on", b"\r\n", b"\r\n"),
        later.then(Step::Pause(TENTH * 3)).then(Step::Send(b"GET /pin".to_vec())),
        // What comes in one piece with the request before it is not seen as a head of its own.
        Case::new("in one piece with an answered request", second, Closed(&[200]), closed("idle")),
        Case::new("a pause within the head", &b"GET /ping HT"[..], Closed(&[408]), bad("slow"))
            .then(Step::Pause(SECOND * 6))
            .then(Step::Send(b"TP/1.1\r\nHost: a\r\n\r\n".to_vec())),
        // Who never says a word is owed none.
        Case::new("silence", &b""[..], Closed(&[]), closed("idle")),
        Case::new("silence behind an answer", get("/ping", ""), Closed(&[200]), closed("idle")),
        Case::new("silence in HTTP 2", frames::preface(), Goaway(&[0]), closed("idle")),
        Case::new(
            "a header block without end in HTTP 2",
            [frames::preface(), frames::frame(frames::HEADERS, 0, 1, &frames::block("/ping"))].concat(),
            Ended,
            closed("idle"),
        ),
    ]
}

/// Bodies that begin and do not end, and answers that nobody takes.
pub fn bodies() -> Vec<Case> {
    let slow = |name: &str, lines: &str, body: &[u8]| {
        Case::new(name, post(lines, body), Closed(&[408]), answered("json", 408))
    };
    let drip = |name: &str, lines: &str, body: &[u8], rest: &[u8]| {
        dripped(name, &post(lines, body), rest, Closed(&[408]), answered("json", 408))
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let head = |path: &str, lines: &[(&str, &str)]| {
        let mut block = vec![0x83, 0x86, 0x01, 1, b'a'];
        block.extend(frames::literal(4, path));
        block.extend(lines.iter().flat_map(|(name, value)| frames::header(name, value)));
        frames::frame(frames::HEADERS, frames::END_HEADERS, 1, &block)
    };
    let json = [("content-type", "application/json")];
    vec![
        slow("no body", "Content-Length: 100\r\n", b""),
        slow("half a body", "Content-Length: 100\r\n", b"{\"session_id\":"),
        slow("no chunk", chunked, b""),
        slow("half a chunk", chunked, b"10\r\n{"),
        slow("half a chunk length", chunked, b"1"),
        slow("no last chunk", chunked, b"2\r\n{}\r\n"),
        slow("no end of the trailers", chunked, b"2\r\n{}\r\n0\r\nX: a\r\n"),
        drip("a body that trickles", "Content-Length: 3000\r\n", b"{", b" "),
        drip("a chunk length that trickles", chunked, b"2;", b"x"),
        Case::new(
            "asked to go on and silent",
            post("Content-Length: 10\r\nExpect: 100-continue\r\n", b""),
            Closed(&[408]),
            answered("json", 408),
        ),
        Case::new(
            "a body that nobody wants",
            b"GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nab".to_vec(),
            Closed(&[200]),
            answered("ping", 200),
        ),
        Case::new(
            "half a body in HTTP 2",
            [frames::preface(), head(super::case::JSON, &json), frames::frame(frames::DATA, 0, 1, b"{")].concat(),
            super::case::Expect::Answers(1, frames::OTHER),
            answered("json", 408),
        ),
        dripped(
            "pings all along in HTTP 2",
            &frames::preface(),
            &frames::frame(frames::PING, 0, 0, &[0; 8]),
            Ended,
            closed("idle"),
        ),
        Case::new("pipelined and never read", get("/ping", "").repeat(200), Open(&[200; 200]), answered("ping", 200)),
    ]
}
