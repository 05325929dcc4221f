//! Documents: reading, depth, numbers.

use super::*;

fn read(text: &str) -> Document {
    let mut document = Document::default();
    document.read(Parameters::Json(text));
    document
}

#[test]
fn json_is_read_as_it_was_sent() {
    let document =
        read(r#" {"a": 1, "b": [1.50, true, null, "x\u00e9\ud83c\udf88\ud800\n"], "a": 12345678901234567890} "#);
    let root = document.root().unwrap();
    assert_eq!(document.view(root), View::Object(2));
    let (name, value) = document.member(root, 0).unwrap();
    assert_eq!((document.text_of(name), document.view(value)), (Some("a"), View::Big("12345678901234567890")));
    let (_, list) = document.find(root, "b").unwrap();
    let views: Vec<_> = (0..4).map(|index| document.view(document.element(list, index).unwrap())).collect();
    assert_eq!(views, [View::Double(1.5), View::Boolean(true), View::Null, View::Text("xé🎈?\n")]);
    assert!(document.element(list, 4).is_none() && document.member(root, 2).is_none());
}

#[test]
fn what_is_no_json_is_absent() {
    for text in
        ["", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{,}", "tru", "\"a", "\"\\x\"", "01x", "-", "}", "[1}", "nul"]
    {
        assert_eq!(read(text).root(), None, "{text}");
    }
}

#[test]
fn depth_is_bounded_and_reading_never_recurses() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&nested(DEPTH_MAX)).root().is_some());
    assert!(read(&nested(DEPTH_MAX + 1)).root().is_none());
    assert!(read(&"[".repeat(4_000_000)).root().is_none());
    assert!(read(&"{\"a\":".repeat(600_000)).root().is_none());
}

#[test]
fn a_document_is_used_again() {
    let mut document = read("[1, 2]");
    document.read(Parameters::Mincode("(sa!x!)"));
    let root = document.root().unwrap();
    assert_eq!(document.view(root), View::Object(1));
    document.read(Parameters::Absent);
    assert_eq!(document.root(), None);
}

proptest::proptest! {
    #[test]
    fn reading_agrees_with_serde(text in "[\\[\\]{}\",:a1.0e+ \\\\u-]{0,20}") {
        let valid = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|value| !value.is_null());
        // Ours reads only what a source has found well-formed, so it may take more, never less.
        if valid {
            proptest::prop_assert!(read(&text).root().is_some(), "{}", text);
        }
    }
}
