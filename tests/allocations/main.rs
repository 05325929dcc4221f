//! Mapping a page view takes no memory from the heap once buffers have grown. One test alone in its program, because
//! every allocation of the process counts.

#[path = "../support/mapped.rs"]
mod mapped;

use std::{alloc::System, path::Path, sync::Arc};

use headwater::{
    config::settings::TableSettings,
    enrich::{
        LookUps,
        table::{CurrentTables, Tables},
    },
    mapping::{KnownTable, Scratch, Surroundings, map},
    record::chunk::RecordChunk,
    util::table::{Format, Reading, Table},
};
use mapped::{EVENTS, JAVADOC, SHOP, mapping, mapping_in, page_views, shop_events};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TABLE: (&str, &str) = (
    "mapping {
        def row = lookup('products', eventParameters().path('$.product.id'))
        map row.column('kind') onto 'kind'
        map lookup('products', partyId()).column('kind') onto 'none'
    }",
    r#"{"type": "record", "name": "R", "fields": [
        {"name": "kind", "type": ["null", "string"], "default": null},
        {"name": "none", "type": ["null", "string"], "default": null}]}"#,
);

/// A table of products, as scripts know it and as it is looked up in.
fn tables() -> (Arc<[KnownTable]>, LookUps) {
    let reading = Reading { file: Path::new("products.csv"), format: Format::Csv, key: "id", rows_max: 10 };
    let table = Table::read(b"id,kind\nchair-42,chair\n", &reading).expect("a table");
    let known = KnownTable { name: "products".into(), columns: Some(table.columns()) };
    let settings = TableSettings {
        name: "products".into(),
        file: "products.csv".into(),
        key: "id".into(),
        format: Format::Csv,
        rows_max: 10,
        bytes_max: 1000,
        table: Some(Arc::new(table)),
    };
    let tables = Arc::new(CurrentTables::new(Tables::new(&[settings])));
    ([known].into(), LookUps { places: None, tables })
}

#[test]
fn mapping_allocates_nothing() {
    let (tables, look_ups) = tables();
    let surroundings = Surroundings { tables, ..Surroundings::default() };
    for (name, mappings, block) in [
        ("javadoc", mapping(JAVADOC.0, JAVADOC.1), page_views()),
        ("shop", mapping(SHOP.0, SHOP.1), shop_events()),
        ("table", mapping_in(TABLE.0, TABLE.1, surroundings), shop_events()),
    ] {
        let mut scratch = Scratch::new(1000).with_look_ups(&look_ups);
        let mut chunk = RecordChunk::default();
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
