//! Deliveries to file sinks on a disk that fails.

mod harness;
mod random;
