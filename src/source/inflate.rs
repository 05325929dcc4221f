//! Bodies that were compressed with gzip (RFC 1952).

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header::CONTENT_ENCODING};

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip`, also under its old name.
    Gzip,
    /// In a way that is not understood.
    Other,
}

impl Encoding {
    /// What the headers say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Self::Identity };
        match value.as_bytes().trim_ascii() {
            _ if values.next().is_some() => Self::Other,
            word if word.is_empty() || word.eq_ignore_ascii_case(b"identity") => Self::Identity,
            word if word.eq_ignore_ascii_case(b"gzip") || word.eq_ignore_ascii_case(b"x-gzip") => Self::Gzip,
            _ => Self::Other,
        }
    }
}

/// Why a body cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    /// It is larger than allowed; how much larger is not found out.
    TooLarge,
    /// It is not gzip, or not whole.
    Broken,
}

/// The contents of a body in gzip, at most `bytes_max` of them. Memory and time are bounded by that and by what came.
pub(super) fn gunzip(packed: &[u8], bytes_max: usize) -> Result<Bytes, InflateError> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed).take(bound).read_to_end(&mut bytes).map_err(|_| InflateError::Broken)?;
    if bytes.len() > bytes_max { Err(InflateError::TooLarge) } else { Ok(bytes.into()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
    }

    #[test]
    fn what_is_larger_than_allowed_is_not_inflated() {
        let packed = gzip(&vec![b' '; 10 << 20]);
        assert!(packed.len() < 16 << 10, "a bomb");
        assert_eq!(gunzip(&packed, 4096), Err(InflateError::TooLarge));
        for (length, expected) in [(4095, true), (4096, true), (4097, false)] {
            assert_eq!(gunzip(&gzip(&vec![b'x'; length]), 4096).is_ok(), expected, "{length}");
        }
    }

    #[test]
    fn what_is_cut_or_no_gzip_is_broken() {
        let packed = gzip(b"{\"a\": 1}");
        for bytes in [&b""[..], b"{}", &packed[..packed.len() - 1], &packed[..12], &[&packed[..], b"x"].concat()] {
            assert_eq!(gunzip(bytes, 4096), Err(InflateError::Broken), "{bytes:?}");
        }
        assert_eq!(gunzip(&packed.repeat(2), 4096).as_deref(), Ok(&b"{\"a\": 1}{\"a\": 1}"[..]));
    }

    #[test]
    fn encodings_are_told_by_their_header() {
        for (values, expected) in [
            (&[][..], Encoding::Identity),
            (&["identity"], Encoding::Identity),
            (&[""], Encoding::Identity),
            (&["gzip"], Encoding::Gzip),
            (&["GZip"], Encoding::Gzip),
            (&["x-gzip"], Encoding::Gzip),
            (&["br"], Encoding::Other),
            (&["gzip, gzip"], Encoding::Other),
            (&["gzip", "gzip"], Encoding::Other),
        ] {
            let headers = values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value))).collect();
            assert_eq!(Encoding::of(&headers), expected, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn contents_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let inflated = gunzip(&gzip(&bytes), 3000);
            prop_assert_eq!(inflated.as_deref(), Ok(&bytes[..]));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = gunzip(&[&[0x1f, 0x8b, 8, 0][..], &bytes].concat(), 100);
        }
    }
}
