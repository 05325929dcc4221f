//! One delivery per sink, on a thread of its own: read, map, write, checkpoint.

mod status;

pub use status::{DeliveryStatus, Health, Report};
