//! A place of its own for each test: directories, ports, the program in it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{
    fastavro,
    support::{
        http::{Answer, Request, Response},
        program::{Program, command, free_port},
    },
};

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A temporary directory in which the program runs, and its ports.
pub struct Place {
    directory: TempDir,
    /// Public port.
    pub port: u16,
    /// Admin port.
    pub admin: u16,
}

impl Place {
    /// An empty one.
    pub fn new() -> Self {
        let directory = TempDir::with_prefix("headwater-").expect("a temporary directory");
        Self { directory, port: free_port(), admin: free_port() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("a writable temporary directory");
        path
    }

    /// Puts a file in the place of another in one step.
    pub fn exchange(&self, name: &str, text: &str) {
        let fresh = self.write(&format!("{name}.new"), text);
        fs::rename(fresh, self.path().join(name)).expect("a writable temporary directory");
    }

    /// `serve` with no configuration file, on these ports.
    pub fn serve(&self) -> Command {
        let mut command = self.command(&["serve", "--set", &format!("divolte.global.admin.port={}", self.admin)]);
        command.env("DIVOLTE_PORT", self.port.to_string());
        command
    }

    /// The program with arguments, in this directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command.args(arguments).current_dir(self.path());
        command
    }

    /// Runs it to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program can be run")
    }

    /// Starts the server and waits until it answers.
    #[track_caller]
    pub fn start(&self, command: Command) -> Program {
        Program::start(command, self.port, self.path()).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Asks the admin listener as its own user would.
    #[track_caller]
    pub fn admin(&self, target: &str) -> Response {
        self.ask_admin(target, &format!("127.0.0.1:{}", self.admin), &[])
    }

    /// Asks the admin listener under a host name, with further headers.
    #[track_caller]
    pub fn ask_admin(&self, target: &str, host: &str, headers: &[(&str, &str)]) -> Response {
        let headers: Vec<_> = [("Host", host)].into_iter().chain(headers.iter().copied()).collect();
        Request::new("GET", target, &headers, b"").send(self.admin, PATIENCE).response()
    }

    /// Names of everything in it, at all depths.
    pub fn entries(&self) -> BTreeSet<PathBuf> {
        let mut entries = BTreeSet::new();
        let mut directories = vec![self.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten() {
                let path = entry.expect("an entry of a test's own directory").path();
                directories.extend(path.is_dir().then(|| path.clone()));
                entries.insert(path);
            }
        }
        entries
    }

    /// Published files of the embedded default, in the order of their names.
    pub fn published(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.path().join("data/events"), &mut files);
        files.retain(|path| path.extension().is_some_and(|extension| extension == "avro"));
        files.sort();
        files
    }

    /// Records of the published files, read by fastavro.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        self.published().iter().flat_map(|path| fastavro::read(path).records).collect()
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.expect("an entry of a test's own directory").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

/// A request as a browser sent it, and the fields of the record that it leads to.
#[derive(Debug, Deserialize)]
pub struct BrowserRequest {
    /// Where it comes from.
    pub name: String,
    /// Path and query.
    pub target: String,
    headers: Vec<(String, String)>,
    /// Fields by name; others are not looked at.
    pub record: Map<String, Value>,
}

impl BrowserRequest {
    /// All that are recorded: pages and events of the original tracker in a browser.
    pub fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../fixtures/browser_requests.json")).expect("recorded requests")
    }

    /// Sends it.
    pub fn send(&self, port: u16) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Request::new("GET", &self.target, &headers, b"").send(port, PATIENCE)
    }
}
