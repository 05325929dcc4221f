//! What a file sink checks before it begins, and what it has to remember to leave its directories clean.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use crate::{config::settings::FileSettings, disk::Disk, sink::avro_file::Mark};

use super::{FileSinkError, Trouble, lanes_max, state::Intent, trouble};

/// Checks what never heals by itself, and makes the directories where that is asked for.
pub(super) fn check(settings: &FileSettings, disk: &dyn Disk) -> Result<(), FileSinkError> {
    let (working, publish) = (&settings.working_directory, &settings.publish_directory);
    for (key, path) in [("working_dir", working), ("publish_dir", publish)] {
        let failed = |source| FileSinkError::Io { key, path: path.clone(), source };
        if path.to_str().is_none() {
            return Err(FileSinkError::NoText { key, path: path.clone() });
        }
        if settings.make_directories {
            disk.create_dir_all(path, false).map_err(failed)?;
        }
        match disk.metadata(path).map_err(failed)? {
            None => return Err(FileSinkError::Missing { key, path: path.clone() }),
            Some(found) if !found.is_directory => {
                return Err(FileSinkError::NoDirectory { key, path: path.clone() });
            }
            Some(_) => {}
        }
    }
    let lanes_max = lanes_max(working, publish);
    if settings.lanes > lanes_max {
        return Err(FileSinkError::TooManyLanes { lanes: settings.lanes, lanes_max });
    }
    Ok(())
}

/// Tries whether a file can be made and moved as publishing needs it. A disk that is full or away may heal, so only
/// what nobody but the operator can mend is an error.
pub(super) fn probe(settings: &FileSettings, disk: &dyn Disk) -> Result<(), FileSinkError> {
    let name = format!(".headwater-probe-{}", std::process::id());
    let (from, to) =
        (settings.working_directory.join(&name), settings.publish_directory.join(&name).with_extension("1"));
    let forbidden =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
    match disk.create_new(&from, true) {
        Ok(_) => {}
        Err(source) if forbidden(&source) => {
            return Err(FileSinkError::Io { key: "working_dir", path: settings.working_directory.clone(), source });
        }
        Err(_) => return Ok(()),
    }
    let moved = disk.rename_new(&from, &to);
    // At worst an empty hidden file stays behind.
    let _ = disk.remove(if moved.is_ok() { &to } else { &from });
    match moved {
        Err(source) if matches!(source.kind(), io::ErrorKind::CrossesDevices | io::ErrorKind::Unsupported) => {
            let (working, publish) = (settings.working_directory.clone(), settings.publish_directory.clone());
            Err(FileSinkError::NoMove { working, publish, source })
        }
        Err(source) if forbidden(&source) => {
            Err(FileSinkError::Io { key: "publish_dir", path: settings.publish_directory.clone(), source })
        }
        _ => Ok(()),
    }
}

/// Empty files that are still to be removed, and files that this process has moved.
#[derive(Debug, Default)]
pub(super) struct Tidy {
    empty: Vec<PathBuf>,
    moved: HashMap<PathBuf, Mark>,
}

impl Tidy {
    /// Notes an empty file of ours that nobody needs.
    pub(super) fn later(&mut self, path: PathBuf) {
        if !self.empty.contains(&path) {
            self.empty.push(path);
        }
    }

    /// The file is needed after all.
    pub(super) fn keep(&mut self, path: &Path) {
        self.empty.retain(|known| known != path);
    }

    /// Removes what was noted; says whether there was anything. A file that is gone already is fine.
    pub(super) fn sweep(&mut self, disk: &dyn Disk) -> Result<bool, Trouble> {
        let any = !self.empty.is_empty();
        while let Some(path) = self.empty.last() {
            match disk.remove(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(trouble("remove", path)(error)),
                _ => self.empty.pop(),
            };
        }
        Ok(any)
    }

    /// Notes that a file was moved, or that a former process has probably moved it.
    pub(super) fn moved(&mut self, intent: Intent) {
        self.moved.insert(intent.from, intent.mark);
    }

    /// Whether a file that is gone was moved.
    pub(super) fn was_moved(&self, from: &Path) -> bool {
        self.moved.contains_key(from)
    }

    /// Forgets the moves that no intent needs any more, and tells of each how far the file was good.
    pub(super) fn settle(&mut self, needed: impl Fn(&Path) -> bool, mut settled: impl FnMut(&Mark)) {
        self.moved.retain(|from, mark| {
            let kept = needed(from);
            if !kept {
                settled(mark);
            }
            kept
        });
    }
}
