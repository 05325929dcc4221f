//! Nothing domain-specific.

pub mod clock;
