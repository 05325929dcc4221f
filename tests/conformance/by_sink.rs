//! A group whose mappings feed several sinks: each request's records are compared per sink, as a multiset.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    compare::{self, Difference, Own},
    golden::{self, RecordedRequest, RecordedResponse},
    instance::Instance,
    replay::published,
    verdict::Tally,
};

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Names of the sinks in the recording, and which directory of the instance is theirs.
const SINKS: &[(&str, &str)] = &[("sink0", ""), ("sink1", "2")];

#[derive(Debug, Deserialize)]
struct SinkCase {
    name: String,
    request: RecordedRequest,
    response: RecordedResponse,
    records_by_sink: BTreeMap<String, Vec<Value>>,
}

/// Runs a group and panics with all that differs.
pub fn run(name: &str) {
    let group = golden::load::<SinkCase>(name);
    let mut tally = Tally::new(name);
    let config = group.config.as_deref().expect("a group of requests has one configuration");
    let instance = Instance::new(config, group.schema.as_deref(), group.mapping.as_deref(), &group.files);
    let mut program = instance.start().unwrap_or_else(|why| panic!("{name}: {why}"));
    let answers: Vec<_> =
        group.cases.iter().map(|case| case.request.build(None).send(program.port, PATIENCE)).collect();
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let mut left: Vec<Vec<Value>> = Vec::new();
    for (_, directory) in SINKS {
        let mut records = published(&instance.published(directory), &mut tally);
        records.reverse();
        left.push(records);
    }
    for (case, answer) in group.cases.iter().zip(&answers) {
        let mut differences = compare::response(&case.response, answer, case.request.is_head(), &Own::default());
        for ((sink, _), left) in SINKS.iter().zip(&mut left) {
            let mut expected = case.records_by_sink.get(*sink).cloned().unwrap_or_default();
            let mut found: Vec<Value> = (0..expected.len()).filter_map(|_| left.pop()).collect();
            let by_text = |records: &mut Vec<Value>| records.sort_by_key(Value::to_string);
            by_text(&mut expected);
            by_text(&mut found);
            if expected != found {
                differences.push(Difference::new(*sink, Value::from(expected), Value::from(found)));
            }
        }
        tally.judge(&case.name, &differences, None);
    }
    for ((sink, _), left) in SINKS.iter().zip(&left).filter(|(_, left)| !left.is_empty()) {
        tally.fail(&format!("{sink} has {} records more: {left:?}", left.len()));
    }
    tally.finish();
}
