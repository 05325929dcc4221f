//! The statements of the mapping language: `map`, `when`, `parse`, `section`, `stop`, `exit`.

use super::{
    Context, Evaluated, Interpreter, Stop, Value,
    value::{Pending, PendingKind, TypeWord},
};
use crate::mapping::{
    action::{Action, Literal, Mapped},
    ast::{Closure, Name, Span},
    diagnostic::{BAD_ARGUMENTS, BAD_VALUE, NEVER_EQUAL, NO_EFFECT, NOT_TEXT, PRINTED, UNKNOWN_METHOD},
    function::condition::comparable,
    producer::{Kind, ParseTo, Producer, ProducerId},
};

impl<'a> Interpreter<'a, '_> {
    /// Functions that every part of a script has. None: the name or these arguments are not theirs.
    pub(super) fn script_function(
        &mut self,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
        context: Context,
    ) -> Option<Evaluated<'a>> {
        Some(match (name.text.as_str(), arguments) {
            ("mapping", [Value::Closure(closure, inner)]) => {
                self.run_block(closure, Context { mapping: true, value: false, ..*inner }, span).map(|()| Value::Null)
            }
            ("map", [value]) => self.map_value(value, span),
            ("when", [condition]) => self.when(condition, span),
            ("parse", [value]) => self.parse(value, name, span, context),
            ("not", [Value::Producer(id)]) if self.producers.kind(*id) == Kind::Boolean => {
                self.producer(span, Producer::Not(*id))
            }
            ("not", [_]) => Err(self.wrong_arguments(name, "one boolean value of the event", arguments)),
            ("match", [pattern]) => match pattern.text().cloned() {
                Some(pattern) => Ok(self.wait(PendingKind::Match(pattern), span)),
                None => Err(self.wrong_arguments(name, "a pattern as text", arguments)),
            },
            ("digest", _) => self.digester(name, arguments, span),
            ("println" | "print", [] | [_]) => self.print(arguments, span),
            _ => return None,
        })
    }

    /// What a script prints is shown with its warnings.
    fn print(&mut self, arguments: &[Value<'a>], span: Span) -> Evaluated<'a> {
        let text = match arguments {
            [Value::Producer(id)] => self.producers.identifier(*id),
            [value] => self.shown(value, span)?,
            _ => String::new(),
        };
        let text: String = text.chars().take(200).collect();
        let report = self.reports.warning(PRINTED, span, format!("the script says: {text}"));
        self.reports.add_apart(report, &text);
        Ok(Value::Null)
    }

    /// Statements of the mapping object. None: the name or these arguments are not theirs.
    pub(super) fn mapping_function(
        &mut self,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
        context: Context,
    ) -> Option<Evaluated<'a>> {
        Some(match (name.text.as_str(), arguments) {
            ("map", [field, value]) => self.map_onto(field, value, name, span),
            ("when", [condition, Value::Closure(closure, inner)]) => self
                .condition(condition, span)
                .and_then(|condition| self.conditional(condition, span, |own| own.run_block(closure, *inner, span))),
            ("section", [Value::Closure(closure, inner)]) => self.section(closure, *inner, span),
            ("stop", []) => self.act(span, Action::Stop(Some(span))).map(|()| Value::Null),
            ("exit", []) => self.act(span, Action::Exit(Some(span))).map(|()| Value::Null),
            ("exitWhen", [condition]) => self
                .condition(condition, span)
                .and_then(|condition| self.conditional(condition, span, |own| own.act(span, Action::Exit(None)))),
            ("matcher", [Value::Producer(id), pattern]) if pattern.text().is_some() => {
                let pattern = pattern.text().cloned().unwrap_or_default();
                self.matcher(*id, &pattern, name, span, context)
            }
            ("matcher", _) => Err(self.wrong_arguments(name, "a string value of the event and a pattern", arguments)),
            ("toInt" | "toLong" | "toFloat" | "toDouble" | "toBoolean" | "parseUri", [Value::Producer(id)]) => {
                self.read_text(*id, name, span, context).and_then(|()| {
                    let producer = match name.text.as_str() {
                        "toInt" => Producer::Parse(*id, ParseTo::Int),
                        "toLong" => Producer::Parse(*id, ParseTo::Long),
                        "toFloat" => Producer::Parse(*id, ParseTo::Float),
                        "toDouble" => Producer::Parse(*id, ParseTo::Double),
                        "toBoolean" => Producer::Parse(*id, ParseTo::Boolean),
                        _ => Producer::Uri(*id),
                    };
                    self.producer(span, producer)
                })
            }
            ("toInt" | "toLong" | "toFloat" | "toDouble" | "toBoolean" | "parseUri", _) => {
                Err(self.wrong_arguments(name, "one string value of the event", arguments))
            }
            ("section", _) => Err(self.wrong_arguments(name, "a block: `section { … }`", arguments)),
            ("stop" | "exit", _) => Err(self.wrong_arguments(name, "no argument", arguments)),
            // `mapping.map(x)` is the script's own function.
            _ => return self.script_function(name, arguments, span, context),
        })
    }

    /// Runs the body of a block; the actions go to the list at hand.
    fn run_block(&mut self, closure: &'a Closure, context: Context, span: Span) -> Evaluated<'a, ()> {
        self.call_closure(closure, context, Vec::new(), span).map(|_| ())
    }

    /// Collects the actions of a body.
    fn collected(&mut self, body: impl FnOnce(&mut Self) -> Evaluated<'a, ()>) -> Evaluated<'a, Vec<Action>> {
        self.actions.push(Vec::new());
        let result = body(self);
        let actions = self.actions.pop().unwrap_or_default();
        result.map(|()| actions)
    }

    /// Runs the body of a condition that failed, to find the mistakes in it.
    pub(super) fn dry_run(&mut self, closure: &'a Closure, inner: Context, span: Span) -> Evaluated<'a, ()> {
        self.collected(|own| own.run_block(closure, inner, span)).map(|_| ())
    }

    fn conditional(
        &mut self,
        condition: ProducerId,
        span: Span,
        body: impl FnOnce(&mut Self) -> Evaluated<'a, ()>,
    ) -> Evaluated<'a> {
        let body = self.collected(body)?;
        self.act(span, Action::When { condition, body, span })?;
        Ok(Value::Null)
    }

    fn section(&mut self, closure: &'a Closure, inner: Context, span: Span) -> Evaluated<'a> {
        let body = self.collected(|own| own.run_block(closure, inner, span))?;
        self.act(span, Action::Section(body))?;
        Ok(Value::Null)
    }

    fn wait(&mut self, kind: PendingKind, span: Span) -> Value<'a> {
        self.pending.push(Pending { kind, span, used: false });
        Value::Pending(self.pending.len() - 1)
    }

    /// Calls a closure that stands in a value's place.
    fn resolved(&mut self, value: &Value<'a>, span: Span) -> Evaluated<'a> {
        match value {
            Value::Closure(..) | Value::Method(_) => self.call_value(value, Vec::new(), span),
            other => Ok(other.clone()),
        }
    }

    fn map_value(&mut self, value: &Value<'a>, span: Span) -> Evaluated<'a> {
        let value = self.resolved(value, span)?;
        if matches!(value, Value::Poison) {
            return Ok(Value::Poison);
        }
        let mapped = self.mapped(&value, span)?;
        Ok(self.wait(PendingKind::Map(mapped), span))
    }

    fn mapped(&self, value: &Value<'a>, span: Span) -> Evaluated<'a, Mapped> {
        if let Value::Producer(id) = value {
            return Ok(Mapped::Producer(*id));
        }
        if let Some(literal) = value.literal() {
            return Ok(Mapped::Literal(literal));
        }
        let message = format!("{} cannot be mapped", value.describe());
        let report = self.reports.error(BAD_VALUE, span, message);
        Err(Stop::Failed(Box::new(match value {
            Value::Interpolated(_) => report.hint("add `.toString()` to it"),
            Value::Decimal(number) => {
                let hint = format!("write `{number}d` for a double or `{number}f` for a float");
                let written = self.reports.source().text.get(span.range()).unwrap_or_default();
                let mut pieces = written.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
                let written = pieces.find(|piece| piece.parse() == Ok(*number)).unwrap_or_default();
                self.reports.instead(report, span, written, &format!("{number}d"), hint)
            }
            _ => report,
        })))
    }

    /// `map('field', value)`
    fn map_onto(&mut self, field: &Value<'a>, value: &Value<'a>, name: &Name, span: Span) -> Evaluated<'a> {
        let Some(field) = field.text().map(ToString::to_string) else {
            return Err(self.wrong_arguments(name, "the name of a field and a value", &[field.clone(), value.clone()]));
        };
        let value = self.mapped(value, span)?;
        self.act(span, Action::Set { field, value, span })?;
        Ok(Value::Null)
    }

    fn when(&mut self, condition: &Value<'a>, span: Span) -> Evaluated<'a> {
        let condition = self.resolved(condition, span)?;
        if matches!(condition, Value::Poison) {
            return Ok(Value::Poison);
        }
        let condition = self.condition(&condition, span)?;
        Ok(self.wait(PendingKind::When(condition), span))
    }

    fn condition(&self, condition: &Value<'a>, span: Span) -> Evaluated<'a, ProducerId> {
        match condition {
            Value::Producer(id) => Ok(*id),
            other => {
                let message = format!("a condition must be a value of the event, this is {}", other.describe());
                let hint = "combine conditions with `.and(…)`, `.or(…)` and `not(…)`, compare with `.equalTo(…)`";
                Err(self.error_with_hint(BAD_ARGUMENTS, span, message, hint))
            }
        }
    }

    fn parse(&mut self, value: &Value<'a>, name: &Name, span: Span, context: Context) -> Evaluated<'a> {
        let Value::Producer(id) = value else {
            let list = std::slice::from_ref(value);
            return Err(self.wrong_arguments(name, "one string value of the event", list));
        };
        self.read_text(*id, name, span, context)?;
        Ok(self.wait(PendingKind::Parse(*id), span))
    }

    /// Only strings can be read. In a closure the original finds that out too late, so there it is a warning.
    fn read_text(&mut self, id: ProducerId, name: &Name, span: Span, context: Context) -> Evaluated<'a, ()> {
        let kind = self.producers.kind(id);
        if kind == Kind::Text {
            return Ok(());
        }
        let identifier = self.producers.identifier(id);
        let message = format!("`{}` reads strings, {identifier} is {}", name.text, kind.describe());
        if !context.value {
            return Err(self.error(BAD_ARGUMENTS, span, message));
        }
        self.warn(NOT_TEXT, span, message, "an event that has this value becomes a dead letter");
        Ok(())
    }

    fn matcher(&mut self, id: ProducerId, pattern: &str, name: &Name, span: Span, context: Context) -> Evaluated<'a> {
        self.read_text(id, name, span, context)?;
        self.take_room(span, pattern.len())?;
        self.producer(span, Producer::Matcher(id, pattern.to_owned()))
    }

    /// The second half of `map`, `when` and `parse`.
    pub(super) fn finish(
        &mut self,
        index: usize,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
        context: Context,
    ) -> Evaluated<'a> {
        self.pending[index].used = true;
        let kind = self.pending[index].kind.clone();
        match (kind, name.text.as_str(), arguments) {
            (PendingKind::Map(value), "onto", [field]) => match field.text().map(ToString::to_string) {
                Some(field) => self.act(span, Action::Set { field, value, span }).map(|()| Value::Null),
                None => Err(self.wrong_arguments(name, "the name of a field", arguments)),
            },
            (PendingKind::Map(_), "onto", _) => Err(self.wrong_arguments(name, "the name of a field", arguments)),
            (PendingKind::When(condition), "apply", [Value::Closure(closure, inner)]) => {
                let (closure, inner) = (*closure, *inner);
                self.conditional(condition, span, |own| own.run_block(closure, inner, span))
            }
            (PendingKind::When(condition), "stop", []) => {
                self.conditional(condition, span, |own| own.act(span, Action::Stop(None)))
            }
            (PendingKind::When(condition), "exit", []) => {
                self.conditional(condition, span, |own| own.act(span, Action::Exit(None)))
            }
            (PendingKind::When(_), "apply", _) => Err(self.wrong_arguments(name, "a block: `apply { … }`", arguments)),
            (PendingKind::When(_), "stop" | "exit", _) => Err(self.wrong_arguments(name, "no argument", arguments)),
            (PendingKind::Parse(id), "to", [word]) => self.parse_to(id, word, name, span),
            (PendingKind::Parse(_), "to", _) => Err(self.wrong_arguments(name, "one type", arguments)),
            (PendingKind::Match(pattern), "against", [Value::Producer(id)]) => {
                self.matcher(*id, &pattern, name, span, context)
            }
            (PendingKind::Match(_), "against", _) => {
                Err(self.wrong_arguments(name, "one string value of the event", arguments))
            }
            (kind, ..) => {
                let (function, links) = match kind {
                    PendingKind::Map(_) => ("map", "`onto`"),
                    PendingKind::When(_) => ("when", "`apply`, `stop()` or `exit()`"),
                    PendingKind::Parse(_) => ("parse", "`to`"),
                    PendingKind::Match(_) => ("match", "`against`"),
                };
                let message = format!("`{function}` is not followed by `{}`", name.text);
                let report = self.reports.error(UNKNOWN_METHOD, name.span, message);
                let hint = format!("it is followed by {links}");
                // Only one word can be meant.
                let link = links.trim_matches('`');
                let report =
                    if link.contains('`') { report.hint(hint) } else { report.fix(name.span.range(), link, hint) };
                Err(Stop::Failed(Box::new(report)))
            }
        }
    }

    fn parse_to(&mut self, id: ProducerId, word: &Value<'a>, name: &Name, span: Span) -> Evaluated<'a> {
        match word {
            Value::Type(TypeWord::Uri) => self.producer(span, Producer::Uri(id)),
            Value::Type(TypeWord::Parse(to)) => self.producer(span, Producer::Parse(id, *to)),
            other => {
                let report = self.wrong_arguments(name, "a type", std::slice::from_ref(other));
                let super::Stop::Failed(report) = report else { return Err(report) };
                let hint = "types are int32, int64, fp32, fp64, bool and uri; a variable of the same name hides one";
                Err(super::Stop::Failed(Box::new(report.hint(hint))))
            }
        }
    }

    /// A comparison that can never be true is worth a word.
    pub(super) fn doubt_comparison(
        &mut self,
        id: ProducerId,
        producer: &Producer,
        arguments: &[Value<'a>],
        span: Span,
    ) {
        let Producer::EqualLiteral(_, literal) = producer else { return };
        let kind = self.producers.kind(id);
        let long = match literal {
            Some(Literal::Int(number)) if kind == Kind::Long => Some(*number),
            _ => None,
        };
        let hint = match (literal, arguments) {
            (Some(literal), _) if comparable(kind, literal) => return,
            _ if long.is_some() => format!("write `{}L`", long.unwrap_or_default()),
            (None, [Value::Interpolated(_)]) => "an interpolated text equals nothing: add `.toString()`".to_owned(),
            (None, [Value::Null]) => "for absence write `.isAbsent()`".to_owned(),
            _ => "only values of the same type can be equal".to_owned(),
        };
        let identifier = self.producers.identifier(id);
        let other = arguments.first().map_or("nothing", Value::describe);
        let message = format!("{identifier} is {}, {other} never equals it", kind.describe());
        let report = self.reports.warning(NEVER_EQUAL, span, message);
        let report = match long {
            Some(number) => self.reports.instead(report, span, &number.to_string(), &format!("{number}L"), hint),
            None => report.hint(hint),
        };
        self.reports.add(report);
    }

    /// Reports the calls whose second half never came.
    pub(super) fn unused(&mut self) {
        let waiting: Vec<_> = self
            .pending
            .iter()
            .filter(|pending| !pending.used)
            .map(|pending| {
                let (what, hint) = match pending.kind {
                    PendingKind::Map(_) => ("this `map` writes to no field", "add `onto 'field'`"),
                    PendingKind::When(_) => ("this `when` does nothing", "add `apply { … }`"),
                    PendingKind::Parse(_) => ("this `parse` has no result", "add `to` and a type"),
                    PendingKind::Match(_) => ("this `match` has no result", "add `against` and a string of the event"),
                };
                (pending.span, what, hint)
            })
            .collect();
        for (span, what, hint) in waiting {
            self.warn(NO_EFFECT, span, what, hint);
        }
    }
}
