//! The codecs of Avro container files: how the data of a block are compressed.
//!
//! `deflate` is RFC 1951 without a wrapper, `snappy` one raw block with the CRC-32 of what it holds behind it (big
//! endian), `zstandard` one or more frames of RFC 8878; all as the Avro specification 1.12 has them.

use std::{
    fmt,
    io::{self, Read, Write},
    mem,
};

use flate2::{Compression, Crc, read::DeflateDecoder, write::DeflateEncoder};

/// Bytes of a block's data after inflation. What is stored is bounded by the file, what is inflated only by this.
pub const INFLATED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Bytes of the CRC behind a block of Snappy.
const CRC_BYTES: usize = 4;

/// Snappy's densest element gives 64 bytes for 3, so what claims to hold more than this for each byte is damaged.
const SNAPPY_RATIO_MAX: usize = 22;

/// The library's own default: a good ratio at hundreds of megabytes per second.
const ZSTANDARD_LEVEL: i32 = 3;

const NOT_INFLATED: &str = "cannot be inflated";
const TOO_LARGE: &str = "is too large";

/// How the blocks of a file are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    #[default]
    Null,
    /// RFC 1951.
    Deflate,
    /// Google's Snappy.
    Snappy,
    /// RFC 8878.
    Zstandard,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Null, Self::Deflate, Self::Snappy, Self::Zstandard];

    /// Its name in a file's header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::Zstandard => "zstandard",
        }
    }

    /// The codec of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// Appends what a block holds, uncompressed, to `out`.
    ///
    /// # Errors
    /// What is wrong with the block.
    pub(super) fn inflate(self, stored: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        match self {
            Self::Null => out.extend_from_slice(stored),
            Self::Deflate => return read_bounded(DeflateDecoder::new(stored), out),
            Self::Snappy => return inflate_snappy(stored, out),
            Self::Zstandard => {
                let decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(|_| NOT_INFLATED)?;
                return read_bounded(decoder, out);
            }
        }
        Ok(())
    }
}

fn read_bounded(decoder: impl Read, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let length = decoder.take(INFLATED_BYTES_MAX + 1).read_to_end(out).map_err(|_| NOT_INFLATED)?;
    if length as u64 > INFLATED_BYTES_MAX { Err(TOO_LARGE) } else { Ok(()) }
}

fn inflate_snappy(stored: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    let (block, crc) = stored.split_last_chunk::<CRC_BYTES>().ok_or(NOT_INFLATED)?;
    let length = snap::raw::decompress_len(block).map_err(|_| NOT_INFLATED)?;
    if length as u64 > INFLATED_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    if length > block.len().saturating_mul(SNAPPY_RATIO_MAX) {
        return Err(NOT_INFLATED);
    }
    let start = out.len();
    out.resize(start + length, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(|_| NOT_INFLATED)?;
    out.truncate(start + written);
    if checksum(&out[start..]) == *crc { Ok(()) } else { Err(NOT_INFLATED) }
}

fn checksum(data: &[u8]) -> [u8; CRC_BYTES] {
    let mut crc = Crc::new();
    crc.update(data);
    crc.sum().to_be_bytes()
}

/// Compresses the blocks of one file, with memory that is kept from block to block.
pub struct Compressor {
    codec: Codec,
    engine: Engine,
    out: Vec<u8>,
}

enum Engine {
    None,
    Deflate(Box<DeflateEncoder<Vec<u8>>>),
    Snappy(Box<snap::raw::Encoder>),
    Zstandard(zstd::bulk::Compressor<'static>),
}

impl fmt::Debug for Compressor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Compressor").field("codec", &self.codec).finish_non_exhaustive()
    }
}

impl Compressor {
    /// For a file with this codec; takes memory with the first block.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self { codec, engine: Engine::None, out: Vec::new() }
    }

    /// The codec.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// What is to be stored for these data of a block.
    ///
    /// # Errors
    /// There is no memory for it, or the block is larger than the codec can have it.
    pub fn compress<'a>(&'a mut self, data: &'a [u8]) -> io::Result<&'a [u8]> {
        if self.codec == Codec::Null {
            return Ok(data);
        }
        self.out.clear();
        if matches!(self.engine, Engine::None) {
            self.engine = Engine::of(self.codec)?;
        }
        match &mut self.engine {
            Engine::None => return Ok(data),
            Engine::Deflate(encoder) => {
                encoder.write_all(data)?;
                self.out = encoder.reset(mem::take(&mut self.out))?;
            }
            Engine::Snappy(encoder) => {
                self.out.resize(snap::raw::max_compress_len(data.len()), 0);
                let length = encoder.compress(data, &mut self.out).map_err(io::Error::other)?;
                self.out.truncate(length);
                self.out.extend_from_slice(&checksum(data));
            }
            Engine::Zstandard(encoder) => {
                self.out.reserve(zstd::zstd_safe::compress_bound(data.len()));
                encoder.compress_to_buffer(data, &mut self.out)?;
            }
        }
        Ok(&self.out)
    }
}

impl Engine {
    fn of(codec: Codec) -> io::Result<Self> {
        Ok(match codec {
            Codec::Null => Self::None,
            Codec::Deflate => Self::Deflate(Box::new(DeflateEncoder::new(Vec::new(), Compression::default()))),
            Codec::Snappy => Self::Snappy(Box::new(snap::raw::Encoder::new())),
            Codec::Zstandard => Self::Zstandard(zstd::bulk::Compressor::new(ZSTANDARD_LEVEL)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inflated(codec: Codec, stored: &[u8]) -> Result<Vec<u8>, &'static str> {
        let mut out = b"before".to_vec();
        codec.inflate(stored, &mut out).map(|()| out.split_off(b"before".len()))
    }

    proptest! {
        #[test]
        fn blocks_read_back_one_after_the_other(
            blocks in prop::collection::vec(prop::collection::vec(0..4_u8, 0..3000), 1..5),
        ) {
            for codec in Codec::ALL {
                let mut compressor = Compressor::new(codec);
                for block in &blocks {
                    let stored = compressor.compress(block).unwrap().to_vec();
                    prop_assert_eq!(&inflated(codec, &stored).unwrap(), block, "{:?}", codec);
                }
            }
        }

        #[test]
        fn damage_is_refused_or_gives_something(
            block in prop::collection::vec(0..4_u8, 0..300), at: prop::sample::Index, to: u8, cut: prop::sample::Index,
        ) {
            for codec in Codec::ALL {
                let mut stored = Compressor::new(codec).compress(&block).unwrap().to_vec();
                if let Some(last) = stored.len().checked_sub(1) {
                    stored[at.index(last + 1)] = to;
                    stored.truncate(cut.index(last + 1) + 1);
                    let _ = inflated(codec, &stored);
                }
            }
        }
    }

    #[test]
    fn what_would_inflate_without_end_is_refused_before_memory_is_taken() {
        // Claims 250 MiB in a few bytes; and more than is allowed.
        for (claim, expected) in [([0x80, 0x80, 0x80, 0x7d], NOT_INFLATED), ([0xff, 0xff, 0xff, 0x7f], NOT_INFLATED)] {
            let stored = [claim.as_slice(), &[0; 12]].concat();
            let mut out = Vec::new();
            assert_eq!(Codec::Snappy.inflate(&stored, &mut out), Err(expected));
            assert_eq!(out.capacity(), 0);
        }
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0];
        assert_eq!(inflated(Codec::Snappy, &huge), Err(TOO_LARGE));
    }

    #[test]
    fn snappy_data_that_do_not_fit_their_checksum_are_refused() {
        let mut stored = Compressor::new(Codec::Snappy).compress(b"some records").unwrap().to_vec();
        assert_eq!(inflated(Codec::Snappy, &stored).unwrap(), b"some records");
        *stored.last_mut().unwrap() ^= 1;
        assert_eq!(inflated(Codec::Snappy, &stored), Err(NOT_INFLATED));
    }

    #[test]
    fn compression_bombs_end_at_the_bound() {
        let zeros = vec![0; usize::try_from(INFLATED_BYTES_MAX).unwrap() + 1];
        for codec in [Codec::Deflate, Codec::Zstandard] {
            let stored = Compressor::new(codec).compress(&zeros).unwrap().to_vec();
            assert!(stored.len() < 1024 * 1024);
            assert_eq!(inflated(codec, &stored), Err(TOO_LARGE), "{codec:?}");
        }
    }
}
