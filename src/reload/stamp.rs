//! Whether a file was written or exchanged.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What shows that a file was written or exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(file).ok()?;
        Some(Self { length: metadata.len(), modified: metadata.modified().ok(), inode: metadata.ino() })
    }
}

/// Files that are looked at again and again.
#[derive(Debug)]
pub(super) struct Watched {
    files: Vec<PathBuf>,
    /// As they were taken up.
    used: Vec<Option<Stamp>>,
    /// As they were at the last look.
    seen: Vec<Option<Stamp>>,
}

impl Watched {
    /// Files that are taken up as they are now.
    pub(super) fn new(files: Vec<PathBuf>) -> Self {
        let used = stamps(&files);
        Self { files, seen: used.clone(), used }
    }

    /// Looks at them: true when they are others than those that were taken up, and whole. A file counts as whole when it
    /// has stayed as it is from one look to the next; one that is missing is about to be put in its place. Each change
    /// is told once.
    pub(super) fn changed(&mut self) -> bool {
        let now = stamps(&self.files);
        let settled = now == self.seen && now.iter().all(Option::is_some);
        self.seen = now;
        let changed = settled && self.seen != self.used;
        if changed {
            self.used.clone_from(&self.seen);
        }
        changed
    }

    /// They are taken up as they are now.
    pub(super) fn take(&mut self) {
        self.seen = stamps(&self.files);
        self.used.clone_from(&self.seen);
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| Stamp::of(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_when_the_file_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a");
        fs::write(&file, "one").unwrap();
        let mut watched = Watched::new(vec![file.clone()]);
        assert!(!watched.changed());
        fs::write(&file, "longer").unwrap();
        assert!(!watched.changed(), "it may still be written");
        fs::write(&file, "longer still").unwrap();
        assert!(!watched.changed());
        assert!(watched.changed());
        assert!(!watched.changed(), "told already");
        fs::remove_file(&file).unwrap();
        assert!(!watched.changed() && !watched.changed(), "about to be put in its place");
        fs::write(directory.path().join("b"), "two").unwrap();
        fs::rename(directory.path().join("b"), &file).unwrap();
        assert!(!watched.changed());
        assert!(watched.changed());
        fs::write(&file, "three").unwrap();
        watched.take();
        assert!(!watched.changed() && !watched.changed(), "taken up already");
    }
}
