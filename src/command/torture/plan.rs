//! What is done to the server, when: all of it from a seed.

use std::{fmt, time::Duration};

/// What is done to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// SIGKILL at any instant.
    Kill,
    /// SIGTERM: an orderly stop under load.
    Stop,
    /// SIGSTOP, and SIGCONT after a while: all clocks have moved on.
    Pause,
    /// SIGSTOP, and SIGKILL while it stands.
    PauseAndKill,
    /// The directory of its files is gone for a while: the sink cannot write.
    Outage,
    /// The same until the journal is full and refuses events.
    Fill,
    /// The same, and SIGKILL: the start finds a full journal.
    FillAndKill,
    /// No further file or connection can be opened for a while.
    Descriptors,
    /// No further memory for a while; a process that needs some ends itself.
    Memory,
    /// SIGKILL, and what a torn write leaves: rubbish behind the ends of the journal and of the files in work.
    Tear,
    /// SIGKILL while the sink cannot write, and a bit flipped in an event that is still to be delivered.
    Damage,
}

/// Every deed, and how often it is done compared with others.
const DEEDS: [(Deed, u64); 11] = [
    (Deed::Kill, 8),
    (Deed::Stop, 2),
    (Deed::Pause, 2),
    (Deed::PauseAndKill, 2),
    (Deed::Outage, 2),
    (Deed::Fill, 1),
    (Deed::FillAndKill, 1),
    (Deed::Descriptors, 2),
    (Deed::Memory, 2),
    (Deed::Tear, 3),
    (Deed::Damage, 2),
];

impl fmt::Display for Deed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Kill => "kill -9",
            Self::Stop => "orderly stop",
            Self::Pause => "standstill",
            Self::PauseAndKill => "standstill, kill -9",
            Self::Outage => "sink out of order",
            Self::Fill => "journal full",
            Self::FillAndKill => "full, kill -9",
            Self::Descriptors => "no descriptors",
            Self::Memory => "no memory",
            Self::Tear => "kill -9, torn ends",
            Self::Damage => "kill -9, damage",
        })
    }
}

/// The order of deeds and the instants between them.
#[derive(Debug)]
pub struct Plan {
    state: u64,
    /// Deeds of the first round, so that a short run has some of each.
    first: Vec<Deed>,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Self {
        let mut plan = Self { state: seed, first: DEEDS.map(|(deed, _)| deed).to_vec() };
        for index in (1..plan.first.len()).rev() {
            let other = usize::try_from(plan.below(index as u64 + 1)).unwrap_or(0);
            plan.first.swap(index, other);
        }
        plan
    }

    /// A number below `bound`, by splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    /// A time from `least` to `most` milliseconds, to the microsecond.
    pub fn time(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_micros(least * 1000 + self.below((most - least) * 1000))
    }

    /// Until the next deed.
    pub fn rest(&mut self) -> Duration {
        self.time(300, 2_500)
    }

    /// What is done next.
    pub fn next_deed(&mut self) -> Deed {
        if let Some(deed) = self.first.pop() {
            return deed;
        }
        let mut at = self.below(DEEDS.iter().map(|(_, weight)| weight).sum());
        for (deed, weight) in DEEDS {
            if at < weight {
                return deed;
            }
            at -= weight;
        }
        Deed::Kill
    }
}
