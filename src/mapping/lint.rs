//! What loads but cannot have been meant: patterns that no engine takes, groups that do not exist, statements that are
//! never reached, values in several digests.

use std::collections::{HashMap, HashSet};

use super::{
    action::{Action, Mapped},
    diagnostic::{BAD_PATTERN, DIGEST_REUSE, LIMIT, Reports, UNREACHABLE},
    function::{digest::Piece, regex::GroupRef},
    java::regex::{BadPattern, Regex},
    producer::{Producer, ProducerId, Producers},
};
use crate::diagnostic::nearest;

/// What all patterns of a script may take together, in bytes.
const PATTERNS_BYTES_MAX: usize = 24 * 1024 * 1024;

/// The patterns of a script, compiled once.
#[derive(Debug, Default)]
pub struct Patterns {
    known: HashMap<String, Result<Regex, BadPattern>>,
    bytes: usize,
}

impl Patterns {
    /// A pattern of the script.
    ///
    /// # Errors
    /// It cannot be read, or the script has too many.
    pub fn get(&self, pattern: &str) -> Result<Regex, BadPattern> {
        let missing = || Err(BadPattern { message: "the script has too many patterns".to_owned(), at: 0 });
        self.known.get(pattern).cloned().unwrap_or_else(missing)
    }

    /// Compiles a pattern; `false` if the script has no room for it.
    fn add(&mut self, pattern: &str) -> bool {
        if self.known.contains_key(pattern) {
            return true;
        }
        if self.bytes >= PATTERNS_BYTES_MAX {
            return false;
        }
        let (regex, bytes) = Regex::measured(pattern);
        self.bytes += bytes;
        self.known.insert(pattern.to_owned(), regex);
        true
    }
}

/// Reports everything that is doubtful, and compiles the patterns. `digests_use_up`: values count in one digest only.
pub fn check(actions: &[Action], producers: &Producers, digests_use_up: bool, reports: &mut Reports) -> Patterns {
    let patterns = patterns(producers, reports);
    unreachable(actions, reports);
    if !digests_use_up {
        digests(actions, producers, reports);
    }
    patterns
}

fn patterns(producers: &Producers, reports: &mut Reports) -> Patterns {
    let mut patterns = Patterns::default();
    for id in producers.ids() {
        if let Producer::Matcher(_, pattern) = producers.get(id) {
            if !patterns.add(pattern) {
                let report = reports.error(LIMIT, producers.span(id), "the script has too many or too large patterns");
                reports.add(report);
                break;
            }
            if let Err(bad) = patterns.get(pattern) {
                let place = if bad.at > 0 { format!(" at character {}", bad.at + 1) } else { String::new() };
                let message = format!("the pattern `{pattern}` cannot be read{place}: {}", bad.message);
                let report = reports.warning(BAD_PATTERN, producers.span(id), message);
                reports.add(report.hint("an event that has the text becomes a dead letter"));
            }
        }
        if let Producer::Group(of, group) = producers.get(id)
            && let Producer::Matcher(_, pattern) = producers.get(*of)
            && let Ok(regex) = patterns.get(pattern)
            && group.number_in(&regex).is_none()
        {
            let span = producers.span(id);
            let report = reports.warning(BAD_PATTERN, span, format!("the pattern has no group `{group}`"));
            let report = match group {
                GroupRef::Number(_) => report.hint(format!("it has {}, counted from 1", regex.groups())),
                GroupRef::Name(name) => match nearest(name, regex.group_names()) {
                    Some(near) => reports.instead(report, span, name, near, format!("did you mean `{near}`?")),
                    None => report.hint("a group is named by `(?<name>…)`"),
                },
            };
            reports.add(report.hint("an event that matches becomes a dead letter"));
        }
    }
    patterns
}

/// Actions behind `stop()` or `exit()` in the same block.
fn unreachable(actions: &[Action], reports: &mut Reports) {
    let mut ended = false;
    for action in actions {
        let span = match action {
            Action::Set { span, .. } => Some(*span),
            Action::When { body, span, .. } => {
                unreachable(body, reports);
                Some(*span)
            }
            Action::Section(body) => {
                unreachable(body, reports);
                None
            }
            Action::Stop(_) | Action::Exit(_) => {
                ended = true;
                None
            }
        };
        if let Some(span) = span.filter(|_| ended) {
            let report = reports.warning(UNREACHABLE, span, "this is never reached: the block has ended before");
            reports.add(report.hint("`stop()` and `exit()` end the block that they stand in"));
            return;
        }
    }
}

/// Values that go into several digests, in the order in which the script uses them.
fn digests(actions: &[Action], producers: &Producers, reports: &mut Reports) {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    collect(actions, producers, &mut seen, &mut order);
    let mut used: HashSet<Piece> = HashSet::new();
    for id in order {
        let Producer::Digest(digest) = producers.get(id) else { continue };
        let again: Vec<&Piece> = digest.pieces.iter().filter(|piece| !used.insert((*piece).clone())).collect();
        if let Some(piece) = again.first() {
            let name = match piece {
                Piece::Text(text) => format!("`{text}`"),
                Piece::Producer(of) => producers.identifier(*of),
            };
            let message = format!("{name} is part of another digest, too");
            let report = reports.warning(DIGEST_REUSE, producers.span(id), message);
            reports.add(report.hint(
                "the original counts a value in the first digest only; for its values set \
                 `divolte.global.mapper.digest_reuse = original`",
            ));
        }
    }
}

fn collect(actions: &[Action], producers: &Producers, seen: &mut HashSet<ProducerId>, order: &mut Vec<ProducerId>) {
    for action in actions {
        match action {
            Action::Set { value: Mapped::Producer(id), .. } => visit(*id, producers, seen, order),
            Action::When { condition, body, .. } => {
                visit(*condition, producers, seen, order);
                collect(body, producers, seen, order);
            }
            Action::Section(body) => collect(body, producers, seen, order),
            Action::Set { .. } | Action::Stop(_) | Action::Exit(_) => {}
        }
    }
}

fn visit(id: ProducerId, producers: &Producers, seen: &mut HashSet<ProducerId>, order: &mut Vec<ProducerId>) {
    if !seen.insert(id) {
        return;
    }
    let mut producer = producers.get(id).clone();
    producer.for_each_operand(|of| visit(*of, producers, seen, order));
    order.push(id);
}
