//! Body of the JSON source: one object whose seven properties make an event.
//!
//! Reads what the original's library (Jackson) reads: an unknown property rejects the event, a repeated one counts the
//! last time, numbers and booleans are taken where text is wanted, and whatever follows the object is ignored.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer as _,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{ids, time};

mod batch;

pub use batch::{BATCH_EVENTS_MAX, BatchError, read_batch};

/// Properties of one event. Text without escapes is borrowed from the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonEvent<'a> {
    /// `party_id`, normalised; only in a batch, whose events may be of several parties.
    pub party_id: Option<Cow<'a, str>>,
    /// `session_id`, normalised.
    pub session_id: Cow<'a, str>,
    /// `event_id`.
    pub event_id: Cow<'a, str>,
    /// `is_new_party`.
    pub is_new_party: bool,
    /// `is_new_session`.
    pub is_new_session: bool,
    /// `client_timestamp_iso`, in milliseconds since the Unix epoch.
    pub client_time: i64,
    /// `event_type`.
    pub event_type: Option<Cow<'a, str>>,
    /// `parameters` as sent: well-formed JSON, which may escape half a surrogate pair.
    pub parameters: Option<&'a str>,
}

/// Why a body is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or no object.
    #[error("the body is no JSON object")]
    Malformed,
    /// A property that no event has.
    #[error("the body has an unknown property")]
    UnknownProperty,
    /// Property missing, null, or of a type that cannot be coerced.
    #[error("the session id is missing or invalid")]
    SessionId,
    /// As for the session id.
    #[error("the event id is missing or invalid")]
    EventId,
    /// As for the session id; null is false.
    #[error("the new-party flag is missing or invalid")]
    NewParty,
    /// As for the session id; null is false.
    #[error("the new-session flag is missing or invalid")]
    NewSession,
    /// As for the session id.
    #[error("the client time is missing or invalid")]
    ClientTime,
    /// Neither text nor null nor a scalar.
    #[error("the event type is no text")]
    EventType,
    /// In a batch: neither in the event nor in the query, or of a type that cannot be coerced.
    #[error("the party id is missing or invalid")]
    PartyId,
}

impl JsonError {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::UnknownProperty,
        Self::SessionId,
        Self::EventId,
        Self::NewParty,
        Self::NewSession,
        Self::ClientTime,
        Self::EventType,
        Self::PartyId,
    ];

    /// Stable code, as in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownProperty => "unknown_property",
            Self::SessionId => "session_id",
            Self::EventId => "event_id",
            Self::NewParty => "new_party_flag",
            Self::NewSession => "first_in_session_flag",
            Self::ClientTime => "client_time",
            Self::EventType => "event_type",
            Self::PartyId => "party_id",
        }
    }
}

/// The body as UTF-8: without byte order mark, and from UTF-16 or UTF-32 if its first bytes say so. May still hold
/// invalid UTF-8; in the other encodings everything behind the first invalid character of UTF-32 is cut.
#[must_use]
pub fn as_utf8(body: &[u8]) -> Cow<'_, [u8]> {
    let wide = |body: &[u8], unit: fn([u8; 4]) -> u32| {
        let text: String = body.as_chunks::<4>().0.iter().map_while(|bytes| char::from_u32(unit(*bytes))).collect();
        Cow::Owned(text.into_bytes())
    };
    let double = |body: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = body.as_chunks::<2>().0.iter().map(|bytes| unit(*bytes));
        let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match *body {
        [0xef, 0xbb, 0xbf, ..] => Cow::Borrowed(&body[3..]),
        [0, 0, 0xfe, 0xff, ..] => wide(&body[4..], u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, ..] => wide(&body[4..], u32::from_le_bytes),
        [0xfe, 0xff, ..] => double(&body[2..], u16::from_be_bytes),
        [0xff, 0xfe, ..] => double(&body[2..], u16::from_le_bytes),
        [0, 0, 0, _, ..] => wide(body, u32::from_be_bytes),
        [_, 0, 0, 0, ..] => wide(body, u32::from_le_bytes),
        [0, _, ..] => double(body, u16::from_be_bytes),
        [_, 0, ..] => double(body, u16::from_le_bytes),
        _ => Cow::Borrowed(body),
    }
}

/// Reads the first JSON value of a body in UTF-8.
///
/// # Errors
/// Says why it is no event.
pub fn read(body: &[u8]) -> Result<JsonEvent<'_>, JsonError> {
    let mut draft = Draft::default();
    let mut fault = JsonError::Malformed;
    let reader = Properties { draft: &mut draft, fault: &mut fault, in_batch: false };
    if serde_json::Deserializer::from_slice(body).deserialize_map(reader).is_err() {
        return Err(fault);
    }
    draft.event()
}

/// Properties as far as they were read.
#[derive(Default)]
struct Draft<'a> {
    party_id: Option<Cow<'a, str>>,
    session_id: Option<Cow<'a, str>>,
    event_id: Option<Cow<'a, str>>,
    is_new_party: Option<bool>,
    is_new_session: Option<bool>,
    client_time: Option<i64>,
    event_type: Option<Cow<'a, str>>,
    parameters: Option<&'a str>,
}

impl<'a> Draft<'a> {
    fn event(self) -> Result<JsonEvent<'a>, JsonError> {
        Ok(JsonEvent {
            party_id: self.party_id,
            session_id: self.session_id.ok_or(JsonError::SessionId)?,
            event_id: self.event_id.ok_or(JsonError::EventId)?,
            is_new_party: self.is_new_party.ok_or(JsonError::NewParty)?,
            is_new_session: self.is_new_session.ok_or(JsonError::NewSession)?,
            client_time: self.client_time.ok_or(JsonError::ClientTime)?,
            event_type: self.event_type,
            parameters: self.parameters,
        })
    }

    fn set(&mut self, property: Property, raw: &'a str) -> Result<(), JsonError> {
        let required = |error: JsonError| match scalar(raw) {
            Scalar::Text(text) => Ok(text),
            _ => Err(error),
        };
        match property {
            Property::PartyId => {
                let text = required(JsonError::PartyId)?;
                self.party_id = Some(normalised(text).ok_or(JsonError::PartyId)?);
            }
            Property::SessionId => {
                let text = required(JsonError::SessionId)?;
                self.session_id = Some(normalised(text).ok_or(JsonError::SessionId)?);
            }
            Property::EventId => self.event_id = Some(required(JsonError::EventId)?),
            Property::NewParty => self.is_new_party = Some(boolean(raw).ok_or(JsonError::NewParty)?),
            Property::NewSession => self.is_new_session = Some(boolean(raw).ok_or(JsonError::NewSession)?),
            Property::ClientTime => {
                let text = required(JsonError::ClientTime)?;
                self.client_time = Some(time::parse_ms(&text).ok_or(JsonError::ClientTime)?);
            }
            Property::EventType => {
                self.event_type = match scalar(raw) {
                    Scalar::Text(text) => Some(text),
                    Scalar::Null => None,
                    Scalar::No => return Err(JsonError::EventType),
                }
            }
            Property::Parameters => self.parameters = Some(raw),
            Property::Unknown => return Err(JsonError::UnknownProperty),
        }
        Ok(())
    }
}

fn normalised(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => ids::normalise(text),
        Cow::Owned(text) => ids::normalise(&text).map(|id| Cow::Owned(id.into_owned())),
    }
}

/// A value where text is wanted.
enum Scalar<'a> {
    /// Text, or a number or boolean as it was sent.
    Text(Cow<'a, str>),
    Null,
    /// An object or array.
    No,
}

fn scalar(raw: &str) -> Scalar<'_> {
    match raw.as_bytes() {
        [b'{' | b'[', ..] => Scalar::No,
        [b'n', ..] => Scalar::Null,
        [b'"', .., b'"'] => unescape(&raw[1..raw.len() - 1]).map_or(Scalar::No, Scalar::Text),
        _ => Scalar::Text(Cow::Borrowed(raw)),
    }
}

/// A flag: booleans, integers (0 is false), their names as text, and null or empty text as false.
fn boolean(raw: &str) -> Option<bool> {
    match raw.as_bytes() {
        b"true" => Some(true),
        b"false" | b"null" => Some(false),
        [b'"', ..] => {
            let Scalar::Text(text) = scalar(raw) else { return None };
            match text.trim_matches(|character: char| character <= ' ') {
                "true" | "True" => Some(true),
                "false" | "False" | "null" | "" => Some(false),
                _ => None,
            }
        }
        [b'-' | b'0'..=b'9', ..] if !raw.contains(['.', 'e', 'E']) => Some(!matches!(raw, "0" | "-0")),
        _ => None,
    }
}

/// Resolves the escapes of a JSON text that is known to be well-formed. Half a surrogate pair becomes `?`, which is
/// what the original's records have there.
fn unescape(text: &str) -> Option<Cow<'_, str>> {
    let Some(first) = text.find('\\') else { return Some(Cow::Borrowed(text)) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(escape) = rest.strip_prefix('\\') {
        let kind = escape.as_bytes().first()?;
        let mut used = 1;
        out.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (character, length) = unicode_escape(escape)?;
                used = length;
                character
            }
            other => char::from(*other),
        });
        rest = &escape[used..];
        let next = rest.find('\\').unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Some(Cow::Owned(out))
}

/// Reads `u0041` or `ud83d\ude00`: the character and the bytes that it took.
fn unicode_escape(escape: &str) -> Option<(char, usize)> {
    let unit = |at: usize| escape.get(at..at + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let first = unit(1)?;
    let second = if escape.get(5..7) == Some("\\u") { unit(7) } else { None };
    let mut pair = char::decode_utf16([first].into_iter().chain(second));
    match pair.next()? {
        Ok(character) if character.len_utf16() == 2 => Some((character, 11)),
        Ok(character) => Some((character, 5)),
        Err(_) => Some(('?', 5)),
    }
}

#[derive(Clone, Copy)]
enum Property {
    PartyId,
    SessionId,
    EventId,
    NewParty,
    NewSession,
    ClientTime,
    EventType,
    Parameters,
    Unknown,
}

struct PropertyName;

impl<'de> serde::de::DeserializeSeed<'de> for PropertyName {
    type Value = Property;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Property, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PropertyName {
    type Value = Property;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a property")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Property, E> {
        Ok(match name {
            "party_id" => Property::PartyId,
            "session_id" => Property::SessionId,
            "event_id" => Property::EventId,
            "is_new_party" => Property::NewParty,
            "is_new_session" => Property::NewSession,
            "client_timestamp_iso" => Property::ClientTime,
            "event_type" => Property::EventType,
            "parameters" => Property::Parameters,
            _ => Property::Unknown,
        })
    }
}

struct Properties<'d, 'a> {
    draft: &'d mut Draft<'a>,
    fault: &'d mut JsonError,
    /// Whether an event may name its party.
    in_batch: bool,
}

impl<'a> Visitor<'a> for Properties<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(property) = map.next_key_seed(PropertyName)? {
            let raw: &'a RawValue = map.next_value()?;
            let known = self.in_batch || !matches!(property, Property::PartyId);
            let set = if known { self.draft.set(property, raw.get()) } else { Err(JsonError::UnknownProperty) };
            set.map_err(|error| {
                *self.fault = error;
                M::Error::custom(error)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
