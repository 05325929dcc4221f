//! command
pub mod cat;
