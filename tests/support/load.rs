//! Clients that send numbered events, and what they were told of each.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::http::{Request, connect};

/// How long a client waits for an answer. A disk may hang for a while.
const ANSWER_PATIENCE: Duration = Duration::from_mins(1);
/// How long a client waits after a refusal or a broken connection.
const PAUSE: Duration = Duration::from_millis(50);

/// What all clients together have sent and were told. Every event has a number of its own, in its type.
#[derive(Debug, Default)]
pub struct Load {
    /// Bytes that each event has in addition.
    padding: usize,
    next: AtomicU64,
    acknowledged: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    ended: AtomicBool,
    cut: AtomicBool,
    late: Mutex<Vec<u64>>,
    kept: Mutex<Vec<u64>>,
    /// Answers that are neither an acknowledgement nor a refusal.
    odd: Mutex<Vec<u16>>,
}

/// Tells the clients to end, also when a test fails.
#[derive(Debug)]
pub struct EndOfLoad<'a>(&'a Load);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}

/// What became of acknowledged events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Acknowledged and nowhere.
    pub missing: u64,
    /// Acknowledged after the power was cut, and nowhere.
    pub late_missing: u64,
    /// In the files more than once.
    pub repeated: u64,
    /// In the files.
    pub in_files: u64,
}

/// The request of an event of no load, for who wants to see the answer.
pub fn probe() -> Request {
    Request { bytes: request("probe", 0).into_bytes(), pause_after: None, head: false }
}

/// The request of an event; answered with 204.
fn request(kind: &str, padding: usize) -> String {
    let body = format!(
        "{{\"session_id\":\"0:1:s\",\"event_id\":\"{kind}\",\"event_type\":\"{kind}\",\"is_new_party\":false,\
         \"is_new_session\":false,\"client_timestamp_iso\":\"2030-01-01T12:00:00Z\",\"parameters\":{{\"a\":\"{}\"}}}}",
        "a".repeat(padding)
    );
    format!(
        "POST /event?p=0:1:p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Load {
    /// A load of events that each have so many bytes in addition.
    pub fn with_padding(padding: usize) -> Self {
        Self { padding, ..Self::default() }
    }

    /// Events that were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Events that were refused with 503.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections that ended in the middle of a request.
    pub fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }

    /// Other answers.
    pub fn odd(&self) -> Vec<u16> {
        self.odd.lock().expect("no client panics with the lock").clone()
    }

    /// Ends the clients when it is dropped.
    #[must_use]
    pub fn end(&self) -> EndOfLoad<'_> {
        EndOfLoad(self)
    }

    /// The power goes now: an answer that is read from now on would not have come.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Answers that came after the power was cut.
    pub fn late(&self) -> u64 {
        self.late.lock().expect("no client panics with the lock").len() as u64
    }

    /// Lets clients begin again after the end.
    pub fn resume(&self) {
        self.ended.store(false, Ordering::Relaxed);
        self.cut.store(false, Ordering::SeqCst);
    }

    fn keep(&self, number: u64, mine: &mut Vec<u64>) {
        if self.cut.load(Ordering::SeqCst) {
            self.late.lock().expect("no client panics with the lock").push(number);
        } else {
            mine.push(number);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends until told to end, over one connection after another.
    pub fn client(&self, port: u16, pipelined: u64) {
        while !self.ended.load(Ordering::Relaxed) {
            self.connection(port, pipelined);
            thread::sleep(PAUSE);
        }
    }

    /// Sends one event after another, `pipelined` at a time, until the connection breaks or the end.
    pub fn connection(&self, port: u16, pipelined: u64) {
        let Ok(stream) = connect(port) else { return };
        let mut mine = Vec::new();
        self.converse(&stream, pipelined, &mut mine);
        self.kept.lock().expect("no client panics with the lock").extend(mine);
    }

    fn converse(&self, mut stream: &TcpStream, pipelined: u64, mine: &mut Vec<u64>) {
        if stream.set_nodelay(true).is_err() || stream.set_read_timeout(Some(ANSWER_PATIENCE)).is_err() {
            return;
        }
        let mut reader = BufReader::new(stream);
        while !self.ended.load(Ordering::Relaxed) {
            let first = self.next.fetch_add(pipelined, Ordering::Relaxed);
            let numbers = first..first + pipelined;
            let requests: String = numbers.clone().map(|number| request(&format!("e{number}"), self.padding)).collect();
            if stream.write_all(requests.as_bytes()).is_err() {
                self.broken.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let mut refused = false;
            for number in numbers {
                match answer(&mut reader) {
                    Some((204, closes)) => {
                        self.keep(number, mine);
                        if closes {
                            return;
                        }
                    }
                    Some((503, closes)) => {
                        self.refused.fetch_add(1, Ordering::Relaxed);
                        refused = true;
                        if closes {
                            return;
                        }
                    }
                    Some((other, _)) => {
                        self.odd.lock().expect("no client panics with the lock").push(other);
                        return;
                    }
                    None => {
                        self.broken.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                }
            }
            if refused {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Waits until so many more were acknowledged.
    #[track_caller]
    pub fn await_more(&self, events: u64, patience: Duration) {
        let (from, until) = (self.acknowledged(), Instant::now() + patience);
        while self.acknowledged() < from + events {
            assert!(Instant::now() < until, "{} of {events} in {patience:?}", self.acknowledged() - from);
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Compares with the numbers of the events that are in files.
    pub fn compare(&self, numbers: impl Iterator<Item = u64>) -> Found {
        let mut counts = vec![0_u8; usize::try_from(self.next.load(Ordering::Relaxed)).expect("they fit in memory")];
        for number in numbers {
            let count = &mut counts[usize::try_from(number).expect("a number that was given")];
            *count = count.saturating_add(1);
        }
        let is_missing = |number: &&u64| counts[usize::try_from(**number).expect("a number that was given")] == 0;
        let missing = |numbers: &Mutex<Vec<u64>>| {
            numbers.lock().expect("no client panics with the lock").iter().filter(is_missing).count() as u64
        };
        Found {
            missing: missing(&self.kept),
            late_missing: missing(&self.late),
            repeated: counts.iter().filter(|count| **count > 1).count() as u64,
            in_files: counts.iter().filter(|count| **count > 0).count() as u64,
        }
    }
}

/// The status of an answer that is there to its last byte, and whether the connection ends with it.
fn answer(reader: &mut impl BufRead) -> Option<(u16, bool)> {
    let (mut status, mut length, mut closes, mut line) = (None, 0, false, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = text.strip_prefix("http/1.1 ") {
            status = rest.get(..3)?.parse().ok();
        } else if let Some(rest) = text.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        } else if text == "connection: close" {
            closes = true;
        } else if text.is_empty() && line.ends_with('\n') {
            reader.read_exact(&mut vec![0; length]).ok()?;
            return status.map(|status| (status, closes));
        }
    }
}
