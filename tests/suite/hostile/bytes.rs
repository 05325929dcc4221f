//! Bytes that should not be there.

use super::case::{
    Case,
    Expect::{Closed, Open},
    ITS_OWN, JSON, answered, bad, dropped, get, post,
};

/// Percent signs that no two hexadecimal digits follow, and escapes that mean something odd.
pub fn escapes() -> Vec<Case> {
    let refused = |name: &str, target: &str| Case::new(name, get(target, ""), Closed(&[400]), bad("escape"));
    let taken = |name: &str, target: &str, route: &str, status: &'static [u16]| {
        Case::new(name, get(target, ""), Open(status), answered(route, status[0]))
    };
    vec![
        refused("no digits in the path", "/%zz"),
        refused("one digit in the path", "/%4"),
        refused("none at the end of the path", "/ping%"),
        refused("no digits in the query of the pixel", "/csc-event?p=%zz"),
        refused("one digit in the query of the pixel", "/csc-event?p=%4"),
        refused("none at the end of the query", "/csc-event?p=0%3Aa%3Ab&t=%"),
        refused("two percent signs", "/ping?a=%%41"),
        refused("sixteen bits", "/ping?a=%u0041"),
        refused("in the name of a parameter", "/csc-event?%=1"),
        refused("on the script", "/divolte.js?%g0"),
        refused("on nothing", "/nothing?a=%-1"),
        Case::new(
            "on the JSON source",
            format!("POST {JSON}&a=% HTTP/1.1\r\nHost: a\r\n\r\n"),
            Closed(&[400]),
            bad("escape"),
        ),
        taken("an escaped slash is none", "/%2fping", "static", &[404]),
        taken("dots escaped do not climb out", "/%2e%2e/%2e%2e/etc/passwd", "static", &[404]),
        taken("an escape escaped", "/%2570ing", "static", &[404]),
        taken("a NUL escaped in the path", "/ping%00", "static", &[404]),
        taken("a line break escaped", "/csc-event?p=%0d%0aX:%20y", "pixel", &[200]),
    ]
}

/// NUL and other control bytes.
pub fn control() -> Vec<Case> {
    let refused = |name: &str, bytes: &[u8]| Case::new(name, bytes, Closed(&[400]), bad("malformed"));
    let line = |name: &str, byte: u8| {
        let value = [b"X: a".as_slice(), &[byte], b"b\r\n"].concat();
        refused(name, &[b"GET /ping HTTP/1.1\r\nHost: a\r\n".as_slice(), &value, b"\r\n"].concat())
    };
    let target = |name: &str, byte: u8| {
        refused(name, &[b"GET /pi".as_slice(), &[byte], b"ng HTTP/1.1\r\nHost: a\r\n\r\n"].concat())
    };
    let raw = |name: &str, target: &str| Case::new(name, get(target, ""), Closed(&[400]), bad("raw_byte"));
    let body = |name: &str, text: &[u8], status: &'static [u16]| {
        let lines = format!("Content-Length: {}\r\n", text.len());
        Case::new(name, post(&lines, text), Open(status), answered("json", status[0]))
    };
    vec![
        refused("NUL only", &[0; 300]),
        refused(
            "a TLS handshake",
            &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
        refused("NUL in the method", b"G\0ET /ping HTTP/1.1\r\nHost: a\r\n\r\n"),
        target("NUL in the target", 0),
        target("a bell in the target", 7),
        target("DEL in the target", 0x7f),
        line("NUL in a header", 0),
        line("backspace in a header", 8),
        line("escape in a header", 0x1b),
        line("DEL in a header", 0x7f),
        refused("NUL in a header name", b"GET /ping HTTP/1.1\r\nHo\0st: a\r\n\r\n"),
        refused("NUL behind the version", b"GET /ping HTTP/1.1\0\r\nHost: a\r\n\r\n"),
        refused("an angle in the query", &get("/csc-event?p=<script>", "")),
        refused("a quote in the query", &get("/csc-event?p=\"x\"", "")),
        raw("a brace in the query", "/csc-event?p={x}"),
        raw("a backslash in the path", "/..\\..\\ping"),
        body("NUL in JSON", b"{\"a\":\"\0\"}", &[204]),
        body("control bytes instead of JSON", &[1; 64], &[204]),
    ]
}

/// Texts that are no UTF-8, raw and escaped.
pub fn not_utf8() -> Vec<Case> {
    let raw = |name: &str, bytes: &[u8]| {
        let line = [b"GET /csc-event?p=".as_slice(), bytes, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        Case::new(name, line, Closed(&[400]), bad("malformed"))
    };
    let event = |name: &str, escape: &str| {
        let party = "p=0%3Akcxgvgzh%3AAbCdEfGhIjKlMnOpQrStUvWxYz012345";
        let session = "s=0%3Akcxh0qzs%3AZyXwVuTsRqPoNmLkJiHgFeDcBa543210";
        let rest = format!("v=0%3Ax&e={}&c=kcxh0qzs&n=f&f=f&l=x&t={ITS_OWN}{escape}&x=0", name.replace(' ', "+"));
        Case::new(
            name,
            get(&format!("/csc-event?{party}&{session}&{rest}"), ""),
            Open(&[200]),
            "headwater_events_accepted_total{source=\"browser\"}".into(),
        )
    };
    let header = |name: &str, bytes: &[u8]| {
        let bytes = [b"GET /ping HTTP/1.1\r\nHost: a\r\nUser-Agent: ".as_slice(), bytes, b"\r\n\r\n"].concat();
        Case::new(name, bytes, Open(&[200]), answered("ping", 200))
    };
    let body = |name: &str, text: &[u8]| {
        let lines = format!("Content-Length: {}\r\n", text.len());
        Case::new(name, post(&lines, text), Open(&[204]), dropped("json", "malformed"))
    };
    vec![
        raw("a byte of Latin 1", b"\xe9"),
        raw("a lone continuation", b"\x80"),
        raw("an overlong slash", b"\xc0\xaf"),
        raw("a byte that never is", b"\xff"),
        event("a byte of Latin 1 escaped", "%e9"),
        event("an overlong slash escaped", "%c0%af"),
        event("a surrogate escaped", "%ed%a0%80"),
        event("half a character escaped", "%e2%82"),
        event("beyond the last character escaped", "%f5%80%80%80"),
        header("a header in Latin 1", b"caf\xe9"),
        header("a header of bytes that never are", &[0xff; 64]),
        body("JSON in Latin 1", b"{\"event_type\":\"caf\xe9\"}"),
        body("JSON with half a character", b"{\"event_type\":\"\xe2\x82\"}"),
    ]
}
