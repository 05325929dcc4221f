//! What a record costs: the encode plan on the fields of the built-in schema, and what comes before and after it.

use divan::{Bencher, black_box};
use headwater::record::{
    container,
    plan::{Plan, Slot},
    schema::RecordSchema,
};

fn main() {
    divan::main();
}

/// Fields of the built-in schema: name and type, where `?` stands for null or that.
const FIELDS: [(&str, &str); 26] = [
    ("detectedDuplicate", "boolean"),
    ("detectedCorruption", "boolean"),
    ("firstInSession", "boolean"),
    ("timestamp", "long"),
    ("clientTimestamp", "long"),
    ("remoteHost", "string"),
    ("referer", "?string"),
    ("location", "?string"),
    ("viewportPixelWidth", "?int"),
    ("viewportPixelHeight", "?int"),
    ("screenPixelWidth", "?int"),
    ("screenPixelHeight", "?int"),
    ("partyId", "?string"),
    ("sessionId", "?string"),
    ("pageViewId", "?string"),
    ("eventType", "string"),
    ("userAgentString", "?string"),
    ("userAgentName", "?string"),
    ("userAgentFamily", "?string"),
    ("userAgentVendor", "?string"),
    ("userAgentType", "?string"),
    ("userAgentVersion", "?string"),
    ("userAgentDeviceCategory", "?string"),
    ("userAgentOsFamily", "?string"),
    ("userAgentOsVersion", "?string"),
    ("userAgentOsVendor", "?string"),
];

fn schema() -> RecordSchema {
    let fields = FIELDS.map(|(name, kind)| match kind.strip_prefix('?') {
        Some(kind) => format!(r#"{{"name":"{name}","type":["null","{kind}"],"default":null}}"#),
        None => format!(r#"{{"name":"{name}","type":"{kind}"}}"#),
    });
    RecordSchema::parse(&format!(r#"{{"type":"record","name":"R","fields":[{}]}}"#, fields.join(",")))
        .expect("a schema of known types")
}

/// A page view of a desktop browser.
fn slots() -> Vec<Slot<'static>> {
    let text = |text: &'static str| Slot::Text(text.into());
    let mut slots = vec![Slot::Boolean(false), Slot::Boolean(false), Slot::Boolean(true)];
    slots.extend([Slot::Long(1_700_000_000_123), Slot::Long(1_700_000_000_042)]);
    slots.extend([
        text("203.0.113.9"),
        text("https://www.example.com/"),
        text("https://shop.example.com/basket?id=17"),
    ]);
    slots.extend([1280, 719, 1920, 1080].map(Slot::Int));
    slots.extend(
        [
            "0:lk2b9zq3:V1StGXR8_Z5jdHi6B~myTkVnQ3cS8xGd",
            "0:lk2b9zq3:q7Lw2Zx0pNfRbYt4HsKcJdGmVe9uAoIi",
            "0:8sJ2mQ4vX7nL0kP3tR6wY9zB1cD5fG8h",
            "pageView",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "Chrome",
            "Chrome",
            "Google Inc.",
            "Browser",
            "120.0.0.0",
            "Personal computer",
            "Linux",
            "",
            "Linux Foundation",
        ]
        .map(text),
    );
    slots
}

#[divan::bench]
fn encode_ready_slots(bencher: Bencher) {
    let plan = Plan::compile(&schema());
    let slots = slots();
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        plan.encode(black_box(&slots), &mut out).expect("every field is set or has a default");
        black_box(out.len())
    });
}

#[divan::bench]
fn parse_schema(bencher: Bencher) {
    let schema = schema();
    bencher.bench_local(|| RecordSchema::parse(black_box(schema.json())));
}

/// A block of 256 records of 512 bytes.
#[divan::bench]
fn container_block(bencher: Bencher) {
    let data = vec![7; 256 * 512];
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        container::block(&mut out, 256, black_box(&data), &[1; 16]);
        black_box(out.len())
    });
}
