//! Configurations of the golden groups and of the example.

use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// Where the groups are.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/groups")
}

fn groups() -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory()).expect("the groups").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let json = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, serde_json::from_str(&fs::read_to_string(path).expect("a group")).expect("JSON"))
    };
    files.iter().filter(json).map(read).collect()
}

/// A configuration with its tokens replaced by what is there.
fn bench(text: &str) -> Bench {
    let bench = Bench::new("");
    let root = bench.path().to_owned();
    for name in ["work2", "pub2", "work3", "pub3"] {
        fs::create_dir(root.join(name)).expect("a directory");
    }
    for name in ["schema.avsc", "mapping.groovy", "m1.groovy", "m2.groovy", "s.avsc", "m.groovy"] {
        fs::write(root.join(name), "").expect("a file");
    }
    let mut text = text.replace("@PORT@", "0");
    for (token, name) in [
        ("@WORK@", "work"),
        ("@PUB@", "pub"),
        ("@WORK2@", "work2"),
        ("@PUB2@", "pub2"),
        ("@WORK3@", "work3"),
        ("@PUB3@", "pub3"),
        ("@SCHEMA@", "schema.avsc"),
        ("@MAPPING@", "mapping.groovy"),
        ("@ROOT@", ""),
    ] {
        text = text.replace(token, root.join(name).to_string_lossy().trim_end_matches('/'));
    }
    text = text.replace("@GOLDEN@", &directory().to_string_lossy());
    fs::write(root.join("site.conf"), text).expect("a file");
    bench
}

#[test]
fn golden_configurations_load() {
    let mut loaded = 0;
    for (group, content) in groups() {
        if group == "config_errors" {
            continue;
        }
        let cases = content["cases"].as_array().map_or(&[][..], Vec::as_slice);
        let configs = cases.iter().chain([&content]).filter_map(|holder| holder["config"].as_str());
        for config in configs {
            let bench = bench(config);
            let said = bench.said();
            let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error")).collect();
            assert!(errors.is_empty() && load(&bench.request).is_ok(), "{group}\n{said}\n{config}");
            loaded += 1;
        }
    }
    assert!(loaded > 20, "only {loaded} configurations were found");
}

/// The example of a site with its schema and script, started in its own directory.
fn javadoc(file: &str) -> Bench {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/javadoc");
    let text = fs::read_to_string(directory.join(file)).expect("the example");
    Bench::new(&text)
        .set(&format!("divolte.mappings.javadoc.schema_file={}", directory.join("javadoc.avsc").display()))
        .set(&format!("divolte.mappings.javadoc.mapping_script_file={}", directory.join("mapping.groovy").display()))
}

#[test]
fn the_example_loads() {
    let settings = javadoc("divolte-collector.conf").settings();
    let [SinkSettings::File(sink)] = &settings.sinks[..] else { panic!("{:?}", settings.sinks) };
    assert_eq!((sink.name.as_str(), settings.mappings[0].name.as_str()), ("hdfs", "javadoc"));
    assert!(settings.mappings[0].schema_file.is_some());
}

#[test]
fn the_example_for_kafka_is_refused_in_words() {
    let bench = javadoc("divolte-collector-kafka.conf");
    insta::assert_snapshot!(bench.said());
    assert_eq!(load(&bench.request).map_err(|errors| errors.len()).err(), Some(1));
    // Without the sink it loads, and says that nothing comes of it.
    let without = bench.set("divolte.global.kafka.enabled=false");
    assert_eq!(without.settings().warnings.len(), 1, "{}", without.said());
}
