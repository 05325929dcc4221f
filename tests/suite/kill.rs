//! The real program is killed under load, again and again: what it has acknowledged is in the files, once.
//!
//! Some of the deaths are at fail points of the program, so that it is certain that each of them was hit; the others come
//! at random, from a seed that is printed and can be given again as `HEADWATER_SEED`. `HEADWATER_KILLS` says how many deaths
//! there are in all; without it there are 20.

use std::{
    collections::VecDeque,
    env, fs,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    fastavro,
    run::Place,
    support::{load::Load, program::send_signal, random::Random},
};

/// Acknowledged before each kill, at least, and in so much time, at most: 5,000 a second.
const ACKNOWLEDGED: u64 = 10_000;
const WITHIN: Duration = Duration::from_secs(2);
/// How long a machine that others use may take longer for it; in one round at least it must do it, unless it is busy
/// with something else.
const EXTRA: Duration = Duration::from_secs(2);
/// Bytes that each event has in addition, so that segments are full before long.
const PADDING: usize = 300;
/// Clients, each with a connection; with `fsync` as many requests share a sync.
const CLIENTS: u64 = 256;
/// Requests that a client sends before it reads their answers.
const PIPELINED: u64 = 4;
/// Deaths in all, of which seven in ten with `fsync`.
const DEATHS: usize = 20;
/// Where the program ends itself when it is told to: `util::fail_point`.
const FAIL_POINTS: [&str; 5] = ["append", "sync", "roll", "publish", "cursor"];
/// How long one round may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until so many were acknowledged, and a little longer for a moment in which they came fast enough; gives what
/// they took, if there was one.
fn wait_for_load(load: &Load) -> Option<Duration> {
    let (began, before) = (Instant::now(), load.acknowledged());
    let (mut seen, mut enough) = (VecDeque::new(), began);
    while began.elapsed() < PATIENCE {
        let (now, count) = (Instant::now(), load.acknowledged() - before);
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
    panic!("too slow to be a test: {} in {PATIENCE:?}", load.acknowledged() - before);
}

/// Each has the machine for itself, as far as that is up to these tests.
static TURN: Mutex<()> = Mutex::new(());

/// Ends the program at `points` times each fail point and for the rest of `deaths` at random, stops it in order at last,
/// and looks for everything that was acknowledged.
fn survives(durability: &str, points: usize, deaths: usize) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
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
    let mut random = Random::seeded(durability);
    let points = FAIL_POINTS.iter().copied().cycle().take(points * FAIL_POINTS.len()).map(Some);
    let ends: Vec<_> = points.chain(std::iter::repeat(None)).take(deaths).collect();
    let (load, mut fast) = (Load::with_padding(PADDING), 0);
    for (round, end) in ends.iter().enumerate() {
        let mut command = serve();
        let _ = fs::remove_file(&armed);
        command.env("HEADWATER_FAIL_POINT", format!("{}:{}", end.unwrap_or("none"), armed.display()));
        let mut program = place.start(command);
        let before = load.acknowledged();
        let (took, status) = thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| load.connection(place.port, PIPELINED));
            }
            let took = wait_for_load(&load);
            thread::sleep(Duration::from_micros(random.below(100_000)));
            match end {
                Some(_) => drop(place.write("armed", "")),
                None => send_signal(program.id(), "KILL"),
            }
            (took, program.wait())
        });
        let rate = match took {
            Some(took) => format!("{ACKNOWLEDGED} of them in {took:?}"),
            None => format!("{ACKNOWLEDGED} never within {WITHIN:?}: this machine is busy"),
        };
        let (count, end) = (load.acknowledged() - before, end.unwrap_or("kill -9"));
        println!("{durability}, {round}, {end}: {count} acknowledged, {rate}; {status}");
        fast += u32::from(took.is_some());
        assert!(count >= ACKNOWLEDGED && status.code().is_none(), "{count} acknowledged, {status}");
    }
    let mut program = place.start(serve());
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    // Reading them is also the proof that each file can be read.
    let files = place.published();
    let found = load.compare(fastavro::event_numbers(&files).into_iter());
    let (files, acknowledged) = (files.len(), load.acknowledged());
    println!(
        "{durability}: {deaths} deaths, {fast} of them at the full rate; {acknowledged} acknowledged, {files} files, \
         none that cannot be read; {found:?}"
    );
    assert_eq!((found.missing, found.repeated), (0, 0), "of {acknowledged} acknowledged");
    assert_eq!(load.odd(), Vec::<u16>::new(), "answers that are neither 204 nor 503");
    assert!(fast > 0 || is_busy(), "{ACKNOWLEDGED} were never acknowledged within {WITHIN:?}, though nobody disturbs");
}

/// Whether more wants to run on this machine than the program and its clients.
fn is_busy() -> bool {
    let load = fs::read_to_string("/proc/loadavg").expect("as Linux has it");
    let load: f64 = load.split(' ').next().and_then(|load| load.parse().ok()).expect("a number");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("{load} want to run on {cores} cores");
    load > 3.0 * f64::from(u32::try_from(cores).expect("a small number"))
}

/// How many deaths there are in all.
fn deaths() -> usize {
    env::var("HEADWATER_KILLS").map_or(DEATHS, |number| number.parse().expect("HEADWATER_KILLS is a number"))
}

#[test]
fn nothing_acknowledged_with_fsync_is_lost_or_repeated_by_kill_9() {
    survives("fsync", 2, deaths() * 7 / 10);
}

#[test]
fn nothing_acknowledged_with_flush_is_lost_or_repeated_by_kill_9() {
    survives("flush", 1, deaths() - deaths() * 7 / 10);
}

/// A figure of the report of `torture`.
fn figure(report: &str, name: &str) -> u64 {
    let row = report.lines().find_map(|line| line.trim_start().strip_prefix(name));
    let value = row.and_then(|row| row.split_whitespace().next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in:\n{report}"))
}

#[test]
fn torture_finds_nothing_missing_with_fsync_and_does_find_what_none_loses() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    // With the second seed the first two deeds are kills.
    for (durability, more) in [("fsync", &[][..]), ("none", &["--seed", "75"])] {
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
