//! `headwater cat --follow`: records as files are published.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    run::{BrowserRequest, Place},
    support::{program::send_signal, terminal::OnTerminal},
};

/// How long a line may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `cat --follow`, and what it prints.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command(&[&["cat", "--follow"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be run");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next records.
    #[track_caller]
    fn records(&self, count: usize) -> Vec<Value> {
        let line = |_| self.lines.recv_timeout(PATIENCE).expect("a record");
        (0..count).map(line).map(|line| serde_json::from_str(&line).expect("a line of JSON")).collect()
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it told on its standard error.
    fn told(mut self) -> String {
        let mut told = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        std::io::Read::read_to_string(&mut stderr, &mut told).expect("text");
        told
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A published file with a record for each of the recorded requests.
fn published(place: &Place) -> PathBuf {
    let mut program = place.start(place.serve());
    for request in BrowserRequest::all() {
        request.send(place.port).response();
    }
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    place.published()[0].clone()
}

/// Publishes a copy of a file in a directory, as a server does: complete from the first moment on.
fn publish(file: &Path, directory: &Path, name: &str) {
    let partial = directory.join(name.to_owned() + ".partial");
    fs::copy(file, &partial).expect("a copy");
    fs::rename(&partial, directory.join(name)).expect("in one step");
}

#[test]
fn records_appear_as_a_server_publishes_them() {
    let place = Place::new();
    // Before there is a directory.
    let mut follower = Follower::start(&place, &["data/events"]);
    let file = published(&place);
    let total = place.records().len();
    let mut shown = follower.records(total);
    publish(&file, file.parent().expect("a directory"), "9-later.avro");
    shown.extend(follower.records(crate::fastavro::read(&file).records.len()));
    let mut expected = place.records();
    expected.sort_by_key(Value::to_string);
    shown.sort_by_key(Value::to_string);
    assert_eq!(shown, expected);

    send_signal(follower.child.id(), "INT");
    assert_eq!(follower.wait().code(), Some(0));
    assert_eq!(follower.told(), "");
}

#[test]
fn only_what_is_new_is_shown_when_that_is_asked_for() {
    let place = Place::new();
    let file = published(&place);
    // On a terminal it says when it has begun.
    let terminal = OnTerminal::spawn(place.command(&["cat", "--follow", "--new", "data/events"]));
    terminal.await_text("following data/events; Ctrl-C ends it\n");
    publish(&file, file.parent().expect("a directory"), "0-new.avro");
    let expected = crate::fastavro::read(&file).records;
    terminal.await_text(expected.last().expect("a record")["pageViewId"].as_str().expect("a text"));
    send_signal(terminal.child.id(), "TERM");
    let (code, shown) = terminal.finish();
    assert_eq!(code, Some(0));
    let shown: Vec<Value> = shown.lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(shown, expected);
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    let place = Place::new();
    fs::create_dir(place.path().join("empty")).expect("a directory");
    let mut child = place
        .command(&["cat", "--follow", "empty"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    // Nothing is ever printed, and still it is noticed.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("a child of ours");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn what_cannot_be_read_is_told_and_passed_over() {
    let place = Place::new();
    let file = published(&place);
    let broken = place.write("broken", "not Avro");
    publish(&broken, file.parent().expect("a directory"), "0-broken.avro");
    let mut follower = Follower::start(&place, &["data/events"]);
    follower.records(crate::fastavro::read(&file).records.len());
    send_signal(follower.child.id(), "INT");
    assert_eq!(follower.wait().code(), Some(0));
    let told = follower.told();
    assert!(told.contains("data/events/0-broken.avro: this is no Avro container file"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_file_cannot_be_followed() {
    let place = Place::new();
    place.write("file", "");
    let output = place.output(&["cat", "--follow", "file"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("file: it is no directory"), "{errors}");
}
