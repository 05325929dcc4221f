//! `headwater playground`: a page on which a mapping is written and tried out at once.
//!
//! On loopback only, behind the guard and a token as the admin pages. Drafts come with each question and are kept nowhere.
//! A second port takes requests as the server would, to be looked at on the page.

mod attempt;
mod live;
#[cfg(test)]
mod tests;

use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use tokio::{sync::Mutex, time::timeout};

use super::{Failure, compile, print};
use crate::{
    admin::{AdminBody, AllowedHosts, JSON, Page, SealedPage, Token, to_json},
    config::{self, LoadRequest, Settings, settings::SourceSettings},
    enrich::LookUps,
    listen::{self, Answer, ConnInfo, Counters, Listener},
    mapping::KnownTable,
    signal::StopSignals,
    util::terminal::{Paint, Style},
};
use attempt::Draft;
use live::{Collector, Live, Port, Recent};

/// Where it listens if nothing else is said.
const ADDRESS: &str = "127.0.0.1:8292";

/// Where it takes requests if nothing else is said; another port if that is taken.
const COLLECT_PORT: u16 = 8293;

/// Bytes of a draft: script, schema and requests.
const DRAFT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a draft may take to come.
const DRAFT_TIMEOUT: Duration = Duration::from_secs(30);

static PAGE: LazyLock<SealedPage> = LazyLock::new(|| {
    SealedPage::new(
        include_str!("../../../static/playground/page.html"),
        include_str!("../../../static/playground/page.css"),
        include_str!("../../../static/playground/page.js"),
    )
});

/// Where the page is.
#[derive(Clone, Debug, clap::Args)]
pub struct PlaygroundArguments {
    /// Where the page is served; on loopback only
    #[arg(long, value_name = "ADDR:PORT", default_value = ADDRESS)]
    pub listen: SocketAddr,
    /// Where requests are taken to be shown; on loopback only [default: port 8293 or a free one]
    #[arg(long, value_name = "ADDR:PORT")]
    pub collect: Option<SocketAddr>,
}

/// Serves the page until told to stop.
///
/// # Errors
/// See [`Failure`].
pub fn run(request: &LoadRequest, arguments: &PlaygroundArguments, out: &mut impl Write) -> Result<(), Failure> {
    let address = arguments.listen;
    let wrong = |what: &str| Failure::Config(format!("headwater: {what}"));
    if ![Some(address), arguments.collect].iter().flatten().all(|address| address.ip().is_loopback()) {
        return Err(wrong("the playground is for this machine only\n  hint: use 127.0.0.1 or [::1]"));
    }
    let mut settings = config::load(request).map_err(|errors| Failure::config(&errors))?;
    if settings.mappings.is_empty() {
        return Err(wrong("there is no mapping to try out"));
    }
    let tables = compile::tables(&settings);
    let look_ups = super::map::open(&mut settings)?;
    let mappings = texts(&settings).map_err(|error| Failure::config(&[error]))?;
    let running = |error: &dyn std::fmt::Display| Failure::Running(format!("headwater: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| running(&error))?;
    runtime.block_on(async {
        let mut signals = StopSignals::listen().map_err(|error| running(&error))?;
        let listener = bind(address).map_err(|error| wrong(&error.to_string()))?;
        let collecting = match arguments.collect {
            Some(collect) => bind(collect),
            None => bind((address.ip(), COLLECT_PORT).into()).or_else(|_| bind((address.ip(), 0).into())),
        };
        let collecting = collecting.map_err(|error| wrong(&error.to_string()))?;
        let (address, token) = (listener.local_address(), Token::random());
        let port = Port::new(collecting.local_address(), &settings);
        let paint = Paint::on(&std::io::stdout());
        let url = format!("http://{address}/?token={}", token.reveal());
        let link = paint.paint(Style::Link, &url);
        print(out, &format!("Open {link}\nRequests to {} show there. Ctrl-C ends it.\n", port.address))?;
        let hosts = AllowedHosts::new(&address.ip().to_string(), address.ip());
        let (limits, recent) = (settings.server.limits.clone(), Arc::new(Recent::default()));
        let collector = Arc::new(Collector::new(&settings, Arc::clone(&recent)).map_err(|error| running(&error))?);
        let start = Start { mappings, requests: samples(&settings), live: port };
        let busy = Mutex::new(());
        let playground = Arc::new(Playground { settings, tables, look_ups, start, recent, hosts, token, busy });
        let stop = async move {
            signals.next().await;
        };
        let page = listen::serve(listener, playground, &limits, Counters::unseen(), stop);
        let collect = listen::serve(collecting, collector, &limits, Counters::unseen(), std::future::pending());
        // Whoever still sends a request when the page goes is cut off: nothing is kept anyway.
        tokio::select! {
            ended = page => ended.map_err(|error| running(&error)),
            ended = collect => ended.map_err(|error| running(&error)),
        }
    })
}

fn bind(address: SocketAddr) -> Result<Listener, listen::ListenError> {
    Listener::bind(Some(&address.ip().to_string()), address.port())
}

/// What the page begins with.
#[derive(Debug, Serialize)]
struct Start {
    mappings: Vec<Texts>,
    requests: String,
    live: Port,
}

/// A mapping as it stands.
#[derive(Debug, Serialize)]
struct Texts {
    name: String,
    script: String,
    schema: String,
    script_file: String,
    schema_file: String,
}

fn texts(settings: &Settings) -> Result<Vec<Texts>, crate::diagnostic::Diagnostic> {
    let texts = settings.mappings.iter().map(|mapping| {
        let (script, schema) = compile::texts(mapping)?;
        let (schema_file, script_file) = compile::files(mapping);
        let (script, schema) = (script.text.clone(), schema.text.clone());
        Ok(Texts { name: mapping.name.clone(), script, schema, script_file, schema_file })
    });
    texts.collect()
}

/// An example for each source, to begin with.
fn samples(settings: &Settings) -> String {
    let sample = |source: &SourceSettings| match source {
        SourceSettings::Browser(browser) => {
            let path = format!("{}{}", browser.prefix, browser.event_suffix);
            format!("{}\n", include_str!("sample.http").trim().replace("{{path}}", &path))
        }
        SourceSettings::Json(json) => {
            let (path, party) = (&json.event_path, &json.party_id_parameter);
            let text = include_str!("sample.json.http").trim();
            format!("{}\n", text.replace("{{path}}", &format!("{path}?{party}=0:k0000000:someparty")))
        }
    };
    settings.sources.iter().map(sample).collect::<Vec<_>>().join("\n")
}

struct Playground {
    settings: Settings,
    tables: Arc<[KnownTable]>,
    look_ups: LookUps,
    start: Start,
    recent: Arc<Recent>,
    hosts: AllowedHosts,
    token: Token,
    /// One draft at a time: the page asks with each key.
    busy: Mutex<()>,
}

impl Playground {
    /// The requests that came after the one that the page has last: `/live?after=NUMBER`.
    fn live(&self, uri: &Uri) -> Vec<Live> {
        let after = uri.query().and_then(|query| query.strip_prefix("after=")?.parse().ok());
        self.recent.after(after.unwrap_or(0))
    }

    async fn attempt(&self, body: Incoming) -> Page {
        let body = match timeout(DRAFT_TIMEOUT, Limited::new(body, DRAFT_BYTES_MAX).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return Page::text(StatusCode::PAYLOAD_TOO_LARGE, "the draft is too large\n"),
            Err(_) => return Page::text(StatusCode::REQUEST_TIMEOUT, "the draft does not come\n"),
        };
        let Ok(draft) = serde_json::from_slice::<Draft>(&body) else {
            return Page::text(StatusCode::BAD_REQUEST, "this is no draft\n");
        };
        let _alone = self.busy.lock().await;
        match attempt::attempt(&self.settings, &self.tables, &self.look_ups, draft).await {
            Some(attempt) => Page::new(StatusCode::OK, JSON, to_json(&attempt)),
            None => Page::text(StatusCode::NOT_FOUND, "there is no such mapping\n"),
        }
    }
}

impl Answer for Playground {
    type Body = AdminBody;

    async fn answer(&self, request: Request<Incoming>, _: &ConnInfo) -> Response<AdminBody> {
        let (head, body) = request.into_parts();
        if let Err(refusal) = self.hosts.check(head.version, &head.uri, &head.headers) {
            return Page::text(refusal.status(), refusal.to_string() + "\n").reply();
        }
        let trusted = self.token.is_with(&head.uri, &head.headers);
        let page = match (&head.method, head.uri.path()) {
            (&Method::GET | &Method::HEAD, "/") => Page::sealed(&PAGE, trusted),
            (_, "/start" | "/try" | "/live") if !trusted => {
                Page::text(StatusCode::UNAUTHORIZED, "bring the token that the start has printed\n")
            }
            (&Method::GET, "/start") => Page::new(StatusCode::OK, JSON, to_json(&self.start)),
            (&Method::POST, "/try") => self.attempt(body).await,
            (&Method::GET, "/live") => Page::new(StatusCode::OK, JSON, to_json(&self.live(&head.uri))),
            (_, "/" | "/start" | "/try" | "/live") => Page::text(StatusCode::METHOD_NOT_ALLOWED, "not in this way\n"),
            _ => Page::text(StatusCode::NOT_FOUND, "not found\n"),
        };
        page.reply()
    }
}
