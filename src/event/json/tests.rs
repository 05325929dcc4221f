use proptest::prelude::*;

use super::*;

const VALID: &str = r#"{"session_id": "0:kcxh0qzs:Zy", "event_id": "js1", "is_new_party": false, "is_new_session": true,
    "client_timestamp_iso": "2020-07-22T16:37:22.286+02:00", "event_type": "buy", "parameters": {"a": 1.50, "b": "two"}}"#;

fn valid() -> JsonEvent<'static> {
    JsonEvent {
        party_id: None,
        session_id: "0:kcxh0qzs:Zy".into(),
        event_id: "js1".into(),
        is_new_party: false,
        is_new_session: true,
        client_time: 1_595_428_642_286,
        event_type: Some("buy".into()),
        parameters: Some(r#"{"a": 1.50, "b": "two"}"#),
    }
}

/// The valid body with one property's value replaced.
fn with(name: &str, value: &str) -> String {
    let body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(VALID).unwrap();
    let members: Vec<String> = body
        .iter()
        .map(|(key, known)| {
            let known = known.to_string();
            format!("{key:?}: {}", if key == name { value } else { &known })
        })
        .collect();
    format!("{{{}}}", members.join(", "))
}

fn without(name: &str) -> String {
    let mut body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(VALID).unwrap();
    assert!(body.remove(name).is_some());
    serde_json::Value::Object(body).to_string()
}

#[test]
fn a_valid_body_is_borrowed() {
    let event = read(VALID.as_bytes()).unwrap();
    assert_eq!(event, valid());
    assert!(matches!(event.session_id, Cow::Borrowed(_)) && matches!(event.event_id, Cow::Borrowed(_)));
    assert_eq!(read(format!(" \n{VALID} garbage \u{1}").as_bytes()), Ok(valid()));
    assert_eq!(read(&[VALID.as_bytes(), b"\xff"].concat()), Ok(valid()));
}

#[test]
fn text_properties_take_scalars() {
    for (value, expected) in [
        (r#""x""#, Ok(Some("x"))),
        (r#""""#, Ok(Some(""))),
        (r#""a\u00e9\n\"\/\\\ud83d\ude00""#, Ok(Some("aé\n\"/\\😀"))),
        (r#""\ud83d""#, Ok(Some("?"))),
        (r#""\ude00\ud83dx""#, Ok(Some("??x"))),
        (r#""\ud83d\u0041""#, Ok(Some("?A"))),
        ("7", Ok(Some("7"))),
        ("-1.50e3", Ok(Some("-1.50e3"))),
        ("true", Ok(Some("true"))),
        ("null", Ok(None)),
        (r#"{"x": 1}"#, Err(())),
        (r#"["x"]"#, Err(())),
    ] {
        let body = with("event_type", value);
        let event_type = read(body.as_bytes()).map(|event| event.event_type.map(Cow::into_owned));
        let expected_type = expected.map(|text| text.map(str::to_owned)).map_err(|()| JsonError::EventType);
        assert_eq!(event_type, expected_type, "{value}");
        let body = with("event_id", value);
        let event_id = read(body.as_bytes()).map(|event| event.event_id.into_owned());
        assert_eq!(event_id.ok().as_deref(), expected.ok().flatten(), "{value}");
    }
}

#[test]
fn flags_take_what_looks_like_a_flag() {
    for (value, expected) in [
        ("true", Some(true)),
        ("false", Some(false)),
        ("null", Some(false)),
        ("7", Some(true)),
        ("0", Some(false)),
        ("-0", Some(false)),
        ("99999999999999999999999", Some(true)),
        (r#""true""#, Some(true)),
        (r#"" true ""#, Some(true)),
        (r#""false""#, Some(false)),
        (r#""""#, Some(false)),
        (r#""TRUE""#, None),
        (r#""1""#, None),
        (r#""hello""#, None),
        ("0.0", None),
        ("1.5", None),
        ("1e0", None),
        ("{}", None),
        (r#"["true"]"#, None),
    ] {
        let body = with("is_new_session", value);
        assert_eq!(read(body.as_bytes()).map(|event| event.is_new_session).ok(), expected, "{value}");
        let body = with("is_new_party", value);
        assert_eq!(read(body.as_bytes()).map(|event| event.is_new_party).ok(), expected, "{value}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (body, expected) in [
        (without("session_id"), JsonError::SessionId),
        (with("session_id", "null"), JsonError::SessionId),
        (with("session_id", r#""hello""#), JsonError::SessionId),
        (with("session_id", "7"), JsonError::SessionId),
        (without("event_id"), JsonError::EventId),
        (without("is_new_party"), JsonError::NewParty),
        (without("is_new_session"), JsonError::NewSession),
        (without("client_timestamp_iso"), JsonError::ClientTime),
        (with("client_timestamp_iso", "7"), JsonError::ClientTime),
        (with("client_timestamp_iso", "null"), JsonError::ClientTime),
        (with("client_timestamp_iso", r#""2020-07-22""#), JsonError::ClientTime),
        (VALID.replace("event_type", "foo"), JsonError::UnknownProperty),
        (VALID.replace('"', "'"), JsonError::Malformed),
        (format!("/* x */{VALID}"), JsonError::Malformed),
        (with("parameters", "{\"a\": NaN}"), JsonError::Malformed),
        (with("event_type", "\"a\u{1}b\""), JsonError::Malformed),
        (format!("[{VALID}]"), JsonError::Malformed),
        ("{}".into(), JsonError::SessionId),
        ("null".into(), JsonError::Malformed),
        ("\"x\"".into(), JsonError::Malformed),
        ("{".into(), JsonError::Malformed),
        (" ".into(), JsonError::Malformed),
        ("a=b&c=d".into(), JsonError::Malformed),
    ] {
        assert_eq!(read(body.as_bytes()), Err(expected), "{body}");
    }
    for (from, to) in [("buy", &b"\xff\xfe"[..]), ("buy", b"\xc0\x80"), ("two", b"\xc0\x80")] {
        let (before, after) = VALID.split_once(from).unwrap();
        let body = [before.as_bytes(), to, after.as_bytes()].concat();
        assert_eq!(read(&body), Err(JsonError::Malformed), "{to:?}");
    }
}

#[test]
fn the_last_of_a_repeated_property_counts() {
    let body = VALID.replace("\"parameters\"", "\"event_type\": \"second\", \"parameters\"");
    assert_eq!(read(body.as_bytes()), Ok(JsonEvent { event_type: Some("second".into()), ..valid() }));
    let body = with("session_id", r#""0:ABC:\u0079""#);
    assert_eq!(
        read(body.as_bytes()),
        Ok(JsonEvent { session_id: "0:abc:y".into(), parameters: Some(r#"{"a":1.5,"b":"two"}"#), ..valid() })
    );
}

#[test]
fn parameters_are_kept_as_sent() {
    for (body, expected) in [
        (without("parameters"), None),
        (with("parameters", "null"), Some("null")),
        (with("parameters", " [1, 1.50, 1e400] "), Some("[1, 1.50, 1e400]")),
        (with("parameters", "1000000000000000000000000000000"), Some("1000000000000000000000000000000")),
        (with("parameters", r#""\ud83d""#), Some(r#""\ud83d""#)),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap().parameters, expected, "{body}");
    }
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(read(with("parameters", &deep).as_bytes()).unwrap().parameters, Some(deep.as_str()));
}

#[test]
fn other_encodings_are_recognised_by_their_first_bytes() {
    let body = r#"{"é": "😀"}"#;
    let units: Vec<u16> = body.encode_utf16().collect();
    let little = |bytes: &[u16]| bytes.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>();
    let big = |bytes: &[u16]| bytes.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>();
    let wide_little = |text: &str| text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
    let wide_big = |text: &str| text.chars().flat_map(|character| u32::from(character).to_be_bytes()).collect();
    let with_mark = [&[0xfeff], units.as_slice()].concat();
    let encoded: [Vec<u8>; 10] = [
        body.into(),
        format!("\u{feff}{body}").into(),
        little(&units),
        little(&with_mark),
        big(&units),
        big(&with_mark),
        wide_little(body),
        wide_little(&format!("\u{feff}{body}")),
        wide_big(body),
        wide_big(&format!("\u{feff}{body}")),
    ];
    for bytes in encoded {
        assert_eq!(as_utf8(&bytes), body.as_bytes(), "{bytes:?}");
    }
    for short in [&b""[..], b"x", b"12", b"{}"] {
        assert_eq!(as_utf8(short), short);
    }
}

proptest! {
    #[test]
    fn escapes_come_back(text in "\\PC{0,20}", escape_all: bool) {
        let quoted = if escape_all {
            text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
        } else {
            let quoted = serde_json::to_string(&text).unwrap();
            quoted[1..quoted.len() - 1].to_owned()
        };
        let unescaped = unescape(&quoted);
        prop_assert_eq!(unescaped.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn no_body_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), at: prop::sample::Index, value: u8) {
        let _ = read(&as_utf8(&bytes));
        let mut body = VALID.as_bytes().to_vec();
        let at = at.index(body.len());
        body[at] = value;
        let _ = read(&as_utf8(&body));
    }
}
