//! `digest(algorithm, seed)`: message digests of several pieces, and digests keyed with a seed.
//!
//! A seeded digest is an HMAC whose key is derived from the seed as the original does it, with its key lengths: they
//! are short by mistake, but pseudonyms must stay the same.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::digest::{Digest as Hash, common::BlockSizeUser};

use super::{Found, Given};
use crate::mapping::producer::{Kind, Producer, ProducerId, Producers};

/// Rounds of the derivation of a key.
const ROUNDS: u32 = 100_000;

/// What goes into the derivation of every key beside the seed.
const SALT: &[u8] = b"divolte\xb6\x87\xe2\xd9\xaa\x06\x03\x72";

/// A digest as a script describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    /// How.
    pub algorithm: Algorithm,
    /// The algorithm as the script writes it.
    pub written: String,
    /// Seed of the key, if it has one.
    pub seed: Option<String>,
    /// Of what, in order, nothing in between.
    pub pieces: Vec<Piece>,
}

/// A piece of what is digested.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A text of the script.
    Text(String),
    /// A text, scalar JSON value or digest of the event.
    Producer(ProducerId),
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are named as everywhere")]
pub enum Algorithm {
    Md2,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512T224,
    Sha512T256,
    Sha3T224,
    Sha3T256,
    Sha3T384,
    Sha3T512,
}

/// Names as the original's platform knows them, in capitals, and whether there is a seeded form.
const NAMES: &[(&str, Algorithm, bool)] = &[
    ("SHA-256", Algorithm::Sha256, true),
    ("SHA-224", Algorithm::Sha224, true),
    ("SHA-384", Algorithm::Sha384, true),
    ("SHA-512", Algorithm::Sha512, true),
    ("SHA-1", Algorithm::Sha1, true),
    ("SHA1", Algorithm::Sha1, true),
    ("SHA", Algorithm::Sha1, false),
    ("MD5", Algorithm::Md5, false),
    ("MD2", Algorithm::Md2, false),
    ("SHA-512/224", Algorithm::Sha512T224, false),
    ("SHA-512/256", Algorithm::Sha512T256, false),
    ("SHA3-224", Algorithm::Sha3T224, false),
    ("SHA3-256", Algorithm::Sha3T256, false),
    ("SHA3-384", Algorithm::Sha3T384, false),
    ("SHA3-512", Algorithm::Sha3T512, false),
];

impl Algorithm {
    /// By name, in any case. A seeded digest does not mind dashes, but not every algorithm has one.
    #[must_use]
    pub fn named(name: &str, seeded: bool) -> Option<Self> {
        let wanted = name.to_uppercase();
        let row = NAMES.iter().find(|(own, _, has_seed)| {
            if seeded { *has_seed && own.replace('-', "") == wanted.replace('-', "") } else { *own == wanted }
        });
        row.map(|(_, algorithm, _)| *algorithm)
    }

    /// Names of all algorithms, for hints.
    pub fn names(seeded: bool) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(.., has_seed)| *has_seed || !seeded).map(|(name, ..)| *name)
    }
}

impl Digest {
    /// As the original names it in messages.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("digester(\"{}\"", self.written);
        if let Some(seed) = &self.seed {
            // Writing to a string cannot fail.
            let _ = write!(text, ", \"{seed}\"");
        }
        text.push(')');
        text
    }
}

/// Bytes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextForm {
    /// `toHexLower()`
    HexLower,
    /// `toHexUpper()`
    HexUpper,
    /// `toBase64()`
    Base64,
}

pub(super) const FORMS: &[(&str, TextForm)] =
    &[("toHexLower", TextForm::HexLower), ("toHexUpper", TextForm::HexUpper), ("toBase64", TextForm::Base64)];

impl TextForm {
    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        FORMS[self as usize].0
    }

    /// Appends the text of some bytes.
    pub fn write(self, bytes: &[u8], out: &mut String) {
        let digits: &[u8; 16] = match self {
            Self::HexLower => b"0123456789abcdef",
            Self::HexUpper => b"0123456789ABCDEF",
            Self::Base64 => return STANDARD.encode_string(bytes, out),
        };
        for byte in bytes {
            out.push(char::from(digits[usize::from(byte >> 4)]));
            out.push(char::from(digits[usize::from(byte & 15)]));
        }
    }
}

pub(super) fn bytes_method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match FORMS.iter().find(|(own, _)| *own == name) {
        Some((_, form)) if arguments.is_empty() => Found::Producer(Producer::BytesText(of, *form)),
        Some(_) => Found::WrongArguments("no argument"),
        None => Found::Unknown,
    }
}

/// Whether a value of the event can be a piece.
#[must_use]
pub fn digestible(producers: &Producers, id: ProducerId) -> bool {
    matches!(producers.kind(id), Kind::Text | Kind::Json | Kind::Parameters | Kind::Bytes)
}

/// Calls a function of a hash with the type that is meant.
macro_rules! with_hash {
    ($algorithm:expr, $hash:ident => $body:expr) => {
        match $algorithm {
            Algorithm::Md2 => {
                type $hash = md2::Md2;
                $body
            }
            Algorithm::Md5 => {
                type $hash = md5::Md5;
                $body
            }
            Algorithm::Sha1 => {
                type $hash = sha1::Sha1;
                $body
            }
            Algorithm::Sha224 => {
                type $hash = sha2::Sha224;
                $body
            }
            Algorithm::Sha256 => {
                type $hash = sha2::Sha256;
                $body
            }
            Algorithm::Sha384 => {
                type $hash = sha2::Sha384;
                $body
            }
            Algorithm::Sha512 => {
                type $hash = sha2::Sha512;
                $body
            }
            Algorithm::Sha512T224 => {
                type $hash = sha2::Sha512_224;
                $body
            }
            Algorithm::Sha512T256 => {
                type $hash = sha2::Sha512_256;
                $body
            }
            Algorithm::Sha3T224 => {
                type $hash = sha3::Sha3_224;
                $body
            }
            Algorithm::Sha3T256 => {
                type $hash = sha3::Sha3_256;
                $body
            }
            Algorithm::Sha3T384 => {
                type $hash = sha3::Sha3_384;
                $body
            }
            Algorithm::Sha3T512 => {
                type $hash = sha3::Sha3_512;
                $body
            }
        }
    };
}

/// Appends the digest of some bytes to `out`. With a key it is an HMAC.
pub(in crate::mapping) fn compute(algorithm: Algorithm, key: Option<&[u8]>, input: &[u8], out: &mut Vec<u8>) {
    with_hash!(algorithm, H => if let Some(key) = key {
        out.extend_from_slice(&Keyed::<H>::new(key).digest(input));
    } else {
        out.extend_from_slice(&H::digest(input));
    });
}

/// The key of a seed: PBKDF2 over the algorithm's HMAC. Its length in bytes is the digest's or, unless it is to be `full`,
/// that divided by eight, because the original counts bits where bytes are meant. Only algorithms that have a seeded form have a key.
#[must_use]
pub fn key_of(algorithm: Algorithm, seed: &str, full: bool) -> Vec<u8> {
    use super::derive::{Sha1, Sha2Long, Sha2Short, rounds};
    let seed = seed.as_bytes();
    let lengths = |digest: usize| (digest, if full { digest } else { digest / 8 });
    match algorithm {
        Algorithm::Sha1 => rounds::<Sha1>(&Sha1::IV, seed, SALT, ROUNDS, lengths(20)),
        Algorithm::Sha224 => rounds::<Sha2Short>(&Sha2Short::IV_224, seed, SALT, ROUNDS, lengths(28)),
        Algorithm::Sha256 => rounds::<Sha2Short>(&Sha2Short::IV_256, seed, SALT, ROUNDS, lengths(32)),
        Algorithm::Sha384 => rounds::<Sha2Long>(&Sha2Long::IV_384, seed, SALT, ROUNDS, lengths(48)),
        Algorithm::Sha512 => rounds::<Sha2Long>(&Sha2Long::IV_512, seed, SALT, ROUNDS, lengths(64)),
        _ => Vec::new(),
    }
}

/// HMAC with its two starting states worked out once.
struct Keyed<H> {
    inner: H,
    outer: H,
}

impl<H: Hash + BlockSizeUser> Keyed<H> {
    fn new(key: &[u8]) -> Self {
        let mut block = sha2::digest::array::Array::<u8, H::BlockSize>::default();
        if key.len() > block.len() {
            let hashed = H::digest(key);
            block[..hashed.len()].copy_from_slice(&hashed);
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        block.iter_mut().for_each(|byte| *byte ^= 0x36);
        let inner = H::new().chain_update(&block);
        block.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
        Self { inner, outer: H::new().chain_update(&block) }
    }

    fn digest(self, input: &[u8]) -> sha2::digest::Output<H> {
        self.outer.chain_update(self.inner.chain_update(input).finalize()).finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        let mut text = String::new();
        TextForm::HexLower.write(bytes, &mut text);
        text
    }

    #[test]
    fn keys_and_digests_are_the_original_s() {
        for (name, seed, key, start) in [
            ("sha-256", "foo", "6b3d6ace", "d1622b155ed0b23afdd037cb188159ded6813959e0e24ba14adb9e0f6b825642"),
            ("SHA-512", "foo", "7f7ef04a4ee675a4", "2bc33aa52502eb76"),
            ("sha1", "foo", "4286", "a92201d130ae868704ace84665cf34ff35ebbd4f"),
        ] {
            let algorithm = Algorithm::named(name, true).unwrap();
            let derived = key_of(algorithm, seed, false);
            let full = key_of(algorithm, seed, true);
            assert!(full.starts_with(&derived) && full.len() / 8 == derived.len(), "{name}");
            assert_eq!(hex(&derived), key, "{name}");
            let mut out = Vec::new();
            compute(algorithm, Some(&derived), b"x", &mut out);
            assert!(hex(&out).starts_with(start), "{name}: {}", hex(&out));
        }
        let mut out = Vec::new();
        compute(Algorithm::Sha256, None, b"ab", &mut out);
        assert!(hex(&out).starts_with("fb8e20fc"));
    }

    #[test]
    fn names_are_those_of_the_original_s_platform() {
        for (name, plain, seeded) in [
            ("sha-256", true, true),
            ("SHA256", false, true),
            ("sha", true, false),
            ("md5", true, false),
            ("SHA3-256", true, false),
            ("SHA-512/256", true, false),
            ("sha-0", false, false),
        ] {
            assert_eq!(Algorithm::named(name, false).is_some(), plain, "{name}");
            assert_eq!(Algorithm::named(name, true).is_some(), seeded, "{name}");
        }
    }
}
