//! The worked examples of the language: what a script makes of an event, all in one line each.

use super::*;

/// Number, what it shows, script, what the event has beside its identifiers, the fields that are not at their default.
const EXAMPLES: &[(u32, &str, &str, &str, &str)] = &[
    (
        1,
        "first write, absent write, default",
        r"map 'first' onto 's'; map referer() onto 's'; map location() onto 's2'",
        r"location=http://shop/x",
        r#"{"s": "first", "s2": "http://shop/x"}"#,
    ),
    (
        2,
        "URI parts",
        r"def u = parse location() to uri; map u.host() onto 's'; map u.port() onto 'i'; map u.path() onto 's2'",
        r"location=https://www.shop.nl:8443/caf%C3%A9/a%2Fb?x=1",
        r#"{"s": "www.shop.nl", "s2": "/café/a/b", "i": 8443}"#,
    ),
    (
        3,
        "raw vs decoded query",
        r"def u = parse location() to uri; map u.decodedQueryString() onto 's'; map u.rawQueryString() onto 's2'",
        r"location=http://h/?q=a+b%26c",
        r#"{"s": "q=a+b&c", "s2": "q=a+b%26c"}"#,
    ),
    (
        4,
        "query values",
        r"def q = (parse location() to uri).query(); map q.value('p') onto 's'; map q.valueList('p') onto 'as'; map q onto 'q'",
        r"location=http://h/?p=1&p=2&z",
        r#"{"s": "1", "as": ["1", "2"], "q": {"p": ["1", "2"], "z": [""]}}"#,
    ),
    (
        5,
        "client-side URL in the fragment",
        r"def u = parse location() to uri; def l = parse u.rawFragment() to uri; map l.path() onto 's'; map { parse l.query().value('n') to int32 } onto 'i'",
        r"location=http://h/#/list/all?n=12",
        r#"{"s": "/list/all", "i": 12}"#,
    ),
    (
        6,
        "unparseable URI, chained absence",
        r"def u = parse location() to uri; map u.path() onto 's'; map u.path().isPresent() onto 'b'; map u.query().value('a') onto 'sd'",
        r"location=http://h/a b?a=1",
        r#"{"b": false}"#,
    ),
    (
        7,
        "regex with named group",
        r"def m = match '^/product/([a-z]+)-(?<id>[0-9]+)$' against parse(location()).to(uri).path(); map m.matches() onto 'b'; map m.group(1) onto 's'; map m.group('id') onto 's2'",
        r"location=http://h/product/shoe-42",
        r#"{"s": "shoe", "s2": "42", "b": true}"#,
    ),
    (
        8,
        "regex is a full match; absent source",
        r"def m = match 'shoe' against eventType(); map m.matches() onto 'b'; def r = match 'x' against referer(); map r.matches() onto 'b2'",
        r"event_type=red shoe",
        r#"{"b": false}"#,
    ),
    (
        9,
        "first-match-wins section",
        r"section { when eventType().equalTo('buy') apply { map 'sale' onto 's'; exit() }; map 'other' onto 's' }; map 'after' onto 's2'",
        r"event_type=buy",
        r#"{"s": "sale", "s2": "after"}"#,
    ),
    (
        10,
        "stop beats section",
        r"section { when eventType().isPresent() stop(); map 'x' onto 's' }; map 'y' onto 's2'",
        r"event_type=buy",
        r"{}",
    ),
    (
        11,
        "boolean algebra with absence",
        r"def flag = parse referer() to bool; map flag.or(firstInSession()) onto 'b'; map not(referer().isPresent()) onto 'b2'",
        r"",
        r#"{"b2": true}"#,
    ),
    (
        12,
        "typed equality",
        r"when timestamp().equalTo(1000) apply { map 'int' onto 's' }; when timestamp().equalTo(1000L) apply { map 'long' onto 's2' }",
        r"",
        r#"{"s2": "long"}"#,
    ),
    (
        13,
        "closure condition, operator-style call",
        r"when { eventType() equalTo 'buy' } apply { map true onto 'b' }",
        r"event_type=buy",
        r#"{"b": true}"#,
    ),
    (
        14,
        "value() of a missing parameter",
        r"map eventParameters().value('sku') onto 's'; map eventParameters().path('$.sku') onto 's2'; map eventParameters().path('$.sku').isPresent() onto 'b'",
        r#"parameters={"qty": 2}"#,
        r#"{"s": "", "b": false}"#,
    ),
    (
        15,
        "number to int and text",
        r"map eventParameters().path('$.qty') onto 'i'; map eventParameters().value('price') onto 's'; map { parse eventParameters().value('price') to fp64 } onto 'd'",
        r#"parameters={"qty": 2.9, "price": "9.95"}"#,
        r#"{"s": "9.95", "i": 2, "d": 9.95}"#,
    ),
    (
        16,
        "JSON array handling",
        r"map eventParameters().path('$.items[*].sku') onto 'as'; map eventParameters().path('$.items[0].sku') onto 's'; map eventParameters().path('$.none[*].x') onto 'ai'",
        r#"parameters={"items": [{"sku": "a"}, {"sku": "b"}]}"#,
        r#"{"s": "a", "as": ["a", "b"], "ai": []}"#,
    ),
    (
        17,
        "wrap and unwrap",
        r"map eventParameters().path('$.one') onto 'as'; map eventParameters().path('$.list') onto 's'",
        r#"parameters={"one": "x", "list": ["y"]}"#,
        r#"{"s": "y", "as": ["x"]}"#,
    ),
    (
        18,
        "conversion error keeps earlier value",
        r"map 'keep' onto 's'; map eventParameters().path('$.o') onto 's'; map eventParameters().path('$.bad') onto 'i'",
        r#"parameters={"o": {"a": 1}, "bad": "12x"}"#,
        r#"{"s": "keep"}"#,
    ),
    (
        19,
        "nested record",
        r"map eventParameters().path('$.basket') onto 'rec'",
        r#"parameters={"basket": {"x": 5, "y": "7", "extra": [1]}}"#,
        r#"{"rec": {"x": "5", "y": 7}}"#,
    ),
    (
        20,
        "enum",
        r"map eventParameters().path('$.e') onto 'e'; map eventParameters().path('$.bad').isPresent() onto 'b'",
        r#"parameters={"e": "B", "bad": "Z"}"#,
        r#"{"b": true, "e": "B"}"#,
    ),
    (
        21,
        "headers",
        r"def h = header('X-Via'); map h onto 'as'; map h.get(-2) onto 's'; map h.commaSeparated() onto 's2'",
        r#"headers={"X-Via": "a, \"b,c\" ,, d  e"}"#,
        r#"{"s": "b,c", "s2": "a,b,c,d e", "as": ["a", "b,c", "d e"]}"#,
    ),
    (
        22,
        "cookie and parse failure",
        r"map { parse cookie('n') to int32 } onto 'i'; map cookie('m') onto 's'; map { parse cookie('m') to bool } onto 'b'",
        r#"headers={"Cookie": "n=+5; m=yes"}"#,
        r#"{"s": "yes", "b": false}"#,
    ),
    (
        23,
        "user agent unknown",
        r"def ua = userAgent(); map ua.name() onto 's'; map ua.type() onto 'sd'; map ua.osFamily().isPresent() onto 'b'",
        r#"headers={"User-Agent": "my-agent"}"#,
        r#"{"s": "unknown", "b": true, "sd": ""}"#,
    ),
    (
        24,
        "seeded digest",
        r"map digest('sha-256', 'pepper').add(partyId()).add('-').add(sessionId()).result().toBase64() onto 's'",
        r"",
        r#"{"s": "dlKw9quxuNlbK/c3zbxh+JwCQdmWt11n26PlLwj9NFQ="}"#,
    ),
    (
        25,
        "helper closure, loop, string building",
        r#"def opt = { n, f -> def p = eventParameters().path("\$.$n"); when p.isPresent() apply { map p onto f } }; [a: 's', b: 's2'].each { k, v -> opt(k, v) }; ['l'].each { map timestamp() onto it }"#,
        r#"parameters={"a": "A"}"#,
        r#"{"s": "A", "l": 1000}"#,
    ),
];

/// The event of an example: receipt time 1000 ms, first in session false, no referer.
fn mapped_example(script: &str, event: &str) -> Value {
    let base = Event {
        kind: SourceKind::Json,
        flags: Flags::default(),
        page_view_id: None,
        event_type: None,
        location: None,
        viewport_width: None,
        viewport_height: None,
        screen_width: None,
        screen_height: None,
        device_pixel_ratio: None,
        ..page_view()
    };
    let (key, value) = event.split_once('=').unwrap_or(("", ""));
    let named: serde_json::Map<String, Value> =
        if key == "headers" { serde_json::from_str(value).unwrap() } else { serde_json::Map::new() };
    let text = |name: &str| named.get(name).and_then(Value::as_str).unwrap_or_default();
    let cookies: Vec<(&str, &str)> = text("Cookie").split("; ").filter_map(|pair| pair.split_once('=')).collect();
    let lowered: Vec<(String, &str)> = named.keys().map(|name| (name.to_lowercase(), text(name))).collect();
    let headers: Vec<(&str, &str)> = lowered.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let event = match key {
        "location" => Event { location: Some(value), ..base },
        "event_type" => Event { event_type: Some(value), ..base },
        "parameters" => Event { parameters: Parameters::Json(value), ..base },
        _ => base,
    };
    run(&format!("mapping {{\n{script}\n}}"), &event, &headers, &cookies)
}

#[test]
fn every_example_comes_out_as_it_should() {
    let mut wrong = Vec::new();
    for (number, point, script, event, expected) in EXAMPLES {
        let (own, default) = (mapped_example(script, event), mapped_example("", event));
        let set = own.as_object().unwrap().iter().filter(|(name, value)| default[*name] != **value);
        let set: serde_json::Map<String, Value> = set.map(|(name, value)| (name.clone(), value.clone())).collect();
        let expected: Value = serde_json::from_str(expected).unwrap();
        if Value::Object(set.clone()) != expected {
            wrong.push(format!("{number} ({point}): {}, not {expected}", Value::Object(set)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(EXAMPLES.len(), 25);
}
