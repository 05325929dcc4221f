//! Starts: whether the program runs with a configuration, or refuses it with exit code 2 and says why.

use std::{collections::BTreeMap, sync::Mutex, thread};

use serde::Deserialize;

use crate::{
    compare::Difference,
    differences, golden,
    instance::{Instance, Start},
    verdict::Tally,
};

/// Cases that run side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 4;
/// Port that one recorded configuration has in its text.
const RECORDED_PORT: &str = "18353";
/// Cases that start in vain with the original, and here with a warning.
const WARNED: [&str; 5] = [
    "schema without mapping",
    "json max body negative",
    "sync records zero",
    "http_response_delay negative",
    "empty mapping sources",
];
/// Cases whose mistake is in the surroundings, so that no line of a file is shown.
const WITHOUT_PLACE: [&str; 1] = ["host in use/unresolvable"];

/// A case of the recording.
#[derive(Debug, Deserialize)]
struct StartCase {
    name: String,
    config: String,
    /// The schema's text; `base` = the one of the group.
    schema: Option<String>,
    mapping: Option<String>,
    startup: Startup,
}

/// What the original did.
#[derive(Debug, Deserialize)]
struct Startup {
    started: bool,
}

/// Runs all cases of the group and panics with all that differs.
pub fn run(name: &str) {
    let group = golden::load::<StartCase>(name);
    let tally = Mutex::new(Tally::new(name));
    let queue = Mutex::new(group.cases.iter());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().expect("no case panics while it is taken").next() else { return };
                    let (start, differences) = run_case(case, group.schema.as_deref());
                    let checked = differences::check_start(name, &case.name, &start);
                    tally.lock().expect("no case panics while it judges").judge(&case.name, &differences, checked);
                }
            });
        }
    });
    tally.into_inner().expect("no case panics while it judges").finish();
}

/// Starts the program, and asks `check` for its opinion too.
fn run_case(case: &StartCase, base: Option<&str>) -> (Start, Vec<Difference>) {
    let schema = case.schema.as_deref().map(|text| if text == "base" { base.unwrap_or_default() } else { text });
    let config = case.config.replace(RECORDED_PORT, "@PORT@");
    let instance = Instance::new(&config, schema, case.mapping.as_deref(), &BTreeMap::new());
    let start = instance.try_start();
    let mut differences = Vec::new();
    let mut differs = |what: &str, expected: &str, ours: &Start| {
        differences.push(Difference::new(what, expected, ours));
    };
    match (&start, case.startup.started) {
        (Start::Running { .. }, true) | (Start::Refused { code: Some(2), .. }, false) => {}
        (_, true) => differs("start", "listens", &start),
        (_, false) => differs("start", "refused with exit code 2", &start),
    }
    let check = instance.check();
    let started = matches!(start, Start::Running { .. });
    match (&check, started) {
        (Start::Running { .. }, true) | (Start::Refused { code: Some(2), .. }, false) => {}
        _ => differs("check", "the opinion of serve", &check),
    }
    for told in [&start, &check] {
        let word = if matches!(told, Start::Running { .. }) { "warning[" } else { "error[" };
        let silent = !told.output().contains(word);
        let placed = !WITHOUT_PLACE.contains(&&*case.name);
        if silent && placed && (word == "error[" || WARNED.contains(&&*case.name)) {
            differs("message", word, told);
        }
    }
    (start, differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_case_is_recorded() {
        let cases = golden::load::<StartCase>("config_errors").cases;
        for name in WARNED.iter().chain(&WITHOUT_PLACE) {
            assert!(cases.iter().any(|case| case.name == *name), "{name}");
        }
    }
}
