//! A JSON request to the values of an event.

use std::borrow::Cow;

use crate::{
    event::{Event, Fields, Flags, Parameters, SourceKind, ids::normalise, json::JsonEvent},
    source::query::Query,
};

/// The party id of the first parameter of this name, normalised.
pub(super) fn party_id<'a>(query: &Query<'a>, parameter: &str) -> Option<Cow<'a, str>> {
    query.first(parameter).and_then(normalise)
}

/// The event, without headers and cookies.
pub(super) fn event<'a>(
    body: &'a JsonEvent<'_>,
    party_id: &'a str,
    source: &'a str,
    request_time: i64,
    remote_host: &'a str,
) -> Event<'a> {
    Event {
        source,
        kind: SourceKind::Json,
        flags: Flags {
            corrupt: false,
            duplicate: false,
            first_in_session: body.is_new_session,
            new_party: body.is_new_party,
        },
        request_time,
        client_time: body.client_time,
        remote_host: Some(remote_host),
        party_id,
        session_id: &body.session_id,
        page_view_id: None,
        event_id: &body.event_id,
        event_type: body.event_type.as_deref(),
        location: None,
        referer: None,
        viewport_width: None,
        viewport_height: None,
        screen_width: None,
        screen_height: None,
        device_pixel_ratio: None,
        parameters: body.parameters.map_or(Parameters::Absent, Parameters::Json),
        headers: Fields::default(),
        cookies: Fields::default(),
    }
}

#[cfg(test)]
mod tests;
