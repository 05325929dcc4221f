//! What a browser or a program sends while the page is open: the configured sources on a port of their own, before which
//! the last requests are noted. What they take goes nowhere.

use std::{
    collections::VecDeque,
    str,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode, Uri,
    header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING},
    request::Parts,
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};
use tokio::time::timeout;

use crate::{
    command::trial,
    config::{
        Settings,
        settings::{LimitSettings, SourceSettings},
    },
    event::Keep,
    journal::JournalError,
    listen::{Answer, ConnInfo, Reply, converse},
    metrics::Metrics,
    source::{Intake, Router},
    util::clock::{Clock, SystemClock},
};

/// Requests that are remembered; older ones give way.
pub(super) const LIVE_REQUESTS_MAX: usize = 50;

/// Bytes of a request that is remembered. Of a larger one the page says only that it came.
const LIVE_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a body that is passed on.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What the page says of the port.
#[derive(Debug, Serialize)]
pub(super) struct Port {
    /// Its address, `http://…` without a path.
    pub(super) address: String,
    /// Where pages find the tracker, if there is a source for browsers.
    tracker: Option<String>,
    /// Whether there is a page to look at.
    has_page: bool,
    requests_max: usize,
}

impl Port {
    pub(super) fn new(address: impl std::fmt::Display, settings: &Settings) -> Self {
        let script = |source: &SourceSettings| match source {
            SourceSettings::Browser(browser) => Some(format!("{}{}", browser.prefix, browser.javascript_name)),
            SourceSettings::Json(_) => None,
        };
        let address = format!("http://{address}");
        let tracker = settings.sources.iter().find_map(script).map(|path| format!("{address}{path}"));
        let has_page = settings.server.serve_static_resources;
        Self { address, tracker, has_page, requests_max: LIVE_REQUESTS_MAX }
    }
}

/// A request that came.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Live {
    /// Counts from 1.
    pub(super) number: u64,
    /// When it came, milliseconds since the Unix epoch.
    time: i64,
    /// `GET /csc-event`, without the query.
    name: String,
    /// Status of the answer.
    status: u16,
    /// As the editor of requests takes it.
    pub(super) request: Option<String>,
    /// Why there is none.
    note: Option<&'static str>,
}

/// The last requests.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<(u64, VecDeque<Live>)>);

impl Recent {
    /// Those after a number, the oldest first.
    pub(super) fn after(&self, number: u64) -> Vec<Live> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.1.iter().filter(|live| live.number > number).cloned().collect()
    }

    fn note(&self, live: Live) {
        // No panic can leave it half written.
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.0 += 1;
        let number = recent.0;
        if recent.1.len() == LIVE_REQUESTS_MAX {
            recent.1.pop_front();
        }
        recent.1.push_back(Live { number, ..live });
    }
}

/// Answers as the server would, and notes what goes to the sources.
pub(super) struct Collector {
    router: Arc<Router>,
    intake: Intake,
    limits: LimitSettings,
    recent: Arc<Recent>,
}

impl Collector {
    /// The sources of the settings, with a journal in memory that nobody reads.
    pub(super) fn new(settings: &Settings, recent: Arc<Recent>) -> Result<Self, JournalError> {
        let clock = Arc::new(SystemClock);
        let (router, intake) = trial::collector(settings, &Arc::new(Keep::default()), clock, &Metrics::new())?;
        Ok(Self { router: Arc::new(router), intake, limits: settings.server.limits.clone(), recent })
    }

    /// A request to a source: its body is taken whole, so that it can be shown.
    async fn collect(&self, head: Parts, body: Incoming, connection: &ConnInfo) -> Reply {
        let bare = |status| {
            let mut reply = Response::new(Full::default());
            *reply.status_mut() = status;
            reply
        };
        let time = SystemClock.now_ms();
        let body = match timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return bare(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return bare(StatusCode::REQUEST_TIMEOUT),
        };
        let bytes = sent(&head, &body);
        let answer = converse(&bytes, connection, &self.router, &self.limits).await;
        let reply = answer.ok().and_then(|answer| parsed(&answer)).unwrap_or_else(|| bare(StatusCode::BAD_GATEWAY));
        if matches!(head.method, Method::GET | Method::POST) {
            let (request, note) = match told(&head, &body, connection, time) {
                Ok(request) => (Some(request), None),
                Err(note) => (None, Some(note)),
            };
            let name = format!("{} {}", head.method, head.uri.path());
            self.recent.note(Live { number: 0, time, name, status: reply.status().as_u16(), request, note });
        }
        reply
    }
}

impl Answer for Collector {
    type Body = Full<Bytes>;

    async fn answer(&self, request: Request<Incoming>, connection: &ConnInfo) -> Reply {
        if !self.router.takes_events(request.uri().path()) {
            return self.router.answer(request, connection).await;
        }
        let (head, body) = request.into_parts();
        self.collect(head, body, connection).await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.intake.journal.close();
    }
}

fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

/// The headers without those that say how the request was sent; the host, which HTTP/2 has in the target.
fn headers(head: &Parts) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let authority = head.uri.authority().filter(|_| !head.headers.contains_key(HOST));
    let host = authority.and_then(|host| Some((HOST, HeaderValue::from_str(host.as_str()).ok()?)));
    let own = head.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let of_the_way = |name: &HeaderName| [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name);
    host.into_iter().chain(own).filter(move |(name, _)| !of_the_way(name))
}

/// The request as HTTP/1.1 sends it.
fn sent(head: &Parts, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", head.method, target(&head.uri)).into_bytes();
    for (name, value) in headers(head) {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    if !body.is_empty() || head.method == Method::POST {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// The request as the editor of requests takes it: a JSON object, or why there is none.
fn told(head: &Parts, body: &Bytes, connection: &ConnInfo, time: i64) -> Result<String, &'static str> {
    let length = target(&head.uri).len() + head.headers.iter().map(|(_, value)| value.len()).sum::<usize>();
    if length + body.len() > LIVE_BYTES_MAX {
        return Err("too large to be shown");
    }
    if head.headers.contains_key(CONTENT_ENCODING) {
        return Err("its body is compressed");
    }
    let time = Timestamp::from_millisecond(time).map(|time| time.to_string()).unwrap_or_default();
    let request = Told {
        url: target(&head.uri),
        method: head.method.as_str(),
        time,
        remote: connection.address(),
        headers: headers_told(head),
        body: body_told(body).ok_or("its body is no text")?,
    };
    serde_json::to_string_pretty(&request).map_err(|_| "it cannot be shown")
}

/// See [`trial::read`].
#[derive(Serialize)]
struct Told<'a> {
    url: &'a str,
    method: &'a str,
    time: String,
    remote: &'a str,
    headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

/// Several lines of one name are a list.
fn headers_told(head: &Parts) -> Map<String, Value> {
    let mut told = Map::new();
    for (name, value) in headers(head) {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match told.get_mut(name.as_str()) {
            None => drop(told.insert(name.as_str().to_owned(), value.into())),
            Some(Value::Array(lines)) => lines.push(value.into()),
            Some(line) => *line = json!([line.take(), value]),
        }
    }
    told
}

/// JSON as it is, other text as a text; nothing for what is no text.
#[expect(clippy::option_option, reason = "no body, or none that can be shown")]
fn body_told(body: &Bytes) -> Option<Option<Box<RawValue>>> {
    if body.is_empty() {
        return Some(None);
    }
    let text = str::from_utf8(body).ok()?;
    let raw = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_) | Value::Array(_)) => RawValue::from_string(text.trim().to_owned()),
        _ => serde_json::value::to_raw_value(text),
    };
    raw.ok().map(Some)
}

/// An answer that was read off the way.
fn parsed(answer: &[u8]) -> Option<Reply> {
    let end = memchr::memmem::find(answer, b"\r\n\r\n")?;
    let (head, body) = (str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse::<u16>().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
    }
    for of_the_way in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(of_the_way);
    }
    let mut reply = Response::new(Full::new(Bytes::copy_from_slice(body)));
    *reply.status_mut() = StatusCode::from_u16(status).ok()?;
    *reply.headers_mut() = headers;
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Live {
        let (name, request) = ("GET /".to_owned(), Some("{}".to_owned()));
        Live { number: 0, time: 0, name, status: 200, request, note: None }
    }

    #[test]
    fn only_the_last_requests_are_remembered() {
        let recent = Recent::default();
        for _ in 0..LIVE_REQUESTS_MAX + 5 {
            recent.note(live());
        }
        let numbers: Vec<_> = recent.after(0).iter().map(|live| live.number).collect();
        assert_eq!(numbers, (6..=55).collect::<Vec<u64>>());
        assert_eq!(recent.after(53).len(), 2);
        assert!(recent.after(55).is_empty());
    }

    #[test]
    fn a_request_is_told_as_the_editor_takes_it() {
        let request = Request::builder().method("POST").uri("/event?p=1").header("Host", "h").header("X", "1");
        let (head, ()) = request.header("X", "2").header("Content-Length", "9").body(()).unwrap().into_parts();
        let connection = ConnInfo::new(([127, 0, 0, 9], 1).into());
        let told = |body: &str| told(&head, &Bytes::copy_from_slice(body.as_bytes()), &connection, 1_900_000_000_000);
        let text = told(r#"{"b": 1.50, "a": []}"#).unwrap();
        assert!(text.contains(r#""body": {"b": 1.50, "a": []}"#), "{text}");
        let expected = json!({
            "url": "/event?p=1", "method": "POST", "time": "2030-03-17T17:46:40Z", "remote": "127.0.0.9",
            "headers": {"host": "h", "x": ["1", "2"]}, "body": {"a": [], "b": 1.5},
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        let samples = trial::read::samples(&text).unwrap();
        assert_eq!((samples.len(), samples[0].time_ms), (1, Some(1_900_000_000_000)));
        let trial::What::Request { bytes, .. } = &samples[0].what else { panic!("{samples:?}") };
        let sent = String::from_utf8_lossy(bytes);
        assert!(sent.contains("\r\nx: 1\r\nx: 2\r\n"), "{sent}");
        assert_eq!(told(&"x".repeat(LIVE_BYTES_MAX)), Err("too large to be shown"));
    }

    #[test]
    fn an_answer_is_passed_on() {
        let reply = parsed(b"HTTP/1.1 204 No Content\r\nx: a\r\nx: b\r\nconnection: close\r\n\r\n").unwrap();
        assert_eq!((reply.status(), reply.headers().len()), (StatusCode::NO_CONTENT, 2));
        assert!(parsed(b"nothing").is_none());
    }
}
