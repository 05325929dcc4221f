//! Expressions.

use super::{Context, Entries, Evaluated, Interpreter, Stop, Value, library::Library, value::TypeWord};
use crate::{
    diagnostic::nearest,
    mapping::{
        ast::{Expr, ExprKind, Name, Number, Span, TextPart},
        diagnostic::{BAD_VALUE, NO_EFFECT, UNKNOWN_METHOD, UNKNOWN_NAME},
        function::{function_names, method_names},
        java::number::{push_double, push_float},
        producer::ParseTo,
    },
};

/// Words that stand for types, after `to`.
const TYPE_WORDS: &[(&str, TypeWord)] = &[
    ("int32", TypeWord::Parse(ParseTo::Int)),
    ("int", TypeWord::Parse(ParseTo::Int)),
    ("int64", TypeWord::Parse(ParseTo::Long)),
    ("long", TypeWord::Parse(ParseTo::Long)),
    ("bool", TypeWord::Parse(ParseTo::Boolean)),
    ("boolean", TypeWord::Parse(ParseTo::Boolean)),
    ("fp32", TypeWord::Parse(ParseTo::Float)),
    ("float", TypeWord::Parse(ParseTo::Float)),
    ("fp64", TypeWord::Parse(ParseTo::Double)),
    ("double", TypeWord::Parse(ParseTo::Double)),
    ("uri", TypeWord::Uri),
    ("URI", TypeWord::Uri),
];

impl<'a> Interpreter<'a, '_> {
    pub(super) fn expr(&mut self, expr: &'a Expr, context: Context) -> Evaluated<'a> {
        self.step(expr.span)?;
        self.deeper(expr.span, |own| own.expr_kind(expr, context))
    }

    fn expr_kind(&mut self, expr: &'a Expr, context: Context) -> Evaluated<'a> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Number(number) => Ok(number_value(number)),
            ExprKind::Text(text) => self.text(span, text.as_str()),
            ExprKind::Interpolated(parts) => self.interpolated(parts, span, context),
            ExprKind::Name(name) => self.name(name, span, context),
            ExprKind::List(items) => {
                let items = items.iter().map(|item| self.expr(item, context)).collect::<Result<_, _>>()?;
                self.list(span, items)
            }
            ExprKind::Map(entries) => {
                let mut list = Vec::new();
                for (key, value) in entries {
                    list.push((self.expr(key, context)?, self.expr(value, context)?));
                }
                self.map(span, Entries::of(list))
            }
            ExprKind::Closure(closure) => Ok(Value::Closure(closure, context)),
            ExprKind::Call(call) => self.call(call, span, context),
            ExprKind::CallValue(callee, arguments) => {
                let callee = self.expr(callee, context)?;
                let arguments = self.arguments(arguments, context)?;
                self.call_value(&callee, arguments, span)
            }
            ExprKind::Property { object, name, safe } => {
                let object = self.expr(object, context)?;
                if *safe && matches!(object, Value::Null) { Ok(Value::Null) } else { self.property(&object, name) }
            }
            ExprKind::Index(object, index) => {
                let object = self.expr(object, context)?;
                let index = self.expr(index, context)?;
                self.index(&object, &index, span)
            }
            ExprKind::Unary(operator, value) => self.unary(operator, value, span, context),
            ExprKind::Binary(binary) => self.binary(binary, span, context),
            ExprKind::Ternary(parts) => {
                let chosen = if self.truth(&parts[0], context)? { &parts[1] } else { &parts[2] };
                self.expr(chosen, context)
            }
            ExprKind::Elvis(parts) => {
                let value = self.expr(&parts[0], context)?;
                if self.is_true(&value, parts[0].span) { Ok(value) } else { self.expr(&parts[1], context) }
            }
            ExprKind::Cast(value, name) => {
                let value = self.expr(value, context)?;
                self.cast(&value, name)
            }
            ExprKind::Assign { target, operator, value } => self.assign(target, operator, value, context),
            ExprKind::Step(target, operator) => self.step_by_one(target, operator, span, context),
            ExprKind::New(name, arguments) => {
                let arguments = self.arguments(arguments, context)?;
                self.new_object(name, &arguments, span)
            }
            ExprKind::Method(object, name) => {
                let object = self.expr(object, context)?;
                match object {
                    Value::Mapping => Ok(Value::Method(name)),
                    Value::Poison => Ok(Value::Poison),
                    other => Err(self.unsupported(span, &format!("a method of {} as a value", other.describe()))),
                }
            }
            ExprKind::Refused(what) => Err(self.unsupported(span, what)),
        }
    }

    fn interpolated(&mut self, parts: &'a [TextPart], span: Span, context: Context) -> Evaluated<'a> {
        let mut text = String::new();
        for part in parts {
            match part {
                TextPart::Text(piece) => text += piece,
                TextPart::Value(expr) => match self.expr(expr, context)? {
                    Value::Poison => return Ok(Value::Poison),
                    value => text += &self.shown(&value, expr.span)?,
                },
            }
            self.take_room(span, 0)?;
        }
        self.take_room(span, text.len())?;
        Ok(Value::Interpolated(text.into()))
    }

    /// A value as text.
    pub(super) fn shown(&mut self, value: &Value<'a>, span: Span) -> Evaluated<'a, String> {
        Ok(match value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Long(value) => value.to_string(),
            Value::Float(value) => written(|out| push_float(*value, out)),
            Value::Double(value) => written(|out| push_double(*value, out)),
            Value::Decimal(value) => value.to_string(),
            Value::Text(text) | Value::Interpolated(text) => text.to_string(),
            Value::List(list) => {
                let items = self.lists[*list].clone();
                self.take_room(span, items.len() * 16)?;
                let shown = items.iter().map(|item| self.deeper(span, |own| own.shown(item, span)));
                format!("[{}]", shown.collect::<Result<Vec<_>, _>>()?.join(", "))
            }
            Value::Map(map) => {
                let entries: Vec<_> = self.maps[*map].iter().cloned().collect();
                self.take_room(span, entries.len() * 32)?;
                let mut parts = Vec::new();
                for (key, value) in entries {
                    let key = self.deeper(span, |own| own.shown(&key, span))?;
                    parts.push(format!("{key}:{}", self.deeper(span, |own| own.shown(&value, span))?));
                }
                if parts.is_empty() { "[:]".to_owned() } else { format!("[{}]", parts.join(", ")) }
            }
            other => {
                let message = format!("{} cannot become part of a text when the script is loaded", other.describe());
                return Err(self.error(BAD_VALUE, span, message));
            }
        })
    }

    fn name(&mut self, name: &str, span: Span, context: Context) -> Evaluated<'a> {
        if let Some(value) = self.variable(context.scope, name) {
            return Ok(value.clone());
        }
        if let Some((_, word)) = TYPE_WORDS.iter().find(|(known, _)| *known == name) {
            return Ok(Value::Type(*word));
        }
        match name {
            // All of them know the functions of the script and of the mapping object.
            "mapping" | "this" | "owner" | "delegate" => Ok(Value::Mapping),
            _ if Library::named(name).is_some() => Ok(Library::named(name).map_or(Value::Null, Value::Library)),
            _ => Err(self.unknown_name(name, span)),
        }
    }

    fn unknown_name(&self, name: &str, span: Span) -> Stop<'a> {
        let message = format!("there is no variable `{name}`");
        let within = match name {
            "parse" => Some("within a statement it needs braces: `map { parse … to … } onto …`"),
            "match" => Some("within a statement it needs brackets: `(match … against …).group(1)`"),
            "not" => Some("within a statement it needs brackets: `not(…)`"),
            _ => None,
        };
        if let Some(hint) = within {
            return self.error_with_hint(UNKNOWN_NAME, span, message, hint);
        }
        let functions = function_names().chain(["stop", "exit", "section", "map", "when"]);
        if functions.clone().any(|function| function == name) {
            let report = self.reports.error(UNKNOWN_NAME, span, message);
            let hint = format!("to call the function write `{name}()`");
            return Stop::Failed(Box::new(report.fix(span.range(), format!("{name}()"), hint)));
        }
        match nearest(name, functions.map(|known: &str| known).chain(self.variable_names())) {
            Some(near) => self.misnamed(UNKNOWN_NAME, span, message, near),
            None => self.error(UNKNOWN_NAME, span, message),
        }
    }

    fn property(&mut self, object: &Value<'a>, name: &Name) -> Evaluated<'a> {
        match object {
            Value::Poison => Ok(Value::Poison),
            Value::Map(map) => Ok(self.maps[*map].get_text(&name.text).cloned().unwrap_or(Value::Null)),
            Value::Library(Library::System) if name.text == "env" => Ok(Value::Library(Library::Environment)),
            Value::Library(Library::Environment) => self.environment(&name.text, name.span),
            Value::Date(time) if name.text == "time" => Ok(Value::Long(*time)),
            Value::List(_) | Value::Text(_) if matches!(&*name.text, "length" | "first" | "last") => {
                self.call_method(object, name, &[], name.span)
            }
            Value::Mapping => match self.variable(0, &name.text) {
                Some(value) => Ok(value.clone()),
                None => Err(self.unknown_name(&name.text, name.span)),
            },
            Value::Pending(pending) if matches!(&*name.text, "onto" | "apply" | "to" | "against" | "stop" | "exit") => {
                // Groovy reads a property here and does nothing; so do we, but not in silence.
                self.pending[*pending].used = true;
                let message = format!("`{}` has no argument, so this statement has no effect", name.text);
                self.warn(NO_EFFECT, name.span, message, "what it applies to must stand on the same line");
                Ok(Value::Null)
            }
            Value::Producer(id) => {
                let kind = self.producers.kind(*id);
                let message = format!("{} has no property `{}`", kind.describe(), name.text);
                let Some(near) = nearest(&name.text, method_names(kind)) else {
                    let hint = "methods are called with brackets";
                    return Err(self.error_with_hint(UNKNOWN_METHOD, name.span, message, hint));
                };
                let report = self.reports.error(UNKNOWN_METHOD, name.span, message);
                let hint = format!("did you mean `.{near}()`?");
                Err(Stop::Failed(Box::new(report.fix(name.span.range(), format!("{near}()"), hint))))
            }
            other => {
                let message = format!("{} has no property `{}`", other.describe(), name.text);
                Err(self.error(UNKNOWN_METHOD, name.span, message))
            }
        }
    }

    fn index(&mut self, object: &Value<'a>, index: &Value<'a>, span: Span) -> Evaluated<'a> {
        match (object, index) {
            (Value::Poison, _) | (_, Value::Poison) => Ok(Value::Poison),
            (Value::List(list), Value::Int(index)) => {
                let items = &self.lists[*list];
                // Negative ones count from the end.
                let at = match usize::try_from(*index) {
                    Ok(at) => Some(at),
                    Err(_) => items.len().checked_sub(index.unsigned_abs() as usize),
                };
                let item = at.and_then(|at| items.get(at));
                Ok(item.cloned().unwrap_or(Value::Null))
            }
            (Value::Map(map), key) => Ok(self.maps[*map].get(key).cloned().unwrap_or(Value::Null)),
            (Value::Library(Library::Environment), Value::Text(name)) => {
                let name = name.to_string();
                self.environment(&name, span)
            }
            (Value::List(list), Value::List(indices)) => {
                let (list, indices) = (*list, self.lists[*indices].clone());
                self.spend(span, indices.len())?;
                let items = indices.iter().map(|index| self.index(&Value::List(list), index, span));
                let items = items.collect::<Result<_, _>>()?;
                self.list(span, items)
            }
            (Value::Text(text), Value::Int(_)) => {
                let letters = self.elements(&Value::Text(text.clone()), span)?;
                let list = self.list(span, letters)?;
                self.index(&list, index, span)
            }
            (object, index) => {
                let message = format!("{} has no element {}", object.describe(), index.describe());
                Err(self.error(BAD_VALUE, span, message))
            }
        }
    }

    fn assign(&mut self, target: &'a Expr, operator: &str, value: &'a Expr, context: Context) -> Evaluated<'a> {
        let mut value_now = self.expr(value, context)?;
        if operator != "=" {
            let before = self.expr(target, context)?;
            value_now = match operator {
                "?:" if self.is_true(&before, target.span) => before,
                "?:" => value_now,
                _ => self.calculate(operator, &before, &value_now, target.span.to(value.span))?,
            };
        }
        self.store(target, value_now.clone(), context)?;
        Ok(value_now)
    }

    fn step_by_one(&mut self, target: &'a Expr, operator: &str, span: Span, context: Context) -> Evaluated<'a> {
        let before = self.expr(target, context)?;
        let after = self.calculate(operator, &before, &Value::Int(1), span)?;
        self.store(target, after, context)?;
        Ok(before)
    }

    fn store(&mut self, target: &'a Expr, value: Value<'a>, context: Context) -> Evaluated<'a, ()> {
        match &target.kind {
            ExprKind::Name(name) => match self.variable(context.scope, name) {
                Some(variable) => *variable = value,
                // Without `def` a new variable is visible everywhere.
                None => self.define(0, name, value),
            },
            ExprKind::Index(object, key) => {
                let (object, key) = (self.expr(object, context)?, self.expr(key, context)?);
                match (object, &key) {
                    (Value::Map(map), _) => {
                        self.put(map, key, value, target.span)?;
                    }
                    (Value::List(list), Value::Int(index)) => self.set_item(list, *index, value, target.span)?,
                    (Value::Poison, _) => {}
                    (object, _) => return Err(self.no_target(&object, target.span)),
                }
            }
            ExprKind::Property { object, name, .. } => match self.expr(object, context)? {
                Value::Map(map) => {
                    let key = self.text(name.span, name.text.as_str())?;
                    self.put(map, key, value, target.span)?;
                }
                Value::Mapping => self.define(0, &name.text, value),
                Value::Poison => {}
                object => return Err(self.no_target(&object, target.span)),
            },
            _ => return Err(self.error(BAD_VALUE, target.span, "this cannot be assigned to")),
        }
        Ok(())
    }
}

impl<'a> Interpreter<'a, '_> {
    fn no_target(&self, object: &Value<'a>, span: Span) -> Stop<'a> {
        self.error(BAD_VALUE, span, format!("{} cannot be written to", object.describe()))
    }

    /// Sets an item of a list; one behind its end makes the list longer.
    fn set_item(&mut self, list: usize, index: i32, value: Value<'a>, span: Span) -> Evaluated<'a, ()> {
        let length = self.lists[list].len();
        let at = usize::try_from(index).ok().or_else(|| length.checked_sub(index.unsigned_abs() as usize));
        let Some(at) = at else { return Err(self.error(BAD_VALUE, span, "the list is shorter than that")) };
        if at >= length {
            self.take_room(span, 16 * (at - length + 1))?;
            self.lists[list].resize(at + 1, Value::Null);
        }
        self.lists[list][at] = value;
        Ok(())
    }
}

fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

fn number_value(number: &Number) -> Value<'static> {
    match number {
        Number::Int(value) => Value::Int(*value),
        Number::Long(value) => Value::Long(*value),
        Number::Big(_) => Value::Big,
        Number::Float(value) => Value::Float(*value),
        Number::Double(value) => Value::Double(*value),
        Number::Decimal(text) => Value::Decimal(text.parse().unwrap_or_default()),
    }
}
