//! Databases of places, as they are read at the start and asked for each event.

use headwater::enrich::geo::{FIELDS, GeoField, Places, address};

use super::{Input, Run, files};

/// Addresses with and without something in the databases of the tree, of both versions.
const ADDRESSES: [&str; 5] = ["192.0.2.5", "203.0.113.9", "::1", "2001:db8::5", "255.255.255.255"];

pub fn seeds() -> Vec<Input> {
    files("tests/conformance/groups", ".mmdb")
}

pub fn prepare() -> Run {
    let fields: Vec<_> = FIELDS.iter().filter_map(|(name, ..)| GeoField::named(name)).collect();
    Box::new(move |input| {
        let Ok(places) = Places::new([input.to_vec()]) else { return };
        for text in ADDRESSES {
            let mut known = Vec::new();
            if places.look_up(address(text).expect("an address"), &mut known) {
                for field in &fields {
                    let _ = field.of(&known);
                }
            }
        }
    })
}
