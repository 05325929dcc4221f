//! Two collectors behind a balancer, restarted in turn under load, as `deploy/` has it.

use std::{fs, thread, time::Duration};

use serde_json::Value;

use crate::{
    deploy::{Balancer, start_haproxy, start_nginx},
    fastavro,
    run::{BrowserRequest, PATIENCE as ANSWER_PATIENCE, Place},
    support::{
        http::Request,
        load::Load,
        program::{Program, free_port},
    },
};

/// Clients, each with a connection to the balancer.
const CLIENTS: usize = 32;
/// Acknowledged between two restarts, at least.
const ACKNOWLEDGED: u64 = 500;
/// Requests that nginx may fail: those on their way when the last connections are closed.
const FAILED_MAX: u64 = 3;
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn start(place: &Place) -> Program {
    let mut command = place.serve();
    for setting in [
        "server.use_x_forwarded_for=true",
        "server.shutdown_delay=10 seconds",
        "journal.durability=fsync",
        "journal.segment_size=8M",
        "journal.max_size=128M",
        "journal.reserve=16M",
    ] {
        command.args(["--set", &format!("divolte.global.{setting}")]);
    }
    place.start(command)
}

/// Events that a collector has taken since its start.
fn taken(place: &Place) -> u64 {
    let status: Value = serde_json::from_slice(&place.admin("/status").body).expect("JSON");
    status["journal"]["next"].as_u64().expect("the offset of the next event")
}

#[track_caller]
fn await_that(what: &str, mut is: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + PATIENCE;
    while !is() {
        assert!(std::time::Instant::now() < until, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Restarts both in turn under load; gives the load for what else is to be said of it.
fn restarted_in_turn(balance: impl FnOnce(&Place, u16, [u16; 2]) -> Balancer) -> Load {
    let places = [Place::new(), Place::new()];
    let mut programs = places.each_ref().map(start);
    let front = Place::new();
    let port = free_port();
    let balancer = balance(&front, port, places.each_ref().map(|place| place.port));
    let load = Load::default();
    thread::scope(|scope| {
        let end = load.end();
        for _ in 0..CLIENTS {
            scope.spawn(|| load.client(port, 1));
        }
        for (place, program) in places.iter().zip(&mut programs) {
            load.await_more(ACKNOWLEDGED, PATIENCE);
            assert_eq!(program.stop(), Some(0), "{}", program.output());
            load.await_more(ACKNOWLEDGED, PATIENCE);
            *program = start(place);
            let before = taken(place);
            await_that("the balancer sends it events again", || taken(place) > before);
        }
        load.await_more(ACKNOWLEDGED, PATIENCE);
        drop(end);
    });
    drop(balancer);
    let mut numbers = Vec::new();
    for (place, program) in places.iter().zip(&mut programs) {
        assert_eq!(program.stop(), Some(0), "{}", program.output());
        let here = fastavro::event_numbers(&place.published());
        // A balancer may try an event at both; no collector has it twice.
        assert_eq!(load.compare(here.iter().copied()).repeated, 0);
        assert!(!here.is_empty(), "both have taken events");
        numbers.extend(here);
    }
    let found = load.compare(numbers.into_iter());
    println!("{} acknowledged, {} refused, {} broken, {found:?}", load.acknowledged(), load.refused(), load.broken());
    assert_eq!((found.missing, found.repeated), (0, 0), "of {} acknowledged", load.acknowledged());
    load
}

#[test]
fn nothing_is_lost_or_refused_when_two_are_restarted_in_turn_behind_haproxy() {
    let load = restarted_in_turn(start_haproxy);
    assert_eq!((load.refused(), load.broken(), load.odd()), (0, 0, Vec::new()), "clients notice nothing");
}

#[test]
fn nothing_is_lost_or_refused_when_two_are_restarted_in_turn_behind_nginx() {
    let load = restarted_in_turn(start_nginx);
    // It learns from a refusal to connect, and takes the other one for that request. A connection that an instance
    // closes while a request is on its way costs that request; as the instance ends them one by one before, they are few.
    let failed = load.refused() + load.broken() + load.odd().len() as u64;
    assert!(failed <= FAILED_MAX, "{} refused, {} broken, {:?}", load.refused(), load.broken(), load.odd());
}

#[test]
fn what_does_not_drain_in_time_waits_in_the_journal_for_the_next_start() {
    let place = Place::new();
    let serve = || {
        let mut command = place.serve();
        command.args(["--set", "divolte.global.drain_timeout=1 second"]);
        command.args(["--set", "divolte.sinks.files.file_strategy.roll_every=1 second"]);
        command
    };
    let mut program = place.start(serve());
    let events = place.path().join("data/events");
    let aside = place.path().join("aside");
    let requests = BrowserRequest::all();
    requests[0].send(place.port).response();
    await_that("the first event is published", || place.published().len() == 1);
    // The sink's disk goes away.
    fs::rename(&events, &aside).expect("a directory of ours");
    for request in &requests[1..] {
        assert_eq!(request.send(place.port).response().status, 200);
    }
    await_that("the sink has failed", || place.admin("/health/ready").status == 503);
    assert_eq!(program.stop(), Some(0), "what waits is safe: {}", program.output());
    assert!(program.output().contains("these events wait in the journal"), "{}", program.output());
    fs::rename(&aside, &events).expect("a directory of ours");

    let mut program = place.start(serve());
    assert_eq!(Request::get("/ping").send(place.port, ANSWER_PATIENCE).response().status, 200);
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert_eq!(place.records().len(), requests.len(), "{}", program.output());
}
