//! Which route answers a request: exact paths, fixed at start.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header::CONNECTION, request::Parts};
use hyper::body::Incoming;
use prometheus_client::metrics::counter::Counter;

use super::{
    Intake,
    browser::BrowserSource,
    cookies,
    cors::Origins,
    count::RouteCounters,
    dump::Dump,
    json::JsonSource,
    json_route::JsonRoute,
    page::{Page, answer_unrouted},
    pixel_route::PixelRoute,
    respond::{Draft, canonical_method},
    script::Script,
    shop::Shop,
    target::{self, BadTarget},
};
use crate::{
    config::settings::{BrowserSettings, JsonSettings, ProxySettings, Settings, SourceSettings},
    event::Keep,
    listen::{Answer, ConnInfo, Gate, Phase, Reply, Shut, proxy},
    metrics::{Metrics, Stopwatch},
    util::clock::Clock,
};

/// A response, or the reason for a bare 400.
pub(super) type Answered = Result<Reply, BadTarget>;

/// What a router is made of beside the settings.
#[derive(Clone)]
pub struct RouterParts {
    /// The way into the journal.
    pub intake: Intake,
    /// Headers and cookies that events keep.
    pub keep: Arc<Keep>,
    /// Time of events and of the index page.
    pub clock: Arc<dyn Clock>,
    /// Where requests are counted.
    pub metrics: Metrics,
    /// What lets requests in.
    pub gate: Arc<Gate>,
}

/// What all routes need.
pub(super) struct Shared {
    use_x_forwarded_for: bool,
    pub(super) query_parameters_max: usize,
}

impl Shared {
    /// The client's address as events of a source with these proxies show it.
    pub(super) fn client_address<'a>(
        &self,
        headers: &'a HeaderMap,
        connection: &'a ConnInfo,
        proxies: &ProxySettings,
    ) -> Cow<'a, str> {
        if self.use_x_forwarded_for {
            proxy::client_address(headers, connection, proxies)
        } else {
            Cow::Borrowed(connection.address())
        }
    }
}

enum Route {
    Pixel(PixelRoute),
    Script(Script),
    Json(JsonRoute),
    Ping,
}

impl Route {
    /// Its number in [`Counters::routes`].
    fn kind(&self) -> usize {
        match self {
            Self::Pixel(_) => 0,
            Self::Json(_) => 1,
            Self::Script(_) => 2,
            Self::Ping => 3,
        }
    }
}

/// Where load balancers ask.
const PING: &str = "/ping";

/// Number of everything that is no route in [`Counters::routes`].
const UNROUTED: usize = 4;

struct Counters {
    routes: [RouteCounters; 5],
    /// Requests that no route saw.
    none: RouteCounters,
    bad: [Counter; BadTarget::ALL.len()],
    overload: Counter,
}

impl Counters {
    fn new(metrics: &Metrics) -> Self {
        use StatusCode as S;
        let route = |name: &str, statuses: &[StatusCode]| RouteCounters::new(metrics, name, statuses);
        let (full, large) = (S::SERVICE_UNAVAILABLE, S::PAYLOAD_TOO_LARGE);
        let (no_method, not_found) = (S::METHOD_NOT_ALLOWED, S::NOT_FOUND);
        Self {
            routes: [
                route("pixel", &[S::OK, S::NO_CONTENT, S::NOT_MODIFIED, no_method, full, large]),
                route(
                    "json",
                    &[
                        S::NO_CONTENT,
                        S::BAD_REQUEST,
                        no_method,
                        S::REQUEST_TIMEOUT,
                        large,
                        S::UNSUPPORTED_MEDIA_TYPE,
                        full,
                    ],
                ),
                route("script", &[S::OK, S::NOT_MODIFIED, S::NO_CONTENT, no_method]),
                route("ping", &[S::OK, full]),
                route(
                    "static",
                    &[
                        S::OK,
                        not_found,
                        S::PARTIAL_CONTENT,
                        S::NOT_MODIFIED,
                        no_method,
                        S::PRECONDITION_FAILED,
                        S::RANGE_NOT_SATISFIABLE,
                        S::NOT_IMPLEMENTED,
                    ],
                ),
            ],
            none: route("none", &[S::BAD_REQUEST, full]),
            bad: BadTarget::ALL.map(|bad| metrics.bad_requests(bad.reason())),
            overload: metrics.bad_requests("overload"),
        }
    }
}

/// Answers the requests of the public listener.
pub struct Router {
    /// By path.
    routes: Vec<(Box<str>, Route)>,
    page: Option<Page>,
    /// In the place of the page when there is no configuration file.
    shop: Option<Shop>,
    shared: Shared,
    gate: Arc<Gate>,
    counters: Counters,
    dump: Option<Dump>,
}

impl Router {
    /// The routes of all sources, `/ping`, and the index page if it is wanted; without a configuration file, the demo
    /// shop instead.
    #[must_use]
    pub fn new(settings: &Settings, parts: &RouterParts) -> Self {
        let server = &settings.server;
        let mut router = Self {
            routes: Vec::new(),
            page: None,
            shop: None,
            shared: Shared {
                use_x_forwarded_for: server.use_x_forwarded_for,
                query_parameters_max: server.limits.query_parameters_max,
            },
            gate: Arc::clone(&parts.gate),
            counters: Counters::new(&parts.metrics),
            dump: Dump::new(settings),
        };
        let mut script_path = None;
        for source in &settings.sources {
            match source {
                SourceSettings::Browser(browser) => {
                    let path = router.add_browser(browser, settings, parts);
                    script_path.get_or_insert(path);
                }
                SourceSettings::Json(json) => router.add_json(json, settings, parts),
            }
        }
        router.add(PING, Route::Ping);
        if server.serve_static_resources && settings.embedded {
            router.shop = Some(Shop::new(script_path.as_deref()));
        } else if server.serve_static_resources {
            router.page = Some(Page::new(script_path.as_deref(), parts.clock.now_ms()));
        }
        router
    }

    fn add_browser(&mut self, browser: &BrowserSettings, settings: &Settings, parts: &RouterParts) -> String {
        let source = BrowserSource::new(
            browser,
            Arc::clone(&parts.keep),
            parts.intake.clone(),
            Arc::clone(&parts.clock),
            &parts.metrics,
            self.shared.query_parameters_max,
        );
        let script_path = format!("{}{}", browser.prefix, browser.javascript_name);
        self.add(&script_path, Route::Script(Script::new(browser)));
        let pixel = PixelRoute {
            source,
            durability: browser.durability.unwrap_or(settings.journal.durability),
            delay: browser.http_response_delay,
            answer: browser.response,
            origins: Origins::new(&browser.allowed_origins),
            proxies: browser.proxies.clone(),
        };
        self.add(&format!("{}{}", browser.prefix, browser.event_suffix), Route::Pixel(pixel));
        script_path
    }

    fn add_json(&mut self, json: &JsonSettings, settings: &Settings, parts: &RouterParts) {
        let source = JsonSource::new(
            json,
            Arc::clone(&parts.keep),
            parts.intake.clone(),
            Arc::clone(&parts.clock),
            &parts.metrics,
            self.shared.query_parameters_max,
        );
        let route = JsonRoute {
            source,
            durability: json.durability.unwrap_or(settings.journal.durability),
            body_bytes_max: json.body_bytes_max,
            body_timeout: settings.server.limits.body_timeout,
            strict: json.strict,
            proxies: json.proxies.clone(),
        };
        self.add(&json.event_path, Route::Json(route));
    }

    /// Adds a route; an earlier one at the same path gives way.
    fn add(&mut self, path: &str, route: Route) {
        // Slashes only: an escape in a configured path has never matched anything.
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let path = format!("/{}", segments.join("/")).into_boxed_str();
        match self.routes.binary_search_by(|(known, _)| known.cmp(&path)) {
            Ok(index) => self.routes[index].1 = route,
            Err(index) => self.routes.insert(index, (path, route)),
        }
    }

    fn find(&self, path: &str) -> Option<&Route> {
        let index = self.routes.binary_search_by(|(known, _)| known.as_ref().cmp(path)).ok()?;
        Some(&self.routes[index].1)
    }

    /// From now on events keep these headers and cookies.
    pub fn keep(&self, keep: &Keep) {
        for (_, route) in &self.routes {
            match route {
                Route::Pixel(pixel) => pixel.source.keep(keep),
                Route::Json(json) => json.source.keep(keep),
                Route::Script(_) | Route::Ping => {}
            }
        }
    }

    /// Whether a request to this path may bring an event.
    #[must_use]
    pub fn takes_events(&self, path: &str) -> bool {
        let normal = target::normalise(path).map(|normal| normal.path);
        let route = self.find(path).or_else(|| self.find(normal.as_deref().ok()?));
        matches!(route, Some(Route::Pixel(_) | Route::Json(_)))
    }

    async fn dispatch(
        &self,
        parts: &mut Parts,
        body: Incoming,
        connection: &ConnInfo,
        stopwatch: Stopwatch,
    ) -> Answered {
        target::check(parts.version, &parts.uri, &parts.headers)?;
        if let Some(route) = self.find(parts.uri.path()) {
            return self.follow(route, parts, body, connection, stopwatch).await;
        }
        if target::is_special(parts.uri.path()) {
            let normal = target::normalise(parts.uri.path())?;
            match self.find(&normal.path) {
                Some(route) => self.follow(route, parts, body, connection, stopwatch).await,
                None => self.unrouted(&normal.path, normal.slash, parts, stopwatch).await,
            }
        } else {
            let uri = parts.uri.clone();
            self.unrouted(uri.path(), false, parts, stopwatch).await
        }
    }

    async fn follow(
        &self,
        route: &Route,
        parts: &mut Parts,
        body: Incoming,
        connection: &ConnInfo,
        stopwatch: Stopwatch,
    ) -> Answered {
        let reply = match route {
            Route::Pixel(pixel) => pixel.answer(&self.shared, parts, connection).await?,
            Route::Json(json) => json.answer(&self.shared, parts, body, connection).await?,
            Route::Script(script) => {
                self.check_query(parts)?;
                script.answer(parts).await
            }
            Route::Ping => {
                self.check_query(parts)?;
                self.ping(parts)
            }
        };
        self.counters.routes[route.kind()].count(reply.status(), stopwatch);
        Ok(reply)
    }

    fn check_query(&self, parts: &Parts) -> Result<(), BadTarget> {
        target::check_query(parts.uri.query(), self.shared.query_parameters_max)
    }

    fn ping(&self, parts: &mut Parts) -> Reply {
        let draft = Draft::to(parts);
        match self.gate.phase() {
            Phase::Open => draft.text(StatusCode::OK, "pong"),
            Phase::Leaving | Phase::Parting | Phase::Closed => {
                draft.text(StatusCode::SERVICE_UNAVAILABLE, "No p*ng for you, shutting down")
            }
        }
    }

    async fn unrouted(&self, path: &str, slash: bool, parts: &mut Parts, stopwatch: Stopwatch) -> Answered {
        self.check_query(parts)?;
        let reply = match &self.shop {
            Some(shop) => shop.answer(path, parts).await,
            None => answer_unrouted(self.page.as_ref(), path, slash, parts),
        };
        self.counters.routes[UNROUTED].count(reply.status(), stopwatch);
        Ok(reply)
    }

    /// The answer to what is no request that a route could see.
    fn bad(&self, bad: BadTarget, parts: &mut Parts, stopwatch: Stopwatch) -> Reply {
        self.counters.bad[bad as usize].inc();
        self.counters.none.count(StatusCode::BAD_REQUEST, stopwatch);
        Draft::bare(parts).close().empty(StatusCode::BAD_REQUEST)
    }

    /// The answer to a request that the gate does not let in. Load balancers that ask how we are get theirs even when
    /// there is much to do: being busy is no reason to be taken out.
    fn turn_away(&self, shut: Shut, parts: &mut Parts, stopwatch: Stopwatch) -> Option<Reply> {
        let draft = match shut {
            Shut::Full if parts.uri.path() == PING => return None,
            Shut::Full => {
                self.counters.overload.inc();
                Draft::bare(parts).retry_later()
            }
            Shut::Closed => Draft::bare(parts),
        };
        self.counters.none.count(StatusCode::SERVICE_UNAVAILABLE, stopwatch);
        Some(draft.empty(StatusCode::SERVICE_UNAVAILABLE))
    }
}

impl Answer for Router {
    type Body = http_body_util::Full<bytes::Bytes>;

    async fn answer(&self, request: Request<Incoming>, connection: &ConnInfo) -> Reply {
        let stopwatch = Stopwatch::start();
        let (mut parts, body) = request.into_parts();
        let pass = self.gate.enter();
        if let Err(shut) = &pass
            && let Some(reply) = self.turn_away(*shut, &mut parts, stopwatch)
        {
            return reply;
        }
        if !matches!(parts.method, http::Method::GET | http::Method::POST) {
            parts.method = canonical_method(parts.method);
        }
        if parts.version == Version::HTTP_2 {
            cookies::join(&mut parts.headers);
        }
        if let Some(dump) = &self.dump {
            dump.request(&parts, connection);
        }
        let mut reply = match self.dispatch(&mut parts, body, connection, stopwatch).await {
            Ok(reply) => reply,
            Err(bad) => self.bad(bad, &mut parts, stopwatch),
        };
        if self.gate.phase() == Phase::Parting && parts.version != Version::HTTP_2 {
            // Else a request could be on its way over a kept connection when that is closed.
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(dump) = &self.dump {
            dump.answer(&reply, connection);
        }
        reply
    }
}
