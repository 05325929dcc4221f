//! The answers that were recorded from the original.

use super::*;
use crate::mapping::java::form::{decode_into, pairs};

fn group(name: &str) -> Value {
    let path = format!("{}/tests/conformance/groups/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A parameter of the pixel's query, decoded.
fn parameter(target: &str, name: &str) -> Option<String> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let (_, value) = pairs(query).find(|(key, _)| *key == name)?;
    let mut out = String::new();
    decode_into(value, true, &mut out);
    Some(out)
}

/// Stores the event of a case as the browser source would; flags are taken from the record.
fn event_of(case: &Value) -> Vec<u8> {
    let target = case["request"]["target"].as_str().unwrap();
    let get = |name: &str| parameter(target, name);
    let size = |name: &str| get(name).and_then(|text| i32::from_str_radix(&text, 36).ok());
    let record = &case["records"][0];
    let flag = |name: &str| record[name].as_bool().unwrap_or(false);
    let (location, referer, kind) = (get("l"), get("r"), get("t"));
    let (party, session, view, id, ratio) = (get("p"), get("s"), get("v"), get("e"), get("k"));
    let event = Event {
        flags: Flags {
            corrupt: flag("corrupt"),
            duplicate: flag("duplicate"),
            first_in_session: get("f").as_deref() == Some("t"),
            new_party: false,
        },
        client_time: i64::from_str_radix(&get("c").unwrap(), 36).unwrap(),
        remote_host: Some("127.0.0.1"),
        party_id: party.as_deref().unwrap(),
        session_id: session.as_deref().unwrap(),
        page_view_id: view.as_deref(),
        event_id: id.as_deref().unwrap(),
        event_type: kind.as_deref(),
        location: location.as_deref(),
        referer: referer.as_deref(),
        viewport_width: size("w"),
        viewport_height: size("h"),
        screen_width: size("i"),
        screen_height: size("j"),
        device_pixel_ratio: ratio.as_deref(),
        ..page_view()
    };
    let headers: Vec<(String, &str)> = case["request"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap().to_ascii_lowercase(), pair[1].as_str().unwrap()))
        .collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    stored(&event, &headers, &[])
}

#[test]
fn recorded_records() {
    for (name, without) in [
        ("map_literals", ""),
        ("map_sections", ""),
        ("map_simple", ""),
        ("map_groovy", ""),
        ("run_required_missing", ""),
        // Whole queries cannot be mapped yet.
        ("map_uri", "  map u.query() onto 'query'\n"),
    ] {
        let group = group(name);
        let schema = schema(group["schema"].as_str().unwrap());
        let script = group["mapping"].as_str().unwrap();
        assert!(without.is_empty() || script.contains(without), "{name}");
        let (mapping, _) = compiled(&script.replace(without, ""), &schema);
        let mappings = [Arc::new(mapping)];
        for case in group["cases"].as_array().unwrap() {
            let chunk = mapped(&mappings, &event_of(case));
            let expected = case["records"].as_array().unwrap();
            assert_eq!(chunk.records.len(), expected.len(), "{name}: {}", case["name"]);
            if let Some(expected) = expected.first() {
                compare(&format!("{name}: {}", case["name"]), &record(&chunk, 0, &schema), expected);
            }
        }
    }
}

fn compare(case: &str, own: &Value, expected: &Value) {
    for (field, expected) in expected.as_object().unwrap() {
        if expected == "<server-time>" || field == "query" {
            continue;
        }
        assert_eq!(own[field], *expected, "{case}: {field}");
    }
}

/// Whether a script starts. What this release does not support yet is left out.
#[test]
fn recorded_verdicts() {
    let group = group("mapping_errors");
    let schema = schema(group["schema"].as_str().unwrap());
    let (mut agreed, mut to_come) = (0, Vec::new());
    for case in group["cases"].as_array().unwrap() {
        let (name, script) = (case["name"].as_str().unwrap(), case["mapping"].as_str().unwrap());
        let started = case["startup"]["started"].as_bool().unwrap();
        match compile(options(), &source(script), &schema) {
            Err(errors) if started && errors.iter().all(|error| error.code == "M014") => to_come.push(name),
            result => {
                let shown = result.as_ref().err().map_or(String::new(), |errors| render(errors, false));
                assert_eq!(result.is_ok(), started, "{name}: {script}\n{shown}");
                agreed += 1;
            }
        }
    }
    println!("{agreed} agree, {} wait for a part of the language that is to come: {to_come:?}", to_come.len());
    assert!(agreed >= 100);
}
