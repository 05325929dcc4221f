//! Samples from a text: a browser's recording (HAR), requests as they are sent, addresses, or JSON lines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Sample, What,
    event::{MEMBERS, PlainEvent},
    har,
};
use crate::command::retained::line::StoredLine;

/// Characters of a request's name.
const NAME_CHARACTERS_MAX: usize = 60;

/// Headers that say how a request was sent, which is done anew.
const OF_THE_WAY: [&str; 6] = ["connection", "content-length", "expect", "keep-alive", "transfer-encoding", "upgrade"];

/// Why a text holds no samples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is nothing in it.
    #[error("there is no request in it; a HAR, requests as they are sent, addresses and JSON lines are understood")]
    Empty,
    /// It looks like a recording and is none.
    #[error("it is no HAR: {0}")]
    Har(String),
    /// A part of it makes no sense.
    #[error("{unit} {line}: {what}")]
    Sample {
        /// Number of the line or entry, from 1.
        line: usize,
        /// `line` or `entry`.
        unit: &'static str,
        /// What is wrong.
        what: String,
    },
}

fn wrong(line: usize) -> impl FnOnce(String) -> ReadError {
    move |what| ReadError::Sample { line, unit: "line", what }
}

/// The samples of a text, whose form is found out.
///
/// # Errors
/// See [`ReadError`].
pub fn samples(text: &str) -> Result<Vec<Sample>, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let found = match text.trim_start().chars().next() {
        None => Vec::new(),
        Some('{') => match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(whole) if whole.contains_key("log") => har::read(text)?,
            Ok(_) if StoredLine::read(text).is_some() => vec![json_line(text).map_err(wrong(1))?],
            Ok(whole) => vec![object(whole).map_err(wrong(1))?],
            Err(_) => json_lines(text)?,
        },
        Some(_) => requests(text)?,
    };
    if found.is_empty() { Err(ReadError::Empty) } else { Ok(found) }
}

fn json_lines(text: &str) -> Result<Vec<Sample>, ReadError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| json_line(line).map_err(wrong(index + 1))).collect()
}

fn json_line(line: &str) -> Result<Sample, String> {
    if let Some(stored) = StoredLine::read(line) {
        let stored = stored.map_err(|error| format!("no event as `journal cat` prints it: {error}"))?;
        let (name, time_ms) = (shortened(stored.name()), Some(stored.time_ms()));
        return Ok(Sample { name, time_ms, peer: nobody(), what: What::Stored(Box::new(stored)) });
    }
    serde_json::from_str::<Map<String, Value>>(line)
        .map_err(|error| format!("no JSON object: {error}"))
        .and_then(object)
}

/// A JSON object: a request if it has a `url`, else an event as the mapping test server is told it.
fn object(mut members: Map<String, Value>) -> Result<Sample, String> {
    let time_ms = members.remove("time").map(|time| time_of(&time)).transpose()?;
    if !members.contains_key("url") {
        if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("`{name}` is no member of an event, and a request has a `url`"));
        }
        let kind = members.get("event_type").and_then(Value::as_str).unwrap_or("event");
        let name = shortened(kind);
        let what = What::Event(Box::new(PlainEvent::new(members)), HeaderMap::new());
        return Ok(Sample { name, time_ms, peer: nobody(), what });
    }
    let mut take = |name: &str| members.remove(name);
    let text = |value: Value, name: &str| match value {
        Value::String(text) => Ok(text),
        _ => Err(format!("`{name}` is no text")),
    };
    let url = take("url").map_or(Ok(String::new()), |url| text(url, "url"))?;
    let body = match take("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.into_bytes(),
        Some(value) => value.to_string().into_bytes(),
    };
    let method = take("method").map(|method| text(method, "method")).transpose()?;
    let method = method.unwrap_or_else(|| if body.is_empty() { "GET" } else { "POST" }.to_owned());
    let headers = match take("headers") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(headers)) => {
            let mut lines = Vec::new();
            for (name, value) in headers {
                // A header that comes several times is a list.
                let values = if let Value::Array(values) = value { values } else { vec![value] };
                for value in values {
                    lines.push((name.clone(), text(value, &name)?));
                }
            }
            lines
        }
        Some(_) => return Err("`headers` is no object".to_owned()),
    };
    let peer = take("remote").map(|remote| text(remote, "remote")).transpose()?;
    let peer = peer.map(|peer| peer.parse().map_err(|_| format!("`{peer}` is no address"))).transpose()?;
    if let Some(name) = members.keys().next() {
        return Err(format!("`{name}` is not one of url, method, headers, body, time and remote"));
    }
    Draft { method, url, headers, body, time_ms, peer }.sample()
}

/// Milliseconds since the Unix epoch, or a time as ISO 8601.
fn time_of(value: &Value) -> Result<i64, String> {
    let told = value.as_str().and_then(|text| Some(text.parse::<Timestamp>().ok()?.as_millisecond()));
    told.or_else(|| value.as_i64()).ok_or_else(|| format!("`time` is {value}, neither milliseconds nor an ISO time"))
}

/// Requests as they are sent, one behind the other, and lines that are nothing but an address or a JSON object.
fn requests(text: &str) -> Result<Vec<Sample>, ReadError> {
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let (mut samples, mut at) = (Vec::new(), 0);
    while let Some(line) = lines.get(at) {
        let first = at + 1;
        at += 1;
        if line.trim_start().starts_with('{') {
            samples.push(json_line(line).map_err(wrong(first))?);
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut draft = match words[..] {
            [] => continue,
            [url] => Draft { method: "GET".to_owned(), url: url.to_owned(), ..Draft::default() },
            [method, url] | [method, url, _] => {
                let mut draft = Draft { method: method.to_owned(), url: url.to_owned(), ..Draft::default() };
                while let Some(header) = lines.get(at).filter(|line| !line.is_empty()) {
                    at += 1;
                    let pair = header.split_once(':').ok_or_else(|| format!("`{header}` is no header"));
                    let (name, value) = pair.map_err(wrong(at))?;
                    draft.headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                at += 1;
                draft
            }
            _ => return Err(wrong(first)(format!("`{}` is no request line", shortened(line)))),
        };
        if words.len() > 1 && draft.method != "GET" && draft.method != "HEAD" {
            at += body(&mut draft, lines.get(at..).unwrap_or_default());
        }
        samples.push(draft.sample().map_err(wrong(first))?);
    }
    Ok(samples)
}

/// Takes the body off the front of `lines`, and says how many they were: as long as the request says, or all.
fn body(draft: &mut Draft, lines: &[&str]) -> usize {
    let rest = lines.join("\n");
    let length = draft.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, value)| value.parse().ok());
    let end = length.unwrap_or_else(|| rest.trim_end().len()).min(rest.len());
    draft.body = rest.as_bytes()[..end].to_vec();
    match length {
        // What stands behind it on its last line would be a request without a line of its own.
        Some(_) => memchr::memchr_iter(b'\n', &rest.as_bytes()[..end]).count() + 1,
        None => lines.len(),
    }
}

/// A request before it is written down.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) method: String,
    /// Whole, or only path and query.
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) time_ms: Option<i64>,
    pub(super) peer: Option<IpAddr>,
}

impl Draft {
    /// The request as it is sent.
    pub(super) fn sample(self) -> Result<Sample, String> {
        let Self { method, url, headers, body, time_ms, peer } = self;
        let method: Method = method.parse().map_err(|_| format!("`{}` is no method", shortened(&method)))?;
        let address = url.split('#').next().unwrap_or_default();
        let uri: Uri = address.parse().map_err(|error| format!("`{}` is no address: {error}", shortened(&url)))?;
        if !address.starts_with('/') && uri.scheme().is_none() {
            return Err(format!("`{}` is no address", shortened(&url)));
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        let host = uri.authority().map_or("localhost", |authority| authority.as_str());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            bytes.extend_from_slice(format!("host: {host}\r\n").as_bytes());
        }
        for (name, value) in &headers {
            let of_the_way = OF_THE_WAY.iter().any(|header| name.eq_ignore_ascii_case(header));
            // HTTP/2 has the parts of the request line among its headers.
            if of_the_way || name.starts_with(':') {
                continue;
            }
            let named = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
            if !named || http::HeaderValue::from_str(value).is_err() && value.contains(|c: char| c.is_ascii_control()) {
                return Err(format!("`{}` is no header", shortened(name)));
            }
            bytes.extend_from_slice(format!("{name}: ").as_bytes());
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        if !body.is_empty() || method == Method::POST {
            bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&body);
        let name = format!("{method} {}", shortened(uri.path()));
        let peer = peer.map_or(nobody(), |address| (address, 0).into());
        Ok(Sample { name, time_ms, peer, what: What::Request { path: uri.path().to_owned(), bytes } })
    }
}

/// Who sends what says nothing of its sender.
fn nobody() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(NAME_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
