//! Any event through a script that asks for everything: no panic, and what comes out is read by `apache-avro`.

use proptest::{collection::vec, option, prelude::*};
use serde_json::json;

use super::*;
use crate::record::oracle;

const SCRIPT: &str = r"mapping {
    def u = parse location() to uri
    def f = parse u.rawFragment() to uri
    def m = match '(.*?)(?<n>[0-9]+)(.*)' against u.path()
    def back = match '(a*)*\\1b' against eventType()
    def h = header('X-List')
    def p = eventParameters()
    map u.host() onto 's'; map u.port() onto 'i'; map u.query() onto 'q'; map u.query().valueList('a') onto 'as'
    map u.path() onto 's2'; map f.decodedQueryString() onto 's'; map m.group('n') onto 's'; map m.matches() onto 'b'
    map back.group(1) onto 's'
    map h onto 'as'; map h.get(-2) onto 's'; map h.commaSeparated() onto 'sd'
    map { parse cookie('c') to int32 } onto 'i'; map { parse cookie('c') to int64 } onto 'l'
    map { parse cookie('c') to fp32 } onto 'f'; map { parse cookie('c') to fp64 } onto 'd'
    map userAgent().osVersion() onto 's'
    map digest('sha-256').add(eventType()).add(p.path('$.a')).result().toBase64() onto 's'
    map p onto 'rec'; map p onto 'm'; map p.path('$.a') onto 'ai'; map p.path('$.a') onto 'ad'
    map p.path('$..b') onto 'as'; map p.path('$.a') onto 'recs'; map p.path('$.a') onto 'by'; map p.path('$.a') onto 'fx'
    map p.path('$.a[?(@.b > 1)]') onto 'recs'; map p.path('$.e') onto 'e'; map p.path('$.a') onto 'i'
    map p.path('$.a') onto 't'; map p.path('$.a') onto 'b2'; map p.path('$.a') onto 's'; map p.value('a') onto 'sd'
    map join(eventType(), '-', p.path('$.a'), timestamp()) onto 's'; map eventUuid() onto 's2'; map eventType() onto 't'
    map utm().source() onto 's'; map utm(referer()).term() onto 's'; map click().id() onto 's'; map click().network() onto 's'
    map traffic().channel() onto 's'; map traffic().name() onto 's'; map traffic().term() onto 's'; map cookie('c') onto 't'
    map anonymised(eventType()) onto 's'; map anonymised(join('2001:', cookie('c'), '::')) onto 's'
    when eventType().equalTo('stop') stop()
    section { when m.matches() exit(); map 'x' onto 's' }
}";

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9é. ]{0,5}".prop_map(Value::from),
        Just(json!("A")),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[abexy]", inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,30}",
        "https?://[a-z.:@\\[\\]0-9]{0,8}/[a-z0-9%é /]{0,8}(\\?((utm_source|gclid|fbclid|utm_medium)=)?[a-c=&%+0-9é]{0,10})?(#[a-z/?=%#]{0,10})?",
    ]
}

proptest! {
    #[test]
    fn any_event_comes_out_readable(
        location in option::of(address()),
        referer in option::of(prop_oneof![address(), "https://(www\\.)?(google|t|Bing)\\.com?/[?]?(q|p)=[a-z%+&]{0,8}"]),
        event_type in option::of(prop_oneof![Just("stop".to_owned()), "a{0,40}", ".{0,10}"]),
        parameters in option::of(value()),
        list in vec("[ -~]{0,20}", 0..3),
        cookie in option::of("[-+0-9.eEfxN]{0,12}"),
        agent in option::of(".{0,40}"),
    ) {
        let text = parameters.map(|parameters| parameters.to_string());
        let event = Event {
            location: location.as_deref(),
            referer: referer.as_deref(),
            event_type: event_type.as_deref(),
            parameters: text.as_deref().map_or(Parameters::Absent, Parameters::Json),
            ..page_view()
        };
        let agent = agent.iter().map(|agent| ("user-agent", agent.as_str()));
        let headers: Vec<_> = agent.chain(list.iter().map(|line| ("x-list", line.as_str()))).collect();
        let cookies: Vec<_> = cookie.iter().map(|cookie| ("c", cookie.as_str())).collect();
        let schema = test_schema();
        let (mapping, _) = compiled(SCRIPT, &schema);
        let chunk = mapped(&[Arc::new(mapping)], &stored(&event, &headers, &cookies));
        prop_assert_eq!(chunk.records.len() + chunk.rejected.len(), 1);
        for record in &chunk.records {
            oracle::decode(&oracle::parse(schema.json()), chunk.record(record));
        }
    }
}
