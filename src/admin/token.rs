//! The key to everything that shows events: made anew at each start, and told by whoever starts the program.

use std::fmt;

use http::{HeaderMap, Uri, header::AUTHORIZATION};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A secret of 122 random bits. Not shown by `Debug`.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Its text: letters and digits, to be put into a link.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a request brings it: as `Authorization: Bearer`, or as `token` in the query.
    pub(crate) fn is_with(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
        let query = uri.query().into_iter().flat_map(|query| query.split('&'));
        let mut given = bearer.into_iter().chain(query.filter_map(|pair| pair.strip_prefix("token=")));
        given.any(|given| self.is(given))
    }

    /// Compares hashes, each byte of them, so that the time it takes tells nothing about the token.
    fn is(&self, given: &str) -> bool {
        let (own, given) = (Sha256::digest(&self.0), Sha256::digest(given));
        own.iter().zip(&given).fold(0, |difference, (own, given)| difference | (own ^ given)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn it_may_come_in_the_query_or_as_a_header() {
        let token = Token("abc".into());
        for (uri, header, allowed) in [
            ("/?token=abc", None, true),
            ("/?a=b&token=abc", None, true),
            ("/", Some("Bearer abc"), true),
            ("/", Some("bearer  abc"), true),
            ("/?token=x", Some("Bearer abc"), true),
            ("/", None, false),
            ("/?token=", None, false),
            ("/?token=ab", None, false),
            ("/?token=abcd", None, false),
            ("/?token=ABC", None, false),
            ("/?xtoken=abc", None, false),
            ("/", Some("abc"), false),
            ("/", Some("Basic abc"), false),
            ("/", Some("Bearer abd"), false),
            ("/", Some("Bearer"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(header.map(|value| (AUTHORIZATION, HeaderValue::from_static(value))));
            assert_eq!(token.is_with(&Uri::from_static(uri), &headers), allowed, "{uri} {header:?}");
        }
    }

    #[test]
    fn it_is_new_each_time_and_stays_secret() {
        let (one, other) = (Token::random(), Token::random());
        assert_ne!(one.reveal(), other.reveal());
        assert!(one.reveal().len() == 32 && one.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(format!("{one:?}"), "***");
    }
}
