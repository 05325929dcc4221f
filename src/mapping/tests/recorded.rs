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
    let parameters = get("u");
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
        parameters: parameters.as_deref().map_or(Parameters::Absent, Parameters::Mincode),
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

/// Groups of browser events whose records follow from the query and the headers alone.
const GROUPS: &[&str] = &[
    "map_literals",
    "map_sections",
    "map_simple",
    "map_groovy",
    "map_uri",
    "map_query",
    "map_regex",
    "map_parse",
    "map_headers",
    "map_mincode",
    "map_jsonpath",
    "map_params_bytes",
    "map_params_collections",
    "map_params_defaults",
    "map_params_int_collections",
    "map_params_nested",
    "map_params_records",
    "map_params_types",
    "run_bad_group",
    "run_bad_group_name",
    "run_bad_regex",
    "run_fixed",
    "run_null_in_array",
    "run_null_into_required",
    "run_query_bad_escape",
    "run_required_missing",
    "run_jsonpath_function_1",
    "run_jsonpath_function_2",
    "run_jsonpath_function_3",
    "run_jsonpath_function_5",
    "run_jsonpath_function_6",
    "run_jsonpath_function_7",
    "run_jsonpath_function_9",
];

#[test]
fn recorded_records() {
    let mut wrong = Vec::new();
    for name in GROUPS {
        let group = group(name);
        let schema = schema(group["schema"].as_str().unwrap());
        let (mapping, _) = compiled(group["mapping"].as_str().unwrap(), &schema);
        let mappings = [Arc::new(mapping)];
        for case in group["cases"].as_array().unwrap() {
            // What the server refuses makes no event.
            let refused = case["name"] == "obs-fold";
            if refused || case["response"]["status"] != 200 || case["request"]["raw_b64"].is_string() {
                continue;
            }
            let chunk = mapped(&mappings, &event_of(case));
            let expected = case["records"].as_array().unwrap();
            let label = format!("{name}: {}", case["name"]);
            if chunk.records.len() != expected.len() {
                wrong.push(format!("{label}: {} records, {:?}", chunk.records.len(), chunk.rejected));
            } else if let Some(expected) = expected.first() {
                compare(&label, &record(&chunk, 0, &schema), expected, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(case: &str, own: &Value, expected: &Value, wrong: &mut Vec<String>) {
    for (field, expected) in expected.as_object().unwrap() {
        if expected != "<server-time>" && own[field] != *expected {
            wrong.push(format!("{case}: {field} is {}, not {expected}", own[field]));
        }
    }
}

/// Whether a script starts.
#[test]
fn recorded_verdicts() {
    let group = group("mapping_errors");
    let schema = schema(group["schema"].as_str().unwrap());
    for case in group["cases"].as_array().unwrap() {
        let (name, script) = (case["name"].as_str().unwrap(), case["mapping"].as_str().unwrap());
        let started = case["startup"]["started"].as_bool().unwrap();
        let result = compile(options(), &source(script), &schema);
        let shown = result.as_ref().err().map_or(String::new(), |errors| render(errors, false));
        assert_eq!(result.is_ok(), started, "{name}: {script}\n{shown}");
    }
}
