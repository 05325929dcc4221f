//! Look-ups that mappings use: pure, given their data.
//!
//! [`ua`] turns a `User-Agent` header into the words that mappings know, [`cache`] remembers the answers; [`geo`] finds
//! places by address; [`referrer`] knows search engines, social networks and the like by their hosts.
//! Nothing here does I/O or knows events.

pub mod cache;
pub mod geo;
pub mod referrer;
pub mod ua;
