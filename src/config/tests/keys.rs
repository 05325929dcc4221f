//! What is known, and that nothing makes the loader fail. What is said, word for word, is in `tests/gallery`.

use proptest::prelude::*;

use super::*;

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
