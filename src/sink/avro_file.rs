//! An Avro container file that is being written: what the file sink's lanes and the dead letters have in common.
//!
//! A file grows by whole Avro blocks. Its [`Mark`] says how far it was good at a checkpoint; what lies behind the mark
//! is cut off before anything more is written, but not sooner: only once the rewind itself is committed is it certain
//! that no checkpoint on disk names a longer file.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    disk::{Disk, DiskFile},
    journal::Durability,
    record::{
        container::{self, Codec, Compressor, SYNC_BYTES},
        schema::RecordSchema,
    },
};

/// What a process does at its start with whole blocks behind the length that the last checkpoint names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Their events are still in the journal and will be written again: cut.
    Cut,
    /// Their events went with the former process, so the blocks are all that is left of them: keep.
    Keep,
}

impl From<Durability> for Behind {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::None => Self::Keep,
            Durability::Flush | Durability::Fsync => Self::Cut,
        }
    }
}

/// How far a file was good, and by which it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// End of the last block that counts.
    pub length: u64,
    /// Records up to there.
    pub records: u64,
    /// Bytes of the header, which ends with the file's marker.
    pub header: u64,
    /// The file's marker, random per file, as hexadecimal digits.
    pub sync: String,
}

/// Why a file could not be begun.
#[derive(Debug)]
pub struct CreateError {
    /// What the system said.
    pub source: io::Error,
    /// The name is taken by a file of ours that could not be removed again.
    pub left_behind: bool,
}

/// A container file that is open for writing.
#[derive(Debug)]
pub struct AvroFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    sync: [u8; SYNC_BYTES],
    header: u64,
    length: u64,
    records: u64,
    /// There may be bytes behind `length`.
    tail: bool,
    /// Something was written that is not synced.
    dirty: bool,
    compressor: Compressor,
    buffer: Vec<u8>,
}

impl AvroFile {
    /// Makes a file that was not there, with its header in it, synced. The name in its directory is not synced yet.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken; on any other error the new file is removed again if possible.
    pub fn create(
        disk: &Arc<dyn Disk>,
        path: &Path,
        schema: &RecordSchema,
        codec: Codec,
        private: bool,
    ) -> Result<Self, CreateError> {
        let untouched = |source| CreateError { source, left_behind: false };
        let mut file = disk.create_new(path, private).map_err(untouched)?;
        let sync = *Uuid::new_v4().as_bytes();
        let header = container::header(schema, &sync, codec);
        if let Err(source) = file.write_all_at(&header, 0).and_then(|()| file.sync_data()) {
            drop(file);
            return Err(CreateError { source, left_behind: disk.remove(path).is_err() });
        }
        let length = header.len() as u64;
        Ok(Self {
            disk: Arc::clone(disk),
            path: path.to_owned(),
            file,
            sync,
            header: length,
            length,
            records: 0,
            tail: false,
            dirty: false,
            compressor: Compressor::new(codec),
            buffer: Vec::new(),
        })
    }

    /// Opens a file again at `mark`, whose codec must be known. Nothing is changed before the first [`Self::append`].
    ///
    /// # Errors
    /// The file cannot be opened, or the mark is damaged.
    pub fn reopen(disk: &Arc<dyn Disk>, path: &Path, mark: &Mark, codec: Codec) -> io::Result<Self> {
        let sync = mark.marker()?;
        Ok(Self {
            disk: Arc::clone(disk),
            path: path.to_owned(),
            file: disk.open(path)?,
            sync,
            header: mark.header,
            length: mark.length,
            records: mark.records,
            tail: true,
            dirty: false,
            compressor: Compressor::new(codec),
            buffer: Vec::new(),
        })
    }

    /// Where the file stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How far it is good now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { length: self.length, records: self.records, header: self.header, sync: hexadecimal(&self.sync) }
    }

    /// Bytes up to the end of its last block.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Records in its blocks.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Forgets every block, as if the file were new.
    pub fn empty(&mut self) {
        self.tail |= self.length != self.header;
        self.length = self.header;
        self.records = 0;
    }

    /// Compresses and writes one block of `records` records, whose Avro binary `data` is.
    ///
    /// # Errors
    /// The disk's or the codec's; the file is good as far as before then.
    pub fn append(&mut self, records: u64, data: &[u8]) -> io::Result<()> {
        // Before the file is touched: a block that cannot be compressed changes nothing.
        let data = self.compressor.compress(data)?;
        if self.tail {
            // Synced before anything follows, so that no crash can leave a mixture of old and new blocks.
            self.file.set_len(self.length)?;
            self.file.sync_data()?;
            self.tail = false;
        }
        self.buffer.clear();
        container::block(&mut self.buffer, records, data, &self.sync);
        self.tail = true;
        self.file.write_all_at(&self.buffer, self.length)?;
        self.tail = false;
        self.dirty = true;
        self.length += self.buffer.len() as u64;
        self.records += records;
        Ok(())
    }

    /// Makes what was written durable, and makes sure that the file still stands where it was made: a file that was
    /// removed from outside takes writes without a complaint.
    ///
    /// # Errors
    /// The disk's; `NotFound` if the file has vanished or shrunk.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        match self.disk.metadata(&self.path)? {
            Some(found) if found.length >= self.length => Ok(()),
            Some(_) => Err(io::Error::new(io::ErrorKind::NotFound, "the file was cut or replaced from outside")),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "the file was removed from outside")),
        }
    }

    /// Cuts off what may lie behind the last good block and makes everything durable.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub fn finish(&mut self) -> io::Result<()> {
        if self.tail {
            self.file.set_len(self.length)?;
            self.dirty = true;
            self.tail = false;
        }
        self.sync()
    }
}

impl Mark {
    fn marker(&self) -> io::Result<[u8; SYNC_BYTES]> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the marker in the checkpoint is damaged");
        Uuid::try_parse(&self.sync).map(|id| *id.as_bytes()).map_err(|_| damaged())
    }

    /// Whether the file at `path` is the one that was marked, whatever its length.
    ///
    /// # Errors
    /// The file is there but cannot be read, or the mark is damaged.
    pub fn is_of(&self, disk: &dyn Disk, path: &Path) -> io::Result<bool> {
        if disk.metadata(path)?.is_none_or(|found| found.is_directory || found.length < self.header) {
            return Ok(false);
        }
        let mut marker = [0; SYNC_BYTES];
        disk.open(path)?.read_exact_at(&mut marker, self.header.saturating_sub(SYNC_BYTES as u64))?;
        Ok(marker == self.marker()?)
    }

    /// How far the file at `path` holds whole blocks, and how many records: from the mark on if the file reaches it,
    /// else from the start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn scan(&self, disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        let file = disk.open(path)?;
        let end = file.len()?;
        let (length, records) = if end >= self.length {
            // The header and what follows the mark are a container file of their own.
            let head = Stretch { file: &*file, at: 0, end: self.header };
            let scan = container::scan(head.chain(Stretch { file: &*file, at: self.length, end }))?;
            (self.length + scan.valid_bytes - scan.header_bytes, self.records + scan.records)
        } else {
            let scan = container::scan(Stretch { file: &*file, at: 0, end })?;
            (scan.valid_bytes, scan.records)
        };
        Ok(Self { length, records, ..self.clone() })
    }
}

/// Records in the whole blocks of a file.
///
/// # Errors
/// The file cannot be read, or is no container file.
pub fn records(disk: &dyn Disk, path: &Path) -> io::Result<u64> {
    let file = disk.open(path)?;
    let end = file.len()?;
    Ok(container::scan(Stretch { file: &*file, at: 0, end })?.records)
}

/// Part of a file as a reader.
struct Stretch<'a> {
    file: &'a dyn DiskFile,
    at: u64,
    end: u64,
}

impl Read for Stretch<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        self.file.read_exact_at(&mut buffer[..length], self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

/// By which a schema is known again: the first half of its SHA-256 as hexadecimal digits.
#[must_use]
pub fn fingerprint(schema: &RecordSchema) -> String {
    let digest = Sha256::digest(schema.json().as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    hexadecimal(&half)
}

fn hexadecimal(marker: &[u8; SYNC_BYTES]) -> String {
    Uuid::from_bytes(*marker).simple().to_string()
}
