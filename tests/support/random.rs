//! Random numbers from a seed that is printed and can be given again.

use std::time::{SystemTime, UNIX_EPOCH};

/// xorshift64.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// From `HEADWATER_SEED`, or from the clock; prints the seed with what it is for.
    pub fn seeded(what: &str) -> Self {
        let given = std::env::var("HEADWATER_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seed = given.unwrap_or_else(|| u64::from(now.subsec_nanos()));
        println!("{what}: HEADWATER_SEED={seed}");
        Self(seed | 1)
    }

    /// The next number below `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }
}
