//! The `Cookie` header as the original's server reads it, which is neither RFC 6265 nor what a browser means.
//!
//! Pairs are separated by `;`. A value ends at the first `=`, blank or comma, and the rest up to `;` is ignored; a value
//! in double quotes ends at the closing one and loses both. Names keep what surrounds them but leading blanks; those that
//! are empty or begin with `$` are no cookies. Nothing is percent-decoded.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header::COOKIE};

/// Makes one header of those into which HTTP/2 clients cut it, so that its cookies stand in one order (RFC 9113, 8.2.3).
pub(super) fn join(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let pieces: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // What header values may hold, together with a semicolon and a blank.
    if let Ok(whole) = HeaderValue::from_bytes(&pieces.join(&b"; "[..])) {
        headers.insert(COOKIE, whole);
    }
}

/// Walks the cookies of one header; repeated names are given repeatedly.
pub fn parse(header: &[u8]) -> impl Iterator<Item = (&[u8], Cow<'_, [u8]>)> {
    let mut rest = header;
    std::iter::from_fn(move || {
        loop {
            let start = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b';'))?;
            rest = &rest[start..];
            let end = rest.iter().position(|byte| matches!(byte, b'=' | b';'))?;
            let (name, tail) = rest.split_at(end);
            rest = &tail[1..];
            if tail[0] == b';' {
                continue;
            }
            let value = if rest.first() == Some(&b'"') { quoted(&mut rest)? } else { Cow::Borrowed(plain(&mut rest)) };
            if !matches!(name, [] | [b'$', ..]) {
                return Some((name, value));
            }
        }
    })
}

/// Takes a value without quotes, and what is ignored behind it.
fn plain<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let text = *rest;
    let end = text.iter().position(|byte| matches!(byte, b'=' | b';' | b',' | b' ' | b'\t')).unwrap_or(text.len());
    let (value, tail) = text.split_at(end);
    let next = tail.iter().position(|byte| *byte == b';').unwrap_or(tail.len());
    *rest = &tail[next..];
    value
}

/// Takes a value in quotes; `\"` within it is a quote, unless the value would not end otherwise. `None` if it is open.
fn quoted<'a>(rest: &mut &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let text = &rest[1..];
    let mut value = Cow::Borrowed(&text[..0]);
    let (mut start, mut at) = (0, 0);
    let append = |value: &mut Cow<'a, [u8]>, piece: &'a [u8]| {
        if value.is_empty() {
            *value = Cow::Borrowed(piece);
        } else {
            value.to_mut().extend_from_slice(piece);
        }
    };
    loop {
        match text[at..] {
            [b'"', ..] => break,
            [b'\\', b'"', next, ..] if next != b';' => {
                append(&mut value, &text[start..at]);
                start = at + 1;
                at += 2;
            }
            [_, ..] => at += 1,
            [] => return None,
        }
    }
    append(&mut value, &text[start..at]);
    *rest = &text[at + 1..];
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cookies(header: &[u8]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        parse(header).map(|(name, value)| (text(name), text(&value))).collect()
    }

    #[test]
    fn cookies_are_read_as_the_original_reads_them() {
        for (header, expected) in [
            ("a=1; b=2", &[("a", "1"), ("b", "2")][..]),
            ("a=1, b=2", &[("a", "1")]),
            ("a=1,2;b=3", &[("a", "1"), ("b", "3")]),
            (r#"a="quoted""#, &[("a", "quoted")]),
            (r#"a="quo;ted"; b=2"#, &[("a", "quo;ted"), ("b", "2")]),
            (r#"a=1; b="x, y"; d=4"#, &[("a", "1"), ("b", "x, y"), ("d", "4")]),
            (r#"a="x\"y"; b=2"#, &[("a", "x\"y"), ("b", "2")]),
            (r#"a="x\"; b=2"#, &[("a", "x\\"), ("b", "2")]),
            (r#"a="x\""#, &[("a", "x\\")]),
            (r#"a="open"#, &[]),
            (r#"a="x"y; b=2"#, &[("a", "x"), ("b", "2")]),
            (r#"a=x"y; b=2"#, &[("a", "x\"y"), ("b", "2")]),
            ("a=", &[("a", "")]),
            ("=x", &[]),
            ("a", &[]),
            ("a; b=2", &[("b", "2")]),
            ("b=2; a", &[("b", "2")]),
            (";a=1", &[("a", "1")]),
            ("a=1; a=2", &[("a", "1"), ("a", "2")]),
            ("a=%20x%C3%A9", &[("a", "%20x%C3%A9")]),
            ("a=b=c; d=4", &[("a", "b"), ("d", "4")]),
            ("a= 1 ; b = 2", &[("a", ""), ("b ", "")]),
            ("a=x y", &[("a", "x")]),
            ("a='sq'", &[("a", "'sq'")]),
            ("$Version=1; a=1; $Path=/", &[("a", "1")]),
            ("a:b=1:2", &[("a:b", "1:2")]),
            ("", &[]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            assert_eq!(cookies(header.as_bytes()), expected, "{header}");
        }
        assert_eq!(cookies(b"a=caf\xe9"), [("a".to_owned(), "café".to_owned())]);
    }

    #[test]
    fn pieces_of_a_header_become_one() {
        let mut headers: HeaderMap =
            ["a=1", "b=\"2", "a=3"].map(|piece| (COOKIE, HeaderValue::from_static(piece))).into_iter().collect();
        join(&mut headers);
        let lines: Vec<_> = headers.get_all(COOKIE).iter().collect();
        assert_eq!(lines, ["a=1; b=\"2; a=3"]);
        join(&mut headers);
        assert_eq!(headers.len(), 1);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in r#"[ab=;, "\\$]{0,30}"#) {
            let _ = cookies(header.as_bytes());
        }
    }
}
