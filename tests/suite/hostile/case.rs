//! One case: what is sent, and what must come back.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use super::frames;
use crate::support::http::connect;

/// What types of events begin with that the cases themselves may leave.
pub const ITS_OWN: &str = "case-";

/// How long an outcome may take; far longer than any limit of the server.
const PATIENCE: Duration = Duration::from_secs(25);

/// What a client does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes at once.
    Send(Vec<u8>),
    /// Sends bytes one by one with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Sends bytes over and over.
    Repeat(Vec<u8>, usize),
    /// Waits.
    Pause(Duration),
    /// Closes its sending half.
    End,
}

/// What must come of it.
#[derive(Clone, Debug)]
pub enum Expect {
    /// Answers with these statuses and then the end of the connection.
    Closed(&'static [u16]),
    /// Answers with these statuses; the connection may stay.
    Open(&'static [u16]),
    /// One answer with one of these statuses; the connection may stay.
    OneOf(&'static [u16]),
    /// HTTP/2: a GOAWAY with one of these codes, then the end.
    Goaway(&'static [u32]),
    /// HTTP/2: a stream is reset with this code.
    Reset(u32),
    /// HTTP/2: at least so many answers with a status in one byte (see [`frames`]).
    Answers(usize, u8),
    /// HTTP/2: the end of the connection, in whatever form.
    Ended,
}

/// A case of a table.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in its table.
    pub name: String,
    /// What the client does.
    pub steps: Vec<Step>,
    /// What must come of it.
    pub expect: Expect,
    /// The series that moves.
    pub counter: String,
}

impl Case {
    /// A case whose client sends these bytes.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>, expect: Expect, counter: String) -> Self {
        Self { name: name.into(), steps: vec![Step::Send(bytes.into())], expect, counter }
    }

    /// A further step.
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Does it, and says what is wrong with what comes back.
    pub fn run(&self, port: u16) -> Result<(), String> {
        let stream = connect(port).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_millis(200))).map_err(|error| error.to_string())?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        thread::scope(|scope| {
            // The sender's errors do not count: a server may close before it has read everything.
            scope.spawn(|| self.steps.iter().all(|step| step.take(&stream)));
            let outcome = self.watch(&stream);
            let _ = stream.shutdown(Shutdown::Both);
            outcome
        })
    }

    fn watch(&self, mut stream: &TcpStream) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        let (mut seen, mut ended) = (Vec::new(), false);
        loop {
            if self.is_met(&seen, ended) {
                return Ok(());
            }
            let shown = String::from_utf8_lossy(&seen[..seen.len().min(600)]).into_owned();
            if ended || Instant::now() > until {
                let how = if ended { "closed after" } else { "open after" };
                return Err(format!("{:?} expected, {how} {:?} {shown:?}", self.expect, frames::shown(&seen)));
            }
            let mut buffer = [0; 16 * 1024];
            match stream.read(&mut buffer) {
                Ok(0) => ended = true,
                Ok(count) => seen.extend_from_slice(&buffer[..count]),
                Err(error) if is_timeout(&error) => {}
                Err(_) => ended = true,
            }
        }
    }

    fn is_met(&self, seen: &[u8], ended: bool) -> bool {
        match self.expect {
            Expect::Closed(expected) => ended && statuses(seen) == expected,
            Expect::Open(expected) => statuses(seen) == expected,
            Expect::OneOf(expected) => matches!(statuses(seen)[..], [status] if expected.contains(&status)),
            Expect::Goaway(codes) => ended && frames::goaway(seen).is_some_and(|code| codes.contains(&code)),
            Expect::Reset(code) => frames::resets(seen).contains(&code),
            Expect::Answers(count, status) => frames::answers(seen, status) >= count,
            Expect::Ended => ended,
        }
    }
}

impl Step {
    fn take(&self, mut stream: &TcpStream) -> bool {
        match self {
            Self::Send(bytes) => stream.write_all(bytes).is_ok(),
            Self::Drip(bytes, pause) => bytes.iter().all(|byte| {
                thread::sleep(*pause);
                stream.write_all(&[*byte]).is_ok()
            }),
            Self::Repeat(bytes, times) => (0..*times).all(|_| stream.write_all(bytes).is_ok()),
            Self::Pause(pause) => {
                thread::sleep(*pause);
                true
            }
            Self::End => stream.shutdown(Shutdown::Write).is_ok(),
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Statuses of the final answers in HTTP/1.1.
fn statuses(seen: &[u8]) -> Vec<u16> {
    let mark = b"HTTP/1.1 ";
    let starts = seen.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark).map(|(at, _)| at);
    let codes = starts.filter_map(|at| std::str::from_utf8(seen.get(at + mark.len()..at + mark.len() + 3)?).ok());
    codes.filter_map(|code| code.parse().ok()).filter(|code| *code >= 200).collect()
}

/// Requests that are refused before a route.
pub fn bad(reason: &str) -> String {
    format!("headwater_bad_requests_total{{reason=\"{reason}\"}}")
}

/// Connections that end for a reason.
pub fn closed(reason: &str) -> String {
    format!("headwater_connections_closed_total{{reason=\"{reason}\"}}")
}

/// Requests answered on a route.
pub fn answered(route: &str, status: u16) -> String {
    format!("headwater_requests_total{{route=\"{route}\",status=\"{status}\"}}")
}

/// Events that a source leaves out.
pub fn dropped(source: &str, reason: &str) -> String {
    format!("headwater_events_dropped_total{{source=\"{source}\",reason=\"{reason}\"}}")
}

/// A request for a target with further header lines (each with its end).
pub fn get(target: &str, lines: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes()
}

/// Where JSON events go.
pub const JSON: &str = "/event?p=0%3Akcxgvgzh%3AAbCdEfGhIjKlMnOpQrStUvWxYz012345";

/// A JSON request with further header lines, and a body as it stands.
pub fn post(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {JSON} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{lines}\r\n");
    [head.as_bytes(), body].concat()
}

/// A JSON event of a type that begins with [`ITS_OWN`].
pub fn event(name: &str) -> String {
    format!(
        "{{\"session_id\":\"0:kcxh0qzs:ZyXwVuTsRqPoNmLkJiHgFeDcBa543210\",\"event_id\":\"e-{name}\",\
         \"event_type\":\"{ITS_OWN}{name}\",\"is_new_party\":false,\"is_new_session\":false,\
         \"client_timestamp_iso\":\"2020-07-22T16:37:22.286+02:00\",\"parameters\":{{}}}}"
    )
}
