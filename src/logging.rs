//! Log lines: to the standard error, for people or as JSON; and a brake for those that a client can cause.

use std::{
    io,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::{
    cli::{LogArguments, LogFormat},
    util::{clock::Clock, terminal::wants_color},
};

/// What of the libraries is logged below `debug`: they are not what an operator asks for.
const QUIET: &str = "h2=warn,hyper=warn";

/// `--log` is not something that can be logged by.
#[derive(Debug, thiserror::Error)]
#[error("`--log {text}` is not understood: {reason}; for example `--log debug`")]
pub struct LogLevelError {
    text: String,
    reason: String,
}

/// Starts logging. To be called once, first of all.
///
/// # Errors
/// The level is none.
pub fn init(arguments: &LogArguments) -> Result<(), LogLevelError> {
    let filter = filter(&arguments.log_level)?;
    let lines = fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    // A second call keeps the first subscriber, which is what a test that calls twice wants.
    let _ = match arguments.log_format {
        LogFormat::Text => registry.with(lines.with_ansi(wants_color(&io::stderr())).with_target(false)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    Ok(())
}

fn filter(text: &str) -> Result<EnvFilter, LogLevelError> {
    // Libraries speak up only where the operator names them, or asks for everything.
    let everything = text.contains("debug") || text.contains("trace");
    let wanted = if everything { text.to_owned() } else { format!("{QUIET},{text}") };
    EnvFilter::builder()
        .parse(&wanted)
        .map_err(|error| LogLevelError { text: text.to_owned(), reason: error.to_string() })
}

/// Lets one message in an interval through and counts those that it holds back: for messages that a client can cause.
///
/// One per call site, as a `static`:
/// ```
/// # use headwater::{logging::RateLimited, util::clock::{Clock, SystemClock}};
/// static TOO_LARGE: RateLimited = RateLimited::every_second();
/// # let clock = SystemClock;
/// if let Some(left_out) = TOO_LARGE.pass(&clock) {
///     tracing::warn!(left_out, "request refused: its body is too large");
/// }
/// ```
#[derive(Debug)]
pub struct RateLimited {
    interval_ms: u64,
    /// When the last message passed, milliseconds of the clock.
    last_ms: AtomicI64,
    held_back: AtomicU64,
}

impl RateLimited {
    /// One message a second.
    #[must_use]
    pub const fn every_second() -> Self {
        Self::every_ms(1000)
    }

    /// One message in so many milliseconds.
    #[must_use]
    pub const fn every_ms(interval_ms: u64) -> Self {
        Self { interval_ms, last_ms: AtomicI64::new(i64::MIN), held_back: AtomicU64::new(0) }
    }

    /// Whether a message may pass now: then the number of those held back since the last one.
    pub fn pass(&self, clock: &dyn Clock) -> Option<u64> {
        let (now, last) = (clock.now_ms(), self.last_ms.load(Ordering::Relaxed));
        // A clock that is set back must not silence anything, so the distance counts, not the order. Of several threads
        // that find the time come, the one that moves it on may pass.
        if now.abs_diff(last) >= self.interval_ms
            && self.last_ms.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::clock::ManualClock;

    #[test]
    fn one_message_in_an_interval_passes_and_tells_what_was_left_out() {
        let (brake, clock) = (RateLimited::every_second(), ManualClock::at(5));
        let mut told = Vec::new();
        for step_ms in [0, 0, 999, 1, 500, 2000, 1000, -500, -5000] {
            clock.advance_ms(step_ms);
            told.push(brake.pass(&clock));
        }
        let expected = [Some(0), None, None, Some(2), None, Some(1), Some(0), None, Some(1)];
        assert_eq!(told, expected);
    }

    #[test]
    fn levels_are_words_or_directives() {
        for text in ["info", "off", "debug", "warn,headwater::sink=trace"] {
            assert!(filter(text).is_ok(), "{text}");
        }
        let error = filter("headwater=loud").expect_err("no level").to_string();
        assert!(error.contains("`--log headwater=loud` is not understood"), "{error}");
    }
}
