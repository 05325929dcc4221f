//! Locks, atomics and threads: those of the standard library, or with the feature `interleavings` those of a scheduler
//! that tries out in which order threads may come to them.

#[cfg(not(feature = "interleavings"))]
pub use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError, atomic},
    thread,
};

#[cfg(feature = "interleavings")]
pub use shuttle::sync::{Condvar, Mutex, MutexGuard, PoisonError, atomic};

/// Threads of the scheduler, which knows no time.
#[cfg(feature = "interleavings")]
pub mod thread {
    pub use shuttle::thread::*;

    /// A time-out may come at any moment.
    pub fn park_timeout(_: std::time::Duration) {
        yield_now();
    }
}
