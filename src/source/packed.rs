//! A file that never changes while the program runs: made once, with a tag and packed variants.
//!
//! gzip takes a moment and is made at start. Brotli at its best takes many times as long, so the first request that wants
//! it has it made, and waits; from then on it is kept.

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
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::respond::{Draft, none_match_has};
use crate::listen::Reply;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BROTLI: HeaderValue = HeaderValue::from_static("br");
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
    /// As for gzip; made when it is first wanted.
    brotli: OnceCell<Option<Variant>>,
    content_type: HeaderValue,
    cache_control: HeaderValue,
}

impl Packed {
    /// The file of these bytes, with its type and what caches may do with it.
    pub(super) fn new(body: Bytes, content_type: HeaderValue, cache_control: HeaderValue) -> Self {
        let tag = STANDARD.encode(Sha256::digest(&body));
        let packed = gzip(&body);
        let gzip = (packed.len() < body.len()).then(|| Variant::new(packed.into(), format!("gz+{tag}")));
        let brotli = OnceCell::new();
        Self { identity: Variant::new(body, tag), gzip, brotli, content_type, cache_control }
    }

    /// Answers a GET or HEAD; `amend` may add headers.
    pub(super) async fn answer(&self, parts: &mut Parts, amend: impl FnOnce(&mut Draft)) -> Reply {
        let (encoding, variant) = self.choose(&parts.headers).await;
        let unchanged = none_match_has(&parts.headers, &variant.tag);
        let mut draft = Draft::to(parts);
        draft.set(CACHE_CONTROL, self.cache_control.clone());
        draft.set(ETAG, variant.etag.clone());
        if self.gzip.is_some() {
            draft.set(VARY, BY_ENCODING);
        }
        if let Some(encoding) = encoding {
            draft.set(CONTENT_ENCODING, encoding);
        }
        amend(&mut draft);
        if unchanged {
            return draft.empty(StatusCode::NOT_MODIFIED);
        }
        draft.set(CONTENT_TYPE, self.content_type.clone());
        draft.body(StatusCode::OK, variant.body.clone())
    }

    /// The smallest variant that the client takes, and its encoding.
    async fn choose(&self, headers: &HeaderMap) -> (Option<HeaderValue>, &Variant) {
        if accepts(headers, "br")
            && let Some(variant) = self.brotli().await
        {
            return (Some(BROTLI), variant);
        }
        match &self.gzip {
            Some(variant) if accepts(headers, "gzip") => (Some(GZIP), variant),
            _ => (None, &self.identity),
        }
    }

    /// The variant in brotli, if it is smaller than the others. Requests that come while it is made wait for it.
    async fn brotli(&self) -> Option<&Variant> {
        // What hardly shrinks under gzip does not under brotli, and need not be tried.
        let bytes_max = self.gzip.as_ref()?.body.len();
        let make = async || {
            let body = self.identity.body.clone();
            let packed = spawn_blocking(move || brotli(&body)).await?;
            let smaller = packed.len() < bytes_max;
            Ok(smaller.then(|| Variant::new(packed.into(), format!("br+{}", self.identity.tag))))
        };
        // It fails only when the runtime ends, which the next request may find otherwise.
        self.brotli.get_or_try_init(make).await.map_err(|_: tokio::task::JoinError| ()).ok()?.as_ref()
    }
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    /// Bytes that the encoder takes at once.
    const BUFFER: usize = 4096;
    const BEST: u32 = 11;
    /// Two to the power of this is how far back it looks.
    const WINDOW: u32 = 22;
    let mut packed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut packed, BUFFER, BEST, WINDOW);
    encoder.write_all(bytes).expect("writing to memory cannot fail");
    drop(encoder);
    packed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

/// Whether a client asks for an encoding in so many words; weights and wildcards are not looked at, as in the original.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING);
    let mut words = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    words.any(|word| word.trim() == encoding)
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

    #[tokio::test]
    async fn brotli_is_made_once_when_it_is_wanted() {
        let text = "a file of some size ".repeat(100);
        let any = HeaderValue::from_static("text/plain");
        let file = Packed::new(text.clone().into(), any.clone(), any.clone());
        let wants = |encodings| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encodings))]);
        assert_eq!(file.choose(&wants("gzip")).await.0, Some(GZIP));
        assert!(!file.brotli.initialized(), "nobody wanted it");
        let (browser, other) = (wants("gzip, deflate, br"), wants("br"));
        let ((encoding, first), (_, second)) = tokio::join!(file.choose(&browser), file.choose(&other));
        assert_eq!(encoding, Some(BROTLI));
        assert_eq!(first.body.as_ptr(), second.body.as_ptr(), "made once");
        assert_eq!(first.tag, format!("br+{}", file.identity.tag));
        let mut unpacked = String::new();
        brotli::Decompressor::new(first.body.as_ref(), 4096).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        let tiny = Packed::new("a".into(), any.clone(), any);
        assert_eq!(tiny.choose(&browser).await.0, None, "what gets larger is not packed");
    }

    #[test]
    fn an_encoding_is_chosen_by_its_exact_name() {
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
            assert_eq!(accepts(&headers, "gzip"), expected, "{values:?}");
        }
    }
}
