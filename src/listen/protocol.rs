//! How HTTP is spoken here: one builder for the public listener, the admin listener and the benchmark's bare server.

use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};

use crate::config::settings::LimitSettings;

/// Builder of the connections, HTTP/1.1 or HTTP/2 by prior knowledge.
pub type Builder = auto::Builder<TokioExecutor>;

/// Smallest buffer for a head that the HTTP library works with.
const HEAD_BYTES_MIN: usize = 8192;

/// Number of header lines for which the HTTP library needs no allocation.
const HEADERS_ON_STACK: usize = 100;

/// Bytes of bodies that an HTTP/2 connection may send before they are looked at: many events, and little in the hands of
/// a client that has its bodies pile up.
const WINDOW_BYTES: u32 = 64 * 1024 - 1;

/// The configured builder. Time limits are not here: [`super::serve`] sweeps over its connections.
#[must_use]
pub fn builder(limits: &LimitSettings) -> Builder {
    let head_bytes_max = limits.head_bytes_max.max(HEAD_BYTES_MIN);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    http1
        // A client that has sent all it wants to say may close its half and still gets its answer.
        .half_close(true)
        // Head and body of a small response are copied into one buffer: cheaper than a vectored write.
        .writev(false)
        .max_buf_size(head_bytes_max);
    if limits.headers_max != HEADERS_ON_STACK {
        http1.max_headers(limits.headers_max);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams_max)
        .max_pending_accept_reset_streams(limits.http2_resets_max)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_header_list_size(u32::try_from(head_bytes_max).unwrap_or(u32::MAX));
    builder
}
