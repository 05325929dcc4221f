//! Takes up what was exchanged on disk while the program runs: looked at once a second, and at once with SIGHUP. What is
//! new is checked as at start; what does not pass is told, and what is in force stays.

mod mappings;
mod places;
mod stamp;

use std::time::Duration;

pub use mappings::Mappings;
pub use places::{PlacesError, follow_places, open_places};

use crate::metrics::Metrics;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What can come of a reload.
const RESULTS: [&str; 3] = ["done", "refused", "unchanged"];

/// Has each result shown from the start, so that a first one is seen as an increase.
fn declare(metrics: &Metrics, what: &'static str) {
    for result in RESULTS {
        let _ = metrics.reloads(what, result);
    }
}
