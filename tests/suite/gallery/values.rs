//! Values of another type, unit or range.

use super::Case;

/// The cases.
pub fn cases() -> Vec<Case> {
    let plain = [
        ("type_wrong", "divolte.global.server {\n  port = [1]\n  debug_requests = yes\n  host { a = 1 }\n}"),
        ("type_number", "divolte.global.mapper { buffer_size = many, threads = -1, duplicate_memory_size = [] }"),
        ("type_boolean", "divolte.global.hdfs.enabled = on\ndivolte.mappings.m.discard_corrupted = maybe"),
        ("type_double", "divolte.sinks.g { type = gcs, bucket = b, retry_settings.retry_delay_multiplier = fast }"),
        ("type_list", "divolte.mappings.m { sources = browser, sinks = [{ name = hdfs }] }"),
        ("type_list_of_keys", "divolte.mappings.m { sources { first = browser }, sinks = [hdfs] }"),
        ("type_object", "divolte { global.server = 5, sources = [], mappings.m = x }"),
        ("type_properties", "divolte.global.kafka.producer {\n  acks = null\n  list = [{ a = 1 }]\n}"),
        ("type_properties_alone", "divolte.global.hdfs.client = \"hdfs://namenode\""),
        ("null_in_list", "divolte.mappings.m { sources = [null], sinks = [hdfs] }"),
        ("null_for_text", "divolte.sources.j { type = null, event_path = /j }"),
        (
            "unit_of_duration",
            "divolte.sources.b {\n  type = browser\n  party_timeout = 2 weeks\n  session_timeout = soon\n}",
        ),
        ("unit_in_capitals", "divolte.sources.b { type = browser, session_timeout = 5 S, party_timeout = \"1,5 h\" }"),
        ("unit_missing", "divolte.global.server.shutdown_delay = 5"),
        ("unit_of_size", "divolte.global.journal { memory_max = 64X, segment_size = big, reserve = [1] }"),
        ("unit_of_count", "divolte.sources.j { type = json, maximum_body_size = 10 XB }"),
        ("range_port", "divolte.global.server.port = 99999\ndivolte.global.admin.port = -1"),
        ("range_short", "divolte.sinks.s { type = hdfs, replication = 99999 }"),
        ("range_int", "divolte.global.mapper { buffer_size = 3000000000, duplicate_memory_size = -1 }"),
        ("range_queue", "divolte.global.hdfs.buffer_size = 0"),
        (
            "range_limits",
            "divolte.global.server.limits { head_size = 1K, request_line = 1M, headers = 0, idle_timeout = 0 s }",
        ),
        ("range_journal", "divolte.global.journal { memory_max = 1K, max_size = 1M, segment_size = 2G, reserve = -1 }"),
        ("range_hops", "divolte.sources.b { type = browser, max_hops = 0 }"),
        ("word_durability", "divolte.global.journal.durability = fsnyc"),
        ("word_mode", "divolte.sinks.k { type = kafka, mode = Confluent }"),
        ("word_codec", "divolte.sinks.s { type = file, file_strategy.codec = gzip }"),
        ("word_start", "divolte.sinks.s { type = file, start = latest, on_full = drop }"),
        ("word_agents", "divolte.global.mapper.user_agent_parser.type = updating"),
        ("word_keep", "divolte.global.journal.keep = everything"),
        (
            "odd_clamped",
            "divolte {\n  global.server.shutdown_delay = -1 s\n  global.hdfs.threads = 0\n  sources.b { type = browser, party_timeout = 100000 days, http_response_delay = \"-1 s\" }\n  sources.j { type = json, event_path = /j, maximum_body_size = 100M }\n}",
        ),
        (
            "odd_clamped_sync",
            "divolte.sinks.s { type = file, file_strategy { sync_file_after_records = 0, roll_every = 0 s } }",
        ),
        ("odd_null_is_zero", "divolte.global.server.port = null"),
        ("odd_memory", "divolte.global.mapper {\n  threads = 1000\n  duplicate_memory_size = 2147483647\n}"),
    ];
    plain.into_iter().map(|(name, text)| Case::new(name, text)).collect()
}
