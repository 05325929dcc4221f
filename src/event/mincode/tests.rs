use proptest::prelude::*;

use super::*;

fn json(text: &str) -> String {
    match read(text) {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn values_are_read_as_the_original_reads_them() {
    for (text, expected) in [
        ("", ""),
        ("()", "{}"),
        ("a.", "[]"),
        ("sHello~~World~!!", r#""Hello~World!""#),
        ("s~n~!~~é!", r#""n!~é""#),
        ("ad1!d-11!j0.5!.", "[1,-37,0.5]"),
        ("(na!tb!fc!)", r#"{"a":null,"b":true,"c":false}"#),
        ("(sk~~~!!v!)", r#"{"k~!":"v"}"#),
        ("an().", "[null,{}]"),
        (
            "(sname!John Doe!dage!16!achildren!sMary!sBill!.)",
            r#"{"name":"John Doe","age":42,"children":["Mary","Bill"]}"#,
        ),
        ("(jp!1e+20!dq!lfls!jr!-7.83e-9!)", r#"{"p":1E+20,"q":1000000,"r":-7.83E-9}"#),
        ("sé😀!", r#""é😀""#),
        (
            "((a!)sb!c!(d!aa!.sb!g!)an!()(sa!b!).(o!))",
            r#"{"a":{},"b":"c","d":{"a":[],"b":"g"},"n":[{},{"a":"b"}],"o":{}}"#,
        ),
        ("(ssku!A~!1!dqty!2!jprice!9.95!)", r#"{"sku":"A!1","qty":2,"price":9.95}"#),
        ("(aa!da!db!.)", r#"{"a":[10,11]}"#),
        ("(sa!1!sb!3!sa!2!)", r#"{"a":"2","b":"3"}"#),
        ("(s!empty name!)", r#"{"":"empty name"}"#),
        ("sa\nb!", r#""a\nb""#),
        // Only one value is read.
        ("()garbage", "{}"),
        ("ttt", "true"),
        ("sabc!x", r#""abc""#),
        ("(sa!x!))", r#"{"a":"x"}"#),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
}

/// What the tracker writes; its own tests hold it to the same file.
#[test]
fn what_the_tracker_writes_is_what_the_page_meant() {
    let fixture = include_str!("../../../static/tracker/test/fixtures/mincode.json");
    let pairs: Vec<(serde_json::Value, String)> = serde_json::from_str(fixture).unwrap();
    assert!(pairs.len() > 30);
    for (meant, text) in pairs {
        let read: serde_json::Value = serde_json::from_str(&json(&text)).unwrap();
        // A whole number may come as either of two types.
        let same = read == meant || (read.is_number() && read.as_f64() == meant.as_f64());
        assert!(same, "{text}: {read}, not {meant}");
    }
}

#[test]
fn numbers_are_typed_by_size_and_form() {
    for (text, expected) in [
        ("d1y!", "70"),
        ("d-1Y!", "-70"),
        ("d+1y!", "70"),
        ("d-0!", "0"),
        ("d000z!", "35"),
        ("dzik0zk!", "2147483648"),
        ("d1y2p0ij32e8e7!", "9223372036854775807"),
        ("d1y2p0ij32e8e8!", "9223372036854775808"),
        ("d-1y2p0ij32e8e8!", "-9223372036854775808"),
        ("d-1y2p0ij32e8e9!", "-9223372036854775809"),
        (
            "dzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz!",
            "653318623500070906096690267158057820537143710472954871543071966369497141477375",
        ),
        ("j100!", "100"),
        ("j5.!", "5"),
        ("j+5!", "5"),
        ("j.5!", "0.5"),
        ("j-.5!", "-0.5"),
        ("j1.0!", "1"),
        ("j100.0!", "1E+2"),
        ("j1e3!", "1E+3"),
        ("j1.5e1!", "15"),
        ("j10e-1!", "1"),
        ("j0.0!", "0"),
        ("j0e5!", "0"),
        ("j-7.83e-9!", "-7.83E-9"),
        ("j1e21!", "1E+21"),
        ("j1e400!", "1E+400"),
        ("j10.3!", "10.3"),
        ("j12345.678e-3!", "12.345678"),
        ("j0.000001!", "0.000001"),
        ("j0.0000001!", "1E-7"),
        ("j0.00000123!", "0.00000123"),
        ("j0.000000123!", "1.23E-7"),
        ("j1e2147483647!", "1E+2147483647"),
        ("j123456789012345678901234567890!", "123456789012345678901234567890"),
        ("j0x10!", "error: invalid number record"),
        ("j1e2147483649!", "error: invalid number record"),
        ("j1e99999999999!", "error: invalid number record"),
        ("j!", "error: invalid number record"),
        ("j.!", "error: invalid number record"),
        ("j1e!", "error: invalid number record"),
        ("j1.2.3!", "error: invalid number record"),
        ("j--1!", "error: invalid number record"),
        ("j 1!", "error: invalid number record"),
        ("d!", "error: invalid integer record"),
        ("d-!", "error: invalid integer record"),
        ("d+-1!", "error: invalid integer record"),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
    assert!(matches!(read("d1!"), Ok(Value::Number(Number::Integer(1)))));
    assert!(matches!(read("j1!"), Ok(Value::Number(Number::Integer(1)))));
    assert!(matches!(read("j1.0!"), Ok(Value::Number(Number::Decimal(_)))));
    assert!(matches!(read("j1e3!"), Ok(Value::Number(number)) if (number.to_f64() - 1000.0).abs() < f64::EPSILON));
}

#[test]
fn errors_say_what_is_wrong() {
    use MincodeError as E;
    for (text, expected) in [
        ("z", E::UnknownType('z')),
        ("hello", E::UnknownType('h')),
        ("(zfoo!)", E::UnknownType('z')),
        ("o!", E::UnknownType('o')),
        ("(oa!)", E::UnknownType('o')),
        (" t", E::UnknownType(' ')),
        ("(sa!x! )", E::UnknownType(' ')),
        ("(.)", E::UnknownType('.')),
        (")", E::NotInObject),
        ("a)", E::NotInObject),
        ("(aa!)", E::NotInObject),
        (".", E::NotInArray),
        ("sabc", E::OpenText),
        ("(ta", E::OpenText),
        ("(sa!x", E::OpenText),
        ("(sa!~)", E::OpenText),
        ("sab~", E::OpenEscape),
        ("d54@@!", E::Integer),
        ("(da!!)", E::Integer),
        ("j54@@!", E::Number),
        ("jNaN!", E::Number),
        ("asfoo!", E::OpenContainer),
        ("(sfoo!bar!", E::OpenContainer),
        ("(", E::OpenContainer),
    ] {
        assert_eq!(read(text), Err(expected), "{text}");
    }
}

#[test]
fn depth_and_digits_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "a".repeat(depth), ".".repeat(depth));
    assert!(read(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(MincodeError::TooDeep));
    assert_eq!(read(&"(".repeat(60_000)), Err(MincodeError::OpenText));
    assert!(read(&format!("d{}!", "z".repeat(INTEGER_DIGITS_MAX))).is_ok());
    assert_eq!(read(&format!("d{}!", "z".repeat(INTEGER_DIGITS_MAX + 1))), Err(MincodeError::Integer));
}

#[test]
fn many_members_keep_their_order_and_the_last_value() {
    let members: Vec<_> = (0..40).map(|number| format!("dm{}!{number}!", number % 20)).collect();
    let text = format!("({})", members.concat());
    let Ok(Value::Object(members)) = read(&text) else { panic!("no object") };
    let names: Vec<_> = members.iter().map(|(name, _)| name.clone().into_owned()).collect();
    assert_eq!(names, (0..20).map(|number| format!("m{number}")).collect::<Vec<_>>());
    assert_eq!(members[0].1, Value::Number(Number::Integer(2 * 36)));
}

#[test]
fn floats_are_written_as_the_tracker_writes_them() {
    for (number, expected) in [
        (42.0, "d16"),
        (-1.0, "d-1"),
        (-0.0, "d0"),
        (36.0, "d10"),
        (1000.0, "drs"),
        (100_000.0, "d255s"),
        (1_000_000.0, "dlfls"),
        (123_456_789_012.0, "d1kpqzg2c"),
        (2_147_483_648.0, "dzik0zk"),
        (9_007_199_254_740_992.0, "d2gosa7pa2gw"),
        (1e20, "j1e+20"),
        (1e21, "j1e+21"),
        (53.2, "j53.2"),
        (0.5, "j0.5"),
        (1.0 / 3.0, "j0.3333333333333333"),
        (-7.83e-9, "j-7.83e-9"),
    ] {
        let (kind, text) = float_record(number).unwrap();
        assert_eq!(format!("{kind}{text}"), expected, "{number}");
    }
    assert_eq!(float_record(f64::NAN), None);
    assert_eq!(float_record(f64::NEG_INFINITY), None);
}

#[test]
fn what_the_original_recorded_is_read() {
    #[derive(serde::Deserialize)]
    struct Group {
        cases: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        request: Request,
        records: Vec<serde_json::Value>,
    }
    #[derive(serde::Deserialize)]
    struct Request {
        target: String,
    }
    let text = include_str!("../../../tests/conformance/groups/map_mincode.json");
    let group: Group = serde_json::from_str(text).unwrap();
    let mut compared = 0;
    for case in group.cases {
        let (_, query) = case.request.target.split_once('?').unwrap();
        let parameters = query.split('&').find_map(|pair| pair.strip_prefix("u=")).map(percent_decoded);
        let read = parameters.as_deref().map(read);
        let record = &case.records[0];
        assert_eq!(record["p"], matches!(read, Some(Ok(_))), "{}", case.name);
        if let Some(Ok(Value::Object(members))) = read {
            let member = members.iter().find(|(name, _)| name == "a").map(|(_, value)| value);
            // `av` is the text of member `a`: empty for containers, null and what is missing.
            let text = match member {
                Some(Value::Text(text)) => text.clone().into_owned(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Boolean(value)) => value.to_string(),
                _ => String::new(),
            };
            assert_eq!(record["av"], text.as_str(), "{}", case.name);
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

fn percent_decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let text = prop_oneof!["\\PC{0,8}", "[a-c!~.()]{0,6}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(|number| Value::Number(Number::Integer(number))),
        (-2_000_000_i64..2_000_000).prop_map(|number| Value::Number(Number::Integer(number))),
        "-?[1-9][0-9]{20,40}".prop_map(|digits| Value::Number(Number::Big(digits))),
        ("-?[0-9]{1,20}[.][0-9]{1,20}", -300..300_i32)
            .prop_map(|(mantissa, exponent)| Value::Number(decimal(&format!("{mantissa}e{exponent}")).unwrap())),
        text.clone().prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            proptest::collection::vec((text.clone().prop_map(Cow::Owned), inner), 0..12)
                .prop_map(|members| Value::Object(last_wins(members))),
        ]
    })
}

proptest! {
    #[test]
    fn integers_of_any_size_are_exact(number: u128, shift in 0..128_u32, zeros in 0..7_usize) {
        let number = number >> shift;
        let mut digits = Vec::new();
        let mut rest = number;
        while rest > 0 {
            digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::try_from(rest % 36).unwrap()]);
            rest /= 36;
        }
        digits.extend(std::iter::repeat_n(b'0', zeros.max(1)));
        digits.reverse();
        let digits = String::from_utf8(digits).unwrap();
        prop_assert_eq!(json(&format!("d{digits}!")), number.to_string());
    }

    #[test]
    fn what_is_written_is_read_back(value in any_value()) {
        let written = write(&value);
        let back = read(&written).unwrap();
        // A decimal whose exponent vanishes is an integer when it is read back; the text stays.
        prop_assert_eq!(back.to_string(), value.to_string());
    }

    #[test]
    fn json_text_is_well_formed_and_keeps_numbers(value in any_value()) {
        let text = value.to_string();
        let parsed: Result<&serde_json::value::RawValue, _> = serde_json::from_str(&text);
        prop_assert!(parsed.is_ok(), "{}", text);
    }

    #[test]
    fn floats_come_back(number in any::<f64>()) {
        if let Some((kind, text)) = float_record(number) {
            let Value::Number(back) = read(&format!("{kind}{text}!")).unwrap() else { panic!("no number") };
            prop_assert!((back.to_f64() - number).abs() == 0.0, "{number:e} came back as {back}");
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[stfndj(a).!~0-9a-z+eE-]{0,40}") {
        let _ = read(&text);
    }
}
