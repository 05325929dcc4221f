//! A file system in memory that can crash, fill up and fail on purpose.
//!
//! Written content is lost by [`SimulatedDisk::crash`] unless it was synced; a name (made, renamed, removed) goes back
//! to what it was at the last `sync_dir` of its directory. Directories themselves are always durable.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Disk, DiskFile, Metadata};

/// An operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `create_new`.
    Create,
    /// `open` and `read`.
    Open,
    /// `write_all_at` and `set_len`.
    Write,
    /// `sync_data` and `sync_dir`.
    Sync,
    /// `rename` and `rename_new`.
    Rename,
    /// `remove`.
    Remove,
}

type Inode = Arc<Mutex<Content>>;

#[derive(Debug, Default)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
}

/// Decides, for each operation, whether it fails, and how.
type Decide = Box<dyn FnMut(Fault, &Path) -> Option<io::ErrorKind> + Send>;

#[derive(Default)]
struct State {
    names: BTreeMap<PathBuf, Inode>,
    durable_names: BTreeMap<PathBuf, Inode>,
    directories: BTreeSet<PathBuf>,
    decide: Option<Decide>,
    /// Bytes that all files together may have.
    capacity: Option<u64>,
}

/// What a disk writes as a whole, bytes.
const SECTOR_BYTES: usize = 512;

impl State {
    fn used(&self) -> u64 {
        self.names.values().map(|inode| lock(inode).now.len() as u64).sum()
    }
}

/// A file system in memory; clones share it.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

impl std::fmt::Debug for SimulatedDisk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SimulatedDisk").finish_non_exhaustive()
    }
}

impl SimulatedDisk {
    /// An empty file system.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts the power: unsynced content and names are gone. Files that are still open keep an inode that nobody sees.
    pub fn crash(&self) {
        let mut state = self.state();
        let names = state
            .durable_names
            .iter()
            .map(|(path, inode)| {
                let synced = lock(inode).synced.clone();
                (path.clone(), Arc::new(Mutex::new(Content { now: synced.clone(), synced })))
            })
            .collect::<BTreeMap<_, _>>();
        state.names.clone_from(&names);
        state.durable_names = names;
    }

    /// Cuts the power as [`SimulatedDisk::crash`] does, but as real disks do it: of what was not synced, each sector of
    /// 512 bytes is kept or lost on its own, and so is each name; `keep` decides.
    pub fn crash_torn(&self, mut keep: impl FnMut() -> bool) {
        let mut state = self.state();
        let survivors: Vec<PathBuf> = state.names.keys().cloned().collect();
        for path in survivors {
            if !state.durable_names.contains_key(&path) && keep() {
                let inode = Arc::clone(&state.names[&path]);
                // A rename is one step: it does not leave the old name behind.
                state.durable_names.retain(|_, other| !Arc::ptr_eq(other, &inode));
                state.durable_names.insert(path, inode);
            }
        }
        for inode in state.durable_names.values() {
            let mut content = lock(inode);
            let Content { now, synced } = &mut *content;
            let common = now.len().min(synced.len());
            for start in (0..common).step_by(SECTOR_BYTES) {
                let sector = start..(start + SECTOR_BYTES).min(common);
                if now[sector.clone()] != synced[sector.clone()] && keep() {
                    synced[sector.clone()].copy_from_slice(&now[sector]);
                }
            }
            if now.len() > common && keep() {
                let length = now.len();
                synced.resize(length, 0);
                for start in (common..length).step_by(SECTOR_BYTES) {
                    let sector = start..(start + SECTOR_BYTES).min(length);
                    if keep() {
                        synced[sector.clone()].copy_from_slice(&now[sector]);
                    }
                }
            }
        }
        drop(state);
        self.crash();
    }

    /// Lets all files together have so many bytes at most.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = Some(bytes);
    }

    /// Asks `decide` before each operation whether it fails.
    pub fn fail_when(&self, decide: impl FnMut(Fault, &Path) -> Option<io::ErrorKind> + Send + 'static) {
        self.state().decide = Some(Box::new(decide));
    }

    /// Lets every operation succeed again.
    pub fn heal(&self) {
        self.state().decide = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, fault: Fault, path: &Path) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let failure = state.decide.as_mut().and_then(|decide| decide(fault, path));
        match failure {
            Some(kind) => Err(io::Error::new(kind, format!("simulated {fault:?} failure"))),
            None => Ok(state),
        }
    }

    fn file(&self, path: &Path, inode: Inode) -> Box<dyn DiskFile> {
        Box::new(SimulatedFile { disk: self.clone(), path: path.to_owned(), inode })
    }
}

fn lock(inode: &Inode) -> MutexGuard<'_, Content> {
    inode.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_found(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.display().to_string())
}

fn exists(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, path.display().to_string())
}

impl Disk for SimulatedDisk {
    fn create_new(&self, path: &Path, _private: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.check(Fault::Create, path)?;
        if state.names.contains_key(path) {
            return Err(exists(path));
        }
        if path.parent().is_none_or(|parent| !state.directories.contains(parent)) {
            return Err(not_found(path));
        }
        let inode = Inode::default();
        state.names.insert(path.to_owned(), Arc::clone(&inode));
        drop(state);
        Ok(self.file(path, inode))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.check(Fault::Open, path)?;
        let inode = state.names.get(path).cloned().ok_or_else(|| not_found(path))?;
        drop(state);
        Ok(self.file(path, inode))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.check(Fault::Open, path)?;
        let inode = state.names.get(path).ok_or_else(|| not_found(path))?;
        let content = lock(inode).now.clone();
        Ok(content)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.check(Fault::Rename, from)?;
        let inode = state.names.remove(from).ok_or_else(|| not_found(from))?;
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.check(Fault::Rename, from)?;
        if state.names.contains_key(to) {
            return Err(exists(to));
        }
        let inode = state.names.remove(from).ok_or_else(|| not_found(from))?;
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.check(Fault::Remove, path)?;
        state.names.remove(path).map(drop).ok_or_else(|| not_found(path))
    }

    fn create_dir_all(&self, path: &Path, _private: bool) -> io::Result<()> {
        let mut state = self.state();
        for directory in path.ancestors() {
            state.directories.insert(directory.to_owned());
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.check(Fault::Sync, path)?;
        state.durable_names.retain(|name, _| name.parent() != Some(path));
        let names: Vec<_> = state
            .names
            .iter()
            .filter(|(name, _)| name.parent() == Some(path))
            .map(|(name, inode)| (name.clone(), Arc::clone(inode)))
            .collect();
        state.durable_names.extend(names);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.state();
        if !state.directories.contains(path) {
            return Err(not_found(path));
        }
        let names = state.names.keys().chain(&state.directories);
        let mut entries: Vec<_> = names.filter(|name| name.parent() == Some(path)).cloned().collect();
        entries.sort();
        Ok(entries)
    }

    fn free_bytes(&self, _path: &Path) -> io::Result<u64> {
        let state = self.state();
        Ok(state.capacity.map_or(u64::MAX / 2, |capacity| capacity.saturating_sub(state.used())))
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        // Processes are simulated one after the other.
        Ok(Box::new(()))
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<Metadata>> {
        let state = self.state();
        if let Some(inode) = state.names.get(path) {
            return Ok(Some(Metadata { length: lock(inode).now.len() as u64, is_directory: false }));
        }
        let is_directory = state.directories.contains(path);
        Ok(is_directory.then_some(Metadata { length: 0, is_directory }))
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    path: PathBuf,
    inode: Inode,
}

/// Positions in the simulation are small enough for the address space, or the test is wrong.
fn index(position: u64) -> io::Result<usize> {
    usize::try_from(position).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

impl DiskFile for SimulatedFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let state = self.disk.check(Fault::Write, &self.path)?;
        let start = index(offset)?;
        let end = start + bytes.len();
        let grows = end.saturating_sub(lock(&self.inode).now.len()) as u64;
        if state.capacity.is_some_and(|capacity| grows > 0 && state.used() + grows > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        drop(state);
        let mut content = lock(&self.inode);
        if content.now.len() < end {
            content.now.resize(end, 0);
        }
        content.now[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = index(offset)?;
        let content = lock(&self.inode);
        let found = content.now.get(start..start + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(lock(&self.inode).now.len() as u64)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        drop(self.disk.check(Fault::Write, &self.path)?);
        lock(&self.inode).now.resize(index(length)?, 0);
        Ok(())
    }

    fn sync_data(&mut self) -> io::Result<()> {
        drop(self.disk.check(Fault::Sync, &self.path)?);
        let mut content = lock(&self.inode);
        let Content { now, synced } = &mut *content;
        synced.clone_from(now);
        Ok(())
    }
}
