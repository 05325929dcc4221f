//! `MurmurHash3` x86 32-bit, for choosing parties by lane and for making checksums.

/// The hash of bytes under a seed.
pub fn murmur3_32(bytes: &[u8], seed: u32) -> u32 {
    let mix = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = seed;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        hash ^= mix(u32::from_le_bytes(word.try_into().expect("chunks of four")));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let tail = words.remainder().iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    hash ^= mix(tail);
    hash ^= u32::try_from(bytes.len()).expect("a short text");
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// Lane of a party among `lanes`.
pub fn lane(party: &str, lanes: u32) -> u32 {
    (murmur3_32(party.as_bytes(), 42) & 0x7fff_ffff) % lanes
}

#[test]
fn known_hashes() {
    for (text, seed, hash) in [
        ("", 0, 0),
        ("a", 0, 0x3c25_69b2),
        ("hello", 0, 0x248b_fa47),
        ("0:i0rjfnxc:JLOvH9Nda2c1uV8M~vmdhPGFEC3WxVNq", 42, 1_620_922_984),
        ("0:16:5mRCeUO4p2_6R7u1m9ZoxXG2AfBeJeHD", 42, 1_332_234_135),
    ] {
        assert_eq!(murmur3_32(text.as_bytes(), seed) & 0x7fff_ffff, hash, "{text}");
    }
}
