//! PBKDF2 (RFC 8018) over HMAC, for the first block only.
//!
//! A hundred thousand rounds of two blocks each are worked out on the hash's own block function: nothing is allocated
//! or copied around it, so a start with many seeds stays quick.

/// A hash as its block function.
pub(super) trait Blocks {
    /// What a block changes.
    type State: Copy;
    /// Bytes of a block.
    const BLOCK_BYTES: usize;
    /// Works a block into the state.
    fn compress(state: &mut Self::State, block: &[u8]);
    /// Writes the state as the digest's bytes, as many as there is room for.
    fn write(state: &Self::State, out: &mut [u8]);
}

/// SHA-1.
pub(super) struct Sha1;
/// SHA-224 and SHA-256.
pub(super) struct Sha2Short;
/// SHA-384 and SHA-512.
pub(super) struct Sha2Long;

// Initial values of FIPS 180-4, section 5.3.
impl Sha1 {
    pub(super) const IV: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
}

#[rustfmt::skip]
impl Sha2Short {
    pub(super) const IV_224: [u32; 8] = [
        0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939, 0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4,
    ];
    pub(super) const IV_256: [u32; 8] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ];
}

#[rustfmt::skip]
impl Sha2Long {
    pub(super) const IV_384: [u64; 8] = [
        0xcbbb_9d5d_c105_9ed8, 0x629a_292a_367c_d507, 0x9159_015a_3070_dd17, 0x152f_ecd8_f70e_5939,
        0x6733_2667_ffc0_0b31, 0x8eb4_4a87_6858_1511, 0xdb0c_2e0d_64f9_8fa7, 0x47b5_481d_befa_4fa4,
    ];
    pub(super) const IV_512: [u64; 8] = [
        0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
    ];
}

macro_rules! blocks {
    ($name:ident, $word:ty, $words:literal, $bytes:literal, $compress:path) => {
        impl Blocks for $name {
            type State = [$word; $words];
            const BLOCK_BYTES: usize = $bytes;

            fn compress(state: &mut Self::State, block: &[u8]) {
                let (blocks, _) = block.as_chunks::<$bytes>();
                $compress(state, blocks);
            }

            fn write(state: &Self::State, out: &mut [u8]) {
                for (word, bytes) in state.iter().zip(out.chunks_mut(size_of::<$word>())) {
                    bytes.copy_from_slice(&word.to_be_bytes()[..bytes.len()]);
                }
            }
        }
    };
}

blocks!(Sha1, u32, 5, 64, sha1::block_api::compress);
blocks!(Sha2Short, u32, 8, 64, sha2::block_api::compress256);
blocks!(Sha2Long, u64, 8, 128, sha2::block_api::compress512);

/// The first `kept` bytes of the key; `length` is the digest's in bytes.
pub(super) fn rounds<B: Blocks>(
    iv: &B::State,
    password: &[u8],
    salt: &[u8],
    count: u32,
    (length, kept): (usize, usize),
) -> Vec<u8> {
    let mut key = [0_u8; 128];
    if password.len() > B::BLOCK_BYTES {
        let mut state = *iv;
        finish::<B>(&mut state, password, 0, &mut key[..length]);
    } else {
        key[..password.len()].copy_from_slice(password);
    }
    let start = |pad: u8| {
        let block = key.map(|byte| byte ^ pad);
        let mut state = *iv;
        B::compress(&mut state, &block[..B::BLOCK_BYTES]);
        state
    };
    let (inner, outer) = (start(0x36), start(0x5c));
    let mut round = [0_u8; 64];
    let message = [salt, &1_u32.to_be_bytes()].concat();
    let mut state = inner;
    finish::<B>(&mut state, &message, B::BLOCK_BYTES, &mut round[..length]);
    state = outer;
    let digest = round;
    finish::<B>(&mut state, &digest[..length], B::BLOCK_BYTES, &mut round[..length]);
    let mut sum = round;
    // One digest and its padding fit a block, and only the digest changes.
    let mut block = [0_u8; 128];
    pad(&mut block[..B::BLOCK_BYTES], length, B::BLOCK_BYTES + length);
    for _ in 1..count {
        block[..length].copy_from_slice(&round[..length]);
        state = inner;
        B::compress(&mut state, &block[..B::BLOCK_BYTES]);
        B::write(&state, &mut block[..length]);
        state = outer;
        B::compress(&mut state, &block[..B::BLOCK_BYTES]);
        B::write(&state, &mut round[..length]);
        // Only the bytes that the key keeps.
        for (sum, byte) in sum.iter_mut().zip(&round[..kept]) {
            *sum ^= byte;
        }
    }
    sum[..kept].to_vec()
}

/// Ends a hash of `before` bytes and `message`, and writes its digest.
fn finish<B: Blocks>(state: &mut B::State, message: &[u8], before: usize, out: &mut [u8]) {
    let mut blocks = message.chunks_exact(B::BLOCK_BYTES);
    for block in &mut blocks {
        B::compress(state, block);
    }
    let rest = blocks.remainder();
    let mut last = [0_u8; 256];
    last[..rest.len()].copy_from_slice(rest);
    let length_bytes = B::BLOCK_BYTES / 8;
    let count = if rest.len() + 1 + length_bytes > B::BLOCK_BYTES { 2 } else { 1 };
    pad(&mut last[..count * B::BLOCK_BYTES], rest.len(), before + message.len());
    for block in last[..count * B::BLOCK_BYTES].chunks_exact(B::BLOCK_BYTES) {
        B::compress(state, block);
    }
    B::write(state, out);
}

/// The padding behind `at`: one bit, zeros, and the length of everything in bits.
fn pad(block: &mut [u8], at: usize, total_bytes: usize) {
    block[at] = 0x80;
    let end = block.len();
    block[at + 1..].fill(0);
    block[end - 8..].copy_from_slice(&(total_bytes as u64 * 8).to_be_bytes());
}
