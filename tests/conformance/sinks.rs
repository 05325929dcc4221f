//! Groups of requests whose records go to several sinks by several mappings: what each request led to in each sink.
//!
//! The records of one request in one sink come in any order, since the original's order of mappings is not defined;
//! those of different requests come in the order of the requests.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    compare::{self, Difference, Own},
    golden::{self, RecordedRequest, RecordedResponse},
    instance::Instance,
    support::avro,
    verdict::Tally,
};

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A case of the recording.
#[derive(Debug, Deserialize)]
struct SinksCase {
    name: String,
    request: RecordedRequest,
    response: RecordedResponse,
    /// `sink0`, `sink1`, …: its records.
    records_by_sink: BTreeMap<String, Vec<Value>>,
}

/// Runs a group and panics with all that differs.
pub fn run(name: &str) {
    let group = golden::load::<SinksCase>(name);
    let config = group.config.as_deref().expect("a group of requests has one configuration");
    let instance = Instance::new(config, group.schema.as_deref(), group.mapping.as_deref(), &group.files);
    let mut program = instance.start().unwrap_or_else(|why| panic!("{name}: {why}"));
    let answers: Vec<_> =
        group.cases.iter().map(|case| case.request.build(None).send(program.port, PATIENCE)).collect();
    let code = program.stop();
    let mut tally = Tally::new(name);
    if code != Some(0) {
        tally.fail(&format!("exit code {code:?} after an orderly stop:\n{}", program.output()));
    }
    let mut sinks: BTreeMap<_, _> = [("sink0", ""), ("sink1", "2"), ("sink2", "3")]
        .map(|(sink, suffix)| (sink, records(&instance.published(suffix)).into_iter()))
        .into();
    for (case, answer) in group.cases.iter().zip(&answers) {
        let head = case.request.is_head();
        let mut differences = compare::response(&case.response, answer, head, &Own::default());
        for (sink, found) in &mut sinks {
            let expected = case.records_by_sink.get(*sink).map_or(&[][..], Vec::as_slice);
            let ours: Vec<Value> = found.by_ref().take(expected.len()).collect();
            let (expected, ours) = (sorted(expected), sorted(&ours));
            if expected != ours {
                differences.push(Difference::new(format!("{sink}: records"), expected.join(" "), ours.join(" ")));
            }
        }
        tally.judge(&case.name, &differences, None);
    }
    for (sink, rest) in sinks {
        for stray in rest {
            tally.fail(&format!("{sink}: a record that no case led to: {stray}"));
        }
    }
    tally.finish();
}

/// Records as texts, in an order of their own.
fn sorted(records: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = records.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}

/// All records of a directory's files, in the order in which they were written.
fn records(directory: &Path) -> Vec<Value> {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .expect("the publish directory")
        .map(|entry| entry.expect("an entry of the publish directory").path())
        .collect();
    paths.sort();
    let read = |path| avro::read(path).unwrap_or_else(|why| panic!("{why}")).records;
    paths.iter().flat_map(|path| read(path)).collect()
}
