//! Identifiers of parties, sessions, page views and events, and the base-36 numbers in them.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Base-36 numbers of up to this many digits fit an `i64` whatever the digits are.
const SAFE_DIGITS: usize = 12;

/// Random bytes in a generated identifier: 192 bits, 32 characters of base 64.
const RANDOM_BYTES: usize = 24;

/// Reads a party or session identifier, `0:<time in base 36>:<anything but ':'>`, and gives its canonical form, in
/// which the time is written as [`push_base36`] does. Borrows when the text is canonical already.
#[must_use]
pub fn normalise(text: &str) -> Option<Cow<'_, str>> {
    let rest = text.strip_prefix("0:")?;
    let (time, unique) = rest.split_once(':')?;
    if unique.contains(':') {
        return None;
    }
    if is_canonical(time.as_bytes()) {
        return Some(Cow::Borrowed(text));
    }
    let time = base36_i64(time)?;
    let mut canonical = String::with_capacity(text.len());
    canonical.push_str("0:");
    push_base36(&mut canonical, time);
    canonical.push(':');
    canonical.push_str(unique);
    Some(Cow::Owned(canonical))
}

/// Whether the text is surely what [`push_base36`] writes; false for some rare ones that are.
fn is_canonical(time: &[u8]) -> bool {
    let digits = time.strip_prefix(b"-").unwrap_or(time);
    match digits {
        [] => false,
        [b'0', ..] => time == b"0",
        _ => digits.len() <= SAFE_DIGITS && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z')),
    }
}

/// Reads a base-36 integer with the rules of Java's `Integer.parseInt(text, 36)`.
#[must_use]
pub fn base36_i32(text: &str) -> Option<i32> {
    base36_i64(text).and_then(|number| i32::try_from(number).ok())
}

/// Reads a base-36 integer with the rules of Java's `Long.parseLong(text, 36)`: one sign, digits in either case and
/// in any script, no blanks, in range.
#[must_use]
pub fn base36_i64(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_i64;
    if digits.len() <= SAFE_DIGITS && digits.is_ascii() {
        for byte in digits.bytes() {
            number = number * 36 + i64::from(ascii_digit(byte)?);
        }
        return Some(if negative { -number } else { number });
    }
    // Counting down, because the lowest number has no positive counterpart.
    for character in digits.chars() {
        number = number.checked_mul(36)?.checked_sub(i64::from(digit(character, 36)?))?;
    }
    if negative { Some(number) } else { number.checked_neg() }
}

#[inline]
fn ascii_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'z' => Some(byte - b'a' + 10),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Value of a digit as Java's `Character.digit` sees it: ASCII, full-width letters, and the decimal digits of every
/// script of the basic plane.
#[must_use]
pub fn digit(character: char, radix: u32) -> Option<u8> {
    /// The zeros of the scripts (Unicode 10, general category Nd); nine digits follow each.
    const ZEROS: [u32; 36] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
        0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
        0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    ];
    let code = u32::from(character);
    let value = match code {
        0..=0x7f => u32::from(ascii_digit(u8::try_from(code).ok()?)?),
        0xff21..=0xff3a => code - 0xff21 + 10,
        0xff41..=0xff5a => code - 0xff41 + 10,
        _ => {
            let zero = ZEROS.iter().rev().find(|zero| **zero <= code)?;
            Some(code - zero).filter(|value| *value < 10)?
        }
    };
    u8::try_from(value).ok().filter(|_| value < radix)
}

/// Writes a number in lower-case base 36, as the tracker and the original server do.
pub fn push_base36(out: &mut String, number: i64) {
    let mut buffer = [0_u8; 14];
    let mut at = buffer.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        // The remainder is below 36.
        buffer[at] = DIGITS[usize::try_from(rest % 36).unwrap_or_default()];
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.extend(buffer[at..].iter().map(|byte| char::from(*byte)));
}

/// A new party or session identifier made at `now_ms`.
#[must_use]
pub fn new_identifier(now_ms: i64) -> String {
    let mut id = String::with_capacity(44);
    id.push_str("0:");
    push_base36(&mut id, now_ms);
    id.push(':');
    push_random(&mut id);
    id
}

/// A new page-view identifier.
#[must_use]
pub fn new_page_view_id() -> String {
    let mut id = String::with_capacity(34);
    id.push_str("0:");
    push_random(&mut id);
    id
}

/// Identifier of the event with this number, from 0, on a page view.
#[must_use]
pub fn event_id(page_view_id: &str, number: u32) -> String {
    format!("{page_view_id}{number:x}")
}

/// 32 random characters out of 64.
fn push_random(out: &mut String) {
    let mut random = [0; RANDOM_BYTES];
    for half in random.chunks_exact_mut(RANDOM_BYTES / 2) {
        // Bytes 6 and 8 of a version 4 UUID hold its version and variant; the others are random.
        let uuid = Uuid::new_v4().into_bytes();
        half[..6].copy_from_slice(&uuid[..6]);
        half[6..].copy_from_slice(&uuid[9..15]);
    }
    URL_SAFE_NO_PAD.encode_string(random, out);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn identifiers_are_parsed_and_normalised() {
        for (text, expected) in [
            ("0:16:5mRCeUO4p2_6R7u1m9ZoxXG2AfBeJeHD", Some("0:16:5mRCeUO4p2_6R7u1m9ZoxXG2AfBeJeHD")),
            ("0:I1T84HGY:abc", Some("0:i1t84hgy:abc")),
            ("0:+16:abc", Some("0:16:abc")),
            ("0:016:abc", Some("0:16:abc")),
            ("0:-16:abc", Some("0:-16:abc")),
            ("0:-0:abc", Some("0:0:abc")),
            ("0:0:abc", Some("0:0:abc")),
            ("0:16:", Some("0:16:")),
            ("0:16: é😀", Some("0:16: é😀")),
            ("0:1y2p0ij32e8e7:abc", Some("0:1y2p0ij32e8e7:abc")),
            ("0:-1y2p0ij32e8e8:abc", Some("0:-1y2p0ij32e8e8:abc")),
            ("0:１٣:abc", Some("0:13:abc")),
            ("0:1y2p0ij32e8e8:abc", None),
            ("0:-1y2p0ij32e8e9:abc", None),
            ("0:zzzzzzzzzzzzz:abc", None),
            ("0:16", None),
            ("0:16:a:b", None),
            ("1:16:abc", None),
            ("00:16:abc", None),
            ("0::abc", None),
            ("0:-:abc", None),
            ("0:+:abc", None),
            ("0:--1:abc", None),
            (" 0:16:abc", None),
            ("0: 16:abc", None),
            ("0:***:abc", None),
            ("", None),
        ] {
            assert_eq!(normalise(text).as_deref(), expected, "{text:?}");
        }
        assert!(matches!(normalise("0:kcxgvgzh:AbC"), Some(Cow::Borrowed(_))));
    }

    #[test]
    fn numbers_follow_java() {
        for (text, expected) in [
            ("zik0zj", Some(i32::MAX)),
            ("zik0zk", None),
            ("-zik0zk", Some(i32::MIN)),
            ("Z", Some(35)),
            ("+5", Some(5)),
            ("-1", Some(-1)),
            ("ｚ", Some(35)),
            ("00000000000000000000000z", Some(35)),
            ("", None),
            (" 1", None),
            ("1.5", None),
            ("zz!", None),
            ("½", None),
        ] {
            assert_eq!(base36_i32(text), expected, "{text:?}");
        }
    }

    #[test]
    fn generated_identifiers_differ_and_can_be_read() {
        let made: HashSet<String> = (0..10_000).map(|_| new_identifier(42)).collect();
        assert_eq!(made.len(), 10_000);
        for id in made.iter().take(100) {
            assert_eq!(normalise(id).as_deref(), Some(id.as_str()));
            assert!(id.starts_with("0:16:") && id.len() == 5 + 32, "{id}");
        }
        let page_view = new_page_view_id();
        assert_eq!(page_view.len(), 34);
        assert_eq!(event_id(&page_view, 26), format!("{page_view}1a"));
    }

    proptest! {
        #[test]
        fn numbers_come_back(number: i64) {
            let mut text = String::new();
            push_base36(&mut text, number);
            prop_assert_eq!(base36_i64(&text), Some(number));
            prop_assert_eq!(base36_i64(&text.to_uppercase()), Some(number));
        }

        #[test]
        fn ascii_numbers_are_read_like_the_standard_library_does(text in "[-+]?[0-9a-zA-Z !.]{0,15}") {
            prop_assert_eq!(base36_i64(&text), i64::from_str_radix(&text, 36).ok());
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "0:[-+]?[0-9a-zA-Z]{1,14}:[^:]{0,5}") {
            if let Some(once) = normalise(&text) {
                let twice = normalise(&once).map(Cow::into_owned);
                prop_assert_eq!(twice.as_deref(), Some(&*once));
            }
        }
    }
}
