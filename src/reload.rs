//! Takes up what was exchanged on disk while the program runs: looked at once a second, and at once with SIGHUP. What is
//! new is checked as at start; what does not pass is told, and what is in force stays.

mod mappings;
mod places;
mod stamp;
mod tables;

use std::time::Duration;

pub use mappings::Mappings;
pub use places::{PlacesError, follow_places, open_places};
pub use tables::Tables;

use crate::{
    config::Settings,
    enrich::{
        LookUps,
        table::{self, CurrentTables},
    },
    metrics::Metrics,
};

/// What mappings look up in: opens the databases of places, and takes the tables that were read with the settings out of
/// them, so that they do not stay there when they are exchanged.
///
/// # Errors
/// A database of places cannot be used.
pub fn open(settings: &mut Settings) -> Result<LookUps, PlacesError> {
    let places = open_places(&settings.mapper.geo_databases)?;
    let tables = table::Tables::new(&settings.tables);
    for table in &mut settings.tables {
        table.table = None;
    }
    Ok(LookUps { places, tables: CurrentTables::new(tables).into() })
}

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
