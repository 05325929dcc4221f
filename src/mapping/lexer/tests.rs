use std::sync::Arc;

use super::*;
use crate::diagnostic::SourceText;

fn read(script: &str) -> (Vec<Token>, Vec<&'static str>) {
    let source = Arc::new(SourceText { name: "test".into(), text: script.into() });
    let mut reports = Reports::new(&source);
    let tokens = lex(script, &mut reports);
    (tokens, reports.finish().into_iter().map(|report| report.code).collect())
}

fn one(script: &str) -> TokenKind {
    let (tokens, errors) = read(script);
    assert!(errors.is_empty(), "{script}: {errors:?}");
    assert_eq!(tokens.len(), 2, "{script}: {tokens:?}");
    tokens.into_iter().next().unwrap().kind
}

#[test]
fn texts() {
    for (script, expected) in [
        (r"'plain'", "plain"),
        (r"'ünï \u2603 \n tab\t \\ \''", "ünï ☃ \n tab\t \\ '"),
        (r"'\uD83D\uDE00'", "😀"),
        (r"'\101\60'", "A0"),
        ("'a\\\nb'", "ab"),
        ("'$a'", "$a"),
        (r#""double \$quoted""#, "double $quoted"),
        ("'''tri'p\nle'''", "tri'p\nle"),
        ("'''a\r\nb'''", "a\nb"),
        ("\"\"\"a\"b\"\"\"", "a\"b"),
        (r"/^a\/b\d+$/", r"^a/b\d+$"),
        (r"/a$|b/", r"a$|b"),
        ("$/a$$b$/c\\n/$", "a$b/c\\n"),
        ("''", ""),
    ] {
        assert_eq!(one(script), TokenKind::Text(expected.to_owned()), "{script}");
    }
}

#[test]
fn numbers() {
    for (script, expected) in [
        ("42", Number::Int(42)),
        ("1_000", Number::Int(1000)),
        ("0x1F", Number::Int(31)),
        ("0b101", Number::Int(5)),
        ("010", Number::Int(8)),
        ("0", Number::Int(0)),
        ("2147483648", Number::Long(2_147_483_648)),
        ("42L", Number::Long(42)),
        ("42i", Number::Int(42)),
        ("9223372036854775808", Number::Big("9223372036854775808".to_owned())),
        ("5g", Number::Big("5".to_owned())),
        ("1.5f", Number::Float(1.5)),
        ("1e10d", Number::Double(1e10)),
        ("5d", Number::Double(5.0)),
        ("1.5", Number::Decimal("1.5".to_owned())),
        ("1e3", Number::Decimal("1e3".to_owned())),
        (".5f", Number::Float(0.5)),
    ] {
        assert_eq!(one(script), TokenKind::Number(expected), "{script}");
    }
}

#[test]
fn faults_are_reported_and_reading_goes_on() {
    for (script, expected) in [
        ("'open\nmap x", vec!["M002"]),
        ("'''open", vec!["M002"]),
        ("/* open", vec!["M002"]),
        ("'\\q' '\\w'", vec!["M003", "M003"]),
        ("089", vec!["M003"]),
        ("1x", vec!["M003"]),
        ("99999999999i", vec!["M003"]),
        ("a # b \u{1}", vec!["M001", "M001"]),
        ("\"a $ b\"", vec!["M003"]),
        ("\"${a\"", vec!["M002", "M002", "M002"]),
    ] {
        assert_eq!(read(script).1, expected, "{script}");
    }
}

#[test]
fn interpolation_holds_tokens() {
    let TokenKind::Interpolated(pieces) = one("\"a${x.y('}')}b$c.d.e $f.\"") else { panic!("no interpolation") };
    let shown: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Code(tokens) => format!("<{}>", tokens.len() - 1),
        })
        .collect();
    assert_eq!(shown, ["a", "<6>", "b", "<5>", " ", "<1>", "."]);
}

#[test]
fn slashes_divide_or_quote() {
    for (script, texts) in [
        ("a / b / c", 0),
        ("4/2/1", 0),
        ("(a)/b/c", 0),
        ("match /a b/ against x", 1),
        ("x = /a/", 1),
        ("f(/a/)", 1),
        ("return /a/", 1),
    ] {
        let found = read(script).0.iter().filter(|token| matches!(token.kind, TokenKind::Text(_))).count();
        assert_eq!(found, texts, "{script}");
    }
}

#[test]
fn comments_shebang_and_ranges() {
    let words = |script: &str| -> Vec<String> {
        let (tokens, errors) = read(script);
        assert!(errors.is_empty(), "{errors:?}");
        let sign = |kind: &TokenKind| match kind {
            TokenKind::Word(word) => word.clone(),
            TokenKind::Sign(sign) => (*sign).to_owned(),
            TokenKind::Newline => "⏎".to_owned(),
            TokenKind::End => "end".to_owned(),
            other => format!("{other:?}"),
        };
        tokens.iter().map(|token| sign(&token.kind)).collect()
    };
    assert_eq!(words("#!/usr/bin/x\na /* b\n */ c // d"), ["⏎", "a", "c", "end"]);
    assert_eq!(words("1..3").len(), 4);
    assert_eq!(words("a?.b ?: c \\\n d"), ["a", "?.", "b", "?:", "c", "d", "end"]);
}
