//! How much memory a target takes at most.

use std::fs;

/// A bound on what this process takes beyond what it has taken so far.
pub struct Bound {
    before: u64,
    max: u64,
}

impl Bound {
    /// So many bytes more than now.
    pub fn of(max: u64) -> Self {
        Self { before: peak(), max }
    }

    /// Panics when it was passed.
    pub fn check(&self) {
        let taken = peak().saturating_sub(self.before);
        assert!(taken <= self.max, "{taken} bytes of memory were taken");
    }
}

/// The most bytes of memory that this process has had.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
