//! One test per behaviour of the language's inventory; its number is in the name, and a test asks for every number.

use super::*;
use crate::mapping::{diagnostic, producer::Producer};

/// The page view that the inventory speaks of, with these headers and cookies.
const HEADERS: Pairs<'_> = &[
    (
        "user-agent",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/38.0.2125.122 Safari/537.36",
    ),
    ("x-divolte-test", "first"),
    ("x-divolte-test", "second"),
    ("x-divolte-test", "last"),
    ("x-divolte-horrible", "first  ,  second,,,third"),
    ("x-divolte-horrible", " \"fourth\"  , fi\"fth\""),
    ("x-divolte-horrible", "\"sixth,still_sixth\",  seventh  \t still  seventh "),
    ("x-divolte-horrible", "\" eighth,\\\"still eighth \""),
    ("x-divolte-horrible", ",,"),
    ("x-divolte-horrible", "\"ninth\"  \"still ninth\", \"ten\\\\th"),
];
const COOKIES: Pairs<'_> = &[("custom_cookie", "custom_cookie_value")];

fn event() -> Event<'static> {
    Event {
        flags: Flags { corrupt: true, first_in_session: true, ..Flags::default() },
        location: Some("http://localhost:8080/path/to?q=multiple+words+%24%23%25%26&p=10&p=20"),
        referer: Some("https://www.example.com/ref#/app?a=b%20c"),
        ..page_view()
    }
}

fn of(event: &Event<'_>, script: &str) -> String {
    shown(script, event, HEADERS, COOKIES)
}

fn with(parameters: &'static str, script: &str) -> String {
    of(&Event { parameters: Parameters::Json(parameters), ..event() }, script)
}

fn refused(script: &str, code: diagnostic::Code) {
    let script = format!("mapping {{ {script} }}");
    let errors = compile(options(), &source(&script), &test_schema()).expect_err("it is wrong");
    assert!(errors.iter().any(|error| error.code == code.code), "{script}\n{}", render(&errors, false));
}

#[test]
fn every_number_has_a_test() {
    let own = include_str!("inventory.rs");
    let missing: Vec<u32> = (1..=40).filter(|number| !own.contains(&format!("fn behaviour_{number:02}_"))).collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
}

#[test]
fn behaviour_01_flat_fields() {
    for (script, expected) in [
        ("map corrupt() onto 'b'; map duplicate() onto 'b2'", "b=true b2=false"),
        ("map viewportPixelWidth() onto 'i'", "i=1018"),
        ("map screenPixelHeight() onto 'i'", "i=1024"),
        ("map devicePixelRatio() onto 'i'", "i=2"),
        ("map partyId() onto 's'; map sessionId() onto 's2'", r#"s="0:i0rjfnxc:party" s2="0:i0rjfnxc:sess""#),
        ("map pageViewId() onto 's'; map eventId() onto 's2'", r#"s="0:page" s2="0:page0""#),
        ("map remoteHost() onto 's'; map timestamp() onto 'l'", r#"s="192.0.2.1" l=1000"#),
        ("map userAgent().name() onto 's'; map userAgent().version() onto 's2'", r#"s="Chrome" s2="38.0.2125.122""#),
        ("map userAgent().family() onto 's'; map userAgent().vendor() onto 's2'", r#"s="Chrome" s2="Google Inc.""#),
        (
            "map userAgent().type() onto 's'; map userAgent().deviceCategory() onto 's2'",
            r#"s="Browser" s2="Personal computer""#,
        ),
        ("map userAgent().osFamily() onto 's'; map userAgent().osVersion() onto 's2'", r#"s="OS X" s2="10.10.1""#),
        ("map userAgent().osVendor() onto 's'", r#"s="Apple Computer, Inc.""#),
    ] {
        assert_eq!(of(&event(), script), expected, "{script}");
    }
}

#[test]
fn behaviour_02_client_timestamp() {
    assert_eq!(of(&event(), "map clientTimestamp() onto 'l'"), "l=990");
}

#[test]
fn behaviour_03_unknown_field() {
    refused("map location() onto 'nowhere'", diagnostic::UNKNOWN_FIELD);
}

#[test]
fn behaviour_04_cookie() {
    assert_eq!(of(&event(), "map cookie('custom_cookie') onto 's'"), r#"s="custom_cookie_value""#);
}

#[test]
fn behaviour_05_nested_conditions() {
    let script = "when eventType().equalTo('pageView') apply { when header('X-Divolte-Test').isPresent() apply { \
                  map 'set' onto 'sd' } }\nwhen eventType().equalTo('other') apply { map 'no' onto 's' }\n\
                  when header('X-None').isAbsent() apply { map 'absent' onto 's2' }";
    assert_eq!(of(&event(), script), r#"s2="absent" sd="set""#);
}

#[test]
fn behaviour_06_absence_in_a_chain() {
    let script = "def m = match '/(.*)' against (parse referer() to uri).path(); map m.group(1) onto 'sd'";
    let script = script.replace("against (parse referer() to uri).path()", "against(parse(referer()).to(uri).path())");
    assert_eq!(of(&Event { referer: None, ..event() }, &script), "");
}

#[test]
fn behaviour_07_regular_expressions() {
    let script = "def m = match('^/([a-z]+)/(?<page>[a-z]+)$').against(parse(location()).to(uri).path())\n\
                  map m.matches() onto 'b'; map m.group(1) onto 's'; map m.group(\"page\") onto 's2'";
    assert_eq!(of(&event(), script), r#"s="path" s2="to" b=true"#);
}

#[test]
fn behaviour_08_parts_of_uris() {
    for (script, expected) in [
        ("map u.scheme() onto 's'; map u.path() onto 's2'; map u.port() onto 'i'", r#"s="http" s2="/path/to" i=8080"#),
        (
            "map u.host() onto 's'; map u.decodedQueryString() onto 's2'",
            r#"s="localhost" s2="q=multiple+words+$#%&&p=10&p=20""#,
        ),
        (
            "map u.query().value('q') onto 's'; map u.query().valueList('p') onto 'as'",
            r#"s="multiple words $#%&" as=["10","20"]"#,
        ),
        ("map u.query() onto 'q'", r#"q={"p":["10","20"],"q":["multiple words $#%&"]}"#),
        ("map((parse referer() to uri).decodedFragment()).onto('s')", r#"s="/app?a=b c""#),
    ] {
        let script = format!("def u = parse location() to uri\n{script}");
        assert_eq!(of(&event(), &script), expected, "{script}");
    }
}

#[test]
fn behaviour_09_raw_parts_of_uris() {
    let event = Event { location: Some("http://h/a%20b?c=%20+#d%20e"), ..event() };
    let script = "def u = parse location() to uri\nmap u.rawPath() onto 's'; map u.rawQueryString() onto 's2'; \
                  map u.rawFragment() onto 'sd'";
    assert_eq!(of(&event, script), r#"s="/a%20b" s2="c=%20+" sd="d%20e""#);
}

#[test]
fn behaviour_10_fragment_as_uri() {
    let script = "def f = parse((parse referer() to uri).rawFragment()).to(uri)\nmap f.path() onto 's'; \
                  map f.rawQueryString() onto 's2'; map f.query().value('a') onto 'sd'";
    assert_eq!(of(&event(), script), r#"s="/app" s2="a=b%20c" sd="b c""#);
}

#[test]
fn behaviour_11_broken_query() {
    let event = Event { location: Some("http://h/?a=value&=42&b=&d=word&c&=bla"), ..event() };
    let script = "def q = (parse location() to uri).query()\nmap q.value('a') onto 's'; map q.value('b') onto 's2'; \
                  map q.value('c') onto 'sd'; map q.valueList('') onto 'as'";
    assert_eq!(of(&event, script), r#"s="value" sd="" as=["42","bla"]"#);
}

#[test]
fn behaviour_12_headers() {
    for (script, expected) in [
        ("map h onto 'as'", r#"as=["first","second","last"]"#),
        (
            "map h.first() onto 's'; map h.last() onto 's2'; map h.commaSeparated() onto 'sd'",
            r#"s="first" s2="last" sd="first,second,last""#,
        ),
        ("map h.get(0) onto 's'; map h.get(2) onto 's2'; map h.get(3) onto 'sd'", r#"s="first" s2="last""#),
        ("map h.get(-1) onto 's'; map h.get(-3) onto 's2'; map h.get(-4) onto 'sd'", r#"s="last" s2="first""#),
    ] {
        assert_eq!(of(&event(), &format!("def h = header('X-DIVOLTE-Test')\n{script}")), expected, "{script}");
    }
}

#[test]
fn behaviour_13_messy_headers() {
    let expected = r#"as=["first","second","third","fourth","fifth","sixth,still_sixth","seventh still seventh"," eighth,\"still eighth ","ninth still ninth","ten\\th"]"#;
    assert_eq!(of(&event(), "map header('X-Divolte-Horrible') onto 'as'"), expected);
}

#[test]
fn behaviour_14_parameters_as_map() {
    let script = "map eventParameters() onto 'm'; map eventParameters().value('foo') onto 's'";
    assert_eq!(with(r#"{"foo": "string", "bar": 42}"#, script), r#"s="string" m={"bar":"42","foo":"string"}"#);
}

#[test]
fn behaviour_15_paths_into_parameters() {
    let parameters = r#"{"a": "x", "n": 7, "l": [1, 2.5], "items": [{"x": "i", "y": 3, "z": 0}, {"x": "j"}]}"#;
    let script = "def p = eventParameters()\nmap p.path('$.a') onto 's'; map p.path('$.n') onto 'i'; \
                  map p.path('$.l') onto 'ad'; map p.path('$.items') onto 'recs'";
    let expected = r#"s="x" i=7 ad=[1.0,2.5] recs=[{"x":"i","y":3},{"x":"j","y":null}]"#;
    assert_eq!(with(parameters, script), expected);
}

#[test]
fn behaviour_16_paths_to_nowhere() {
    assert_eq!(with("{}", "map 'kept' onto 's'; map eventParameters().path('$.none') onto 's'"), r#"s="kept""#);
}

#[test]
fn behaviour_17_parameters_as_record() {
    assert_eq!(with(r#"{"x": "a", "y": 5}"#, "map eventParameters() onto 'rec'"), r#"rec={"x":"a","y":5}"#);
}

#[test]
fn behaviour_18_values_that_do_not_fit() {
    let script = "map eventParameters().path('$.a') onto 'i'; map 'after' onto 's'";
    assert_eq!(with(r#"{"a": "word"}"#, script), r#"s="after""#);
}

#[test]
fn behaviour_19_presence_of_paths() {
    let script = "map eventParameters().path('$.a').isPresent() onto 'b'; \
                  map eventParameters().path('$.z').isPresent() onto 'b2'";
    assert_eq!(with(r#"{"a": 1}"#, script), "b=true b2=false");
}

/// Places by address are looked up by a part that is to come; what holds already is that each value is asked for once.
#[test]
fn behaviour_20_values_are_worked_out_once() {
    let script = "mapping { def q = (parse location() to uri).query()\n\
                  map q.value('q') onto 's'; map q.value('p') onto 's2'; map q.isPresent() onto 'b' }";
    let (mapping, _) = compiled(script, &test_schema());
    let uris = mapping.program.nodes.iter().filter(|node| matches!(node.producer, Producer::Uri(_))).count();
    assert_eq!(uris, 1);
    let remembered = mapping.program.nodes.iter().filter(|node| node.memo.is_some());
    assert!(remembered.clone().any(|node| matches!(node.producer, Producer::Query(_))));
}

#[test]
fn behaviour_21_literals_that_do_not_fit() {
    refused("map 'text' onto 'b'", diagnostic::LITERAL_TYPE);
}

#[test]
fn behaviour_22_values_of_another_type() {
    refused("map corrupt() onto 'i'", diagnostic::FIELD_TYPE);
}

#[test]
fn behaviour_23_literals() {
    let script = "map 'text' onto 's'; map true onto 'b'; map 42L onto 'l'; map 42I onto 'i'; map 42.0D onto 'd'";
    assert_eq!(of(&event(), script), r#"s="text" i=42 l=42 d=42.0 b=true"#);
}

#[test]
fn behaviour_24_stop() {
    assert_eq!(of(&event(), "map 'x' onto 's'; stop(); map 'y' onto 's'"), r#"s="x""#);
}

#[test]
fn behaviour_25_stop_from_within() {
    let script = "when corrupt() apply { when firstInSession() apply { map 'x' onto 's'; stop() } }\nmap 'y' onto 's'";
    assert_eq!(of(&event(), script), r#"s="x""#);
}

#[test]
fn behaviour_26_conditional_stop() {
    assert_eq!(
        of(
            &event(),
            "map 'x' onto 's'; when duplicate() stop(); map 'y' onto 's2'; when corrupt() stop(); map 'z' onto 's'"
        ),
        r#"s="x" s2="y""#
    );
}

#[test]
fn behaviour_27_conditional_stop_with_a_closure() {
    assert_eq!(of(&event(), "map 'x' onto 's'; when { corrupt() } stop(); map 'z' onto 's'"), r#"s="x""#);
}

#[test]
fn behaviour_28_exit_outside_sections() {
    assert_eq!(of(&event(), "map 'x' onto 's'; exit(); map 'z' onto 's'"), r#"s="x""#);
}

#[test]
fn behaviour_29_exit_from_a_section() {
    let script = "section { when duplicate() exit(); map 'in' onto 's'; when corrupt() exit(); map 'no' onto 's' }\n\
                  map 'after' onto 's2'";
    assert_eq!(of(&event(), script), r#"s="in" s2="after""#);
}

#[test]
fn behaviour_30_exit_with_a_closure() {
    let script = "section { when { corrupt() } exit(); map 'no' onto 's' }\nmap 'after' onto 's2'";
    assert_eq!(of(&event(), script), r#"s2="after""#);
}

#[test]
fn behaviour_31_boolean_logic() {
    for (script, expected) in [
        ("corrupt().or(duplicate())", "b=true"),
        ("corrupt().and(duplicate())", "b=false"),
        ("not(duplicate())", "b=true"),
        ("not(duplicate()).and(corrupt().or(duplicate())).negate()", "b=false"),
    ] {
        assert_eq!(of(&event(), &format!("map {script} onto 'b'")), expected, "{script}");
    }
}

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn behaviour_32_digest_of_a_string() {
    let event = Event { event_type: Some("abc"), ..event() };
    let script = "map digest('SHA-256').add(eventType()).result().toHexLower() onto 's'";
    assert_eq!(of(&event, script), format!("s=\"{ABC}\""));
}

#[test]
fn behaviour_33_digest_of_a_literal() {
    let script = "map digest('SHA-256').add('abc').result().toHexUpper() onto 's'";
    assert_eq!(of(&event(), script), format!("s=\"{}\"", ABC.to_uppercase()));
}

#[test]
fn behaviour_34_digest_of_several_pieces() {
    let event = Event { event_type: Some("b"), ..event() };
    let script = "map digest('SHA-256').add('a').add(eventType()).add(\"${'c'}\").result().toHexLower() onto 's'";
    assert_eq!(of(&event, script), format!("s=\"{ABC}\""));
}

#[test]
fn behaviour_35_digest_of_json() {
    let script = "def p = eventParameters()\nmap digest('SHA-256').add(p.path('$.s')).add(p.path('$.n')).add(p.path('$.l'))\
                  .add(p.path('$.o')).add(p.path('$.f')).result().toHexLower() onto 's'\n\
                  map digest('SHA-256').add('string').add('42').add('apple').result().toHexLower() onto 's2'";
    let own = with(r#"{"s": "string", "n": 42, "l": [1], "o": {"a": 1}, "f": "apple"}"#, script);
    let (left, right) = own.split_once(' ').unwrap();
    assert_eq!(left.split_once('=').unwrap().1, right.split_once('=').unwrap().1);
}

#[test]
fn behaviour_36_digest_of_a_digest() {
    let script = "map digest('SHA-256').add(digest('SHA-256').result()).result().toHexLower() onto 's'";
    assert_eq!(of(&event(), script), r#"s="5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456""#);
}

#[test]
fn behaviour_37_digest_of_nothing() {
    let script = "map digest('SHA-256').add(cookie('none')).result().toHexLower() onto 's'";
    assert_eq!(of(&event(), script), format!("s=\"{NOTHING}\""));
}

#[test]
fn behaviour_38_digest_as_base64() {
    let script = "map digest('SHA-256').add('abc').result().toBase64() onto 's'";
    assert_eq!(of(&event(), script), r#"s="ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=""#);
}

#[test]
fn behaviour_39_seeds() {
    let digest =
        |seed: &str| of(&event(), &format!("map digest('SHA-1'{seed}).add('abc').result().toHexLower() onto 's'"));
    let (plain, foo, bar) = (digest(""), digest(", 'foo'"), digest(", 'bar'"));
    assert!(plain != foo && foo != bar && plain != bar);
}

#[test]
fn behaviour_40_documented_algorithms() {
    let script = "['sha-224': 's', 'sha-384': 's2', 'sha-512': 'sd'].each { algorithm, field -> \
                  map digest(algorithm).add('abc').result().toHexLower() onto field }\n\
                  ['sha-256'].each { map digest(it, \"seed-$it\").add('abc').result() onto 'by' }";
    let own = of(&event(), script);
    for part in ["23097d22", "cb00753f", "ddaf35a1", "by="] {
        assert!(own.contains(part), "{own}");
    }
}
