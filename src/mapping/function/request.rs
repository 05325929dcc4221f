//! Plain values of the event: `location()`, `timestamp()` and the like.

use crate::{
    event::Event,
    mapping::{eval::Datum, producer::Kind},
};

/// A plain value of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are named as scripts name them, see NAMES")]
pub enum Request {
    Location,
    Referer,
    EventType,
    FirstInSession,
    Corrupt,
    Duplicate,
    Timestamp,
    ClientTimestamp,
    RemoteHost,
    ViewportPixelWidth,
    ViewportPixelHeight,
    ScreenPixelWidth,
    ScreenPixelHeight,
    DevicePixelRatio,
    PartyId,
    SessionId,
    PageViewId,
    EventId,
    UserAgentString,
    SourceName,
    NewParty,
    ClockOffset,
    ExactDevicePixelRatio,
}

/// Name, value, type, and whether every event has it. An event without an address of its client is none that a
/// listener took, so `remoteHost` counts as always there.
pub(super) const NAMES: &[(&str, Request, Kind, bool)] = &[
    ("location", Request::Location, Kind::Text, false),
    ("referer", Request::Referer, Kind::Text, false),
    ("eventType", Request::EventType, Kind::Text, false),
    ("firstInSession", Request::FirstInSession, Kind::Boolean, true),
    ("corrupt", Request::Corrupt, Kind::Boolean, true),
    ("duplicate", Request::Duplicate, Kind::Boolean, true),
    ("timestamp", Request::Timestamp, Kind::Long, true),
    ("clientTimestamp", Request::ClientTimestamp, Kind::Long, true),
    ("remoteHost", Request::RemoteHost, Kind::Text, true),
    ("viewportPixelWidth", Request::ViewportPixelWidth, Kind::Int, false),
    ("viewportPixelHeight", Request::ViewportPixelHeight, Kind::Int, false),
    ("screenPixelWidth", Request::ScreenPixelWidth, Kind::Int, false),
    ("screenPixelHeight", Request::ScreenPixelHeight, Kind::Int, false),
    ("devicePixelRatio", Request::DevicePixelRatio, Kind::Int, false),
    ("partyId", Request::PartyId, Kind::Text, true),
    ("sessionId", Request::SessionId, Kind::Text, true),
    ("pageViewId", Request::PageViewId, Kind::Text, false),
    ("eventId", Request::EventId, Kind::Text, true),
    ("userAgentString", Request::UserAgentString, Kind::Text, false),
    // The original has none of these.
    ("sourceName", Request::SourceName, Kind::Text, true),
    ("newParty", Request::NewParty, Kind::Boolean, true),
    ("clockOffset", Request::ClockOffset, Kind::Long, true),
    ("exactDevicePixelRatio", Request::ExactDevicePixelRatio, Kind::Double, false),
];

impl Request {
    /// By the name of its function.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(own, ..)| *own == name).map(|(_, request, ..)| *request)
    }

    fn row(self) -> &'static (&'static str, Self, Kind, bool) {
        &NAMES[self as usize]
    }

    /// Name of its function.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Static type.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.row().2
    }

    /// Whether every event has it.
    #[must_use]
    pub fn always(self) -> bool {
        self.row().3
    }

    /// The value of an event.
    #[inline]
    pub(in crate::mapping) fn evaluate<'e>(self, event: &Event<'e>) -> Datum<'e> {
        match self {
            Self::Location => Datum::text(event.location),
            Self::Referer => Datum::text(event.referer),
            Self::EventType => Datum::text(event.event_type),
            Self::FirstInSession => Datum::Boolean(event.flags.first_in_session),
            Self::Corrupt => Datum::Boolean(event.flags.corrupt),
            Self::Duplicate => Datum::Boolean(event.flags.duplicate),
            Self::Timestamp => Datum::Long(event.request_time),
            Self::ClientTimestamp => Datum::Long(event.client_time),
            Self::RemoteHost => Datum::text(event.remote_host),
            Self::ViewportPixelWidth => Datum::int(event.viewport_width),
            Self::ViewportPixelHeight => Datum::int(event.viewport_height),
            Self::ScreenPixelWidth => Datum::int(event.screen_width),
            Self::ScreenPixelHeight => Datum::int(event.screen_height),
            Self::DevicePixelRatio => Datum::int(event.device_pixel_ratio_int()),
            Self::PartyId => Datum::text(Some(event.party_id)),
            Self::SessionId => Datum::text(Some(event.session_id)),
            Self::PageViewId => Datum::text(event.page_view_id),
            Self::EventId => Datum::text(Some(event.event_id)),
            Self::UserAgentString => Datum::text(event.user_agent()),
            Self::SourceName => Datum::text(Some(event.source)),
            Self::NewParty => Datum::Boolean(event.flags.new_party),
            Self::ClockOffset => Datum::Long(event.client_time.saturating_sub(event.request_time)),
            Self::ExactDevicePixelRatio => {
                event.device_pixel_ratio.and_then(ratio).map_or(Datum::Absent, Datum::Double)
            }
        }
    }
}

/// A number to the base 36 with a fraction, as browsers write it.
fn ratio(text: &str) -> Option<f64> {
    const DIGITS_MAX: usize = 60;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    let digit = |letter: char| letter.to_digit(36).map(f64::from);
    let whole = whole.chars().try_fold(0.0, |value, letter| Some(value * 36.0 + digit(letter)?))?;
    let fraction = fraction.chars().rev().try_fold(0.0, |value, letter| Some((value + digit(letter)?) / 36.0))?;
    Some(whole + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_fractions() {
        for (text, expected) in [
            ("2", Some(2.0)),
            ("1.i", Some(1.5)),
            ("1.9", Some(1.25)),
            ("10", Some(36.0)),
            ("", None),
            (".i", None),
            ("-1", None),
            ("1.i.i", None),
        ] {
            assert_eq!(ratio(text), expected, "{text}");
        }
    }

    #[test]
    fn the_table_has_the_order_of_the_variants() {
        for (index, (name, request, ..)) in NAMES.iter().enumerate() {
            assert_eq!(*request as usize, index, "{name}");
            assert_eq!(Request::named(name), Some(*request));
        }
    }
}
