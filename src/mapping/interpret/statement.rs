//! Statements, blocks, and calls of closures.

use super::{
    Closure, Context, Diagnostic, Evaluated, Interpreter, Name, Span, Statement, StatementKind, Stop, Value,
    map::Entries,
};
use crate::mapping::{
    ast::{Expr, ExprKind},
    diagnostic::{BAD_ARGUMENTS, BAD_VALUE, SYNTAX, UNSUPPORTED_CONSTRUCT},
};

impl<'a> Interpreter<'a, '_> {
    /// Runs statements; the value is that of the last. What fails is reported and left out, unless a `try` around
    /// wants to know.
    pub(super) fn statements(&mut self, list: &'a [Statement], context: Context) -> Evaluated<'a> {
        let mut result = Value::Null;
        for statement in list {
            result = match self.statement(statement, context) {
                Err(Stop::Failed(report)) if self.catching == 0 => {
                    self.report(*report)?;
                    self.poison(statement, context);
                    Value::Poison
                }
                other => other?,
            };
        }
        Ok(result)
    }

    /// Reports a mistake; when there are enough of them, the script ends.
    pub(super) fn report(&mut self, report: Diagnostic) -> Evaluated<'a, ()> {
        self.reports.add(report);
        if self.reports.is_full() { Err(Stop::Enough) } else { Ok(()) }
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
            && let ExprKind::Assign { target, .. } = &expr.kind
            && let ExprKind::Name(name) = &target.kind
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
            StatementKind::Expr(expr) => return self.expr(expr, context),
            StatementKind::Declare(list) => {
                for (name, value) in list {
                    let value = value.as_ref().map_or(Ok(Value::Null), |value| self.expr(value, context))?;
                    self.define(context.scope, &name.text, value);
                }
            }
            StatementKind::DeclareEach(names, value) => self.declare_each(names, value, context)?,
            StatementKind::If { condition, yes, no } => {
                let chosen = if self.truth(condition, context)? { yes } else { no };
                return self.block(chosen, context, span);
            }
            StatementKind::ForEach { variable, items, body } => self.for_each(variable, items, body, context)?,
            StatementKind::For { start, condition, step, body } => {
                let scope = self.scope(context.scope, span)?;
                let context = Context { scope, ..context };
                self.statements(start, context)?;
                while condition.as_ref().map_or(Ok(true), |condition| self.truth(condition, context))? {
                    if !self.turn(body, context, span)? {
                        break;
                    }
                    for step in step {
                        self.expr(step, context)?;
                    }
                }
            }
            StatementKind::While { condition, body } => {
                while self.truth(condition, context)? && self.turn(body, context, span)? {}
            }
            StatementKind::DoWhile { body, condition } => {
                while self.turn(body, context, span)? && self.truth(condition, context)? {}
            }
            StatementKind::Switch { subject, cases } => return self.switch(subject, cases, context, span),
            StatementKind::Try { body, catch, finally } => {
                return self.try_catch(body, catch.as_ref(), finally, context, span);
            }
            StatementKind::Assert(condition, message) => self.assert(condition, message.as_ref(), context)?,
            StatementKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(Value::Null), |value| self.expr(value, context))?;
                return Err(Stop::Return(value));
            }
            StatementKind::Break => return Err(Stop::Break),
            StatementKind::Continue => return Err(Stop::Continue),
            StatementKind::Import(name) => self.import(name, span)?,
        }
        Ok(Value::Null)
    }

    /// One turn of a loop; whether it goes on.
    fn turn(&mut self, body: &'a [Statement], context: Context, span: Span) -> Evaluated<'a, bool> {
        self.step(span)?;
        match self.block(body, context, span) {
            Err(Stop::Break) => Ok(false),
            Ok(_) | Err(Stop::Continue) => Ok(true),
            Err(stop) => Err(stop),
        }
    }

    /// Imports of the Java and Groovy libraries are harmless as long as nothing uses them, and uses are refused.
    fn import(&self, name: &str, span: Span) -> Evaluated<'a, ()> {
        if name.is_empty() || name.starts_with("java.") || name.starts_with("groovy.") {
            return Ok(());
        }
        Err(self.error(UNSUPPORTED_CONSTRUCT, span, format!("the import of `{name}` is not supported in mappings")))
    }

    fn declare_each(&mut self, names: &'a [Name], value: &'a Expr, context: Context) -> Evaluated<'a, ()> {
        let items = match self.expr(value, context)? {
            Value::List(list) => self.lists[list].iter().take(names.len()).cloned().collect(),
            Value::Poison => vec![Value::Poison; names.len()],
            other => {
                let message = format!("{} cannot be spread over several variables", other.describe());
                return Err(self.error(BAD_VALUE, value.span, message));
            }
        };
        for (index, name) in names.iter().enumerate() {
            self.define(context.scope, &name.text, items.get(index).cloned().unwrap_or(Value::Null));
        }
        Ok(())
    }

    fn for_each(
        &mut self,
        variable: &'a Name,
        items: &'a Expr,
        body: &'a [Statement],
        context: Context,
    ) -> Evaluated<'a, ()> {
        let value = self.expr(items, context)?;
        for item in self.elements(&value, items.span)? {
            self.step(items.span)?;
            let scope = self.scope(context.scope, items.span)?;
            self.define(scope, &variable.text, item);
            match self.statements(body, Context { scope, ..context }) {
                Err(Stop::Break) => break,
                Ok(_) | Err(Stop::Continue) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// From the first case that fits on, every statement runs until a `break`.
    fn switch(
        &mut self,
        subject: &'a Expr,
        cases: &'a [(Option<Expr>, Vec<Statement>)],
        context: Context,
        span: Span,
    ) -> Evaluated<'a> {
        let subject = self.expr(subject, context)?;
        let mut chosen = cases.iter().position(|(case, _)| case.is_none());
        for (index, (case, _)) in cases.iter().enumerate() {
            let Some(case) = case else { continue };
            let value = self.expr(case, context)?;
            if self.is_case(&value, &subject, case.span)? {
                chosen = Some(index);
                break;
            }
        }
        let scope = self.scope(context.scope, span)?;
        let mut result = Value::Null;
        for (_, body) in cases.iter().skip(chosen.unwrap_or(cases.len())) {
            match self.statements(body, Context { scope, ..context }) {
                Err(Stop::Break) => return Ok(Value::Null),
                other => result = other?,
            }
        }
        Ok(result)
    }

    /// Whether a value falls under a case: it is in a list, a closure says so, or both are equal.
    fn is_case(&mut self, case: &Value<'a>, subject: &Value<'a>, span: Span) -> Evaluated<'a, bool> {
        match case {
            Value::List(_) => self.contains(case, subject, span),
            Value::Closure(..) | Value::Method(_) => {
                let result = self.call_value(case, vec![subject.clone()], span)?;
                Ok(self.is_true(&result, span))
            }
            _ => self.are_equal(case, subject, span),
        }
    }

    fn try_catch(
        &mut self,
        body: &'a [Statement],
        catch: Option<&'a (Name, Vec<Statement>)>,
        finally: &'a [Statement],
        context: Context,
        span: Span,
    ) -> Evaluated<'a> {
        let depth = self.depth;
        self.catching += 1;
        let mut result = self.block(body, context, span);
        self.catching -= 1;
        // What was left by the mistake.
        self.depth = depth;
        if let (Err(Stop::Failed(report)), Some((name, handler))) = (&result, catch) {
            let message = report.message.clone();
            let text = self.text(span, message)?;
            let key = self.text(span, "message")?;
            let error = self.map(span, Entries::of(vec![(key, text)]))?;
            let scope = self.scope(context.scope, span)?;
            self.define(scope, &name.text, error);
            result = self.statements(handler, Context { scope, ..context });
        }
        self.block(finally, context, span)?;
        result
    }

    fn assert(&mut self, condition: &'a Expr, message: Option<&'a Expr>, context: Context) -> Evaluated<'a, ()> {
        if self.truth(condition, context)? {
            return Ok(());
        }
        let said = match message {
            Some(message) => {
                let value = self.expr(message, context)?;
                format!(": {}", self.shown(&value, message.span)?)
            }
            None => String::new(),
        };
        Err(self.error(BAD_VALUE, condition.span, format!("this assertion does not hold{said}")))
    }

    /// Statements with variables of their own.
    fn block(&mut self, list: &'a [Statement], context: Context, span: Span) -> Evaluated<'a> {
        if list.is_empty() {
            return Ok(Value::Null);
        }
        let scope = self.scope(context.scope, span)?;
        self.statements(list, Context { scope, ..context })
    }

    /// Runs a closure or method with these arguments.
    pub(super) fn call_closure(
        &mut self,
        closure: &'a Closure,
        context: Context,
        arguments: Vec<Value<'a>>,
        span: Span,
    ) -> Evaluated<'a> {
        self.call_with(closure, context, arguments, None, span)
    }

    /// As [`Self::call_closure`], with an object whose methods can be called by their bare names.
    pub(super) fn call_with(
        &mut self,
        closure: &'a Closure,
        context: Context,
        arguments: Vec<Value<'a>>,
        delegate: Option<Value<'a>>,
        span: Span,
    ) -> Evaluated<'a> {
        self.step(span)?;
        let scope = self.scope(context.scope, span)?;
        self.scopes[scope].delegate = delegate;
        let context = Context { scope, ..context };
        self.bind(closure, context, arguments, span)?;
        match self.deeper(span, |own| own.statements(&closure.body, context)) {
            Err(Stop::Return(value)) => Ok(value),
            Err(Stop::Break | Stop::Continue) => {
                Err(self.error(SYNTAX, span, "`break` and `continue` end loops, not closures"))
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
            self.spend(span, spread.len())?;
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
        self.error(BAD_ARGUMENTS, span, message)
    }
}
