//! What is said, word for word.

use proptest::prelude::*;

use super::*;

#[test]
fn each_mistake_has_its_message() {
    for (name, text) in [
        ("unknown_key", "divolte {\n  global {\n    server { prt = 9000 }\n  }\n}\n"),
        ("unknown_section", "divolte.globl.server.port = 1"),
        ("unknown_sink_key", "divolte.sinks.s { type = hdfs, replication_factor = 3 }"),
        ("wrong_type", "divolte.global.server {\n  port = [1]\n  debug_requests = yes\n  host { a = 1 }\n}"),
        ("wrong_number", "divolte.global.mapper { buffer_size = many, threads = -1, duplicate_memory_size = 0 }"),
        ("out_of_range", "divolte.global.server.port = 99999"),
        ("bad_unit", "divolte.sources.b {\n  type = browser\n  party_timeout = 2 weeks\n  session_timeout = soon\n}"),
        ("bare_duration", "divolte.global.server.shutdown_delay = 5"),
        ("missing_type", "divolte.sources {\n  mine { prefix = /x }\n}"),
        ("unknown_type", "divolte.sources.j.type = jsn\ndivolte.sinks.s.type = s3"),
        ("undefined_names", "divolte.mappings.m {\n  sources = [browser, browzer]\n  sinks = [hfds]\n}"),
        ("missing_lists", "divolte.mappings.m { }"),
        ("mixed_up_names", "divolte.mappings.m { sources = [hdfs], sinks = [browser, hdfs] }"),
        ("same_name", "divolte.sources.x.type = browser\ndivolte.sinks.x.type = hdfs"),
        ("script_name", "divolte.sources.b { type = browser, javascript.name = \"a/b.js\" }"),
        (
            "routes",
            "divolte.sources {\n  a { type = browser }\n  b { type = json, event_path = \"//csc-event/\" }\n  c { type = browser }\n}",
        ),
        ("ping", "divolte.sources.j { type = json, event_path = /ping }"),
        (
            "several_schemas",
            "divolte.mappings {\n  a { sources = [browser], sinks = [hdfs] }\n  b { sources = [browser], sinks = [hdfs], schema_file = Cargo.toml, mapping_script_file = Cargo.toml }\n}",
        ),
        (
            "confluent",
            "divolte {\n  sinks.k { type = kafka, mode = confluent }\n  mappings {\n    a { sources = [browser], sinks = [k], confluent_id = 1 }\n    b { sources = [browser], sinks = [k], confluent_id = 2 }\n    c { sources = [browser], sinks = [k] }\n  }\n}",
        ),
        ("retries", "divolte.sinks.g { type = gcs, retry_settings { jitter_delay = 1 s, jitter_factor = 2 } }"),
        (
            "missing_file",
            "divolte.mappings.m { sources = [browser], sinks = [hdfs], mapping_script_file = nowhere.groovy }",
        ),
        ("missing_directory", "divolte.sinks.s { type = file, file_strategy { working_dir = \"gone/dir\" } }"),
        ("remote", "divolte.global.hdfs.client { fs.defaultFS = \"hdfs://namenode:8020\" }"),
        ("remote_directory", "divolte.sinks.s { type = hdfs, file_strategy { publish_dir = \"s3a://bucket/x\" } }"),
        ("properties", "divolte.global.kafka.producer {\n  acks = null\n  list = [{ a = 1 }]\n}"),
        ("syntax", "divolte {\n  global { server { port = 9000 }\n"),
        ("stray_brace", "divolte { }\n}\n"),
        ("value_missing", "not = //allowed"),
        ("substitution", "divolte.global.server.host = ${nope.nope}\ndivolte.global.admin.host = ${gone}"),
        ("circle", "a = ${b}\nb = ${a}"),
        ("set_twice", "divolte.global.server.port = abc\ndivolte { global { server { port = xyz } } }"),
        (
            "clamped",
            "divolte {\n  global.server.shutdown_delay = -1 s\n  global.hdfs.threads = 0\n  sources.b { type = browser, party_timeout = 100000 days, http_response_delay = \"-1 s\" }\n}",
        ),
        ("null_is_zero", "divolte.global.server.port = null"),
        (
            "durability",
            "divolte.global.journal { durability = fsync, retention_time = 1 hour }\ndivolte.sources.browser { type = browser, durability = flush }",
        ),
        (
            "not_yet",
            "divolte {\n  global.mapper.ip2geo_database = x.mmdb\n  sinks.s { type = file, file_strategy { codec = deflate }, on_full = skip_oldest }\n  sources.b { type = browser, allowed_origins = [x] }\n}",
        ),
        (
            "no_use",
            "divolte {\n  sources { a.type = browser, b { type = browser, prefix = b } }\n  sinks.k.type = kafka\n  mappings.m { sources = [a], sinks = [k], schema_file = Cargo.toml }\n}",
        ),
        ("project", "divolte.global.gcps.enabled = true\ndivolte.mappings {}"),
        ("not_an_object", "divolte { global.server = 5, sources = [], mappings.m = x }"),
    ] {
        insta::assert_snapshot!(name, Bench::new(text).said());
    }
}

#[test]
fn mistakes_outside_of_the_file() {
    let bench = Bench::new("divolte.global.server.port = 1")
        .set("divolte.global.server.port=abc")
        .set("divolte.global.server.prt=2")
        .set("server.port=1")
        .set("global.server.port=1")
        .variable("DIVOLTE_JAVA_OPTS", "-Ddivolte.global.mapper.threads=x");
    insta::assert_snapshot!("arguments", bench.said());
    insta::assert_snapshot!("variable", Bench::new("").variable("DIVOLTE_PORT", "http").said());
    insta::assert_snapshot!("argument_form", Bench::new("").set("port").said());
    let mut bench = Bench::new("");
    bench.request.config = Some(bench.path().join("none.conf"));
    insta::assert_snapshot!("no_file", bench.said());
}

#[test]
fn a_mistake_in_an_included_file_is_shown_there() {
    let bench = Bench::new("divolte.global { include \"more.conf\" }\ninclude \"broken\"");
    fs::write(bench.path().join("more.conf"), "server {\n  port = abc\n}\n").expect("a file");
    insta::assert_snapshot!("included_value", bench.said());
    fs::write(bench.path().join("broken.conf"), "a = 1\nb = {").expect("a file");
    insta::assert_snapshot!("included_syntax", bench.said());
}

#[test]
fn everything_is_said_in_one_run() {
    let text = "divolte {\n  global.server { port = abc, hst = x }\n  sources.a { type = browser, party_timeout = x }\n  mappings.m { sources = [b], sinks = [c] }\n}";
    let errors = load(&Bench::new(text).request).expect_err("mistakes");
    assert_eq!(errors.iter().filter(|error| error.is_error()).count(), 5, "{}", diagnostic::render(&errors, false));
}

#[test]
fn every_key_of_the_original_is_known() {
    let text = r#"divolte {
      global {
        server { host = h, port = 1, use_x_forwarded_for = true, serve_static_resources = true, debug_requests = true,
          shutdown_delay = 1 s, shutdown_timeout = 1 s }
        mapper { buffer_size = 1, threads = 1, duplicate_memory_size = 1,
          user_agent_parser { type = caching_and_updating, cache_size = 1 } }
        hdfs { enabled = true, threads = 1, buffer_size = 1, client { fs.defaultFS = "file:///" } }
        gcs { enabled = false, threads = 1, buffer_size = 1 }
        kafka { enabled = false, threads = 1, buffer_size = 1, producer { bootstrap.servers = ["a", "b"] } }
        gcps { enabled = false, threads = 1, buffer_size = 1, project_id = p }
      }
      sources {
        b { type = browser, prefix = /, event_suffix = e, cookie_domain = d, party_cookie = p, party_timeout = 1 s,
          session_cookie = s, session_timeout = 1 s, http_response_delay = 0 s,
          javascript { name = a.js, logging = true, debug = true, auto_page_view_event = true, event_timeout = 1 s } }
        j { type = json, event_path = /j, party_id_parameter = p, maximum_body_size = 1 }
      }
      sinks {
        h { type = hdfs, replication = 1, file_strategy { working_dir = "@DIR@/work", publish_dir = "@DIR@/pub",
          roll_every = 1 s, sync_file_after_records = 1, sync_file_after_duration = 1 s } }
        g { type = gcs, bucket = b, file_strategy { roll_every = 1 s }, retry_settings { max_attempts = 1,
          total_timeout = 1 s, initial_retry_delay = 1 s, retry_delay_multiplier = 2.2, max_retry_delay = 1 s,
          jitter_factor = 0.2 } }
        k { type = kafka, topic = t, mode = confluent }
        p { type = gcps, topic = t, retry_settings { max_attempts = 1, total_timeout = 1 s, initial_retry_delay = 1 s,
          retry_delay_multiplier = 2, max_retry_delay = 1 s, initial_rpc_timeout = 1 s, rpc_timeout_multiplier = 2,
          max_rpc_timeout = 1 s }, batching_settings { element_count_threshold = 1, request_bytes_threshold = 1,
          delay_threshold = 1 s } }
      }
      mappings {
        m { sources = [b, j], sinks = [h], confluent_id = 7, discard_corrupted = true, discard_duplicates = true }
      }
    }"#;
    let settings = Bench::new(text).settings();
    // The one about the table of user agents.
    assert_eq!(settings.warnings.len(), 1, "{}", diagnostic::render(&settings.warnings, false));
}

#[test]
fn the_built_in_texts_stand_on_their_own() {
    let layer = layers::reference().expect("the defaults follow the language");
    let tree = hocon::resolve(&[layer], &HashMap::new()).expect("the defaults can be resolved");
    let names: Vec<_> = tree.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["divolte", "defaults", "implicit"]);
}

/// Pieces that configurations are made of, so that random ones come close to real ones.
const PIECES: [&str; 24] = [
    "divolte", ".", " { ", " } ", "global", "server", "port", " = ", "1", "\n", "sources", "a", "type", "browser", "[",
    "]", "${a}", "${?b}", ", ", "\"", "mappings", "sinks", " : ", "+= ",
];

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..30)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        let _ = Bench::new(&text).said();
    }
}
