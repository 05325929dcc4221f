//! `headwater cat --follow`: the records of files as they are published.
//!
//! A published file is complete, so it is read once, when its name appears. Directories are looked at a few times a
//! second, and listed only when they have changed: that works on every file system, also for a directory that is made
//! later, or removed and made again.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, SystemTime},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{CatError, Dress, FileError, FileProblem, Show, Stop, display_name, end_of_output, print_path};
use crate::{
    signal::StopSignals,
    util::{
        reason::reason,
        terminal::{Paint, Style},
    },
};

/// How often directories are looked at.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// What has changed so long ago was seen by the listing after it, however coarse the clock of the file system.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// How long a record may take to get out once the program is told to stop.
const STOP_PATIENCE: Duration = Duration::from_millis(300);

/// A name that a published file ends with.
const PUBLISHED: &str = ".avro";

/// Prints the records of the files in the directories, those of now first unless `only_new`, until a signal comes or
/// nobody reads any more. A file that cannot be read is told at once, and does not end it.
///
/// # Errors
/// A path is no directory, the output cannot be written.
pub(super) fn follow(
    directories: &[PathBuf],
    only_new: bool,
    dress: Dress,
    out: &mut impl Write,
) -> Result<(), CatError> {
    let stop = stop_on_signal().map_err(CatError::Output)?;
    let mut followed: Vec<_> = directories.iter().map(|directory| Followed::new(directory)).collect();
    for directory in &mut followed {
        if only_new {
            directory.appeared(SystemTime::now()).map_err(|error| directory.unreadable(&error))?;
        }
        directory.announce();
    }
    while !stop.load(Relaxed) {
        for directory in &mut followed {
            let files = directory.appeared(SystemTime::now()).map_err(|error| directory.unreadable(&error))?;
            for file in files {
                if let Err(error) = print_one(&file, dress, out) {
                    return end_of_output(error);
                }
            }
        }
        if nobody_reads() {
            break;
        }
    }
    Ok(())
}

fn print_one(file: &Path, dress: Dress, out: &mut impl Write) -> io::Result<()> {
    match print_path(file, Show::Records(dress), out) {
        Ok(()) => {}
        Err(Stop::Output(error)) => return Err(error),
        Err(Stop::File(problem)) => eprintln!("headwater: {}: {problem}", display_name(file)),
    }
    out.flush()
}

/// Waits a moment; says whether the other end of the output has been closed in the meantime.
pub(in crate::command) fn nobody_reads() -> bool {
    let stdout = io::stdout();
    let mut output = [PollFd::new(&stdout, PollFlags::empty())];
    // Interrupted by a signal is waited long enough, too.
    let _ = poll(&mut output, Some(&PAUSE));
    output[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Raised by SIGINT and SIGTERM. What is being printed then may get out; what is stuck may not.
pub(in crate::command) fn stop_on_signal() -> io::Result<Arc<AtomicBool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        StopSignals::listen()?
    };
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(signals.next());
        told.store(true, Relaxed);
        thread::sleep(STOP_PATIENCE);
        std::process::exit(0);
    })?;
    Ok(stop)
}

/// The published files of a directory, by name.
///
/// # Errors
/// It cannot be listed.
pub(super) fn published(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = names(directory)?;
    names.sort();
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

fn names(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(PUBLISHED) && !text.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

/// A directory whose files are printed once each.
struct Followed {
    directory: PathBuf,
    printed: HashSet<OsString>,
    /// When it had last changed when it was listed, if that is so long ago that nothing can have been missed.
    settled: Option<SystemTime>,
}

impl Followed {
    fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), printed: HashSet::new(), settled: None }
    }

    /// Files that were not there before, by name; none as long as there is no such directory.
    fn appeared(&mut self, now: SystemTime) -> io::Result<Vec<PathBuf>> {
        let changed = match fs::metadata(&self.directory).and_then(|found| found.modified()) {
            Ok(changed) => changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.printed.clear();
                self.settled = None;
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        if self.settled == Some(changed) {
            return Ok(Vec::new());
        }
        let names = match names(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names?,
        };
        self.settled = now.duration_since(changed).is_ok_and(|age| age > SETTLED_AFTER).then_some(changed);
        let mut fresh: Vec<_> = names.iter().filter(|name| !self.printed.contains(*name)).cloned().collect();
        fresh.sort();
        self.printed = names.into_iter().collect();
        Ok(fresh.into_iter().map(|name| self.directory.join(name)).collect())
    }

    fn unreadable(&self, error: &io::Error) -> CatError {
        let problem = FileProblem::Unusable(match error.kind() {
            io::ErrorKind::NotADirectory => "it is no directory; without --follow its records are printed".to_owned(),
            _ => format!("it cannot be read: {}", reason(error)),
        });
        CatError::Files(vec![FileError { name: self.directory.display().to_string(), problem }])
    }

    /// Tells whoever watches the terminal that there is nothing to see yet.
    fn announce(&self) {
        let stderr = io::stderr();
        if stderr.is_terminal() {
            let yet = if self.directory.is_dir() { "" } else { ", which is not there yet" };
            let text = format!("following {}{yet}; Ctrl-C ends it", self.directory.display());
            eprintln!("{}", Paint::on(&stderr).paint(Style::Faint, &text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_appears_once_when_it_is_published() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let directory = home.path().join("events");
        let mut followed = Followed::new(&directory);
        let now = SystemTime::now();
        let mut look = |now| -> Vec<String> {
            let files = followed.appeared(now).expect("it can be read");
            files.iter().map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect()
        };
        let none: [&str; 0] = [];
        assert_eq!(look(now), none, "there is no directory yet");
        fs::create_dir(&directory).expect("a directory");
        for name in ["b.avro", "a.avro", "c.avro.partial", ".d.avro", "e.txt"] {
            fs::write(directory.join(name), "").expect("a file");
        }
        assert_eq!(look(now), ["a.avro", "b.avro"]);
        assert_eq!(look(now), none);
        // Within one tick of the file system's clock nothing else tells that it has changed.
        fs::rename(directory.join("c.avro.partial"), directory.join("c.avro")).expect("published");
        assert_eq!(look(now), ["c.avro"]);
        fs::remove_file(directory.join("a.avro")).expect("collected by somebody");
        assert_eq!(look(now), none);
        let later = now + Duration::from_mins(1);
        assert_eq!(look(later), none);
        fs::write(directory.join("f.avro"), "").expect("a file");
        assert_eq!(look(later), ["f.avro"]);
        fs::remove_dir_all(&directory).expect("removed");
        assert_eq!(look(later), none);
        fs::create_dir(&directory).expect("made again");
        fs::write(directory.join("f.avro"), "").expect("a file");
        assert_eq!(look(later), ["f.avro"]);
    }

    #[test]
    fn a_quiet_directory_is_not_listed() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut followed = Followed::new(home.path());
        let later = SystemTime::now() + Duration::from_mins(1);
        assert!(followed.appeared(later).expect("it can be read").is_empty());
        assert!(followed.settled.is_some());
        // As if it had been listed after this file came.
        fs::write(home.path().join("a.avro"), "").expect("a file");
        followed.settled = fs::metadata(home.path()).and_then(|found| found.modified()).ok();
        assert!(followed.appeared(later).expect("it can be read").is_empty());
    }

    #[test]
    fn what_is_no_directory_is_said() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut followed = Followed::new(file.path());
        let error = followed.appeared(SystemTime::now()).expect_err("a file");
        let told = followed.unreadable(&error).to_string();
        assert!(told.contains("is no directory"), "{told}");
    }
}
