//! The request target: what may stand in it, and the normal form of its path.

use std::borrow::Cow;

use http::{HeaderMap, Uri, Version, header::HOST};

/// Why a request never reaches a route; answered with a bare 400, after which the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadTarget {
    /// HTTP/1.1 without `Host`.
    NoHost,
    /// `Host` more than once: two readers could take it for two different sites.
    TwoHosts,
    /// A byte that must be percent-encoded stands there as it is.
    RawByte,
    /// A `%` that is not followed by two hexadecimal digits.
    Escape,
    /// More query parameters than allowed.
    TooManyParameters,
}

impl BadTarget {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::NoHost, Self::TwoHosts, Self::RawByte, Self::Escape, Self::TooManyParameters];

    /// Its name in the metrics.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NoHost => "no_host",
            Self::TwoHosts => "two_hosts",
            Self::RawByte => "raw_byte",
            Self::Escape => "escape",
            Self::TooManyParameters => "too_many_parameters",
        }
    }
}

/// Checks what holds for the requests of every route. The escapes of the query are checked apart, by
/// [`check_query`], because whoever reads the query does it on the way.
pub(super) fn check(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), BadTarget> {
    let mut hosts = headers.get_all(HOST).iter();
    match hosts.next() {
        None if version == Version::HTTP_11 => return Err(BadTarget::NoHost),
        Some(_) if hosts.next().is_some() => return Err(BadTarget::TwoHosts),
        _ => {}
    }
    if has_raw_byte(uri.path().as_bytes()) || uri.query().is_some_and(|query| has_raw_byte(query.as_bytes())) {
        return Err(BadTarget::RawByte);
    }
    Ok(())
}

/// Checks the escapes and the number of parameters of a query.
pub(super) fn check_query(query: Option<&str>, parameters_max: usize) -> Result<(), BadTarget> {
    let Some(query) = query else { return Ok(()) };
    if !escapes_are_whole(query.as_bytes()) {
        return Err(BadTarget::Escape);
    }
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty()).count();
    if parameters > parameters_max { Err(BadTarget::TooManyParameters) } else { Ok(()) }
}

/// Whether a byte outside 0x21–0x7E or one of `" < > \ ^ { | }` and the backtick is there.
#[expect(clippy::needless_bitwise_bool, reason = "without branches the compiler looks at many bytes at once")]
fn has_raw_byte(text: &[u8]) -> bool {
    text.iter().fold(false, |found, byte| {
        found
            | (*byte < 0x21)
            | (*byte > 0x7e)
            | (*byte == b'"')
            | (*byte == b'<')
            | (*byte == b'>')
            | (*byte == b'\\')
            | (*byte == b'^')
            | (*byte == b'`')
            | ((*byte >= b'{') & (*byte <= b'}'))
    })
}

fn escapes_are_whole(text: &[u8]) -> bool {
    let mut rest = text.split(|byte| *byte == b'%');
    rest.next();
    rest.all(|after| after.len() >= 2 && after[0].is_ascii_hexdigit() && after[1].is_ascii_hexdigit())
}

/// A path in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Normal {
    /// Decoded, without `.`, `..`, empty segments, parameters and trailing slash; starts with `/`.
    pub(super) path: String,
    /// Whether a trailing slash was there.
    pub(super) slash: bool,
}

/// Whether a path may differ from its normal form.
pub(super) fn is_special(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.iter().any(|byte| matches!(byte, b'%' | b';'))
        || bytes.windows(2).any(|pair| pair[0] == b'/' && matches!(pair[1], b'/' | b'.'))
        || (bytes.len() > 1 && bytes.ends_with(b"/"))
}

/// The normal form of a path: percent-decoded (but for `%2F`), `.` and `..` resolved, `;` parameters cut, repeated
/// slashes made one.
pub(super) fn normalise(path: &str) -> Result<Normal, BadTarget> {
    if !escapes_are_whole(path.as_bytes()) {
        return Err(BadTarget::Escape);
    }
    let mut segments: Vec<Cow<'_, str>> = Vec::new();
    let mut slash = false;
    for raw in path.split('/').skip(usize::from(path.starts_with('/'))) {
        let segment = decode(raw.split_once(';').map_or(raw, |(segment, _)| segment));
        slash = true;
        match segment.as_ref() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => {
                segments.push(segment);
                slash = false;
            }
        }
    }
    let mut path = String::with_capacity(path.len());
    for segment in &segments {
        path.push('/');
        path.push_str(segment);
    }
    if path.is_empty() {
        path.push('/');
        slash = false;
    }
    Ok(Normal { path, slash })
}

/// Decodes the escapes of a segment, which are whole; `%2F` stays, so that it never separates.
pub(super) fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok().filter(|byte| *byte != b'/'));
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &tail[2..] } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_normalised() {
        for (path, expected, slash) in [
            ("/", "/", false),
            ("//", "/", false),
            ("/csc-event", "/csc-event", false),
            ("/csc-event/", "/csc-event", true),
            ("//csc-event", "/csc-event", false),
            ("/x/../csc-event", "/csc-event", false),
            ("/./csc-event", "/csc-event", false),
            ("/csc-event/.", "/csc-event", true),
            ("/%63sc-event", "/csc-event", false),
            ("/csc-event;a=b", "/csc-event", false),
            ("/a;b/c;d", "/a/c", false),
            ("/%2e%2E/ping", "/ping", false),
            ("/a/b/../../../ping", "/ping", false),
            ("/..%2f", "/..%2f", false),
            ("/../../etc/passwd", "/etc/passwd", false),
            ("/%00", "/\0", false),
            ("/%3Bx", "/;x", false),
            ("/%C3%A9%FF", "/é\u{fffd}", false),
            ("*", "/*", false),
        ] {
            assert_eq!(normalise(path), Ok(Normal { path: expected.into(), slash }), "{path}");
        }
        for path in ["/%zz", "/%", "/%4", "/a%4/"] {
            assert_eq!(normalise(path), Err(BadTarget::Escape), "{path}");
        }
    }

    #[test]
    fn queries_are_checked() {
        for (query, max, expected) in [
            (None, 0, Ok(())),
            (Some("a=%41&b=%ff"), 2, Ok(())),
            (Some("a&b&c"), 2, Err(BadTarget::TooManyParameters)),
            (Some("a=%zz"), 9, Err(BadTarget::Escape)),
            (Some("t=%2&x=0"), 9, Err(BadTarget::Escape)),
            (Some("t=%"), 9, Err(BadTarget::Escape)),
            (Some("t=%%41"), 9, Err(BadTarget::Escape)),
        ] {
            assert_eq!(check_query(query, max), expected, "{query:?}");
        }
    }

    #[test]
    fn bytes_that_must_be_encoded_are_found_at_any_place() {
        let allowed = "!#$%&'()*+,-./0123456789:;=?@ABCXYZ[]_abcxyz~";
        assert!(!has_raw_byte(allowed.as_bytes()));
        for byte in (0..=0x20).chain(*b"\"<>\\^`{|}").chain(0x7f..=0xff) {
            let mut text = [b'a'; 40];
            text[usize::from(byte) % 40] = byte;
            assert!(has_raw_byte(&text), "{byte:#x}");
        }
    }

    proptest! {
        /// A path that is not special is its own normal form, which is what the short way relies on.
        #[test]
        fn plain_paths_are_normal(path in "(/[a-c.;%/]{0,3}){1,4}") {
            if !is_special(&path) {
                prop_assert_eq!(normalise(&path).map(|normal| normal.path), Ok(path));
            }
        }

        #[test]
        fn normal_paths_stay_normal(path in "/[a-c./;]{0,12}") {
            let once = normalise(&path).unwrap().path;
            prop_assert_eq!(&normalise(&once).unwrap().path, &once);
        }
    }
}
