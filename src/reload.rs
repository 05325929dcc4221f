//! Takes up what was exchanged on disk while the program runs: looked at once a second, and at once with SIGHUP. What is
//! new is checked as at start; what does not pass is told, and what is in force stays.

mod mappings;
mod stamp;

pub use mappings::Mappings;
