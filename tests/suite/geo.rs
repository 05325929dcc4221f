//! Places by address, and databases that are exchanged under a running program.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    run::{PATIENCE, Place},
    support::{http::Request, program::Program},
};

const CITIES: &[u8] = include_bytes!("../conformance/groups/geo-test.mmdb");

const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "id", "type": ["null", "string"], "default": null},
    {"name": "city", "type": ["null", "string"], "default": null}
]}"#;

const SCRIPT: &str = "mapping {
  map eventId() onto 'id'
  map ip2geo().cityName() onto 'city'
}";

/// The database with another name of the city.
fn renamed(city: &[u8; 9]) -> Vec<u8> {
    let mut bytes = CITIES.to_vec();
    let at = bytes.windows(9).position(|window| window == b"Amsterdam").expect("a city");
    bytes[at..at + 9].copy_from_slice(city);
    bytes
}

fn configure(place: &Place, database: &str) {
    place.write("s.avsc", SCHEMA);
    place.write("m.groovy", SCRIPT);
    let config = format!(
        "divolte {{
          global.server {{ host = 127.0.0.1, port = {}, use_x_forwarded_for = true }}
          global.admin {{ host = 127.0.0.1, port = {} }}
          global.mapper.ip2geo_database = \"{database}\"
          sources.web.type = browser
          sinks.files {{ type = file, file_strategy {{ sync_file_after_records = 1, working_dir = work, publish_dir = data/events }} }}
          mappings.m {{ sources = [web], sinks = [files], schema_file = s.avsc, mapping_script_file = m.groovy }}
        }}",
        place.port, place.admin
    );
    place.write("site.conf", &config);
    for directory in ["work", "data/events"] {
        fs::create_dir_all(place.path().join(directory)).expect("a directory");
    }
}

fn start(place: &Place) -> Program {
    place.start(place.command(&["serve", "-c", "site.conf"]))
}

fn send(place: &Place, event: &str) {
    let target = format!(
        "/csc-event?p=0%3Akcxgvgzh%3AAbCdEfGhIjKlMnOpQrStUvWxYz012345&n=f\
         &s=0%3Akcxh0qzs%3AZyXwVuTsRqPoNmLkJiHgFeDcBa543210&f=f&v=page&e={event}&c=kcxh0r1q&t=pageView\
         &l=https%3A%2F%2Fshop.example%2F&i=1&j=1&k=1&w=1&h=1&x=0"
    );
    let headers = [("Host", "c"), ("X-Forwarded-For", "192.0.2.5")];
    assert_eq!(Request::new("GET", &target, &headers, b"").send(place.port, PATIENCE).response().status, 200);
}

/// Puts a file in the place of another, as tools that fetch databases do.
fn exchange(place: &Place, name: &str, bytes: &[u8]) {
    let fresh = place.path().join(format!("{name}.new"));
    fs::write(&fresh, bytes).expect("a writable directory");
    fs::rename(&fresh, place.path().join(name)).expect("a rename");
}

#[track_caller]
fn wait_for(program: &Program, words: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    while !program.output().contains(words) {
        assert!(Instant::now() < until, "no `{words}` in\n{}", program.output());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_is_exchanged_under_the_running_program_and_a_damaged_one_is_refused() {
    let place = Place::new();
    fs::write(place.path().join("cities.mmdb"), CITIES).expect("a writable directory");
    configure(&place, "cities.mmdb");
    let mut program = start(&place);
    send(&place, "first0");
    // The event has to be mapped before the exchange: it is, once its sink counts it.
    let counted = |events: &str| {
        let until = Instant::now() + Duration::from_secs(20);
        let line = format!("\"delivered\":{events}");
        while !place.admin("/status").text().replace(' ', "").contains(&line) {
            assert!(Instant::now() < until, "{}", place.admin("/status").text());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    counted("1");
    exchange(&place, "cities.mmdb", &CITIES[..CITIES.len() / 2]);
    wait_for(&program, "the databases of places that are in use stay");
    send(&place, "second1");
    counted("2");
    exchange(&place, "cities.mmdb", &renamed(b"Rotterdam"));
    wait_for(&program, "places are looked up in the files as they are now");
    send(&place, "third2");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    let records = place.records();
    let city = |id: &str| records.iter().find(|record| record["id"] == id).map(|record| record["city"].clone());
    assert_eq!(
        ["first0", "second1", "third2"].map(city),
        ["Amsterdam", "Amsterdam", "Rotterdam"].map(|city| Some(Value::from(city))),
        "{records:?}"
    );
}

#[test]
fn a_compressed_database_is_read() {
    let place = Place::new();
    fs::write(place.path().join("cities.mmdb"), CITIES).expect("a writable directory");
    let packed = std::process::Command::new("gzip").arg("cities.mmdb").current_dir(place.path()).status();
    assert!(packed.expect("gzip").success());
    configure(&place, "cities.mmdb.gz");
    let mut program = start(&place);
    send(&place, "packed0");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    assert_eq!(place.records()[0]["city"], "Amsterdam");
}

#[test]
fn a_missing_old_or_wrong_database_is_told() {
    let place = Place::new();
    configure(&place, "cities.mmdb");
    let told = |place: &Place| {
        let output = place.output(&["check", "-c", "site.conf"]);
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, text) = told(&place);
    assert!(code == Some(2) && text.contains("`cities.mmdb` cannot be read"), "{text}");
    place.write("cities.mmdb", "rubbish");
    let (code, text) = told(&place);
    assert!(code == Some(2) && text.contains("is not a MaxMind database"), "{text}");
    let file = place.path().join("cities.mmdb");
    fs::write(&file, CITIES).expect("a writable directory");
    let (code, text) = told(&place);
    assert_eq!(code, Some(0), "{text}");
    let mut countries = CITIES.to_vec();
    let at = countries.windows(11).rposition(|window| window == b"GeoIP2-City").expect("a type");
    countries[at..at + 11].copy_from_slice(b"GeoIP2-Land");
    fs::write(&file, countries).expect("a writable directory");
    let (code, text) = told(&place);
    assert!(code == Some(0) && text.contains("is of the type GeoIP2-Land, which has no cities"), "{text}");
    place.write(
        "site.conf",
        &fs::read_to_string(place.path().join("site.conf"))
            .expect("a file")
            .replace("global.mapper.ip2geo_database", "# unset"),
    );
    let (code, text) = told(&place);
    assert!(code == Some(2) && text.contains("error[M016]") && text.contains("ip2geo_database"), "{text}");
    assert!(Path::new(&file).exists());
}
