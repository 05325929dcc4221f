//! The real program is killed under load, again and again: what it has acknowledged is in the files, once.
//!
//! Some of the deaths are at fail points of the program, so that it is certain that each of them was hit; the others come
//! at random, from a seed that is printed and can be given again as `HEADWATER_SEED`.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{run::Place, support::program::send_signal};

/// Acknowledged before each kill, at least, and in so much time, at most: 5,000 a second.
const ACKNOWLEDGED: u64 = 10_000;
const WITHIN: Duration = Duration::from_secs(2);
/// How long a machine that others use may take longer for it; in one round at least it must do it.
const EXTRA: Duration = Duration::from_secs(5);
/// Clients, each with a connection; with `fsync` as many requests share a sync.
const CLIENTS: u64 = 256;
/// Requests that a client sends before it reads their answers.
const PIPELINED: u64 = 4;
/// Where the program ends itself when it is told to: `util::fail_point`.
const FAIL_POINTS: [&str; 5] = ["append", "sync", "roll", "publish", "cursor"];
/// How long one round may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

fn request(number: u64) -> String {
    let body = format!(
        "{{\"session_id\":\"0:1:s\",\"event_id\":\"{number}\",\"event_type\":\"e{number}\",\"is_new_party\":false,\
         \"is_new_session\":false,\"client_timestamp_iso\":\"2030-01-01T12:00:00Z\",\"parameters\":{{}}}}"
    );
    format!(
        "POST /event?p=0:1:p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Waits until so many were acknowledged, and a little longer for a moment in which they came fast enough; gives what
/// they took, if there was one.
fn wait_for_load(acknowledged: &AtomicU64) -> Option<Duration> {
    let began = Instant::now();
    let (mut seen, mut enough) = (VecDeque::new(), began);
    while began.elapsed() < PATIENCE {
        let (now, count) = (Instant::now(), acknowledged.load(Ordering::Relaxed));
        seen.push_back((now, count));
        while seen.front().is_some_and(|(then, _)| now - *then > WITHIN) {
            seen.pop_front();
        }
        let reached = seen.iter().rev().find(|(_, before)| count - before >= ACKNOWLEDGED);
        if let Some((then, _)) = reached {
            return Some(now - *then);
        }
        if count < ACKNOWLEDGED {
            enough = now;
        } else if now - enough > EXTRA {
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
    panic!("too slow to be a test: {} in {PATIENCE:?}", acknowledged.load(Ordering::Relaxed));
}

/// xorshift64, from a seed.
fn random(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) % below
}

fn seed() -> u64 {
    let given = std::env::var("HEADWATER_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    given.unwrap_or_else(|| now.subsec_nanos().into())
}

/// Sends one event after another until the connection breaks; gives the numbers that were acknowledged.
fn client(port: u16, next: &AtomicU64, acknowledged: &AtomicU64, kept: &Mutex<Vec<u64>>) {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (Ok(mut writer), Ok(())) = (stream.try_clone(), stream.set_nodelay(true)) else { return };
    let mut reader = BufReader::new(stream);
    let mut mine = Vec::new();
    'connection: loop {
        let first = next.fetch_add(PIPELINED, Ordering::Relaxed);
        let numbers = first..first + PIPELINED;
        let requests: String = numbers.clone().map(request).collect();
        if writer.write_all(requests.as_bytes()).is_err() {
            break;
        }
        let mut refused = false;
        for number in numbers {
            match answer(&mut reader) {
                Some(204) => {
                    mine.push(number);
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                Some(503) => refused = true,
                Some(other) => panic!("answered with {other}"),
                None => break 'connection,
            }
        }
        if refused {
            thread::sleep(Duration::from_millis(50));
        }
    }
    kept.lock().expect("no client panics with the lock").extend(mine);
}

/// The status of an answer that is there to its last byte.
fn answer(reader: &mut impl BufRead) -> Option<u16> {
    let (mut status, mut length, mut line) = (None, 0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = text.strip_prefix("http/1.1 ") {
            status = rest.get(..3)?.parse().ok();
        } else if let Some(rest) = text.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        } else if text.is_empty() && line.ends_with('\n') {
            reader.read_exact(&mut vec![0; length]).ok()?;
            return status;
        }
    }
}

/// Ends the program at `points` times each fail point and `kills` times at random, stops it in order at last, and looks
/// for everything that was acknowledged.
fn survives(durability: &str, points: usize, kills: usize) {
    let place = Place::new();
    let armed = place.path().join("armed");
    let serve = || {
        let mut command = place.serve();
        command.args(["--set", &format!("divolte.global.journal.durability={durability}")]);
        // Small, so that segments end, are used again, and files are published between the kills.
        for key in ["journal.segment_size=8M", "journal.max_size=512M", "hdfs.threads=2"] {
            command.args(["--set", &format!("divolte.global.{key}")]);
        }
        command.args(["--set", "divolte.sinks.files.file_strategy.roll_every=1 second"]);
        command
    };
    let seed = seed();
    println!("{durability}: HEADWATER_SEED={seed}");
    let mut state = seed | 1;
    let ends = FAIL_POINTS.iter().copied().cycle().take(points * FAIL_POINTS.len()).map(Some);
    let ends = ends.chain(std::iter::repeat_n(None, kills));
    let (next, kept) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let mut fast = 0;
    for (round, end) in ends.enumerate() {
        let mut command = serve();
        let _ = fs::remove_file(&armed);
        command.env("HEADWATER_FAIL_POINT", format!("{}:{}", end.unwrap_or("none"), armed.display()));
        let mut program = place.start(command);
        let acknowledged = AtomicU64::new(0);
        let (took, status) = thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| client(place.port, &next, &acknowledged, &kept));
            }
            let took = wait_for_load(&acknowledged);
            thread::sleep(Duration::from_micros(random(&mut state, 100_000)));
            match end {
                Some(_) => drop(place.write("armed", "")),
                None => send_signal(program.id(), "KILL"),
            }
            (took, program.wait())
        });
        let (count, end) = (acknowledged.into_inner(), end.unwrap_or("kill -9"));
        println!("{durability}, {round}, {end}: {count} acknowledged, {ACKNOWLEDGED} of them in {took:?}; {status}");
        fast += u32::from(took.is_some());
        assert_eq!(status.code(), None, "it ended in order");
    }
    let mut program = place.start(serve());
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let mut found: BTreeMap<u64, u32> = BTreeMap::new();
    for record in place.records() {
        let number = record["eventType"].as_str().and_then(|name| name.strip_prefix('e')?.parse().ok());
        *found.entry(number.expect("an event of ours")).or_default() += 1;
    }
    let acknowledged = kept.into_inner().expect("no client panics with the lock");
    let missing = acknowledged.iter().filter(|number| !found.contains_key(number)).count();
    let repeated = found.values().filter(|count| **count > 1).count();
    println!("{durability}: {} acknowledged, {} in files, {missing} missing", acknowledged.len(), found.len());
    assert_eq!((missing, repeated), (0, 0), "of {} acknowledged", acknowledged.len());
    assert!(fast > 0, "{ACKNOWLEDGED} were never acknowledged within {WITHIN:?}");
    assert!(acknowledged.len() as u64 >= (points * FAIL_POINTS.len() + kills) as u64 * ACKNOWLEDGED);
}

#[test]
fn nothing_acknowledged_with_fsync_is_lost_or_repeated_by_kill_9() {
    survives("fsync", 2, 4);
}

#[test]
fn nothing_acknowledged_with_flush_is_lost_or_repeated_by_kill_9() {
    survives("flush", 1, 1);
}

/// A figure of the report of `torture`.
fn figure(report: &str, name: &str) -> u64 {
    let row = report.lines().find_map(|line| line.trim_start().strip_prefix(name));
    let value = row.and_then(|row| row.split_whitespace().next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in:\n{report}"))
}

#[test]
fn torture_finds_nothing_missing_with_fsync_and_does_find_what_none_loses() {
    let place = Place::new();
    // With the second seed there are two kills within the first five deeds.
    for (durability, more) in [("fsync", &[][..]), ("none", &["--seed", "727568991"])] {
        let arguments = ["torture", "--minutes", "0.35", "--durability", durability];
        let output = place.output(&[&arguments, more].concat());
        let report = String::from_utf8(output.stdout).expect("text");
        println!("{report}");
        assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
        assert!(figure(&report, "deeds") >= 4 && figure(&report, "acknowledged") > 1_000, "{report}");
        assert_eq!((figure(&report, "repeated"), figure(&report, "unreadable")), (0, 0), "{report}");
        assert_eq!(figure(&report, "missing") > 0, durability == "none", "{report}");
        assert!(!place.path().join("headwater-torture").exists(), "it tidies up");
    }
}
