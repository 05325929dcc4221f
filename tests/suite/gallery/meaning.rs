//! Parts that contradict each other, and what cannot be had.

use super::Case;

/// The cases.
pub fn cases() -> Vec<Case> {
    let plain = [
        ("missing_type", "divolte.sources {\n  mine { prefix = /x }\n}"),
        ("missing_lists", "divolte.mappings.m { }"),
        ("missing_bucket", "divolte.sinks.g { type = gcs }"),
        ("missing_project", "divolte.global.gcps.enabled = true\ndivolte.mappings {}"),
        ("type_unknown", "divolte.sources.j.type = jsn\ndivolte.sinks.s.type = s3"),
        ("names_undefined", "divolte.mappings.m {\n  sources = [browser, browzer]\n  sinks = [hfds]\n}"),
        (
            "names_undefined_in_override",
            "divolte.mappings.m { sources = [browser], sinks = [hdfs] }\ndivolte.mappings.m.sinks += files",
        ),
        ("names_mixed_up", "divolte.mappings.m { sources = [hdfs], sinks = [browser, hdfs] }"),
        ("names_of_both", "divolte.sources.x.type = browser\ndivolte.sinks.x.type = hdfs"),
        ("name_of_a_sink", "divolte.sinks.\"a/b\" { type = hdfs }"),
        ("script_name", "divolte.sources.b { type = browser, javascript.name = \"a/b.js\" }"),
        ("script_name_empty", "divolte.sources.b { type = browser, javascript.name = \"\" }"),
        ("event_path_empty", "divolte.sources.j { type = json, event_path = \"\" }"),
        ("topic_empty", "divolte.sinks.k { type = kafka, topic = \"\" }"),
        (
            "routes",
            "divolte.sources {\n  a { type = browser }\n  b { type = json, event_path = \"//csc-event/\" }\n  c { type = browser }\n}",
        ),
        ("routes_of_one_source", "divolte.sources.b { type = browser, prefix = /t, event_suffix = divolte.js }"),
        (
            "routes_of_json",
            "divolte.sources {\n  j { type = json, event_path = /j }\n  k { type = json, event_path = j }\n}",
        ),
        (
            "schemas",
            "divolte.mappings {\n  a { sources = [browser], sinks = [hdfs] }\n  b { sources = [browser], sinks = [hdfs], schema_file = site.conf, mapping_script_file = site.conf }\n}",
        ),
        (
            "confluent",
            "divolte {\n  sinks.k { type = kafka, mode = confluent }\n  mappings {\n    a { sources = [browser], sinks = [k], confluent_id = 1 }\n    b { sources = [browser], sinks = [k], confluent_id = 2 }\n    c { sources = [browser], sinks = [k] }\n  }\n}",
        ),
        (
            "jitters",
            "divolte.sinks.g { type = gcs, bucket = b, retry_settings { jitter_delay = 1 s, jitter_factor = 2 } }",
        ),
        (
            "proxies",
            "divolte.sources.b {\n  type = browser\n  trusted_proxies = [10.0.0.0/8, \"10.1.0.0/8\", lb.example.com, \"::/129\"]\n}",
        ),
        ("odd_proxies", "divolte.sources.b {\n  type = browser\n  trusted_proxies = [10.0.0.0/8]\n  max_hops = 2\n}"),
        (
            "origins",
            "divolte.sources.b { type = browser, allowed_origins = [\"https://a.example\", \"b.example\", \"https://c.example/x\"] }",
        ),
        (
            "absent_kafka",
            "divolte {\n  global.kafka.enabled = true\n  sinks.k { type = kafka }\n  mappings.m { sources = [browser], sinks = [k] }\n}",
        ),
        (
            "absent_google",
            "divolte {\n  global { gcs.enabled = true, gcps { enabled = true, project_id = p } }\n  sinks { g { type = gcs, bucket = b }, p { type = gcps } }\n  mappings.m { sources = [browser], sinks = [g, p] }\n}",
        ),
        ("absent_hdfs", "divolte.global.hdfs.client { fs.defaultFS = \"hdfs://namenode:8020\" }"),
        ("absent_directory", "divolte.sinks.s { type = hdfs, file_strategy { publish_dir = \"s3a://bucket/x\" } }"),
        (
            "everything_in_one_run",
            "divolte {\n  global.server { port = abc, hst = x }\n  sources.a { type = browser, party_timeout = x }\n  mappings.m { sources = [b], sinks = [c] }\n}",
        ),
        ("odd_ping", "divolte.sources.j { type = json, event_path = /ping }"),
        ("odd_cookies", "divolte.sources.b { type = browser, party_cookie = \"a b\", session_cookie = \"a b\" }"),
        (
            "durability_beyond_the_journal",
            "divolte.global.journal.durability = flush\ndivolte.sources.browser { type = browser, durability = fsync }",
        ),
        (
            "odd_use",
            "divolte {\n  sources { a.type = browser, b { type = browser, prefix = b } }\n  sinks.k.type = kafka\n  mappings.m { sources = [a], sinks = [k] }\n}",
        ),
        ("odd_empty_lists", "divolte.mappings.m { sources = [], sinks = [] }"),
        ("odd_agents", "divolte.global.mapper.user_agent_parser.type = ONLINE_UPDATING"),
        (
            "odd_retries",
            "divolte.sinks.g { type = gcs, bucket = b, retry_settings { max_attempts = -1, retry_delay_multiplier = 0.5 } }",
        ),
    ];
    plain.into_iter().map(|(name, text)| Case::new(name, text)).collect()
}
