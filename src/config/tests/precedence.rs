//! Which value of a key wins.

use super::*;

fn port(bench: &Bench) -> u16 {
    bench.settings().server.port
}

#[test]
fn arguments_over_properties_over_file_over_variables_over_defaults() {
    let options = "-Xmx1g -Ddivolte.global.server.port=3";
    for (bench, expected) in [
        (Bench::new(""), 8290),
        (Bench::new("").variable("DIVOLTE_PORT", "1"), 1),
        (Bench::new("divolte.global.server.port = 2").variable("DIVOLTE_PORT", "1"), 2),
        (Bench::new("divolte.global.server.port = 2").variable("DIVOLTE_JAVA_OPTS", options), 3),
        (Bench::new("").variable("DIVOLTE_JAVA_OPTS", options).set("divolte.global.server.port=4"), 4),
        (Bench::new("").set("divolte.global.server.port=4").set("divolte.global.server.port = 5"), 5),
        (Bench::new("divolte.global.server.port = ${?NOPE}"), 8290),
        (Bench::new("divolte.global.server.port = ${PORT}").variable("PORT", "6"), 6),
        (Bench::new("my = 7\ndivolte.global.server.port = ${my}").set("my=8"), 8),
        (Bench::new("divolte.global.server.port = ${divolte.global.admin.port}"), 8291),
    ] {
        assert_eq!(port(&bench), expected, "{:?}", bench.request);
    }
}

#[test]
fn variables_may_force_keys_when_they_are_let() {
    let force = |options: &str| {
        Bench::new("divolte.global.server.port = 2")
            .variable("CONFIG_FORCE_divolte_global_server_port", "7")
            .variable("CONFIG_FORCE_divolte_global_mapper_buffer___size", "70")
            .variable("DIVOLTE_JAVA_OPTS", options)
    };
    let forced = force("-Dconfig.override_with_env_vars=true -Ddivolte.global.server.port=3");
    assert_eq!((port(&forced), forced.settings().mapper.buffer_size), (7, 70));
    assert_eq!(forced.said(), "");
    assert_eq!(port(&forced.set("divolte.global.server.port=8")), 8);
    let ignored = force("");
    assert_eq!((port(&ignored), ignored.settings().mapper.buffer_size), (2, 1_048_576));
    assert!(ignored.said().contains("CONFIG_FORCE_divolte_global_mapper_buffer___size"), "{}", ignored.said());
    let odd = forced_name("CONFIG_FORCE_divolte____x");
    assert!(odd.said().contains("`CONFIG_FORCE_divolte____x` stands for no key"), "{}", odd.said());
    let unknown = forced_name("CONFIG_FORCE_divolte_global_server_prt");
    assert!(unknown.said().contains("did you mean `port`?"), "{}", unknown.said());
}

fn forced_name(name: &str) -> Bench {
    Bench::new("").variable("DIVOLTE_JAVA_OPTS", "-Dconfig.override_with_env_vars=true").variable(name, "1")
}

#[test]
fn the_file_may_be_named_by_a_property() {
    let bench = Bench::new("divolte.global.server.port = 3");
    let file = bench.request.config.clone().expect("a file");
    let mut bench = bench.variable("DIVOLTE_JAVA_OPTS", &format!("-Dconfig.file={}", file.display()));
    bench.request.config = None;
    assert_eq!(port(&bench), 3);
    let other = bench.path().join("other.conf");
    fs::write(&other, "divolte.global.server.port = 4").expect("a file");
    bench.request.config = Some(other);
    assert_eq!(port(&bench), 4);
}

#[test]
fn the_script_beside_the_file_sets_variables() {
    let bench = Bench::new("divolte.global.server { port = ${?OWN_PORT}, host = ${OWN_HOST} }");
    let script = "# settings\nexport OWN_PORT=5\nOWN_HOST=\"127.0.0.$LAST\"\nexport JAVA_HOME=/opt/java\n\
                  if true; then\n  OWN_PORT=6\nfi\n. /etc/more\nDIVOLTE_JAVA_OPTS='-Ddivolte.global.admin.port=9 -Xmx1g'\n";
    fs::write(bench.path().join("divolte-env.sh"), script).expect("a file");
    fs::write(bench.path().join("logback.xml"), "<configuration/>").expect("a file");
    let bench = bench.variable("LAST", "1");
    let settings = bench.settings();
    assert_eq!((settings.server.port, settings.server.host.as_deref(), settings.admin.port), (5, Some("127.0.0.1"), 9));
    insta::assert_snapshot!("beside_the_file", bench.said());
    // A directory of its own goes before the one of the file.
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    fs::write(elsewhere.path().join("divolte-env.sh"), "OWN_HOST=localhost").expect("a file");
    let bench = bench.variable("DIVOLTE_CONF_DIR", &elsewhere.path().display().to_string());
    assert_eq!(bench.settings().server.host.as_deref(), Some("localhost"));
}

#[test]
fn a_sink_of_type_file_is_on_the_local_disk_whatever_hadoop_says() {
    let text = "divolte { global.hdfs.client.fs.defaultFS = \"hdfs://n\", sinks.s { type = @TYPE@ }
        mappings.m { sources = [browser], sinks = [s] } }";
    assert_eq!(Bench::new(&text.replace("@TYPE@", "file")).settings().sinks.len(), 1);
    assert!(load(&Bench::new(&text.replace("@TYPE@", "hdfs")).request).is_err());
}

#[test]
fn the_memory_for_duplicates_is_bounded_in_all() {
    for (threads, slots, given) in [
        ("1", "1073741824", 1 << 30),
        ("1000", "2147483647", 1_073_741),
        ("2", "1G", 1 << 29),
        ("1024", "1048576", 1 << 20),
    ] {
        let mapper = format!("divolte.global.mapper {{ threads = {threads}, duplicate_memory_size = {slots} }}");
        let settings = Bench::new(&mapper).settings();
        assert_eq!(settings.mapper.duplicate_memory_size, given, "{mapper}");
        assert_eq!(settings.warnings.len(), usize::from(given < 1 << 30 && threads != "1024"), "{mapper}");
    }
}

#[test]
fn the_host_may_come_from_the_environment() {
    let host = |text| Bench::new(text).variable("DIVOLTE_HOST", "0.0.0.0").settings().server.host;
    assert_eq!(host("").as_deref(), Some("0.0.0.0"));
    assert_eq!(host("divolte.global.server.host = 127.0.0.1").as_deref(), Some("127.0.0.1"));
    assert_eq!(Bench::new("").settings().server.host, None);
}

#[test]
fn set_takes_texts_lists_and_objects() {
    let bench = Bench::new("")
        .set("divolte.global.server.host=::1")
        .set("divolte.global.server.shutdown_delay=2 seconds")
        .set("divolte.sources={ \"a.b\" { type = json, event_path = /j } }")
        .set("divolte.sources.\"a.b\".party_id_parameter=who")
        .set("divolte.mappings { m { sources = [a.b], sinks = [] } }");
    let said = bench.said();
    assert!(
        said.contains("`--set divolte.mappings { m { sources = [a.b], sinks = [] } }` is not of the form"),
        "{said}"
    );

    let bench = Bench::new("")
        .set("divolte.global.server.host=::1")
        .set("divolte.global.server.shutdown_delay=2 seconds")
        .set("divolte.sources={ \"a.b\" { type = json, event_path = /j } }")
        .set("divolte.sources.\"a.b\".party_id_parameter=who")
        .set("divolte.mappings.m.sources=[a.b]")
        .set("divolte.mappings.m.sinks=[]");
    let settings = bench.settings();
    assert_eq!(settings.server.host.as_deref(), Some("::1"));
    assert_eq!(settings.server.shutdown_delay.as_secs(), 2);
    let [SourceSettings::Json(json)] = &settings.sources[..] else { panic!("{:?}", settings.sources) };
    assert_eq!((json.name.as_str(), json.party_id_parameter.as_str()), ("a.b", "who"));
    assert_eq!(settings.mappings[0].sources, ["a.b"]);
}

#[test]
fn the_data_directory() {
    let data = |bench: &Bench| bench.settings().data_directory.display().to_string();
    let file = "divolte.global.data_directory = /file";
    for (bench, expected) in [
        (Bench::embedded(), "data"),
        (Bench::embedded().variable("DIVOLTE_DATA_DIR", "/variable"), "/variable"),
        (Bench::embedded().variable("STATE_DIRECTORY", "/state:/other"), "/state"),
        (Bench::new(file).variable("DIVOLTE_DATA_DIR", "/variable"), "/file"),
        (Bench::new(file).set("divolte.global.data_directory=/set"), "/set"),
    ] {
        assert_eq!(data(&bench), expected, "{:?}", bench.request);
    }
    let mut bench = Bench::new(file).set("divolte.global.data_directory=/set");
    bench.request.data = Some("/argument".into());
    let settings = bench.settings();
    assert_eq!(settings.data_directory, Path::new("/argument"));
    assert_eq!(settings.journal.directory, Path::new("/argument/journal"));
    assert_eq!(settings.dead_letter_directory, Path::new("/argument/dead-letters"));
}

#[test]
fn without_a_file_it_can_be_tried_at_once() {
    let mut bench = Bench::embedded();
    bench.request.data = Some("/d".into());
    let settings = bench.settings();
    assert!(settings.embedded);
    assert_eq!(diagnostic::render(&settings.warnings, false), "");
    let names: Vec<_> = settings.sources.iter().map(SourceSettings::name).collect();
    assert_eq!(names, ["browser", "json"]);
    let [SinkSettings::File(sink)] = &settings.sinks[..] else { panic!("{:?}", settings.sinks) };
    assert_eq!(sink.publish_directory, Path::new("/d/events"));
    assert_eq!(sink.working_directory, Path::new("/d/events/.working"));
    assert_eq!((sink.sync_after.as_secs(), sink.roll_every.as_secs()), (1, 60));
    assert!(sink.make_directories);
}

#[test]
fn the_conventional_file_is_found() {
    let mut bench = Bench::new("");
    fs::write(bench.path().join("divolte-collector.conf"), "divolte.global.server.port = 9").expect("a file");
    bench.request.config = None;
    let place = bench.path().display().to_string();
    let bench = bench.variable("DIVOLTE_CONF_DIR", &place);
    assert_eq!((port(&bench), bench.settings().embedded), (9, false));
    let elsewhere = Bench::embedded().variable("DIVOLTE_CONF_DIR", "/nowhere");
    assert!(elsewhere.settings().embedded);
}

#[test]
fn defaults_are_those_of_the_original() {
    let settings =
        Bench::new("divolte.sources.b.type = browser\ndivolte.sources.j { type = json, event_path = e }").settings();
    let [SourceSettings::Browser(browser), SourceSettings::Json(json)] = &settings.sources[..] else {
        panic!("{:?}", settings.sources)
    };
    assert_eq!((browser.prefix.as_str(), browser.event_suffix.as_str()), ("/", "csc-event"));
    assert_eq!((browser.party_cookie.as_str(), browser.session_cookie.as_str()), ("_dvp", "_dvs"));
    assert_eq!((browser.party_timeout_seconds, browser.session_timeout_seconds), (63_072_000, 1_800));
    assert_eq!((browser.javascript_name.as_str(), browser.event_timeout.as_millis()), ("divolte.js", 750));
    assert!(browser.auto_page_view_event && !browser.javascript_debug && !browser.javascript_logging);
    assert_eq!((json.event_path.as_str(), json.party_id_parameter.as_str(), json.body_bytes_max), ("/e", "p", 4096));
    assert_eq!((settings.mapper.buffer_size, settings.mapper.threads), (1_048_576, 1));
    assert_eq!((settings.mapper.duplicate_memory_size, settings.mapper.user_agent_cache_size), (1_000_000, 1000));
    assert_eq!((settings.server.port, settings.server.shutdown_timeout.as_secs()), (8290, 120));
    assert!(settings.server.serve_static_resources && !settings.server.use_x_forwarded_for);
    // Implicit mapping and sinks: only the one for files is switched on.
    assert_eq!(settings.mappings[0].sources, ["b", "j"]);
    assert_eq!(settings.mappings[0].sinks, ["hdfs", "kafka", "gcps"]);
    let [SinkSettings::File(sink)] = &settings.sinks[..] else { panic!("{:?}", settings.sinks) };
    assert_eq!((sink.lanes, sink.sync_after_records), (2, 1000));
    assert_eq!((sink.sync_after.as_secs(), sink.roll_every.as_secs()), (30, 3600));
    assert_eq!((sink.working_directory.as_path(), sink.make_directories), (Path::new("/tmp"), false));
    assert_eq!(diagnostic::render(&settings.warnings, false), "");
}

#[test]
fn an_empty_section_suppresses_the_implicit_one() {
    let settings = Bench::new("divolte { sources {}, mappings {}, sinks {} }").settings();
    assert!(settings.sources.is_empty() && settings.mappings.is_empty() && settings.sinks.is_empty());
    let settings = Bench::new("divolte { sources = null, sinks = null }").settings();
    assert_eq!((settings.sources.len(), settings.sinks.len()), (1, 1));
}

#[test]
fn values_are_coerced_as_in_the_original() {
    for (text, expected) in [
        ("global.mapper.buffer_size = \"9000\"", 9000),
        ("global.mapper.buffer_size = 9000.7", 9000),
        ("global.mapper.buffer_size = 10M", 10_485_760),
        ("global.mapper.buffer_size = 16K", 16_384),
    ] {
        assert_eq!(Bench::new(&format!("divolte.{text}")).settings().mapper.buffer_size, expected, "{text}");
    }
    for (text, expected) in
        [("true", true), ("\"true\"", true), ("1", true), ("0", false), ("\"false\"", false), ("null", false)]
    {
        let text = format!("divolte.global.server.debug_requests = {text}");
        assert_eq!(Bench::new(&text).settings().server.debug_requests, expected, "{text}");
    }
    let text = "divolte.mappings.m { sources { \"1\" = browser, \"0\" = browser }, sinks = [hdfs, hdfs] }";
    let settings = Bench::new(text).settings();
    assert_eq!(
        (&settings.mappings[0].sources[..], &settings.mappings[0].sinks[..]),
        (&["browser".to_owned()][..], &["hdfs".to_owned()][..])
    );
    for (asked, given) in [("1", 4096), ("4096", 4096), ("4097", 8192), ("8192", 8192), ("-1", 4096), ("100M", 4 << 20)]
    {
        let text = format!("divolte.sources.j {{ type = json, maximum_body_size = {asked} }}");
        let settings = Bench::new(&text).settings();
        let [SourceSettings::Json(json)] = &settings.sources[..] else { panic!("{text}") };
        assert_eq!(json.body_bytes_max, given, "{text}");
    }
    for (prefix, expected) in [("/", "/"), ("", "/"), ("abc", "/abc/"), ("/two/", "/two/"), ("/a/b", "/a/b/")] {
        let settings = Bench::new(&format!("divolte.sources.b {{ type = browser, prefix = \"{prefix}\" }}")).settings();
        let [SourceSettings::Browser(browser)] = &settings.sources[..] else { panic!("{prefix}") };
        assert_eq!(browser.prefix, expected);
    }
}

#[test]
fn the_defaults_in_code_are_those_of_the_file() {
    let settings = Bench::new("divolte.sources { browser.type = browser, json.type = json }").settings();
    let [SourceSettings::Browser(browser), SourceSettings::Json(json)] = &settings.sources[..] else {
        panic!("{:?}", settings.sources)
    };
    let journal = JournalOptions { directory: settings.journal.directory.clone(), ..JournalOptions::default() };
    for (file, code) in [
        (format!("{browser:?}"), format!("{:?}", BrowserSettings::default())),
        (format!("{json:?}"), format!("{:?}", JsonSettings::default())),
        (format!("{:?}", settings.server.limits), format!("{:?}", LimitSettings::default())),
        (format!("{:?}", settings.mapper), format!("{:?}", MapperSettings::default())),
        (format!("{:?}", settings.journal), format!("{journal:?}")),
    ] {
        assert_eq!(file, code);
    }
}

#[test]
fn what_other_parts_work_with_is_carried() {
    let text = r#"divolte {
      global {
        mapper.digest_reuse = original
        journal { segment_size = 16M, max_size = 1G, reserve = 1, retention_time = 1 hour, retention_size = 2M
          keep = [X-Own, Referer], erase_on_recycle = true }
        dead_letters.max_size = 5M
        kafka { enabled = true, threads = 3, buffer_size = 5, producer.acks = all }
      }
      sources {
        b { type = browser, response = 204, allowed_origins = ["https://Shop.example.com"], max_hops = 2
          trusted_proxies = ["10.0.0.0/8", "::1"] }
        j { type = json, event_path = /j, strict = true }
      }
      sinks {
        f { type = file, start = earliest, on_full = skip_oldest, file_strategy { roll_size = 64M, codec = zstandard } }
        k { type = kafka, topic = t, mode = confluent }
      }
      mappings.m { sources = [b, j], sinks = [f, k], confluent_id = 7 }
    }"#;
    let bench = Bench::new(text);
    let Loaded { settings, diagnostics } = inspect(&bench.request).expect("it can be read");
    let refused = diagnostics.iter().filter(|told| told.is_error()).all(|told| told.code == problem::code::NOT_HERE);
    assert!(refused, "{}", bench.said());
    insta::assert_snapshot!(
        "carried",
        format!(
            "{:#?}",
            (
                settings.mapper,
                settings.journal,
                settings.dead_letter_bytes_max,
                settings.sources,
                settings.mappings,
                settings.sinks,
                settings.absent_sinks,
            )
        )
        .replace(&bench.path().display().to_string(), "<here>")
    );
}
