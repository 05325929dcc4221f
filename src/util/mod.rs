//! Nothing domain-specific.

pub mod address_range;
pub mod backoff;
pub mod clock;
pub mod descriptors;
pub mod fail_point;
pub mod reason;
pub mod secret;
pub mod sync;
pub mod table;
pub mod terminal;
