//! What mapping costs per event: a block of page views through the ten-field example and the built-in mapping.

#[path = "../tests/support/mapped.rs"]
mod mapped;

use std::sync::Arc;

use divan::{Bencher, counter::ItemsCount};
use headwater::{
    enrich::ua::UserAgent,
    journal::Block,
    mapping::{Mapping, Scratch, builtin, java::uri::Uri, map},
    record::chunk::RecordChunk,
};
use mapped::{AGENT, EVENTS, JAVADOC, LOCATION, SHOP, mapping, page_views, shop_events};

fn main() {
    divan::main();
}

fn run(bencher: Bencher<'_, '_>, mappings: &[Arc<Mapping>], block: &Arc<Block>) {
    let (mut scratch, mut chunk) = (Scratch::new(1000), RecordChunk::default());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| map(mappings, block, &mut scratch, &mut chunk));
    assert_eq!(chunk.records.len(), EVENTS);
}

/// User agent, URI, query, cookies, patterns, header, digest, JSON path, conditions.
#[divan::bench]
fn shop(bencher: Bencher<'_, '_>) {
    run(bencher, &mapping(SHOP.0, SHOP.1), &shop_events());
}

#[divan::bench]
fn ten_fields(bencher: Bencher<'_, '_>) {
    run(bencher, &mapping(JAVADOC.0, JAVADOC.1), &page_views());
}

#[divan::bench]
fn built_in(bencher: Bencher<'_, '_>) {
    run(bencher, &mapping(&builtin::script().text, builtin::schema_text()), &page_views());
}

/// Decoding, admission and the empty record.
#[divan::bench]
fn no_field(bencher: Bencher<'_, '_>) {
    run(bencher, &mapping("", r#"{"type": "record", "name": "R", "fields": []}"#), &page_views());
}

#[divan::bench]
fn parse_uri() -> Option<Uri> {
    Uri::parse(divan::black_box(LOCATION))
}

#[divan::bench]
fn recognise_user_agent() -> UserAgent {
    UserAgent::recognise(divan::black_box(AGENT))
}

#[divan::bench]
fn compile_built_in() -> usize {
    mapping(&builtin::script().text, builtin::schema_text()).len()
}
