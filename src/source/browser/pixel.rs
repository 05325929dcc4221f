//! A pixel request's query to the values of an event.

use std::borrow::Cow;

use super::checksum;
use crate::{
    event::{
        Event, Fields, Flags, Parameters, SourceKind,
        ids::{base36_i32, base36_i64, normalise},
    },
    source::query::Query,
};

/// Why a query makes no event: a required parameter is missing or invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// `p`.
    PartyId,
    /// `s`.
    SessionId,
    /// `v`.
    PageViewId,
    /// `e`.
    EventId,
    /// `c`.
    ClientTime,
    /// `n`.
    NewParty,
    /// `f`.
    FirstInSession,
}

impl Unusable {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::PartyId,
        Self::SessionId,
        Self::PageViewId,
        Self::EventId,
        Self::ClientTime,
        Self::NewParty,
        Self::FirstInSession,
    ];

    /// Stable code, as in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PartyId => "party_id",
            Self::SessionId => "session_id",
            Self::PageViewId => "page_view_id",
            Self::EventId => "event_id",
            Self::ClientTime => "client_time",
            Self::NewParty => "new_party_flag",
            Self::FirstInSession => "first_in_session_flag",
        }
    }
}

/// The required values of a usable query; the others are read when the event is made.
#[derive(Clone, Debug)]
pub struct Pixel<'a> {
    query: Query<'a>,
    flags: Flags,
    party_id: Cow<'a, str>,
    session_id: Cow<'a, str>,
    page_view_id: &'a str,
    event_id: &'a str,
    client_time: i64,
}

/// Reads a query.
///
/// # Errors
/// Says which required parameter is missing or invalid.
pub fn read(query: Query<'_>) -> Result<Pixel<'_>, Unusable> {
    let flag = |name: u8| query.letter(name).map(|value| value == "t");
    let party_id = query.letter(b'p').and_then(normalise).ok_or(Unusable::PartyId)?;
    let session_id = query.letter(b's').and_then(normalise).ok_or(Unusable::SessionId)?;
    let page_view_id = query.letter(b'v').ok_or(Unusable::PageViewId)?;
    let event_id = query.letter(b'e').ok_or(Unusable::EventId)?;
    let client_time = query.letter(b'c').and_then(base36_i64).ok_or(Unusable::ClientTime)?;
    let new_party = flag(b'n').ok_or(Unusable::NewParty)?;
    let first_in_session = flag(b'f').ok_or(Unusable::FirstInSession)?;
    let corrupt = !checksum::is_intact(&query);
    let flags = Flags { corrupt, duplicate: false, first_in_session, new_party };
    Ok(Pixel { query, flags, party_id, session_id, page_view_id, event_id, client_time })
}

impl Pixel<'_> {
    /// The event, without headers and cookies.
    #[must_use]
    pub fn event<'e>(&'e self, source: &'e str, request_time: i64, remote_host: &'e str) -> Event<'e> {
        let text = |name: u8| self.query.letter(name);
        let size = |name: u8| text(name).and_then(base36_i32);
        Event {
            source,
            kind: SourceKind::Browser,
            flags: self.flags,
            request_time,
            client_time: self.client_time,
            remote_host: Some(remote_host),
            party_id: &self.party_id,
            session_id: &self.session_id,
            page_view_id: Some(self.page_view_id),
            event_id: self.event_id,
            event_type: text(b't'),
            location: text(b'l'),
            referer: text(b'r'),
            viewport_width: size(b'w'),
            viewport_height: size(b'h'),
            screen_width: size(b'i'),
            screen_height: size(b'j'),
            device_pixel_ratio: text(b'k'),
            parameters: text(b'u').map_or(Parameters::Absent, Parameters::Mincode),
            headers: Fields::default(),
            cookies: Fields::default(),
        }
    }
}
