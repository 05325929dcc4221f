//! Runs a script once, when it is loaded, and yields its actions.
//!
//! The interpreter has no access to anything outside: no files, no clock, no classes. Steps, depth and memory are
//! bounded. A statement that fails is reported and left out; what it would have defined is poisoned, so that one
//! mistake gives one message.

mod call;
mod digest;
mod dsl;
mod expression;
mod method;
mod operator;
mod value;

#[cfg(test)]
mod tests;

use std::{collections::HashSet, rc::Rc};

use super::{
    action::Action,
    ast::{Closure, Name, Script, Span, Statement, StatementKind},
    diagnostic::{BAD_VALUE, Code, LIMIT, NOT_YET, Reports, UNSUPPORTED_CONSTRUCT},
    function::digest::{Algorithm, Digest},
    producer::{Producer, ProducerId, Producers},
};
use crate::diagnostic::Diagnostic;
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

/// Runs a script; mistakes go to `reports`.
#[must_use]
pub fn interpret(script: &Script, reports: &mut Reports) -> Outcome {
    let mut interpreter = Interpreter {
        script,
        reports,
        producers: Producers::default(),
        actions: vec![Vec::new()],
        scopes: vec![Scope::default(), Scope { parent: Some(0), variables: Vec::new() }],
        lists: Vec::new(),
        maps: Vec::new(),
        pending: Vec::new(),
        digesters: Vec::new(),
        seeds: HashSet::new(),
        steps: 0,
        depth: 0,
        room: 0,
        action_count: 0,
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
    Return(Value<'a>),
    Break,
    Continue,
}

type Evaluated<'a, T = Value<'a>> = Result<T, Stop<'a>>;

#[derive(Debug, Default)]
struct Scope<'a> {
    parent: Option<usize>,
    variables: Vec<(Rc<str>, Value<'a>)>,
}

struct Interpreter<'a, 'r> {
    script: &'a Script,
    reports: &'r mut Reports,
    producers: Producers,
    /// The lists of actions under construction, innermost last.
    actions: Vec<Vec<Action>>,
    /// Variables. The first scope holds what is visible everywhere, the second those of the script's top level.
    scopes: Vec<Scope<'a>>,
    lists: Vec<Vec<Value<'a>>>,
    maps: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pending: Vec<Pending>,
    digesters: Vec<Digest>,
    /// Different seeds so far.
    seeds: HashSet<(Algorithm, String)>,
    steps: u32,
    depth: u32,
    room: usize,
    action_count: usize,
}

impl<'a> Interpreter<'a, '_> {
    fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Stop<'a> {
        Stop::Failed(Box::new(self.reports.error(code, span, message)))
    }

    fn error_with_hint(&self, code: Code, span: Span, message: impl Into<String>, hint: impl Into<String>) -> Stop<'a> {
        Stop::Failed(Box::new(self.reports.error(code, span, message).hint(hint)))
    }

    fn not_yet(&self, span: Span, what: &str) -> Stop<'a> {
        self.error(NOT_YET, span, format!("{what} is not supported by this release"))
    }

    fn warn(&mut self, code: Code, span: Span, message: impl Into<String>, hint: &str) {
        let report = self.reports.warning(code, span, message).hint(hint);
        self.reports.add(report);
    }

    fn limit(&self, span: Span, message: impl Into<String>) -> Stop<'a> {
        Stop::Limit(Box::new(self.reports.error(LIMIT, span, message)))
    }

    fn step(&mut self, span: Span) -> Evaluated<'a, ()> {
        self.steps += 1;
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
        self.take_room(span, text.len())?;
        Ok(Value::Text(text))
    }

    fn list(&mut self, span: Span, items: Vec<Value<'a>>) -> Evaluated<'a> {
        self.take_room(span, (items.len() + 1) * 16)?;
        self.lists.push(items);
        Ok(Value::List(self.lists.len() - 1))
    }

    fn map(&mut self, span: Span, entries: Vec<(Value<'a>, Value<'a>)>) -> Evaluated<'a> {
        self.take_room(span, (entries.len() + 1) * 32)?;
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
        self.actions.last_mut().expect("the outermost list is never taken away").push(action);
        Ok(())
    }

    // Variables.

    fn scope(&mut self, parent: usize) -> usize {
        self.scopes.push(Scope { parent: Some(parent), variables: Vec::new() });
        self.scopes.len() - 1
    }

    fn define(&mut self, scope: usize, name: &str, value: Value<'a>) {
        let variables = &mut self.scopes[scope].variables;
        match variables.iter_mut().find(|(known, _)| &**known == name) {
            Some((_, old)) => *old = value,
            None => variables.push((name.into(), value)),
        }
    }

    fn variable(&mut self, scope: usize, name: &str) -> Option<&mut Value<'a>> {
        let mut at = Some(scope);
        let mut found = None;
        while let Some(index) = at {
            if self.scopes[index].variables.iter().any(|(known, _)| &**known == name) {
                found = Some(index);
                break;
            }
            at = self.scopes[index].parent;
        }
        let variables = &mut self.scopes[found?].variables;
        variables.iter_mut().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    // Statements.

    /// Runs statements; the value is that of the last. What fails is reported and left out.
    fn statements(&mut self, list: &'a [Statement], context: Context) -> Evaluated<'a> {
        let mut result = Value::Null;
        for statement in list {
            result = match self.statement(statement, context) {
                Err(Stop::Failed(report)) => {
                    self.reports.add(*report);
                    self.poison(statement, context);
                    Value::Poison
                }
                other => other?,
            };
        }
        Ok(result)
    }

    /// Defines what a failed statement would have defined.
    fn poison(&mut self, statement: &'a Statement, context: Context) {
        let names: Vec<&Name> = match &statement.kind {
            StatementKind::Declare(list) => list.iter().map(|(name, _)| name).collect(),
            StatementKind::DeclareEach(names, _) => names.iter().collect(),
            _ => Vec::new(),
        };
        for name in names {
            self.define(context.scope, &name.text, Value::Poison);
        }
        if let StatementKind::Expr(expr) = &statement.kind
            && let super::ast::ExprKind::Assign { target, .. } = &expr.kind
            && let super::ast::ExprKind::Name(name) = &target.kind
        {
            match self.variable(context.scope, name) {
                Some(value) => *value = Value::Poison,
                None => self.define(0, name, Value::Poison),
            }
        }
    }

    fn statement(&mut self, statement: &'a Statement, context: Context) -> Evaluated<'a> {
        self.step(statement.span)?;
        self.deeper(statement.span, |own| own.statement_kind(statement, context))
    }

    fn statement_kind(&mut self, statement: &'a Statement, context: Context) -> Evaluated<'a> {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Expr(expr) => self.expr(expr, context),
            StatementKind::Declare(list) => {
                for (name, value) in list {
                    let value = value.as_ref().map_or(Ok(Value::Null), |value| self.expr(value, context))?;
                    self.define(context.scope, &name.text, value);
                }
                Ok(Value::Null)
            }
            StatementKind::DeclareEach(names, value) => self.declare_each(names, value, context),
            StatementKind::If { condition, yes, no } => {
                let chosen = if self.truth(condition, context)? { yes } else { no };
                self.block(chosen, context)
            }
            StatementKind::ForEach { variable, items, body } => self.for_each(variable, items, body, context),
            StatementKind::While { condition, body } => {
                while self.truth(condition, context)? {
                    self.step(span)?;
                    match self.block(body, context) {
                        Err(Stop::Break) => break,
                        Ok(_) | Err(Stop::Continue) => {}
                        Err(stop) => return Err(stop),
                    }
                }
                Ok(Value::Null)
            }
            StatementKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(Value::Null), |value| self.expr(value, context))?;
                Err(Stop::Return(value))
            }
            StatementKind::Break => Err(Stop::Break),
            StatementKind::Continue => Err(Stop::Continue),
            StatementKind::Import(name) => self.import(name, span),
            StatementKind::NotYet(what) => Err(self.not_yet(span, what)),
        }
    }

    /// Imports of the Java and Groovy libraries are harmless as long as nothing uses them, and uses are refused.
    fn import(&self, name: &str, span: Span) -> Evaluated<'a> {
        let harmless = name.is_empty() || name.starts_with("java.") || name.starts_with("groovy.");
        if harmless {
            return Ok(Value::Null);
        }
        Err(self.error(UNSUPPORTED_CONSTRUCT, span, format!("the import of `{name}` is not supported in mappings")))
    }

    fn declare_each(&mut self, names: &'a [Name], value: &'a super::ast::Expr, context: Context) -> Evaluated<'a> {
        let items = match self.expr(value, context)? {
            Value::List(list) => self.lists[list].clone(),
            Value::Poison => vec![Value::Poison; names.len()],
            other => {
                let message = format!("{} cannot be spread over several variables", other.describe());
                return Err(self.error(BAD_VALUE, value.span, message));
            }
        };
        for (index, name) in names.iter().enumerate() {
            self.define(context.scope, &name.text, items.get(index).cloned().unwrap_or(Value::Null));
        }
        Ok(Value::Null)
    }

    fn for_each(
        &mut self,
        variable: &'a Name,
        items: &'a super::ast::Expr,
        body: &'a [Statement],
        context: Context,
    ) -> Evaluated<'a> {
        let value = self.expr(items, context)?;
        for item in self.elements(&value, items.span)? {
            self.step(items.span)?;
            let scope = self.scope(context.scope);
            self.define(scope, &variable.text, item);
            match self.statements(body, Context { scope, ..context }) {
                Err(Stop::Break) => break,
                Ok(_) | Err(Stop::Continue) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(Value::Null)
    }

    /// Statements with variables of their own.
    fn block(&mut self, list: &'a [Statement], context: Context) -> Evaluated<'a> {
        let scope = self.scope(context.scope);
        self.statements(list, Context { scope, ..context })
    }

    /// Runs a closure or method with these arguments.
    fn call_closure(
        &mut self,
        closure: &'a Closure,
        context: Context,
        arguments: Vec<Value<'a>>,
        span: Span,
    ) -> Evaluated<'a> {
        self.step(span)?;
        let scope = self.scope(context.scope);
        let context = Context { scope, ..context };
        self.bind(closure, context, arguments, span)?;
        match self.deeper(span, |own| own.statements(&closure.body, context)) {
            Err(Stop::Return(value)) => Ok(value),
            Err(Stop::Break | Stop::Continue) => {
                Err(self.error(super::diagnostic::SYNTAX, span, "`break` and `continue` end loops, not closures"))
            }
            other => other,
        }
    }

    fn bind(
        &mut self,
        closure: &'a Closure,
        context: Context,
        mut arguments: Vec<Value<'a>>,
        span: Span,
    ) -> Evaluated<'a, ()> {
        let Some(parameters) = &closure.parameters else {
            if arguments.len() > 1 {
                return Err(self.wrong_count(span, 1, arguments.len()));
            }
            let it = arguments.pop().unwrap_or(Value::Null);
            self.define(context.scope, "it", it);
            return Ok(());
        };
        // A single list is spread over several parameters, as in Groovy.
        if let ([Value::List(list)], 2..) = (&arguments[..], parameters.len()) {
            let spread = self.lists[*list].clone();
            arguments = spread;
        }
        if arguments.len() > parameters.len() {
            return Err(self.wrong_count(span, parameters.len(), arguments.len()));
        }
        let given = arguments.len();
        let mut arguments = arguments.into_iter();
        for parameter in parameters {
            let value = match (arguments.next(), &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expr(default, context)?,
                // A closure with one parameter may be called without argument.
                (None, None) if parameters.len() == 1 => Value::Null,
                (None, None) => return Err(self.wrong_count(span, parameters.len(), given)),
            };
            self.define(context.scope, &parameter.name.text, value);
        }
        Ok(())
    }

    fn wrong_count(&self, span: Span, wanted: usize, given: usize) -> Stop<'a> {
        let message = format!("{wanted} arguments at most are taken here, {given} were given");
        self.error(super::diagnostic::BAD_ARGUMENTS, span, message)
    }
}
