//! Clients must not take the descriptors that the files need.

use std::{net::TcpStream, process::Command};

use crate::run::{BrowserRequest, Place};

/// `serve` on a system that grants it few descriptors.
fn serve_with_descriptors(place: &Place, limit: u32) -> Command {
    let serve = place.serve();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -n {limit} && exec \"$0\" \"$@\""));
    command.arg(serve.get_program()).args(serve.get_args()).current_dir(place.path()).env_clear();
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn files_and_the_admin_listener_work_when_clients_take_every_connection() {
    let place = Place::new();
    let mut program = place.start(serve_with_descriptors(&place, 192));
    BrowserRequest::all()[0].send(place.port).response();
    let open: Vec<_> = (0..250).map(|_| TcpStream::connect(("127.0.0.1", place.port))).collect();
    assert!(open.iter().filter(|connection| connection.is_ok()).count() > 192);
    assert_eq!(place.admin("/health/ready").status, 200);
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert_eq!(place.records().len(), 1);
    assert!(!program.output().contains("Too many open files"), "{}", program.output());
    assert!(program.output().contains("fewer connections than configured"), "{}", program.output());
}
