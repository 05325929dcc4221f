//! The pixel endpoint as HTTP: the same GIF whatever becomes of the event.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, PRAGMA},
    request::Parts,
};
use tokio::time::{Instant, sleep_until};

use super::{
    accepted::Accepted,
    browser::BrowserSource,
    cors::Origins,
    respond::{Draft, none_match_has},
    router::{Answered, Shared},
    target::{BadTarget, check_query},
};
use crate::{
    config::settings::{PixelAnswer, ProxySettings},
    journal::Durability,
    listen::ConnInfo,
};

/// A transparent GIF (version 89a) of one pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0!\xf9\x04\x01\x0a\0\x01\0,\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0;";

/// Tag of the GIF. A client that sends it back repeats a request that was an event already.
const TAG: &str = "6b3edc43-20ec-4078-bc47-e965dd76b88a";
const ETAG_VALUE: HeaderValue = HeaderValue::from_static("\"6b3edc43-20ec-4078-bc47-e965dd76b88a\"");
const IMAGE: HeaderValue = HeaderValue::from_static("image/gif");
const UNCACHED: HeaderValue = HeaderValue::from_static("private, no-cache, proxy-revalidate");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const LONG_AGO: HeaderValue = HeaderValue::from_static("Fri, 14 Apr 1995 11:30:00 GMT");

/// The event route of a browser source.
pub(super) struct PixelRoute {
    pub(super) source: BrowserSource,
    pub(super) delay: Duration,
    /// What the answer waits for.
    pub(super) durability: Durability,
    pub(super) answer: PixelAnswer,
    pub(super) origins: Origins,
    pub(super) proxies: ProxySettings,
}

impl PixelRoute {
    /// Answers a request whose target has been checked.
    pub(super) async fn answer(&self, shared: &Shared, parts: &mut Parts, connection: &ConnInfo) -> Answered {
        if parts.method != Method::GET {
            check_query(parts.uri.query(), shared.query_parameters_max)?;
            if let Some(reply) = self.origins.preflight(parts) {
                return Ok(reply);
            }
            let method = parts.method.clone();
            return Ok(Draft::to(parts).method_not_allowed(&method, "GET"));
        }
        let answer_at = (!self.delay.is_zero()).then(|| Instant::now() + self.delay);
        let grant = self.origins.grant(&parts.headers);
        let refused = |parts: &mut Parts, refused| {
            let mut draft = Draft::to(parts);
            grant.set(&mut draft);
            Ok(draft.refused(refused))
        };
        let mut status = match self.answer {
            PixelAnswer::Gif => StatusCode::OK,
            PixelAnswer::Empty => StatusCode::NO_CONTENT,
        };
        if none_match_has(&parts.headers, TAG) {
            check_query(parts.uri.query(), shared.query_parameters_max)?;
            status = StatusCode::NOT_MODIFIED;
        } else {
            let address = shared.client_address(&parts.headers, connection, &self.proxies);
            match self.source.accept(parts.uri.query(), &parts.headers, &address) {
                Accepted::Taken(ticket) => {
                    if let Err(why) = ticket.reached(self.durability).await {
                        return refused(parts, why);
                    }
                }
                Accepted::Dropped(_) => {}
                Accepted::Bad(_) | Accepted::BadBatch(_) => {
                    check_query(parts.uri.query(), shared.query_parameters_max)?;
                    return Err(BadTarget::Escape);
                }
                Accepted::Refused(why) => return refused(parts, why),
            }
        }
        if let Some(answer_at) = answer_at {
            sleep_until(answer_at).await;
        }
        let mut draft = Draft::to(parts);
        grant.set(&mut draft);
        if self.answer == PixelAnswer::Gif {
            draft.set(CONTENT_TYPE, IMAGE);
            draft.set(ETAG, ETAG_VALUE);
        }
        draft.set(CACHE_CONTROL, UNCACHED);
        draft.set(PRAGMA, NO_CACHE);
        draft.set(EXPIRES, LONG_AGO);
        if status == StatusCode::OK {
            return Ok(draft.body(status, Bytes::from_static(GIF)));
        }
        Ok(draft.empty(status))
    }
}
