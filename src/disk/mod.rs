//! The file system as the journal, the cursors, the dead letters and the file sink see it.
//!
//! One trait with two implementations: [`RealDisk`], and [`SimulatedDisk`], which can crash, fill up and fail on
//! purpose, so that one test can pull the plug on all of them at once.

mod real;
mod simulated;

use std::{
    any::Any,
    io,
    path::{Path, PathBuf},
};

use crate::util::fail_point;

pub use real::RealDisk;
pub use simulated::{Fault, SimulatedDisk};

/// What can be asked of a file system. Paths are absolute or relative to the working directory; every call may block.
#[expect(clippy::missing_errors_doc, reason = "each call fails as the file system says, and only so")]
pub trait Disk: Send + Sync + std::fmt::Debug {
    /// Makes and opens a new file for reading and writing, mode 0600 when `private`, else 0644.
    /// Fails with [`io::ErrorKind::AlreadyExists`] when the name is taken.
    fn create_new(&self, path: &Path, private: bool) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Reads a whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Renames, replacing what stood at `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames without replacing: [`io::ErrorKind::AlreadyExists`] when `to` exists. Where the file system cannot
    /// rename so, links and unlinks; where it can do neither, [`io::ErrorKind::Unsupported`].
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory and its parents, mode 0700 when `private`; fine when it is there already.
    fn create_dir_all(&self, path: &Path, private: bool) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Names of the entries of a directory, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    /// What stands at `path`, or `None` when nothing does.
    fn metadata(&self, path: &Path) -> io::Result<Option<Metadata>>;

    /// Bytes that this process may still write to the file system of a directory.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Locks a file, made if missing, against other processes, for as long as the guard lives. Fails with
    /// [`io::ErrorKind::WouldBlock`] when another process has it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send + Sync>>;

    /// Replaces the content of `path` as one step: a reader sees the old content or the new, never a mixture.
    /// With `durable`, content and name survive a power cut when this returns. The name `<path>.new` is used on the way.
    fn replace(&self, path: &Path, content: &[u8], durable: bool) -> io::Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let temporary = PathBuf::from(name);
        if self.metadata(&temporary)?.is_some() {
            self.remove(&temporary)?;
        }
        let mut file = self.create_new(&temporary, true)?;
        file.write_all_at(content, 0)?;
        if durable {
            file.sync_data()?;
        }
        drop(file);
        fail_point::pass("cursor");
        self.rename(&temporary, path)?;
        match path.parent() {
            Some(directory) if durable => self.sync_dir(directory),
            _ => Ok(()),
        }
    }
}

/// An open file.
#[expect(clippy::missing_errors_doc, reason = "each call fails as the file system says, and only so")]
pub trait DiskFile: Send + std::fmt::Debug {
    /// Writes all of `bytes` at `offset` (bytes from the start), extending the file if needed.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Reads exactly `buffer.len()` bytes at `offset`.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Bytes that the file system has set aside for it; less than its length in a file with holes.
    fn allocated(&self) -> io::Result<u64> {
        self.len()
    }
    /// Cuts or extends with zeros.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
    /// Makes the content durable.
    fn sync_data(&mut self) -> io::Result<()>;
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Length in bytes; 0 for a directory.
    pub length: u64,
    /// Whether it is a directory.
    pub is_directory: bool,
}
