//! Expressions.

use super::{Context, Evaluated, Interpreter, Stop, Value, value::TypeWord};
use crate::{
    diagnostic::nearest,
    mapping::{
        ast::{Expr, ExprKind, Name, Number, Span, TextPart},
        diagnostic::{BAD_VALUE, NO_EFFECT, UNKNOWN_METHOD, UNKNOWN_NAME},
        function::{function_names, method_names},
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
                self.map(span, list)
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
            ExprKind::NotYet(what) => {
                let message = format!("{what} is not supported in mappings");
                Err(self.error(crate::mapping::diagnostic::UNSUPPORTED_CONSTRUCT, span, message))
            }
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
            Value::Float(value) => format!("{value:?}"),
            Value::Double(value) => format!("{value:?}"),
            Value::Decimal(value) => value.to_string(),
            Value::Text(text) | Value::Interpolated(text) => text.to_string(),
            Value::List(list) => {
                let items = self.lists[*list].clone();
                self.take_room(span, items.len() * 16)?;
                let shown = items.iter().map(|item| self.deeper(span, |own| own.shown(item, span)));
                format!("[{}]", shown.collect::<Result<Vec<_>, _>>()?.join(", "))
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
            "mapping" => Ok(Value::Mapping),
            "this" | "owner" | "delegate" | "System" | "Math" | "Integer" | "Long" | "Double" => {
                Err(self.not_yet(span, &format!("`{name}`")))
            }
            _ => Err(self.unknown_name(name, span)),
        }
    }

    fn unknown_name(&self, name: &str, span: Span) -> Stop<'a> {
        let message = format!("there is no variable `{name}`");
        let functions = function_names().chain(["stop", "exit", "section", "map", "when", "match", "parse", "not"]);
        if functions.clone().any(|function| function == name) {
            return self.error_with_hint(UNKNOWN_NAME, span, message, format!("to call the function write `{name}()`"));
        }
        let variables = self.scopes.iter().flat_map(|scope| scope.variables.iter().map(|(known, _)| &**known));
        match nearest(name, variables.chain(functions.map(|known: &str| known))) {
            Some(near) => self.error_with_hint(UNKNOWN_NAME, span, message, format!("did you mean `{near}`?")),
            None => self.error(UNKNOWN_NAME, span, message),
        }
    }

    fn property(&mut self, object: &Value<'a>, name: &Name) -> Evaluated<'a> {
        match object {
            Value::Poison => Ok(Value::Poison),
            Value::Map(map) => {
                let found = self.maps[*map].iter().find(|(key, _)| key.text().is_some_and(|key| **key == *name.text));
                Ok(found.map_or(Value::Null, |(_, value)| value.clone()))
            }
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
                let hint = match nearest(&name.text, method_names(kind)) {
                    Some(near) => format!("did you mean `.{near}()`?"),
                    None => "methods are called with brackets".to_owned(),
                };
                Err(self.error_with_hint(UNKNOWN_METHOD, name.span, message, hint))
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
            (Value::Map(map), key) => Ok(self.entry(*map, key).unwrap_or(Value::Null)),
            (object, index) => {
                let message = format!("{} has no element {}", object.describe(), index.describe());
                Err(self.error(BAD_VALUE, span, message))
            }
        }
    }

    /// The value of a key in a map.
    pub(super) fn entry(&self, map: usize, key: &Value<'a>) -> Option<Value<'a>> {
        self.maps[map].iter().find(|(known, _)| self.equal(known, key)).map(|(_, value)| value.clone())
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
                let Value::Map(map) = object else {
                    return Err(self.not_yet(target.span, &format!("writing to {}", object.describe())));
                };
                self.put(map, key, value, target.span)?;
            }
            ExprKind::Property { object, name, .. } => {
                let object = self.expr(object, context)?;
                let Value::Map(map) = object else {
                    return Err(self.not_yet(target.span, &format!("writing to {}", object.describe())));
                };
                let key = self.text(name.span, name.text.as_str())?;
                self.put(map, key, value, target.span)?;
            }
            _ => return Err(self.error(BAD_VALUE, target.span, "this cannot be assigned to")),
        }
        Ok(())
    }

    pub(super) fn put(&mut self, map: usize, key: Value<'a>, value: Value<'a>, span: Span) -> Evaluated<'a, ()> {
        self.take_room(span, 32)?;
        let at = self.maps[map].iter().position(|(known, _)| self.equal(known, &key));
        match at {
            Some(at) => self.maps[map][at].1 = value,
            None => self.maps[map].push((key, value)),
        }
        Ok(())
    }
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
