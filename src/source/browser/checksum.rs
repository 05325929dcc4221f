//! The checksum by which the tracker lets the server detect cut or mangled URLs.
//!
//! `MurmurHash3` (32 bits, seed 0) over all parameters but `x`, decoded: for each name, sorted by UTF-16 code units,
//! `name=`, every value followed by `,`, and `;`. It is sent in `x`, base 36, as a signed number.

use std::cmp::Ordering;

use crate::{
    event::{
        ids::base36_i64,
        murmur::{FaultyMurmur32, Murmur32},
    },
    source::query::Query,
};

/// Name of the parameter that holds the checksum.
const NAME: u8 = b'x';

/// Whether the query has a checksum that fits. The original's faulty hash of characters beyond the basic plane is
/// accepted as well, for clients that were made to please it.
#[must_use]
pub fn is_intact(query: &Query<'_>) -> bool {
    let Some(sent) = query.letter(NAME).and_then(base36_i64) else { return false };
    let equals = |hash: u32| i64::from(hash.cast_signed()) == sent;
    if equals(checksum(query)) {
        return true;
    }
    let beyond_basic_plane = query.text().bytes().any(|byte| byte >= 0xf0);
    beyond_basic_plane && equals(faulty_checksum(query))
}

/// The checksum that the tracker sends.
fn checksum(query: &Query<'_>) -> u32 {
    letters_checksum(query).unwrap_or_else(|| {
        let mut hash = Murmur32::new(0);
        canonical(query, |piece| hash.write(piece.as_bytes()));
        hash.finish()
    })
}

/// The checksum that the original server computes.
fn faulty_checksum(query: &Query<'_>) -> u32 {
    let mut hash = FaultyMurmur32::new(0);
    canonical(query, |piece| hash.write(piece));
    hash.finish()
}

/// The checksum of a query as trackers send it, with names of one letter, each once: sorting them is setting bits.
fn letters_checksum(query: &Query<'_>) -> Option<u32> {
    let mut letters = 0_u128;
    for (name, _) in query.iter() {
        let [letter @ 0..=0x7f] = *name.as_bytes() else { return None };
        let bit = 1 << letter;
        if letters & bit != 0 {
            return None;
        }
        letters |= bit;
    }
    letters &= !(1 << NAME);
    let mut hash = Murmur32::new(0);
    // The end of a value and the next name together fill a block of the hash.
    let mut end_of_value: &[u8] = b"";
    while letters != 0 {
        // Below 128.
        let letter = u8::try_from(letters.trailing_zeros()).unwrap_or_default();
        letters &= letters - 1;
        match end_of_value {
            [] => hash.write(&[letter, b'=']),
            _ => hash.write(&[b',', b';', letter, b'=']),
        }
        hash.write(query.letter(letter).unwrap_or_default().as_bytes());
        end_of_value = b",;";
    }
    hash.write(end_of_value);
    Some(hash.finish())
}

/// Gives the pieces of the canonical form in order.
fn canonical<'a>(query: &Query<'a>, mut write: impl FnMut(&'a str)) {
    let mut parameters: Vec<_> = query.iter().filter(|(name, _)| name.as_bytes() != [NAME]).collect();
    // Stable: the values of a name keep their order.
    parameters.sort_by(|(left, _), (right, _)| by_utf16(left, right));
    for group in parameters.chunk_by(|(left, _), (right, _)| left == right) {
        write(group[0].0);
        write("=");
        for (_, value) in group {
            write(value);
            write(",");
        }
        write(";");
    }
}

fn by_utf16(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        event::{ids::push_base36, murmur::murmur3_32},
        source::query::QueryBuffer,
    };

    const A: &str = "p=0%3Ai1t84hgy%3A5AF359Zjq5kUy98u4wQjlIZzWGhN~GlG&s=0%3Ai1t84hgy%3A95CbiPCYln_1e0a6rFvuRkDkeNnc6KC8&v=0%3A1fF6GFGjDOQiEx_OxnTm_tl4BH91eGLF&e=0%3A1fF6GFGjDOQiEx_OxnTm_tl4BH91eGLF0&c=i1t8q2b6&n=f&f=f&l=http%3A%2F%2Flocalhost%3A8290%2F&i=1ak&j=sj&k=2&w=uq&h=qd&t=pageView";
    const B: &str = "p=0%3Ai1t84hgy%3Aparty&s=0%3Ai1t84hgy%3Asession&v=0%3ApageView&e=0%3AeventId&c=i1t8q2b6&n=f&f=f&l=http%3A%2F%2Flocalhost%3A8290%2F&i=1ak&j=sj&k=2&w=uq&h=qd&t=";
    const C: &str = "p=0%3Ai1t84hgy%3Aparty&s=0%3Ai1t84hgy%3Asession&v=0%3ApageView&e=0%3ApageView1&c=i1t8q2b6&n=f&f=f&l=https%3A%2F%2Fexample.com%2F%3Fa%3Db%26c%3Dd&r=https%3A%2F%2Fref.example%2F&i=1ak&j=sj&k=1&w=uq&h=qd&t=addToCart&u=(ssku!A~!1!dqty!2!jprice!9.95!)";

    fn check(query: &str) -> bool {
        is_intact(&QueryBuffer::default().decode(query, 1000).unwrap())
    }

    #[test]
    fn worked_examples_fit() {
        for (query, checksum) in [
            (A.to_owned(), "si9804"),
            (format!("{B}%E1%BB%A5%C3%B1%E2%9A%95%C2%A9%C2%BA%E1%B8%8C%E2%84%A8"), "-ql2p2c"),
            (format!("{B}sentinelEvent"), "-y99lem"),
            (C.to_owned(), "-qnx3bl"),
            ("a=1&a=2&t=buy&u=(skey!a%20b!)".to_owned(), "y0maa9"),
            ("t=%F0%9F%98%80".to_owned(), "-2nxnzf"),
            (String::new(), "0"),
        ] {
            assert!(check(&format!("{query}&x={checksum}")), "{query}");
            assert!(check(&format!("x={checksum}&{query}")), "{query}");
            assert!(check(&format!("{query}&x={}", checksum.to_uppercase())), "{query}");
        }
        assert!(check(&format!("{A}&x=%2Bsi9804")));
        assert!(check(&format!("{A}&x=00si9804")));
        assert!(check(&format!("{A}&x=si9804&x=wrong")));
    }

    #[test]
    fn what_does_not_fit_is_seen() {
        for end in
            ["", "&x", "&x=", "&x=si9805", "&x=-si9804", "&x=si9804zzzzzzzzzz", "&x=+si9804", "&x=wrong&x=si9804"]
        {
            assert!(!check(&format!("{A}{end}")), "{end}");
        }
        // Not as an unsigned number.
        let unsigned = u64::from(0xa02f_379c_u32);
        let mut text = String::new();
        push_base36(&mut text, i64::try_from(unsigned).unwrap());
        assert!(!check(&format!("{B}%E1%BB%A5%C3%B1%E2%9A%95%C2%A9%C2%BA%E1%B8%8C%E2%84%A8&x={text}")));
    }

    /// Independent of the code above: sorts by UTF-16 units as text, builds the whole canonical string.
    fn reference(pairs: &[(String, String)]) -> u32 {
        let mut names: Vec<&String> = pairs.iter().map(|(name, _)| name).filter(|name| *name != "x").collect();
        names.sort_by_key(|name| name.encode_utf16().collect::<Vec<_>>());
        names.dedup();
        let mut text = String::new();
        for name in names {
            text.push_str(name);
            text.push('=');
            for (_, value) in pairs.iter().filter(|(found, _)| found == name) {
                text.push_str(value);
                text.push(',');
            }
            text.push(';');
        }
        murmur3_32(text.as_bytes(), 0)
    }

    proptest! {
        #[test]
        fn any_query_has_its_checksum(pairs in proptest::collection::vec(("[a-dx\u{ff5e}\u{10000}é]{1,2}", "[a-z,;=é😀]{0,9}"), 0..12)) {
            let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            let mut checksum = String::new();
            push_base36(&mut checksum, i64::from(reference(&pairs).cast_signed()));
            let intact = check(&format!("x={checksum}&{}", query.join("&")));
            prop_assert!(intact, "{:?} {}", pairs, checksum);
        }
    }
}
