//! Groups of requests: each is sent to the real program, in order, and its response and records are compared.
//!
//! Some recorded cases are not in the files, so a record may be a duplicate of an event that no case here sends. Such a
//! case is sent twice: the first time in the place of the one that is missing, and only the second time is compared.

use std::{
    collections::{HashMap, HashSet},
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
    replay(&golden::load(name), |_| {});
}

/// Runs a group without what its records say of recognised user agents: newer data recognise them otherwise, which
/// `docs/compatibility.md` lists value by value.
pub fn run_without_agents(name: &str) {
    let forget = |record: &mut Value| {
        let fields = record.as_object_mut().expect("a record");
        fields.retain(|field, _| !field.starts_with("userAgent") || field == "userAgentString");
    };
    let mut group = golden::load::<Case>(name);
    group.cases.iter_mut().flat_map(|case| &mut case.records).for_each(forget);
    replay(&group, forget);
}

/// Runs a group with `digest_reuse = original`, under a name of its own: nothing differs on purpose then.
pub fn run_with_digests_used_up(name: &str) {
    let mut group = golden::load::<Case>(name);
    let config = group.config.take().expect("a group of requests has one configuration");
    assert!(config.contains("mapper {"), "{config}");
    group.config = Some(config.replace("mapper {", "mapper { digest_reuse = original,"));
    group.name = format!("{name} (digest_reuse = original)");
    replay(&group, |_| {});
}

/// `prepare` is done to each record before it is compared.
fn replay(group: &Group<Case>, prepare: fn(&mut Value)) {
    let name = group.name.as_str();
    let mut tally = Tally::new(name);
    let instance = Instance::new(
        group.config.as_deref().expect("a group of requests has one configuration"),
        group.schema.as_deref(),
        group.mapping.as_deref(),
        &group.files,
    );
    let mut program = instance.start().unwrap_or_else(|why| panic!("{name}: {why}"));
    let own = own_script(group, program.port);
    let mut answers = HashMap::new();
    let sendings = sendings(group);
    let mut moments = Vec::new();
    for sending in &sendings {
        let case = &group.cases[sending.case];
        let request = case.request.build(own.tag.as_deref());
        let sent = now();
        let answer = request.send(program.port, PATIENCE);
        moments.push(Moment { sent, answered: now() });
        if sending.compared {
            answers.insert(case.name.as_str(), answer);
        }
    }
    let code = program.stop();
    if code != Some(0) {
        tally.fail(&format!("exit code {code:?} after an orderly stop:\n{}", program.output()));
    }
    let mut records = published(&instance.published(""), &mut tally);
    records.iter_mut().for_each(prepare);
    judge(group, &sendings, &answers, &moments, &records, &own, &mut tally);
    tally.finish();
}

/// One request to send.
#[derive(Debug, PartialEq, Eq)]
struct Sending {
    /// Whose request.
    case: usize,
    /// Whether what comes of it is compared, or it only makes the next one a duplicate.
    compared: bool,
}

/// All requests to send, in order.
fn sendings(group: &Group<Case>) -> Vec<Sending> {
    // Where the group's schema keeps the flag.
    let flag = match group.name.as_str() {
        "map_conditions" => "c46",
        "map_simple" | "map_sections" => "duplicate",
        "json_mapping" => "dup",
        _ => "detectedDuplicate",
    };
    let mut known = HashSet::new();
    let mut sendings = Vec::new();
    for (index, case) in group.cases.iter().enumerate() {
        let is_duplicate = case.records.iter().any(|record| record[flag] == true);
        let is_new = identity(&case.request.target).is_some_and(|identity| known.insert(identity));
        if is_duplicate && is_new {
            sendings.push(Sending { case: index, compared: false });
        }
        sendings.push(Sending { case: index, compared: true });
    }
    sendings
}

/// What makes two events of a browser the same: party, session and event, as the target has them.
fn identity(target: &str) -> Option<[&str; 3]> {
    let (_, query) = target.split_once('?')?;
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    Some([value("p")?, value("s")?, value("e")?])
}

/// Compares every case and judges it.
fn judge(
    group: &Group<Case>,
    sendings: &[Sending],
    answers: &HashMap<&str, Answer>,
    moments: &[Moment],
    records: &[Value],
    own: &Own,
    tally: &mut Tally,
) {
    let expected: Vec<_> = sendings
        .iter()
        .map(|sending| {
            let case = &group.cases[sending.case];
            differences::expected_records(&group.name, &case.name).unwrap_or(case.records.len())
        })
        .collect();
    let assignment = assign(&expected, records.len(), |index, nth, record| {
        let Some(golden) = group.cases[sendings[index].case].records.get(nth) else { return 0 };
        u32::try_from(compare::record("", golden, &records[record], moments[index]).len()).unwrap_or(u32::MAX)
    });
    for (index, sending) in sendings.iter().enumerate().filter(|(_, sending)| sending.compared) {
        let case = &group.cases[sending.case];
        let answer = &answers[&*case.name];
        let mut differences = compare::response(&case.response, answer, case.request.is_head(), own);
        let ours: Vec<_> = assignment.cases[index].iter().map(|record| &records[*record]).collect();
        differences.extend(compare::records(&case.records, &ours, moments[index]));
        let evidence = Evidence { case, answer, differences: &differences, records: &ours, answers };
        tally.judge(&case.name, &differences, differences::check(&group.name, &evidence));
    }
    for stray in &assignment.strays {
        tally.fail(&format!("a record that no case led to: {}", records[*stray]));
    }
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
pub fn published(directory: &Path, tally: &mut Tally) -> Vec<Value> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_without_its_first_is_sent_twice() {
        let twice = |group: &str| {
            let group = golden::load::<Case>(group);
            let first = sendings(&group).into_iter().filter(|sending| !sending.compared);
            first.map(|sending| group.cases[sending.case].name.clone()).collect::<Vec<_>>()
        };
        assert!(twice("checksum_supplementary").contains(&"é😀 reference murmur".into()));
        assert!(!twice("checksum_supplementary").contains(&"a😀 reference murmur".into()));
        assert_eq!(twice("pixel_params"), [""; 0]);
    }
}
