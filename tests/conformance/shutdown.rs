//! The recordings of an orderly stop: what is answered before the signal and shortly after it, how long the end takes,
//! and what is in the files.

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    compare::{self, Difference, Own},
    golden::{self, Case, RecordedResponse},
    instance::Instance,
    listing::Listing,
    support::http::{Request, connect},
    verdict::Tally,
};

/// How much longer than the recording the end may take.
const SLOWER_MAX: f64 = 5.0;
/// How long a probe waits for its answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A case of the recording.
#[derive(Debug, Deserialize)]
struct ShutdownCase {
    name: String,
    config: String,
    probes: Vec<Probe>,
    seconds_to_exit: f64,
    work: Vec<(String, Value)>,
    #[serde(rename = "pub")]
    published: Vec<(String, Value)>,
}

/// A request at a named moment.
#[derive(Debug, Deserialize)]
struct Probe {
    when: String,
    what: String,
    response: RecordedResponse,
}

/// Runs all cases of the group side by side and panics with all that differs.
pub fn run(name: &str) {
    let group = golden::load::<ShutdownCase>(name);
    let results: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = group.cases.iter().map(|case| scope.spawn(|| run_case(case))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic in a case")).collect()
    });
    let mut tally = Tally::new(name);
    for (case, differences) in group.cases.iter().zip(results) {
        tally.judge(&case.name, &differences, None);
    }
    tally.finish();
}

fn run_case(case: &ShutdownCase) -> Vec<Difference> {
    let instance = Instance::new(&case.config, None, None, &BTreeMap::new());
    let mut program = match instance.start() {
        Ok(program) => program,
        Err(why) => return vec![Difference::new("start", "listens", why)],
    };
    let mut differences = Vec::new();
    let (before, after): (Vec<_>, Vec<_>) = case.probes.iter().partition(|probe| probe.when == "before");
    let own = own_script(program.port, &before);
    for probe in &before {
        differences.extend(ask(probe, program.port, &own));
    }
    let open = case.name.contains("open request").then(|| open_request(program.port));
    program.signal("TERM");
    let signalled = Instant::now();
    thread::sleep(Duration::from_millis(700));
    for probe in &after {
        differences.extend(ask(probe, program.port, &own));
    }
    let code = program.wait().code();
    let seconds = signalled.elapsed().as_secs_f64();
    drop(open);
    if code != Some(0) {
        differences.push(Difference::new("exit code", 0, format!("{code:?}")));
    }
    let allowed = patience_of(&case.config)..case.seconds_to_exit + SLOWER_MAX;
    if !allowed.contains(&seconds) {
        differences.push(Difference::new("seconds to the end", format!("{allowed:?}"), seconds));
    }
    let recorded = Listing::recorded(Some(&case.work), Some(&case.published));
    let listing = Listing::read(&instance.work(""), &instance.published(""));
    if listing != recorded {
        differences.push(Difference::new("files at the end", recorded, listing));
    }
    differences
}

/// The delay or time-out that the configuration sets, in seconds: the end may not come earlier.
fn patience_of(config: &str) -> f64 {
    let value = config.split_once("shutdown_").and_then(|(_, rest)| rest.split_once('='));
    value.and_then(|(_, rest)| rest.split_whitespace().next()).map_or(0.0, |number| number.parse().expect("seconds"))
}

fn request(what: &str) -> Request {
    match what {
        "ping" => Request::get("/ping"),
        "script" => Request::get("/divolte.js"),
        "event" => {
            let valid = golden::load::<Case>("pixel_params").cases.into_iter().find(|case| case.name == "valid");
            valid.expect("a recorded event").request.build(None)
        }
        _ => panic!("unknown probe {what:?}"),
    }
}

fn own_script(port: u16, probes: &[&Probe]) -> Own {
    let script = request("script").send(port, PATIENCE).response();
    Own {
        tag: script.header("etag").map(|tag| tag.trim_matches('"').to_owned()),
        script: script.body,
        lengths: probes.iter().filter_map(|probe| probe.response.body_len).collect(),
        ..Own::default()
    }
}

fn ask(probe: &Probe, port: u16, own: &Own) -> Vec<Difference> {
    let answer = request(&probe.what).send(port, PATIENCE);
    let mut differences = compare::response(&probe.response, &answer, false, own);
    for difference in &mut differences {
        difference.what = format!("{} {}: {}", probe.what, probe.when, difference.what);
    }
    differences
}

/// A request that never ends: its body stays short of what its head says.
fn open_request(port: u16) -> TcpStream {
    let mut stream = connect(port).expect("a listening program");
    let head = "POST /j?p=0%3Akcxgvgzh%3AAbCdEfGhIjKlMnOpQrStUvWxYz012345 HTTP/1.1\r\nHost: collector.example.test\r\n\
        Content-Type: application/json\r\nContent-Length: 300\r\n\r\n{\"session_id\": ";
    stream.write_all(head.as_bytes()).expect("room for a head");
    // The program must have read it before the signal comes, and there is nothing to see that by.
    thread::sleep(Duration::from_millis(200));
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_patience_is_found() {
        let cases = golden::load::<ShutdownCase>("shutdown").cases;
        let found: Vec<_> = cases.iter().map(|case| patience_of(&case.config)).collect();
        assert_eq!(found, [0.0, 3.0, 2.0]);
    }
}
