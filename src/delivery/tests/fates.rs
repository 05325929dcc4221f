//! What becomes of an event, so that it can be foretold.

use crate::checkpoint::Outcomes;

pub(super) type Fates = fn(u64, usize) -> Fate;

/// What becomes of an event in a mapping, by a hash of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Delivered,
    Dead,
    Corrupt,
    OtherSource,
}

pub(super) fn fate(offset: u64, mapping: usize) -> Fate {
    match hash(offset * 7 + mapping as u64) % 10 {
        0 => Fate::Dead,
        1 => Fate::Corrupt,
        2 => Fate::OtherSource,
        _ => Fate::Delivered,
    }
}

/// Splitmix64's finaliser.
pub(super) fn hash(value: u64) -> u64 {
    let mut value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Every event gives a record.
pub(super) fn always(_: u64, _: usize) -> Fate {
    Fate::Delivered
}

/// What the totals of a mapping must say of `from..upto`.
pub(super) fn expected_outcomes(fates: Fates, mapping: usize, from: u64, upto: u64) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for offset in from..upto {
        match fates(offset, mapping) {
            Fate::Delivered => outcomes.delivered += 1,
            Fate::Dead => *outcomes.dead.entry("record_incomplete".into()).or_default() += 1,
            Fate::Corrupt => outcomes.discarded_corrupt += 1,
            Fate::OtherSource => outcomes.other_source += 1,
        }
    }
    outcomes
}
