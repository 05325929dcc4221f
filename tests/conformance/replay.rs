//! Groups of requests: each is sent to the real program, in order, and its response and records are compared.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::{
    align::assign,
    compare::{self, Moment, Own},
    differences::{self, Evidence},
    golden::{self, Case, Group, ORIGINAL_TAG},
    instance::Instance,
    support::{
        avro,
        http::{Answer, Request},
    },
    verdict::Tally,
};

/// How long a response may take; silence beyond it is a difference.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs a group and panics with all that differs.
pub fn run(name: &str) {
    let group = golden::load::<Case>(name);
    let mut tally = Tally::new(name);
    let instance = Instance::new(
        group.config.as_deref().expect("a group of requests has one configuration"),
        group.schema.as_deref(),
        group.mapping.as_deref(),
        &group.files,
    );
    let mut program = instance.start().unwrap_or_else(|why| panic!("{name}: {why}"));
    let own = own_script(&group, program.port);
    let mut answers = HashMap::new();
    let mut moments = Vec::new();
    for case in &group.cases {
        let request = case.request.build(own.tag.as_deref());
        if has_prelude(name, &case.name) {
            request.send(program.port, PATIENCE);
        }
        let sent = now();
        let answer = request.send(program.port, PATIENCE);
        moments.push(Moment { sent, answered: now() });
        answers.insert(case.name.as_str(), answer);
    }
    let code = program.stop();
    if code != Some(0) {
        tally.fail(&format!("exit code {code:?} after an orderly stop:\n{}", program.output()));
    }
    let records = published(&instance.published(""), &mut tally);
    judge(&group, &answers, &moments, &records, &own, &mut tally);
    tally.finish();
}

/// Compares every case and judges it.
fn judge(
    group: &Group<Case>,
    answers: &HashMap<&str, Answer>,
    moments: &[Moment],
    records: &[Value],
    own: &Own,
    tally: &mut Tally,
) {
    let preludes: Vec<_> = group.cases.iter().map(|case| usize::from(has_prelude(&group.name, &case.name))).collect();
    let expected: Vec<_> =
        group.cases.iter().zip(&preludes).map(|(case, prelude)| prelude + case.records.len()).collect();
    let assignment = assign(&expected, records.len(), |case, nth, record| {
        let Some(nth) = nth.checked_sub(preludes[case]) else { return 0 };
        let golden = &group.cases[case].records[nth];
        u32::try_from(compare::record("", golden, &records[record], moments[case]).len()).unwrap_or(u32::MAX)
    });
    for (index, case) in group.cases.iter().enumerate() {
        let answer = &answers[&*case.name];
        let mut differences = compare::response(&case.response, answer, case.request.is_head(), own);
        let ours = assignment.cases[index].iter().skip(preludes[index]);
        let ours: Vec<_> = ours.map(|record| &records[*record]).collect();
        differences.extend(compare::records(&case.records, &ours, moments[index]));
        let evidence = Evidence { case, answer, differences: &differences, answers };
        tally.judge(&case.name, &differences, differences::check(&group.name, &evidence));
    }
    for stray in &assignment.strays {
        tally.fail(&format!("a record that no case led to: {}", records[*stray]));
    }
}

/// Whether the case needs its own request sent once before it; see the file.
fn has_prelude(group: &str, case: &str) -> bool {
    let lines = include_str!("preludes.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('\t'))
        .any(|(of, rest)| of == group && rest.split('\t').next() == Some(case))
}

/// Asks for our own script where the group has one.
fn own_script(group: &Group<Case>, port: u16) -> Own {
    let mut own = Own { lengths: Own::lengths_of(&group.cases), ..Own::default() };
    let plain = format!("\"{ORIGINAL_TAG}\"");
    let with_script = group.cases.iter().find(|case| {
        case.response.status == Some(200) && case.response.header("etag") == Some(&plain) && !case.request.is_head()
    });
    if let Some(case) = with_script {
        let script = Request::get(&case.request.target).send(port, PATIENCE).response();
        own.tag = script.header("etag").map(|tag| tag.trim_matches('"').to_owned());
        own.script = script.body;
    }
    own
}

/// All published records, in the order in which they were written.
fn published(directory: &Path, tally: &mut Tally) -> Vec<Value> {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .expect("the publish directory")
        .map(|entry| entry.expect("an entry of the publish directory").path())
        .collect();
    // Time stamp first, then the number of the lane: one lane, so the order in which the files were opened.
    paths.sort();
    let mut records = Vec::new();
    for path in paths {
        match avro::read(&path) {
            Ok(container) if container.odd_tail == 0 => records.extend(container.records),
            Ok(container) => tally.fail(&format!("{}: {} odd bytes at the end", path.display(), container.odd_tail)),
            Err(error) => tally.fail(&error),
        }
    }
    records
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292,278,994")
}
