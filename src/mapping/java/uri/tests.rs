use super::*;
use crate::mapping::java::form::{decode_into, pairs};

/// `scheme|host|port|path|query|fragment`, `-` for a part that is not there; `no` for what is no URI.
fn shown(text: &str) -> String {
    let Some(uri) = Uri::parse(text) else { return "no".to_owned() };
    let part = |part: Option<Part>| part.map_or("-", |part| part.of(text)).to_owned();
    let number = uri.port.map_or("-".to_owned(), |port| port.to_string());
    [part(uri.scheme), part(uri.host), number, part(uri.path), part(uri.query), part(uri.fragment)].join("|")
}

#[test]
fn references() {
    for (text, expected) in [
        // Relative references, the empty one too.
        ("", "-|-|-||-|-"),
        ("/p?q=1", "-|-|-|/p|q=1|-"),
        ("//h/p", "-|h|-|/p|-|-"),
        ("?a=1", "-|-|-||a=1|-"),
        ("#f", "-|-|-||-|f"),
        ("a/b:c", "-|-|-|a/b:c|-|-"),
        // Schemes.
        ("mailto:a@b.c", "mailto|-|-|-|-|-"),
        ("urn:x#f", "urn|-|-|-|-|f"),
        ("1http://x/", "no"),
        (":x", "no"),
        ("http:", "no"),
        ("http://", "no"),
        ("http:///p", "http|-|-|/p|-|-"),
        ("HTTP://A/../b", "HTTP|A|-|/../b|-|-"),
        // Illegal characters.
        ("http://h/?a=1|2", "no"),
        ("http://h/a b", "no"),
        ("http://h/%zz", "no"),
        ("http://h?x=1%", "no"),
        ("http://h/{x}", "no"),
        ("http://h/a\\b", "no"),
        ("http://h/a^b", "no"),
        ("http://h/[x]", "no"),
        ("http://h/?a=[1]", "http|h|-|/|a=[1]|-"),
        ("http://h/#a#b", "no"),
        ("http://h/\u{a0}", "no"),
        ("http://h/\u{2028}", "no"),
        ("http://h/\u{85}", "no"),
        ("http://h/é😀", "http|h|-|/é😀|-|-"),
        // Authorities.
        ("http://u:p@h:81/", "http|h|81|/|-|-"),
        ("http://h:0/", "http|h|0|/|-|-"),
        ("http://h:/", "http|h|-|/|-|-"),
        ("http://h:99999999999/", "http|-|-|/|-|-"),
        ("http://a:b/", "http|-|-|/|-|-"),
        ("http://under_score.com:8080/x", "http|-|-|/x|-|-"),
        ("http://bücher.example/", "http|-|-|/|-|-"),
        ("http://1.2.3/", "http|-|-|/|-|-"),
        ("http://1.2.3.4:5/", "http|1.2.3.4|5|/|-|-"),
        ("http://1.2.3.400/", "http|-|-|/|-|-"),
        ("http://123/", "http|123|-|/|-|-"),
        ("http://a.b-c.d1./", "http|a.b-c.d1.|-|/|-|-"),
        ("http://[::1]:80/", "http|[::1]|80|/|-|-"),
        ("http://[::]/", "http|[::]|-|/|-|-"),
        ("http://[1:2:3:4:5:6:7:8]/", "http|[1:2:3:4:5:6:7:8]|-|/|-|-"),
        ("http://[1:2:3:4:5:6:1.2.3.4]/", "http|[1:2:3:4:5:6:1.2.3.4]|-|/|-|-"),
        ("http://[::ffff:1.2.3.4]/", "http|[::ffff:1.2.3.4]|-|/|-|-"),
        ("http://[1:2:3:4:5:6:7]/", "no"),
        ("http://[1:2:3:4:5:6:7:8:9]/", "no"),
        ("http://[1::2::3]/", "no"),
        ("http://[12345::]/", "no"),
        ("http://[::1%]/", "no"),
        ("http://[fe80::1%eth0]/", "http|[fe80::1%eth0]|-|/|-|-"),
        ("http://[]/", "no"),
        ("http://a@b@c/", "http|-|-|/|-|-"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

/// The answers that were recorded from the original.
#[test]
fn recorded_uris() {
    let group = include_str!("../../../../tests/conformance/groups/map_uri.json");
    let group: serde_json::Value = serde_json::from_str(group).unwrap();
    let mut compared = 0;
    for case in group["cases"].as_array().unwrap() {
        let record = &case["records"][0];
        let Some(text) = record["loc"].as_str() else { continue };
        let uri = Uri::parse(text);
        assert_eq!(uri.is_some(), record["present"].as_bool().unwrap(), "{text:?}");
        let uri = uri.unwrap_or_default();
        let raw = |part: Option<Part>| part.map(|part| part.of(text).to_owned());
        let decoded = |part: Option<Part>| {
            raw(part).map(|raw| {
                let mut out = String::new();
                decode_into(&raw, false, &mut out);
                out
            })
        };
        for (name, own) in [
            ("scheme", raw(uri.scheme)),
            ("host", raw(uri.host)),
            ("path", decoded(uri.path)),
            ("rawPath", raw(uri.path)),
            ("decodedQueryString", decoded(uri.query)),
            ("rawQueryString", raw(uri.query)),
            ("decodedFragment", decoded(uri.fragment)),
            ("rawFragment", raw(uri.fragment)),
        ] {
            assert_eq!(own.as_deref(), record[name].as_str(), "{name} of {text:?}");
        }
        assert_eq!(uri.port.map(i64::from), record["port"].as_i64(), "port of {text:?}");
        assert_eq!(query(uri.query.map(|query| query.of(text))), record["query"], "query of {text:?}");
        compared += 1;
    }
    assert!(compared > 60, "only {compared} recorded URIs");
}

fn query(raw: Option<&str>) -> serde_json::Value {
    let Some(raw) = raw else { return serde_json::Value::Null };
    let mut map = serde_json::Map::new();
    for (key, value) in pairs(raw) {
        let text = |raw: &str| {
            let mut out = String::new();
            decode_into(raw, true, &mut out);
            out
        };
        let values = map.entry(text(key)).or_insert_with(|| serde_json::Value::Array(Vec::new()));
        values.as_array_mut().unwrap().push(text(value).into());
    }
    map.into()
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
        let _ = Uri::parse(&text);
    }

    #[test]
    fn parts_put_together_are_read_apart(
        host in "[a-z][a-z0-9]{0,5}(\\.[a-z][a-z0-9]{0,5}){0,2}",
        port in 0_i32..70_000,
        path in "(/[a-z0-9;=@é.~-]{0,6}){0,3}",
        query in "[a-z0-9&=/?]{0,8}",
        fragment in "[a-z0-9&=/?]{0,8}",
    ) {
        let text = format!("https://u@{host}:{port}{path}?{query}#{fragment}");
        proptest::prop_assert_eq!(shown(&text), format!("https|{host}|{port}|{path}|{query}|{fragment}"));
    }
}
