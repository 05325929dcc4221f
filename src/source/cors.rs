//! Pages of other origins that may read answers: the part of the Fetch standard's CORS protocol that concerns a server
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>). Without credentials: cookies are not taken from such requests.
//!
//! Whoever asks, the event is taken: browsers send images without asking, so nothing would be kept out.

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
    request::Parts,
};

use super::respond::Draft;
use crate::listen::Reply;

const ANY: HeaderValue = HeaderValue::from_static("*");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
/// Seconds for which a browser need not ask again; browsers cut it to what they find right.
const ONE_DAY: HeaderValue = HeaderValue::from_static("86400");

/// The origins of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    any: bool,
    listed: Vec<String>,
}

/// What an answer says to the page that asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// Nothing: no origins are configured.
    Silent,
    /// That another origin might be told something else.
    Varying,
    /// The origins that may read it.
    To(HeaderValue),
}

impl Origins {
    /// Those of `allowed_origins`.
    pub(super) fn new(allowed: &[String]) -> Self {
        Self { any: allowed.iter().any(|origin| origin == "*"), listed: allowed.to_vec() }
    }

    /// What the answer to a request with these headers says.
    pub(super) fn grant(&self, headers: &HeaderMap) -> Grant {
        if self.listed.is_empty() {
            return Grant::Silent;
        }
        if self.any {
            return Grant::To(ANY);
        }
        let Some(origin) = headers.get(ORIGIN) else { return Grant::Varying };
        let listed = self.listed.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(origin.as_bytes()));
        if listed { Grant::To(origin.clone()) } else { Grant::Varying }
    }

    /// The answer to a browser that asks whether it may send a `GET` with headers of the page's own.
    pub(super) fn preflight(&self, parts: &mut Parts) -> Option<Reply> {
        let asks = parts.method == Method::OPTIONS
            && parts.headers.contains_key(ORIGIN)
            && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let grant = self.grant(&parts.headers);
        if !asks || !matches!(grant, Grant::To(_)) {
            return None;
        }
        let mut draft = Draft::to(parts);
        grant.set(&mut draft);
        draft.set(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
        draft.set(ACCESS_CONTROL_ALLOW_HEADERS, ANY);
        draft.set(ACCESS_CONTROL_MAX_AGE, ONE_DAY);
        Some(draft.empty(StatusCode::NO_CONTENT))
    }
}

impl Grant {
    /// Puts it into an answer.
    pub(super) fn set(&self, draft: &mut Draft) {
        match self {
            Self::Silent => {}
            Self::Varying => draft.add(VARY, BY_ORIGIN),
            Self::To(origin) => {
                if *origin != ANY {
                    draft.add(VARY, BY_ORIGIN);
                }
                draft.set(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_granted_what_the_list_says() {
        let to = |origin| Grant::To(HeaderValue::from_static(origin));
        let shop = "https://shop.example.com";
        for (allowed, origin, expected) in [
            (&[][..], Some(shop), Grant::Silent),
            (&[shop], Some(shop), to(shop)),
            (&[shop], Some("https://SHOP.example.com"), to("https://SHOP.example.com")),
            (&[shop], Some("http://shop.example.com"), Grant::Varying),
            (&[shop], Some("https://shop.example.com.evil.example"), Grant::Varying),
            (&[shop], Some("null"), Grant::Varying),
            (&[shop], None, Grant::Varying),
            (&["https://a.example", shop], Some(shop), to(shop)),
            (&["*"], Some(shop), to("*")),
            (&["*"], None, to("*")),
        ] {
            let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
            let headers = origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))).into_iter().collect();
            assert_eq!(Origins::new(&allowed).grant(&headers), expected, "{allowed:?} {origin:?}");
        }
    }
}
