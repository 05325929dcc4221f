//! As much of Prometheus' query language and of its rule files as it takes to find the names in them. Whether they are
//! well formed is promtool's business.

use std::collections::BTreeSet;

/// Names in a query.
#[derive(Debug, Default, PartialEq)]
pub struct Names {
    /// Metrics, each with the labels that are asked of it.
    pub metrics: Vec<(String, BTreeSet<String>)>,
    /// Labels in `by (…)` and the like.
    pub grouping: BTreeSet<String>,
}

/// Words before a list of labels.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// What follows the name of a function or an aggregation.
const CALLED: [&str; 5] = ["(", "by ", "by(", "without ", "without("];
/// Words between values.
const OPERATORS: [&str; 6] = ["and", "or", "unless", "offset", "bool", "inf"];

/// The names in a query.
pub fn names(query: &str) -> Names {
    let mut names = Names::default();
    let mut rest = query;
    while let Some(next) = rest.chars().next() {
        if next == '"' {
            rest = rest[1..].split_once('"').map_or("", |(_, rest)| rest);
        } else if next == '[' || next == '$' {
            rest = rest.trim_start_matches(|c: char| c != ']' && !c.is_whitespace());
            rest = rest.strip_prefix(']').unwrap_or(rest);
        } else if next.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
        } else if next.is_ascii_alphabetic() || next == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            rest = behind.trim_start();
            if GROUPING.contains(&word) {
                let (inner, behind) =
                    rest.strip_prefix('(').and_then(|list| list.split_once(')')).unwrap_or(("", rest));
                let labels = inner.split(',').map(|label| label.trim().to_owned());
                names.grouping.extend(labels.filter(|label| !label.is_empty()));
                rest = behind;
            } else if CALLED.iter().any(|next| rest.starts_with(next)) || OPERATORS.contains(&word) {
                // A function, an aggregation or an operator.
            } else if let Some((inner, behind)) = rest.strip_prefix('{').and_then(|matchers| matchers.split_once('}')) {
                names.metrics.push((word.to_owned(), matchers(inner)));
                rest = behind;
            } else {
                names.metrics.push((word.to_owned(), BTreeSet::new()));
            }
        } else {
            rest = &rest[next.len_utf8()..];
        }
    }
    names
}

/// Names of the labels in `a="b", c=~"d"`.
fn matchers(text: &str) -> BTreeSet<String> {
    let texts = text.split('"').step_by(2);
    let names = texts.map(|part| part.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_').to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// The queries of a file of rules, which has each behind `expr:` on a line, or folded (`>-`) on those that follow.
pub fn rules(text: &str) -> Vec<String> {
    let mut queries = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(query) = line.trim().strip_prefix("expr: ") else { continue };
        let mut query = query.trim_start_matches(">-").trim().to_owned();
        let depth = line.len() - line.trim_start().len();
        while let Some(more) = lines.next_if(|next| next.len() - next.trim_start().len() > depth) {
            query = query + " " + more.trim();
        }
        queries.push(query.trim_start().to_owned());
    }
    queries
}

#[test]
fn names_are_found() {
    let query = "sum by (sink, le) (rate(a_total{job=\"x{\", b!~\"y\"}[5m])) / on(instance) group_left c > 1.5e3 and d offset 5m";
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let found = names(&query.replace("x{", "x"));
    let metric = |name: &str, labels: &[&str]| (name.to_owned(), set(labels));
    assert_eq!(found.metrics, [metric("a_total", &["b", "job"]), metric("c", &[]), metric("d", &[])]);
    assert_eq!(found.grouping, set(&["instance", "le", "sink"]));
    assert_eq!(names("vector(1) + up[$__rate_interval]").metrics, [metric("up", &[])]);
}

#[test]
fn queries_of_rules_are_found() {
    let text = "- alert: A\n  expr: a > 1\n  for: 5m\n- alert: B\n  expr: >-\n    b\n    > 2\n  for: 1m\n";
    assert_eq!(rules(text), ["a > 1", "b > 2"]);
}
