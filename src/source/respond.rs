//! Responses, made in the header map of their request so that a small one allocates nothing.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version,
    header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SERVER},
    request::Parts,
};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;

use crate::{journal::Refused, listen::Reply};

/// Name of the server in every response that a route gives; what clients of the original see.
const SERVER_NAME: HeaderValue = HeaderValue::from_static("divolte");

/// Type of all plain texts.
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Type of reasons for programs.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Seconds after which a refused client may try again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// The reason of a 413 under its older name, as the original gives it.
const TOO_LARGE: ReasonPhrase = ReasonPhrase::from_static(b"Request Entity Too Large");

const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const ZERO: HeaderValue = HeaderValue::from_static("0");

/// What the `Connection` header of a response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    /// Nothing: HTTP/2 has no such header.
    Unsaid,
    /// `keep-alive`, on responses that have a length.
    KeepAlive,
    /// `close`.
    Close,
}

impl Persistence {
    /// What the client asked for.
    pub(super) fn asked(version: Version, headers: &HeaderMap) -> Self {
        let says = |word: &str| {
            let values = headers.get_all(CONNECTION);
            let mut words = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
            words.any(|found| found.trim().eq_ignore_ascii_case(word))
        };
        match version {
            Version::HTTP_2 => Self::Unsaid,
            Version::HTTP_11 if !headers.contains_key(CONNECTION) || !says("close") => Self::KeepAlive,
            Version::HTTP_10 if says("keep-alive") && !says("close") => Self::KeepAlive,
            _ => Self::Close,
        }
    }
}

/// A response under way.
#[derive(Debug)]
pub(super) struct Draft {
    headers: HeaderMap,
    persistence: Persistence,
}

impl Draft {
    /// A response to the request of `parts`, whose headers are gone then.
    pub(super) fn to(parts: &mut Parts) -> Self {
        let mut draft = Self::bare(parts);
        draft.set(SERVER, SERVER_NAME);
        draft
    }

    /// A response that does not name the server: one that no route gave.
    pub(super) fn bare(parts: &mut Parts) -> Self {
        let persistence = Persistence::asked(parts.version, &parts.headers);
        let mut headers = std::mem::take(&mut parts.headers);
        headers.clear();
        Self { headers, persistence }
    }

    /// Sets a header.
    pub(super) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Adds a header beside others of its name.
    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.append(name, value);
    }

    /// The connection ends after this response.
    pub(super) fn close(mut self) -> Self {
        if self.persistence == Persistence::KeepAlive {
            self.persistence = Persistence::Close;
        }
        self
    }

    /// A response with a body.
    pub(super) fn body(self, status: StatusCode, body: Bytes) -> Reply {
        self.finish(status, body)
    }

    /// A response with a short text.
    pub(super) fn text(mut self, status: StatusCode, text: impl Into<Bytes>) -> Reply {
        self.set(CONTENT_TYPE, TEXT);
        self.finish(status, text.into())
    }

    /// A response with a reason for programs: problem details (RFC 9457).
    pub(super) fn problem(mut self, status: StatusCode, code: &str, detail: &str) -> Reply {
        self.set(CONTENT_TYPE, PROBLEM);
        let title = status.canonical_reason();
        let body = serde_json::json!({"status": status.as_u16(), "title": title, "code": code, "detail": detail});
        self.finish(status, body.to_string().into())
    }

    /// A response with a length of 0, or, where the status has no body at all, without a length.
    pub(super) fn empty(mut self, status: StatusCode) -> Reply {
        if has_length(status) {
            self.set(CONTENT_LENGTH, ZERO);
        }
        self.finish(status, Bytes::new())
    }

    /// 405 with the text that the original's event routes give.
    pub(super) fn method_not_allowed(mut self, method: &Method, allowed: &'static str) -> Reply {
        self.set(ALLOW, HeaderValue::from_static(allowed));
        let text = format!("HTTP method {} not allowed.", method.as_str().to_ascii_uppercase());
        self.text(StatusCode::METHOD_NOT_ALLOWED, text)
    }

    /// The journal does not take the event: 413 for one that never fits, else 503 and when to come again.
    pub(super) fn refused(self, refused: Refused) -> Reply {
        if refused == Refused::TooLarge {
            return self.close().empty(StatusCode::PAYLOAD_TOO_LARGE);
        }
        self.retry_later().empty(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Says when to come again.
    pub(super) fn retry_later(mut self) -> Self {
        self.set(RETRY_AFTER, RETRY_AFTER_SECONDS);
        self
    }

    fn finish(mut self, status: StatusCode, body: Bytes) -> Reply {
        match self.persistence {
            Persistence::KeepAlive if has_length(status) => self.set(CONNECTION, KEEP_ALIVE),
            Persistence::Close => self.set(CONNECTION, CLOSE),
            _ => {}
        }
        let mut reply = Response::new(Full::new(body));
        *reply.status_mut() = status;
        *reply.headers_mut() = self.headers;
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            reply.extensions_mut().insert(TOO_LARGE);
        }
        reply
    }
}

fn has_length(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The method as a route sees it: the original reads methods without regard to case.
pub(super) fn canonical_method(method: Method) -> Method {
    match method.as_str() {
        text if text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            Method::from_bytes(text.to_ascii_uppercase().as_bytes()).unwrap_or(method)
        }
        _ => method,
    }
}

/// Whether the first `If-None-Match` has the tag (which is without quotes), weak or strong, or `"*"` in quotes.
pub(super) fn none_match_has(headers: &HeaderMap, tag: &str) -> bool {
    let Some(value) = headers.get(http::header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    quoted(value).any(|found| found == tag || found == "*")
}

/// The texts in quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    // Pieces between quotes: every second one was inside; a last one without its closing quote was not.
    let last = text.matches('"').count();
    text.split('"').enumerate().filter(move |(index, _)| index % 2 == 1 && *index < last).map(|(_, piece)| piece)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn connections_persist_as_http_says() {
        for (version, connection, expected) in [
            (Version::HTTP_11, None, Persistence::KeepAlive),
            (Version::HTTP_11, Some("Upgrade, HTTP2-Settings"), Persistence::KeepAlive),
            (Version::HTTP_11, Some("TE, Close"), Persistence::Close),
            (Version::HTTP_10, None, Persistence::Close),
            (Version::HTTP_10, Some("Keep-Alive"), Persistence::KeepAlive),
            (Version::HTTP_2, None, Persistence::Unsaid),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(connection.map(|value| (CONNECTION, HeaderValue::from_static(value))));
            assert_eq!(Persistence::asked(version, &headers), expected, "{version:?} {connection:?}");
        }
    }

    #[test]
    fn tags_are_compared_weakly_and_only_in_quotes() {
        for (value, expected) in [
            ("\"tag\"", true),
            ("W/\"tag\"", true),
            ("\"x\", \"tag\"", true),
            ("\"*\"", true),
            ("*", false),
            ("tag", false),
            ("\"other\"", false),
            ("", false),
            ("\"a\" tag \"b\"", false),
            ("\"tag", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::IF_NONE_MATCH, HeaderValue::from_static(value));
            assert_eq!(none_match_has(&headers, "tag"), expected, "{value}");
        }
    }

    #[test]
    fn nothing_of_the_request_is_left_in_the_response() {
        let request = Request::builder().header("x-secret", "1").header("accept", "a").header("accept", "b").body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        let reply = Draft::to(&mut parts).empty(StatusCode::NOT_FOUND);
        let mut names: Vec<_> = reply.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["connection", "content-length", "server"]);
    }

    #[test]
    fn lower_case_methods_are_understood() {
        for (given, expected) in [("get", "GET"), ("Foo", "FOO"), ("POST", "POST")] {
            assert_eq!(canonical_method(Method::from_bytes(given.as_bytes()).unwrap()).as_str(), expected);
        }
    }
}
