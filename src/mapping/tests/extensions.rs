//! What the original does not have.

use apache_avro::types::Value as Avro;

use super::*;
use crate::record::{chunk::DeadReason, oracle};

#[test]
fn texts_are_joined() {
    let event = Event { parameters: Parameters::Json(r#"{"n": 1.5, "o": {}}"#), ..page_view() };
    for (script, expected) in [
        ("map join(eventType(), '-', timestamp(), '/', corrupt()) onto 's'", r#"s="pageView-1000/false""#),
        ("map join('a', join('b', sessionId()), viewportPixelWidth()) onto 's'", r#"s="ab0:i0rjfnxc:sess1018""#),
        ("map join(eventParameters().path('$.n'), exactDevicePixelRatio()) onto 's'", r#"s="1.52.0""#),
        ("map join('x', referer()) onto 's'", ""),
        ("map join('x', eventParameters().path('$.o')) onto 's'", ""),
        (
            "map join(join('a', referer()), 'b') onto 's'; map join('c', partyId()) onto 's2'",
            r#"s2="c0:i0rjfnxc:party""#,
        ),
        ("['a', 'b'].with { map join('+') onto 's' }", r#"s="a+b""#),
        ("def join = { a -> a + '!' }; map join('a') onto 's'", r#"s="a!""#),
        ("map join('only').equalTo('only') onto 'b'", "b=true"),
    ] {
        assert_eq!(shown(script, &event, &[], &[]), expected, "{script}");
    }
}

#[test]
fn texts_that_double_without_end_are_given_up() {
    let script = "mapping { def t = location(); for (i in 1..60) { t = join(t, t) }; map t onto 's' }";
    let (mapping, _) = compiled(script, &test_schema());
    let chunk = mapped(&[Arc::new(mapping)], &stored(&page_view(), &[], &[]));
    assert_eq!(chunk.rejected[0].reason, DeadReason::EvaluationFailed);
    assert!(chunk.rejected[0].message.contains("the joined text is too long"), "{:?}", chunk.rejected);
    // Values that are made of themselves in many ways are worked out once, when the script is loaded as for an event.
    let script = "def c = corrupt(); for (i in 1..45) { c = c.and(c).or(c) }; map c onto 'b'";
    assert_eq!(shown(script, &page_view(), &[], &[]), "b=false");
}

#[test]
fn campaigns_and_clicks_are_told() {
    const ALL: &str = "map utm().source() onto 's'; map utm().medium() onto 's2'; map utm().campaign() onto 'sd'";
    const REST: &str = "map utm().term() onto 's'; map utm().content() onto 's2'; map utm().id() onto 'sd'";
    const CLICK: &str = "map click().id() onto 's'; map click().network() onto 's2'; map click().parameter() onto 'sd'";
    let full = "https://a.example/?utm_source=news+paper&utm_medium=e%2Dmail&utm_campaign=c&utm_term=t&utm_content=x&utm_id=7#utm_term=no";
    for (location, script, expected) in [
        (full, ALL, r#"s="news paper" s2="e-mail" sd="c""#),
        (full, REST, r#"s="t" s2="x" sd="7""#),
        // No URI to Java, but what it says of the campaign is clear.
        ("https://a.example/a|b?utm_source=x y", ALL, r#"s="x y""#),
        ("https://a.example/#?utm_source=x", ALL, ""),
        ("https://a.example/?a=b&msclkid=m%201&gclid=g", CLICK, r#"s="m 1" s2="Microsoft" sd="msclkid""#),
        ("https://a.example/?li_fat_id=l", CLICK, r#"s="l" s2="LinkedIn" sd="li_fat_id""#),
        ("https://a.example/?gclid=", "map click().isPresent() onto 'b'", "b=false"),
        ("https://a.example/?gclid=1", "map click(referer()).isAbsent() onto 'b'", "b=true"),
        ("https://a.example/", "map utm(location()).isPresent() onto 'b'", "b=false"),
    ] {
        let event = Event { location: Some(location), ..page_view() };
        assert_eq!(shown(script, &event, &[], &[]), expected, "{location} {script}");
    }
}

#[test]
fn addresses_lose_their_last_part() {
    for (address, expected) in [
        ("192.0.2.77", r#"s="192.0.2.0""#),
        ("2001:db8:1234:5678:9abc:def0:1:2", r#"s="2001:db8:1234::""#),
        ("::ffff:192.0.2.77", r#"s="192.0.2.0""#),
        ("shop.example", ""),
        ("", ""),
    ] {
        let event = Event { remote_host: Some(address), ..page_view() };
        assert_eq!(shown("map anonymised(remoteHost()) onto 's'", &event, &[], &[]), expected, "{address}");
    }
}

/// A field of this type, with a default, and what a script makes of it; None if it keeps the default.
fn logical(kind: &str, value: &str) -> Option<Avro> {
    let text = r#"{"type": "record", "name": "R", "fields": [
        {"name": "x", "type": ["null", KIND], "default": null}, {"name": "end", "type": "string", "default": "end"}]}"#;
    let schema = schema(&text.replace("KIND", kind));
    let event = Event {
        parameters: Parameters::Json(r#"{"n": 12.5, "t": "2026-11-21T18:03:00Z", "big": 1e20}"#),
        request_time: 1_795_284_180_001,
        ..page_view()
    };
    let (mapping, _) = compiled(&format!("mapping {{ map {value} onto 'x' }}"), &schema);
    let chunk = mapped(
        &[Arc::new(mapping)],
        &stored(&event, &[], &[("c", "7.005"), ("u", "00112233-4455-6677-8899-aabbccddeeff")]),
    );
    let Avro::Record(fields) = oracle::decode(&oracle::parse(schema.json()), chunk.record(&chunk.records[0])) else {
        panic!("no record");
    };
    assert_eq!(fields[1].1, Avro::String("end".into()));
    match &fields[0].1 {
        Avro::Union(1, value) => Some((**value).clone()),
        _ => None,
    }
}

#[test]
fn values_follow_logical_types() {
    const MICROS: &str = r#"{"type": "long", "logicalType": "timestamp-micros"}"#;
    const MILLIS: &str = r#"{"type": "long", "logicalType": "timestamp-millis"}"#;
    const DATE: &str = r#"{"type": "int", "logicalType": "date"}"#;
    const TIME: &str = r#"{"type": "int", "logicalType": "time-millis"}"#;
    const TIME_MICROS: &str = r#"{"type": "long", "logicalType": "time-micros"}"#;
    const UUID: &str = r#"{"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}"#;
    let (millis, day) = (1_795_284_180_001, 20_778);
    for (kind, value, expected) in [
        (MILLIS, "timestamp()", Some(Avro::TimestampMillis(millis))),
        (MICROS, "timestamp()", Some(Avro::TimestampMicros(millis * 1000))),
        (MICROS, "eventParameter('t')", Some(Avro::TimestampMicros((millis - 1) * 1000))),
        // A number of the script's own stays what it is.
        (MICROS, "5L", Some(Avro::TimestampMicros(5))),
        (DATE, "timestamp()", Some(Avro::Date(day))),
        (DATE, "eventParameter('t')", Some(Avro::Date(day))),
        (DATE, "eventParameter('n')", None),
        (TIME, "timestamp()", Some(Avro::TimeMillis(64_980_001))),
        (TIME_MICROS, "timestamp()", Some(Avro::TimeMicros(64_980_001_000))),
        (UUID, "cookie('u')", Some(Avro::Uuid("00112233-4455-6677-8899-aabbccddeeff".parse().unwrap()))),
        (UUID, "cookie('c')", None),
    ] {
        assert_eq!(logical(kind, value), expected, "{value} onto {kind}");
    }
}

#[test]
fn decimals_are_scaled_to_the_field() {
    const BYTES: &str = r#"{"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}"#;
    const FIXED: &str =
        r#"{"type": "fixed", "name": "F", "size": 4, "logicalType": "decimal", "precision": 8, "scale": 2}"#;
    for (value, expected) in [
        ("cookie('c')", Some(701)),
        ("eventParameters().path('$.n')", Some(1250)),
        ("viewportPixelWidth()", Some(101_800)),
        ("exactDevicePixelRatio()", Some(200)),
        ("eventParameters().path('$.big')", None),
        ("eventType()", None),
        ("referer()", None),
    ] {
        for kind in [BYTES, FIXED] {
            let number = logical(kind, value).map(|value| match value {
                Avro::Decimal(decimal) => i64::try_from(num(&decimal)).unwrap(),
                other => panic!("{other:?}"),
            });
            assert_eq!(number, expected, "{value} onto {kind}");
        }
    }
}

fn num(decimal: &apache_avro::Decimal) -> i128 {
    let bytes = Vec::<u8>::try_from(decimal).unwrap();
    bytes.iter().fold(if bytes[0] >= 0x80 { -1 } else { 0 }, |number: i128, byte| (number << 8) | i128::from(*byte))
}

#[test]
fn events_have_uuids() {
    let uuid = |id| {
        let event = Event { event_id: id, ..page_view() };
        shown("map eventUuid() onto 's'", &event, &[], &[])
    };
    assert_eq!(uuid("0:a"), uuid("0:a"));
    assert_ne!(uuid("0:a"), uuid("0:b"));
}

#[test]
fn visitors_come_from_somewhere() {
    const ALL: &str =
        "map traffic().channel() onto 's'; map traffic().name() onto 's2'; map traffic().term() onto 'sd'";
    for (referer, expected) in [
        (None, r#"s="direct""#),
        (Some("https://www.bing.com/search?q=red+canoe"), r#"s="search" s2="Bing" sd="red canoe""#),
        (Some("https://www.google.com/"), r#"s="search" s2="Google""#),
        (Some("https://search.yahoo.com/search?p=%C3%A9t%C3%A9&q="), r#"s="search" s2="Yahoo!" sd="été""#),
        (Some("https://l.facebook.com/?q=x"), r#"s="social" s2="Facebook""#),
        (Some("https://shop.example/"), r#"s="internal""#),
        (Some("https://pay.own.example/"), r#"s="internal""#),
        (Some("https://blog.example/"), r#"s="other""#),
    ] {
        let event = Event { referer, ..page_view() };
        assert_eq!(shown(ALL, &event, &[], &[]), expected, "{referer:?}");
    }
}

/// What a script makes with these settings.
fn with_extras(script: &str, extras: Extras) -> Value {
    let (schema, surroundings) = (test_schema(), Surroundings { has_key: true, ..Surroundings::default() });
    let options = MappingOptions { extras, surroundings, ..options() };
    let (mapping, _) =
        compile(options, &source(script), &schema).unwrap_or_else(|errors| panic!("{}", render(&errors, false)));
    let chunk = mapped(&[Arc::new(mapping)], &stored(&page_view(), &[], &[]));
    record(&chunk, 0, &schema)
}

#[test]
fn pseudonyms_are_hmacs() {
    let script = "mapping { map pseudonym(partyId(), '/', timestamp()).toHexLower() onto 's'\n\
                  map pseudonym(referer()).toHexLower() onto 's2'; map pseudonym('a').isPresent() onto 'b' }";
    let key = crate::util::secret::Secret::new(*b"a key of 32 bytes, for examples.");
    let own = with_extras(script, Extras { pseudonym_key: Some(key), ..Extras::default() });
    // hmac.new(b"a key of 32 bytes, for examples.", b"0:i0rjfnxc:party/1000", "sha256") of Python.
    assert_eq!(own["s"], "71a262c4ec79d858aa4929d75d8d1a2a27c12de295f5f52977e79250e4735b21");
    assert_eq!((&own["s2"], &own["b"]), (&"".into(), &true.into()));
}

#[test]
fn keys_of_seeds_have_full_length_if_asked() {
    let script = "mapping { map digest('sha-256', 'foo').add('x').result().toHexLower() onto 's' }";
    let short = with_extras(script, Extras::default());
    assert_eq!(short["s"], "d1622b155ed0b23afdd037cb188159ded6813959e0e24ba14adb9e0f6b825642");
    let full = with_extras(script, Extras { full_digest_keys: true, ..Extras::default() });
    // hmac.new(hashlib.pbkdf2_hmac("sha256", b"foo", salt, 100000), b"x", "sha256") of Python.
    assert_eq!(full["s"], "4396ef8c33177c787776af65b1de791973d4112e7f5848d6d2853a89d23e322a");
}
