//! The pages for the operator, on a listener of their own: metrics, health, status.
//!
//! Shows counts and states, never an event. Loopback does not keep out the operator's own browser, so every request
//! passes the [`guard`] first.

mod guard;
mod health;
mod scrape;
mod status;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};
use hyper::body::Incoming;

pub use guard::AllowedHosts;

use crate::{
    config::settings::LimitSettings,
    delivery::DeliveryStatus,
    journal::Journal,
    listen::{self, Answer, ConnInfo, Counters, Gate, Listener, Reply},
    metrics::Metrics,
};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Connections at once; scrapers and probes need few.
const CONNECTIONS_MAX: usize = 64;

/// What is at `/`.
const INDEX: &str = "headwater\n\n/metrics       counters, for Prometheus\n/health/live   whether the process answers\n\
                     /health/ready  whether it takes events and delivers them\n/status        totals and states\n";

/// What the pages show.
#[derive(Clone, Debug)]
pub struct AdminState {
    /// The journal.
    pub journal: Arc<Journal>,
    /// One per sink.
    pub deliveries: Vec<Arc<DeliveryStatus>>,
    /// All metrics.
    pub metrics: Metrics,
    /// The gate of the public listener.
    pub gate: Arc<Gate>,
}

/// Answers the requests of the admin listener.
#[derive(Debug)]
pub struct Admin {
    state: AdminState,
    hosts: AllowedHosts,
}

impl Admin {
    /// The pages over `state`, for a listener that is bound to `bound` and was configured as `host`.
    #[must_use]
    pub fn new(state: AdminState, host: &str, bound: IpAddr) -> Self {
        Self { state, hosts: AllowedHosts::new(host, bound) }
    }

    /// Serves `listener` until `stop` is done; limits as on the public listener, but fewer connections.
    ///
    /// # Errors
    /// The socket cannot be handed to the runtime.
    pub async fn serve(
        self,
        listener: Listener,
        limits: &LimitSettings,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let limits = LimitSettings { connections_max: CONNECTIONS_MAX, ..limits.clone() };
        listen::serve(listener, Arc::new(self), &limits, Counters::unseen(), stop).await
    }

    fn page(&self, method: &Method, path: &str, headers: &HeaderMap) -> Page {
        if *method != Method::GET && *method != Method::HEAD {
            return Page::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        }
        match path {
            "/" => Page::text(StatusCode::OK, INDEX),
            "/metrics" => scrape::page(&self.state, headers),
            "/health/live" => Page::text(StatusCode::OK, "live\n"),
            "/health/ready" => {
                let health = health::look(&self.state);
                let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                Page::new(status, JSON, to_json(&health))
            }
            "/status" => Page::new(StatusCode::OK, JSON, to_json(&status::look(&self.state))),
            _ => Page::text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}

impl Answer for Admin {
    async fn answer(&self, request: Request<Incoming>, _connection: &ConnInfo) -> Reply {
        let page = match self.hosts.check(request.version(), request.uri(), request.headers()) {
            Ok(()) => self.page(request.method(), request.uri().path(), request.headers()),
            Err(refusal) => Page::text(refusal.status(), refusal.to_string() + "\n"),
        };
        page.reply()
    }
}

struct Page {
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
}

impl Page {
    fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, body: body.into() }
    }

    fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::new(status, TEXT, text)
    }

    fn reply(self) -> Reply {
        let mut reply = Response::new(self.body.clone().into());
        *reply.status_mut() = self.status;
        let headers = reply.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        set(CONTENT_TYPE, self.content_type);
        set(CACHE_CONTROL, "no-store");
        set(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        set(X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(X_FRAME_OPTIONS, "DENY");
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            set(ALLOW, "GET, HEAD");
        }
        headers.insert(CONTENT_LENGTH, self.body.len().into());
        reply
    }
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("texts, numbers and lists are always JSON");
    text.push(b'\n');
    text
}
