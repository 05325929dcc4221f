//! When file-like sinks end a block and when they begin a new file. Decides only: no clock, no I/O.

use std::time::Duration;

/// Bytes of records that a file may hold back in memory before its block is ended whatever the settings say.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// When to sync and when to roll, as configured. Times are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollPolicy {
    sync_after_records: u64,
    sync_after_ms: i64,
    roll_every_ms: i64,
    roll_bytes: u64,
}

/// What of an open file decides; times are milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Records that are in no block yet.
    pub records: u64,
    /// Their bytes.
    pub bytes: usize,
    /// When the first of them came.
    pub since_ms: i64,
}

impl RollPolicy {
    /// From `sync_file_after_records` (0 counts as 1), `sync_file_after_duration` and `roll_every`.
    #[must_use]
    pub fn new(sync_after_records: u64, sync_after: Duration, roll_every: Duration) -> Self {
        Self {
            sync_after_records: sync_after_records.max(1),
            sync_after_ms: milliseconds(sync_after),
            roll_every_ms: milliseconds(roll_every),
            roll_bytes: u64::MAX,
        }
    }

    /// With `roll_size`, if there is one.
    #[must_use]
    pub fn by_size(self, roll_bytes: Option<u64>) -> Self {
        Self { roll_bytes: roll_bytes.unwrap_or(u64::MAX).max(1), ..self }
    }

    /// Whether what is pending makes a full block: to be asked after each record.
    #[must_use]
    pub fn full(&self, pending: &Pending) -> bool {
        pending.records >= self.sync_after_records || pending.bytes >= PENDING_BYTES_MAX
    }

    /// Whether what is pending has waited long enough.
    #[must_use]
    pub fn sync_due(&self, pending: &Pending, now_ms: i64) -> bool {
        pending.records > 0 && elapsed(pending.since_ms, self.sync_after_ms, now_ms)
    }

    /// Whether a file of so many bytes, 0 without a record, is large enough.
    #[must_use]
    pub fn large(&self, bytes: u64) -> bool {
        bytes >= self.roll_bytes
    }

    /// Whether a file that was opened at `opened_ms` has lived long enough.
    #[must_use]
    pub fn roll_due(&self, opened_ms: i64, now_ms: i64) -> bool {
        // One more: the original rolls when the time is exceeded, not when it is reached.
        elapsed(opened_ms, self.roll_every_ms.saturating_add(1), now_ms)
    }
}

/// Whether `span_ms` have gone by since `since_ms`. A clock that was set back must not hold anything up, so a start
/// that lies in the future counts as long ago.
#[must_use]
pub fn elapsed(since_ms: i64, span_ms: i64, now_ms: i64) -> bool {
    now_ms < since_ms || now_ms.saturating_sub(since_ms) >= span_ms
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RollPolicy {
        RollPolicy::new(3, Duration::from_secs(30), Duration::from_hours(1))
    }

    #[test]
    fn a_block_is_full_by_records_or_by_bytes() {
        for (records, bytes, full) in
            [(0, 0, false), (2, 100, false), (3, 100, true), (4, 0, true), (1, PENDING_BYTES_MAX, true)]
        {
            assert_eq!(
                policy().full(&Pending { records, bytes, since_ms: 0 }),
                full,
                "{records} records, {bytes} bytes"
            );
        }
        let zero = RollPolicy::new(0, Duration::ZERO, Duration::ZERO);
        assert!(!zero.full(&Pending::default()), "nothing is never full");
        assert!(zero.full(&Pending { records: 1, bytes: 1, since_ms: 0 }));
    }

    #[test]
    fn a_sync_is_due_when_the_oldest_record_has_waited_long_enough() {
        for (records, now_ms, due) in [(0, 99_999, false), (1, 30_999, false), (1, 31_000, true), (1, 999, true)] {
            let pending = Pending { records, bytes: 1, since_ms: 1000 };
            assert_eq!(policy().sync_due(&pending, now_ms), due, "{records} records at {now_ms}");
        }
    }

    #[test]
    fn a_file_rolls_when_it_is_large_enough() {
        for (roll_bytes, bytes, large) in [
            (None, u64::MAX - 1, false),
            (Some(100), 99, false),
            (Some(100), 100, true),
            (Some(1), 0, false),
            (Some(0), 0, false),
        ] {
            assert_eq!(policy().by_size(roll_bytes).large(bytes), large, "{bytes} of {roll_bytes:?}");
        }
    }

    #[test]
    fn a_file_rolls_when_its_time_is_exceeded_or_the_clock_went_back() {
        for (now_ms, due) in [(1000, false), (3_601_000, false), (3_601_001, true), (0, true)] {
            assert_eq!(policy().roll_due(1000, now_ms), due, "at {now_ms}");
        }
        let endless = RollPolicy::new(1, Duration::MAX, Duration::MAX);
        assert!(!endless.roll_due(0, i64::MAX - 1));
    }
}
