//! The examples in `deploy/`, checked by the programs that they are for, and run.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use crate::{
    run::{BrowserRequest, PATIENCE, Place},
    support::{
        http::{Answer, Request},
        program::{PROGRAM, free_port},
    },
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const UNIT: &str = include_str!("../../deploy/systemd/headwater.service");
const CONTAINERFILE: &str = include_str!("../../deploy/container/Containerfile");
const HAPROXY: &str = include_str!("../../deploy/haproxy/haproxy.cfg");
const NGINX: &str = include_str!("../../deploy/nginx/headwater.conf");

/// Exposure in systemd's own reckoning, tenths: below 20 is the best grade.
const EXPOSURE_MAX: &str = "20";

/// Who asks; not the address that the proxy itself has.
const CLIENT: &str = "127.0.0.77";

/// A program that `scripts/test` installs and names.
fn tool(variable: &str) -> PathBuf {
    env::var_os(variable).unwrap_or_else(|| panic!("{variable} names no program: run the tests by scripts/test")).into()
}

/// Replaces what must be there.
#[track_caller]
fn replaced(text: &str, changes: &[(&str, String)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the example holds {from}");
        text.replace(from, to)
    })
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{text}");
    text
}

#[test]
fn systemd_takes_the_unit_and_finds_it_tight() {
    let analyze = tool("HEADWATER_SYSTEMD_ANALYZE");
    let place = Place::new();
    // It wants to see the program.
    let unit = replaced(UNIT, &[("/usr/local/bin/headwater", PROGRAM.to_owned())]);
    let unit = place.write("headwater.service", &unit);
    // The manual page that it looks for is not named, and no other unit of the machine matters.
    let said = run(Command::new(&analyze).arg("verify").arg("--man=no").arg(&unit));
    let ours: Vec<_> = said.lines().filter(|line| line.contains("headwater.service")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    run(Command::new(&analyze).args(["security", "--offline=true", &threshold]).arg(&unit));
}

#[test]
fn the_unit_waits_for_as_long_as_a_stop_may_take() {
    let reference = include_str!("../../src/config/reference.conf");
    let drain = reference.lines().find_map(|line| line.trim().strip_prefix("drain_timeout = ")).expect("a default");
    let drain: u32 = drain.split(' ').next().expect("a number").parse().expect("a number of seconds");
    let wait = UNIT.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).expect("in the unit");
    let wait: u32 = wait.trim_end_matches('s').parse().expect("seconds");
    assert!(wait > drain + 10, "the unit waits {wait} s, a stop may take {drain} s after 10 s of shutdown_delay");
}

#[test]
fn the_container_file_names_what_is_there() {
    let lines: Vec<_> = CONTAINERFILE.lines().filter(|line| !line.starts_with('#')).collect();
    let stages: Vec<_> = lines.iter().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(stages.len(), 2, "one to build, one to run");
    let (mut copied, mut taken) = (Vec::new(), Vec::new());
    for line in lines.iter().filter_map(|line| line.strip_prefix("COPY ")) {
        let (options, paths): (Vec<_>, Vec<_>) = line.split(' ').partition(|word| word.starts_with("--"));
        let (_, sources) = paths.split_last().expect("a destination");
        if options.contains(&"--from=build") {
            taken.extend_from_slice(sources);
        } else {
            copied.extend_from_slice(sources);
        }
    }
    for path in &copied {
        assert!(Path::new(ROOT).join(path).exists(), "{path} is not there");
    }
    assert_eq!(taken, ["/build/target/release/headwater", "/data"]);
    for needed in built_in() {
        assert!(copied.iter().any(|path| needed.starts_with(path)), "{} is not copied", needed.display());
    }
    for said in ["USER 65532:65532", "STOPSIGNAL SIGTERM", "VOLUME /data", "ENV DIVOLTE_DATA_DIR=/data"] {
        assert!(lines.contains(&said), "{said}");
    }
}

/// What a build reads beside the sources: files that they include, and the targets of the manifest.
fn built_in() -> Vec<PathBuf> {
    let mut found = vec!["Cargo.toml".into(), "Cargo.lock".into(), "benches".into()];
    let mut directories = vec![Path::new(ROOT).join("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.to_string_lossy();
                // Tests read more than a build.
                if !(name.contains("tests") || name.contains("/documentation")) {
                    found.extend(included(&directory, &fs::read_to_string(&path).expect("a source")));
                }
            }
        }
    }
    found
}

fn included(directory: &Path, source: &str) -> Vec<PathBuf> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let names = source.split("include_str!(\"").skip(1).chain(source.split("include_bytes!(\"").skip(1));
    let paths = names.filter_map(|rest| rest.split('"').next()).map(|name| directory.join(name));
    let root = fs::canonicalize(ROOT).expect("the tree");
    paths
        .filter_map(|path| fs::canonicalize(path).ok())
        .filter_map(|path| path.strip_prefix(&root).map(Path::to_owned).ok())
        .collect()
}

/// A balancer that ends with its test.
pub struct Balancer(Child);

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Balancer {
    fn start(command: &mut Command, place: &Place, port: u16) -> Self {
        let log = fs::File::create(place.path().join("balancer.log")).expect("a writable directory");
        let errors = log.try_clone().expect("a second handle");
        let balancer = Self(command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("it can be run"));
        await_status(port, "/ping", 200);
        balancer
    }
}

/// Waits until a request has this status.
#[track_caller]
fn await_status(port: u16, target: &str, status: u16) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = Request::get(target).send(port, PATIENCE);
        if matches!(&answer, Answer::Response(response) if response.status == status) {
            return;
        }
        assert!(Instant::now() < until, "{target} does not come to {status}: {answer:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sends an event from an address of its own, which also claims another one; gives the status line.
fn event_from_elsewhere(port: u16) -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let own: SocketAddr = format!("{CLIENT}:0").parse().expect("an address");
    socket.bind(&own.into()).expect("an address of the loopback");
    let balancer: SocketAddr = ([127, 0, 0, 1], port).into();
    socket.connect(&balancer.into()).expect("the balancer listens");
    let mut stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let target = &BrowserRequest::all()[0].target;
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: site.example\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("a connection that takes it");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// Starts the program as the examples have it; balances by `start`; sends an event; tells the program to stop and calls
/// `stopping` with its port and the balancer's.
fn behind(start: impl FnOnce(&Place, u16) -> Balancer, stopping: impl FnOnce(u16, u16)) {
    let place = Place::new();
    let mut command = place.serve();
    command.args(["--set", "divolte.global.server.use_x_forwarded_for=true"]);
    command.args(["--set", "divolte.global.server.shutdown_delay=10 seconds"]);
    let mut program = place.start(command);
    let port = free_port();
    let balancer = start(&place, port);
    assert_eq!(event_from_elsewhere(port), "HTTP/1.1 200 OK");
    let long = format!("/csc-event?u={}", "a".repeat(60_000));
    assert_eq!(Request::get(&long).send(port, PATIENCE).response().status, 200, "as much as the program itself takes");
    program.signal("TERM");
    stopping(place.port, port);
    drop(balancer);
    assert_eq!(program.wait().code(), Some(0), "{}", program.output());
    let records = place.records();
    let clients: Vec<_> = records.iter().map(|record| record["remoteHost"].as_str().unwrap_or_default()).collect();
    assert!(!clients.is_empty() && clients.iter().all(|client| *client == CLIENT), "{clients:?}");
}

/// `HAProxy` as the example has it, in front of instances on these ports.
pub fn start_haproxy(place: &Place, port: u16, instances: [u16; 2]) -> Balancer {
    let haproxy = tool("HEADWATER_HAPROXY");
    let text = replaced(
        HAPROXY,
        &[
            ("bind :80", format!("bind 127.0.0.1:{port}")),
            ("10.0.0.11:8290", format!("127.0.0.1:{}", instances[0])),
            ("10.0.0.12:8290", format!("127.0.0.1:{}", instances[1])),
        ],
    );
    let file = place.write("haproxy.cfg", &text);
    run(Command::new(&haproxy).args(["-c", "-f"]).arg(&file));
    Balancer::start(Command::new(&haproxy).args(["-db", "-f"]).arg(&file), place, port)
}

/// nginx as the example has it, in front of instances on these ports.
pub fn start_nginx(place: &Place, port: u16, instances: [u16; 2]) -> Balancer {
    let nginx = tool("HEADWATER_NGINX");
    let text = replaced(
        NGINX,
        &[
            ("listen 80", format!("listen 127.0.0.1:{port}")),
            ("10.0.0.11:8290", format!("127.0.0.1:{}", instances[0])),
            ("10.0.0.12:8290", format!("127.0.0.1:{}", instances[1])),
        ],
    );
    place.write("headwater.conf", &text);
    let around = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n\
        access_log off;\nclient_body_temp_path t1;\nproxy_temp_path t2;\nfastcgi_temp_path t3;\n\
        uwsgi_temp_path t4;\nscgi_temp_path t5;\ninclude headwater.conf;\n}\n";
    place.write("nginx.conf", around);
    let command = || {
        let mut command = Command::new(&nginx);
        command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(place.path()).current_dir(place.path());
        command
    };
    run(command().arg("-t"));
    Balancer::start(&mut command(), place, port)
}

#[test]
fn haproxy_shows_the_client_and_looks_away_when_a_stop_begins() {
    behind(
        // Nobody is at the second.
        |place, port| start_haproxy(place, port, [place.port, free_port()]),
        |own, balanced| {
            await_status(own, "/ping", 503);
            // The instance still takes events while nobody is sent to it any more.
            await_status(balanced, "/divolte.js", 503);
            assert_eq!(Request::get("/divolte.js").send(own, PATIENCE).response().status, 200);
        },
    );
}

#[test]
fn nginx_shows_the_client_and_passes_on_what_ping_says() {
    behind(
        |place, port| start_nginx(place, port, [place.port, free_port()]),
        |own, balanced| {
            await_status(own, "/ping", 503);
            await_status(balanced, "/ping", 503);
            // Not taken for a failure: the instance goes on.
            assert_eq!(event_from_elsewhere(balanced), "HTTP/1.1 200 OK");
        },
    );
}
