//! The event: what a source understood of one request, before any mapping.
//!
//! [`Event`] borrows its text, from the request when it is made and from the journal's block when it is read back.
//! [`codec`] is the only place that knows how it is stored. Nothing here does I/O.

pub mod codec;
pub mod duplicate;
pub mod ids;
pub mod json;
pub mod mincode;
pub mod murmur;
pub mod time;
pub mod value;

/// What kind of source took the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The pixel that the tracker calls.
    Browser,
    /// The JSON endpoint.
    Json,
}

/// What is known of an event beside its values. Stored as one byte at a fixed place, see [`codec::FLAGS_AT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags")]
pub struct Flags {
    /// The checksum is missing or wrong.
    pub corrupt: bool,
    /// This collector has seen the same party, session and event id before.
    pub duplicate: bool,
    /// The first event of its session.
    pub first_in_session: bool,
    /// The first event of its party.
    pub new_party: bool,
}

/// Custom parameters as they came; decoded only when a mapping asks for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parameters<'a> {
    /// None were sent.
    #[default]
    Absent,
    /// Mincode text of a browser event, percent-decoded, not checked.
    Mincode(&'a str),
    /// JSON text of a JSON event, well-formed.
    Json(&'a str),
}

/// One event. Times are milliseconds since the Unix epoch, sizes are pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    /// Name of the source as configured.
    pub source: &'a str,
    /// Kind of the source.
    pub kind: SourceKind,
    /// Flags.
    pub flags: Flags,
    /// Clock of this collector when the event was accepted.
    pub request_time: i64,
    /// Clock of the client when the event was made.
    pub client_time: i64,
    /// Address of the client, textual.
    pub remote_host: Option<&'a str>,
    /// Party (visitor), normalised.
    pub party_id: &'a str,
    /// Session, normalised.
    pub session_id: &'a str,
    /// Page view; browser only.
    pub page_view_id: Option<&'a str>,
    /// Event.
    pub event_id: &'a str,
    /// Type of the event, such as `pageView`.
    pub event_type: Option<&'a str>,
    /// URL of the page; browser only.
    pub location: Option<&'a str>,
    /// Referrer of the page as the tracker saw it; browser only.
    pub referer: Option<&'a str>,
    /// Viewport width; browser only.
    pub viewport_width: Option<i32>,
    /// Viewport height; browser only.
    pub viewport_height: Option<i32>,
    /// Screen width; browser only.
    pub screen_width: Option<i32>,
    /// Screen height; browser only.
    pub screen_height: Option<i32>,
    /// Device pixel ratio as sent: base 36, maybe with a fraction; browser only.
    pub device_pixel_ratio: Option<&'a str>,
    /// Custom parameters.
    pub parameters: Parameters<'a>,
    /// Kept headers, in the order of the request, names in lower case, values as Latin-1 text.
    pub headers: Fields<'a>,
    /// Kept cookies, in the order of the request.
    pub cookies: Fields<'a>,
}

impl<'a> Event<'a> {
    /// Value of the first `User-Agent` header.
    #[must_use]
    pub fn user_agent(&self) -> Option<&'a str> {
        self.headers.first("user-agent")
    }

    /// Device pixel ratio when it is a whole number that fits, as the original understands it.
    #[must_use]
    pub fn device_pixel_ratio_int(&self) -> Option<i32> {
        self.device_pixel_ratio.and_then(ids::base36_i32)
    }
}

/// Name-value pairs in their stored form; cheap to copy, read by walking. See [`codec`] for the encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// All pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        codec::FieldsIter::new(self.0)
    }

    /// First value under exactly this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&'a str> {
        codec::FieldsIter::new(self.0).find_named(name)
    }

    /// All values under exactly this name.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let mut fields = codec::FieldsIter::new(self.0);
        std::iter::from_fn(move || fields.find_named(name))
    }
}

/// Which headers and cookies a source keeps in the event, made of what the loaded scripts name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Header names in lower case.
    pub headers: Vec<String>,
    /// Cookie names, exact.
    pub cookies: Vec<String>,
    /// Keep every header but `cookie`, `authorization` and `proxy-authorization` (`keep = all`).
    pub all_headers: bool,
}

impl Keep {
    /// What is kept whatever the scripts say.
    pub const ALWAYS: [&'static str; 10] = [
        "user-agent",
        "accept-language",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-ch-ua-platform-version",
        "sec-ch-ua-model",
        "sec-ch-ua-full-version-list",
        "sec-gpc",
        "dnt",
    ];

    /// Adds what `other` wants kept.
    pub fn add(&mut self, other: &Self) {
        self.headers.extend(other.headers.iter().cloned());
        self.headers.sort();
        self.headers.dedup();
        self.cookies.extend(other.cookies.iter().cloned());
        self.cookies.sort();
        self.cookies.dedup();
        self.all_headers |= other.all_headers;
    }
}
