//! An event as the mapping test server of the original is told it: one JSON object, everything in it optional.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::event::{
    Event, Fields, Flags, Parameters, SourceKind,
    ids::{self, normalise},
};

/// Members of the object; what has the wrong type is treated as absent.
#[derive(Clone, Debug, Default)]
pub struct PlainEvent {
    members: Map<String, Value>,
    /// `parameters` as JSON text.
    parameters: Option<String>,
}

/// The members that mean something.
pub const MEMBERS: [&str; 18] = [
    "page_view_id",
    "party_id",
    "session_id",
    "event_id",
    "event_type",
    "location",
    "referer",
    "viewport_pixel_width",
    "viewport_pixel_height",
    "screen_pixel_width",
    "screen_pixel_height",
    "device_pixel_ratio",
    "corrupt",
    "duplicate",
    "new_party_id",
    "first_in_session",
    "remote_host",
    "parameters",
];

impl PlainEvent {
    /// The event of an object.
    #[must_use]
    pub fn new(members: Map<String, Value>) -> Self {
        let parameters = members.get("parameters").filter(|value| !value.is_null()).map(Value::to_string);
        Self { members, parameters }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    fn size(&self, name: &str) -> Option<i32> {
        i32::try_from(self.members.get(name)?.as_i64()?).ok()
    }

    fn flag(&self, name: &str) -> bool {
        self.members.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn id(&self, name: &str, now_ms: i64) -> Cow<'_, str> {
        self.text(name).and_then(normalise).unwrap_or_else(|| ids::new_identifier(now_ms).into())
    }

    /// Lends the event, of `source` and of now, sent from `remote` if it does not say otherwise. Identifiers that are missing are made; the event's is that of a new page
    /// view even if one is given, as in the original.
    pub fn with<R>(&self, source: &str, now_ms: i64, remote: &str, work: impl FnOnce(&Event<'_>) -> R) -> R {
        let new_page_view = ids::new_page_view_id();
        let new_event = ids::event_id(&new_page_view, 0);
        let (party_id, session_id) = (self.id("party_id", now_ms), self.id("session_id", now_ms));
        let ratio = self.size("device_pixel_ratio").map(|ratio| {
            let mut text = String::new();
            ids::push_base36(&mut text, ratio.into());
            text
        });
        work(&Event {
            source,
            kind: SourceKind::Browser,
            flags: Flags {
                corrupt: self.flag("corrupt"),
                duplicate: self.flag("duplicate"),
                first_in_session: self.flag("first_in_session"),
                new_party: self.flag("new_party_id"),
            },
            request_time: now_ms,
            client_time: now_ms,
            remote_host: Some(self.text("remote_host").unwrap_or(remote)),
            party_id: &party_id,
            session_id: &session_id,
            page_view_id: Some(self.text("page_view_id").unwrap_or(&new_page_view)),
            event_id: self.text("event_id").unwrap_or(&new_event),
            event_type: self.text("event_type"),
            location: self.text("location"),
            referer: self.text("referer"),
            viewport_width: self.size("viewport_pixel_width"),
            viewport_height: self.size("viewport_pixel_height"),
            screen_width: self.size("screen_pixel_width"),
            screen_height: self.size("screen_pixel_height"),
            device_pixel_ratio: ratio.as_deref(),
            parameters: self.parameters.as_deref().map_or(Parameters::Absent, Parameters::Json),
            headers: Fields::default(),
            cookies: Fields::default(),
        })
    }
}
