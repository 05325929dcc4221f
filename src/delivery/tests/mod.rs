//! Deliveries to file sinks on a disk that fails.

mod crash;
mod fates;
mod files;
mod harness;
mod random;
mod read;
mod restart;
mod threads;
