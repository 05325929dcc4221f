//! The pages for the operator, on a listener of their own: metrics, health, status, and a live view of the events.
//!
//! Loopback does not keep out the operator's own browser, so every request passes the [`guard`] first. Counts and
//! states are for all who come that far; what shows events is for those who have the [`token`].

mod guard;
mod health;
mod live;
mod scrape;
mod status;
#[cfg(test)]
mod tests;
mod token;

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
        WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    response::Parts,
};
use hyper::body::Incoming;
use uuid::Uuid;

pub use guard::AllowedHosts;
pub use live::AdminBody;
pub(crate) use live::SealedPage;
pub use token::Token;

use live::LiveBody;

use crate::{
    config::settings::LimitSettings,
    delivery::{DeliveryStatus, current::InForce, live::Window},
    journal::Journal,
    listen::{self, Answer, ConnInfo, Counters, Gate, Listener},
    metrics::Metrics,
};

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const EVENT_STREAM: &str = "text/event-stream";
pub(crate) const JSON: &str = "application/json";

/// Connections at once; scrapers and probes need few.
const CONNECTIONS_MAX: usize = 64;

/// What may run on pages that have nothing to run.
const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'";

/// Seconds after which one may try again whether a viewer has left.
const RETRY_SECONDS: &str = "10";

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
    /// What the deliveries show.
    pub window: Arc<Window>,
    /// Which mappings are in force.
    pub mappings: Arc<InForce>,
}

/// Answers the requests of the admin listener.
#[derive(Debug)]
pub struct Admin {
    state: AdminState,
    hosts: AllowedHosts,
    token: Token,
    /// Tells this process from the next one.
    run: Arc<str>,
}

impl Admin {
    /// The pages over `state`, for a listener that is bound to `bound` and was configured as `host`. Events are shown
    /// to who brings `token`.
    #[must_use]
    pub fn new(state: AdminState, host: &str, bound: IpAddr, token: Token) -> Self {
        let run = Uuid::new_v4().simple().to_string().into();
        Self { state, hosts: AllowedHosts::new(host, bound), token, run }
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
        let window = Arc::clone(&self.state.window);
        let stop = async move {
            stop.await;
            // Streams have no end of their own that could be waited for.
            window.close();
        };
        listen::serve(listener, Arc::new(self), &limits, Counters::unseen(), stop).await
    }

    /// `trusted`: the request has brought the token.
    fn page(&self, method: &Method, path: &str, headers: &HeaderMap, trusted: bool) -> Page {
        if *method != Method::GET && *method != Method::HEAD {
            return Page::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        }
        match path {
            "/" => Page::live(trusted),
            "/live" if trusted => Page::new(StatusCode::OK, EVENT_STREAM, Bytes::new()),
            "/live" => Page::text(StatusCode::UNAUTHORIZED, "bring the token that the start has printed\n"),
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

    /// The stream that feeds the live page.
    fn live(&self, connection: &ConnInfo) -> Response<AdminBody> {
        match self.state.window.open() {
            Ok(viewer) => {
                let body = LiveBody::new(self.state.clone(), Arc::clone(&self.run), viewer, connection.hold());
                let (head, _) = Page::new(StatusCode::OK, EVENT_STREAM, Bytes::new()).head();
                Response::from_parts(head, AdminBody::Live(Box::new(body)))
            }
            Err(reason) => {
                let mut reply = Page::text(StatusCode::SERVICE_UNAVAILABLE, reason.to_string() + "\n").reply();
                reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
                reply
            }
        }
    }
}

impl Answer for Admin {
    type Body = AdminBody;

    async fn answer(&self, request: Request<Incoming>, connection: &ConnInfo) -> Response<AdminBody> {
        let (uri, headers) = (request.uri(), request.headers());
        if let Err(refusal) = self.hosts.check(request.version(), uri, headers) {
            return Page::text(refusal.status(), refusal.to_string() + "\n").reply();
        }
        match (self.token.is_with(uri, headers), request.method(), uri.path()) {
            (true, &Method::GET, "/live") => self.live(connection),
            (trusted, method, path) => self.page(method, path, headers, trusted).reply(),
        }
    }
}

/// An answer that forbids everything but what its policy allows.
pub(crate) struct Page {
    status: StatusCode,
    content_type: &'static str,
    policy: HeaderValue,
    body: Bytes,
}

impl Page {
    /// An answer on which nothing runs.
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, policy: HeaderValue::from_static(NOTHING_RUNS), body: body.into() }
    }

    /// An answer for people.
    pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::new(status, TEXT, text)
    }

    /// The live page. It shows nothing by itself, and asks for the token where none was brought.
    fn live(trusted: bool) -> Self {
        Self::sealed(&live::PAGE, trusted)
    }

    /// A page that runs its own script alone.
    pub(crate) fn sealed(page: &SealedPage, trusted: bool) -> Self {
        let status = if trusted { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        Self { policy: page.policy.clone(), ..Self::new(status, HTML, page.html.clone()) }
    }

    pub(crate) fn reply(self) -> Response<AdminBody> {
        let (mut head, body) = self.head();
        head.headers.insert(CONTENT_LENGTH, body.len().into());
        Response::from_parts(head, AdminBody::Whole(body.into()))
    }

    /// Status and headers, without a length.
    fn head(self) -> (Parts, Bytes) {
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = self.status;
        let mut set =
            |name: HeaderName, value: &'static str| head.headers.insert(name, HeaderValue::from_static(value));
        set(CONTENT_TYPE, self.content_type);
        set(CACHE_CONTROL, "no-store");
        set(X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(X_FRAME_OPTIONS, "DENY");
        set(REFERRER_POLICY, "no-referrer");
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => drop(set(ALLOW, "GET, HEAD")),
            StatusCode::UNAUTHORIZED => drop(set(WWW_AUTHENTICATE, "Bearer")),
            _ => {}
        }
        head.headers.insert(CONTENT_SECURITY_POLICY, self.policy);
        (head, self.body)
    }
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("texts, numbers and lists are always JSON");
    text.push(b'\n');
    text
}
