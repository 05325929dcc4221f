//! Runs a script once, when it is loaded, and yields its actions.
//!
//! The interpreter has no access to anything outside but what it is given: no files, no clock, no classes. Steps, depth
//! and memory are bounded; what takes long counts as so many steps. A statement that fails is reported and left out;
//! what it would have defined is poisoned, so that one mistake gives one message.

mod call;
mod collection;
mod digest;
mod dsl;
mod expression;
mod library;
mod map;
mod operator;
mod scope;
mod statement;
mod table;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::{collections::HashSet, rc::Rc, sync::Arc};

use super::{
    action::Action,
    ast::{Closure, Name, Script, Span, Statement, StatementKind},
    diagnostic::{Code, LIMIT, Reports, UNSUPPORTED_CONSTRUCT},
    function::digest::{Algorithm, Digest},
    producer::{Producer, ProducerId, Producers},
    typing,
};
use crate::{diagnostic::Diagnostic, record::schema::RecordSchema};
use map::Entries;
use scope::Scope;
use value::{Context, Pending, Value};

/// Most steps of one script: statements, expressions and turns of loops.
const STEPS_MAX: u32 = 500_000;

/// Deepest nesting of expressions and calls.
const DEPTH_MAX: u32 = 200;

/// Most bytes of text, and elements of lists and maps, that one script makes.
const ROOM_MAX: usize = 8 * 1024 * 1024;

/// Most actions of one script.
const ACTIONS_MAX: usize = 20_000;

/// What a script comes down to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is done for each event.
    pub actions: Vec<Action>,
    /// The values that the actions use.
    pub producers: Producers,
}

/// What a script may learn of where it is loaded.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// A variable of the environment.
    pub environment: fn(&str) -> Option<String>,
    /// The clock, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Whether there is a database of places.
    pub has_places: bool,
    /// Whether there is a key of pseudonyms.
    pub has_key: bool,
    /// The tables that can be looked up in, by number.
    pub tables: Arc<[KnownTable]>,
}

/// A table that can be looked up in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTable {
    /// Its name.
    pub name: String,
    /// Its columns; none if it could not be read, so that nobody knows.
    pub columns: Option<Vec<String>>,
}

impl Default for Surroundings {
    /// No variables, and no time but the epoch.
    fn default() -> Self {
        Self { environment: |_| None, now_ms: 0, has_places: false, has_key: false, tables: Arc::default() }
    }
}

/// Runs a script for records of `schema`; mistakes go to `reports`.
#[must_use]
pub fn interpret(script: &Script, schema: &RecordSchema, surroundings: Surroundings, reports: &mut Reports) -> Outcome {
    let mut interpreter = Interpreter {
        script,
        schema,
        surroundings,
        reports,
        producers: Producers::default(),
        actions: vec![Vec::new()],
        scopes: vec![Scope::default(), Scope::inside(0)],
        lists: Vec::new(),
        maps: Vec::new(),
        pending: Vec::new(),
        digesters: Vec::new(),
        seeds: HashSet::new(),
        steps: 0,
        depth: 0,
        room: 0,
        action_count: 0,
        catching: 0,
    };
    let context = Context { scope: 1, mapping: false, value: false };
    if let Err(Stop::Failed(report) | Stop::Limit(report)) = interpreter.statements(&script.body, context) {
        interpreter.reports.add(*report);
    }
    interpreter.unused();
    let Interpreter { mut actions, producers, .. } = interpreter;
    Outcome { actions: actions.swap_remove(0), producers }
}

/// Why the running of statements ended early.
enum Stop<'a> {
    /// The statement failed; not reported yet.
    Failed(Box<Diagnostic>),
    /// A limit was met: the script ends here.
    Limit(Box<Diagnostic>),
    /// There are enough mistakes: the script ends here.
    Enough,
    Return(Value<'a>),
    Break,
    Continue,
}

type Evaluated<'a, T = Value<'a>> = Result<T, Stop<'a>>;

struct Interpreter<'a, 'r> {
    script: &'a Script,
    schema: &'r RecordSchema,
    surroundings: Surroundings,
    reports: &'r mut Reports,
    producers: Producers,
    /// The lists of actions under construction, innermost last.
    actions: Vec<Vec<Action>>,
    /// Variables. The first scope holds what is visible everywhere, the second those of the script's top level.
    scopes: Vec<Scope<'a>>,
    lists: Vec<Vec<Value<'a>>>,
    maps: Vec<Entries<'a>>,
    pending: Vec<Pending>,
    digesters: Vec<Digest>,
    /// Different seeds so far.
    seeds: HashSet<(Algorithm, String)>,
    steps: u32,
    depth: u32,
    room: usize,
    action_count: usize,
    /// How many `try` are around: mistakes are theirs then.
    catching: u32,
}

impl<'a> Interpreter<'a, '_> {
    fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Stop<'a> {
        Stop::Failed(Box::new(self.reports.error(code, span, message)))
    }

    fn error_with_hint(&self, code: Code, span: Span, message: impl Into<String>, hint: impl Into<String>) -> Stop<'a> {
        Stop::Failed(Box::new(self.reports.error(code, span, message).hint(hint)))
    }

    /// A mistake at a name, and what it was probably meant to be.
    fn misnamed(&self, code: Code, span: Span, message: impl Into<String>, near: &str) -> Stop<'a> {
        let report = self.reports.error(code, span, message);
        Stop::Failed(Box::new(report.fix(span.range(), near, format!("did you mean `{near}`?"))))
    }

    fn unsupported(&self, span: Span, what: &str) -> Stop<'a> {
        self.error(UNSUPPORTED_CONSTRUCT, span, format!("{what} is not supported in mappings"))
    }

    fn warn(&mut self, code: Code, span: Span, message: impl Into<String>, hint: &str) {
        let report = self.reports.warning(code, span, message).hint(hint);
        self.reports.add(report);
    }

    fn limit(&self, span: Span, message: impl Into<String>) -> Stop<'a> {
        Stop::Limit(Box::new(self.reports.error(LIMIT, span, message)))
    }

    fn step(&mut self, span: Span) -> Evaluated<'a, ()> {
        self.spend(span, 1)
    }

    /// Counts work of so many elements.
    fn spend(&mut self, span: Span, steps: usize) -> Evaluated<'a, ()> {
        self.steps = self.steps.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.steps > STEPS_MAX {
            return Err(self.limit(span, format!("the script runs longer than {STEPS_MAX} steps")));
        }
        Ok(())
    }

    fn take_room(&mut self, span: Span, bytes: usize) -> Evaluated<'a, ()> {
        self.room += bytes;
        if self.room > ROOM_MAX {
            return Err(self.limit(span, "the script makes too large values"));
        }
        Ok(())
    }

    fn deeper<T>(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> Evaluated<'a, T>) -> Evaluated<'a, T> {
        if self.depth == DEPTH_MAX {
            return Err(self.limit(span, format!("calls are nested deeper than {DEPTH_MAX} levels")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn text(&mut self, span: Span, text: impl Into<Rc<str>>) -> Evaluated<'a> {
        let text = text.into();
        self.take_room(span, text.len() + 16)?;
        Ok(Value::Text(text))
    }

    fn list(&mut self, span: Span, items: Vec<Value<'a>>) -> Evaluated<'a> {
        self.take_room(span, (items.len() + 1) * 32)?;
        self.spend(span, items.len() / 4)?;
        self.lists.push(items);
        Ok(Value::List(self.lists.len() - 1))
    }

    fn map(&mut self, span: Span, entries: Entries<'a>) -> Evaluated<'a> {
        self.take_room(span, (entries.len() + 1) * 64)?;
        self.maps.push(entries);
        Ok(Value::Map(self.maps.len() - 1))
    }

    fn producer(&mut self, span: Span, producer: Producer) -> Evaluated<'a> {
        self.producer_id(span, producer).map(Value::Producer)
    }

    fn producer_id(&mut self, span: Span, producer: Producer) -> Evaluated<'a, ProducerId> {
        let added = self.producers.add(producer, span);
        added.map_err(|_| self.limit(span, "the script asks for too many values of the event, or nests them too deep"))
    }

    fn act(&mut self, span: Span, action: Action) -> Evaluated<'a, ()> {
        self.action_count += 1;
        if self.action_count > ACTIONS_MAX {
            return Err(self.limit(span, format!("the script has more than {ACTIONS_MAX} actions")));
        }
        if self.catching > 0
            && let Action::Set { field, value, span } = &action
            && let Some(report) = typing::check_one(field, value, *span, &self.producers, self.schema, self.reports)
        {
            // A `try` around wants to know now.
            return Err(Stop::Failed(Box::new(report)));
        }
        self.actions.last_mut().expect("the outermost list is never taken away").push(action);
        Ok(())
    }
}
