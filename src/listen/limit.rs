//! Limits that the HTTP library does not know: on the request line, on header lines in HTTP/2, and on what all unfinished
//! heads together take.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use http::{HeaderValue, Request, Response, StatusCode, Version, header::CONNECTION};
use hyper::body::Incoming;
use prometheus_client::metrics::counter::Counter;

use crate::config::settings::LimitSettings;

/// Bytes of a head that no budget counts: more than browsers send, and what the HTTP library has in hand anyway.
const HEAD_BYTES_FREE: usize = 16 * 1024;

/// What a request may be made of, looked at once its head is read.
#[derive(Debug)]
pub(super) struct RequestLimit {
    request_line_bytes_max: usize,
    /// The HTTP library holds HTTP/1.1 to that; in HTTP/2 it knows only the bytes, and by referring to its tables a
    /// client can have a great many lines for one byte each.
    headers_max: usize,
    /// Requests that were over it.
    refused: Counter,
}

impl RequestLimit {
    pub(super) fn new(limits: &LimitSettings, refused: Counter) -> Self {
        let (request_line_bytes_max, headers_max) = (limits.request_line_bytes_max, limits.headers_max);
        Self { request_line_bytes_max, headers_max, refused }
    }

    /// The answer to a request that is over a limit.
    pub(super) fn refuse<B: Default>(&self, request: &Request<Incoming>) -> Option<Response<B>> {
        let status = if request.headers().len() > self.headers_max {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        } else if request_line_bytes(request) > self.request_line_bytes_max {
            StatusCode::URI_TOO_LONG
        } else {
            return None;
        };
        self.refused.inc();
        let mut reply = Response::default();
        *reply.status_mut() = status;
        if request.version() != Version::HTTP_2 {
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Some(reply)
    }
}

/// Length of the request line, or of what it would be in HTTP/1.1.
fn request_line_bytes(request: &Request<Incoming>) -> usize {
    let uri = request.uri();
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    request.method().as_str().len() + scheme + authority + path + "  HTTP/1.1".len()
}

/// Room that the unfinished heads of all connections share beyond what each has for free.
#[derive(Debug)]
pub(super) struct HeadRoom {
    left: AtomicUsize,
    /// Heads that found none.
    refused: Counter,
}

impl HeadRoom {
    pub(super) fn new(limits: &LimitSettings, refused: Counter) -> Self {
        Self { left: AtomicUsize::new(limits.head_memory_bytes_max), refused }
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok();
        if !taken {
            self.refused.inc();
        }
        taken
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Relaxed);
    }
}

/// What the head of one connection has taken so far.
#[derive(Debug, Default)]
pub(super) struct HeadShare {
    /// Bytes of the head.
    seen: AtomicUsize,
    /// Bytes of the shared room.
    held: AtomicUsize,
}

impl HeadShare {
    /// Counts further bytes of a head; says whether there was room for them.
    pub(super) fn grow(&self, bytes: usize, room: &HeadRoom) -> bool {
        // Only the task of the connection writes this.
        let seen = self.seen.load(Relaxed).saturating_add(bytes);
        self.seen.store(seen, Relaxed);
        if seen <= HEAD_BYTES_FREE {
            return true;
        }
        let taken = room.take(bytes);
        if taken {
            self.held.fetch_add(bytes, Relaxed);
        }
        taken
    }

    /// The head is read, or given up.
    pub(super) fn end(&self, room: &HeadRoom) {
        self.seen.store(0, Relaxed);
        if self.held.load(Relaxed) > 0 {
            room.give_back(self.held.swap(0, Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_share_what_is_beyond_their_own() {
        let limits = LimitSettings { head_memory_bytes_max: 1000, ..LimitSettings::default() };
        let refused = Counter::default();
        let room = HeadRoom::new(&limits, refused.clone());
        let (one, other) = (HeadShare::default(), HeadShare::default());
        assert!(one.grow(HEAD_BYTES_FREE, &room) && other.grow(HEAD_BYTES_FREE, &room), "their own");
        assert!(one.grow(900, &room));
        assert!(!other.grow(101, &room));
        assert_eq!(refused.get(), 1);
        other.end(&room);
        one.end(&room);
        one.end(&room);
        assert_eq!(room.left.load(Relaxed), 1000);
        assert!(other.grow(HEAD_BYTES_FREE, &room) && other.grow(1000, &room));
    }
}
