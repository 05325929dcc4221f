//! More than the server takes at once: refused early, and the good clients go on.

use std::{
    collections::BTreeMap,
    io::Write as _,
    time::{Duration, Instant},
};

use super::{
    case::{answered, bad, closed, post},
    server::{Server, target},
};
use crate::{
    run::PATIENCE,
    support::http::{Request, connect},
};

#[test]
fn requests_beyond_the_limit_are_asked_to_come_again() {
    let mut server = Server::start(&["requests=4", "body_timeout=6 seconds"]);
    server.valid_event("before");
    let before = server.look();
    let slow = post("Content-Length: 100\r\n", b"{");
    let held: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = connect(server.port()).expect("room");
            stream.write_all(&slow).expect("a fresh connection");
            stream
        })
        .collect();
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        let response = Request::get("/csc-event").send(server.port(), PATIENCE).response();
        if response.status == 503 {
            break response;
        }
        assert!(Instant::now() < until, "{response:?}");
    };
    assert_eq!(refused.header("retry-after"), Some("2"), "{refused:?}");
    assert_eq!(Request::get("/ping").send(server.port(), PATIENCE).response().status, 200, "busy is not sick");
    drop(held);
    // As soon as one of them is gone, there is room.
    let until = Instant::now() + PATIENCE;
    while Request::get(&target("after")).send(server.port(), PATIENCE).response().status != 200 {
        assert!(Instant::now() < until, "no room again");
    }
    server.settles(&before, &BTreeMap::from([(&*bad("overload"), 1.0), (&*answered("none", 503), 1.0)]));
    server.stop_with(&["before", "after"]);
}

#[test]
fn connections_that_do_nothing_make_room_when_there_is_none() {
    let mut server = Server::start(&["connections=8", "head_timeout=4 seconds", "idle_timeout=60 seconds"]);
    server.valid_event("before");
    let before = server.look();
    let idle: Vec<_> = (0..8)
        .map(|nth| {
            let mut stream = connect(server.port()).expect("room in the kernel");
            // Silent ones, idle ones, and heads that do not end.
            let said: &[u8] = [&b""[..], b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /"][nth % 3];
            stream.write_all(said).expect("a fresh connection");
            stream
        })
        .collect();
    let started = Instant::now();
    server.valid_event("meanwhile");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    drop(idle);
    server.settles(&before, &BTreeMap::from([(&*closed("idle"), 1.0)]));
    server.stop_with(&["before", "meanwhile"]);
}

#[test]
fn heads_of_all_connections_share_their_memory() {
    let mut server = Server::start(&["head_memory=256K", "head_timeout=20 seconds"]);
    server.valid_event("before");
    let before = server.look();
    let head = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(100_000));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = connect(server.port()).expect("room");
            let _ = stream.write_all(head.as_bytes());
            stream
        })
        .collect();
    server.moves(&before, &BTreeMap::from([(&*bad("overload"), 5.0)]));
    server.valid_event("meanwhile");
    drop(clients);
    server.settles(&before, &BTreeMap::from([(&*closed("overload"), 5.0)]));
    server.stop_with(&["before", "meanwhile"]);
}
