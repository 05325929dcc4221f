use proptest::prelude::*;

use super::*;

fn decode(query: &str) -> Result<Vec<(String, String)>, QueryError> {
    let mut buffer = QueryBuffer::default();
    let query = buffer.decode(query, 1000)?;
    Ok(query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[test]
fn queries_are_split_and_decoded() {
    for (query, expected) in [
        ("", &[][..]),
        ("a=1&b=2", &[("a", "1"), ("b", "2")]),
        ("a=1&a=2", &[("a", "1"), ("a", "2")]),
        ("a", &[("a", "")]),
        ("a&b=", &[("a", ""), ("b", "")]),
        ("=v", &[("", "v")]),
        ("&&a=1&&", &[("a", "1")]),
        ("a=b=c", &[("a", "b=c")]),
        ("a+b=c+d", &[("a b", "c d")]),
        ("%74=%2B%26%3d", &[("t", "+&=")]),
        ("t=%c3%A9", &[("t", "é")]),
        ("t=%F0%9F%98%80x", &[("t", "😀x")]),
        ("t=%2541", &[("t", "%41")]),
        ("t=a%00b", &[("t", "a\0b")]),
        ("a=1;b=2", &[("a", "1;b=2")]),
        ("é=é%41", &[("é", "éA")]),
        // What is no UTF-8, as recorded and as the original's platform has it.
        ("t=a%E9b", &[("t", "a\u{fffd}b")]),
        ("t=%ED%A0%80", &[("t", "\u{fffd}")]),
        ("t=%ED%A0%80%ED%B0%80x", &[("t", "\u{fffd}\u{fffd}x")]),
        ("t=%ED%A0x", &[("t", "\u{fffd}x")]),
        ("t=%ED%A0", &[("t", "\u{fffd}")]),
        ("t=%C0%80", &[("t", "\u{fffd}\u{fffd}")]),
        ("t=%F0%9F%98", &[("t", "\u{fffd}")]),
        ("%E9=%E9&%A9=x", &[("\u{fffd}", "\u{fffd}"), ("\u{fffd}", "x")]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        assert_eq!(decode(query), Ok(expected), "{query}");
    }
    for query in ["a=%", "a=%2", "a=%2&b", "%=1", "a=%zz", "a=1&b=%g0", "a%=", "a=%+1", "a=%é"] {
        assert_eq!(decode(query), Err(QueryError::MalformedEscape), "{query}");
    }
}

#[test]
fn parameters_are_found_by_name() {
    let mut buffer = QueryBuffer::default();
    let query = buffer.decode("tt=0&t=1&t=2&%74=3&%C3%A9=4&visitor+id=5", 6).unwrap();
    assert_eq!(query.letter(b't'), Some("1"));
    assert_eq!(query.letter(b'x'), None);
    assert_eq!(query.letter(0xe9), None);
    assert_eq!(query.first("é"), Some("4"));
    assert_eq!(query.first("visitor id"), Some("5"));
    assert_eq!(query.first("visitor"), None);
    // Nothing of a former query is left.
    let query = buffer.decode("u=1", 6).unwrap();
    assert_eq!((query.letter(b't'), query.letter(b'u')), (None, Some("1")));
}

#[test]
fn parameters_are_counted() {
    let query = |count: usize| vec!["a=1"; count].join("&");
    let mut buffer = QueryBuffer::default();
    assert_eq!(buffer.decode(&query(1000), 1000).unwrap().iter().len(), 1000);
    assert_eq!(buffer.decode(&query(1001), 1000).unwrap_err(), QueryError::TooManyParameters);
    assert_eq!(buffer.decode(&query(70_000), usize::MAX).unwrap_err(), QueryError::TooManyParameters);
    assert!(buffer.decode(&query(65_534), usize::MAX).is_ok());
}

/// Encodes as the tracker does.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

proptest! {
    #[test]
    fn what_is_encoded_comes_back(pairs in proptest::collection::vec(("\\PC{1,4}", "\\PC{0,20}"), 0..20)) {
        let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        prop_assert_eq!(decode(&query.join("&")), Ok(pairs));
    }

    #[test]
    fn bytes_become_text_as_in_the_standard_library(bytes in proptest::collection::vec(0x41_u8..=0xff, 0..12)) {
        prop_assume!(!bytes.contains(&0xed));
        let query = bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert_eq!(decode(&format!("v={query}")), Ok(vec![("v".to_owned(), text)]));
    }

    #[test]
    fn no_query_makes_it_panic(query in "([%&=+a-f0-9]|%e[d0]|%[a9]0|%f0|\\PC){0,40}") {
        let _ = decode(&query);
    }
}
