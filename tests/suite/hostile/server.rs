//! The server under attack, and what can be seen of it from outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
    time::{Duration, Instant},
};

use crate::{
    run::{PATIENCE, Place},
    support::{http::Request, murmur::murmur3_32, program::Program},
};

/// How long counters, memory and descriptors may take to settle.
const SETTLE: Duration = Duration::from_secs(20);

/// Memory that may be kept for later use: buffers of the allocator, of journal blocks and of connections.
const MEMORY_TOLERANCE: u64 = 48 << 20;

/// Limits that let slow cases end soon.
const SHORT: &[&str] =
    &["head_timeout=2 seconds", "body_timeout=2 seconds", "idle_timeout=3 seconds", "query_parameters=100"];

/// A running server with short limits.
pub struct Server {
    place: Place,
    program: Program,
}

/// What is seen of it at one moment.
pub struct Look {
    counters: BTreeMap<String, f64>,
    descriptors: usize,
    memory: u64,
}

impl Server {
    /// Starts one, with further limits.
    #[track_caller]
    pub fn start(limits: &[&str]) -> Self {
        let place = Place::new();
        let mut command = place.serve();
        // As it is with a configuration file: what cannot be an event is answered as if it were one.
        for key in ["strict=false", "maximum_body_size=4096"] {
            command.arg("--set").arg(format!("divolte.sources.json.{key}"));
        }
        for limit in SHORT.iter().chain(limits) {
            command.arg("--set").arg(format!("divolte.global.server.limits.{limit}"));
        }
        let program = place.start(command);
        Self { place, program }
    }

    /// Its public port.
    pub fn port(&self) -> u16 {
        self.place.port
    }

    /// Sends an event of this type, as a good client does.
    #[track_caller]
    pub fn valid_event(&self, name: &str) {
        let response = Request::get(&target(name)).send(self.port(), PATIENCE).response();
        assert_eq!((response.status, &response.body[..3]), (200, &b"GIF"[..]), "the event after {name}");
    }

    /// Counters, descriptors and memory.
    #[track_caller]
    pub fn look(&self) -> Look {
        let text = self.place.admin("/metrics").text();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.filter_map(|line| line.rsplit_once(' '));
        let counters = samples.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect();
        let process = format!("/proc/{}", self.program.id());
        let descriptors = fs::read_dir(format!("{process}/fd")).expect("a process of ours").count();
        let pages = fs::read_to_string(format!("{process}/statm")).expect("a process of ours");
        let pages: u64 = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("resident pages");
        Look { counters, descriptors, memory: pages * 4096 }
    }

    /// Waits until the counters have moved at least as expected, no connection is open, and memory and descriptors are
    /// back.
    #[track_caller]
    pub fn settles(&self, before: &Look, expected: &BTreeMap<&str, f64>) {
        self.wait(|now| [now.unmoved(before, expected), now.left(before)].concat());
    }

    /// Waits until the counters have moved at least as expected.
    #[track_caller]
    pub fn moves(&self, before: &Look, expected: &BTreeMap<&str, f64>) {
        self.wait(|now| now.unmoved(before, expected));
    }

    #[track_caller]
    fn wait(&self, wrong: impl Fn(&Look) -> Vec<String>) {
        let until = Instant::now() + SETTLE;
        loop {
            let wrong = wrong(&self.look());
            if wrong.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "{wrong:#?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it; its files hold the events of these types, once each, and no other.
    #[track_caller]
    pub fn stop_with(&mut self, names: &[&str]) {
        assert_eq!(self.program.stop(), Some(0), "{}", self.program.output());
        assert!(!self.program.output().contains("panicked"), "{}", self.program.output());
        let records = self.place.records();
        let types: Vec<_> = records.iter().filter_map(|record| record["eventType"].as_str()).collect();
        let found: BTreeSet<_> = types.iter().copied().filter(|name| !name.starts_with(super::case::ITS_OWN)).collect();
        assert_eq!(found, names.iter().copied().collect(), "{} records", records.len());
    }
}

impl Look {
    /// Counters that have not moved as far as expected.
    fn unmoved(&self, before: &Self, expected: &BTreeMap<&str, f64>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, count) in expected {
            let value = |look: &Self| look.counters.get(*name).copied();
            match (value(before), value(self)) {
                (Some(old), Some(new)) if new - old >= *count => {}
                (old, new) => wrong.push(format!("{name}: {old:?} to {new:?}, not {count} more")),
            }
        }
        wrong
    }

    /// What is not given back.
    fn left(&self, before: &Self) -> Vec<String> {
        let mut wrong = Vec::new();
        let open = self.counters["headwater_connections"];
        if open > 0.0 {
            wrong.push(format!("{open} connections are open"));
        }
        // The sink may have opened a file, the journal a block of its own.
        if self.descriptors > before.descriptors + 4 {
            wrong.push(format!("{} descriptors, before {}", self.descriptors, before.descriptors));
        }
        if self.memory > before.memory + MEMORY_TOLERANCE {
            wrong.push(format!("{} bytes of memory, before {}", self.memory, before.memory));
        }
        wrong
    }
}

/// The target of an event of this type, with its checksum.
pub fn target(name: &str) -> String {
    let type_ = name.replace(' ', "+");
    let mut parameters = [
        ("p", "0:kcxgvgzh:AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
        ("s", "0:kcxh0qzs:ZyXwVuTsRqPoNmLkJiHgFeDcBa543210"),
        ("v", "0:AAbCdEfGhIjKlMnOpQrStUvWxYz01234"),
        ("e", name),
        ("c", "kcxh0qzs"),
        ("n", "f"),
        ("f", "f"),
        ("l", "https://shop.example.com/"),
        ("t", name),
    ];
    parameters.sort_unstable();
    let canonical = parameters.iter().fold(String::new(), |text, (name, value)| text + &format!("{name}={value},;"));
    let checksum = base36(murmur3_32(canonical.as_bytes(), 0).cast_signed());
    let encoded =
        |value: &str| if value == name { type_.clone() } else { value.replace(':', "%3A").replace('/', "%2F") };
    let query: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("/csc-event?{}&x={checksum}", query.join("&"))
}

fn base36(number: i32) -> String {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 || digits.is_empty() {
        digits.push(char::from_digit(rest % 36, 36).expect("a digit"));
        rest /= 36;
    }
    digits.extend((number < 0).then_some('-'));
    digits.into_iter().rev().collect()
}
