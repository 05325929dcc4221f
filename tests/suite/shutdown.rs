//! How the program ends.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    run::{BrowserRequest, PATIENCE, Place},
    support::http::{Answer, Request},
};

/// Waits until `/ping` says that the end is near.
fn await_unready(place: &Place) {
    for _ in 0..500 {
        match Request::get("/ping").send(place.port, PATIENCE) {
            Answer::Response(response) if response.status == 200 => thread::sleep(Duration::from_millis(10)),
            Answer::Response(response) => return assert_eq!(response.status, 503),
            Answer::Nothing(why) => panic!("ended at once: {why}"),
        }
    }
    panic!("/ping does not change");
}

#[test]
fn both_signals_end_it_in_order_and_lose_nothing() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut program = place.start(place.serve());
        BrowserRequest::all()[0].send(place.port).response();
        program.signal(signal);
        assert_eq!(program.wait().code(), Some(0), "{signal}: {}", program.output());
        assert_eq!(place.records().len(), 1, "{signal}");
    }
}

#[test]
fn requests_are_taken_until_the_delay_is_over() {
    let place = Place::new();
    let mut command = place.serve();
    command.args(["--set", "divolte.global.server.shutdown_delay=2 seconds"]);
    let mut program = place.start(command);
    program.signal("TERM");
    await_unready(&place);
    assert_eq!(BrowserRequest::all()[0].send(place.port).response().status, 200);
    assert_eq!(program.wait().code(), Some(0), "{}", program.output());
    assert_eq!(place.records().len(), 1);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::new();
    let mut command = place.serve();
    command.args(["--set", "divolte.global.server.shutdown_delay=30 seconds"]);
    let mut program = place.start(command);
    program.signal("TERM");
    await_unready(&place);
    let second = Instant::now();
    // One that comes at once is an echo of the first; how long ago that was is not known here.
    while !program.output().contains("stopped at once") {
        assert!(second.elapsed() < Duration::from_secs(10), "it goes on");
        program.signal("TERM");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(program.wait().code(), Some(1), "{}", program.output());
}

#[test]
fn two_signals_at_once_count_as_one() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    BrowserRequest::all()[0].send(place.port).response();
    let id = program.id().to_string();
    let status = Command::new("sh").args(["-c", "kill -TERM $0; kill -TERM $0", &id]).status();
    assert!(status.expect("a shell").success());
    assert_eq!(program.wait().code(), Some(0), "{}", program.output());
    assert_eq!(place.records().len(), 1);
}
