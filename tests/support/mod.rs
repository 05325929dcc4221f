//! What both black-box test binaries share: the program as a child process, a raw HTTP client, a reader of Avro files.
//!
//! Nothing here uses the library, so that a mistake in it cannot hide itself.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod avro;
pub mod http;
pub mod load;
pub mod murmur;
pub mod program;
pub mod random;
pub mod terminal;
