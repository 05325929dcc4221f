//! Mapping a page view takes no memory from the heap once buffers have grown. One test alone in its program, because
//! every allocation of the process counts.

#[path = "../support/mapped.rs"]
mod mapped;

use std::alloc::System;

use headwater::{
    mapping::{Scratch, map},
    record::chunk::RecordChunk,
};
use mapped::{EVENTS, JAVADOC, SHOP, mapping, page_views, shop_events};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn mapping_allocates_nothing() {
    for (name, script, block) in [("javadoc", JAVADOC, page_views()), ("shop", SHOP, shop_events())] {
        let mappings = mapping(script.0, script.1);
        let (mut scratch, mut chunk) = (Scratch::new(1000), RecordChunk::default());
        for _ in 0..3 {
            map(&mappings, &block, &mut scratch, &mut chunk);
        }
        let region = Region::new(ALLOCATOR);
        map(&mappings, &block, &mut scratch, &mut chunk);
        let taken = region.change();
        assert_eq!(chunk.records.len(), EVENTS, "{name}");
        assert_eq!((taken.allocations, taken.reallocations), (0, 0), "{name}: {taken:?}");
    }
}
