//! Room for segments: a file is always prepared ahead, as long as quota and file system allow.
//!
//! A prepared file is filled with zeros and synced, so that writing to it neither runs out of space nor has to change
//! its length. Files of segments that nobody needs any more are used again as they are: their old blocks carry the
//! number of the segment that they were in, and are not believed in another. If asked for, they are overwritten first.
//! The next file is prepared once the one in use begins to fill, so that a quiet start writes next to nothing.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    disk::{Disk, DiskFile},
    util::sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        thread::{self, JoinHandle, Thread},
    },
};

/// Zeros are written and synced in steps of this size, so that the disk stays free for events.
pub(super) const STEP_BYTES: usize = 1024 * 1024;

/// How long to wait before a file is tried again that could not be prepared.
const RETRY: Duration = Duration::from_secs(1);

/// What room there may be.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) directory: PathBuf,
    /// Size of a segment.
    pub(super) segment_bytes: u64,
    /// Most bytes of all segments and prepared files.
    pub(super) bytes_max: u64,
    /// What stays free on the file system.
    pub(super) reserve_bytes: u64,
    /// Overwrite files with zeros before they are used again.
    pub(super) erase: bool,
}

/// Why there is no room for another segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// `max_size` is reached.
    #[error("the journal has reached its max_size of {max} bytes")]
    Quota {
        /// The limit.
        max: u64,
    },
    /// The file system has no more than `reserve` left.
    #[error("{free} bytes are free on the file system, and a segment must leave {reserve}")]
    Reserve {
        /// Bytes that are free.
        free: u64,
        /// Bytes that stay free.
        reserve: u64,
    },
    /// The disk failed.
    #[error("{0}")]
    Disk(String),
}

/// Files that are prepared ahead.
#[derive(Debug)]
pub(super) struct Space {
    limits: Limits,
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// A prepared file.
    ready: Option<PathBuf>,
    /// Files to be overwritten.
    used: Vec<PathBuf>,
    /// The segment in use fills up: the next file will be needed.
    wanted: bool,
    /// Bytes of the segments.
    segments: u64,
    /// Number in the name of the next file.
    next_name: u64,
    no_room: Option<NoRoom>,
    stop: bool,
}

impl State {
    fn has_work(&self) -> bool {
        !self.used.is_empty() || (self.wanted && self.ready.is_none() && self.no_room.is_none())
    }
}

impl Space {
    /// Files that a former process prepared are removed but for one, which is used.
    pub(super) fn open(limits: Limits, disk: Arc<dyn Disk>, leftovers: Vec<PathBuf>, segments: u64) -> Self {
        let mut state = State { segments, ..State::default() };
        for leftover in leftovers {
            let length = disk.metadata(&leftover).ok().flatten().map(|found| found.length);
            if limits.erase && length == Some(limits.segment_bytes) {
                state.next_name = state.next_name.max(number_of(&leftover).map_or(1, |number| number + 1));
                state.used.push(leftover);
            } else if state.ready.is_none() && length == Some(limits.segment_bytes) {
                state.next_name = state.next_name.max(number_of(&leftover).map_or(1, |number| number + 1));
                state.ready = Some(leftover);
            } else if let Err(error) = disk.remove(&leftover) {
                tracing::warn!(file = %leftover.display(), %error, "a leftover of the journal cannot be removed");
            }
        }
        let space = Self { limits, disk, state: Mutex::new(state), bell: Condvar::new() };
        space.look();
        space
    }

    /// Whether another segment can be begun.
    pub(super) fn is_available(&self) -> bool {
        let state = self.lock();
        state.ready.is_some() || state.no_room.is_none()
    }

    /// Why another segment cannot be begun.
    pub(super) fn no_room(&self) -> Option<NoRoom> {
        let state = self.lock();
        if state.ready.is_some() { None } else { state.no_room.clone() }
    }

    /// A file for the next segment: a prepared one, or a sparse one when none is ready.
    pub(super) fn take(&self) -> io::Result<PathBuf> {
        self.look();
        let mut state = self.lock();
        let path = if let Some(ready) = state.ready.take() {
            ready
        } else {
            if let Some(no_room) = &state.no_room {
                return Err(io::Error::new(io::ErrorKind::StorageFull, no_room.to_string()));
            }
            let path = self.name(&mut state);
            let mut file = self.disk.create_new(&path, true)?;
            if let Err(error) = file.set_len(self.limits.segment_bytes) {
                let _ = self.disk.remove(&path);
                return Err(error);
            }
            path
        };
        state.segments += self.limits.segment_bytes;
        state.wanted = false;
        drop(state);
        self.look();
        self.bell.notify_one();
        Ok(path)
    }

    /// Nobody needs a segment of `bytes` any more. Its file is kept if it can be used again, else removed; if neither
    /// works it still counts.
    pub(super) fn give_back(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let mut state = self.lock();
        let fits = bytes == self.limits.segment_bytes;
        if fits && (self.limits.erase || state.ready.is_none()) {
            let name = self.name(&mut state);
            self.disk.rename(path, &name)?;
            if self.limits.erase {
                state.used.push(name);
            } else {
                state.ready = Some(name);
            }
        } else {
            self.disk.remove(path)?;
        }
        state.segments = state.segments.saturating_sub(bytes);
        drop(state);
        self.look();
        self.bell.notify_one();
        Ok(())
    }

    /// The segment in use fills up: the next file is to be prepared.
    pub(super) fn want(&self) {
        let mut state = self.lock();
        if !state.wanted {
            state.wanted = true;
            self.bell.notify_one();
        }
    }

    /// A segment that stays on disk, but no longer counts.
    pub(super) fn forget(&self, bytes: u64) {
        let mut state = self.lock();
        state.segments = state.segments.saturating_sub(bytes);
    }

    /// Looks again at how much room there is.
    pub(super) fn look(&self) {
        let segments = self.lock().segments;
        let limits = &self.limits;
        let no_room = if segments + limits.segment_bytes > limits.bytes_max {
            Some(NoRoom::Quota { max: limits.bytes_max })
        } else {
            match self.disk.free_bytes(&limits.directory) {
                Ok(free) if free < limits.reserve_bytes.saturating_add(limits.segment_bytes) => {
                    Some(NoRoom::Reserve { free, reserve: limits.reserve_bytes })
                }
                Ok(_) => None,
                Err(error) => Some(NoRoom::Disk(error.to_string())),
            }
        };
        self.lock().no_room = no_room;
    }

    /// Prepares a file if none is ready and there is room, or overwrites a used one. Blocks while it writes.
    pub(super) fn prepare(&self) -> io::Result<()> {
        let (path, filled) = {
            let mut state = self.lock();
            if state.stop {
                return Ok(());
            }
            let used = state.used.pop();
            if used.is_none() && (state.ready.is_some() || state.no_room.is_some()) {
                return Ok(());
            }
            let path = used.clone().unwrap_or_else(|| self.name(&mut state));
            drop(state);
            let file = if used.is_some() { self.disk.open(&path) } else { self.disk.create_new(&path, true) };
            (path, file.and_then(|file| self.fill(file)))
        };
        if let Err(error) = filled {
            let _ = self.disk.remove(&path);
            self.lock().no_room = Some(NoRoom::Disk(error.to_string()));
            return Err(error);
        }
        let mut state = self.lock();
        if state.ready.is_none() {
            state.ready = Some(path);
        } else {
            drop(state);
            self.disk.remove(&path)?;
        }
        Ok(())
    }

    fn fill(&self, mut file: Box<dyn DiskFile>) -> io::Result<()> {
        let step = usize::try_from(self.limits.segment_bytes).unwrap_or(usize::MAX).min(STEP_BYTES);
        let zeros = vec![0; step];
        let mut at = 0;
        while at < self.limits.segment_bytes && !self.lock().stop {
            let length = (self.limits.segment_bytes - at).min(step as u64);
            file.write_all_at(&zeros[..usize::try_from(length).unwrap_or(step)], at)?;
            file.sync_data()?;
            at += length;
        }
        if at < self.limits.segment_bytes { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    fn has_work(&self) -> bool {
        self.lock().has_work()
    }

    fn name(&self, state: &mut State) -> PathBuf {
        state.next_name += 1;
        self.limits.directory.join(format!("spare-{}", state.next_name))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything in it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a prepared file.
pub(super) fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("spare-")?.parse().ok()
}

/// The thread that prepares files.
#[derive(Debug)]
pub(super) struct Preparer {
    space: Arc<Space>,
    join: Option<JoinHandle<()>>,
}

impl Preparer {
    /// Starts the thread; it unparks `journal` when a file is ready.
    pub(super) fn spawn(space: &Arc<Space>, journal: Thread) -> io::Result<Self> {
        let working = Arc::clone(space);
        let join = thread::Builder::new().name("journal space".into()).spawn(move || run(&working, &journal))?;
        Ok(Self { space: Arc::clone(space), join: Some(join) })
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.space.lock().stop = true;
        self.space.bell.notify_one();
        if let Some(join) = self.join.take()
            && join.join().is_err()
        {
            tracing::error!("the thread that makes room for the journal has panicked");
        }
    }
}

fn run(space: &Space, journal: &Thread) {
    loop {
        let before = space.is_available();
        if space.has_work()
            && let Err(error) = space.prepare()
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::warn!(%error, "no file can be prepared for the journal");
        }
        if !before || !space.is_available() {
            journal.unpark();
        }
        let state = space.lock();
        if state.stop {
            break;
        }
        if state.has_work() {
            continue;
        }
        // Somebody else may have made room on the file system, so it is looked at from time to time.
        let state = if state.ready.is_none() && state.no_room.is_some() {
            space.bell.wait_timeout(state, RETRY).map_or_else(|error| error.into_inner().0, |(state, _)| state)
        } else {
            space.bell.wait(state).unwrap_or_else(PoisonError::into_inner)
        };
        let stop = state.stop;
        drop(state);
        if stop {
            break;
        }
        space.look();
    }
}
