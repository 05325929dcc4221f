//! What can be scraped, and everything that relies on its names: documentation, alert rules, dashboard.
//!
//! `scripts/test` gets promtool, which checks names, rules and queries, and says in `HEADWATER_PROMTOOL` where it is.
//! Without it these tests fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use headwater::metrics::{Description, Metrics};
use serde_json::{Value, json};

use crate::{
    promql,
    run::{BrowserRequest, PATIENCE, Place},
    support::http::Request,
};

const RULES: &str = "deploy/prometheus/headwater.rules.yml";
const RULE_CASES: &str = "deploy/prometheus/headwater.rules.test.yml";
const DASHBOARD: &str = include_str!("../../deploy/grafana/headwater.json");
const DOCUMENTATION: &str = include_str!("../../docs/metrics.md");

/// Runs promtool in the project's directory.
fn promtool(arguments: &[&str], input: &str) -> Output {
    let program = env::var("HEADWATER_PROMTOOL").expect("scripts/test sets HEADWATER_PROMTOOL");
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool can be run");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("promtool reads");
    child.wait_with_output().expect("a child of ours")
}

/// A page of metrics: for each family its kind, and its samples with their labels.
struct Scrape {
    text: String,
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<String, BTreeSet<String>>,
    values: BTreeMap<String, f64>,
}

impl Scrape {
    fn read(text: &str) -> Self {
        let mut scrape =
            Self { text: text.to_owned(), kinds: BTreeMap::new(), samples: BTreeMap::new(), values: BTreeMap::new() };
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a kind");
                scrape.kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').expect("a series and a value");
                scrape.values.insert(series.to_owned(), value.parse().expect("a number"));
                let (name, labels) = series.split_once('{').unwrap_or((series, ""));
                let labels = labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty());
                let names = labels.map(|label| label.split('=').next().expect("a label has a name").to_owned());
                scrape.samples.entry(name.to_owned()).or_default().extend(names);
            }
        }
        scrape
    }
}

/// What a server shows that has seen every kind of request.
fn scrape() -> Scrape {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let sent = BrowserRequest::all();
    for request in &sent {
        request.send(place.port).response();
    }
    for target in ["/", "/ping", "/divolte.js", "/nothing", "/csc-event?p=nonsense", "/%zz"] {
        let _ = Request::get(target).send(place.port, PATIENCE);
    }
    let _ = Request::post_json("/event?p=0%3Aa%3Ab", "{").send(place.port, PATIENCE);
    let delivered = format!("outcome=\"delivered\"}} {}", sent.len());
    let mut text = String::new();
    for _ in 0..400 {
        text = place.admin("/metrics").text();
        if text.contains(&delivered) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert!(text.contains(&delivered), "{text}");
    assert_eq!(program.stop(), Some(0), "{}", program.output());
    Scrape::read(&text)
}

fn descriptions() -> Vec<Description> {
    Metrics::new().descriptions().to_vec()
}

#[test]
fn a_running_server_shows_what_is_described_and_promtool_finds_no_fault_with_it() {
    let scrape = scrape();
    let checked = promtool(&["check", "metrics"], &scrape.text);
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));

    let described: BTreeMap<_, _> =
        descriptions().into_iter().map(|metric| (metric.name.clone(), metric.kind.to_owned())).collect();
    assert_eq!(scrape.kinds, described);
    for metric in descriptions() {
        let histogram = metric.kind == "histogram";
        let sample = if histogram { format!("{}_bucket", metric.name) } else { metric.name.clone() };
        let mut expected: BTreeSet<_> = metric.labels.iter().map(|label| (*label).to_owned()).collect();
        expected.extend(histogram.then(|| "le".to_owned()));
        // What has labels is there from the start, too, so that its first event is seen as a change.
        assert_eq!(scrape.samples.get(&sample), Some(&expected), "{sample}\n{}", scrape.text);
    }
}

#[test]
fn counts_agree_from_the_request_to_the_sink() {
    let scrape = scrape();
    let value = |series: &str| *scrape.values.get(series).unwrap_or_else(|| panic!("no {series}\n{}", scrape.text));
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let sent = BrowserRequest::all().len() as f64;
    for (series, expected) in [
        // One more was answered and dropped.
        ("headwater_requests_total{route=\"pixel\",status=\"200\"}", sent + 1.0),
        ("headwater_request_duration_seconds_count{route=\"pixel\"}", sent + 1.0),
        ("headwater_events_dropped_total{source=\"browser\",reason=\"party_id\"}", 1.0),
        ("headwater_events_dropped_total{source=\"json\",reason=\"malformed\"}", 1.0),
        ("headwater_request_duration_seconds_count{route=\"none\"}", 1.0),
        ("headwater_events_accepted_total{source=\"browser\"}", sent),
        ("headwater_journal_events_total", sent),
        ("headwater_sink_written_records_total{sink=\"files\"}", sent),
        ("headwater_dead_letters_total{mapping=\"default\",sink=\"files\",reason=\"internal\"}", 0.0),
        ("headwater_sink_healthy{sink=\"files\"}", 1.0),
        ("headwater_durability{level=\"flush\"}", 1.0),
    ] {
        assert!((value(series) - expected).abs() < 0.5, "{series} {}\n{}", value(series), scrape.text);
    }
    for series in [
        "headwater_connections_accepted_total",
        "headwater_journal_blocks_total",
        "headwater_journal_block_bytes_total",
        "headwater_journal_handover_duration_seconds_count",
        "headwater_mapping_duration_seconds_count{sink=\"files\"}",
        "headwater_sink_write_duration_seconds_count{sink=\"files\"}",
        "headwater_sink_checkpoint_duration_seconds_count{sink=\"files\"}",
        "headwater_sink_checkpoint_timestamp_seconds{sink=\"files\"}",
        "headwater_file_sync_duration_seconds_count{sink=\"files\"}",
        "process_open_fds",
        "process_resident_memory_bytes",
    ] {
        assert!(value(series) > 0.0, "{series}\n{}", scrape.text);
    }
}

#[test]
fn the_format_is_the_one_that_is_asked_for() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let own = format!("127.0.0.1:{}", place.admin);
    for (accept, kind, end) in [
        ("application/openmetrics-text;version=1.0.0,*/*;q=0.1", "application/openmetrics-text; version=1.0.0", true),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4", false),
    ] {
        let response = place.ask_admin("/metrics", &own, &[("Accept", accept)]);
        assert!(response.header("content-type").is_some_and(|found| found.starts_with(kind)), "{response:?}");
        assert_eq!(response.text().ends_with("\n# EOF\n"), end);
    }
    assert_eq!(program.stop(), Some(0));
}

/// A row of the documentation.
fn row(metric: &Description) -> String {
    let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{}` | {} | {} | {} |", metric.name, metric.kind, labels.join(", "), metric.help)
}

#[test]
fn the_documentation_lists_every_metric_and_no_other() {
    let found: BTreeSet<_> = DOCUMENTATION.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let expected: BTreeSet<_> = descriptions().iter().map(row).collect();
    let missing: Vec<_> = expected.difference(&found).map(String::as_str).collect();
    let surplus: Vec<_> = found.difference(&expected).map(String::as_str).collect();
    let (missing, surplus) = (missing.join("\n"), surplus.join("\n"));
    assert!(missing.is_empty() && surplus.is_empty(), "missing:\n{missing}\n\nsurplus:\n{surplus}");
}

/// Asserts that a query names only metrics and labels that exist.
#[track_caller]
fn assert_known(query: &str) {
    let mut known: BTreeMap<String, BTreeSet<&str>> = BTreeMap::from([("up".to_owned(), BTreeSet::new())]);
    for metric in descriptions() {
        let labels: BTreeSet<_> = metric.labels.iter().copied().collect();
        if metric.kind == "histogram" {
            for suffix in ["_sum", "_count"] {
                known.insert(metric.name.clone() + suffix, labels.clone());
            }
            known.insert(metric.name + "_bucket", labels.into_iter().chain(["le"]).collect());
        } else {
            known.insert(metric.name, labels);
        }
    }
    // Those that Prometheus adds.
    let added = ["job", "instance"];
    let names = promql::names(query);
    assert!(!names.metrics.is_empty(), "no metric in {query}");
    let all: BTreeSet<_> = names.metrics.iter().filter_map(|(name, _)| known.get(name)).flatten().copied().collect();
    for (metric, labels) in names.metrics {
        let own = known.get(&metric).unwrap_or_else(|| panic!("there is no {metric}: {query}"));
        for label in labels {
            assert!(own.contains(&*label) || added.contains(&&*label), "{metric} has no {label}: {query}");
        }
    }
    for label in names.grouping {
        assert!(all.contains(&*label) || added.contains(&&*label), "no {label}: {query}");
    }
}

#[test]
fn the_alert_rules_are_sound_and_fire_when_they_should() {
    for arguments in [["check", "rules", RULES], ["test", "rules", RULE_CASES]] {
        let output = promtool(&arguments, "");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = fs::read_to_string(here.join(RULES)).expect("the rules");
    let cases = fs::read_to_string(here.join(RULE_CASES)).expect("their cases");
    let mut count = 0;
    for query in promql::rules(&rules) {
        assert_known(&query);
        count += 1;
    }
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(alerts.len(), count);
    for alert in alerts {
        assert!(cases.contains(&format!("alertname: {alert}\n")), "no case for {alert}");
    }
}

/// Panels of the dashboard, those in collapsed rows too.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = dashboard["panels"].as_array().expect("panels");
    top.iter().flat_map(|panel| panel["panels"].as_array().into_iter().flatten().chain([panel])).collect()
}

#[test]
fn the_dashboard_asks_for_what_exists() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let mut rules = Vec::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().expect("a title");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().expect("a query");
            assert_known(query);
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            let query = query.replace("$__rate_interval", "5m").replace("$__range", "1h");
            rules.push(json!({"record": format!("dashboard:query{}", rules.len()), "expr": query}));
        }
    }
    assert!(rules.len() > 20, "{} queries", rules.len());
    // YAML takes JSON.
    let file = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("dashboard.yml");
    fs::write(&path, file.to_string()).expect("a file");
    let output = promtool(&["check", "rules", path.to_str().expect("a plain path")], "");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_dashboard_can_be_imported() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    assert_eq!(dashboard["id"], Value::Null, "a number of its own would overwrite another dashboard");
    let variables: Vec<_> = dashboard["templating"]["list"].as_array().expect("variables").iter().collect();
    assert_eq!(variables[0]["name"], "datasource");
    for variable in &variables[1..] {
        let query = variable["query"]["query"].as_str().expect("a query");
        let series = query.strip_prefix("label_values(").and_then(|rest| rest.split_once(", ")).expect("a query");
        assert_known(series.0);
    }
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().expect("a number")), "{panel}");
        let place = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        assert!(place("x") + place("w") <= 24, "{panel}");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(cells.insert((x, y)), "two panels at {x}, {y}: {}", panel["title"]);
            }
        }
    }
}
