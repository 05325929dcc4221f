//! The original's mapping test server: a JSON object in, the record out.

use std::{io::Write, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tokio::{runtime::Runtime, sync::Mutex, time::timeout};

use super::{Failure, print, running};
use crate::{
    command::trial::{Fate, Sample, Trial, What, event::PlainEvent},
    config::{Settings, settings::ProxySettings},
    enrich::LookUps,
    listen::{self, Answer, ConnInfo, Counters, Listener, Reply, proxy},
    mapping::Mapping,
    signal::StopSignals,
};

/// Bytes of an event that are read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How long an event may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers with the records of one mapping until told to stop.
pub(super) fn run(
    settings: &Settings,
    mappings: Vec<Arc<Mapping>>,
    look_ups: &LookUps,
    address: SocketAddr,
    runtime: &Runtime,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if mappings.len() > 1 {
        let names: Vec<_> = mappings.iter().map(|mapping| mapping.name()).collect();
        let hint = format!("choose one with --mapping: {}", names.join(", "));
        return Err(Failure::Config(format!("headwater: an answer is the record of one mapping\n  hint: {hint}")));
    }
    let trial = Trial::new(settings, mappings, look_ups).map_err(running)?;
    runtime.block_on(async {
        let mut signals = StopSignals::listen().map_err(running)?;
        let listener = Listener::bind(Some(&address.ip().to_string()), address.port());
        let listener = listener.map_err(|error| Failure::Config(format!("headwater: {error}")))?;
        print(out, &format!("http://{}/ takes POST requests, each with one event\n", listener.local_address()))?;
        let server = Arc::new(Server { trial: Mutex::new(trial), proxies: ProxySettings::default() });
        let limits = &settings.server.limits;
        let stop = async move {
            signals.next().await;
        };
        listen::serve(listener, server, limits, Counters::unseen(), stop).await.map_err(running)
    })
}

struct Server {
    trial: Mutex<Trial>,
    proxies: ProxySettings,
}

impl Server {
    async fn record(&self, headers: HeaderMap, body: &[u8], remote: String) -> Result<String, (StatusCode, String)> {
        let bad = |what: String| (StatusCode::BAD_REQUEST, what);
        let mut members: serde_json::Map<_, _> =
            serde_json::from_slice(body).map_err(|error| bad(format!("the body is no JSON object: {error}")))?;
        members.entry("remote_host").or_insert_with(|| remote.into());
        let what = What::Event(Box::new(PlainEvent::new(members)), headers);
        let sample = Sample { name: String::new(), time_ms: None, peer: ([127, 0, 0, 1], 0).into(), what };
        let tried = self.trial.lock().await.run(&sample, false).await;
        let failed = |what: String| (StatusCode::INTERNAL_SERVER_ERROR, what);
        let tried = tried.map_err(|error| failed(error.to_string()))?;
        let result = tried.events.into_iter().next().and_then(|event| event.results.into_iter().next());
        match result.map(|result| result.fate) {
            Some(Fate::Record(record)) => Ok(record),
            Some(Fate::Dead(refusal)) => {
                let at = refusal.position.map(|at| format!(" at {at}")).unwrap_or_default();
                Err(failed(format!("{}{at}: {}", refusal.reason.code(), refusal.message)))
            }
            Some(Fate::Corrupt) => Err(failed("the mapping leaves out corrupt events".to_owned())),
            Some(Fate::Duplicate) => Err(failed("the mapping leaves out duplicates".to_owned())),
            Some(Fate::OtherSource) | None => Err(failed("the mapping takes no events".to_owned())),
        }
    }
}

impl Answer for Server {
    type Body = Full<Bytes>;

    async fn answer(&self, request: Request<Incoming>, connection: &ConnInfo) -> Reply {
        let (head, body) = request.into_parts();
        if head.method != Method::POST {
            let mut reply = reply(StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new());
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return reply;
        }
        let remote = proxy::client_address(&head.headers, connection, &self.proxies).into_owned();
        let body = match timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return reply(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", String::new()),
            Err(_) => return reply(StatusCode::REQUEST_TIMEOUT, "text/plain", String::new()),
        };
        match self.record(head.headers, &body, remote).await {
            Ok(record) => reply(StatusCode::OK, "application/json", record),
            Err((status, what)) => reply(status, "text/plain", what + "\n"),
        }
    }
}

fn reply(status: StatusCode, kind: &'static str, text: String) -> Reply {
    let mut reply = Response::new(Full::new(text.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
