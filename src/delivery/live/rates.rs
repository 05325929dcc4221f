//! Events by type, second by second, for the last minute.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::LOOKED_AT_PER_SECOND;
use crate::checkpoint::{Offset, Span};

/// Seconds that are kept.
const SECONDS_MAX: usize = 60;

/// Types that are told apart in a second: whoever sends events chooses their types.
const TYPES_MAX: usize = 64;

/// Characters of a type that are shown.
pub(super) const TYPE_CHARACTERS_MAX: usize = 64;

/// What came in one second, as the deliveries saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Second {
    /// The second, since the Unix epoch.
    pub at: i64,
    /// Events.
    pub events: u64,
    /// Events whose type was looked at; if not all, the numbers by type stand for more.
    pub looked_at: u64,
    /// Those by type.
    pub types: BTreeMap<String, u64>,
    /// Those without a type.
    pub untyped: u64,
    /// Those of further types.
    pub others: u64,
    /// Records made, over all sinks.
    pub records: u64,
    /// Records shown.
    pub shown: u64,
}

impl Second {
    /// Adds one event that was looked at.
    pub(super) fn count(&mut self, event_type: Option<&str>) {
        self.looked_at += 1;
        let Some(name) = event_type else {
            self.untyped += 1;
            return;
        };
        self.raise(shortened(name, TYPE_CHARACTERS_MAX), 1);
    }

    fn raise(&mut self, name: &str, by: u64) {
        if let Some(count) = self.types.get_mut(name) {
            *count += by;
        } else if self.types.len() < TYPES_MAX {
            self.types.insert(name.to_owned(), by);
        } else {
            self.others += by;
        }
    }

    /// Adds all that `other` has found.
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.looked_at += other.looked_at;
        self.untyped += other.untyped;
        self.others += other.others;
        self.records += other.records;
        self.shown += other.shown;
        for (name, count) in &other.types {
            self.raise(name, *count);
        }
    }
}

/// The last seconds in which anything came.
#[derive(Debug, Default)]
pub(super) struct Rates {
    seconds: VecDeque<Second>,
    /// Events below are counted; every sink's delivery sees them all, and a rewind shows them again.
    upto: Offset,
}

impl Rates {
    /// Claims the events of a block and says one of how many is to be looked at; `None` if they are counted.
    pub(super) fn stride(&mut self, second: i64, span: Span) -> Option<u64> {
        if span.first < self.upto {
            return None;
        }
        self.upto = span.next;
        let former = self.seconds.iter().rev().find(|known| known.at < second);
        let expected = former.filter(|known| known.at == second - 1).map_or(0, |known| known.events);
        let so_far = self.seconds.back().filter(|known| known.at == second).map_or(0, |known| known.events);
        Some(expected.max(so_far) / LOOKED_AT_PER_SECOND + 1)
    }

    /// The counts of a second. A clock that was set back counts on in the last.
    pub(super) fn at(&mut self, second: i64) -> &mut Second {
        if self.seconds.back().is_none_or(|last| last.at < second) {
            if self.seconds.len() == SECONDS_MAX {
                self.seconds.pop_front();
            }
            self.seconds.push_back(Second { at: second, ..Second::default() });
        }
        self.seconds.back_mut().expect("there is one or it has just been added")
    }

    /// Seconds between two, both left out.
    pub(super) fn between(&self, after: i64, before: i64) -> Vec<Second> {
        let wanted = self.seconds.iter().filter(|second| second.at > after && second.at < before);
        wanted.cloned().collect()
    }
}

/// The first characters of a text.
pub(super) fn shortened(text: &str, characters_max: usize) -> &str {
    text.char_indices().nth(characters_max).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u64, next: u64) -> Span {
        Span::new(Offset(first), Offset(next))
    }

    #[test]
    fn events_are_counted_once() {
        let mut rates = Rates::default();
        assert_eq!(rates.stride(10, span(0, 5)), Some(1));
        assert_eq!(rates.stride(10, span(0, 5)), None, "another sink has them too");
        assert_eq!(rates.stride(10, span(5, 9)), Some(1));
        assert_eq!(rates.stride(11, span(0, 5)), None, "a rewind");
    }

    #[test]
    fn the_more_come_the_fewer_are_looked_at() {
        let mut rates = Rates::default();
        rates.at(10).events = 10 * LOOKED_AT_PER_SECOND;
        assert_eq!(rates.stride(10, span(0, 1)), Some(11), "too many already in this second");
        assert_eq!(rates.stride(11, span(1, 2)), Some(11), "and it will go on");
        assert_eq!(rates.stride(13, span(2, 3)), Some(1), "it did not");
    }

    #[test]
    fn types_have_a_limit() {
        let mut second = Second::default();
        let mut names: Vec<_> = (0..TYPES_MAX + 10).map(|number| format!("type {number}")).collect();
        names.push("ü".repeat(1000));
        for name in names.iter().chain(&names) {
            second.count(Some(name));
        }
        second.count(None);
        assert_eq!((second.types.len(), second.untyped, second.others), (TYPES_MAX, 1, 22));
        assert_eq!(second.looked_at, second.types.values().sum::<u64>() + second.untyped + second.others);
        let mut sum = second.clone();
        sum.add(&second);
        assert_eq!((sum.types.len(), sum.types["type 3"], sum.looked_at), (TYPES_MAX, 4, 2 * second.looked_at));
        let mut long = Second::default();
        long.count(Some(&"ü".repeat(1000)));
        assert_eq!(long.types.keys().next().map(|name| name.chars().count()), Some(TYPE_CHARACTERS_MAX));
    }

    #[test]
    fn a_minute_is_kept() {
        let mut rates = Rates::default();
        for second in 0..100 {
            rates.at(second).events += 1;
        }
        rates.at(50).events += 1;
        let all = rates.between(i64::MIN, 99);
        assert_eq!((all.len(), all[0].at, all[58].at), (59, 40, 98), "the one that is not over is not told");
        assert_eq!(rates.between(96, 200).iter().map(|second| second.events).collect::<Vec<_>>(), [1, 1, 2]);
    }
}
