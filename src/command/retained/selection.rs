//! Which of the retained events are meant.

use std::str::FromStr;

use jiff::{Span, Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{checkpoint::Offset, event::Event};

/// Which events; without any option all of them. Values of one option are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Which events")]
pub struct Selection {
    /// From an offset, a time (2030-01-31T12:00, in local time) or how long ago (90m, 2d) on
    #[arg(long, value_name = "WHEN")]
    pub from: Option<When>,
    /// Before this offset or time
    #[arg(long, value_name = "WHEN")]
    pub to: Option<When>,
    /// Of this source; may be given several times, as may those below
    #[arg(long, value_name = "NAME")]
    pub source: Vec<String>,
    /// Of this party
    #[arg(long, value_name = "ID")]
    pub party: Vec<String>,
    /// Of this session
    #[arg(long, value_name = "ID")]
    pub session: Vec<String>,
    /// Of this type
    #[arg(long, value_name = "TYPE")]
    pub event_type: Vec<String>,
    /// With this event id
    #[arg(long, value_name = "ID")]
    pub event: Vec<String>,
}

/// A place in the journal: a number, or a time of acceptance in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The event with this offset.
    Offset(u64),
    /// Events that were accepted at this time.
    Time(i64),
}

/// Why a text is no place in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an offset, nor a time such as 2030-01-31T12:00, nor how long ago such as 90m or 2d")]
pub struct NoWhen;

impl FromStr for When {
    type Err = NoWhen;

    fn from_str(text: &str) -> Result<Self, NoWhen> {
        if let Ok(offset) = text.parse() {
            return Ok(Self::Offset(offset));
        }
        let time = text.parse::<Timestamp>().or_else(|error| {
            let local = text.parse::<DateTime>().map_err(|_| error)?;
            local.to_zoned(TimeZone::system()).map(|zoned| zoned.timestamp())
        });
        let time = time.or_else(|_| {
            let ago = text.parse::<Span>()?.abs();
            Zoned::now().checked_sub(ago).map(|zoned| zoned.timestamp())
        });
        time.map(|time| Self::Time(time.as_millisecond())).map_err(|_: jiff::Error| NoWhen)
    }
}

impl Selection {
    /// The first offset that may be selected.
    #[must_use]
    pub fn first(&self) -> Offset {
        match self.from {
            Some(When::Offset(offset)) => Offset(offset),
            _ => Offset(0),
        }
    }

    /// Whether nothing at or behind this offset is selected.
    #[must_use]
    pub fn is_past(&self, offset: Offset) -> bool {
        matches!(self.to, Some(When::Offset(to)) if offset.0 >= to)
    }

    /// Whether this event is selected. One that cannot be read is if nothing but offsets are asked for.
    #[must_use]
    pub fn takes(&self, offset: Offset, event: Option<&Event<'_>>) -> bool {
        let time = event.map(|event| event.request_time);
        let behind = |when: When| match (when, time) {
            (When::Offset(at), _) => offset.0 >= at,
            (When::Time(at), Some(time)) => time >= at,
            (When::Time(_), None) => false,
        };
        let timeless = matches!(self.to, Some(When::Time(_))) && time.is_none();
        let is_between = self.from.is_none_or(behind) && !timeless && !self.to.is_some_and(behind);
        is_between && self.asks_for(event)
    }

    fn asks_for(&self, event: Option<&Event<'_>>) -> bool {
        let is_one = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|wanted| wanted == found))
        };
        is_one(&self.source, event.map(|event| event.source))
            && is_one(&self.party, event.map(|event| event.party_id))
            && is_one(&self.session, event.map(|event| event.session_id))
            && is_one(&self.event_type, event.and_then(|event| event.event_type))
            && is_one(&self.event, event.map(|event| event.event_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbers_times_and_spans() {
        for (text, expected) in [
            ("12", Some(When::Offset(12))),
            ("2030-01-31T12:00:00Z", Some(When::Time(1_896_091_200_000))),
            ("2030-01-31T12:00+01:00", Some(When::Time(1_896_087_600_000))),
            ("yesterday", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(text.parse(), expected.ok_or(NoWhen), "{text}");
        }
        let local = |text: &str| match text.parse() {
            Ok(When::Time(time)) => Timestamp::from_millisecond(time).unwrap().to_zoned(TimeZone::system()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(local("2030-01-31T12:34").datetime().to_string(), "2030-01-31T12:34:00");
        assert_eq!(local("2030-01-31").datetime().to_string(), "2030-01-31T00:00:00");
        for (text, seconds) in [("90m", 5400), ("2h", 7200), ("1h 30m ago", 5400)] {
            let ago = Timestamp::now().as_second() - local(text).timestamp().as_second();
            assert!((seconds..seconds + 60).contains(&ago), "{text}: {ago}");
        }
    }
}
