//! The server that is tortured.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use super::{Promise, Wrong};

/// How long a start and a stop may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks at something that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How long an answer of the server may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

const SCHEMA: &str = r#"{"type":"record","name":"Torture","fields":[{"name":"event","type":"string","default":""}]}"#;
const SCRIPT: &str = "mapping { map eventType() onto 'event' }\n";

/// What became of the events, as the server says at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// Offsets from the first to the one that the sink has come to.
    pub offsets: u64,
    /// Those with an outcome.
    pub accounted: u64,
    /// Those that were damaged, or never used.
    pub gap: u64,
}

/// The server: its directory, and the process while there is one.
#[derive(Debug)]
pub(super) struct Server {
    directory: PathBuf,
    port: u16,
    admin: u16,
    child: Option<Child>,
}

impl Server {
    /// Writes its configuration.
    pub fn prepare(directory: &Path, durability: Promise) -> Result<Self, Wrong> {
        let (port, admin) = free_ports().map_err(|error| format!("there is no free port: {error}"))?;
        let server = Self { directory: directory.to_owned(), port, admin, child: None };
        let durability = durability.name();
        // Small segments, so that they end and are used again; a small journal, so that it can be full; short files.
        let configuration = format!(
            r"divolte {{
  global {{
    server {{ host = 127.0.0.1, port = {port} }}
    admin {{ host = 127.0.0.1, port = {admin} }}
    data_directory = {data}
    journal {{ durability = {durability}, segment_size = 8M, max_size = 48M }}
    hdfs.threads = 2
  }}
  sources.load {{ type = json, event_path = /event }}
  mappings.numbers {{ sources = [load], sinks = [files], schema_file = {schema}, mapping_script_file = {script} }}
  sinks.files {{
    type = file
    file_strategy {{
      working_dir = {working}, publish_dir = {published}
      roll_every = 2 seconds, sync_file_after_records = 5000, sync_file_after_duration = 1 second
    }}
  }}
}}
",
            data = quoted(&server.data()),
            schema = quoted(&server.path("torture.avsc")),
            script = quoted(&server.path("torture.groovy")),
            working = quoted(&server.working()),
            published = quoted(&server.published()),
        );
        let texts = [("torture.conf", configuration.as_str()), ("torture.avsc", SCHEMA), ("torture.groovy", SCRIPT)];
        for (name, text) in texts {
            fs::write(server.path(name), text).map_err(|error| failed(&server.path(name), &error))?;
        }
        for made in [server.data(), server.files(), server.working(), server.published()] {
            fs::create_dir(&made).map_err(|error| failed(&made, &error))?;
        }
        Ok(server)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Where segments are.
    pub fn journal(&self) -> PathBuf {
        self.data().join("journal")
    }

    fn files(&self) -> PathBuf {
        self.path("files")
    }

    /// Where files in work are.
    pub fn working(&self) -> PathBuf {
        self.files().join("working")
    }

    /// Where published files are.
    pub fn published(&self) -> PathBuf {
        self.files().join("published")
    }

    /// Where events are sent to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process, if there is one.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    fn pid(&self) -> Result<Pid, Wrong> {
        let id = self.child.as_ref().map(Pid::from_child);
        id.ok_or_else(|| "the server does not run".to_owned())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        if let Some(child) = &mut self.child
            && matches!(child.try_wait(), Ok(None))
        {
            return true;
        }
        self.child = None;
        false
    }

    /// Starts it and waits until it answers; gives how long that took.
    pub fn start(&mut self) -> Result<Duration, Wrong> {
        let began = Instant::now();
        let log = self.path("server.log");
        let file = File::options().create(true).append(true).open(&log).map_err(|error| failed(&log, &error))?;
        let error = file.try_clone().map_err(|error| failed(&log, &error))?;
        let program = std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
        let mut command = Command::new(program);
        command.args(["serve", "-c"]).arg(self.path("torture.conf")).current_dir(&self.directory);
        // Nothing of the surroundings may configure it.
        command.env_clear().stdin(Stdio::null()).stdout(file).stderr(error);
        self.child = Some(command.spawn().map_err(|error| format!("the server cannot be started: {error}"))?);
        while began.elapsed() < PATIENCE {
            if !self.runs() {
                return Err("the server ended instead of listening".to_owned());
            }
            if matches!(ask(self.port, "/ping"), Some((200, _))) {
                return Ok(began.elapsed());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(format!("the server did not answer within {PATIENCE:?}"))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<(), Wrong> {
        kill_process(self.pid()?, signal).map_err(|error| format!("the server cannot be signalled: {error}"))
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Result<(), Wrong> {
        self.signal(Signal::KILL)?;
        self.wait().map(|_| ())
    }

    /// An orderly stop.
    pub fn stop(&mut self) -> Result<(), Wrong> {
        self.signal(Signal::TERM)?;
        match self.wait()? {
            0 => Ok(()),
            code => Err(format!("an orderly stop ended with {code}")),
        }
    }

    /// Waits for its end; -1 stands for a signal.
    fn wait(&mut self) -> Result<i32, Wrong> {
        let began = Instant::now();
        while let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(Some(status)) => {
                    self.child = None;
                    return Ok(status.code().unwrap_or(-1));
                }
                Ok(None) if began.elapsed() > PATIENCE => {
                    return Err(format!("the server did not end in {PATIENCE:?}"));
                }
                Ok(None) => thread::sleep(LOOK_EVERY),
                Err(error) => return Err(format!("the server cannot be waited for: {error}")),
            }
        }
        Err("the server does not run".to_owned())
    }

    /// Takes the directory of its files away.
    pub fn hide_files(&self) -> Result<(), Wrong> {
        fs::rename(self.files(), self.path("hidden")).map_err(|error| failed(&self.files(), &error))
    }

    /// Gives it back.
    pub fn show_files(&self) -> Result<(), Wrong> {
        fs::rename(self.path("hidden"), self.files()).map_err(|error| failed(&self.files(), &error))
    }

    /// Descriptors that it has open.
    pub fn descriptors(&self) -> u64 {
        let id = self.id().unwrap_or(0);
        fs::read_dir(format!("/proc/{id}/fd")).map_or(0, |entries| entries.count() as u64)
    }

    /// Bytes of its address space.
    pub fn memory(&self) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.id().unwrap_or(0))).unwrap_or_default();
        let pages: u64 = statm.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or(0);
        pages * rustix::param::page_size() as u64
    }

    /// Lowers one of its limits for a while; what ends it meanwhile is part of the plan.
    pub fn starve(&mut self, resource: Resource, limit: u64, time: Duration) -> Result<(), Wrong> {
        let failed = |error| format!("the server's limits cannot be changed: {error}");
        let lowered = Rlimit { current: Some(limit), maximum: None };
        let before = rustix::process::getrlimit(resource);
        let pid = self.pid()?;
        prlimit(Some(pid), resource, Rlimit { maximum: before.maximum, ..lowered }).map_err(failed)?;
        let began = Instant::now();
        while began.elapsed() < time && self.runs() {
            thread::sleep(LOOK_EVERY);
        }
        if self.runs() {
            prlimit(Some(pid), resource, before).map_err(failed)?;
        }
        Ok(())
    }

    /// Waits until the sink has everything; gives the account.
    pub fn drain(&mut self, patience: Duration) -> Result<Account, Wrong> {
        let began = Instant::now();
        loop {
            let status = ask(self.admin, "/status").filter(|(code, _)| *code == 200);
            let status: Option<Value> = status.and_then(|(_, body)| serde_json::from_str(&body).ok());
            if let Some(status) = &status
                && status["sinks"][0]["waiting"] == 0
            {
                return Ok(account(&status["sinks"][0]));
            }
            if began.elapsed() > patience || !self.runs() {
                return Err(format!("the last events were not delivered within {patience:?}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn account(sink: &Value) -> Account {
    let mapping = &sink["mappings"][0];
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let outcomes = mapping.as_object().into_iter().flatten().filter(|(name, _)| *name != "start" && *name != "frozen");
    let dead = mapping["dead"].as_object().into_iter().flatten().map(|(_, count)| number(count));
    Account {
        offsets: number(&sink["upto"]) - number(&mapping["start"]),
        accounted: outcomes.map(|(_, count)| number(count)).sum::<u64>() + dead.sum::<u64>(),
        gap: number(&mapping["gap"]),
    }
}

fn free_ports() -> std::io::Result<(u16, u16)> {
    let any = (Ipv4Addr::LOCALHOST, 0);
    let (first, second) = (TcpListener::bind(any)?, TcpListener::bind(any)?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

/// Status and body of a `GET`.
fn ask(port: u16, target: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(ANSWER_PATIENCE)).ok()?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// A path as a string of the configuration.
fn quoted(path: &Path) -> String {
    Value::from(path.to_string_lossy()).to_string()
}

pub(super) fn failed(path: &Path, error: &std::io::Error) -> Wrong {
    format!("{}: {error}", path.display())
}
