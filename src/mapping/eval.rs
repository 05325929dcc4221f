//! Runs a program over one event.
//!
//! Values are borrowed from the event, the program and the recognised user agent; what has to be computed lies in one
//! buffer that is used again for every event, so a run allocates nothing once the buffers have grown.

use std::{cell::OnceCell, sync::Arc};

use super::{
    action::Literal,
    function::{condition, cookie, uri},
    java::uri::{Part, Uri},
    producer::{Producer, ProducerId},
    program::{Op, Program},
};
use crate::{
    enrich::{cache::AgentCache, ua::UserAgent},
    event::Event,
    record::plan::Slot,
};

/// A text: somewhere that outlives the run, or a part of the run's buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TextRef<'e> {
    /// In the event, the program or the user agent.
    Borrowed(&'e str),
    /// In the buffer.
    Computed(Part),
}

impl TextRef<'_> {
    /// A piece of the text.
    #[must_use]
    pub fn part(self, part: Part) -> Self {
        match self {
            Self::Borrowed(text) => Self::Borrowed(part.of(text)),
            Self::Computed(whole) => {
                Self::Computed(Part { start: whole.start + part.start, end: whole.start + part.end })
            }
        }
    }
}

/// The value of a producer for one event.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Datum<'e> {
    /// There is none.
    #[default]
    Absent,
    /// A boolean.
    Boolean(bool),
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Long(i64),
    /// 32 bits, only from literals.
    Float(f32),
    /// 64 bits, only from literals.
    Double(f64),
    /// A text.
    Text(TextRef<'e>),
    /// A raw query.
    Query(TextRef<'e>),
    /// A URI of the run, by number.
    Uri(usize),
    /// The user agent.
    Agent(&'e UserAgent),
}

impl<'e> Datum<'e> {
    pub(super) fn text(text: Option<&'e str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(TextRef::Borrowed(text)))
    }

    pub(super) fn int(value: Option<i32>) -> Self {
        value.map_or(Self::Absent, Self::Int)
    }

    fn literal(literal: &'e Literal) -> Self {
        match literal {
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Long(value) => Self::Long(*value),
            Literal::Float(bits) => Self::Float(f32::from_bits(*bits)),
            Literal::Double(bits) => Self::Double(f64::from_bits(*bits)),
            Literal::Text(text) => Self::Text(TextRef::Borrowed(text)),
        }
    }
}

/// The script asked for something that cannot be evaluated for this event. Boxed where it is returned, because results
/// are moved far more often than runs fail.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it asked for.
    pub message: String,
    /// Where: `file:line:column`.
    pub position: String,
}

/// Buffers of runs, kept from event to event.
#[derive(Debug, Default)]
pub struct Buffers {
    text: String,
    key: String,
    written: Vec<Datum<'static>>,
    memo: Vec<Option<Datum<'static>>>,
    uris: Vec<(Uri, TextRef<'static>)>,
    slots: Vec<Slot<'static>>,
}

#[cfg(test)]
impl Buffers {
    /// Where the buffers lie and how large they are.
    pub(super) fn places(&self) -> [(usize, usize); 5] {
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
    event: &'e Event<'e>,
    agent: &'e OnceCell<Arc<UserAgent>>,
    agents: &'s mut AgentCache,
    text: String,
    /// Room for a text that is needed for a moment only.
    pub(super) key: String,
    written: Vec<Datum<'e>>,
    memo: Vec<Option<Datum<'e>>>,
    uris: Vec<(Uri, TextRef<'e>)>,
}

/// Runs `program` over `event` and gives the slots of the record to `then`.
///
/// # Errors
/// What the script asked for cannot be evaluated.
pub fn run<T>(
    program: &Program,
    event: &Event<'_>,
    agent: &OnceCell<Arc<UserAgent>>,
    agents: &mut AgentCache,
    buffers: &mut Buffers,
    then: impl FnOnce(&[Slot<'_>]) -> T,
) -> Result<T, Box<Failure>> {
    let mut run = Evaluation {
        program,
        event,
        agent,
        agents,
        text: std::mem::take(&mut buffers.text),
        key: std::mem::take(&mut buffers.key),
        written: emptied!(buffers.written),
        memo: emptied!(buffers.memo),
        uris: emptied!(buffers.uris),
    };
    run.text.clear();
    run.written.resize(program.fields, Datum::Absent);
    run.memo.resize(program.memos, None);
    let done = run.ops();
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
    buffers.text = run.text;
    buffers.key = run.key;
    result
}

impl<'e> Evaluation<'e, '_> {
    fn ops(&mut self) -> Result<(), Box<Failure>> {
        let program = self.program;
        let mut at = 0;
        while let Some(op) = program.ops.get(at) {
            at += 1;
            match op {
                Op::Set { field, value } => match self.value(*value)? {
                    // What is absent is not written and clears nothing.
                    Datum::Absent => {}
                    value => self.written[*field] = value,
                },
                Op::SetLiteral { field, value } => self.written[*field] = Datum::literal(value),
                Op::Jump { target } => at = *target,
                Op::Unless { condition, target, position } => match self.value(*condition)? {
                    Datum::Boolean(true) => {}
                    Datum::Boolean(false) | Datum::Absent => at = *target,
                    _ => {
                        let message = "the condition is no boolean".to_owned();
                        return Err(Box::new(Failure { message, position: position.clone() }));
                    }
                },
            }
        }
        Ok(())
    }

    fn value(&mut self, id: ProducerId) -> Result<Datum<'e>, Box<Failure>> {
        let node = &self.program.nodes[id.index()];
        let Some(memo) = node.memo else { return self.evaluate(id, &node.producer) };
        if let Some(value) = self.memo[memo] {
            return Ok(value);
        }
        let value = self.evaluate(id, &node.producer)?;
        self.memo[memo] = Some(value);
        Ok(value)
    }

    fn evaluate(&mut self, id: ProducerId, producer: &'e Producer) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match producer {
            Producer::Request(request) => request.evaluate(self.event),
            Producer::Cookie(name) => cookie::evaluate(self.event, name),
            Producer::UserAgent => self.agent(),
            Producer::Agent(of, field) => match self.value(*of)? {
                Datum::Agent(agent) => Datum::text(Some(field.of(agent))),
                _ => Datum::Absent,
            },
            Producer::Uri(of) => self.text_of(id, *of)?.map_or(Datum::Absent, |text| self.parse_uri(text)),
            Producer::UriPart(of, part) => match self.value(*of)? {
                Datum::Uri(index) => {
                    let (uri, text) = self.uris[index];
                    part.evaluate(self, &uri, text)
                }
                _ => Datum::Absent,
            },
            Producer::Query(of) => match self.value(*of)? {
                Datum::Uri(index) => {
                    let (uri, text) = self.uris[index];
                    uri.query.map_or(Datum::Absent, |query| Datum::Query(text.part(query)))
                }
                _ => Datum::Absent,
            },
            Producer::QueryValue(of, name) => match self.value(*of)? {
                Datum::Query(query) => uri::query_value(self, query, name),
                _ => Datum::Absent,
            },
            Producer::Parse(of, to) => {
                self.text_of(id, *of)?.map_or(Datum::Absent, |text| to.evaluate(self.read(text)))
            }
            Producer::Present(of) => Datum::Boolean(self.value(*of)? != Datum::Absent),
            Producer::Absent(of) => Datum::Boolean(self.value(*of)? == Datum::Absent),
            Producer::Equal(left, right) => {
                let (left, right) = (self.value(*left)?, self.value(*right)?);
                Datum::Boolean(condition::equal(self, left, right))
            }
            Producer::EqualLiteral(of, literal) => {
                let value = self.value(*of)?;
                let equal = literal.as_ref().is_some_and(|literal| condition::equal_literal(self, value, literal));
                Datum::Boolean(equal)
            }
            Producer::And(left, right) => self.both(*left, *right, |left, right| left && right)?,
            Producer::Or(left, right) => self.both(*left, *right, |left, right| left || right)?,
            Producer::Not(of) => match self.value(*of)? {
                Datum::Boolean(value) => Datum::Boolean(!value),
                _ => Datum::Absent,
            },
        })
    }

    fn both(
        &mut self,
        left: ProducerId,
        right: ProducerId,
        combine: impl Fn(bool, bool) -> bool,
    ) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match (self.value(left)?, self.value(right)?) {
            (Datum::Boolean(left), Datum::Boolean(right)) => Datum::Boolean(combine(left, right)),
            _ => Datum::Absent,
        })
    }

    fn agent(&mut self) -> Datum<'e> {
        // Looked at first, because finding the header takes longer than all the rest.
        if let Some(agent) = self.agent.get() {
            return Datum::Agent(agent);
        }
        let Some(text) = self.event.user_agent() else { return Datum::Absent };
        Datum::Agent(self.agent.get_or_init(|| self.agents.get(text)))
    }

    /// The text that a producer is made of; None if it is absent.
    fn text_of(&mut self, id: ProducerId, of: ProducerId) -> Result<Option<TextRef<'e>>, Box<Failure>> {
        match self.value(of)? {
            Datum::Text(text) => Ok(Some(text)),
            Datum::Absent => Ok(None),
            _ => {
                let position = self.program.nodes[id.index()].position.clone();
                Err(Box::new(Failure { message: "what is to be read is no string".to_owned(), position }))
            }
        }
    }

    fn parse_uri(&mut self, text: TextRef<'e>) -> Datum<'e> {
        let Some(uri) = Uri::parse(self.read(text)) else { return Datum::Absent };
        self.uris.push((uri, text));
        Datum::Uri(self.uris.len() - 1)
    }

    /// The text itself.
    pub(super) fn read(&self, text: TextRef<'e>) -> &str {
        match text {
            TextRef::Borrowed(text) => text,
            TextRef::Computed(part) => part.of(&self.text),
        }
    }

    /// The text of a URI of this run.
    pub(super) fn uri_text(&self, index: usize) -> &str {
        self.read(self.uris[index].1)
    }

    /// Makes a new text in the buffer out of another one.
    pub(super) fn compute(&mut self, from: TextRef<'e>, make: impl FnOnce(&str, &mut String)) -> TextRef<'e> {
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
        }
        // An event is at most 4 MiB, and a script has a bounded number of values.
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        TextRef::Computed(Part { start: narrow(start), end: narrow(self.text.len()) })
    }

    fn slot(&self, value: Datum<'e>) -> Slot<'_> {
        match value {
            Datum::Boolean(value) => Slot::Boolean(value),
            Datum::Int(value) => Slot::Int(value),
            Datum::Long(value) => Slot::Long(value),
            Datum::Float(value) => Slot::Float(value),
            Datum::Double(value) => Slot::Double(value),
            Datum::Text(text) => Slot::Text(self.read(text).into()),
            // Typing lets none of these be mapped.
            Datum::Absent | Datum::Query(_) | Datum::Uri(_) | Datum::Agent(_) => Slot::Unset,
        }
    }
}
