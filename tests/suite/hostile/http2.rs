//! HTTP/2 by prior knowledge: floods, rapid resets, and frames against the rules.

use super::{
    case::{
        Case,
        Expect::{Answers, Ended, Goaway, Reset},
        JSON, Step, answered, bad, closed,
    },
    frames::{self, frame},
};

/// Protocol errors, as `GOAWAY` and `RST_STREAM` name them.
const PROTOCOL: u32 = 1;
const FLOW_CONTROL: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE: u32 = 6;
const COMPRESSION: u32 = 9;
const CALM: u32 = 11;

fn case(name: &str, frames: &[Vec<u8>], expect: super::case::Expect, counter: String) -> Case {
    Case::new(name, [frames::preface(), frames.concat()].concat(), expect, counter)
}

/// Odd numbers from 1 on.
fn streams(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|index| index * 2 + 1)
}

/// Work that leads to nothing.
pub fn floods() -> Vec<Case> {
    let flood = |name: &str, piece: Vec<u8>, times: usize, expect, counter: String| {
        case(name, &[], expect, counter).then(Step::Repeat(piece.repeat(64), times / 64))
    };
    let open = frame(frames::HEADERS, 0, 1, &frames::block("/ping"));
    let body = frame(frames::HEADERS, frames::END_HEADERS, 1, &post_block(JSON));
    let window = |size: u32| frame(frames::SETTINGS, 0, 0, &[&[0, 4], size.to_be_bytes().as_slice()].concat());
    let requests =
        |count: u32, path: &str| streams(count).map(|stream| frames::request(stream, path)).collect::<Vec<_>>();
    vec![
        // What costs us no more than the client ends with the connection: no request, no time.
        flood("pings", frame(frames::PING, 0, 0, &[7; 8]), 100_000, Ended, closed("idle")),
        flood("settings", frame(frames::SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]), 100_000, Ended, closed("idle")),
        flood("empty settings", frame(frames::SETTINGS, 0, 0, &[]), 100_000, Ended, closed("idle")),
        flood("priorities", frame(frames::PRIORITY, 0, 1, &[0, 0, 0, 0, 9]), 100_000, Ended, closed("idle")),
        flood("unknown frames", frame(0xee, 0, 0, &[1; 100]), 50_000, Ended, closed("idle")),
        flood(
            "answers to pings that nobody sent",
            frame(frames::PING, frames::ACK, 0, &[3; 8]),
            50_000,
            Ended,
            closed("idle"),
        ),
        case("continuations without end", std::slice::from_ref(&open), Goaway(&[CALM]), closed("flood"))
            .then(Step::Repeat(frame(frames::CONTINUATION, 0, 1, &frames::header("x", "y")), 10_000)),
        case("empty continuations", std::slice::from_ref(&open), Goaway(&[CALM]), closed("flood"))
            .then(Step::Repeat(frame(frames::CONTINUATION, 0, 1, &[]), 10_000)),
        case("large continuations", &[open], Goaway(&[CALM]), closed("flood"))
            .then(Step::Repeat(frame(frames::CONTINUATION, 0, 1, &vec![0; 16_000]), 1000)),
        case("empty data", std::slice::from_ref(&body), Goaway(&[CALM]), closed("flood"))
            .then(Step::Repeat(frame(frames::DATA, 0, 1, &[]), 50_000)),
        case("data of one byte", &[body], Goaway(&[CALM]), closed("flood"))
            .then(Step::Repeat(frame(frames::DATA, 0, 1, b"x"), 6000)),
        case(
            "more streams than allowed",
            &[window(0), requests(400, "/csc-event").concat()],
            Reset(7),
            closed("finished"),
        ),
        case(
            "a window of nothing",
            &[window(0), requests(100, "/csc-event").concat()],
            Answers(100, frames::OK),
            closed("finished"),
        ),
        case(
            "a window that grows and shrinks",
            &[[window(0), window(65_535)].concat().repeat(2000), frames::request(1, "/ping")],
            Answers(1, frames::OK),
            answered("ping", 200),
        ),
        case("a hundred requests at once", &requests(100, "/ping"), Answers(100, frames::OK), answered("ping", 200)),
    ]
}

fn post_block(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x01, 1, b'a'];
    block.extend(frames::literal(4, path));
    block.extend(frames::header("content-type", "application/json"));
    block
}

/// Requests that are taken back.
pub fn resets() -> Vec<Case> {
    let cancel = |stream: u32| frame(frames::RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    let rapid = |name: &str, head: fn(u32) -> Vec<u8>, count: u32| {
        let pairs = streams(count)
            .flat_map(|stream| [head(stream), frame(frames::RST_STREAM, 0, stream, &8_u32.to_be_bytes())]);
        case(name, &[pairs.collect::<Vec<_>>().concat()], Goaway(&[CALM]), bad("flood"))
    };
    let half = |stream: u32| frame(frames::HEADERS, frames::END_HEADERS, stream, &post_block(JSON));
    vec![
        rapid("a thousand requests", |stream| frames::request(stream, "/ping"), 1000),
        rapid("ten thousand events", |stream| frames::request(stream, "/csc-event?p=x"), 10_000),
        rapid("half requests", |stream| frame(frames::HEADERS, frames::END_HEADERS, stream, &post_block(JSON)), 1000),
        rapid("requests for nothing", |stream| frames::request(stream, "/nothing"), 500),
        rapid("a hundred", |stream| frames::request(stream, "/ping"), 100),
        // Streams that we reset, because the client breaks their rules, count as well (CVE-2025-8671).
        case(
            "windows that overflow",
            &[streams(3000)
                .map(|stream| {
                    [half(stream), frame(frames::WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes())].concat()
                })
                .collect::<Vec<_>>()
                .concat()],
            Goaway(&[CALM]),
            bad("flood"),
        ),
        case("a stream that was never there", &[cancel(1)], Goaway(&[PROTOCOL]), bad("malformed")),
        case("the connection itself", &[cancel(0)], Goaway(&[PROTOCOL]), bad("malformed")),
        // A few are what browsers do when the reader goes on to the next page.
        case(
            "ten of twenty",
            &[
                streams(10)
                    .flat_map(|stream| [frames::request(stream, "/ping"), cancel(stream)])
                    .collect::<Vec<_>>()
                    .concat(),
                frames::request(21, "/ping"),
            ],
            Answers(1, frames::OK),
            answered("ping", 200),
        ),
    ]
}

/// Frames that are wrong in themselves or at their place.
pub fn malformed() -> Vec<Case> {
    let wrong =
        |name: &str, frames: &[Vec<u8>], code: &'static [u32]| case(name, frames, Goaway(code), bad("malformed"));
    let ask = |block: Vec<u8>| frame(frames::HEADERS, frames::END_HEADERS | frames::END_STREAM, 1, &block);
    let odd = |name: &str, lines: Vec<u8>| {
        case(name, &[ask([frames::block("/ping"), lines].concat())], Reset(PROTOCOL), closed("finished"))
    };
    vec![
        wrong("a length beyond all", &[vec![0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]], &[FRAME_SIZE]),
        wrong("data without a stream", &[frame(frames::DATA, 0, 0, b"x")], &[PROTOCOL]),
        wrong("data before headers", &[frame(frames::DATA, 0, 1, b"x")], &[PROTOCOL, STREAM_CLOSED]),
        wrong("a stream of even number", &[frames::request(2, "/ping")], &[PROTOCOL]),
        wrong(
            "a stream twice",
            &[frames::request(3, "/ping"), frames::request(1, "/ping")],
            &[PROTOCOL, STREAM_CLOSED],
        ),
        wrong("a ping of seven bytes", &[frame(frames::PING, 0, 0, &[0; 7])], &[FRAME_SIZE, PROTOCOL]),
        wrong("a ping on a stream", &[frame(frames::PING, 0, 1, &[0; 8])], &[PROTOCOL]),
        wrong("settings of five bytes", &[frame(frames::SETTINGS, 0, 0, &[0; 5])], &[FRAME_SIZE, PROTOCOL]),
        wrong("settings on a stream", &[frame(frames::SETTINGS, 0, 1, &[])], &[PROTOCOL]),
        wrong(
            "a window of two gigabytes",
            &[frame(frames::SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff])],
            &[FLOW_CONTROL, PROTOCOL],
        ),
        wrong(
            "a connection window that overflows",
            &[frame(frames::WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())],
            &[FLOW_CONTROL],
        ),
        wrong("a window that grows by nothing", &[frame(frames::WINDOW_UPDATE, 0, 0, &[0; 4])], &[PROTOCOL]),
        wrong("a continuation of nothing", &[frame(frames::CONTINUATION, frames::END_HEADERS, 1, &[])], &[PROTOCOL]),
        wrong(
            "a ping within a header block",
            &[frame(frames::HEADERS, 0, 1, &frames::block("/ping")), frame(frames::PING, 0, 0, &[0; 8])],
            &[PROTOCOL],
        ),
        wrong(
            "a promise by a client",
            &[frame(frames::PUSH_PROMISE, frames::END_HEADERS, 1, &[0, 0, 0, 2])],
            &[PROTOCOL],
        ),
        wrong(
            "padding beyond the frame",
            &[frame(frames::HEADERS, 0x8 | frames::END_HEADERS, 1, &[255, 0x82])],
            &[PROTOCOL],
        ),
        wrong("a header block that is none", &[ask(vec![0xff; 30])], &[COMPRESSION, PROTOCOL]),
        wrong(
            "a header in upper case",
            &[ask([frames::block("/ping"), frames::header("X-Upper", "y")].concat())],
            &[PROTOCOL],
        ),
        odd("a connection header", frames::header("connection", "close")),
        odd("a coding", frames::header("transfer-encoding", "chunked")),
        odd("a pseudo header behind the others", [frames::header("x", "y"), vec![0x82]].concat()),
        odd("the path twice", frames::literal(4, "/x")),
        case("bytes behind the preface", &[vec![0x47; 300]], Goaway(&[FRAME_SIZE, PROTOCOL]), bad("malformed")),
        case("an angle in the query", &[ask(frames::block("/csc-event?p=<"))], Reset(PROTOCOL), closed("finished")),
        case(
            "a brace in the query",
            &[ask(frames::block("/csc-event?p={"))],
            Answers(1, frames::BAD_REQUEST),
            bad("raw_byte"),
        ),
        case(
            "a bad escape in the path",
            &[ask(frames::block("/ping?%zz"))],
            Answers(1, frames::BAD_REQUEST),
            bad("escape"),
        ),
        case("the end of the client", &[frame(frames::GOAWAY, 0, 0, &[0; 8])], Ended, closed("finished"))
            .then(Step::End),
    ]
}
