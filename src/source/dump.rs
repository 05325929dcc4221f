//! `debug_requests`: every request and answer in the log, for tests. What logs somebody in and who a visitor is are left
//! out; a body is never shown.

use std::fmt::{self, Display, Formatter};

use http::{HeaderMap, header, request::Parts};

use super::target::decode;
use crate::{
    config::settings::{Settings, SourceSettings},
    listen::{ConnInfo, Reply},
};

/// Stands for what is left out.
const HIDDEN: &str = "***";

/// Parts of the names of headers that hold secrets.
const SECRET_WORDS: [&str; 7] = ["auth", "cookie", "credential", "key", "secret", "session", "token"];

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
                cookies(value.as_bytes(), f)?;
            } else if SECRET_WORDS.iter().any(|word| name.contains(word)) {
                f.write_str(HIDDEN)?;
            } else {
                write!(f, "{}", value.as_bytes().escape_ascii())?;
            }
        }
        Ok(())
    }
}

/// The names of cookies.
fn cookies(value: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
    for (index, cookie) in value.split(|byte| *byte == b';').enumerate() {
        let between = if index == 0 { "" } else { ", " };
        match cookie.iter().position(|byte| *byte == b'=') {
            Some(end) => write!(f, "{between}{}={HIDDEN}", cookie[..end].trim_ascii().escape_ascii())?,
            None => write!(f, "{between}{HIDDEN}")?,
        }
    }
    Ok(())
}

/// A request target without the identifiers of the visitor.
struct Target<'a> {
    path: &'a str,
    query: Option<&'a str>,
    hidden: &'a [String],
}

impl Display for Target<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.escape_default())?;
        for (index, parameter) in self.query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // The name as whoever reads the query sees it.
            let meant = name.replace('+', " ");
            if !value.is_empty() && self.hidden.iter().any(|hidden| *hidden == decode(&meant)) {
                write!(f, "{}={HIDDEN}", name.escape_default())?;
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
            ("cookie", "a=\"b;c\"", "cookie: a=***, ***"),
            ("set-cookie", "sid=secret", "set-cookie: ***"),
            ("authorization", "Basic c2VjcmV0", "authorization: ***"),
            ("proxy-authorization", "secret", "proxy-authorization: ***"),
            ("x-api-key", "secret", "x-api-key: ***"),
            ("x-csrf-token", "secret", "x-csrf-token: ***"),
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
        ] {
            assert_eq!(Target { path: "/e", query, hidden: &hidden }.to_string(), expected);
        }
    }
}
