//! Runs a program over one event.
//!
//! Values are borrowed from the event, the program and the recognised user agent; what has to be computed lies in one
//! buffer that is used again for every event, so a run allocates nothing once the buffers have grown.

mod evaluate;
mod extension;
mod value;
mod watch;
mod write;

use std::{cell::OnceCell, net::IpAddr, ops::Range, sync::Arc};

pub use value::{Datum, List, TextRef};
pub use watch::{Notes, Seen, Watch};

use super::{
    function::regex,
    java::{
        jsonpath::Paths,
        regex::Locations,
        uri::{Part, Uri},
    },
    json::{Document, NodeId},
    producer::ProducerId,
    program::{Op, Program},
};
use crate::{
    enrich::{
        cache::AgentCache,
        geo::{Known, Places},
        table::Tables,
        ua::UserAgent,
    },
    event::Event,
    record::{chunk::DeadReason, plan::Slot},
};

/// The event has no record. Boxed where it is returned, because results are moved far more often than runs fail.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Kind of the failure.
    pub reason: DeadReason,
    /// What is wrong.
    pub message: String,
    /// Where the script asked for it: `file:line:column`.
    pub position: String,
}

impl Failure {
    /// The script asked for something that cannot be evaluated for this event.
    pub(in crate::mapping) fn evaluation<T>(message: impl Into<String>, position: &str) -> Result<T, Box<Self>> {
        let (message, position) = (message.into(), position.to_owned());
        Err(Box::new(Self { reason: DeadReason::EvaluationFailed, message, position }))
    }
}

/// What all mappings of one event share.
#[derive(Debug, Default)]
pub struct Shared {
    /// The custom parameters, if they were read.
    pub(in crate::mapping) document: Document,
    read: bool,
}

impl Shared {
    /// Gets ready for another event.
    pub fn next_event(&mut self) {
        self.read = false;
    }
}

/// Buffers of runs, kept from event to event.
#[derive(Debug, Default)]
pub struct Buffers {
    text: String,
    key: String,
    written: Vec<Datum<'static>>,
    memo: Vec<Option<Datum<'static>>>,
    uris: Vec<(Uri, TextRef<'static>)>,
    items: Vec<TextRef<'static>>,
    ints: Vec<i32>,
    known: Vec<Known<'static>>,
    matches: Vec<regex::Match<'static>>,
    groups: Vec<Option<Part>>,
    bytes: Vec<u8>,
    input: Vec<u8>,
    joined: String,
    used_up: Vec<bool>,
    slots: Vec<Slot<'static>>,
    paths: Paths,
    locations: Locations,
}

#[cfg(test)]
impl Buffers {
    /// Where the buffers lie and how large they are.
    pub(in crate::mapping) fn places(&self) -> [(usize, usize); 5] {
        [
            (self.text.as_ptr() as usize, self.text.capacity()),
            (self.written.as_ptr() as usize, self.written.capacity()),
            (self.memo.as_ptr() as usize, self.memo.capacity()),
            (self.uris.as_ptr() as usize, self.uris.capacity()),
            (self.slots.as_ptr() as usize, self.slots.capacity()),
        ]
    }
}

/// The allocation of a vector, used again for elements of another lifetime: collecting in place keeps it.
macro_rules! emptied {
    ($vector:expr) => {{
        $vector.clear();
        std::mem::take(&mut $vector).into_iter().map(|_| unreachable!("the vector is empty")).collect()
    }};
}

/// One run.
pub struct Evaluation<'e, 's> {
    program: &'e Program,
    pub(in crate::mapping) event: &'e Event<'e>,
    agent: &'e OnceCell<Arc<UserAgent>>,
    agents: &'s mut AgentCache,
    outside: Outside<'e>,
    pub(in crate::mapping) shared: &'s mut Shared,
    pub(in crate::mapping) paths: &'s mut Paths,
    pub(in crate::mapping) locations: &'s mut Locations,
    text: String,
    /// Room for a text that is needed for a moment only.
    pub(in crate::mapping) key: String,
    written: Vec<Datum<'e>>,
    memo: Vec<Option<Datum<'e>>>,
    uris: Vec<(Uri, TextRef<'e>)>,
    items: Vec<TextRef<'e>>,
    ints: Vec<i32>,
    known: Vec<Known<'e>>,
    pub(in crate::mapping) matches: Vec<regex::Match<'e>>,
    pub(in crate::mapping) groups: Vec<Option<Part>>,
    bytes: Vec<u8>,
    /// Room for what is digested.
    input: Vec<u8>,
    /// Room for texts that are joined.
    joined: String,
    /// With `digest_reuse = original`: which pieces a digest has used up.
    used_up: Vec<bool>,
}

/// What runs need and keep, beside the event.
pub struct Tools<'s> {
    /// Recognised user agents.
    pub agents: &'s mut AgentCache,
    /// What values are looked up in.
    pub outside: Outside<'s>,
    /// What the mappings of this event share.
    pub shared: &'s mut Shared,
    /// Buffers.
    pub buffers: &'s mut Buffers,
}

/// What values are looked up in, beside the event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outside<'s> {
    /// Databases of places, if there are any.
    pub places: Option<&'s Places>,
    /// Tables, if there are any.
    pub tables: Option<&'s Tables>,
}

/// Runs `program` over `event` and gives the slots of the record to `then`.
///
/// # Errors
/// What the script asked for cannot be evaluated, or a value cannot be written.
pub fn run<T>(
    program: &Program,
    event: &Event<'_>,
    agent: &OnceCell<Arc<UserAgent>>,
    tools: Tools<'_>,
    then: impl FnOnce(&[Slot<'_>]) -> T,
) -> Result<T, Box<Failure>> {
    watched(program, event, agent, tools, &mut (), then)
}

/// As [`run`], and tells `watch` what is done.
///
/// # Errors
/// As [`run`].
pub fn watched<T>(
    program: &Program,
    event: &Event<'_>,
    agent: &OnceCell<Arc<UserAgent>>,
    tools: Tools<'_>,
    watch: &mut impl Watch,
    then: impl FnOnce(&[Slot<'_>]) -> T,
) -> Result<T, Box<Failure>> {
    let Tools { agents, outside, shared, buffers } = tools;
    let mut run = Evaluation {
        program,
        event,
        agent,
        agents,
        outside,
        shared,
        paths: &mut buffers.paths,
        locations: &mut buffers.locations,
        text: std::mem::take(&mut buffers.text),
        key: std::mem::take(&mut buffers.key),
        written: emptied!(buffers.written),
        memo: emptied!(buffers.memo),
        uris: emptied!(buffers.uris),
        items: emptied!(buffers.items),
        ints: std::mem::take(&mut buffers.ints),
        known: emptied!(buffers.known),
        matches: emptied!(buffers.matches),
        groups: std::mem::take(&mut buffers.groups),
        bytes: std::mem::take(&mut buffers.bytes),
        input: std::mem::take(&mut buffers.input),
        joined: std::mem::take(&mut buffers.joined),
        used_up: std::mem::take(&mut buffers.used_up),
    };
    run.text.clear();
    run.groups.clear();
    run.ints.clear();
    run.bytes.clear();
    run.joined.clear();
    run.used_up.clear();
    run.used_up.resize(program.pieces, false);
    run.written.resize(program.fields, Datum::Absent);
    run.memo.resize(program.memos, None);
    let done = run.ops(watch);
    let result = done.map(|()| {
        let mut slots: Vec<Slot<'_>> = emptied!(buffers.slots);
        slots.extend(run.written.iter().map(|value| run.slot(*value)));
        let result = then(&slots);
        buffers.slots = emptied!(slots);
        result
    });
    buffers.written = emptied!(run.written);
    buffers.memo = emptied!(run.memo);
    buffers.uris = emptied!(run.uris);
    buffers.items = emptied!(run.items);
    buffers.ints = run.ints;
    buffers.known = emptied!(run.known);
    buffers.matches = emptied!(run.matches);
    buffers.groups = run.groups;
    buffers.bytes = run.bytes;
    buffers.input = run.input;
    buffers.joined = run.joined;
    buffers.used_up = run.used_up;
    buffers.text = run.text;
    buffers.key = run.key;
    result
}

impl<'e> Evaluation<'e, '_> {
    fn ops(&mut self, watch: &mut impl Watch) -> Result<(), Box<Failure>> {
        let program = self.program;
        let mut at = 0;
        while let Some(op) = program.ops.get(at) {
            let this = at;
            at += 1;
            match op {
                Op::Set { field, value } => {
                    let value = self.value(*value)?;
                    watch.done(this, || Seen::Value(self.show(value)));
                    // What is absent is not written and clears nothing.
                    if value != Datum::Absent {
                        self.written[*field] = value;
                    }
                }
                Op::Encode { field, value, kind, conversion, position } => {
                    let value = self.value(*value)?;
                    watch.done(this, || Seen::Value(self.show(value)));
                    if value != Datum::Absent
                        && let Some(part) = self.encode(value, *field, (kind, *conversion), position)?
                    {
                        self.written[*field] = Datum::Encoded(part);
                    }
                }
                Op::SetLiteral { field, value } => {
                    let value = Datum::literal(value);
                    watch.done(this, || Seen::Value(self.show(value)));
                    self.written[*field] = value;
                }
                Op::Jump { target } => {
                    watch.done(this, || Seen::Left);
                    at = *target;
                }
                Op::Unless { condition, target, position } => {
                    let verdict = match self.value(*condition)? {
                        Datum::Boolean(verdict) => Some(verdict),
                        Datum::Absent => None,
                        _ => return Failure::evaluation("the condition is no boolean", position),
                    };
                    watch.done(this, || Seen::Verdict(verdict));
                    if verdict != Some(true) {
                        at = *target;
                    }
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, id: ProducerId) -> Result<Datum<'e>, Box<Failure>> {
        let node = &self.program.nodes[id.index()];
        let Some(memo) = node.memo else { return self.evaluate(id, node) };
        if let Some(value) = self.memo[memo] {
            return Ok(value);
        }
        let value = self.evaluate(id, node)?;
        self.memo[memo] = Some(value);
        Ok(value)
    }

    /// The text itself.
    pub(in crate::mapping) fn read(&self, text: TextRef<'e>) -> &str {
        match text {
            TextRef::Borrowed(text) => text,
            TextRef::Computed(part) => part.of(&self.text),
            TextRef::Parameter(part) => part.of(self.shared.document.text()),
        }
    }

    /// The text of a URI of this run.
    pub(in crate::mapping) fn uri_text(&self, index: usize) -> &str {
        self.read(self.uris[index].1)
    }

    /// Makes a new text in the buffer out of another one.
    pub(in crate::mapping) fn compute(
        &mut self,
        from: TextRef<'e>,
        make: impl FnOnce(&str, &mut String),
    ) -> TextRef<'e> {
        let start = self.text.len();
        match from {
            TextRef::Borrowed(text) => make(text, &mut self.text),
            TextRef::Computed(part) => {
                // The buffer cannot be read while it grows.
                let mut result = std::mem::take(&mut self.key);
                result.clear();
                make(part.of(&self.text), &mut result);
                self.text.push_str(&result);
                self.key = result;
            }
            TextRef::Parameter(part) => make(part.of(self.shared.document.text()), &mut self.text),
        }
        TextRef::Computed(Part { start: narrow(start), end: narrow(self.text.len()) })
    }

    /// Copies a text into the buffer.
    pub(in crate::mapping) fn computed(&mut self, text: &str) -> TextRef<'e> {
        let start = self.text.len();
        self.text.push_str(text);
        TextRef::Computed(Part { start: narrow(start), end: narrow(self.text.len()) })
    }

    /// Where the next list begins.
    pub(in crate::mapping) fn list_start(&self) -> usize {
        self.items.len()
    }

    /// Adds a text to the list at hand.
    pub(in crate::mapping) fn push_item(&mut self, text: TextRef<'e>) {
        self.items.push(text);
    }

    /// The texts that were added since `start`.
    pub(in crate::mapping) fn list_from(&self, start: usize) -> Datum<'e> {
        Datum::List(List { start, end: self.items.len() })
    }

    /// A text of a list.
    pub(in crate::mapping) fn list_item(&self, index: usize) -> TextRef<'e> {
        self.items[index]
    }

    /// What the databases know of an address.
    pub(in crate::mapping) fn look_up(&mut self, address: IpAddr) -> Datum<'e> {
        let start = self.known.len();
        match self.outside.places {
            Some(places) if places.look_up(address, &mut self.known) => {
                Datum::Place(Part { start: narrow(start), end: narrow(self.known.len()) })
            }
            _ => Datum::Absent,
        }
    }

    /// What is known of a place.
    pub(in crate::mapping) fn known(&self, place: Part) -> &[Known<'e>] {
        &self.known[range(place)]
    }

    /// Keeps a list of numbers.
    pub(in crate::mapping) fn ints(&mut self, numbers: &[i32]) -> Datum<'e> {
        let start = self.ints.len();
        self.ints.extend_from_slice(numbers);
        Datum::Ints(Part { start: narrow(start), end: narrow(self.ints.len()) })
    }

    /// The custom parameters, read once per event.
    pub(in crate::mapping) fn parameters(&mut self) -> Option<NodeId> {
        if !self.shared.read {
            self.shared.document.read(self.event.parameters);
            self.shared.read = true;
        }
        self.shared.document.root()
    }
}

/// An event is at most 4 MiB, and a script has a bounded number of values.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn range(part: Part) -> Range<usize> {
    part.start as usize..part.end as usize
}
