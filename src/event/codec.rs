//! Event ↔ journal bytes.
//!
//! ```text
//! version (1 byte) · flags (1 byte) · { tag (1 byte) · length (LEB128) · value }*
//! ```
//!
//! Integers are little-endian, text is UTF-8, headers and cookies are pairs of length-prefixed texts. Absent fields are
//! left out. A reader skips tags that it does not know, so that a release can be rolled back; the version changes only
//! when a tag's meaning does. A tag is never used for anything else.

use std::ops::Range;

use super::{Event, Fields, Flags, Parameters, SourceKind};

/// Where the flags byte stands, so that a flag can be set in place.
pub use crate::journal::FLAGS_AT;

/// Bit of [`Flags::corrupt`] in the flags byte.
pub const CORRUPT: u8 = 1;
/// Bit of [`Flags::duplicate`] in the flags byte.
pub const DUPLICATE: u8 = 1 << 1;
/// Bit of [`Flags::first_in_session`] in the flags byte.
pub const FIRST_IN_SESSION: u8 = 1 << 2;
/// Bit of [`Flags::new_party`] in the flags byte.
pub const NEW_PARTY: u8 = 1 << 3;

const VERSION: u8 = 1;

/// Bytes of the length in front of headers and cookies: written with padding, because it is known only afterwards.
const PADDED_BYTES: usize = 4;

mod tag {
    pub(super) const SOURCE: u8 = 1;
    pub(super) const KIND: u8 = 2;
    pub(super) const REQUEST_TIME: u8 = 3;
    pub(super) const CLIENT_TIME: u8 = 4;
    pub(super) const REMOTE_HOST: u8 = 5;
    pub(super) const PARTY_ID: u8 = 6;
    pub(super) const SESSION_ID: u8 = 7;
    pub(super) const PAGE_VIEW_ID: u8 = 8;
    pub(super) const EVENT_ID: u8 = 9;
    pub(super) const EVENT_TYPE: u8 = 10;
    pub(super) const LOCATION: u8 = 11;
    pub(super) const REFERER: u8 = 12;
    pub(super) const VIEWPORT_WIDTH: u8 = 13;
    pub(super) const VIEWPORT_HEIGHT: u8 = 14;
    pub(super) const SCREEN_WIDTH: u8 = 15;
    pub(super) const SCREEN_HEIGHT: u8 = 16;
    pub(super) const DEVICE_PIXEL_RATIO: u8 = 17;
    pub(super) const MINCODE: u8 = 18;
    pub(super) const JSON: u8 = 19;
    pub(super) const HEADERS: u8 = 20;
    pub(super) const COOKIES: u8 = 21;
}

/// Why stored bytes are no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end within a field, or a length is no length.
    #[error("the stored event is cut short")]
    Truncated,
    /// Written by a later release that changed the format.
    #[error("the stored event has format version {0}, this release reads version {VERSION}")]
    Version(u8),
    /// A field without which there is no event is missing.
    #[error("the stored event has no field {0}")]
    Missing(u8),
    /// A field's value cannot be what it should be.
    #[error("field {0} of the stored event is malformed")]
    Malformed(u8),
}

/// Value of a header or cookie on its way into the journal.
pub trait FieldText {
    /// Number of bytes that [`FieldText::append`] appends.
    fn stored_len(&self) -> usize;
    /// Appends the value as UTF-8.
    fn append(&self, out: &mut Vec<u8>);
}

impl FieldText for &str {
    fn stored_len(&self) -> usize {
        self.len()
    }
    fn append(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

/// Bytes of a header value, each byte one character (ISO 8859-1).
#[derive(Clone, Copy, Debug)]
pub struct Latin1<'a>(pub &'a [u8]);

impl FieldText for Latin1<'_> {
    fn stored_len(&self) -> usize {
        if self.0.is_ascii() {
            return self.0.len();
        }
        self.0.len() + self.0.iter().filter(|byte| !byte.is_ascii()).count()
    }
    fn append(&self, out: &mut Vec<u8>) {
        if self.0.is_ascii() {
            out.extend_from_slice(self.0);
            return;
        }
        for byte in self.0 {
            let mut encoded = [0; 2];
            out.extend_from_slice(char::from(*byte).encode_utf8(&mut encoded).as_bytes());
        }
    }
}

/// Appends the event to `out`. Headers and cookies are taken from the iterators, not from the event.
pub fn encode<'h, 'c, V: FieldText, W: FieldText>(
    event: &Event<'_>,
    headers: impl Iterator<Item = (&'h str, V)>,
    cookies: impl Iterator<Item = (&'c str, W)>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&[VERSION, flags_byte(event.flags)]);
    put_text(out, tag::SOURCE, event.source);
    put(
        out,
        tag::KIND,
        &[match event.kind {
            SourceKind::Browser => 0,
            SourceKind::Json => 1,
        }],
    );
    put(out, tag::REQUEST_TIME, &event.request_time.to_le_bytes());
    put(out, tag::CLIENT_TIME, &event.client_time.to_le_bytes());
    put_text(out, tag::PARTY_ID, event.party_id);
    put_text(out, tag::SESSION_ID, event.session_id);
    put_text(out, tag::EVENT_ID, event.event_id);
    for (tag, text) in [
        (tag::REMOTE_HOST, event.remote_host),
        (tag::PAGE_VIEW_ID, event.page_view_id),
        (tag::EVENT_TYPE, event.event_type),
        (tag::LOCATION, event.location),
        (tag::REFERER, event.referer),
        (tag::DEVICE_PIXEL_RATIO, event.device_pixel_ratio),
    ] {
        if let Some(text) = text {
            put_text(out, tag, text);
        }
    }
    for (tag, size) in [
        (tag::VIEWPORT_WIDTH, event.viewport_width),
        (tag::VIEWPORT_HEIGHT, event.viewport_height),
        (tag::SCREEN_WIDTH, event.screen_width),
        (tag::SCREEN_HEIGHT, event.screen_height),
    ] {
        if let Some(size) = size {
            put(out, tag, &size.to_le_bytes());
        }
    }
    match event.parameters {
        Parameters::Absent => {}
        Parameters::Mincode(text) => put_text(out, tag::MINCODE, text),
        Parameters::Json(text) => put_text(out, tag::JSON, text),
    }
    put_pairs(out, tag::HEADERS, headers);
    put_pairs(out, tag::COOKIES, cookies);
}

fn flags_byte(flags: Flags) -> u8 {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    bit(flags.corrupt, CORRUPT)
        | bit(flags.duplicate, DUPLICATE)
        | bit(flags.first_in_session, FIRST_IN_SESSION)
        | bit(flags.new_party, NEW_PARTY)
}

fn put_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    put(out, tag, text.as_bytes());
}

#[inline]
fn put(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    put_length(out, value.len());
    out.extend_from_slice(value);
}

#[inline]
fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(low_bits(length) | 0x80);
        length >>= 7;
    }
    out.push(low_bits(length));
}

#[inline]
fn low_bits(length: usize) -> u8 {
    length.to_le_bytes()[0] & 0x7f
}

fn put_pairs<'n, V: FieldText>(out: &mut Vec<u8>, tag: u8, pairs: impl Iterator<Item = (&'n str, V)>) {
    let start = out.len();
    out.extend_from_slice(&[tag, 0, 0, 0, 0]);
    let values = out.len();
    for (name, value) in pairs {
        put_length(out, name.len());
        out.extend_from_slice(name.as_bytes());
        put_length(out, value.stored_len());
        value.append(out);
    }
    let length = out.len() - values;
    if length == 0 {
        out.truncate(start);
        return;
    }
    // Too long a length would not fit its four bytes; such an event is far beyond what a journal takes.
    for (index, byte) in out[values - PADDED_BYTES..values].iter_mut().enumerate() {
        let more = if index + 1 < PADDED_BYTES { 0x80 } else { 0 };
        *byte = low_bits(length >> (7 * index)) | more;
    }
}

/// Reads a stored event; everything is borrowed.
///
/// # Errors
/// Says why the bytes are no event.
pub fn decode(bytes: &[u8]) -> Result<Event<'_>, CodecError> {
    decode_with_party(bytes).map(|(event, _)| event)
}

/// Reads a stored event and tells where in `bytes` the party id lies.
///
/// # Errors
/// Says why the bytes are no event.
pub fn decode_with_party(bytes: &[u8]) -> Result<(Event<'_>, Range<u32>), CodecError> {
    let [version, flags, ..] = *bytes else { return Err(CodecError::Truncated) };
    if version != VERSION {
        return Err(CodecError::Version(version));
    }
    let mut event = Event { flags: flags_of(flags), ..EMPTY };
    let mut seen = 0_u32;
    let mut party = 0..0;
    let mut at = FLAGS_AT + 1;
    while let Some(tag) = bytes.get(at) {
        let length_at = at + 1;
        let (length, value_at) = get_length(bytes, length_at).ok_or(CodecError::Truncated)?;
        let end = value_at.checked_add(length).ok_or(CodecError::Truncated)?;
        let value = bytes.get(value_at..end).ok_or(CodecError::Truncated)?;
        if *tag == tag::PARTY_ID {
            party = narrow(value_at)?..narrow(end)?;
        }
        assign(&mut event, *tag, value)?;
        if *tag < 32 {
            seen |= 1 << *tag;
        }
        at = end;
    }
    for required in
        [tag::SOURCE, tag::KIND, tag::REQUEST_TIME, tag::CLIENT_TIME, tag::PARTY_ID, tag::SESSION_ID, tag::EVENT_ID]
    {
        if seen & (1 << required) == 0 {
            return Err(CodecError::Missing(required));
        }
    }
    Ok((event, party))
}

const EMPTY: Event<'static> = Event {
    source: "",
    kind: SourceKind::Browser,
    flags: Flags { corrupt: false, duplicate: false, first_in_session: false, new_party: false },
    request_time: 0,
    client_time: 0,
    remote_host: None,
    party_id: "",
    session_id: "",
    page_view_id: None,
    event_id: "",
    event_type: None,
    location: None,
    referer: None,
    viewport_width: None,
    viewport_height: None,
    screen_width: None,
    screen_height: None,
    device_pixel_ratio: None,
    parameters: Parameters::Absent,
    headers: Fields(&[]),
    cookies: Fields(&[]),
};

fn flags_of(byte: u8) -> Flags {
    Flags {
        corrupt: byte & CORRUPT != 0,
        duplicate: byte & DUPLICATE != 0,
        first_in_session: byte & FIRST_IN_SESSION != 0,
        new_party: byte & NEW_PARTY != 0,
    }
}

fn assign<'a>(event: &mut Event<'a>, tag: u8, value: &'a [u8]) -> Result<(), CodecError> {
    let text = || std::str::from_utf8(value).map_err(|_| CodecError::Malformed(tag));
    let time = || value.try_into().map(i64::from_le_bytes).map_err(|_| CodecError::Malformed(tag));
    let size = || value.try_into().map(i32::from_le_bytes).map_err(|_| CodecError::Malformed(tag));
    match tag {
        tag::SOURCE => event.source = text()?,
        tag::KIND => {
            event.kind = match value {
                [0] => SourceKind::Browser,
                [1] => SourceKind::Json,
                _ => return Err(CodecError::Malformed(tag)),
            }
        }
        tag::REQUEST_TIME => event.request_time = time()?,
        tag::CLIENT_TIME => event.client_time = time()?,
        tag::REMOTE_HOST => event.remote_host = Some(text()?),
        tag::PARTY_ID => event.party_id = text()?,
        tag::SESSION_ID => event.session_id = text()?,
        tag::PAGE_VIEW_ID => event.page_view_id = Some(text()?),
        tag::EVENT_ID => event.event_id = text()?,
        tag::EVENT_TYPE => event.event_type = Some(text()?),
        tag::LOCATION => event.location = Some(text()?),
        tag::REFERER => event.referer = Some(text()?),
        tag::VIEWPORT_WIDTH => event.viewport_width = Some(size()?),
        tag::VIEWPORT_HEIGHT => event.viewport_height = Some(size()?),
        tag::SCREEN_WIDTH => event.screen_width = Some(size()?),
        tag::SCREEN_HEIGHT => event.screen_height = Some(size()?),
        tag::DEVICE_PIXEL_RATIO => event.device_pixel_ratio = Some(text()?),
        tag::MINCODE => event.parameters = Parameters::Mincode(text()?),
        tag::JSON => event.parameters = Parameters::Json(text()?),
        tag::HEADERS => event.headers = pairs(value).ok_or(CodecError::Malformed(tag))?,
        tag::COOKIES => event.cookies = pairs(value).ok_or(CodecError::Malformed(tag))?,
        _ => {}
    }
    Ok(())
}

/// The pairs, if their lengths add up. Whether they are text is seen when they are read.
fn pairs(value: &[u8]) -> Option<Fields<'_>> {
    let mut rest = value;
    while !rest.is_empty() {
        (_, rest) = split(rest)?;
        (_, rest) = split(rest)?;
    }
    Some(Fields(value))
}

fn narrow(position: usize) -> Result<u32, CodecError> {
    u32::try_from(position).map_err(|_| CodecError::Truncated)
}

/// The length at `at` and the position behind it.
#[inline]
fn get_length(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut length = 0_usize;
    for (index, byte) in bytes.get(at..)?.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((length, at + index + 1));
        }
    }
    None
}

/// Takes a length and that many bytes off the front.
#[inline]
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, at) = get_length(bytes, 0)?;
    bytes.get(at..)?.split_at_checked(length)
}

/// Walks stored pairs. A pair that is not text is passed over: only damage that no checksum saw can make one.
#[derive(Clone, Debug)]
pub struct FieldsIter<'a>(&'a [u8]);

impl<'a> FieldsIter<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The first value under this name; looks at names as bytes, so that others need not be checked.
    pub(crate) fn find_named(&mut self, name: &str) -> Option<&'a str> {
        loop {
            let (found, value) = self.raw()?;
            if found == name.as_bytes()
                && let Ok(value) = std::str::from_utf8(value)
            {
                return Some(value);
            }
        }
    }

    fn raw(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (name, rest) = split(self.0)?;
        let (value, rest) = split(rest)?;
        self.0 = rest;
        Some((name, value))
    }
}

impl<'a> Iterator for FieldsIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, value) = self.raw()?;
            if let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) {
                return Some((name, value));
            }
        }
    }
}

#[cfg(test)]
mod tests;
