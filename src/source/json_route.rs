//! The JSON endpoint as HTTP: method, type, size, and only then the body; its content is not looked at here.
//!
//! A source that is strict says why there is no event, and takes compressed bodies; one that is not answers as the
//! original, which took them for broken ones.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::{
    accepted::Accepted,
    inflate::{Encoding, InflateError, gunzip},
    json::JsonSource,
    respond::Draft,
    router::{Answered, Shared},
    target::check_query,
};
use crate::{
    config::settings::ProxySettings,
    event::json::JsonError,
    journal::Durability,
    listen::{ConnInfo, Reply},
};

const METHOD: &str = "POST";
const MEDIA_TYPE: &str = "application/json";

/// The route of a JSON source.
pub(super) struct JsonRoute {
    pub(super) source: JsonSource,
    pub(super) body_bytes_max: usize,
    pub(super) body_timeout: Duration,
    pub(super) strict: bool,
    pub(super) proxies: ProxySettings,
    /// What the answer waits for.
    pub(super) durability: Durability,
}

/// Why a body is not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyError {
    TooLarge,
    Broken,
    Slow,
}

impl BodyError {
    fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl JsonRoute {
    /// Answers a request whose target has been checked.
    pub(super) async fn answer(
        &self,
        shared: &Shared,
        parts: &mut Parts,
        body: Incoming,
        connection: &ConnInfo,
    ) -> Answered {
        check_query(parts.uri.query(), shared.query_parameters_max)?;
        if let Some(reply) = self.turn_away(parts, &body) {
            return Ok(reply);
        }
        let body = match timeout(self.body_timeout, read(body, self.body_bytes_max)).await {
            Ok(Ok(body)) => body,
            Ok(Err(BodyError::Broken)) => return Ok(self.refuse(Draft::to(parts).close(), "body")),
            Ok(Err(error)) => return Ok(Draft::to(parts).close().empty(error.status())),
            Err(_) => return Ok(Draft::to(parts).close().empty(BodyError::Slow.status())),
        };
        let body = match self.inflated(&parts.headers, body) {
            Ok(body) if !body.is_empty() => body,
            Ok(_) => return Ok(self.bad(parts, "no_body")),
            Err(InflateError::TooLarge) => return Ok(Draft::to(parts).empty(BodyError::TooLarge.status())),
            Err(InflateError::Broken) => return Ok(self.bad(parts, "content_encoding")),
        };
        let address = shared.client_address(&parts.headers, connection, &self.proxies);
        Ok(match self.source.accept(parts.uri.query(), &parts.headers, &body, &address) {
            Accepted::Taken(ticket) => match ticket.reached(self.durability).await {
                Ok(()) => Draft::to(parts).empty(StatusCode::NO_CONTENT),
                Err(refused) => Draft::to(parts).refused(refused),
            },
            Accepted::Dropped(code) if self.strict => self.bad(parts, code),
            Accepted::Dropped(_) => Draft::to(parts).empty(StatusCode::NO_CONTENT),
            Accepted::Bad(code) => self.bad(parts, code),
            Accepted::BadBatch(error) => {
                Draft::to(parts).problem(StatusCode::BAD_REQUEST, error.code(), &error.to_string())
            }
            Accepted::Refused(refused) => Draft::to(parts).refused(refused),
        })
    }

    fn bad(&self, parts: &mut Parts, code: &'static str) -> Reply {
        self.refuse(Draft::to(parts), code)
    }

    /// 400, with the reason if the source is strict.
    fn refuse(&self, draft: Draft, code: &'static str) -> Reply {
        if !self.strict {
            return draft.empty(StatusCode::BAD_REQUEST);
        }
        let event = || JsonError::ALL.into_iter().find(|error| error.code() == code);
        let detail = match code {
            "no_body" => "there is no body".to_owned(),
            "body" => "the body does not end where it was said to".to_owned(),
            "content_encoding" => "the body is not gzip as its content encoding says".to_owned(),
            "party_id" => format!(
                "the party id, parameter `{}` of the query, is missing or invalid",
                self.source.party_id_parameter()
            ),
            _ => event().map_or_else(|| "the query cannot be decoded".to_owned(), |error| error.to_string()),
        };
        draft.problem(StatusCode::BAD_REQUEST, code, &detail)
    }

    /// The body as it was before it was compressed.
    fn inflated(&self, headers: &HeaderMap, body: Bytes) -> Result<Bytes, InflateError> {
        if self.strict && Encoding::of(headers) == Encoding::Gzip {
            gunzip(&body, self.body_bytes_max)
        } else {
            Ok(body)
        }
    }

    /// The checks before the body, which is not asked for (`Expect: 100-continue`) before they are passed.
    fn turn_away(&self, parts: &mut Parts, body: &Incoming) -> Option<Reply> {
        if parts.method != Method::POST {
            let method = parts.method.clone();
            return Some(Draft::to(parts).method_not_allowed(&method, METHOD));
        }
        if !is_json(&parts.headers) {
            let text = "Content type must be application/json.";
            return Some(Draft::to(parts).text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
        }
        if self.strict && Encoding::of(&parts.headers) == Encoding::Other {
            let mut draft = Draft::to(parts);
            draft.set(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            let detail = "the content encoding is not one of gzip and identity";
            return Some(draft.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_encoding", detail));
        }
        if body.is_end_stream() {
            return Some(self.bad(parts, "no_body"));
        }
        if body.size_hint().lower() > self.body_bytes_max as u64 {
            return Some(Draft::to(parts).close().empty(BodyError::TooLarge.status()));
        }
        None
    }
}

/// Whether there is one content type and it is exactly that of JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let one = types.next().filter(|_| types.next().is_none());
    one.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes()))
}

/// The whole body. One that comes in one piece is not copied.
async fn read(mut body: Incoming, bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if whole.len() + pieces.len() + piece.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&piece);
        }
    }
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}
