//! The mapping step of a sink, and how its mappings are exchanged while it runs: between two blocks.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use serde::Serialize;

use super::live::Sampler;
use crate::{
    checkpoint::{Offset, SinkName},
    journal::Block,
    mapping::{self, Mapping, Scratch},
    record::{chunk::RecordChunk, schema::RecordSchema},
};

/// A mapping step.
pub trait Map {
    /// Fills the chunk with what the sink's mappings make of a block.
    fn map(&mut self, block: &Arc<Block>, chunk: &mut RecordChunk);

    /// Asked before each block, which begins at `at`: takes up what was exchanged, and then gives the schema of the
    /// records from there on, which may be the same as before.
    fn renew(&mut self, _at: Offset) -> Option<Arc<RecordSchema>> {
        None
    }
}

impl<F: FnMut(&Arc<Block>, &mut RecordChunk)> Map for F {
    fn map(&mut self, block: &Arc<Block>, chunk: &mut RecordChunk) {
        self(block, chunk);
    }
}

/// The mappings of a sink that are in force.
#[derive(Debug)]
pub struct CurrentMappings {
    /// How often they were exchanged. Looked at before each block, so that nothing is locked for nothing.
    exchanges: AtomicU64,
    mappings: Mutex<Arc<[Arc<Mapping>]>>,
}

impl CurrentMappings {
    /// Begins with these.
    #[must_use]
    pub fn new(mappings: Vec<Arc<Mapping>>) -> Self {
        Self { exchanges: AtomicU64::new(0), mappings: Mutex::new(mappings.into()) }
    }

    /// Those in force now.
    #[must_use]
    pub fn get(&self) -> Arc<[Arc<Mapping>]> {
        // The lock guards a pointer, which a panic cannot leave half written.
        Arc::clone(&self.mappings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next block on these are in force: the same mappings by name, in the same order.
    pub fn set(&self, mappings: Vec<Arc<Mapping>>) {
        *self.mappings.lock().unwrap_or_else(PoisonError::into_inner) = mappings.into();
        self.exchanges.fetch_add(1, Ordering::Release);
    }
}

/// A mapping as the admin pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingInForce {
    /// Its name.
    pub name: String,
    /// File of its script; none if it is built in.
    pub script: Option<String>,
    /// File of its schema; none if it is built in.
    pub schema: Option<String>,
    /// Since when this version of both is in force, in milliseconds since the Unix epoch.
    pub since: i64,
}

/// The mappings in force, for the admin pages.
#[derive(Debug, Default)]
pub struct InForce(Mutex<Vec<MappingInForce>>);

impl InForce {
    /// Begins with these.
    #[must_use]
    pub fn new(mappings: Vec<MappingInForce>) -> Self {
        Self(Mutex::new(mappings))
    }

    /// Those in force now.
    #[must_use]
    pub fn get(&self) -> Vec<MappingInForce> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The named ones were exchanged at `now_ms`.
    pub fn renew(&self, names: &[String], now_ms: i64) {
        let mut mappings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for mapping in mappings.iter_mut().filter(|mapping| names.contains(&mapping.name)) {
            mapping.since = now_ms;
        }
    }
}

/// The mapping step of a sink: its mappings in order. What comes of it is shown to a sampler.
#[derive(Debug)]
pub struct Program {
    current: Arc<CurrentMappings>,
    exchanges: u64,
    mappings: Arc<[Arc<Mapping>]>,
    scratch: Scratch,
    sampler: Sampler,
    sink: SinkName,
}

impl Program {
    /// The step of `sink`, with what its mappings keep in `scratch`.
    #[must_use]
    pub fn new(sink: SinkName, current: Arc<CurrentMappings>, scratch: Scratch, sampler: Sampler) -> Self {
        let exchanges = current.exchanges.load(Ordering::Acquire);
        let mappings = current.get();
        Self { current, exchanges, mappings, scratch, sampler, sink }
    }
}

impl Map for Program {
    fn map(&mut self, block: &Arc<Block>, chunk: &mut RecordChunk) {
        mapping::map(&self.mappings, block, &mut self.scratch, chunk);
        self.sampler.look(&self.mappings, chunk);
    }

    fn renew(&mut self, at: Offset) -> Option<Arc<RecordSchema>> {
        for table in self.scratch.take_up_tables() {
            tracing::info!(sink = %self.sink, table, offset = %at, "looked up in the new table from this event on");
        }
        let exchanges = self.current.exchanges.load(Ordering::Acquire);
        if exchanges == self.exchanges {
            return None;
        }
        let former = std::mem::replace(&mut self.mappings, self.current.get());
        self.exchanges = exchanges;
        for (new, _) in self.mappings.iter().zip(&*former).filter(|(new, old)| !Arc::ptr_eq(new, old)) {
            tracing::info!(sink = %self.sink, mapping = new.name(), offset = %at, "mapped anew from this event on");
        }
        self.mappings.first().map(|mapping| Arc::clone(mapping.schema()))
    }
}
