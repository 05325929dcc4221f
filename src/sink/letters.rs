//! Reads dead letters back, also while a delivery writes them.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    checkpoint::{Offset, SinkName},
    record::{
        binary::read_long,
        container::{ContainerError, ContainerReader},
        schema::RecordSchema,
    },
};

use super::{
    avro_file::fingerprint,
    dead_letter::{age, folder, schema},
};

/// A dead letter as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLetter {
    /// Stable code of what happened.
    pub reason: String,
    /// What happened, for people.
    pub message: String,
    /// Place in the mapping script.
    pub position: Option<String>,
    /// Name of the mapping.
    pub mapping: String,
    /// Name of the sink.
    pub sink: String,
    /// Number of the event in its journal.
    pub offset: Offset,
    /// When the letter was written, milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The event as it is stored in the journal.
    pub event: Vec<u8>,
}

/// A file of dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterFile {
    /// Where it is.
    pub path: PathBuf,
    /// As many of its bytes count; none if all do.
    pub bytes: Option<u64>,
}

/// Why letters cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LetterError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: LetterProblem,
}

/// What is wrong with a file of letters.
#[derive(Debug, thiserror::Error)]
pub enum LetterProblem {
    /// It is no container file, or a damaged one.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It has another schema.
    #[error("these are no dead letters that this release has written")]
    Foreign,
    /// A block does not hold what the schema says.
    #[error("a dead letter is damaged")]
    Damaged,
}

/// The directory of a sink's letters.
#[must_use]
pub fn directory(letters: &Path, sink: &SinkName) -> PathBuf {
    letters.join(folder(sink))
}

/// The files of a sink's letters, oldest first. `committed` is file and length that the sink's checkpoint names, see
/// [`super::dead_letter::committed`].
///
/// # Errors
/// The directory cannot be read; that there is none means that there are no letters.
pub fn files(letters: &Path, sink: &SinkName, committed: Option<&(String, u64)>) -> io::Result<Vec<LetterFile>> {
    let entries = match fs::read_dir(directory(letters, sink)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let Some(age) = age(&path) else { continue };
        let named = committed.filter(|(name, _)| path.file_name().is_some_and(|found| *found == **name));
        found.push((age, LetterFile { bytes: named.map(|(_, bytes)| *bytes), path }));
    }
    found.sort_by_key(|(age, _)| *age);
    // A file is named before its first letter is written, so what is newer holds none that counts.
    if let Some(named) = found.iter().position(|(_, file)| file.bytes.is_some()) {
        found.truncate(named + 1);
    }
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

/// The letters of a file, in order.
#[derive(Debug)]
pub struct Letters {
    path: PathBuf,
    reader: ContainerReader<io::Take<File>>,
    /// The block that is being read, and how far.
    data: Vec<u8>,
    at: usize,
    left: u64,
}

impl Letters {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is no file of dead letters.
    pub fn open(file: &LetterFile) -> Result<Self, LetterError> {
        let failed = |problem: LetterProblem| LetterError { path: file.path.clone(), problem };
        let input = File::open(&file.path).map_err(|error| failed(ContainerError::Io(error).into()))?;
        let input = input.take(file.bytes.unwrap_or(u64::MAX));
        let reader = ContainerReader::open(input).map_err(|error| failed(error.into()))?;
        let found = RecordSchema::parse(reader.schema()).map_err(|_| failed(LetterProblem::Foreign))?;
        if fingerprint(&schema()) != fingerprint(&found) {
            return Err(failed(LetterProblem::Foreign));
        }
        Ok(Self { path: file.path.clone(), reader, data: Vec::new(), at: 0, left: 0 })
    }

    fn step(&mut self) -> Result<Option<StoredLetter>, LetterProblem> {
        while self.left == 0 {
            let Some(block) = self.reader.next_block(&mut self.data)? else { return Ok(None) };
            (self.at, self.left) = (0, block.records);
        }
        let mut rest = &self.data[self.at..];
        let letter = letter(&mut rest).ok_or(LetterProblem::Damaged)?;
        self.at = self.data.len() - rest.len();
        self.left -= 1;
        Ok(Some(letter))
    }
}

impl Iterator for Letters {
    type Item = Result<StoredLetter, LetterError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().map_err(|problem| LetterError { path: self.path.clone(), problem }).transpose()
    }
}

/// Takes a letter off the front of `data`, its fields in the order of [`super::dead_letter::SCHEMA`].
fn letter(data: &mut &[u8]) -> Option<StoredLetter> {
    let reason = text(data)?;
    let message = text(data)?;
    let position = match read_long(data)? {
        0 => None,
        _ => Some(text(data)?),
    };
    Some(StoredLetter {
        reason,
        message,
        position,
        mapping: text(data)?,
        sink: text(data)?,
        offset: Offset(u64::try_from(read_long(data)?).ok()?),
        time_ms: read_long(data)?,
        event: bytes(data)?.to_vec(),
    })
}

fn bytes<'d>(data: &mut &'d [u8]) -> Option<&'d [u8]> {
    let length = usize::try_from(read_long(data)?).ok()?;
    let (taken, rest) = data.split_at_checked(length)?;
    *data = rest;
    Some(taken)
}

fn text(data: &mut &[u8]) -> Option<String> {
    bytes(data).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}
