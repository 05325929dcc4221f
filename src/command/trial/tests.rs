use serde_json::{Value, json};

use super::{
    read::{ReadError, samples},
    *,
};
use crate::{
    command::compile,
    config::{self, LoadRequest},
};

const PIXEL: &str = "/csc-event?p=0%3Ai0rjfnxc%3Aparty&s=0%3Ai0rjfnxc%3Asess&v=0%3Apage&e=0%3Apage0&c=i0rjfnxd&n=t&f=t\
                     &l=https%3A%2F%2Fshop.example%2F&t=pageView";

/// What is built in: a browser source, a JSON source at `/event`.
fn trial() -> Trial {
    let settings = config::load(&LoadRequest::default()).unwrap();
    let (mappings, _) = compile::mappings(&settings, &compile::tables(&settings)).unwrap();
    Trial::new(&settings, mappings.into_iter().map(Arc::new).collect(), &LookUps::default()).unwrap()
}

fn run(trial: &mut Trial, text: &str) -> Vec<Tried> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let samples = samples(text).unwrap();
    samples.iter().map(|sample| runtime.block_on(trial.run(sample, true)).unwrap()).collect()
}

/// The only record of a sample.
fn record(tried: &Tried) -> Value {
    match &tried.events[..] {
        [event] => match &event.results[0].fate {
            Fate::Record(record) => serde_json::from_str(record).unwrap(),
            other => panic!("{other:?}"),
        },
        _ => panic!("{tried:?}"),
    }
}

#[test]
fn each_form_of_a_request_gives_the_same_record() {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
    let time = "2030-01-01T00:00:00Z";
    let har = json!({"log": {"entries": [
        {"startedDateTime": time, "request": {"method": "GET", "url": format!("https://c.example{PIXEL}"),
         "headers": [{"name": ":authority", "value": "c.example"}, {"name": "User-Agent", "value": agent}]}},
    ]}});
    let line = json!({"url": PIXEL, "headers": {"user-agent": agent}, "time": time});
    let expected = record(&run(&mut trial(), &har.to_string())[0]);
    assert_eq!(expected["timestamp"], 1_893_456_000_000_i64);
    assert_eq!(expected["userAgentName"], "Firefox");
    assert_eq!(record(&run(&mut trial(), &line.to_string())[0]), expected);
    for text in [
        format!("GET {PIXEL} HTTP/1.1\r\nHost: c.example\r\nUser-Agent: {agent}\r\n\r\n"),
        format!("GET {PIXEL} HTTP/1.1\nUser-Agent: {agent}\n"),
    ] {
        let mut got = record(&run(&mut trial(), &text)[0]);
        assert!(got["timestamp"].as_i64() > Some(1_600_000_000_000), "now");
        got["timestamp"] = expected["timestamp"].clone();
        assert_eq!(got, expected);
    }
    let urls = run(&mut trial(), &format!("{PIXEL}\nhttps://c.example{PIXEL}\n"));
    assert_eq!(record(&urls[0])["location"], "https://shop.example/");
    assert_eq!(record(&urls[1])["detectedDuplicate"], true, "the second time");
}

#[test]
fn requests_with_bodies_stand_one_behind_the_other() {
    let body = r#"{"session_id": "0:1:s", "event_id": "1", "event_type": "hello", "is_new_party": true,
        "is_new_session": true, "client_timestamp_iso": "2030-01-01T12:00:00Z", "parameters": {"a": "b"}}"#;
    let post = format!(
        "POST /event?p=0:1:me HTTP/1.1\nContent-Type: application/json\nContent-Length: {}\n\n{body}",
        body.len()
    );
    let tried = run(&mut trial(), &format!("{post}\nGET {PIXEL} HTTP/1.1\n\n{post}\n\n"));
    let types: Vec<_> = tried.iter().map(|tried| record(tried)["eventType"].clone()).collect();
    assert_eq!(types, ["hello", "pageView", "hello"]);
    let without_length = format!("POST /event?p=0:1:me HTTP/1.1\nContent-Type: application/json\n\n{body}\n");
    assert_eq!(record(&run(&mut trial(), &without_length)[0])["eventType"], "hello");
    let line = json!({"url": "/event?p=0:1:me", "headers": {"content-type": "application/json"},
                      "body": serde_json::from_str::<Value>(body).unwrap()});
    assert_eq!(record(&run(&mut trial(), &line.to_string())[0])["eventType"], "hello");
}

#[test]
fn what_makes_no_event_says_why() {
    let tried = run(&mut trial(), "/csc-event?p=0\n/nowhere\nPOST /csc-event HTTP/1.1\n\n");
    assert_eq!((&tried[0].dropped[..], tried[0].elsewhere), (&["party_id"][..], false));
    assert!(tried[1].elsewhere && tried[1].events.is_empty());
    assert_eq!(tried[2].answer.as_ref().map(|(status, _)| *status), Some(405));
}

#[test]
fn an_event_of_the_mapping_test_server_needs_nothing() {
    let tried = run(&mut trial(), "{}\n{\"location\": \"x\", \"viewport_pixel_width\": \"7\", \"corrupt\": true}");
    let (bare, other) = (record(&tried[0]), record(&tried[1]));
    assert!(bare["partyId"].as_str().unwrap().starts_with("0:"), "{bare}");
    assert_eq!([&bare["location"], &bare["detectedCorruption"]], [&Value::Null, &json!(false)]);
    let got = [&other["location"], &other["detectedCorruption"], &other["viewportPixelWidth"]];
    assert_eq!(got, [&json!("x"), &json!(true), &Value::Null], "of the wrong type is absent");
}

#[test]
fn the_steps_name_place_field_and_value() {
    let tried = run(&mut trial(), PIXEL);
    let steps = &tried[0].events[0].results[0].steps;
    let trial = trial();
    let script = &trial.mappings()[0].script().text;
    let step = steps.iter().find(|step| step.field.as_deref() == Some("location")).unwrap();
    assert_eq!(step.seen, mapping::eval::Seen::Value(Some("https://shop.example/".into())));
    assert!(script[step.span.clone()].contains("location()"), "{}", &script[step.span.clone()]);
}

#[test]
fn what_is_no_request_is_said_with_its_line() {
    for (text, expected) in [
        ("", ReadError::Empty.to_string()),
        ("\n \n", ReadError::Empty.to_string()),
        ("{\"log\": 1}", "it is no HAR: ".to_owned()),
        ("{\"location\": 1}\n{\"locatoin\": 1}", "line 2: `locatoin` is no member of an event".to_owned()),
        ("{\"url\": \"/a\", \"headres\": {}}", "line 1: `headres` is not one of url, ".to_owned()),
        ("{}\n{", "line 2: no JSON object: ".to_owned()),
        ("{\"url\": \"a b\"}", "line 1: `a b` is no address".to_owned()),
        ("{\"url\": \"/a\", \"time\": \"soon\"}", "line 1: `time` is \"soon\"".to_owned()),
        ("nonsense", "line 1: `nonsense` is no address".to_owned()),
        ("GET / HTTP/1.1\nbroken\n", "line 2: `broken` is no header".to_owned()),
        ("what is this then", "line 1: `what is this then` is no request line".to_owned()),
    ] {
        let error = samples(text).expect_err(text).to_string();
        assert!(error.starts_with(&expected), "{text:?}: {error}");
    }
}

#[test]
fn a_header_cannot_smuggle_a_request() {
    let line = json!({"url": "/a", "headers": {"x": "1\r\n\r\nGET /b HTTP/1.1"}});
    assert!(samples(&line.to_string()).is_err());
}
