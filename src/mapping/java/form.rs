//! Decoding of percent-encoded text and of query strings, as `java.net.URI` and form decoders do it.
//!
//! The text comes out of a [`super::uri::Uri`], so every `%` has its two digits; any other `%` is left as it is.
//! Bytes that are not UTF-8 become U+FFFD.

/// Appends `text` with its percent-escapes decoded; `plus` also turns `+` into a space.
pub fn decode_into(text: &str, plus: bool, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(|letter| letter == '%' || plus && letter == '+') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(tail) = rest.strip_prefix('+') {
            out.push(' ');
            rest = tail;
            continue;
        }
        let length = escapes(rest);
        if length == 0 {
            out.push('%');
            rest = &rest[1..];
            continue;
        }
        push_bytes(&rest[..length], out);
        rest = &rest[length..];
    }
    out.push_str(rest);
}

/// Whether [`decode_into`] would change the text.
#[must_use]
pub fn is_encoded(text: &str, plus: bool) -> bool {
    text.bytes().any(|byte| byte == b'%' || plus && byte == b'+')
}

/// Length of the run of escapes at the start of `text`.
fn escapes(text: &str) -> usize {
    text.as_bytes().chunks_exact(3).take_while(|escape| byte(escape).is_some()).count() * 3
}

fn byte(escape: &[u8]) -> Option<u8> {
    let digit = |at: usize| escape.get(at).and_then(|digit| char::from(*digit).to_digit(16));
    let value = digit(1)? * 16 + digit(2)?;
    (escape.first() == Some(&b'%')).then_some(u8::try_from(value).ok()?)
}

/// Decodes a run of escapes; a run is decoded on its own, so it never joins with the text around it.
fn push_bytes(run: &str, out: &mut String) {
    let mut buffer = [0_u8; 64];
    let (mut used, mut rest) = (0, run.as_bytes());
    while let Some((escape, tail)) = rest.split_first_chunk::<3>() {
        buffer[used] = byte(escape).unwrap_or(b'?');
        used += 1;
        rest = tail;
        if used == buffer.len() || rest.is_empty() {
            let kept = if rest.is_empty() { 0 } else { unfinished(&buffer[..used]) };
            push_lossy(&buffer[..used - kept], out);
            buffer.copy_within(used - kept..used, 0);
            used = kept;
        }
    }
}

/// Bytes at the end that may be the start of a character which goes on behind them.
fn unfinished(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        // A fault further on hides the end: look at the last bytes alone.
        Err(_) => (1..4)
            .find(|length| {
                let tail = &bytes[bytes.len() - length..];
                matches!(std::str::from_utf8(tail), Err(error) if error.error_len().is_none() && error.valid_up_to() == 0)
            })
            .unwrap_or(0),
        Ok(_) => 0,
    }
}

fn push_lossy(bytes: &[u8], out: &mut String) {
    // Bytes of an encoded surrogate that are part of one replacement character already.
    let mut rest_of_surrogate = 0;
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.valid().is_empty() {
            rest_of_surrogate = 0;
        }
        match chunk.invalid() {
            [] => {}
            [0x80..=0xbf] if rest_of_surrogate > 0 => rest_of_surrogate -= 1,
            [first, ..] => {
                rest_of_surrogate = if *first == 0xed { 2 } else { 0 };
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

/// Pairs of a raw query, still encoded: split at `&`, then at the first `=`; a trailing empty piece is none.
pub fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pieces = if query.is_empty() { None } else { Some(query.strip_suffix('&').unwrap_or(query)) };
    pieces.into_iter().flat_map(|query| query.split('&')).map(|piece| piece.split_once('=').unwrap_or((piece, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, plus: bool) -> String {
        let mut out = String::new();
        decode_into(text, plus, &mut out);
        out
    }

    #[test]
    fn decoding() {
        for (text, plus, expected) in [
            ("", false, ""),
            ("a+b", false, "a+b"),
            ("a+b", true, "a b"),
            ("caf%C3%A9/a%2Fb", false, "café/a/b"),
            ("%FF", false, "\u{fffd}"),
            ("%C0%80", false, "\u{fffd}\u{fffd}"),
            ("%e2%82", false, "\u{fffd}"),
            ("%C3é", false, "\u{fffd}é"),
            ("100%", false, "100%"),
            ("%zz%41", false, "%zzA"),
            ("%4", true, "%4"),
        ] {
            assert_eq!(decoded(text, plus), expected, "{text}");
        }
    }

    #[test]
    fn a_character_may_lie_across_the_buffer() {
        for before in 60..70 {
            let text = "%41".repeat(before) + "%E2%82%AC%F0%9F%98%80";
            assert_eq!(decoded(&text, false), "A".repeat(before) + "€😀");
            let broken = "%FF".to_owned() + &text;
            assert_eq!(decoded(&broken, false), "\u{fffd}".to_owned() + &"A".repeat(before) + "€😀");
        }
    }

    #[test]
    fn query_pairs() {
        for (query, expected) in [
            ("", vec![]),
            ("&&a", vec![("", ""), ("", ""), ("a", "")]),
            ("a==b", vec![("a", "=b")]),
            (
                "a=value&=42&b=&d=word&c&=bla",
                vec![("a", "value"), ("", "42"), ("b", ""), ("d", "word"), ("c", ""), ("", "bla")],
            ),
            ("a=1&", vec![("a", "1")]),
            ("b;c", vec![("b;c", "")]),
            ("&", vec![("", "")]),
        ] {
            assert_eq!(pairs(query).collect::<Vec<_>>(), expected, "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn decoding_turns_encoding_back(text in "\\PC{0,80}") {
            let encoded = text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            proptest::prop_assert_eq!(decoded(&encoded, true), text);
        }
    }
}
