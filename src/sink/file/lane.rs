//! One lane: the records that wait for their block to end, and the file that they go to.

use std::path::PathBuf;

use crate::sink::{
    avro_file::{AvroFile, Mark},
    roll::Pending,
};

use super::{Trouble, state::Partial, trouble};

/// A buffer of records larger than this is given back once its block is written.
const BUFFER_BYTES_KEPT: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Lane {
    /// The number in its files' names.
    pub(super) number: u64,
    pub(super) file: Option<AvroFile>,
    pub(super) opened_ms: i64,
    pub(super) pending: Pending,
    data: Vec<u8>,
    /// How far the file was good where no lane held back a record.
    mark: Option<Mark>,
    /// Fingerprint of the schema that the file was begun with.
    schema: String,
}

impl Lane {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            file: None,
            opened_ms: 0,
            pending: Pending::default(),
            data: Vec::new(),
            mark: None,
            schema: String::new(),
        }
    }

    /// Takes a record.
    pub(super) fn push(&mut self, record: &[u8], now_ms: i64) {
        if self.pending.records == 0 {
            self.pending.since_ms = now_ms;
        }
        self.data.extend_from_slice(record);
        self.pending.records += 1;
        self.pending.bytes = self.data.len();
    }

    /// Bytes of the file with what is pending, which takes as much as it is if it is `stored` as it is, and cannot be
    /// foretold otherwise. Nothing if there is no record.
    pub(super) fn bytes(&self, stored: bool) -> u64 {
        let pending = if stored { self.pending.bytes as u64 } else { 0 };
        let written = self.file.as_ref().filter(|file| pending > 0 || file.records() > 0);
        written.map_or(0, AvroFile::length) + pending
    }

    /// Writes what is pending as one block and syncs it. False if nothing is.
    pub(super) fn end_block(&mut self) -> Result<bool, Trouble> {
        if self.pending.records == 0 {
            return Ok(false);
        }
        let no_file = || std::io::Error::other("the lane has no open file");
        let file = self.file.as_mut().ok_or_else(|| trouble("write to", &PathBuf::new())(no_file()))?;
        let written = file.append(self.pending.records, &self.data).and_then(|()| file.sync());
        written.map_err(trouble("write to", file.path()))?;
        self.drop_pending();
        Ok(true)
    }

    /// Forgets the records that are in no block.
    pub(super) fn drop_pending(&mut self) {
        self.pending = Pending::default();
        self.data.clear();
        self.data.shrink_to(BUFFER_BYTES_KEPT);
    }

    /// Notes how far the file is good; nothing is pending.
    pub(super) fn align(&mut self) {
        self.mark = self.file.as_ref().map(AvroFile::mark);
    }

    /// Where the lane writes from now on, records of the schema of this fingerprint.
    pub(super) fn set_file(&mut self, file: AvroFile, schema: &str) {
        schema.clone_into(&mut self.schema);
        self.mark = Some(file.mark());
        self.file = Some(file);
    }

    /// Ends the lane's file.
    pub(super) fn take_file(&mut self) -> Option<AvroFile> {
        self.mark = None;
        self.file.take()
    }

    /// Fingerprint of the schema of the lane's file.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// What the checkpoint says of the lane.
    pub(super) fn partial(&self) -> Option<Partial> {
        let (file, mark) = (self.file.as_ref()?, self.mark.as_ref()?);
        let name = file.path().file_name()?.to_string_lossy().into_owned();
        Some(Partial { name, schema: self.schema.clone(), mark: mark.clone() })
    }
}
