//! What an operator does with cursors while no server uses the journal.

use std::{io, path::Path};

use uuid::Uuid;

use crate::{
    checkpoint::{Checkpoint, SinkName},
    disk::Disk,
};

use super::{JournalError, cursor};

/// A cursor file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorFile {
    /// The sink whose it is.
    pub sink: SinkName,
    /// The journal that it is of and the checkpoint last committed, or why that cannot be said.
    pub last: Result<(Uuid, Checkpoint), String>,
}

/// The cursors in the directory of a journal. Takes no lock and changes nothing.
///
/// # Errors
/// The directory or a file cannot be read.
pub fn cursors(directory: &Path, disk: &dyn Disk) -> Result<Vec<CursorFile>, JournalError> {
    let directory = directory.join("cursors");
    let mut found = Vec::new();
    if disk.metadata(&directory).map_err(cursor::io(&directory))?.is_none() {
        return Ok(found);
    }
    for path in disk.list(&directory).map_err(cursor::io(&directory))? {
        let Some(sink) = cursor::sink_name(&path) else { continue };
        let content = disk.read(&path).map_err(cursor::io(&path))?;
        let last = cursor::parse(&path, &content).map_err(|error| error.to_string());
        found.push(CursorFile { sink, last });
    }
    Ok(found)
}

/// Gives the cursor of one sink to another one, which must have none.
///
/// # Errors
/// A server uses the journal, there is no such cursor, or there is one of that name already.
pub fn rename_cursor(directory: &Path, disk: &dyn Disk, from: &SinkName, to: &SinkName) -> Result<(), JournalError> {
    let _lock = lock(directory, disk)?;
    let cursors = directory.join("cursors");
    let (from, to) = (cursors.join(cursor::file_name(from)), cursors.join(cursor::file_name(to)));
    disk.rename_new(&from, &to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => cursor::io(&to)(error),
        _ => cursor::io(&from)(error),
    })?;
    disk.sync_dir(&cursors).map_err(cursor::io(&cursors))
}

/// Removes the cursor of [`super::Cursor::beside`], of which no server at work knows; fine if it is gone.
///
/// # Errors
/// The file cannot be removed.
pub fn remove_cursor_beside(directory: &Path, disk: &dyn Disk, sink: &SinkName) -> Result<(), JournalError> {
    let cursors = directory.join("cursors");
    let path = cursors.join(cursor::file_name(sink));
    match disk.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cursor::io(&path)(error)),
        _ => disk.sync_dir(&cursors).map_err(cursor::io(&cursors)),
    }
}

/// Removes a cursor: what only it needs is free, and a sink of that name would be new.
///
/// # Errors
/// A server uses the journal, or there is no such cursor.
pub fn remove_cursor(directory: &Path, disk: &dyn Disk, sink: &SinkName) -> Result<(), JournalError> {
    let _lock = lock(directory, disk)?;
    let cursors = directory.join("cursors");
    let path = cursors.join(cursor::file_name(sink));
    disk.remove(&path).map_err(cursor::io(&path))?;
    disk.sync_dir(&cursors).map_err(cursor::io(&cursors))
}

fn lock(directory: &Path, disk: &dyn Disk) -> Result<Box<dyn std::any::Any + Send + Sync>, JournalError> {
    disk.lock(&directory.join("lock")).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => JournalError::InUse { path: directory.to_owned() },
        _ => cursor::io(directory)(error),
    })
}
