//! Avro object container files: a header with the schema, then blocks of records, each closed by the file's marker.
//!
//! ```text
//! header  "Obj" 0x01 · metadata: map of bytes · marker (16 bytes, random per file)
//! block   number of records: long · bytes of data: long · data · the same marker
//! ```
//!
//! What we write has `avro.schema` as its only metadata, and `avro.codec` if it is compressed. What [`ContainerReader`]
//! reads may have any metadata, and any [`Codec`].

mod codec;

use std::io::{self, BufReader, Read};

pub use codec::{Codec, Compressor, INFLATED_BYTES_MAX};

use super::{
    binary::{Number, NumberReader, write_bytes, write_length, write_long},
    schema::{RecordSchema, SCHEMA_BYTES_MAX},
};

/// First bytes of every container file.
const MAGIC: &[u8; 4] = b"Obj\x01";

/// Bytes of the marker between blocks.
pub const SYNC_BYTES: usize = 16;

/// Bytes of a block's data as they are stored: what Java's readers can hold at most.
pub const BLOCK_BYTES_MAX: u64 = i32::MAX as u64;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// Bytes of a header that is read.
const HEADER_BYTES_MAX: u64 = 2 * SCHEMA_BYTES_MAX as u64;

const SCHEMA_KEY: &str = "avro.schema";
const CODEC_KEY: &str = "avro.codec";

const BROKEN_OFF: &str = "is broken off";
const DAMAGED: &str = "is damaged";

/// The header of a file whose blocks end with `sync`. Blocks that are not compressed name no codec.
#[must_use]
pub fn header(schema: &RecordSchema, sync: &[u8; SYNC_BYTES], codec: Codec) -> Vec<u8> {
    let json = schema.json().as_bytes();
    let mut out = Vec::with_capacity(MAGIC.len() + json.len() + 64);
    out.extend_from_slice(MAGIC);
    write_long(&mut out, if codec == Codec::Null { 1 } else { 2 });
    write_bytes(&mut out, SCHEMA_KEY.as_bytes());
    write_bytes(&mut out, json);
    if codec != Codec::Null {
        write_bytes(&mut out, CODEC_KEY.as_bytes());
        write_bytes(&mut out, codec.name().as_bytes());
    }
    write_long(&mut out, 0);
    out.extend_from_slice(sync);
    out
}

/// Appends a block of `records` records, whose Avro binary `data` is as the file's codec stores it, to `out`.
///
/// A sink that writes `data` from where it lies can take [`block_head`] and the marker instead.
pub fn block(out: &mut Vec<u8>, records: u64, data: &[u8], sync: &[u8; SYNC_BYTES]) {
    out.reserve(data.len() + 2 * SYNC_BYTES + 4);
    block_head(out, records, data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(sync);
}

/// Appends what goes before a block's data to `out`.
pub fn block_head(out: &mut Vec<u8>, records: u64, data_bytes: usize) {
    write_long(out, i64::try_from(records).unwrap_or(i64::MAX));
    write_length(out, data_bytes);
}

/// How far a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// End of the last whole block, or of the header if there is none: cut here and the file is whole.
    pub valid_bytes: u64,
    /// Bytes of the header.
    pub header_bytes: u64,
    /// Records in the whole blocks.
    pub records: u64,
    /// The file's marker.
    pub sync: [u8; SYNC_BYTES],
}

/// Finds the end of the last whole block of a file that may end anywhere or in garbage, with a bounded buffer.
///
/// A block is whole if its data are there and the marker follows; the data themselves are not looked at.
///
/// # Errors
/// The reader's own; `UnexpectedEof` if the file ends in its header; `InvalidData` if this is no container file.
pub fn scan(reader: impl Read) -> io::Result<Scan> {
    let mut source = Source::new(reader);
    let header = Header::read(&mut source).map_err(ContainerError::into_io)?;
    let mut scan = Scan { valid_bytes: source.position, header_bytes: source.position, records: 0, sync: header.sync };
    loop {
        match source.skip_block(&header.sync) {
            Ok(Some(records)) => {
                scan.records = scan.records.saturating_add(records);
                scan.valid_bytes = source.position;
            }
            Ok(None) | Err(ContainerError::Damaged { .. }) => return Ok(scan),
            Err(error) => return Err(error.into_io()),
        }
    }
}

/// Why a container file cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The file does not begin as a container file does.
    #[error("this is no Avro container file")]
    NoContainer,
    /// The file is broken off or damaged.
    #[error("the {part} at byte {offset} {what}")]
    Damaged {
        /// `header` or `block`.
        part: &'static str,
        /// Where the header or the block begins that cannot be read.
        offset: u64,
        /// What is wrong.
        what: &'static str,
        /// Whether the file just ends too early.
        torn: bool,
    },
    /// The blocks are compressed in a way that is not known here.
    #[error("the codec '{0}' is not supported")]
    Codec(String),
    /// The file cannot be read at all.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ContainerError {
    fn into_io(self) -> io::Error {
        match self {
            Self::Io(error) => error,
            Self::Damaged { torn: true, .. } => io::Error::new(io::ErrorKind::UnexpectedEof, self),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// Reads a container file block by block.
#[derive(Debug)]
pub struct ContainerReader<R> {
    source: Source<R>,
    header: Header,
    codec: Codec,
    stored: Vec<u8>,
}

/// A block that has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHead {
    /// Where the block begins in the file.
    pub offset: u64,
    /// Number of its records.
    pub records: u64,
}

impl<R: Read> ContainerReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// This is no container file, its header is damaged, or its codec is not supported.
    pub fn open(reader: R) -> Result<Self, ContainerError> {
        let mut source = Source::new(reader);
        let header = Header::read(&mut source)?;
        let codec = Codec::of_name(&header.codec).ok_or_else(|| ContainerError::Codec(header.codec.clone()))?;
        Ok(Self { source, header, codec, stored: Vec::new() })
    }

    /// JSON of the schema, as it is in the file.
    pub fn schema(&self) -> &str {
        &self.header.schema
    }

    /// Reads the next block and leaves its records, inflated, as the whole content of `data`. `None` at the end.
    ///
    /// # Errors
    /// The block is broken off or damaged; nothing after it can be read.
    pub fn next_block(&mut self, data: &mut Vec<u8>) -> Result<Option<BlockHead>, ContainerError> {
        data.clear();
        let offset = self.source.position;
        let stored = if self.codec == Codec::Null { &mut *data } else { &mut self.stored };
        stored.clear();
        let Some(records) = self.source.read_block(&self.header.sync, stored)? else { return Ok(None) };
        if self.codec != Codec::Null {
            let damaged = |what| ContainerError::Damaged { part: "block", offset, what, torn: false };
            self.codec.inflate(&self.stored, data).map_err(damaged)?;
        }
        Ok(Some(BlockHead { offset, records }))
    }
}

#[derive(Debug)]
struct Header {
    schema: String,
    codec: String,
    sync: [u8; SYNC_BYTES],
}

impl Header {
    fn read(source: &mut Source<impl Read>) -> Result<Self, ContainerError> {
        let mut magic = [0; MAGIC.len()];
        let length = source.fill(&mut magic)?;
        if magic[..length] != MAGIC[..length] {
            return Err(ContainerError::NoContainer);
        }
        let mut schema = None;
        let mut codec = None;
        loop {
            let entries = source.header_number()?;
            if entries == 0 {
                break;
            }
            if entries < 0 {
                // The map's block has its length in bytes after the number, for those who skip it.
                source.header_number()?;
            }
            for _ in 0..entries.unsigned_abs() {
                let key = source.header_bytes()?;
                let value = source.header_bytes()?;
                match key.as_slice() {
                    key if key == SCHEMA_KEY.as_bytes() => schema = Some(value),
                    key if key == CODEC_KEY.as_bytes() => codec = Some(value),
                    _ => {}
                }
            }
        }
        let mut sync = [0; SYNC_BYTES];
        if source.fill(&mut sync)? < SYNC_BYTES {
            return Err(header_damage(true));
        }
        let schema = schema.and_then(|schema| String::from_utf8(schema).ok()).ok_or_else(|| header_damage(false))?;
        let codec = codec.map_or_else(|| "null".to_owned(), |codec| String::from_utf8_lossy(&codec).into_owned());
        Ok(Self { schema, codec, sync })
    }
}

fn header_damage(torn: bool) -> ContainerError {
    let what = if torn { BROKEN_OFF } else { DAMAGED };
    ContainerError::Damaged { part: "header", offset: 0, what, torn }
}

/// A reader that knows where it is.
#[derive(Debug)]
struct Source<R> {
    reader: BufReader<R>,
    position: u64,
}

impl<R: Read> Source<R> {
    fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER_BYTES, reader), position: 0 }
    }

    /// Fills `buffer` as far as there are bytes, and says how far.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }

    /// Reads a number; `Number::More` if the file ends in it.
    fn number(&mut self) -> io::Result<Number> {
        let mut number = NumberReader::default();
        let mut byte = [0];
        while self.fill(&mut byte)? == 1 {
            match number.push(byte[0]) {
                Number::More => {}
                done => return Ok(done),
            }
        }
        Ok(Number::More)
    }

    /// Reads a number of the header, which must not get too long.
    fn header_number(&mut self) -> Result<i64, ContainerError> {
        match self.number()? {
            _ if self.position > HEADER_BYTES_MAX => Err(header_damage(false)),
            Number::Done(number) => Ok(number),
            Number::More => Err(header_damage(true)),
            Number::TooLong => Err(header_damage(false)),
        }
    }

    fn header_bytes(&mut self) -> Result<Vec<u8>, ContainerError> {
        let length = self.header_number()?;
        let length = u64::try_from(length).ok().filter(|length| *length <= HEADER_BYTES_MAX - self.position);
        let length = length.ok_or_else(|| header_damage(false))?;
        let mut bytes = Vec::new();
        self.take(length, &mut bytes)?;
        if (bytes.len() as u64) < length { Err(header_damage(true)) } else { Ok(bytes) }
    }

    /// Appends the next `length` bytes, or what there is of them, to `out`.
    fn take(&mut self, length: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let read = (&mut self.reader).take(length).read_to_end(out)?;
        self.position += read as u64;
        Ok(())
    }

    /// Steps over the next `length` bytes, or what there is of them, and says how many there were.
    fn skip(&mut self, length: u64) -> io::Result<u64> {
        let skipped = io::copy(&mut (&mut self.reader).take(length), &mut io::sink())?;
        self.position += skipped;
        Ok(skipped)
    }

    /// Steps over a block and says how many records it has; `None` at the end of the file.
    fn skip_block(&mut self, sync: &[u8; SYNC_BYTES]) -> Result<Option<u64>, ContainerError> {
        self.any_block(sync, Self::skip)
    }

    /// Reads the data of a block and says how many records it has; `None` at the end of the file.
    fn read_block(&mut self, sync: &[u8; SYNC_BYTES], out: &mut Vec<u8>) -> Result<Option<u64>, ContainerError> {
        self.any_block(sync, |source, length| {
            source.take(length, out)?;
            Ok(out.len() as u64)
        })
    }

    fn any_block(
        &mut self,
        sync: &[u8; SYNC_BYTES],
        data: impl FnOnce(&mut Self, u64) -> io::Result<u64>,
    ) -> Result<Option<u64>, ContainerError> {
        let offset = self.position;
        let torn = || ContainerError::Damaged { part: "block", offset, what: BROKEN_OFF, torn: true };
        let damaged = || ContainerError::Damaged { part: "block", offset, what: DAMAGED, torn: false };
        let records = match self.number()? {
            Number::More if self.position == offset => return Ok(None),
            Number::More => return Err(torn()),
            number => number.not_negative().ok_or_else(damaged)?,
        };
        let length = match self.number()? {
            Number::More => return Err(torn()),
            number => number.not_negative().filter(|length| *length <= BLOCK_BYTES_MAX).ok_or_else(damaged)?,
        };
        let mut marker = [0; SYNC_BYTES];
        if data(self, length)? < length || self.fill(&mut marker)? < SYNC_BYTES {
            return Err(torn());
        }
        if marker == *sync { Ok(Some(records)) } else { Err(damaged()) }
    }
}

#[cfg(test)]
mod tests;
