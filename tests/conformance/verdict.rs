//! What a case comes to: it agrees, it differs, it differs on purpose, or it waits for a later part.

use std::{collections::HashMap, env, fs, io::Write as _, sync::LazyLock};

use crate::compare::{Difference, print};

/// Cases that wait for a later part, with the reason: `group<TAB>case<TAB>why` per line.
pub static PENDING: LazyLock<HashMap<(String, String), String>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/pending.txt");
    let text = fs::read_to_string(path).expect("the list of pending cases");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.splitn(3, '\t');
            let mut next = || parts.next().map(str::to_owned);
            match (next(), next(), next()) {
                (Some(group), Some(case), Some(why)) if !why.trim().is_empty() => ((group, case), why),
                _ => panic!("pending.txt: not `group<TAB>case<TAB>why`: {line:?}"),
            }
        })
        .collect()
});

/// The outcome of a written check of a case that differs on purpose.
pub type Checked = Result<(), String>;

/// Counts the cases of a group and gathers what is to be read about those that fail.
pub struct Tally {
    group: String,
    agree: usize,
    on_purpose: usize,
    pending: usize,
    failures: Vec<String>,
}

impl Tally {
    /// Nothing counted.
    pub fn new(group: &str) -> Self {
        Self { group: group.to_owned(), agree: 0, on_purpose: 0, pending: 0, failures: Vec::new() }
    }

    /// Judges one case. `checked` is the outcome of its written check, if it stands in `differences.json`.
    pub fn judge(&mut self, case: &str, differences: &[Difference], checked: Option<Checked>) {
        let printed = || differences.iter().map(print).collect::<Vec<_>>().join("\n");
        let on_purpose = checked.is_some();
        let failure = match checked {
            None if differences.is_empty() => None,
            None => Some(printed()),
            Some(Ok(())) => None,
            Some(Err(why)) => Some(format!("  differs on purpose, but not so: {why}\n{}", printed())),
        };
        let pending = PENDING.get(&(self.group.clone(), case.to_owned()));
        if env::var("HEADWATER_CASE").is_ok_and(|wanted| wanted == case) {
            let verdict = failure.as_deref().unwrap_or("  as it should be");
            say(&format!("{}  {case:?}\n{verdict}\n{}", self.group, printed()));
        }
        match (failure, pending) {
            (None, None) if on_purpose => self.on_purpose += 1,
            (None, None) => self.agree += 1,
            (Some(_), Some(_)) => self.pending += 1,
            (Some(failure), None) => self.failures.push(format!("{}  {case:?}\n{failure}", self.group)),
            (None, Some(why)) => self.failures.push(format!(
                "{}  {case:?}\n  is as it should be: take it off tests/conformance/pending.txt ({why})",
                self.group
            )),
        }
    }

    /// Something about the group as a whole that is wrong.
    pub fn fail(&mut self, what: &str) {
        self.failures.push(format!("{}\n  {what}", self.group));
    }

    /// Prints the sums; panics when a case failed.
    #[track_caller]
    pub fn finish(self) {
        let Self { group, agree, on_purpose, pending, failures } = &self;
        let sum = format!(
            "{group}: {agree} agree, {} differ, {on_purpose} differ on purpose (docs/compatibility.md), {pending} pending",
            failures.len()
        );
        say(&sum);
        assert!(failures.is_empty(), "\n{}\n{sum}", failures.join("\n"));
    }
}

/// Prints past the test harness, which keeps back what tests that pass print.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pending_cases_exist() {
        #[derive(serde::Deserialize)]
        struct Named {
            name: String,
        }
        for (group, case) in PENDING.keys() {
            assert!(crate::ACTIVE.contains(&&**group), "pending.txt: {group} is not run");
            let cases = crate::golden::load::<Named>(group).cases;
            let names: HashSet<_> = cases.into_iter().map(|case| case.name).collect();
            assert!(names.contains(case), "pending.txt: {group} has no case {case:?}");
        }
    }

    #[test]
    fn each_outcome_is_counted_where_it_belongs() {
        let ((group, case), _) = PENDING.iter().next().map_or_else(
            || ((String::from("none"), String::from("none")), String::new()),
            |(key, why)| (key.clone(), why.clone()),
        );
        let differs = [Difference::new("status", 200, 500)];
        let mut tally = Tally::new(&group);
        tally.judge("plain", &[], None);
        tally.judge("differs", &differs, None);
        tally.judge("on purpose", &differs, Some(Ok(())));
        tally.judge("otherwise", &differs, Some(Err("why".into())));
        assert_eq!((tally.agree, tally.on_purpose, tally.pending, tally.failures.len()), (1, 1, 0, 2));
        if group != "none" {
            tally.judge(&case, &differs, None);
            assert_eq!((tally.pending, tally.failures.len()), (1, 2));
            tally.judge(&case, &[], None);
            assert_eq!((tally.pending, tally.failures.len()), (1, 3));
        }
    }
}
