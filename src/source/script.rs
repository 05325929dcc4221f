//! The tracker script of a browser source: our bundle with the source's settings in it, made once.

use http::{HeaderValue, Method, request::Parts};
use serde::Serialize;

use super::{cors::Origins, packed::Packed, respond::Draft};
use crate::{config::settings::BrowserSettings, listen::Reply};

/// The bundle as it is served, without a trace of logging.
const BUNDLE: &str = include_str!("../../static/tracker/divolte.js");

/// The bundle with names and logging, for `javascript.debug` and `javascript.logging`.
const DEBUG_BUNDLE: &str = include_str!("../../static/tracker/divolte.debug.js");

/// Stands once in each bundle, where the settings belong.
const SETTINGS_MARK: &str = "HEADWATER_SETTINGS";

const JAVASCRIPT: HeaderValue = HeaderValue::from_static("application/javascript");
const CACHED_FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

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

/// A script, ready to be sent. The same settings give the same bytes and the same tag, whatever the source's prefix.
#[derive(Debug)]
pub(super) struct Script {
    file: Packed,
    origins: Origins,
}

impl Script {
    pub(super) fn new(settings: &BrowserSettings) -> Self {
        let file = Packed::new(script_text(settings).into(), JAVASCRIPT, CACHED_FOR_AN_HOUR);
        Self { file, origins: Origins::new(&settings.allowed_origins) }
    }

    /// Answers a request for the script.
    pub(super) async fn answer(&self, parts: &mut Parts) -> Reply {
        if let Some(reply) = self.origins.preflight(parts) {
            return reply;
        }
        if parts.method != Method::GET && parts.method != Method::HEAD {
            let method = parts.method.clone();
            return Draft::to(parts).method_not_allowed(&method, "GET");
        }
        let grant = self.origins.grant(&parts.headers);
        self.file.answer(parts, |draft| grant.set(draft)).await
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

#[cfg(test)]
mod tests {
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
    fn the_prefix_does_not_change_the_script() {
        let other = Script::new(&BrowserSettings { prefix: "/two/".into(), name: "two".into(), ..settings() });
        assert_eq!(other.file.identity.etag, Script::new(&settings()).file.identity.etag);
        let other = Script::new(&BrowserSettings { event_suffix: "e".into(), ..settings() });
        assert_ne!(other.file.identity.etag, Script::new(&settings()).file.identity.etag);
    }
}
