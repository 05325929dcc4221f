//! What an event costs on its way into the journal and out again: a page view as the tracker sends it.

use divan::{Bencher, black_box};
use headwater::{
    event::{
        codec::{self, Latin1},
        duplicate::DuplicateMemory,
    },
    source::{
        browser,
        query::{Query, QueryBuffer},
    },
};

fn main() {
    divan::main();
}

/// Query of a page view of a desktop browser.
const QUERY: &str = "p=0%3Ai1t84hgy%3A5AF359Zjq5kUy98u4wQjlIZzWGhN~GlG\
    &s=0%3Ai1t84hgy%3A95CbiPCYln_1e0a6rFvuRkDkeNnc6KC8&v=0%3A1fF6GFGjDOQiEx_OxnTm_tl4BH91eGLF\
    &e=0%3A1fF6GFGjDOQiEx_OxnTm_tl4BH91eGLF0&c=i1t8q2b6&n=f&f=f&l=http%3A%2F%2Flocalhost%3A8290%2F\
    &i=1ak&j=sj&k=2&w=uq&h=qd&t=pageView&x=si9804";

/// Headers that every source keeps.
const HEADERS: [(&str, &str); 2] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    ),
    ("accept-language", "en-GB,en;q=0.9,nl;q=0.8"),
];

const PARAMETERS_MAX: usize = 1000;

fn decoded(buffer: &mut QueryBuffer) -> Query<'_> {
    buffer.decode(QUERY, PARAMETERS_MAX).expect("a well-formed query")
}

fn encode(query: Query<'_>, out: &mut Vec<u8>) {
    let pixel = browser::read(query).expect("a query with all that is required");
    let headers = HEADERS.iter().map(|(name, value)| (*name, Latin1(value.as_bytes())));
    let event = pixel.event("browser", 1_700_000_000_123, "203.0.113.9");
    codec::encode(&event, headers, std::iter::empty::<(&str, &str)>(), out);
}

#[divan::bench]
fn decode_query(bencher: Bencher) {
    let mut buffer = QueryBuffer::default();
    bencher.bench_local(|| buffer.decode(black_box(QUERY), PARAMETERS_MAX).map(|query| query.iter().len()));
}

/// Identifiers, numbers and flags, and above all the checksum.
#[divan::bench]
fn read_and_check(bencher: Bencher) {
    let mut buffer = QueryBuffer::default();
    let query = decoded(&mut buffer);
    bencher.bench_local(|| browser::read(black_box(query)).is_ok());
}

#[divan::bench]
fn duplicate_tag(bencher: Bencher) {
    let mut buffer = QueryBuffer::default();
    let query = decoded(&mut buffer);
    let [party, session, event] = [b'p', b's', b'e'].map(|name| query.letter(name).expect("a required parameter"));
    let memory = DuplicateMemory::new(1, 1_000_000);
    bencher.bench_local(|| memory.tag(black_box(party), black_box(session), black_box(event)));
}

#[divan::bench]
fn encode_stored(bencher: Bencher) {
    let mut buffer = QueryBuffer::default();
    let pixel = browser::read(decoded(&mut buffer)).expect("a query with all that is required");
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        let headers = HEADERS.iter().map(|(name, value)| (*name, Latin1(value.as_bytes())));
        let event = pixel.event("browser", 1_700_000_000_123, "203.0.113.9");
        codec::encode(black_box(&event), headers, std::iter::empty::<(&str, &str)>(), &mut out);
        black_box(out.len())
    });
}

#[divan::bench]
fn decode_stored(bencher: Bencher) {
    let mut stored = Vec::new();
    encode(decoded(&mut QueryBuffer::default()), &mut stored);
    bencher.bench_local(|| codec::decode(black_box(&stored)).map(|event| event.flags));
}
