//! The mapping language: a Groovy script and an Avro schema in, a compiled program out; a block in, records out.
//!
//! `lexer` → `parser` (spans, recovery) → `interpret` (a bounded interpreter that runs the script once and yields
//! actions) → `typing` (against the schema) → `lower` → `program`; per event `eval` runs the program and fills the
//! slots of the encode plan. Pure: no I/O, no clock.

pub mod action;
pub mod ast;
mod block;
pub mod builtin;
pub mod diagnostic;
pub mod eval;
pub mod function;
pub mod interpret;
pub mod java;
pub mod json;
pub mod lexer;
pub mod lint;
pub mod lower;
pub mod parser;
pub mod producer;
pub mod program;
mod trace;
pub mod typing;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use block::{Admit, map, map_where};
pub use trace::{Step, trace};

use crate::{
    diagnostic::{Diagnostic, SourceText},
    enrich::{LookUps, cache::AgentCache, geo::CurrentPlaces, table::TakenTables},
    event::{Event, Keep},
    record::{plan::Plan, schema::RecordSchema},
    util::secret::Secret,
};
use diagnostic::{MAYBE_UNSET, Reports};
use eval::{Buffers, Shared};
use function::extension::Extension;
pub use interpret::{KnownTable, Surroundings};
use producer::Producer;
use program::{Op, Program};

/// A mapping, ready to run. Immutable; shared between deliveries.
#[derive(Debug)]
pub struct Mapping {
    options: MappingOptions,
    schema: Arc<RecordSchema>,
    keep: Keep,
    program: Program,
    plan: Plan,
    script: Arc<SourceText>,
}

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
    /// A value counts in the first digest only, as in the original (`digest_reuse = original`).
    pub digests_use_up: bool,
    /// What functions beyond the original need.
    pub extras: Extras,
    /// What the script may learn of where it is loaded.
    pub surroundings: Surroundings,
}

/// What functions beyond the original need of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// The keys of seeds have the length of the digest, not that of the original (`digest_keys = full`).
    pub full_digest_keys: bool,
    /// Hosts of the operator's own sites, in small letters.
    pub own_hosts: Vec<String>,
    /// The key of pseudonyms.
    pub pseudonym_key: Option<Secret>,
}

/// Buffers and caches that [`map`] keeps between blocks; one per delivery.
#[derive(Debug)]
pub struct Scratch {
    agents: AgentCache,
    places: Option<Arc<CurrentPlaces>>,
    tables: TakenTables,
    shared: Shared,
    buffers: Buffers,
}

impl Scratch {
    /// With room for `user_agents` distinct agents in the cache.
    #[must_use]
    pub fn new(user_agents: usize) -> Self {
        Self::with_agents(AgentCache::new(user_agents))
    }

    /// With this cache of agents.
    #[must_use]
    pub fn with_agents(agents: AgentCache) -> Self {
        let (tables, shared, buffers) = (TakenTables::default(), Shared::default(), Buffers::default());
        Self { agents, places: None, tables, shared, buffers }
    }
}

impl Scratch {
    /// With these databases of places and tables.
    #[must_use]
    pub fn with_look_ups(self, look_ups: &LookUps) -> Self {
        let tables = TakenTables::new(Arc::clone(&look_ups.tables));
        Self { places: look_ups.places.clone(), tables, ..self }
    }

    /// Takes up the tables that were exchanged since it was last asked, and names them. Between two blocks only.
    pub fn take_up_tables(&mut self) -> Vec<String> {
        self.tables.take_up()
    }
}

impl Mapping {
    /// Name of the mapping.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Schema of its records.
    #[must_use]
    pub fn schema(&self) -> &Arc<RecordSchema> {
        &self.schema
    }

    /// The script that it was made of.
    #[must_use]
    pub fn script(&self) -> &Arc<SourceText> {
        &self.script
    }

    /// Names of the sources whose events it takes.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        &self.options.sources
    }

    /// Names of the fields that its script may set, in the order of the schema.
    #[must_use]
    pub fn set_fields(&self) -> Vec<&str> {
        let set = |index: usize| {
            self.program.ops.iter().any(|op| match op {
                Op::Set { field, .. } | Op::SetLiteral { field, .. } | Op::Encode { field, .. } => *field == index,
                Op::Unless { .. } | Op::Jump { .. } => false,
            })
        };
        let fields = self.schema.fields().iter().enumerate();
        fields.filter(|(index, _)| set(*index)).map(|(_, field)| field.name.as_str()).collect()
    }

    /// What it does with an event before its script runs.
    #[must_use]
    pub fn admit(&self, event: &Event<'_>) -> Admit {
        block::admit(self, event)
    }

    /// Columns that its script reads, each with the number of its table.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        self.program.nodes.iter().filter_map(|node| {
            let Producer::Extension(extension) = &node.producer else { return None };
            let Extension::Column(row, column) = &**extension else { return None };
            match &self.program.nodes[row.index()].producer {
                Producer::Extension(extension) => match &**extension {
                    Extension::Row { table, .. } => Some((*table, column.as_str())),
                    _ => None,
                },
                _ => None,
            }
        })
    }

    /// Headers and cookies that its script reads.
    #[must_use]
    pub fn keep(&self) -> &Keep {
        &self.keep
    }
}

/// Compiles a script. The warnings come with the mapping; any error means that there is none.
///
/// # Errors
/// Everything that is wrong with the script, in order of place, warnings included.
pub fn compile(
    options: MappingOptions,
    script: &Arc<SourceText>,
    schema: &Arc<RecordSchema>,
) -> Result<(Mapping, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (tree, faults) = parser::parse(script);
    if !faults.is_empty() {
        // What a script with holes would do says little.
        return Err(faults);
    }
    let mut reports = Reports::new(script);
    let outcome = interpret::interpret(&tree, schema, options.surroundings.clone(), &mut reports);
    typing::check(&outcome.actions, &outcome.producers, schema, &mut reports);
    let patterns = lint::check(&outcome.actions, &outcome.producers, options.digests_use_up, &mut reports);
    let failed = reports.any_error();
    let mut diagnostics = reports.finish();
    if failed {
        // Fields whose statement failed are unset, but that is not the mistake.
        diagnostics.retain(|diagnostic| diagnostic.code != MAYBE_UNSET.code);
        return Err(diagnostics);
    }
    let program = lower::lower(&outcome, schema, script, &patterns, &options);
    let (schema, plan, keep) = (Arc::clone(schema), Plan::compile(schema), keep(&program));
    Ok((Mapping { options, schema, keep, program, plan, script: Arc::clone(script) }, diagnostics))
}

/// The headers and cookies that a program reads.
fn keep(program: &Program) -> Keep {
    let mut keep = Keep::default();
    for node in &program.nodes {
        match &node.producer {
            Producer::Cookie(name) if !name.is_empty() => {
                keep.add(&Keep { cookies: vec![name.clone()], ..Keep::default() });
            }
            Producer::Header(name) => keep.add(&Keep { headers: vec![name.clone()], ..Keep::default() }),
            _ => {}
        }
    }
    keep
}
