//! The program under test, as a child process that never outlives its test.

use std::{
    ffi::OsStr,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::http::{Answer, Request};

/// How long a start may take before the test gives up; generous, because the machine may be busy.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// How long an orderly stop may take.
const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_headwater");

/// The program built with these tests, with an environment of its own.
pub fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| keeps(name))).stdin(Stdio::null());
    command
}

/// Only what a program needs from its surroundings: nothing of the machine may configure it.
fn keeps(name: &OsStr) -> bool {
    ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE", "TZ", "LLVM_PROFILE_FILE"]
        .iter()
        .any(|kept| name == *kept)
}

/// A port that nobody listens on. Outside the range from which the kernel takes the ports of outgoing connections, and
/// different for each test process, so that tests side by side do not meet.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = u16::try_from(std::process::id() % 190).expect("a small number") * 100 + 11_000;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed) % 1000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sends a signal (`TERM`, `INT`, `KILL`, …) to a child that still runs.
pub fn send_signal(id: u32, name: &str) {
    // The shell's own `kill`, because a machine may lack the program of that name.
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status();
    assert!(status.expect("a shell").success(), "cannot send {name}");
}

/// A running program.
pub struct Program {
    child: Child,
    /// Its public port.
    pub port: u16,
    output: PathBuf,
}

impl Program {
    /// Starts it with its output in `<directory>/output-<port>.log`, and waits until it answers on `port`.
    ///
    /// # Errors
    /// It ended, or did not answer in time: what it wrote.
    pub fn start(mut command: Command, port: u16, directory: &Path) -> Result<Self, String> {
        let output = directory.join(format!("output-{port}.log"));
        let file = File::options().create(true).append(true).open(&output).expect("a writable test directory");
        let error = file.try_clone().expect("a second handle of the log");
        let child = command.stdout(file).stderr(error).spawn().expect("the program can be run");
        let mut program = Self { child, port, output };
        let until = Instant::now() + START_PATIENCE;
        loop {
            if let Some(status) = program.child.try_wait().expect("a child of ours") {
                return Err(format!("ended with {status} instead of listening:\n{}", program.output()));
            }
            if matches!(Request::get("/ping").send(port, Duration::from_secs(2)), Answer::Response(_)) {
                return Ok(program);
            }
            if Instant::now() > until {
                return Err(format!("does not answer on port {port}:\n{}", program.output()));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal: `TERM`, `INT`, `KILL`, …
    pub fn signal(&self, name: &str) {
        send_signal(self.child.id(), name);
    }

    /// Waits for the end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + STOP_PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < until, "does not end within {STOP_PATIENCE:?}:\n{}", self.output());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks for an orderly stop and gives the exit code.
    #[track_caller]
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.wait().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the program's output:\n{}", self.output());
        }
    }
}
