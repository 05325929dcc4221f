//! The headers and cookies that go into the event.

use std::borrow::Cow;

use http::{HeaderMap, header};
use smallvec::SmallVec;

use super::cookies;
use crate::event::{Keep, codec::Latin1};

/// Headers that hold the site's log-in sessions: kept only when they are named.
const SECRET: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// What to keep, prepared for looking up.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Header names by their length.
    headers: Vec<Vec<String>>,
    cookies: Vec<String>,
    all_headers: bool,
}

/// The cookies of a request that are kept: name and value as Latin-1.
pub(crate) type Cookies<'a> = SmallVec<[(&'a str, Cow<'a, [u8]>); 4]>;

impl Kept {
    /// Prepares what `keep` asks for and what is always kept.
    pub(crate) fn new(keep: &Keep) -> Self {
        let mut headers: Vec<Vec<String>> = Vec::new();
        for name in Keep::ALWAYS.iter().copied().chain(keep.headers.iter().map(String::as_str)) {
            if headers.len() <= name.len() {
                headers.resize(name.len() + 1, Vec::new());
            }
            if !headers[name.len()].iter().any(|known| known == name) {
                headers[name.len()].push(name.to_owned());
            }
        }
        Self { headers, cookies: keep.cookies.clone(), all_headers: keep.all_headers }
    }

    /// The kept headers of a request, in its order; the values of a repeated one are together.
    pub(crate) fn headers<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = (&'a str, Latin1<'a>)> {
        headers
            .iter()
            .filter(|(name, _)| self.is_kept(name.as_str()))
            .map(|(name, value)| (name.as_str(), Latin1(value.as_bytes())))
    }

    fn is_kept(&self, name: &str) -> bool {
        let named = self.headers.get(name.len()).is_some_and(|names| names.iter().any(|known| known == name));
        named || (self.all_headers && !SECRET.contains(&name))
    }

    /// The kept cookies of a request, in its order. Of repeated ones the first in a header counts, and the last header
    /// that has one, as in the original.
    pub(crate) fn cookies<'a>(&'a self, headers: &'a HeaderMap) -> Cookies<'a> {
        let mut found = Cookies::new();
        if self.cookies.is_empty() {
            return found;
        }
        for value in headers.get_all(header::COOKIE) {
            let mut of_this_header = SmallVec::<[&str; 4]>::new();
            for (name, value) in cookies::parse(value.as_bytes()) {
                let Some(name) = self.cookies.iter().find(|kept| is_latin1(kept, name)) else { continue };
                if of_this_header.contains(&name.as_str()) {
                    continue;
                }
                of_this_header.push(name);
                match found.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) => *known = value,
                    None => found.push((name, value)),
                }
            }
        }
        found
    }
}

fn is_latin1(text: &str, bytes: &[u8]) -> bool {
    text.chars().eq(bytes.iter().map(|byte| char::from(*byte)))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn request(headers: &[(&str, &[u8])]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap())
            })
            .collect()
    }

    fn keep(headers: &[&str], cookies: &[&str], all_headers: bool) -> Kept {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Kept::new(&Keep { headers: owned(headers), cookies: owned(cookies), all_headers })
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let request = request(&[
            ("Host", b"h"),
            ("User-Agent", b"ua"),
            ("X-Own", b"1"),
            ("Authorization", b"secret"),
            ("Cookie", b"a=1"),
            ("X-Own", b"2"),
            ("DNT", b"1"),
        ]);
        for (kept, expected) in [
            (keep(&[], &[], false), &["user-agent", "dnt"][..]),
            (keep(&["x-own"], &[], false), &["user-agent", "x-own", "x-own", "dnt"]),
            (keep(&[], &[], true), &["host", "user-agent", "x-own", "x-own", "dnt"]),
            (keep(&["authorization"], &[], false), &["user-agent", "authorization", "dnt"]),
            (keep(&["cookie"], &[], true), &["host", "user-agent", "x-own", "x-own", "cookie", "dnt"]),
        ] {
            let names: Vec<_> = kept.headers(&request).map(|(name, _)| name).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn the_original_s_rules_choose_between_repeated_cookies() {
        for (headers, expected) in [
            (&["a=1; b=2; a=3"][..], &[("a", "1"), ("b", "2")][..]),
            (&["a=1; b=2", "b=3; a=4; a=5"], &[("a", "4"), ("b", "3")]),
            (&["A=1; c=2"], &[]),
            (&[], &[]),
        ] {
            let request: HeaderMap =
                headers.iter().map(|value| (header::COOKIE, HeaderValue::from_static(value))).collect();
            let kept = keep(&[], &["a", "b"], false);
            let found: Vec<_> =
                kept.cookies(&request).into_iter().map(|(name, value)| (name, value.into_owned())).collect();
            let expected: Vec<_> = expected.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect();
            assert_eq!(found, expected, "{headers:?}");
        }
        let kept = keep(&[], &["é"], false);
        assert_eq!(kept.cookies(&request(&[("Cookie", b"\xe9=caf\xe9")]))[0].1.as_ref(), b"caf\xe9");
    }
}
