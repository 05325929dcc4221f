//! The process in which one target runs.

use std::{
    fs, panic,
    path::Path,
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{
    corpus,
    mutate::{Mutator, Random},
    targets::{ALL, Target},
};

/// Exit code when something has panicked.
pub const PANICKED: i32 = 101;
/// Exit code when an input took too long.
pub const TOO_SLOW: i32 = 3;

/// Stack of a thread that answers requests.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Addresses that the process may use. Threads and their arenas take most of it before anything is read.
const ADDRESSES_MAX: u64 = 3 << 30;

/// Time for one input, without optimisation, on a busy machine. What is not linear takes far longer.
const INPUT_TIME_MAX: Duration = Duration::from_secs(20);

/// Bytes of an input that is made by chance.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Runs what the parent asks for; does not return when an input fails.
pub fn run(task: &str) {
    let mut parts = task.splitn(4, '\n');
    let mut part = || parts.next().expect("four parts");
    let (name, seed, time, current) = (part(), part(), part(), part());
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let target = ALL.iter().find(|target| target.name == name).expect("a target of ours");
    let (seed, time) = (number(seed), Duration::from_millis(number(time)));
    let limit = Rlimit { current: Some(ADDRESSES_MAX), maximum: Some(ADDRESSES_MAX) };
    setrlimit(Resource::As, limit).expect("a process may bound itself");
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        told(info);
        process::exit(PANICKED);
    }));
    thread::scope(|scope| {
        let work = || work(target, seed, time, Path::new(current));
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let joined = builder.spawn_scoped(scope, work).expect("a thread").join();
        joined.expect("a panic has ended the process");
    });
}

fn work(target: &Target, seed: u64, time: Duration, current: &Path) {
    let began = Instant::now();
    let since = watch();
    let mut run = (target.prepare)();
    let mut count = 0_u64;
    let mut one = |input: &[u8]| {
        fs::write(current, input).expect("a writable temporary directory");
        since.store(elapsed_ms(began).max(1), Ordering::Relaxed);
        run(input);
        since.store(0, Ordering::Relaxed);
        count += 1;
    };
    let kept = corpus_of(target.name);
    assert!(!kept.is_empty(), "{} has no corpus", target.name);
    let seeds: Vec<_> = kept.into_iter().chain((target.seeds)()).collect();
    for input in &seeds {
        one(input);
    }
    if time > Duration::ZERO {
        let until = Instant::now() + time;
        let mut mutator = Mutator::new(&seeds, Random(seed), INPUT_BYTES_MAX);
        while Instant::now() < until {
            one(&mutator.next());
        }
    }
    println!("{}: {count} inputs", target.name);
}

fn corpus_of(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(corpus(target)).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a readable corpus")).collect()
}

fn elapsed_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Ends the process when an input takes too long. The input at work began at the result's milliseconds; 0 is none.
fn watch() -> Arc<AtomicU64> {
    let since = Arc::new(AtomicU64::new(0));
    let watched = Arc::clone(&since);
    let began = Instant::now();
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_millis(100));
            let since = watched.load(Ordering::Relaxed);
            if since > 0 && u128::from(elapsed_ms(began).saturating_sub(since)) > INPUT_TIME_MAX.as_millis() {
                process::exit(TOO_SLOW);
            }
        }
    });
    since
}
