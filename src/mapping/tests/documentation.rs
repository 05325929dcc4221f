//! Every example of `docs/mapping.md`, run as it stands there.

use super::*;
use crate::{
    mapping::{
        diagnostic::CODES,
        function::{function_names, method_names},
        producer::Kind,
    },
    util::{secret::Secret, table::Format},
};

const DOCUMENT: &str = include_str!("../../../docs/mapping.md");

/// Fenced blocks with their language, in order.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fences = DOCUMENT.split("```").skip(1).step_by(2);
    fences.filter_map(|block| block.split_once('\n')).collect()
}

/// Schema and event of the examples: the first two blocks of JSON.
fn surroundings() -> (Arc<RecordSchema>, Value) {
    let mut json = blocks().into_iter().filter(|(language, _)| *language == "json").map(|(_, text)| text);
    let (own, event) = (json.next().unwrap(), json.next().unwrap());
    (schema(own), serde_json::from_str(event).unwrap())
}

fn made(script: &str, schema: &Arc<RecordSchema>, event: &Value) -> Value {
    let text = |name: &str| event[name].as_str();
    let pairs = |name: &str| -> Vec<(&str, &str)> {
        let named = event[name].as_object().unwrap().iter();
        named.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    };
    let parameters = event["parameters"].to_string();
    let view = Event {
        location: text("location"),
        referer: text("referer"),
        event_type: text("eventType"),
        parameters: Parameters::Json(&parameters),
        ..page_view()
    };
    let rows = blocks().into_iter().find(|(language, _)| *language == "csv").expect("the table of the examples").1;
    let tables = super::tables::users_of(rows, Format::Csv);
    let options = MappingOptions {
        surroundings: Surroundings {
            has_places: true,
            has_key: true,
            tables: known(&tables),
            ..Surroundings::default()
        },
        extras: Extras { pseudonym_key: Some(Secret::new(*b"a key of 32 bytes, for examples.")), ..Extras::default() },
        ..options()
    };
    let (mapping, _) =
        compile(options, &source(script), schema).unwrap_or_else(|errors| panic!("{script}: {errors:?}"));
    let places = Places::new([include_bytes!("../../../tests/conformance/groups/geo-test.mmdb").to_vec()]).unwrap();
    let event = stored(&view, &pairs("headers"), &pairs("cookies"));
    let chunk = mapped_at(&[Arc::new(mapping)], &event, Outside { places: Some(&places), tables: Some(&tables) });
    assert!(!chunk.records.is_empty(), "{script}: {:?}", chunk.rejected);
    super::record(&chunk, 0, schema)
}

/// What the document must say below a script.
fn outcome(script: &str, expected: &str, schema: &Arc<RecordSchema>, event: &Value) -> String {
    if expected.starts_with("error[") || expected.starts_with("warning[") {
        let messages = match compile(options(), &source(script), schema) {
            Ok((_, warnings)) => warnings,
            Err(errors) => errors,
        };
        return render(&messages, false).trim_end().to_owned();
    }
    let script = if script.contains("mapping {") { script.to_owned() } else { format!("mapping {{\n{script}\n}}") };
    let (own, default) = (made(&script, schema, event), made("", schema, event));
    let set = schema.fields().iter().filter(|field| own[&field.name] != default[&field.name]);
    let shown: Vec<_> = set.map(|field| format!("{} = {}", field.name, own[&field.name])).collect();
    shown.join("\n")
}

#[test]
fn every_example_comes_out_as_it_says() {
    let (schema, event) = surroundings();
    let (blocks, mut count, mut current) = (blocks(), 0, DOCUMENT.to_owned());
    for (index, (_, script)) in blocks.iter().enumerate().filter(|(_, (language, _))| *language == "groovy") {
        count += 1;
        let Some(("text", expected)) = blocks.get(index + 1) else { panic!("nothing is said about {script}") };
        let outcome = outcome(script, expected, &schema, &event);
        let below = |text: &str| format!("{script}```\n\n```text\n{}\n```", text.trim_end());
        current = current.replace(&below(expected), &below(&outcome));
    }
    assert!(count >= 18, "only {count} examples");
    if std::env::var_os("HEADWATER_UPDATE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mapping.md"), current).unwrap();
        return;
    }
    let odd = current.lines().zip(DOCUMENT.lines()).find(|(own, document)| own != document);
    assert!(current == DOCUMENT, "{odd:?}; HEADWATER_UPDATE=1 writes what comes out");
}

#[test]
fn every_name_is_in_the_reference() {
    let kinds = [
        Kind::Uri,
        Kind::Query,
        Kind::UserAgent,
        Kind::Place,
        Kind::Campaign,
        Kind::Click,
        Kind::Traffic,
        Kind::Row,
        Kind::Boolean,
        Kind::TextList,
        Kind::Parameters,
        Kind::Matcher,
    ];
    let methods = kinds.into_iter().chain([Kind::Bytes]).flat_map(method_names);
    for name in function_names().chain(methods) {
        let shown = [format!("`{name}("), format!(".{name}("), format!("{name}()")];
        assert!(shown.iter().any(|form| DOCUMENT.contains(form)), "{name} is missing in docs/mapping.md");
    }
}

/// Functions that Divolte Collector has.
const ORIGINAL_FUNCTIONS: &[&str] = &[
    "location",
    "referer",
    "eventType",
    "firstInSession",
    "corrupt",
    "duplicate",
    "timestamp",
    "clientTimestamp",
    "remoteHost",
    "viewportPixelWidth",
    "viewportPixelHeight",
    "screenPixelWidth",
    "screenPixelHeight",
    "devicePixelRatio",
    "partyId",
    "sessionId",
    "pageViewId",
    "eventId",
    "userAgentString",
    "userAgent",
    "cookie",
    "header",
    "eventParameters",
    "eventParameter",
    "ip2geo",
];

/// Types whose methods it has, but for those that are named; all methods of other types are ours.
const ORIGINAL_KINDS: &[(Kind, &str, &[&str])] = &[
    (Kind::Uri, "a URI", &[]),
    (Kind::Query, "a query", &[]),
    (Kind::UserAgent, "a user agent", &["isBot"]),
    (
        Kind::Place,
        "a place",
        &[
            "accuracyRadius",
            "isInEuropeanUnion",
            "connectionType",
            "userType",
            "isAnonymous",
            "isAnonymousVpn",
            "isHostingProvider",
            "isPublicProxy",
            "isResidentialProxy",
            "isTorExitNode",
        ],
    ),
    (Kind::Boolean, "a boolean", &[]),
    (Kind::TextList, "a header", &[]),
    (Kind::Parameters, "parameters", &[]),
    (Kind::Matcher, "a match", &[]),
    (Kind::Bytes, "bytes", &[]),
];

const OWN_KINDS: &[(Kind, &str)] =
    &[(Kind::Campaign, "a campaign"), (Kind::Click, "a click"), (Kind::Traffic, "what led to the page")];

#[test]
fn the_extensions_are_current() {
    let mut rows = String::from("| of | beyond Divolte Collector |\n|---|---|\n");
    let mut row = |of: &str, names: Vec<String>| {
        if !names.is_empty() {
            rows.extend(["| ", of, " | ", &names.join(", "), " |\n"]);
        }
    };
    let own = function_names().filter(|name| !ORIGINAL_FUNCTIONS.contains(name));
    row("the event", own.map(|name| format!("`{name}()`")).collect());
    let every = ["isPresent", "isAbsent", "equalTo"];
    for (kind, of, own) in ORIGINAL_KINDS {
        assert!(own.iter().all(|name| method_names(*kind).any(|known| known == *name)), "{of}");
        row(of, own.iter().map(|name| format!("`.{name}()`")).collect());
    }
    for (kind, of) in OWN_KINDS {
        let names = method_names(*kind).filter(|name| !every.contains(name));
        row(of, names.map(|name| format!("`.{name}()`")).collect());
    }
    crate::documentation::check_block("mapping.md", "extensions", &rows);
}

#[test]
fn the_codes_are_current() {
    let rows = CODES.iter().map(|code| format!("| {} | {} |", code.code, code.meaning)).collect::<Vec<_>>().join("\n");
    crate::documentation::check_block("mapping.md", "codes", &format!("| code | stands for |\n|---|---|\n{rows}\n"));
}
