//! Places at which a test may end the process, so that it is certain that each of them was hit by a crash.
//!
//! Only in a build with debug assertions; in a release there is nothing. `HEADWATER_FAIL_POINT=<point>:<file>` ends the
//! process without a last word when the point is passed and the file is there, which the test makes at its own time.

/// Ends the process here if a test asks for it.
#[cfg(debug_assertions)]
pub fn pass(point: &str) {
    use std::{path::PathBuf, sync::OnceLock};

    static ASKED: OnceLock<Option<(String, PathBuf)>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let variable = std::env::var("HEADWATER_FAIL_POINT").ok()?;
        let (point, file) = variable.split_once(':')?;
        Some((point.to_owned(), file.into()))
    });
    if let Some((name, file)) = asked
        && name == point
        && file.exists()
    {
        // Nothing is flushed, closed or told, as with a signal.
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub const fn pass(_point: &str) {}
