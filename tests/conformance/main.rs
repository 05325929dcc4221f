//! Replays recordings of the original collector against the real program, and says where the two differ.
//!
//! `groups/` holds the recordings as they are (`groups/README.md` is their format), `groups/differences.json` the closed
//! list of cases that come out otherwise on purpose. One test per group. To work on it:
//!
//! * a group joins by its name in the list below; whether it is requests or steps is seen from the file's own shape;
//! * an entry of `differences.json` needs a written check in `differences.rs`, and a test asks for it;
//! * a case that waits for a later part stands in `pending.txt`: it is run, must still fail, and fails when it passes;
//! * `cargo test --test conformance pixel_params` runs one group; `HEADWATER_CASE='t emoji'` reports on one case of it.
//!
//! Parts: `golden` (the files), `instance` (the program with a configuration of its own), `replay` (requests in, records
//! out), `align` (which record belongs to which case), `sinks` (the same with several sinks), `startup` (configurations),
//! `steps` (file sink) and `shutdown`, `compare` (what differs), `verdict` (agrees, differs, on purpose, pending).

#[path = "../support/mod.rs"]
mod support;

mod align;
mod compare;
mod differences;
mod golden;
mod instance;
mod listing;
mod replay;
mod shutdown;
mod sinks;
mod startup;
mod steps;
mod verdict;

/// Makes one test per group, and the list of their names.
macro_rules! groups {
    ($run:path: $($group:ident)+) => {
        $(#[test]
        fn $group() {
            $run(stringify!($group));
        })+
    };
}

groups!(replay::run:
    http_default
    pixel_params
    checksum_supplementary
    dups_keep_all
    dups_discard_both
    dups_discard_corrupted
    dups_discard_duplicates
    dups_memory_1
    json_default_mapping
    map_simple
    map_literals
    map_sections
    map_geo
    map_groovy
    map_uri
    map_query
    map_regex
    map_parse
    map_headers
    map_cookies
    map_conditions
    map_mincode
    map_jsonpath
    map_digest
    map_digest_single_use
    map_params_bytes
    map_params_collections
    map_params_defaults
    map_params_int_collections
    map_params_nested
    map_params_records
    map_params_types
    run_bad_group
    run_bad_group_name
    run_bad_regex
    run_digest_of_event_parameters
    run_digest_reuse
    run_fixed
    run_jsonpath_function_0
    run_jsonpath_function_1
    run_jsonpath_function_2
    run_jsonpath_function_3
    run_jsonpath_function_4
    run_jsonpath_function_5
    run_jsonpath_function_6
    run_jsonpath_function_7
    run_jsonpath_function_8
    run_jsonpath_function_9
    run_null_in_array
    run_null_into_required
    run_query_bad_escape
    run_required_missing
    json_mapping
);

#[test]
fn map_digest_as_the_original() {
    replay::run_with_digests_used_up("map_digest");
}

#[test]
fn run_digest_reuse_as_the_original() {
    replay::run_with_digests_used_up("run_digest_reuse");
}

#[test]
fn user_agents() {
    replay::run_without_agents("user_agents");
}

#[test]
fn file_sink() {
    steps::run("file_sink");
}

#[test]
fn shutdown() {
    shutdown::run("shutdown");
}

#[test]
fn config_errors() {
    startup::run("config_errors");
}

#[test]
fn multi_mapping() {
    sinks::run("multi_mapping");
}

/// Groups that are run; the others come with later parts of the program.
const ACTIVE: &[&str] = &[
    "http_default",
    "pixel_params",
    "checksum_supplementary",
    "dups_keep_all",
    "dups_discard_both",
    "dups_discard_corrupted",
    "dups_discard_duplicates",
    "dups_memory_1",
    "json_default_mapping",
    "map_simple",
    "map_literals",
    "map_sections",
    "map_geo",
    "user_agents",
    "map_groovy",
    "map_uri",
    "map_query",
    "map_regex",
    "map_parse",
    "map_headers",
    "map_cookies",
    "map_conditions",
    "map_mincode",
    "map_jsonpath",
    "map_digest",
    "map_digest_single_use",
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
    "run_digest_of_event_parameters",
    "run_digest_reuse",
    "run_fixed",
    "run_jsonpath_function_0",
    "run_jsonpath_function_1",
    "run_jsonpath_function_2",
    "run_jsonpath_function_3",
    "run_jsonpath_function_4",
    "run_jsonpath_function_5",
    "run_jsonpath_function_6",
    "run_jsonpath_function_7",
    "run_jsonpath_function_8",
    "run_jsonpath_function_9",
    "run_null_in_array",
    "run_null_into_required",
    "run_query_bad_escape",
    "run_required_missing",
    "json_mapping",
    "multi_mapping",
    "file_sink",
    "shutdown",
    "config_errors",
];
