//! `MurmurHash3` (Austin Appleby, public domain): 32 bits for checksums and party affinity, 128 bits for the duplicate
//! memory; and the 32-bit hash as the original server gets it wrong.

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;
const WIDE_C1: u64 = 0x87c3_7b91_1142_53d5;
const WIDE_C2: u64 = 0x4cf5_ad43_2745_937f;

/// Seed of [`party_hash`], as in the original, so that parties keep their lane and partition.
const PARTY_SEED: u32 = 42;

/// `MurmurHash3` x86 32-bit, fed piece by piece.
#[derive(Clone, Debug)]
pub struct Murmur32 {
    hash: u32,
    /// Bytes that do not fill a block yet, lowest first.
    tail: u64,
    /// Number of bits in `tail`: 0, 8, 16 or 24 between calls.
    tail_bits: u32,
    length: u32,
}

impl Murmur32 {
    /// A hash of nothing yet.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { hash: seed, tail: 0, tail_bits: 0, length: 0 }
    }

    /// Adds bytes.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(truncate(bytes.len()));
        let (blocks, rest) = bytes.as_chunks::<4>();
        // In locals, which stay in registers.
        let (mut hash, mut tail, mut tail_bits) = (self.hash, self.tail, self.tail_bits);
        for block in blocks {
            tail |= u64::from(u32::from_le_bytes(*block)) << tail_bits;
            hash = mix_block(hash, low(tail));
            tail >>= 32;
        }
        tail |= u64::from(incomplete_block(rest)) << tail_bits;
        tail_bits += 8 * truncate(rest.len());
        if tail_bits >= 32 {
            hash = mix_block(hash, low(tail));
            tail >>= 32;
            tail_bits -= 32;
        }
        (self.hash, self.tail, self.tail_bits) = (hash, tail, tail_bits);
    }

    /// The hash of everything that was added.
    #[must_use]
    pub fn finish(self) -> u32 {
        finish(self.hash ^ scramble(low(self.tail)), self.length)
    }
}

/// `MurmurHash3` x86 32-bit.
#[must_use]
pub fn murmur3_32(bytes: &[u8], seed: u32) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<4>();
    let hash = blocks.iter().fold(seed, |hash, block| mix_block(hash, u32::from_le_bytes(*block)));
    finish(hash ^ scramble(incomplete_block(rest)), truncate(bytes.len()))
}

/// The 32-bit hash as the original server computes it for text, fed piece by piece.
///
/// Its library (Guava 29, `hashString` over UTF-8) forgets to advance its bit position behind a character outside the
/// basic plane, so that the next characters fall onto that one's bits. Equal to [`Murmur32`] for all other text.
#[derive(Clone, Debug)]
pub struct FaultyMurmur32 {
    hash: u32,
    buffer: u64,
    bits: u32,
    length: u32,
}

impl FaultyMurmur32 {
    /// A hash of nothing yet.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { hash: seed, buffer: 0, bits: 0, length: 0 }
    }

    /// Adds text.
    pub fn write(&mut self, text: &str) {
        let mut encoded = [0; 4];
        for character in text.chars() {
            let bytes = character.encode_utf8(&mut encoded).as_bytes();
            let value = bytes.iter().rev().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
            self.buffer |= value << self.bits;
            self.length = self.length.wrapping_add(truncate(bytes.len()));
            if bytes.len() < 4 {
                self.bits += 8 * truncate(bytes.len());
            }
            if self.bits >= 32 {
                self.hash = mix_block(self.hash, low(self.buffer));
                self.buffer >>= 32;
                self.bits -= 32;
            }
        }
    }

    /// The hash of everything that was added.
    #[must_use]
    pub fn finish(self) -> u32 {
        finish(self.hash ^ scramble(low(self.buffer)), self.length)
    }
}

/// Hash by which a party finds its lane, file or partition: never negative as a signed number.
#[must_use]
pub fn party_hash(party: &str) -> u32 {
    murmur3_32(party.as_bytes(), PARTY_SEED) & 0x7fff_ffff
}

/// `MurmurHash3` x64 128-bit with seed 0 over the UTF-16LE bytes of `units`: both halves, first half first.
#[must_use]
pub fn murmur3_x64_128(units: &[u16]) -> (u64, u64) {
    let (mut first, mut second) = (0_u64, 0_u64);
    let (blocks, rest) = units.as_chunks::<8>();
    for block in blocks {
        let (low, high) = words(block);
        first ^= scramble_first(low);
        first = first.rotate_left(27).wrapping_add(second).wrapping_mul(5).wrapping_add(0x52dc_e729);
        second ^= scramble_second(high);
        second = second.rotate_left(31).wrapping_add(first).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    if !rest.is_empty() {
        let mut tail = [0; 8];
        tail[..rest.len()].copy_from_slice(rest);
        let (low, high) = words(&tail);
        second ^= scramble_second(high);
        first ^= scramble_first(low);
    }
    let length = 2 * units.len() as u64;
    first ^= length;
    second ^= length;
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    first = finish_wide(first);
    second = finish_wide(second);
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    (first, second)
}

/// Up to three bytes as the low bytes of a block.
#[inline]
fn incomplete_block(bytes: &[u8]) -> u32 {
    match *bytes {
        [first] => u32::from(first),
        [first, second] => u32::from_le_bytes([first, second, 0, 0]),
        [first, second, third] => u32::from_le_bytes([first, second, third, 0]),
        _ => 0,
    }
}

#[inline]
fn scramble(block: u32) -> u32 {
    block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

#[inline]
fn mix_block(hash: u32, block: u32) -> u32 {
    (hash ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

#[inline]
fn finish(hash: u32, length: u32) -> u32 {
    let hash = hash ^ length;
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[inline]
fn scramble_first(word: u64) -> u64 {
    word.wrapping_mul(WIDE_C1).rotate_left(31).wrapping_mul(WIDE_C2)
}

#[inline]
fn scramble_second(word: u64) -> u64 {
    word.wrapping_mul(WIDE_C2).rotate_left(33).wrapping_mul(WIDE_C1)
}

#[inline]
fn finish_wide(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// Eight UTF-16 units as the two little-endian words that their bytes make.
#[inline]
fn words(units: &[u16; 8]) -> (u64, u64) {
    let word = |at: usize| {
        u64::from(units[at])
            | (u64::from(units[at + 1]) << 16)
            | (u64::from(units[at + 2]) << 32)
            | (u64::from(units[at + 3]) << 48)
    };
    (word(0), word(4))
}

#[inline]
fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// The algorithm takes lengths modulo 2³².
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "wanted")]
fn truncate(length: usize) -> u32 {
    length as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_32_bit_hash_is_the_published_one() {
        for (text, seed, expected) in [
            ("", 0, 0),
            ("a", 0, 0x3c25_69b2),
            ("hello", 0, 0x248b_fa47),
            ("", 1, 0x514e_28b7),
            ("Hello, world!", 1234, 0xfaf6_cdb3),
            ("The quick brown fox jumps over the lazy dog", 0, 0x2e4f_f723),
        ] {
            assert_eq!(murmur3_32(text.as_bytes(), seed), expected, "{text:?} {seed}");
        }
    }

    #[test]
    fn the_128_bit_hash_is_the_published_one() {
        let digest = |text: &str| {
            let units: Vec<u16> = text.encode_utf16().collect();
            let (first, second) = murmur3_x64_128(&units);
            format!("{:016x}{:016x}", first.swap_bytes(), second.swap_bytes())
        };
        let session = "0:i0rjfnxc:FPpXFMdcEORvvaP_HbpDgABG3Iu5__4d";
        let event = "0:OxVC1WJ4PZNEGIUuzdXPsy_bztnKMuoH0";
        for (party, expected) in [
            ("0:i0rjfnxc:JLOvH9Nda2c1uV8M~vmdhPGFEC3WxVNq", "f297813d45937b4a895cdb6b9acf30d9"),
            ("0:i0rjfnxc:JLfhe7Nda2c1uV8M~vmdjPGFEC3WxVNq", "ea51368c04d2b8dc458c4a4dbde1fc77"),
            ("0:i0rjfnxc:FDfhe7Nda2c1uV8M~vmdiPGFEC3WxVNq", "c8136f9afe4af78acf3eb4aa6f13f69a"),
        ] {
            assert_eq!(digest(&format!("{party}{session}{event}")), expected, "{party}");
        }
        assert_eq!(digest("abc"), "e34d9eb074a1250c2be09e39dd667177");
    }

    #[test]
    fn the_party_hash_is_never_negative() {
        for party in ["", "a", "0:kcxgvgzh:AbCdEfGhIjKlMnOpQrStUvWxYz012345"] {
            assert_eq!(party_hash(party), murmur3_32(party.as_bytes(), 42) & 0x7fff_ffff);
        }
        // With the sign bit set before it is taken away.
        assert!((0..64).any(|number| murmur3_32(format!("{number}").as_bytes(), 42) >> 31 == 1));
    }

    proptest! {
        #[test]
        fn pieces_hash_like_the_whole(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..11), 0..12), seed: u32) {
            let mut piecewise = Murmur32::new(seed);
            for piece in &pieces {
                piecewise.write(piece);
            }
            prop_assert_eq!(piecewise.finish(), murmur3_32(&pieces.concat(), seed));
        }

        #[test]
        fn the_faulty_hash_is_right_within_the_basic_plane(text in "[\\PC&&[\u{1}-\u{ffff}]]{0,40}") {
            let mut faulty = FaultyMurmur32::new(0);
            faulty.write(&text);
            prop_assert_eq!(faulty.finish(), murmur3_32(text.as_bytes(), 0));
        }
    }
}
