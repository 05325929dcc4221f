//! Several events in one body: an array of objects.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{DeserializeSeed, Error as _, SeqAccess, Visitor},
};

use super::{Draft, JsonError, JsonEvent, Properties};

/// Events of a batch.
pub const BATCH_EVENTS_MAX: usize = 1000;

/// Why a body is no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Not a JSON array of objects and nothing else.
    #[error("the body is no JSON array of events")]
    Malformed,
    /// The array holds nothing.
    #[error("the batch is empty")]
    Empty,
    /// More than [`BATCH_EVENTS_MAX`].
    #[error("the batch has more than {BATCH_EVENTS_MAX} events")]
    TooMany,
    /// One of its objects is no event.
    #[error("event {index} of the batch: {error}")]
    Event {
        /// Which one, from 0.
        index: usize,
        /// Why.
        error: JsonError,
    },
}

impl BatchError {
    /// Stable code, as in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed | Self::Empty | Self::TooMany => JsonError::Malformed.code(),
            Self::Event { error, .. } => error.code(),
        }
    }
}

/// Reads a body in UTF-8 that is an array of events, all of them or none.
///
/// # Errors
/// The body is no array of at most [`BATCH_EVENTS_MAX`] events.
pub fn read_batch(body: &[u8]) -> Result<Vec<JsonEvent<'_>>, BatchError> {
    let (mut events, mut fault) = (Vec::new(), BatchError::Malformed);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = reader.deserialize_seq(Events { events: &mut events, fault: &mut fault });
    match read.and_then(|()| reader.end()) {
        Err(_) => Err(fault),
        Ok(()) if events.is_empty() => Err(BatchError::Empty),
        Ok(()) => Ok(events),
    }
}

struct Events<'d, 'a> {
    events: &'d mut Vec<JsonEvent<'a>>,
    fault: &'d mut BatchError,
}

impl<'a> Visitor<'a> for Events<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of events")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        loop {
            let index = self.events.len();
            let (mut draft, mut error) = (Draft::default(), JsonError::Malformed);
            let read = sequence.next_element_seed(Properties { draft: &mut draft, fault: &mut error, in_batch: true });
            let event = match read {
                Ok(None) => return Ok(()),
                Ok(Some(())) if index == BATCH_EVENTS_MAX => {
                    *self.fault = BatchError::TooMany;
                    return Err(S::Error::custom("too many"));
                }
                Ok(Some(())) => draft.event(),
                // What is no JSON at all is no fault of one event.
                Err(wrong) if error == JsonError::Malformed => return Err(wrong),
                Err(_) => Err(error),
            };
            let event = event.map_err(|error| {
                *self.fault = BatchError::Event { index, error };
                S::Error::custom(error)
            })?;
            self.events.push(event);
        }
    }
}

impl<'a> DeserializeSeed<'a> for Properties<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, more: &str) -> String {
        format!(
            r#"{{"session_id":"0:16:s","event_id":"{id}","is_new_party":false,"is_new_session":false,"client_timestamp_iso":"2020-07-22T16:37:22Z"{more}}}"#
        )
    }

    #[test]
    fn a_batch_is_read_whole() {
        let (one, two) = (event("1", ""), event("2", r#","party_id":"0:16:p","event_type":"x""#));
        let body = format!(" [ {one} ,\n{two}] \n");
        let events = read_batch(body.as_bytes()).expect("a batch");
        assert_eq!(events.iter().map(|event| &*event.event_id).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(events[0], super::super::read(one.as_bytes()).expect("an event"));
        assert_eq!((events[1].party_id.as_deref(), events[1].event_type.as_deref()), (Some("0:16:p"), Some("x")));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let good = event("1", "");
        let many = vec![good.as_str(); BATCH_EVENTS_MAX + 1].join(",");
        let at = |index, error| BatchError::Event { index, error };
        for (body, expected) in [
            (String::new(), BatchError::Malformed),
            ("[]".to_owned(), BatchError::Empty),
            (good.clone(), BatchError::Malformed),
            (format!("[{good}"), BatchError::Malformed),
            (format!("[{good},]"), BatchError::Malformed),
            (format!("[{good}]x"), BatchError::Malformed),
            (format!("[{good},1]"), BatchError::Malformed),
            (format!("[{many}]"), BatchError::TooMany),
            (format!("[{good},{{}}]"), at(1, JsonError::SessionId)),
            (format!("[{}]", event("1", r#","more":1"#)), at(0, JsonError::UnknownProperty)),
            (format!("[{good},{good},{}]", event("1", r#","party_id":"x""#)), at(2, JsonError::PartyId)),
        ] {
            assert_eq!(read_batch(body.as_bytes()), Err(expected), "{body:.200}");
        }
        let exactly = vec![good.as_str(); BATCH_EVENTS_MAX].join(",");
        assert_eq!(read_batch(format!("[{exactly}]").as_bytes()).map(|events| events.len()), Ok(BATCH_EVENTS_MAX));
    }
}
