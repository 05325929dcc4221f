use super::{
    attempt::{Attempt, Draft, attempt},
    *,
};

fn settings() -> Settings {
    config::load(&LoadRequest::default()).expect("what is built in loads")
}

fn draft(script: Option<&str>, requests: &str) -> Attempt {
    let settings = settings();
    let mappings = texts(&settings).expect("built in");
    let Texts { name, script: own, schema, .. } = &mappings[0];
    let script = script.unwrap_or(own).to_owned();
    let draft = Draft { mapping: name.clone(), script, schema: schema.clone(), requests: requests.to_owned() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(attempt(&settings, &Arc::default(), &LookUps::default(), draft)).expect("a mapping of that name")
}

#[test]
fn the_first_requests_are_events_of_every_source() {
    let settings = settings();
    let attempt = draft(None, &samples(&settings));
    assert!(attempt.diagnostics.iter().all(|told| told.places.len() <= 1) && attempt.problem.is_none(), "{attempt:?}");
    let outcomes: Vec<_> = attempt.samples.iter().map(|shown| shown.outcome.as_str()).collect();
    assert_eq!(outcomes, ["a record", "a record"]);
    let field = |name: &str| attempt.samples[0].fields.iter().find(|field| field.name == name).expect("a field");
    assert_eq!(field("detectedCorruption").value, "false", "the checksum is right");
    assert_eq!(field("location").value, "\"https://shop.example.com/kettles?colour=red\"");
    assert!(field("location").place.as_ref().is_some_and(|at| at.file == "script" && at.line > 1));
}

#[test]
fn mistakes_have_their_places_as_browsers_count() {
    let attempt = draft(Some("// 😀 é\nmapping {\n  map partyID() onto 'partyId'\n}\n"), "{}");
    let told = serde_json::to_value(&attempt.diagnostics[0]).expect("JSON");
    let place = &told["places"][0];
    assert_eq!([&place["line"], &place["column"], &place["start"]], [3, 7, 24], "{told}");
    assert_eq!(told["severity"], "error");
    let fix = &told["fix"];
    assert_eq!([&fix["file"], &fix["text"]], ["script", "partyId"]);
    assert_eq!([&fix["start"], &fix["end"]], [24, 31]);
    assert!(attempt.samples.is_empty());
}

#[test]
fn what_has_no_record_says_why() {
    let script = Some("mapping { map eventType() onto 'eventType' }");
    let attempt = draft(script, "/csc-event?p=1\n/nowhere\n{}");
    let outcomes: Vec<_> = attempt.samples.iter().map(|shown| (shown.kind, shown.outcome.as_str())).collect();
    assert_eq!(
        outcomes[..2],
        [("wrong", "no event: party_id is missing or invalid"), ("odd", "this path takes no events")]
    );
    assert!(outcomes[2].0 == "wrong" && outcomes[2].1.starts_with("dead letter, record_incomplete: "), "{outcomes:?}");
    assert_eq!(draft(None, "nonsense").problem.as_deref(), Some("requests: line 1: `nonsense` is no address"));
}
