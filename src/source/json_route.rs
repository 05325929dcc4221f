//! The JSON endpoint as HTTP: method, type, size, and only then the body; its content is not looked at here.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::{
    accepted::Accepted,
    json::JsonSource,
    respond::Draft,
    router::{Answered, Shared},
    target::check_query,
};
use crate::{
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
            Ok(Err(error)) => return Ok(Draft::to(parts).close().empty(error.status())),
            Err(_) => return Ok(Draft::to(parts).close().empty(BodyError::Slow.status())),
        };
        if body.is_empty() {
            return Ok(Draft::to(parts).empty(StatusCode::BAD_REQUEST));
        }
        let address = shared.client_address(&parts.headers, connection);
        let status = match self.source.accept(parts.uri.query(), &parts.headers, &body, &address) {
            Accepted::Taken(ticket) => match ticket.reached(self.durability).await {
                Ok(()) => StatusCode::NO_CONTENT,
                Err(refused) => return Ok(Draft::to(parts).refused(refused)),
            },
            Accepted::Dropped(_) => StatusCode::NO_CONTENT,
            Accepted::Bad(_) => StatusCode::BAD_REQUEST,
            Accepted::Refused(refused) => return Ok(Draft::to(parts).refused(refused)),
        };
        Ok(Draft::to(parts).empty(status))
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
        if body.is_end_stream() {
            return Some(Draft::to(parts).empty(StatusCode::BAD_REQUEST));
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
