//! The mapping language: a Groovy script and an Avro schema in, a compiled program out; a block in, records out.
//!
//! `lexer` → `parser` (spans, recovery) → `interpret` (a bounded interpreter that runs the script once and yields
//! actions) → `typing` (against the schema) → `lower` → `program`; per event `eval` runs the program and fills the
//! slots of the encode plan. Pure: no I/O, no clock.

pub mod ast;
pub mod builtin;
pub mod diagnostic;
pub mod java;
pub mod lexer;
pub mod parser;

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostic, SourceText},
    event::Keep,
    journal::Block,
    record::{chunk::RecordChunk, schema::RecordSchema},
};

/// A mapping, ready to run. Immutable; shared between deliveries.
#[derive(Debug)]
pub struct Mapping {}

/// How a mapping is configured, beside its script and schema.
#[derive(Clone, Debug)]
pub struct MappingOptions {
    /// Name of the mapping.
    pub name: String,
    /// Names of the sources whose events it takes.
    pub sources: Vec<String>,
    /// Leave corrupt events out.
    pub discard_corrupted: bool,
    /// Leave duplicates out.
    pub discard_duplicates: bool,
}

/// Buffers and caches that `map` keeps between blocks; one per delivery.
pub struct Scratch {}

impl Scratch {
    /// With room for `user_agents` distinct agents in the cache.
    pub fn new(_user_agents: usize) -> Self {
        unimplemented!()
    }
}

impl Mapping {
    /// Name of the mapping.
    pub fn name(&self) -> &str {
        unimplemented!()
    }
    /// Schema of its records.
    pub fn schema(&self) -> &Arc<RecordSchema> {
        unimplemented!()
    }
    /// Headers and cookies that its script reads.
    pub fn keep(&self) -> &Keep {
        unimplemented!()
    }
}

/// Compiles a script. The warnings come with the mapping; any error means that there is none.
pub fn compile(
    _options: MappingOptions,
    _script: &Arc<SourceText>,
    _schema: &Arc<RecordSchema>,
) -> Result<(Mapping, Vec<Diagnostic>), Vec<Diagnostic>> {
    unimplemented!()
}

/// Maps every event of a block through each mapping of a sink, in order. Pure; a panic costs one event only.
pub fn map(_program: &[Arc<Mapping>], _block: &Arc<Block>, _scratch: &mut Scratch, _out: &mut RecordChunk) {
    unimplemented!()
}
