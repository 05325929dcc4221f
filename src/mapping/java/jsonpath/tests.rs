//! Paths against what the Jayway library says of them.

use serde_json::Value;

use super::*;
use crate::{
    event::Parameters,
    mapping::json::{Document, NodeId, View},
};

fn json(document: &Document, id: NodeId) -> Value {
    match document.view(id) {
        View::Missing | View::Null => Value::Null,
        View::Boolean(value) => value.into(),
        View::Integer(number) => number.into(),
        View::Big(text) | View::Decimal(text) => serde_json::from_str(text).unwrap(),
        View::Double(number) => number.into(),
        View::Text(text) => text.into(),
        View::Array(count) => (0..count).map(|index| json(document, document.element(id, index).unwrap())).collect(),
        View::Object(count) => {
            let members = (0..count).map(|index| document.member(id, index).unwrap());
            let members =
                members.map(|(name, value)| (document.text_of(name).unwrap().to_owned(), json(document, value)));
            Value::Object(members.collect())
        }
    }
}

fn find(path: &str, text: &str) -> Option<Value> {
    let mut document = Document::default();
    document.read(Parameters::Json(text));
    let root = document.root().unwrap();
    let found = Paths::default().find(&Path::parse(path).unwrap(), &mut document, root).unwrap();
    found.map(|id| json(&document, id))
}

#[test]
fn paths_lead_where_the_library_s_do() {
    let recorded: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/java/jsonpath.json")).unwrap();
    let text = recorded["document"].as_str().unwrap();
    let mut wrong = Vec::new();
    for row in recorded["paths"].as_array().unwrap() {
        let path = row[0].as_str().unwrap();
        match (Path::parse(path), row[1] == "error") {
            (Err(_), true) => {}
            (Err(bad), false) => wrong.push(format!("{path} is refused: {bad:?}")),
            (Ok(_), true) => wrong.push(format!("{path} is accepted")),
            (Ok(parsed), false) => {
                if Value::Bool(parsed.is_definite()) != row[1] {
                    wrong.push(format!("{path}: definite {}", parsed.is_definite()));
                }
                let expected = (row[3] == true).then(|| row[2].clone());
                let own = find(path, text);
                if own != expected {
                    wrong.push(format!("{path}: {own:?}, not {expected:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn functions_that_made_no_json_do_here() {
    let text = r#"{"s": "str", "i": 5, "l": ["a", "b"], "n": [1, 2]}"#;
    for (path, expected) in [
        ("$.l.concat()", r#""ab""#),
        ("$.l.concat('c', \"d\")", r#""abcd""#),
        ("$.s.concat(\"x\")", r#""x""#),
        ("$.concat($.s, \"-\", $.i)", r#""str-5""#),
        ("$.n.append(3.0)", "[1, 2, 3.0]"),
        ("$.n.append($.i, \"x\")", r#"[1, 2, 5, "x"]"#),
    ] {
        assert_eq!(find(path, text), Some(serde_json::from_str(expected).unwrap()), "{path}");
    }
}

#[test]
fn paths_are_bounded() {
    for path in
        ["$".to_owned() + &".a".repeat(1000), "$[?(".repeat(500) + "@.a", "$[?(".to_owned() + &"!(".repeat(5000)]
    {
        assert!(Path::parse(&path).is_err());
    }
    let deep = "[".repeat(900) + "1" + &"]".repeat(900);
    assert_eq!(find("$..*", &deep).map(|found| found.as_array().unwrap().len()), Some(900));
    let wide = format!("[{}]", vec!["[0,0,0,0,0,0,0,0]"; 2000].join(","));
    let mut document = Document::default();
    document.read(Parameters::Json(&wide));
    let root = document.root().unwrap();
    let path = Path::parse("$[?(@.length() == 8 && $..[?(@ == 3)].length() == 0)]").unwrap();
    assert_eq!(Paths::default().find(&path, &mut document, root), Err(TooMuch));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_path_or_refused(path in "[$@.a-c*\\[\\]()?'\",:0-9!&|=<>~/ -]{0,24}") {
        if let Ok(path) = Path::parse(&path) {
            let mut document = Document::default();
            document.read(Parameters::Json(r#"{"a": [1, {"b": "c"}], "b": null}"#));
            let root = document.root().unwrap();
            let _ = Paths::default().find(&path, &mut document, root);
        }
    }
}
