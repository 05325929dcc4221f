//! Nothing domain-specific.

pub mod backoff;
pub mod clock;
pub mod reason;
pub mod terminal;
