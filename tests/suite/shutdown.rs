//! How the program ends.

use std::{
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
    program.signal("TERM");
    program.wait();
    assert!(second.elapsed() < Duration::from_secs(5), "took {:?}", second.elapsed());
}
