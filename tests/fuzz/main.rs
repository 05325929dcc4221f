//! Hostile input for everything that reads bytes from the network or from a file of the operator.
//!
//! Every input of `tests/fuzz/corpus/<target>/` and every seed of a target is run at each `cargo test`; with
//! `--seconds N` there are new ones for that time, made of them by chance:
//!
//! ```sh
//! cargo test --features full --test fuzz -- --seconds 180            # all targets share the time
//! cargo test --features full --test fuzz -- --seconds 60 --seed 7 script
//! ```
//!
//! Each target runs in a process of its own, in a thread with the stack of a server's thread, with bounded memory and
//! a bound on the time of one input, so that a panic in any thread, an overflow of the stack, a hang and an allocation
//! without measure are all found. The input is written to the corpus then, and its path printed.

mod child;
#[path = "../support/mapper.rs"]
mod mapper;
mod mutate;
mod targets;

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// What a target's process learns from its parent: target, seed, milliseconds of new inputs, file for the input at work.
const CHILD: &str = "HEADWATER_FUZZ_CHILD";

/// Beyond its time a process may take this long for its corpus and its end.
const PATIENCE: Duration = Duration::from_mins(5);

struct Options {
    seconds: u64,
    seed: u64,
    names: Vec<String>,
}

/// Reads the arguments. Those of Rust's own test harness mean nothing here.
fn options() -> Options {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut options = Options { seconds: 0, seed: now.as_secs(), names: Vec::new() };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).expect("a number follows");
        match argument.as_str() {
            "--seconds" => options.seconds = number(),
            "--seed" => options.seed = number(),
            name if !name.starts_with('-') => options.names.push(name.to_owned()),
            _ => {}
        }
    }
    options
}

/// Where the inputs of a target are kept.
fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

fn main() -> ExitCode {
    if let Ok(task) = env::var(CHILD) {
        child::run(&task);
        return ExitCode::SUCCESS;
    }
    let options = options();
    let chosen = |name: &str| options.names.is_empty() || options.names.iter().any(|part| name.contains(part.as_str()));
    let targets: Vec<_> = targets::ALL.iter().map(|target| target.name).filter(|name| chosen(name)).collect();
    if targets.is_empty() {
        return ExitCode::SUCCESS;
    }
    let each = Duration::from_secs(options.seconds) / u32::try_from(targets.len()).unwrap_or(1);
    if options.seconds > 0 {
        println!("fuzzing for {} s in all, --seed {}", options.seconds, options.seed);
    }
    let failed = targets.iter().filter(|target| !passes(target, options.seed, each)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one target in a process of its own.
fn passes(target: &str, seed: u64, time: Duration) -> bool {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let current = directory.path().join("input");
    let task = format!("{target}\n{seed}\n{}\n{}", time.as_millis(), current.display());
    let program = env::current_exe().expect("this program");
    let mut process = Command::new(program)
        .env(CHILD, task)
        .env("TMPDIR", directory.path())
        .spawn()
        .expect("this program can be run");
    let until = Instant::now() + time + PATIENCE;
    let ended = loop {
        match process.try_wait().expect("a process of ours") {
            Some(status) => break Some(status),
            None if Instant::now() > until => {
                let _ = process.kill();
                let _ = process.wait();
                break None;
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    if ended.is_some_and(|status| status.success()) {
        return true;
    }
    let input = fs::read(&current).unwrap_or_default();
    println!("{target}: {}; the input is {}", reason(ended), keep(target, &input).display());
    false
}

fn reason(ended: Option<ExitStatus>) -> String {
    match ended.map(|status| (status.code(), status)) {
        None => "does not end".to_owned(),
        Some((Some(child::PANICKED), _)) => "panics".to_owned(),
        Some((Some(child::TOO_SLOW), _)) => "takes too long".to_owned(),
        Some((None, status)) => format!("ends with {status}: out of stack or memory"),
        Some((_, status)) => format!("ends with {status}"),
    }
}

/// Writes an input to the corpus, unless it is there.
fn keep(target: &str, input: &[u8]) -> PathBuf {
    let directory = corpus(target);
    let known = fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path());
    if let Some(path) = known.into_iter().find(|path| fs::read(path).is_ok_and(|bytes| bytes == input)) {
        return path;
    }
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let path = directory.join(format!("found-{:016x}", hasher.finish()));
    fs::create_dir_all(&directory).and_then(|()| fs::write(&path, input)).expect("the tree can be written to");
    path
}
