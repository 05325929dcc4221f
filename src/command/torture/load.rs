//! The process that sends events and keeps which of them were acknowledged.
//!
//! It is told on its standard input which process is tortured (`server <id>`), and ends with that input: if this comes
//! without a word, because its parent was killed, it ends the server too. On its standard output it says how many events
//! were acknowledged and refused so far.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Wrong, server::failed};

/// Requests that a client sends before it reads their answers.
const PIPELINED: u64 = 4;
/// How long an answer is waited for.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// After a refusal, and when nobody listens.
const REST: Duration = Duration::from_millis(20);
/// Between two words to the parent.
const TELL_EVERY: Duration = Duration::from_millis(20);
/// How long the first events after the last deed may take.
const PROGRESS_PATIENCE: Duration = Duration::from_mins(1);

/// What the load is told.
#[derive(Clone, Debug, clap::Args)]
pub struct LoadArguments {
    /// Port of the server
    #[arg(long)]
    port: u16,
    /// Connections
    #[arg(long)]
    clients: u16,
    /// Where the numbers of acknowledged events are kept
    #[arg(long)]
    kept: PathBuf,
}

/// Events so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Answered with 204.
    pub acknowledged: u64,
    /// Answered with 503.
    pub refused: u64,
}

#[derive(Debug, Default)]
struct Counters {
    acknowledged: AtomicU64,
    refused: AtomicU64,
}

impl Counters {
    fn count(&self) -> Count {
        Count { acknowledged: self.acknowledged.load(Ordering::Relaxed), refused: self.refused.load(Ordering::Relaxed) }
    }
}

/// The process, as its parent sees it.
#[derive(Debug)]
pub(super) struct Load {
    child: Child,
    input: Option<ChildStdin>,
    seen: Arc<Counters>,
}

impl Load {
    /// Starts it.
    pub fn start(port: u16, clients: u16, directory: &Path) -> Result<Self, Wrong> {
        let wrong = |error: io::Error| format!("the load cannot be started: {error}");
        let log = directory.join("load.log");
        let errors = File::create(&log).map_err(|error| failed(&log, &error))?;
        let mut command = Command::new(std::env::current_exe().map_err(wrong)?);
        command.args(["torture-load", "--port", &port.to_string(), "--clients", &clients.to_string(), "--kept"]);
        command.arg(directory.join("acknowledged")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(wrong)?;
        let seen = Arc::new(Counters::default());
        if let Some(output) = child.stdout.take() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || listen(BufReader::new(output), &seen));
        }
        Ok(Self { input: child.stdin.take(), child, seen })
    }

    /// Tells which process is tortured.
    pub fn names(&mut self, server: Option<u32>) -> Result<(), Wrong> {
        let input = self.input.as_mut().ok_or("the load has ended")?;
        writeln!(input, "server {}", server.unwrap_or(0)).map_err(|error| format!("the load has ended: {error}"))
    }

    /// Events so far, as they were last told.
    pub fn count(&self) -> Count {
        self.seen.count()
    }

    /// Waits until further events are acknowledged.
    pub fn await_progress(&self) -> Result<(), Wrong> {
        let (began, before) = (Instant::now(), self.count().acknowledged);
        while self.count().acknowledged == before {
            if began.elapsed() > PROGRESS_PATIENCE {
                return Err(format!("no event was acknowledged any more for {PROGRESS_PATIENCE:?}"));
            }
            thread::sleep(TELL_EVERY);
        }
        Ok(())
    }

    /// Ends it in order.
    pub fn stop(mut self) -> Result<Count, Wrong> {
        if let Some(mut input) = self.input.take() {
            writeln!(input, "end").map_err(|error| format!("the load has ended: {error}"))?;
        }
        let status = self.child.wait().map_err(|error| format!("the load cannot be waited for: {error}"))?;
        if !status.success() {
            return Err(format!("the load ended with {status}; load.log says more"));
        }
        // Its last word comes before its end, but another thread takes it.
        thread::sleep(TELL_EVERY * 5);
        Ok(self.count())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(output: impl BufRead, seen: &Counters) {
    for line in output.lines().map_while(Result::ok) {
        let mut numbers = line.split(' ').map(|number| number.parse().unwrap_or(0));
        seen.acknowledged.store(numbers.next().unwrap_or(0), Ordering::Relaxed);
        seen.refused.store(numbers.next().unwrap_or(0), Ordering::Relaxed);
    }
}

/// Sends events until the standard input ends.
///
/// # Errors
/// What was acknowledged cannot be kept.
pub fn run(arguments: &LoadArguments, out: &mut impl Write) -> io::Result<()> {
    let shared = Shared {
        port: arguments.port,
        next: AtomicU64::new(0),
        counters: Counters::default(),
        kept: Mutex::new(BufWriter::new(File::create(&arguments.kept)?)),
        over: AtomicBool::new(false),
        server: AtomicI32::new(0),
    };
    thread::scope(|scope| {
        let shared = &shared;
        for _ in 0..arguments.clients {
            scope.spawn(|| shared.client());
        }
        scope.spawn(|| shared.obey(io::stdin().lock()));
        while !shared.over.load(Ordering::Relaxed) {
            thread::sleep(TELL_EVERY);
            shared.tell(out)?;
        }
        Ok::<_, io::Error>(())
    })?;
    shared.tell(out)
}

struct Shared {
    port: u16,
    next: AtomicU64,
    counters: Counters,
    kept: Mutex<BufWriter<File>>,
    over: AtomicBool,
    /// Process that is tortured; 0 is none.
    server: AtomicI32,
}

impl Shared {
    fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        let Count { acknowledged, refused } = self.counters.count();
        writeln!(out, "{acknowledged} {refused}")?;
        out.flush()
    }

    fn obey(&self, input: impl BufRead) {
        let mut in_order = false;
        for line in input.lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("server", id)) => self.server.store(id.parse().unwrap_or(0), Ordering::Relaxed),
                _ => in_order = true,
            }
        }
        if !in_order && let Some(server) = Pid::from_raw(self.server.load(Ordering::Relaxed)) {
            let _ = kill_process(server, Signal::KILL);
        }
        self.over.store(true, Ordering::Relaxed);
    }

    fn client(&self) {
        while !self.over.load(Ordering::Relaxed) {
            if self.connection().is_none() {
                thread::sleep(REST);
            }
        }
    }

    /// Sends events until it is over or the connection breaks.
    fn connection(&self) -> Option<()> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(ANSWER_PATIENCE)).ok()?;
        let mut writer = stream.try_clone().ok()?;
        let mut reader = BufReader::new(stream);
        while !self.over.load(Ordering::Relaxed) {
            let first = self.next.fetch_add(PIPELINED, Ordering::Relaxed);
            let numbers = first..first + PIPELINED;
            let requests: String = numbers.clone().map(request).collect();
            writer.write_all(requests.as_bytes()).ok()?;
            let mut refused = 0;
            for number in numbers {
                match answer(&mut reader)? {
                    204 => self.acknowledged(number),
                    _ => refused += 1,
                }
            }
            if refused > 0 {
                self.counters.refused.fetch_add(refused, Ordering::Relaxed);
                thread::sleep(REST);
            }
        }
        Some(())
    }

    fn acknowledged(&self, number: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be kept is found at the next flush.
        if kept.write_all(&number.to_le_bytes()).is_ok() {
            self.counters.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The event of a number.
fn request(number: u64) -> String {
    let body = format!(
        "{{\"session_id\":\"0:1:s\",\"event_id\":\"{number}\",\"event_type\":\"e{number}\",\"is_new_party\":false,\
         \"is_new_session\":false,\"client_timestamp_iso\":\"2030-01-01T12:00:00Z\",\"parameters\":{{}}}}"
    );
    format!(
        "POST /event?p=0:1:p HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The number of an event.
pub(super) fn number(event_type: &str) -> Option<u64> {
    event_type.strip_prefix('e')?.parse().ok()
}

/// The status of an answer that is there to its last byte.
fn answer(reader: &mut impl BufRead) -> Option<u16> {
    let (mut status, mut length, mut line) = (None, 0, String::new());
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
        } else if text.is_empty() && line.ends_with('\n') {
            reader.read_exact(&mut vec![0; length]).ok()?;
            return status;
        }
    }
}
