//! The file sink's recordings: a program is started, given events, stopped or killed, and after each step both
//! directories are listed.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Mutex,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    compare::Difference,
    differences, golden,
    instance::Instance,
    listing::Listing,
    support::{avro, http::Request, murmur::lane, program::Program},
    verdict::Tally,
};

/// Cases that run side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 6;
/// What a step that gives events or starts the program is granted before the directories are looked at, so that a file
/// that changes too early is seen.
const SETTLE: Duration = Duration::from_millis(400);
/// What it is granted beyond that until the directories are as recorded.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same after a step that is itself a wait.
const PATIENCE_AFTER_WAIT: Duration = Duration::from_secs(1);

/// A case of the recording.
#[derive(Debug, Deserialize)]
struct StepsCase {
    name: String,
    config: String,
    steps: Vec<Step>,
}

/// A recorded step, and the directories after it.
#[derive(Debug, Deserialize)]
struct Step {
    #[serde(rename = "do")]
    name: String,
    work: Option<Vec<(String, Value)>>,
    #[serde(rename = "pub")]
    published: Option<Vec<(String, Value)>>,
    exit_code: Option<i32>,
}

/// What happened in a case.
#[derive(Debug, Default)]
pub struct Trace {
    /// Directories after each step.
    pub steps: Vec<Observed>,
    /// Events that were answered, in order.
    pub sent: Vec<String>,
    /// Events in published files at the end, in the order of `sent`.
    pub published: Vec<String>,
    /// Events in the working directory at the end.
    pub left: Vec<String>,
    /// Exit code of the orderly stop.
    pub exit_code: Option<i32>,
}

/// Directories after a step.
#[derive(Debug)]
pub struct Observed {
    /// The step.
    pub name: String,
    /// What stood there.
    pub listing: Listing,
}

impl Trace {
    /// The directories after the first step of that name.
    pub fn listing_after(&self, step: &str) -> Result<&Listing, String> {
        let found = self.steps.iter().find(|observed| observed.name == step);
        found.map(|observed| &observed.listing).ok_or_else(|| format!("no step {step:?}"))
    }
}

/// Runs all cases of the group and panics with all that differs.
pub fn run(name: &str) {
    let group = golden::load::<StepsCase>(name);
    let tally = Mutex::new(Tally::new(name));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = group.cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (trace, differences) = run_case(case);
                    let checked = differences::check_steps(name, &case.name, &trace);
                    // A listing in between may be the recording's or not; the check says what must hold.
                    tally.lock().expect("no case panics while it judges").judge(&case.name, &differences, checked);
                }
            });
        }
    });
    tally.into_inner().expect("no case panics while it judges").finish();
}

/// Runs the steps of a case and compares each.
fn run_case(case: &StepsCase) -> (Trace, Vec<Difference>) {
    let instance = Instance::new(&case.config, None, None, &BTreeMap::new());
    let (mut trace, mut differences) = (Trace::default(), Vec::new());
    let mut program = None;
    for (nth, step) in case.steps.iter().enumerate() {
        let what = format!("step {} `{}`", nth + 1, step.name);
        if let Err(why) = perform(&step.name, &instance, &mut program, &mut trace) {
            differences.push(Difference::new(what, "done", why));
            break;
        }
        // Signals end the program: 143 is the original's orderly stop, ours is 0; -9 is `kill -9` in both.
        if step.exit_code == Some(143) && trace.exit_code != Some(0) {
            differences.push(Difference::new(format!("{what}: exit code"), 0, format!("{:?}", trace.exit_code)));
        }
        let recorded = Listing::recorded(step.work.as_ref(), step.published.as_ref());
        let listing = await_listing(&instance, &recorded, &step.name);
        if listing != recorded {
            differences.push(Difference::new(what, &recorded, &listing));
        }
        trace.steps.push(Observed { name: step.name.clone(), listing });
    }
    drop(program);
    trace.published = events(&instance.published(""));
    trace.left = events(&instance.work(""));
    let position = |event: &String| trace.sent.iter().position(|sent| sent == event);
    trace.published.sort_by_key(position);
    let mut all: Vec<_> = trace.published.iter().chain(&trace.left).cloned().collect();
    all.sort_by_key(position);
    if all != trace.sent {
        differences.push(Difference::new("events at the end", trace.sent.join(" "), all.join(" ")));
    }
    (trace, differences)
}

/// Does a step.
fn perform(step: &str, instance: &Instance, program: &mut Option<Program>, trace: &mut Trace) -> Result<(), String> {
    let (verb, argument) = step.split_once(' ').unwrap_or((step, ""));
    let running = |program: &mut Option<Program>| program.take().ok_or("the program does not run");
    match verb {
        "start" | "restart" => *program = Some(instance.start()?),
        "event" => send(program.as_ref(), trace, PARTY)?,
        "events" => {
            for _ in 0..argument.parse().map_err(|_| "no count")? {
                send(program.as_ref(), trace, PARTY)?;
            }
        }
        "parties" => {
            for party in parties(argument.parse().map_err(|_| "no count")?) {
                send(program.as_ref(), trace, &party)?;
            }
        }
        "wait" => thread::sleep(Duration::from_secs_f64(argument.parse().map_err(|_| "no duration")?)),
        "term" => trace.exit_code = running(program)?.stop(),
        "kill9" => {
            let mut running = running(program)?;
            running.signal("KILL");
            running.wait();
        }
        "mkfiles" => {
            fs::write(instance.work("").join("leftover.avro.partial"), "not ours").map_err(|why| why.to_string())?;
        }
        "rmwork" => fs::remove_dir_all(instance.work("")).map_err(|why| why.to_string())?,
        "mkwork" => fs::create_dir(instance.work("")).map_err(|why| why.to_string())?,
        _ => return Err("an unknown step".into()),
    }
    Ok(())
}

/// Party of all events that do not name another.
const PARTY: &str = "0:kcxgvgzh:AbCdEfGhIjKlMnOpQrStUvWxYz012345";

/// Parties of which each of two lanes gets half.
fn parties(count: usize) -> Vec<String> {
    let mut parties = Vec::new();
    let mut lanes = [0, 0];
    for nth in 0.. {
        let party = format!("0:kcxgvgzh:party{nth}");
        let taken = &mut lanes[lane(&party, 2) as usize];
        if *taken < count / 2 {
            *taken += 1;
            parties.push(party);
        }
        if parties.len() == count {
            break;
        }
    }
    parties
}

/// Sends one event, told from all others by its type.
fn send(program: Option<&Program>, trace: &mut Trace, party: &str) -> Result<(), String> {
    let port = program.ok_or("the program does not run")?.port;
    let event = format!("e{}", trace.sent.len() + 1);
    let body = json!({
        "session_id": "0:kcxh0qzs:ZyXwVuTsRqPoNmLkJiHgFeDcBa543210", "event_id": event, "event_type": event,
        "is_new_party": false, "is_new_session": false, "client_timestamp_iso": "2020-07-22T16:37:22.286+02:00",
        "parameters": {}
    });
    let target = format!("/j?p={}", party.replace(':', "%3A"));
    let response = Request::post_json(&target, &body.to_string()).send(port, Duration::from_secs(10)).response();
    if response.status != 204 {
        return Err(format!("event {event} is answered with {} {:?}", response.status, response.text()));
    }
    trace.sent.push(event);
    Ok(())
}

/// Waits until the directories are as recorded, or gives what they are.
fn await_listing(instance: &Instance, recorded: &Listing, step: &str) -> Listing {
    let is_wait = step.starts_with("wait");
    if !is_wait {
        thread::sleep(SETTLE);
    }
    let until = Instant::now() + if is_wait { PATIENCE_AFTER_WAIT } else { PATIENCE };
    loop {
        let listing = Listing::read(&instance.work(""), &instance.published(""));
        if listing == *recorded || Instant::now() > until {
            return listing;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The types of the events in a directory's files.
fn events(directory: &Path) -> Vec<String> {
    let mut events = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.expect("an entry of a test's own directory").path();
        // What cannot be read is seen in the listings.
        for record in avro::read(&path).map(|container| container.records).unwrap_or_default() {
            events.push(record["eventType"].as_str().unwrap_or("without type").to_owned());
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_shared_between_two_lanes() {
        let parties = parties(6);
        assert_eq!(parties.len(), 6);
        assert_eq!(parties.iter().filter(|party| lane(party, 2) == 1).count(), 3);
    }

    #[test]
    fn every_recorded_step_is_known() {
        let known =
            ["start", "restart", "event", "events", "parties", "wait", "term", "kill9", "mkfiles", "rmwork", "mkwork"];
        for case in golden::load::<StepsCase>("file_sink").cases {
            for step in case.steps {
                let verb = step.name.split(' ').next().unwrap_or_default();
                assert!(known.contains(&verb), "{:?}: {}", case.name, step.name);
                Listing::recorded(step.work.as_ref(), step.published.as_ref());
            }
        }
    }
}
