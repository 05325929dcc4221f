//! Faults that the tests build in, to show that they would be noticed. In the program there are none.

/// A way to break a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    /// Segments are not synced.
    NoSync,
    /// The cursor is moved past events that its sink has not made durable.
    EarlyCursor,
    /// A segment's name is not synced.
    NoDirectorySync,
    /// A block of a file's former life is taken for one of this one.
    StaleBlock,
    /// A request is answered before its events are written.
    EarlyAnswer,
    /// The append that finds the open block empty does not wake the journal thread.
    NoWake,
}

#[cfg(test)]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Sabotage>> = const { std::cell::Cell::new(None) };
}

/// Breaks one promise on this thread, or none.
#[cfg(test)]
pub(super) fn set(sabotage: Option<Sabotage>) {
    ACTIVE.set(sabotage);
}

/// Whether this thread breaks that promise.
#[cfg(test)]
pub(super) fn is(sabotage: Sabotage) -> bool {
    ACTIVE.get() == Some(sabotage)
}

/// Never.
#[cfg(not(test))]
pub(super) const fn is(_: Sabotage) -> bool {
    false
}
