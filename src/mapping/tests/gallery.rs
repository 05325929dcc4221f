//! A gallery of wrong scripts with all that is said about them: one readable file per code in `gallery/`.
//!
//! To add a script, write it below its code and run with `INSTA_UPDATE=always`.

use std::{collections::BTreeMap, fmt::Write as _};

use super::*;
use crate::{diagnostic::Plain, mapping::diagnostic::CODES};

/// Wrong scripts by the code that each must be told. They stand as they are within `mapping { … }`.
const SCRIPTS: &[(&str, &[&str])] = &[
    ("M001", &["map location() onto 's' #", "map `location` onto 's'", "map location() onto ’s’"]),
    ("M002", &["map 'open onto s", "/* never closed", "map \"open onto 's'", "map '''open onto 's'"]),
    ("M003", &[r"map 'a\q' onto 's'", "map 08 onto 'i'", "map \"$ 5\" onto 's'", "map 0x onto 'i'"]),
    (
        "M004",
        &[
            "map location( onto 's'",
            "map 'a' onto 'b' 'c'",
            "else { stop() }",
            "when corrupt() apply { stop()",
            "map [1: 2, 3] onto 's'",
            "try { stop() }",
            "map location() onto 's' }",
            "when corrupt() apply { stop() } else { exit() }",
        ],
    ),
    (
        "M005",
        &[
            "class A { }",
            "def d = new Random()",
            "synchronized (this) { }",
            "@Field def x = 1",
            "new File('/etc/passwd').text",
            "def x = 'a'.&trim",
            "enum Colour { RED }",
            "def a = 1 as Thread",
            "def x = 1 <=> { 2 }",
        ],
    ),
    (
        "M006",
        &[
            "while (true) { }",
            "def f; f = { f() }; f()",
            "def a = 'x'; while (true) { a = a + a }",
            "while (true) { map 1 onto 'i' }",
        ],
    ),
    (
        "M010",
        &[
            "map locatoin() onto 's'",
            "map refferer() onto 's'",
            "map browserLanguage() onto 's'",
            "map eventtype() onto 's'",
            "mapp location() onto 's'",
            "map 'x'('y') onto 's'",
        ],
    ),
    (
        "M011",
        &[
            "map location().lenght() onto 's'",
            "map((parse location() to uri).pth()).onto('s')",
            "map userAgent().famly() onto 's'",
            "map eventParameters().vlue('x') onto 's'",
            "map header('X').frist() onto 's'",
            "map { digest('sha-256').ad('x').result().toHexLower() } onto 's'",
            "map location() into 's'",
            "map((parse location() to uri).host).onto('s')",
            "map 'a'.toUppercase() onto 's'",
            "def m = match '/(.*)' to location()",
            "map utm().sorce() onto 's'",
            "map click().netwrk() onto 's'",
            "map traffic().chanel() onto 's'",
            "map lookup('users', partyId()).colum('city') onto 's'",
        ],
    ),
    (
        "M012",
        &[
            "map location onto 's'",
            "def agent = userAgent()\n  map agnet.name() onto 's'",
            "map undefinedThing onto 's'",
            "map system.name onto 's'",
            "def u = parse location() to ur",
        ],
    ),
    (
        "M013",
        &[
            "map header() onto 'as'",
            "map cookie(7) onto 's'",
            "map location('x') onto 's'",
            "def m = match 5 against location()",
            "map { digest('sha-257').add('x').result().toHexLower() } onto 's'",
            "map eventParameters().path('$[') onto 's'",
            "not 'x'",
            "stop(1)",
            "section()",
            "map timestamp() onto 5",
            "map join() onto 's'",
            "map join(userAgent()) onto 's'",
            "map anonymised('192.0.2.1') onto 's'",
            "map utm(timestamp()).source() onto 's'",
            "map eventUuid(1) onto 's'",
            "map traffic(referer()).channel() onto 's'",
            "map lookup('users').column('city') onto 's'",
            "map lookup('users', timestamp()).column('city') onto 's'",
            "map lookup('users', partyId()).column() onto 's'",
        ],
    ),
    (
        "M015",
        &[
            "map 1.5 onto 'd'",
            "map null onto 's'",
            "map \"a${1}\" onto 's'",
            "map 12.50 onto 'd'",
            "map([1, 2]).onto('ai')",
            "map([a: 1]).onto('m')",
        ],
    ),
    (
        "M016",
        &["map ip2geo().countryName() onto 's'", "def place = ip2geo('192.0.2.1')\n  map place.cityName() onto 's'"],
    ),
    (
        "M017",
        &["map pseudonym(partyId()).toHexLower() onto 's'", "def id = pseudonym(partyId(), 'x')\n  map id onto 'by'"],
    ),
    (
        "M018",
        &[
            "map lookup('usrs', partyId()).column('city') onto 's'",
            "def row = lookup('countries', cookie('c'))\n  map row.column('name') onto 's'",
        ],
    ),
    (
        "M019",
        &[
            "map lookup('users', partyId()).column('ciy') onto 's'",
            "def user = lookup('users', partyId())\n  map user.column('phone') onto 's'",
        ],
    ),
    ("M020", &["map eventType() onto 'sx'", "map eventType() onto 'nowhere'", "map 5 onto 'I'"]),
    (
        "M021",
        &[
            "map eventType() onto 'l'",
            "map viewportPixelWidth() onto 'l'",
            "map timestamp() onto 'i'",
            "map corrupt() onto 's'",
            "map header('X') onto 's'",
            "map((parse location() to uri).query()).onto('m')",
        ],
    ),
    (
        "M022",
        &[
            "map 5 onto 'l'",
            "map '5' onto 'i'",
            "map 5 onto 's'",
            "map 5 onto 'f'",
            "map 1.5f onto 'd'",
            "map 2.5d onto 'f'",
            "map 7L onto 'i'",
            "map true onto 's'",
            "map 'C' onto 'e'",
        ],
    ),
    ("M023", &["map eventType() onto 'u'", "map 1 onto 'u'", "map eventParameters() onto 'u'"]),
    (
        "M024",
        &[
            "map userAgent() onto 's'",
            "map utm() onto 's'",
            "map click() onto 's'",
            "map traffic() onto 's'",
            "map lookup('users', partyId()) onto 's'",
            "map((parse location() to uri)).onto('s')",
            "def m = match 'x' against location()\n  map m onto 's'",
        ],
    ),
    (
        "M040",
        &[
            "map location()",
            "map location() onto\n  's'",
            "map cookie() onto 's'",
            "match 'x'",
            "when corrupt()",
            "parse location()",
        ],
    ),
    (
        "M041",
        &[
            "when { corrupt() && duplicate() } apply { stop() }",
            "map referer().isPresent() && corrupt() onto 'b'",
            "when { !corrupt() } apply { stop() }",
            "if (corrupt()) { map 'x' onto 's' }",
            "when { eventType() == 'x' } apply { stop() }",
        ],
    ),
    (
        "M042",
        &[
            "when timestamp().equalTo(1000) apply { stop() }",
            "when eventType().equalTo(\"a${1}\") apply { stop() }",
            "when eventType().equalTo(null) apply { stop() }",
            "when corrupt().equalTo('true') apply { stop() }",
        ],
    ),
    ("M044", &["map 'a' onto 's'\n  map 'b' onto 's'", "map location() onto 's'\n  map partyId() onto 's'"]),
    ("M045", &["when location() apply { stop() }", "when timestamp() stop()"]),
    ("M046", &["map { parse timestamp() to int32 } onto 'i'", "map { parse firstInSession() to bool } onto 'b'"]),
    ("M047", &["println 'hello'", "print location()"]),
    (
        "M048",
        &[
            "def m = match '(' against location()\n  map m.matches() onto 'b'",
            "def m = match '(?<page>.*)' against location()\n  map m.group('pge') onto 's'",
            "def m = match '(.*)' against location()\n  map m.group(2) onto 's'",
            "def m = match '.*' against location()\n  map m.group('name') onto 's'",
        ],
    ),
    (
        "M049",
        &[
            "stop()\n  map 'x' onto 's'",
            "section { exit()\n  map 'x' onto 's' }",
            "exit()\n  when corrupt() apply { stop() }",
        ],
    ),
    (
        "M050",
        &[
            "def a = digest('sha-256').add(partyId()).result().toHexLower()\n  \
             def b = digest('md5').add(partyId()).result().toHexLower()\n  map a onto 's'\n  map b onto 's2'",
            "map { digest('md5').add('x').result().toBase64() } onto 's'\n  \
             map { digest('sha-1').add('x').result().toBase64() } onto 's2'",
        ],
    ),
];

/// For M043, which is about the schema: one whose fields have no defaults.
const REQUIRED: &[&str] =
    &["map timestamp() onto 'needed'\n  map referer() onto 'wanted'", "map timestamp() onto 'needed'"];

/// Scripts for fields of a logical type.
const LOGICAL: &[(&str, &[&str])] = &[
    ("M020", &["map timestamp() onto 'milis'"]),
    (
        "M021",
        &[
            "map corrupt() onto 'millis'",
            "map exactDevicePixelRatio() onto 'millis'",
            "map clockOffset() onto 'day'",
            "map timestamp() onto 'uuid'",
            "map header('Date') onto 'day'",
            "map userAgent().isBot() onto 'amount'",
        ],
    ),
    (
        "M022",
        &[
            "map '2026-11-21' onto 'day'",
            "map 5 onto 'millis'",
            "map '12.50' onto 'amount'",
            "map 'b9b0da8e-b269-5079-92c9-8daf65530977' onto 'uuid'",
            "map 1.5f onto 'clock'",
        ],
    ),
    ("M024", &["map userAgent() onto 'amount'", "map((parse location() to uri)).onto('uuid')"]),
    ("M044", &["map timestamp() onto 'micros'\n  map clientTimestamp() onto 'micros'"]),
];

/// Its schema.
fn logical() -> Arc<RecordSchema> {
    schema(
        r#"{"type": "record", "name": "Logical", "fields": [
            {"name": "millis", "default": null, "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
            {"name": "micros", "default": null, "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
            {"name": "day", "default": 0, "type": {"type": "int", "logicalType": "date"}},
            {"name": "clock", "default": null, "type": ["null", {"type": "int", "logicalType": "time-millis"}]},
            {"name": "amount", "default": null,
             "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
            {"name": "uuid", "default": null,
             "type": ["null", {"type": "fixed", "name": "Uuid", "size": 16, "logicalType": "uuid"}]}
        ]}"#,
    )
}

struct Told {
    code: &'static str,
    text: String,
    schema: Arc<RecordSchema>,
    messages: Vec<Diagnostic>,
}

fn told(code: &'static str, script: &str, schema: &Arc<RecordSchema>) -> Told {
    let text = format!("mapping {{\n  {script}\n}}\n");
    let messages = match compile(options(), &source(&text), schema) {
        Ok((_, warnings)) => warnings,
        Err(errors) => errors,
    };
    Told { code, text, schema: Arc::clone(schema), messages }
}

fn gallery() -> Vec<Told> {
    let (optional, required) = (
        test_schema(),
        schema(
            r#"{"type": "record", "name": "R", "fields": [
                {"name": "needed", "type": "long"}, {"name": "wanted", "type": "string"}
            ]}"#,
        ),
    );
    let own = SCRIPTS.iter().flat_map(|(code, scripts)| scripts.iter().map(move |script| (*code, *script)));
    let own = own.map(|(code, script)| told(code, script, &optional));
    let logical = logical();
    let typed = LOGICAL.iter().flat_map(|(code, scripts)| scripts.iter().map(move |script| (*code, *script)));
    let typed = typed.map(|(code, script)| told(code, script, &logical));
    own.chain(REQUIRED.iter().map(|script| told("M043", script, &required))).chain(typed).collect()
}

#[test]
fn every_code_is_shown_at_least_twice() {
    let gallery = gallery();
    assert!(gallery.len() >= 80, "{} scripts", gallery.len());
    let without = gallery.iter().filter(|told| told.messages.iter().all(|message| message.code != told.code));
    let without: Vec<_> = without.map(|told| format!("{} is not told of {}", told.code, told.text)).collect();
    assert!(without.is_empty(), "{}", without.join("\n"));
    for code in CODES {
        let shown = gallery.iter().filter(|told| told.code == code.code).count();
        assert!(shown >= 2, "{} is shown {shown} times", code.code);
    }
}

#[test]
fn what_is_said_about_wrong_scripts() {
    let mut pages: BTreeMap<&str, String> = BTreeMap::new();
    for told in gallery() {
        let page = pages.entry(told.code).or_default();
        // Writing to memory cannot fail.
        let _ = write!(page, "{}\n{}\n", told.text, render(&told.messages, false).trim_end());
        page.push_str("\n========\n\n");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("gallery");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (code, page) in pages {
            insta::assert_snapshot!(code, page);
        }
    });
}

/// Puts every replacement that the hints name into the script, as a program that reads the report would.
fn mended(told: &Told) -> Option<String> {
    let report = serde_json::to_value(told.messages.iter().map(Plain::new).collect::<Vec<_>>()).unwrap();
    let fixes = report.as_array().unwrap().iter().map(|message| &message["fix"]).filter(|fix| !fix.is_null());
    let byte = |fix: &Value, line: &str, column: &str| {
        let [line, column] = [line, column].map(|name| usize::try_from(fix[name].as_u64().unwrap()).unwrap());
        let before: usize = told.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        before + told.text[before..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    };
    let mut fixes: Vec<_> = fixes
        .map(|fix| (byte(fix, "line", "column")..byte(fix, "end_line", "end_column"), fix["text"].as_str().unwrap()))
        .collect();
    fixes.sort_by_key(|(span, _)| span.start);
    let mut text = told.text.clone();
    for (span, fix) in fixes.iter().rev() {
        text.replace_range(span.clone(), fix);
    }
    (!fixes.is_empty()).then_some(text)
}

#[test]
fn scripts_load_once_the_hints_are_followed() {
    let (mut count, mut wrong) = (0, Vec::new());
    for told in gallery() {
        for message in &told.messages {
            let named =
                message.hints.iter().any(|hint| hint.starts_with("did you mean") || hint.starts_with("write `"));
            if named && message.fix.is_none() {
                wrong.push(format!("{}has no replacement for {:?}", told.text, message.hints));
            }
        }
        let Some(text) = mended(&told) else { continue };
        count += 1;
        match compile(options(), &source(&text), &told.schema) {
            Ok((_, odd)) if odd.iter().any(|odd| odd.fix.is_some()) => wrong.push(render(&odd, false)),
            Ok(_) => {}
            Err(errors) => wrong.push(render(&errors, false)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 25, "only {count} scripts are mended");
}
