//! Look-ups that mappings use: pure, given their data.
//!
//! [`ua`] turns a `User-Agent` header into the words that mappings know, [`cache`] remembers the answers; [`geo`] finds
//! places by address; [`referrer`] knows search engines, social networks and the like by their hosts; [`table`] holds the
//! operator's own tables.
//! Nothing here does I/O or knows events.

pub mod cache;
pub mod geo;
pub mod referrer;
pub mod table;
pub mod ua;

use std::sync::Arc;

use geo::CurrentPlaces;
use table::CurrentTables;

/// What mappings look up in and is exchanged while the program runs.
#[derive(Clone, Debug, Default)]
pub struct LookUps {
    /// Databases of places, if there are any.
    pub places: Option<Arc<CurrentPlaces>>,
    /// Tables.
    pub tables: Arc<CurrentTables>,
}
