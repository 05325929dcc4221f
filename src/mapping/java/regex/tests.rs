//! Patterns against what a JVM says of them.

use serde_json::Value;

use super::*;

fn recorded() -> Value {
    serde_json::from_str(include_str!("../../../../tests/fixtures/java/regex.json")).unwrap()
}

/// Patterns that are refused here although a JVM takes them.
const REFUSED: &[&str] = &["\\X", "\\b{g}", "\\N{LATIN SMALL LETTER A}"];

fn groups_of(regex: &Regex, text: &str) -> Option<Vec<Option<String>>> {
    let (mut locations, mut out) = (Locations::default(), Vec::new());
    let matched = regex.captures(text, &mut locations, &mut out).unwrap();
    assert_eq!(matched, regex.is_match(text).unwrap());
    matched.then(|| out.iter().map(|part| part.map(|part| part.of(text).to_owned())).collect())
}

#[test]
fn patterns_match_as_on_a_jvm() {
    let recorded = recorded();
    let texts: Vec<&str> = recorded["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let mut wrong = Vec::new();
    for row in recorded["patterns"].as_array().unwrap() {
        let pattern = row[0].as_str().unwrap();
        match Regex::new(pattern) {
            Err(bad) => {
                if !row[1].is_null() && !REFUSED.contains(&pattern) {
                    wrong.push(format!("{pattern:?} is refused: {bad:?}"));
                }
            }
            Ok(_) if row[1].is_null() => wrong.push(format!("{pattern:?} is accepted")),
            Ok(regex) => {
                for (index, text) in texts.iter().enumerate() {
                    let expected = row[1].get(index.to_string()).map(|groups| {
                        let groups = groups.as_array().unwrap().iter();
                        groups.map(|group| group.as_str().map(str::to_owned)).collect::<Vec<_>>()
                    });
                    let own = groups_of(&regex, text);
                    // What an empty turn of a loop leaves in a group, no two engines agree on.
                    if own != expected && pattern != "(a*)*" {
                        wrong.push(format!("{pattern:?} on {text:?}: {own:?}, not {expected:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn common_patterns_run_on_the_linear_engine() {
    for (pattern, linear) in [
        ("^/foo/([a-z]+)\\.html$", true),
        ("(?i)hello.*", true),
        ("[^/]+/([^/]+)(/.*)?", true),
        ("^a$|^b$", true),
        ("(\\d{4})-(?<m>\\d\\d)", true),
        ("(\\w+)\\s\\1", false),
        ("(?=.*x).*", false),
        ("a*+b", false),
    ] {
        assert_eq!(Regex::new(pattern).unwrap().is_linear(), linear, "{pattern}");
    }
}

#[test]
fn hostile_texts_end_in_an_error_not_in_a_hang() {
    let text = "a".repeat(5000) + "!";
    assert_eq!(Regex::new("(a+)+b").unwrap().is_match(&text), Ok(false));
    assert_eq!(Regex::new("(a|aa)+(?=x)y").unwrap().is_match(&text), Err(MatchError));
}

#[test]
fn patterns_are_bounded() {
    for pattern in ["(".repeat(1000), "a".repeat(100_000), "((a{1000}){1000}){1000}".to_owned(), "[".repeat(1000)] {
        assert!(Regex::new(&pattern).is_err(), "{}", &pattern[..20]);
    }
}

proptest::proptest! {
    #[test]
    fn any_pattern_is_compiled_or_refused(pattern in "[a-c\\\\()\\[\\]{}|*+?^$.0-9&<>=!:QEdwsbBpLkxu#-]{0,20}", text in "[a-c]{0,8}") {
        if let Ok(regex) = Regex::new(&pattern) {
            let _ = regex.captures(&text, &mut Locations::default(), &mut Vec::new());
        }
    }
}
