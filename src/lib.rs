//! Headwater: a clickstream collector. A browser's request in, an Avro record out, nothing acknowledged lost.
//!
//! The modules are listed in the order in which an event meets them:
//!
//! ```text
//! socket ─ listen ─ source ─▶ Event ─ intake { room? → duplicate memory → open block } ─▶ Ticket ─▶ answer
//!                                       │  journal thread: seal → (write → sync) → move the mark → wake
//! one delivery per sink:  Reader ─▶ Block ─ mapping ─▶ RecordChunk ─ sink.write ─ sink.checkpoint ─▶ cursor.commit
//!                                            └─ rejected ─▶ dead letter, under the same checkpoint
//! ```
//!
//! Stages never use a later stage; only [`pipeline`] and [`app`] see both ends. `docs/architecture.md` holds the map
//! and its invariants, and a test holds the table of who may use whom.
#![forbid(unsafe_code)]

pub mod cli;
pub mod command;
pub mod logging;

pub mod app;
pub mod pipeline;
pub mod reload;
pub mod signal;

pub mod config;

pub mod listen;
pub mod source;

pub mod event;

pub mod journal;

pub mod enrich;
pub mod mapping;
pub mod record;

pub mod delivery;
pub mod sink;

pub mod admin;

pub mod checkpoint;
pub mod diagnostic;
pub mod disk;
pub mod metrics;
pub mod util;

#[cfg(test)]
#[path = "documentation/tests.rs"]
mod documentation;
