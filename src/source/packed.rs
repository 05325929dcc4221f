//! A file that never changes while the program runs: made once, with a tag and a packed variant.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY},
    request::Parts,
};
use sha2::{Digest, Sha256};

use super::respond::{Draft, none_match_has};
use crate::listen::Reply;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// One encoding of a file.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) body: Bytes,
    /// In quotes, as the header has it.
    pub(super) etag: HeaderValue,
    /// Without quotes.
    pub(super) tag: String,
}

impl Variant {
    fn new(body: Bytes, tag: String) -> Self {
        let etag = HeaderValue::try_from(format!("\"{tag}\"")).expect("base64 and a prefix are visible ASCII");
        Self { body, etag, tag }
    }
}

/// A file, ready to be sent. The same bytes have the same tag.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) identity: Variant,
    /// Only where it is smaller.
    pub(super) gzip: Option<Variant>,
    content_type: HeaderValue,
    cache_control: HeaderValue,
}

impl Packed {
    /// The file of these bytes, with its type and what caches may do with it.
    pub(super) fn new(body: Bytes, content_type: HeaderValue, cache_control: HeaderValue) -> Self {
        let tag = STANDARD.encode(Sha256::digest(&body));
        let packed = gzip(&body);
        let gzip = (packed.len() < body.len()).then(|| Variant::new(packed.into(), format!("gz+{tag}")));
        Self { identity: Variant::new(body, tag), gzip, content_type, cache_control }
    }

    /// Answers a GET or HEAD; `amend` may add headers.
    pub(super) fn answer(&self, parts: &mut Parts, amend: impl FnOnce(&mut Draft)) -> Reply {
        let packed = self.gzip.as_ref().filter(|_| accepts_gzip(&parts.headers));
        let variant = packed.unwrap_or(&self.identity);
        let unchanged = none_match_has(&parts.headers, &variant.tag);
        let mut draft = Draft::to(parts);
        draft.set(CACHE_CONTROL, self.cache_control.clone());
        draft.set(ETAG, variant.etag.clone());
        if self.gzip.is_some() {
            draft.set(VARY, BY_ENCODING);
        }
        if packed.is_some() {
            draft.set(CONTENT_ENCODING, GZIP);
        }
        amend(&mut draft);
        if unchanged {
            return draft.empty(StatusCode::NOT_MODIFIED);
        }
        draft.set(CONTENT_TYPE, self.content_type.clone());
        draft.body(StatusCode::OK, variant.body.clone())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

/// Whether a client asks for gzip in so many words; weights and wildcards are not looked at, as in the original.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING);
    let mut words = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    words.any(|word| word.trim() == "gzip")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_packed_variant_is_the_file() {
        let text = "a file of some size ".repeat(100);
        let any = HeaderValue::from_static("text/plain");
        let file = Packed::new(text.clone().into(), any.clone(), any.clone());
        let packed = file.gzip.expect("repeats get smaller");
        assert_eq!(packed.body[4..8], [0; 4], "no time in it");
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(packed.body.as_ref()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        assert_eq!(file.identity.body, text);
        assert_eq!(packed.tag, format!("gz+{}", file.identity.tag));
        assert!(Packed::new("a".into(), any.clone(), any).gzip.is_none(), "what gets larger is not packed");
    }

    #[test]
    fn gzip_is_chosen_by_its_exact_name() {
        for (values, expected) in [
            (&["gzip, deflate"][..], true),
            (&["br,gzip"], true),
            (&["br", " gzip "], true),
            (&["GZIP"], false),
            (&["gzip;q=1.0"], false),
            (&["x-gzip"], false),
            (&["*"], false),
            (&[""], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(accepts_gzip(&headers), expected, "{values:?}");
        }
    }
}
