//! `divolte.sources`: what a source works with.

use std::time::Duration;

use super::Durability;
use crate::util::address_range::AddressRange;

/// One source.
#[derive(Clone, Debug)]
pub enum SourceSettings {
    /// `type = browser`.
    Browser(BrowserSettings),
    /// `type = json`.
    Json(JsonSettings),
}

impl SourceSettings {
    /// Name of the source.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Browser(settings) => &settings.name,
            Self::Json(settings) => &settings.name,
        }
    }
}

/// `trusted_proxies` and `max_hops` of a source: which entries of `X-Forwarded-For` count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxySettings {
    /// `trusted_proxies`; none = the last entry counts, whoever wrote it, as in the original.
    pub trusted: Vec<AddressRange>,
    /// `max_hops`: entries that are looked at, from the last one on; unset = no limit but the trusted ranges.
    pub hops_max: Option<u32>,
}

/// `response`: how an event is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelAnswer {
    /// 200 with an image of one pixel.
    Gif,
    /// 204 without a body.
    Empty,
}

/// `divolte.sources.<name>`, `type = browser`.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// Name of the source.
    pub name: String,
    /// `prefix`, with a leading and a trailing `/`.
    pub prefix: String,
    /// `event_suffix`.
    pub event_suffix: String,
    /// `cookie_domain`.
    pub cookie_domain: Option<String>,
    /// `party_cookie`.
    pub party_cookie: String,
    /// `party_timeout`, whole seconds, at most 2,147,483,647.
    pub party_timeout_seconds: u32,
    /// `session_cookie`.
    pub session_cookie: String,
    /// `session_timeout`, whole seconds, at most 2,147,483,647.
    pub session_timeout_seconds: u32,
    /// `http_response_delay`, whole milliseconds.
    pub http_response_delay: Duration,
    /// `javascript.name`.
    pub javascript_name: String,
    /// `javascript.logging`.
    pub javascript_logging: bool,
    /// `javascript.debug`.
    pub javascript_debug: bool,
    /// `javascript.auto_page_view_event`.
    pub auto_page_view_event: bool,
    /// `javascript.event_timeout`.
    pub event_timeout: Duration,
    /// `durability` that an answer waits for, at most the journal's; unset = the journal's.
    pub durability: Option<Durability>,
    /// `trusted_proxies` and `max_hops`.
    pub proxies: ProxySettings,
    /// `response`.
    pub response: PixelAnswer,
    /// `allowed_origins`, such as `https://example.com`, or `*` alone for any.
    pub allowed_origins: Vec<String>,
}

impl Default for BrowserSettings {
    /// Those of `reference.conf`, for a source of the name `browser`.
    fn default() -> Self {
        Self {
            name: "browser".to_owned(),
            prefix: "/".to_owned(),
            event_suffix: "csc-event".to_owned(),
            cookie_domain: None,
            party_cookie: "_dvp".to_owned(),
            party_timeout_seconds: 730 * 86_400,
            session_cookie: "_dvs".to_owned(),
            session_timeout_seconds: 1800,
            http_response_delay: Duration::ZERO,
            javascript_name: "divolte.js".to_owned(),
            javascript_logging: false,
            javascript_debug: false,
            auto_page_view_event: true,
            event_timeout: Duration::from_millis(750),
            durability: None,
            proxies: ProxySettings::default(),
            response: PixelAnswer::Gif,
            allowed_origins: Vec::new(),
        }
    }
}

/// `divolte.sources.<name>`, `type = json`.
#[derive(Clone, Debug)]
pub struct JsonSettings {
    /// Name of the source.
    pub name: String,
    /// `event_path`, with a leading `/`.
    pub event_path: String,
    /// `party_id_parameter`.
    pub party_id_parameter: String,
    /// `maximum_body_size` as in force: rounded up to a multiple of 4096, at least 4096, at most 4 MiB.
    pub body_bytes_max: usize,
    /// `strict`: whether what cannot be an event is answered with 400 and a reason.
    pub strict: bool,
    /// `batch`: whether a body may be an array of events.
    pub batch: bool,
    /// `durability` that an answer waits for, at most the journal's; unset = the journal's.
    pub durability: Option<Durability>,
    /// `trusted_proxies` and `max_hops`.
    pub proxies: ProxySettings,
}

impl Default for JsonSettings {
    /// Those of `reference.conf`, for a source of the name `json`.
    fn default() -> Self {
        Self {
            name: "json".to_owned(),
            event_path: "/".to_owned(),
            party_id_parameter: "p".to_owned(),
            body_bytes_max: 4096,
            strict: false,
            batch: false,
            durability: None,
            proxies: ProxySettings::default(),
        }
    }
}
