use std::{collections::BTreeSet, fs, time::Duration};

use super::{
    plan::{Deed, Plan},
    report::{Recovery, Report},
    verify::{Found, compare},
    *,
};
use crate::record::{
    container::{self, Codec},
    schema::RecordSchema,
};

#[test]
fn a_seed_repeats_its_plan_and_each_deed_comes_early() {
    let deeds = |seed| {
        let mut plan = Plan::new(seed);
        (0..100).map(|_| (plan.rest(), plan.next_deed().to_string())).collect::<Vec<_>>()
    };
    assert_eq!(deeds(7), deeds(7));
    assert_ne!(deeds(7), deeds(8));
    for seed in 0..50 {
        let first: BTreeSet<_> = deeds(seed).into_iter().take(11).map(|(_, deed)| deed).collect();
        assert_eq!(first.len(), 11, "{seed}");
    }
    assert!(deeds(1).iter().all(|(rest, _)| (300..2_500).contains(&rest.as_millis())));
}

fn file(events: &[&str]) -> Vec<u8> {
    let schema = RecordSchema::parse(r#"{"type":"record","name":"T","fields":[{"name":"event","type":"string"}]}"#);
    let sync = [7; 16];
    let mut bytes = container::header(&schema.expect("a schema"), &sync, Codec::Null);
    let mut data = Vec::new();
    for event in events {
        data.push(u8::try_from(event.len() * 2).expect("short"));
        data.extend_from_slice(event.as_bytes());
    }
    container::block(&mut bytes, events.len() as u64, &data, &sync);
    bytes
}

#[test]
fn what_is_missing_repeated_damaged_or_unreadable_is_told_apart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (kept, published) = (directory.path().join("kept"), directory.path().join("published"));
    fs::create_dir(&published).expect("a writable directory");
    let acknowledged: Vec<u8> = (0_u64..6).flat_map(u64::to_le_bytes).collect();
    fs::write(&kept, acknowledged).expect("a writable directory");
    fs::write(published.join("a.avro"), file(&["e0", "e1", "e9"])).expect("a writable directory");
    fs::write(published.join("b.avro"), file(&["e2", "e1"])).expect("a writable directory");
    let whole = file(&["e5"]);
    fs::write(published.join("c.avro"), &whole[..whole.len() - 3]).expect("a writable directory");
    let found = compare(&kept, &published, &[3]).expect("a comparison");
    let expected = Found { delivered: 4, unanswered: 1, missing: 2, damaged: 1, repeated: 1, files: 3, unreadable: 1 };
    assert_eq!(found, expected);
}

#[test]
fn only_none_may_miss_events_and_nothing_may_be_twice() {
    let report = |promise, found| {
        let mut report = Report::new(3, promise);
        report.found = found;
        report
    };
    let missing = Found { missing: 1, ..Found::default() };
    let repeated = Found { repeated: 1, ..Found::default() };
    for (promise, found, wrong) in [
        (Promise::Fsync, Found::default(), false),
        (Promise::Fsync, missing.clone(), true),
        (Promise::Flush, missing.clone(), true),
        (Promise::None, missing, false),
        (Promise::None, repeated, true),
    ] {
        assert_eq!(report(promise, found.clone()).wrong().is_some(), wrong, "{promise:?} {found:?}");
    }
    let mut unaccounted = report(Promise::Fsync, Found::default());
    unaccounted.end.offsets = 1;
    assert!(unaccounted.wrong().expect("a fault").contains("--seed 3"));
}

#[test]
fn the_report_names_each_figure() {
    let mut report = Report::new(3, Promise::Fsync);
    let line = report.deed(Duration::from_millis(1_234), Deed::Kill, Recovery::Started(Duration::from_millis(40)), 5);
    assert_eq!(line, "    1.2 s  kill -9               up again after 40 ms               5 acknowledged\n");
    report.found = Found { delivered: 10, unanswered: 1, files: 2, ..Found::default() };
    insta::assert_snapshot!(report.render());
}
