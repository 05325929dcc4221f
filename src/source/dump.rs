//! `debug_requests`: every request and answer in the log, for tests. What logs somebody in and who a visitor is are left
//! out; a body is never shown.

use std::fmt::{self, Display, Formatter};

use http::{HeaderMap, header, request::Parts};

use super::{cookies, target::decode};
use crate::{
    config::settings::{Settings, SourceSettings},
    listen::{ConnInfo, Reply},
};

/// Stands for what is left out.
const HIDDEN: &str = "***";

/// Parts of the names of headers and query parameters that hold secrets.
const SECRET_WORDS: [&str; 11] =
    ["auth", "cookie", "credential", "csrf", "jwt", "key", "pass", "secret", "session", "signature", "token"];

/// Headers with the address of a page, whose query may hold what logs somebody in.
const ADDRESS_HEADERS: [&str; 4] = ["content-location", "location", "referer", "x-original-url"];

/// The same as query parameters of a browser source: the page and where its visitor came from.
const ADDRESS_PARAMETERS: [&str; 2] = ["l", "r"];

/// Query parameters by which a browser source knows a visitor: party and session.
const IDENTIFIERS: [&str; 2] = ["p", "s"];

/// Logs requests and answers.
#[derive(Debug)]
pub(super) struct Dump {
    /// Query parameters whose values are left out.
    hidden: Vec<String>,
}

impl Dump {
    /// The log of these settings, if they ask for one.
    pub(super) fn new(settings: &Settings) -> Option<Self> {
        let json = settings.sources.iter().filter_map(|source| match source {
            SourceSettings::Json(json) => Some(json.party_id_parameter.clone()),
            SourceSettings::Browser(_) => None,
        });
        let hidden = IDENTIFIERS.into_iter().map(str::to_owned).chain(json).collect();
        settings.server.debug_requests.then_some(Self { hidden })
    }

    /// Logs a request as it came.
    pub(super) fn request(&self, parts: &Parts, connection: &ConnInfo) {
        tracing::info!(
            peer = %connection.peer(),
            method = %parts.method,
            target = %Target { path: parts.uri.path(), query: parts.uri.query(), hidden: &self.hidden },
            version = ?parts.version,
            headers = %Headers(&parts.headers),
            "request"
        );
    }

    /// Logs the answer to it.
    #[expect(clippy::unused_self, reason = "who has no dump logs no answers either")]
    pub(super) fn answer(&self, reply: &Reply, connection: &ConnInfo) {
        tracing::info!(
            peer = %connection.peer(),
            status = reply.status().as_u16(),
            headers = %Headers(reply.headers()),
            "answer"
        );
    }
}

/// Names and values on one line, whatever is in them.
struct Headers<'a>(&'a HeaderMap);

impl Display for Headers<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let name = name.as_str();
            write!(f, "{}{name}: ", if index == 0 { "" } else { "; " })?;
            if name == header::COOKIE.as_str() {
                cookie_names(value.as_bytes(), f)?;
            } else if is_secret(name) {
                f.write_str(HIDDEN)?;
            } else if ADDRESS_HEADERS.contains(&name) {
                address(&value.as_bytes().escape_ascii().to_string(), f)?;
            } else {
                write!(f, "{}", value.as_bytes().escape_ascii())?;
            }
        }
        Ok(())
    }
}

/// Whether a name, in lower case, speaks of a secret.
fn is_secret(name: &str) -> bool {
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The names of cookies, as they are read; what is none is not shown.
fn cookie_names(value: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
    let mut between = "";
    for (name, _) in cookies::parse(value) {
        write!(f, "{between}{}={HIDDEN}", name.trim_ascii().escape_ascii())?;
        between = ", ";
    }
    if between.is_empty() { f.write_str(HIDDEN) } else { Ok(()) }
}

/// The address of a page, percent-encoded or not, without its query and fragment; nothing of one with a user in it.
fn address(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let starts = |at: usize, encoded: &str| {
        text.as_bytes().get(at..at + encoded.len()).is_some_and(|it| it.eq_ignore_ascii_case(encoded.as_bytes()))
    };
    let first = |plain: &[char], encoded: &[&str]| {
        let found =
            text.char_indices().find(|(at, sign)| plain.contains(sign) || encoded.iter().any(|it| starts(*at, it)));
        found.map(|(at, _)| at)
    };
    let end = first(&['?', '#', ';'], &["%3f", "%23", "%3b"]);
    if first(&['@'], &["%40"]).is_some_and(|at| end.is_none_or(|end| at < end)) {
        return f.write_str(HIDDEN);
    }
    match end {
        Some(end) => write!(f, "{}{HIDDEN}", &text[..=end]),
        None => f.write_str(text),
    }
}

/// A request target without the identifiers of the visitor.
struct Target<'a> {
    path: &'a str,
    query: Option<&'a str>,
    hidden: &'a [String],
}

impl Display for Target<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.path.split('/').enumerate() {
            f.write_str(if index == 0 { "" } else { "/" })?;
            // Parameters of a path are where some servers keep the session.
            match segment.split_once(';') {
                Some((name, _)) => write!(f, "{};{HIDDEN}", name.escape_default())?,
                None => write!(f, "{}", segment.escape_default())?,
            }
        }
        for (index, parameter) in self.query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // The name as whoever reads the query sees it.
            let spaced = name.replace('+', " ");
            let meant = decode(&spaced);
            let hidden = self.hidden.iter().any(|hidden| *hidden == meant) || is_secret(&meant.to_lowercase());
            if !value.is_empty() && hidden {
                write!(f, "{}={HIDDEN}", name.escape_default())?;
            } else if ADDRESS_PARAMETERS.contains(&&*meant) {
                write!(f, "{}=", name.escape_default())?;
                address(&value.escape_default().to_string(), f)?;
            } else {
                write!(f, "{}", parameter.escape_default())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn secrets_are_left_out_of_headers() {
        for (name, value, expected) in [
            ("host", "shop.example", "host: shop.example"),
            ("cookie", "_dvp=0:a:b; sid=secret", "cookie: _dvp=***, sid=***"),
            ("cookie", "secret", "cookie: ***"),
            ("cookie", "a=\"b;c=d\"; e=f", "cookie: a=***, e=***"),
            ("set-cookie", "sid=secret", "set-cookie: ***"),
            ("authorization", "Basic c2VjcmV0", "authorization: ***"),
            ("proxy-authorization", "secret", "proxy-authorization: ***"),
            ("x-api-key", "secret", "x-api-key: ***"),
            ("x-csrf-token", "secret", "x-csrf-token: ***"),
            ("x-password", "secret", "x-password: ***"),
            ("referer", "https://shop.example/reset?token=secret", "referer: https://shop.example/reset?***"),
            ("referer", "https://shop.example/a#id_token=secret", "referer: https://shop.example/a#***"),
            ("referer", "https://me:secret@shop.example/", "referer: ***"),
            ("referer", "https://shop.example/@me", "referer: ***"),
            ("referer", "https://shop.example/", "referer: https://shop.example/"),
            ("user-agent", "a\tb", "user-agent: a\\tb"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert_eq!(Headers(&headers).to_string(), expected);
        }
        let mut two = HeaderMap::new();
        two.insert("a", HeaderValue::from_static("1"));
        two.append("b", HeaderValue::from_bytes(b"\xe9").expect("a value"));
        assert_eq!(Headers(&two).to_string(), "a: 1; b: \\xe9");
    }

    #[test]
    fn identifiers_are_left_out_of_targets() {
        let hidden = ["p", "s", "who is"].map(str::to_owned);
        for (query, expected) in [
            (None, "/e"),
            (Some(""), "/e?"),
            (Some("p=0%3Aa%3Ab&s=x&t=a&pp=1"), "/e?p=***&s=***&t=a&pp=1"),
            (Some("%70=x&who+is=x&who%20is=x"), "/e?%70=***&who+is=***&who%20is=***"),
            (Some("p&p=&a=%zz"), "/e?p&p=&a=%zz"),
            (Some("access_token=x&Pass%57ord=x&t=a"), "/e?access_token=***&Pass%57ord=***&t=a"),
            (
                Some("l=https%3A%2F%2Fa%2Fb%3Ftoken%3Dx&r=https://a/?x&i=1"),
                "/e?l=https%3A%2F%2Fa%2Fb%***&r=https://a/?***&i=1",
            ),
            (Some("l=https%3A%2F%2Fme%3Ax%40a%2F&r=%"), "/e?l=***&r=%"),
        ] {
            assert_eq!(Target { path: "/e", query, hidden: &hidden }.to_string(), expected);
        }
        let path = "/a;jsessionid=x/b;c";
        assert_eq!(Target { path, query: None, hidden: &hidden }.to_string(), "/a;***/b;***");
    }
}
