//! Requests and connections of clients that mean harm, or are broken: tables of bytes, and what must come of each.
//!
//! All cases of a class run side by side against one server with short limits. Each asserts the answer or the end of its
//! connection, and sends a valid event right after, which must be answered. Then the class asserts that every counter
//! that its cases name has moved as often as they name it, that memory and descriptors are back where they were, and
//! that the file holds the valid events.

mod bytes;
mod case;
mod frames;
mod framing;
mod http2;
mod overload;
mod server;
mod size;
mod slow;

use std::{collections::BTreeMap, thread};

use case::Case;
use server::Server;

type Class = (&'static str, fn() -> Vec<Case>);

/// All tables.
const CLASSES: &[Class] = &[
    ("truncated", framing::truncated),
    ("split", framing::split),
    ("smuggled", framing::smuggled),
    ("oversized", size::oversized),
    ("parameters", size::parameters),
    ("compressed", size::compressed),
    ("slow heads", slow::heads),
    ("slow bodies", slow::bodies),
    ("escapes", bytes::escapes),
    ("control bytes", bytes::control),
    ("not UTF-8", bytes::not_utf8),
    ("HTTP/2 floods", http2::floods),
    ("HTTP/2 resets", http2::resets),
    ("HTTP/2 frames", http2::malformed),
];

#[test]
fn there_are_enough_cases_of_each_class() {
    let mut all = 0;
    for (class, cases) in CLASSES {
        let mut names: Vec<_> = cases().into_iter().map(|case| case.name).collect();
        let count = names.len();
        assert!(count >= 8, "{class}: {count}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{class}: two cases of one name");
        all += count;
    }
    assert!(all >= 120, "{all}");
}

/// Runs a class.
#[track_caller]
fn run(class: &str) {
    let (_, cases) = CLASSES.iter().find(|(name, _)| *name == class).expect("a class");
    let cases = cases();
    let mut server = Server::start(&[]);
    // The first events and an answer of each kind cost memory that is kept.
    server.valid_event("warm");
    let before = server.look();
    let wrong: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = cases
            .iter()
            .map(|case| {
                let server = &server;
                scope.spawn(move || {
                    let outcome = case.run(server.port());
                    server.valid_event(&case.name);
                    outcome.map_err(|why| format!("{}: {why}", case.name))
                })
            })
            .collect();
        running.into_iter().filter_map(|case| case.join().expect("a case ends").err()).collect()
    });
    assert!(wrong.is_empty(), "{class}:\n{}", wrong.join("\n"));
    let mut expected: BTreeMap<&str, f64> = BTreeMap::new();
    for case in &cases {
        *expected.entry(&case.counter).or_default() += 1.0;
    }
    server.settles(&before, &expected);
    let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).chain(["warm"]).collect();
    server.stop_with(&names);
}

macro_rules! classes {
    ($($test:ident: $class:literal;)+) => {$(
        #[test]
        fn $test() {
            run($class);
        }
    )+};
}

classes! {
    requests_that_end_too_early: "truncated";
    requests_in_pieces: "split";
    requests_with_two_readings: "smuggled";
    requests_that_are_too_large: "oversized";
    requests_with_too_many_parameters: "parameters";
    bodies_that_grow: "compressed";
    heads_that_take_too_long: "slow heads";
    bodies_that_take_too_long: "slow bodies";
    escapes_that_are_none: "escapes";
    bytes_that_no_head_may_have: "control bytes";
    texts_that_are_not_utf8: "not UTF-8";
    http2_clients_that_ask_for_work: "HTTP/2 floods";
    http2_clients_that_take_everything_back: "HTTP/2 resets";
    http2_clients_that_break_the_rules: "HTTP/2 frames";
}
