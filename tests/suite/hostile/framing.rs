//! Requests that stop too early, come in pieces, or can be read in two ways.

use std::time::Duration;

use super::case::{
    Case,
    Expect::{Closed, Open},
    JSON, Step, answered, bad, closed, event, get, post,
};

/// The client goes away before it has said all.
pub fn truncated() -> Vec<Case> {
    let whole = get("/ping", "X-Long: 0123456789\r\n");
    let cut = |name: &str, bytes: &[u8], counter: String| Case::new(name, bytes, Closed(&[]), counter).then(Step::End);
    let body = |name: &str, lines: &str, body: &[u8]| {
        Case::new(name, post(lines, body), Closed(&[400]), answered("json", 400)).then(Step::End)
    };
    let mut cases = vec![
        cut("no byte at all", b"", closed("finished")),
        cut("within the method", b"GE", closed("truncated")),
        cut("after the method", b"GET ", closed("truncated")),
        cut("within the target", b"GET /pin", closed("truncated")),
        cut("within the version", b"GET /ping HTTP/1", closed("truncated")),
        cut("after the request line", &whole[..b"GET /ping HTTP/1.1\r\n".len()], closed("truncated")),
        cut("within a header name", b"GET /ping HTTP/1.1\r\nHo", closed("truncated")),
        cut("within a header value", &whole[..whole.len() - 6], closed("truncated")),
        cut("before the last line feed", &whole[..whole.len() - 1], closed("truncated")),
        Case::new("within the preface of HTTP 2", b"PRI * HTTP/2.0\r\n\r\nSM", Closed(&[400]), bad("malformed"))
            .then(Step::End),
        body("within a body", "Content-Length: 500\r\n", b"{\"session_id\":"),
        body("within a chunk", "Transfer-Encoding: chunked\r\n", b"40\r\n{\"session"),
        body("before the last chunk", "Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n"),
        body("before the body", "Content-Length: 5\r\n", b""),
    ];
    cases.push(
        Case::new("within the second request", whole.repeat(2), Open(&[200, 200]), answered("ping", 200))
            .then(Step::Send(b"GET /pi".to_vec()))
            .then(Step::End),
    );
    cases
}

/// Whole requests in pieces: all are answered as if they had come at once.
pub fn split() -> Vec<Case> {
    let millisecond = Duration::from_millis(1);
    let drip = |name: &str, bytes: Vec<u8>, expect, counter| {
        Case { name: name.into(), steps: vec![], expect, counter }.then(Step::Drip(bytes, millisecond))
    };
    let halves = |name: &str, at: usize| {
        let bytes = get("/ping", "");
        Case::new(name, &bytes[..at], Open(&[200]), answered("ping", 200))
            .then(Step::Pause(Duration::from_millis(60)))
            .then(Step::Send(bytes[at..].to_vec()))
    };
    let json = event("split");
    let chunks = json.chars().fold(String::new(), |chunks, character| chunks + &format!("1\r\n{character}\r\n"));
    let text = format!("Content-Length: {}\r\n", json.len());
    vec![
        drip("byte by byte", get("/ping", ""), Open(&[200]), answered("ping", 200)),
        drip(
            "an empty line first byte by byte",
            [b"\r\n".to_vec(), get("/ping", "")].concat(),
            Open(&[200]),
            answered("ping", 200),
        ),
        drip("a body byte by byte", post(&text, json.as_bytes()), Open(&[204]), answered("json", 204)),
        drip("two requests byte by byte", get("/ping", "").repeat(2), Open(&[200, 200]), answered("ping", 200)),
        drip("not HTTP byte by byte", b"SSH-2.0-x\r\n\r\n".to_vec(), Closed(&[400]), bad("malformed")),
        drip("a bad escape byte by byte", get("/%zz", ""), Closed(&[400]), bad("escape")),
        halves("between carriage return and line feed", b"GET /ping HTTP/1.1\r".len()),
        halves("within the method twice", 1),
        halves("before the last byte", get("/ping", "").len() - 1),
        Case::new(
            "a chunk for each byte",
            post("Transfer-Encoding: chunked\r\n", (chunks + "0\r\n\r\n").as_bytes()),
            Open(&[204]),
            answered("json", 204),
        ),
        Case::new("head and body apart", post(&text, b""), Open(&[204]), answered("json", 204))
            .then(Step::Pause(Duration::from_millis(80)))
            .then(Step::Send(json.into_bytes())),
    ]
}

/// Requests that two readers could take for different ones.
pub fn smuggled() -> Vec<Case> {
    let json = event("smuggled");
    let chunked = format!("{:x}\r\n{json}\r\n0\r\n\r\n", json.len());
    let hidden = get("/ping", "");
    let with_hidden = [chunked.as_bytes(), &hidden].concat();
    let head = |lines: &str| post(lines, &hidden);
    let refused = |name: &str, bytes: Vec<u8>| Case::new(name, bytes, Closed(&[400]), bad("malformed"));
    let chunk = |name: &str, body: &str| {
        let bytes = post("Transfer-Encoding: chunked\r\n", body.as_bytes());
        Case::new(name, bytes, Closed(&[400]), answered("json", 400))
    };
    vec![
        // As chunked, after which nothing more is read: RFC 9112, section 6.1.
        Case::new(
            "length then chunked",
            post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &with_hidden),
            Closed(&[204]),
            answered("json", 204),
        ),
        Case::new(
            "chunked then length",
            post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &with_hidden),
            Closed(&[204]),
            answered("json", 204),
        ),
        refused("two lengths", head("Content-Length: 0\r\nContent-Length: 33\r\n")),
        refused("two lengths in one line", head("Content-Length: 0, 33\r\n")),
        refused("a length with a sign", head("Content-Length: +5\r\n")),
        refused("a negative length", head("Content-Length: -1\r\n")),
        refused("a length in hexadecimal", head("Content-Length: 0x10\r\n")),
        refused("a length beyond numbers", head("Content-Length: 99999999999999999999999\r\n")),
        refused("an empty length", head("Content-Length: \r\n")),
        refused("chunked but not last", head("Transfer-Encoding: chunked, identity\r\n")),
        refused("an unknown coding", head("Transfer-Encoding: xchunked\r\n")),
        refused(
            "two codings of which the last is unknown",
            head("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n"),
        ),
        refused("a space before the colon", head("Transfer-Encoding : chunked\r\n")),
        refused("a folded line", head("X: a\r\n b\r\n")),
        refused("a folded coding", head("Transfer-Encoding:\r\n chunked\r\n")),
        refused("a line that begins with a space", get("/ping", " X: a\r\n")),
        refused("a header without colon", get("/ping", "X\r\n")),
        refused("a header without name", get("/ping", ": x\r\n")),
        refused(
            "chunked in HTTP 1.0",
            format!("POST {JSON} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}").into_bytes(),
        ),
        refused("a space within the target", b"GET /ping /x HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        refused("a tab within the request line", b"GET\t/ping HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        refused("a carriage return alone in a value", get("/ping", "X: a\rb\r\n")),
        refused("another version", b"GET /ping HTTP/1.2\r\nHost: a\r\n\r\n".to_vec()),
        Case::new("two hosts", get("/ping", "Host: b\r\n"), Closed(&[400]), bad("two_hosts")),
        Case::new("the same host twice", get("/ping", "Host: a\r\n"), Closed(&[400]), bad("two_hosts")),
        Case::new("no host", "GET /ping HTTP/1.1\r\n\r\n", Closed(&[400]), bad("no_host")),
        chunk("a chunk length that is none", "zz\r\n{}\r\n0\r\n\r\n"),
        chunk("a chunk length with a sign", "+2\r\n{}\r\n0\r\n\r\n"),
        chunk("a chunk length beyond numbers", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        chunk("a chunk length with a prefix", "0x2\r\n{}\r\n0\r\n\r\n"),
        chunk("no chunk length", "\r\n{}\r\n0\r\n\r\n"),
        chunk("more in a chunk than it says", "1\r\n{}\r\n0\r\n\r\n"),
        chunk("a chunk that ends with a line feed alone", "2\r\n{}\n0\r\n\r\n"),
        // Behind the body that nobody reads, nothing is taken for a request.
        Case::new(
            "a request as the body of another",
            [b"GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n".to_vec(), hidden.clone()].concat(),
            Closed(&[200]),
            answered("ping", 200),
        ),
    ]
}
