//! A record as JSON.
