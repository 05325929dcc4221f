//! The tracker script of a browser source: our bundle with the source's settings in it, made once.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY},
    request::Parts,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::respond::{Draft, none_match_has};
use crate::{config::settings::BrowserSettings, listen::Reply};

/// The bundle as it is served, without a trace of logging.
const BUNDLE: &str = include_str!("../../static/tracker/divolte.js");

/// The bundle with names and logging, for `javascript.debug` and `javascript.logging`.
const DEBUG_BUNDLE: &str = include_str!("../../static/tracker/divolte.debug.js");

/// Stands once in each bundle, where the settings belong.
const SETTINGS_MARK: &str = "HEADWATER_SETTINGS";

const JAVASCRIPT: HeaderValue = HeaderValue::from_static("application/javascript");
const CACHED_FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// What the script is told; the names are those that `static/tracker/src/settings.ts` reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScriptSettings<'a> {
    party_cookie: &'a str,
    party_timeout_seconds: u32,
    session_cookie: &'a str,
    session_timeout_seconds: u32,
    cookie_domain: &'a str,
    script_name: &'a str,
    event_suffix: &'a str,
    auto_page_view: bool,
    event_timeout_seconds: f64,
    logging: bool,
}

/// One encoding of a script.
#[derive(Debug)]
struct Variant {
    body: Bytes,
    /// In quotes, as the header has it.
    etag: HeaderValue,
    /// Without quotes.
    tag: String,
}

impl Variant {
    fn new(body: Bytes, tag: String) -> Self {
        let etag = HeaderValue::try_from(format!("\"{tag}\"")).expect("base64 and a prefix are visible ASCII");
        Self { body, etag, tag }
    }
}

/// A script, ready to be sent. The same settings give the same bytes and the same tag, whatever the source's prefix.
#[derive(Debug)]
pub(super) struct Script {
    identity: Variant,
    /// Only where it is smaller.
    gzip: Option<Variant>,
}

impl Script {
    pub(super) fn new(settings: &BrowserSettings) -> Self {
        let text = script_text(settings);
        let tag = STANDARD.encode(Sha256::digest(text.as_bytes()));
        let packed = gzip(text.as_bytes());
        let gzip = (packed.len() < text.len()).then(|| Variant::new(packed.into(), format!("gz+{tag}")));
        Self { identity: Variant::new(text.into(), tag), gzip }
    }

    /// Answers a request for the script.
    pub(super) fn answer(&self, parts: &mut Parts) -> Reply {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            let method = parts.method.clone();
            return Draft::to(parts).method_not_allowed(&method, "GET");
        }
        let packed = self.gzip.as_ref().filter(|_| accepts_gzip(&parts.headers));
        let variant = packed.unwrap_or(&self.identity);
        let unchanged = none_match_has(&parts.headers, &variant.tag);
        let mut draft = Draft::to(parts);
        draft.set(CACHE_CONTROL, CACHED_FOR_AN_HOUR);
        draft.set(ETAG, variant.etag.clone());
        if self.gzip.is_some() {
            draft.set(VARY, BY_ENCODING);
        }
        if packed.is_some() {
            draft.set(CONTENT_ENCODING, GZIP);
        }
        if unchanged {
            return draft.empty(StatusCode::NOT_MODIFIED);
        }
        draft.set(CONTENT_TYPE, JAVASCRIPT);
        draft.body(StatusCode::OK, variant.body.clone())
    }
}

fn script_text(settings: &BrowserSettings) -> String {
    let told = ScriptSettings {
        party_cookie: &settings.party_cookie,
        party_timeout_seconds: settings.party_timeout_seconds,
        session_cookie: &settings.session_cookie,
        session_timeout_seconds: settings.session_timeout_seconds,
        cookie_domain: settings.cookie_domain.as_deref().unwrap_or(""),
        script_name: &settings.javascript_name,
        event_suffix: &settings.event_suffix,
        auto_page_view: settings.auto_page_view_event,
        event_timeout_seconds: settings.event_timeout.as_secs_f64(),
        logging: settings.javascript_logging,
    };
    let json = serde_json::to_string(&told).expect("texts, numbers and booleans are always JSON");
    // The only two characters that JSON allows in a text and older JavaScript does not.
    let literal = json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let bundle = if settings.javascript_debug || settings.javascript_logging { DEBUG_BUNDLE } else { BUNDLE };
    bundle.replacen(SETTINGS_MARK, &literal, 1)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

/// Whether a client asks for gzip in so many words; weights and wildcards are not looked at, as in the original.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING);
    let mut words = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    words.any(|word| word.trim() == "gzip")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn settings() -> BrowserSettings {
        BrowserSettings::default()
    }

    #[test]
    fn the_settings_stand_in_both_bundles_and_nothing_is_left_of_the_mark() {
        for debug in [false, true] {
            let settings =
                BrowserSettings { javascript_debug: debug, party_cookie: "a\u{2028}\"b".into(), ..settings() };
            assert_eq!(if debug { DEBUG_BUNDLE } else { BUNDLE }.matches(SETTINGS_MARK).count(), 1);
            let text = script_text(&settings);
            assert!(!text.contains(SETTINGS_MARK));
            let told = concat!(
                r#"{"partyCookie":"a\u2028\"b","partyTimeoutSeconds":63072000,"sessionCookie":"_dvs","#,
                r#""sessionTimeoutSeconds":1800,"cookieDomain":"","scriptName":"divolte.js","eventSuffix":"csc-event","#,
                r#""autoPageView":true,"eventTimeoutSeconds":0.75,"logging":false}"#
            );
            assert!(text.contains(told), "{text}");
        }
    }

    #[test]
    fn only_the_debug_bundle_logs() {
        assert!(!BUNDLE.contains("console"));
        assert!(DEBUG_BUNDLE.contains("console"));
    }

    #[test]
    fn the_packed_variant_is_the_script() {
        let script = Script::new(&settings());
        let packed = script.gzip.expect("a script of some kilobytes gets smaller");
        assert_eq!(packed.body[4..8], [0; 4], "no time in it");
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed.body.as_ref()).read_to_string(&mut text).unwrap();
        assert_eq!(text.as_bytes(), script.identity.body);
        assert_eq!(packed.tag, format!("gz+{}", script.identity.tag));
    }

    #[test]
    fn the_prefix_does_not_change_the_script() {
        let other = Script::new(&BrowserSettings { prefix: "/two/".into(), name: "two".into(), ..settings() });
        assert_eq!(other.identity.etag, Script::new(&settings()).identity.etag);
        let other = Script::new(&BrowserSettings { event_suffix: "e".into(), ..settings() });
        assert_ne!(other.identity.etag, Script::new(&settings()).identity.etag);
    }

    #[test]
    fn gzip_is_chosen_by_its_exact_name() {
        for (values, expected) in [
            (&["gzip, deflate"][..], true),
            (&["br,gzip"], true),
            (&["br", " gzip "], true),
            (&["GZIP"], false),
            (&["gzip;q=1.0"], false),
            (&["x-gzip"], false),
            (&["*"], false),
            (&[""], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(accepts_gzip(&headers), expected, "{values:?}");
        }
    }
}
