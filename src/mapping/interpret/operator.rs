//! Operators, truth and casts, with the arithmetic of Java.
#![expect(clippy::cast_precision_loss, reason = "a long becomes a floating number as in Java: the nearest one")]
#![expect(clippy::cast_possible_truncation, reason = "casts cut and round as in Java")]
#![expect(clippy::float_cmp, reason = "a script's `==` means exactly that")]

use super::{Context, Evaluated, Interpreter, Value, library::Library};
use crate::mapping::{
    ast::{Binary, Expr, Name, Span},
    diagnostic::{BAD_VALUE, CONSTANT_OPERATOR},
};

/// Longest range of numbers.
const RANGE_MAX: i64 = 10_000;

/// Two numbers, brought to one type as Java does.
enum Pair {
    Int(i32, i32),
    Long(i64, i64),
    Decimal(f64, f64),
    Double(f64, f64),
}

impl<'a> Interpreter<'a, '_> {
    /// Whether an expression counts as true.
    pub(super) fn truth(&mut self, expr: &'a Expr, context: Context) -> Evaluated<'a, bool> {
        let value = self.expr(expr, context)?;
        Ok(self.is_true(&value, expr.span))
    }

    /// Whether a value counts as true. What an event will say is not known yet: its values always count as true.
    pub(super) fn is_true(&mut self, value: &Value<'a>, span: Span) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Long(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Double(value) | Value::Decimal(value) => *value != 0.0,
            Value::Text(text) | Value::Interpolated(text) => !text.is_empty(),
            Value::List(list) => !self.lists[*list].is_empty(),
            Value::Map(map) => !self.maps[*map].is_empty(),
            Value::Producer(_) => {
                self.constant(span);
                true
            }
            _ => true,
        }
    }

    fn constant(&mut self, span: Span) {
        let message = "this is worked out once, when the script is loaded, whatever the events hold";
        let hint = "for a decision per event use `when`, `.and(…)`, `.or(…)`, `not(…)` and `.equalTo(…)`";
        self.warn(CONSTANT_OPERATOR, span, message, hint);
    }

    pub(super) fn unary(&mut self, operator: &str, value: &'a Expr, span: Span, context: Context) -> Evaluated<'a> {
        if operator == "!" {
            return self.truth(value, context).map(|truth| Value::Bool(!truth));
        }
        let value = self.expr(value, context)?;
        match (operator, value) {
            (_, Value::Poison) => Ok(Value::Poison),
            ("-", Value::Int(value)) => Ok(Value::Int(value.wrapping_neg())),
            ("-", Value::Long(value)) => Ok(match i32::try_from(value.wrapping_neg()) {
                // The literal 2147483648 is a long, but with its sign it is an int.
                Ok(i32::MIN) => Value::Int(i32::MIN),
                _ => Value::Long(value.wrapping_neg()),
            }),
            ("-", Value::Float(value)) => Ok(Value::Float(-value)),
            ("-", Value::Double(value)) => Ok(Value::Double(-value)),
            ("-", Value::Decimal(value)) => Ok(Value::Decimal(-value)),
            (
                "+",
                value @ (Value::Int(_) | Value::Long(_) | Value::Float(_) | Value::Double(_) | Value::Decimal(_)),
            ) => Ok(value),
            ("~", _) => Err(self.error_with_hint(
                crate::mapping::diagnostic::UNSUPPORTED_CONSTRUCT,
                span,
                "`~` (a compiled pattern) is not supported in mappings",
                "`match` takes the pattern as a text: leave the `~` out",
            )),
            (_, other) => {
                Err(self.error(BAD_VALUE, span, format!("`{operator}` does not apply to {}", other.describe())))
            }
        }
    }

    pub(super) fn binary(&mut self, binary: &'a Binary, span: Span, context: Context) -> Evaluated<'a> {
        let Binary { operator, left, right } = binary;
        match *operator {
            "&&" => {
                let truth = self.truth(left, context)? && self.truth(right, context)?;
                return Ok(Value::Bool(truth));
            }
            "||" => {
                let truth = self.truth(left, context)? || self.truth(right, context)?;
                return Ok(Value::Bool(truth));
            }
            _ => {}
        }
        let (left, right) = (self.expr(left, context)?, self.expr(right, context)?);
        if matches!(left, Value::Poison) || matches!(right, Value::Poison) {
            return Ok(Value::Poison);
        }
        self.calculate(operator, &left, &right, span)
    }

    pub(super) fn calculate(
        &mut self,
        operator: &str,
        left: &Value<'a>,
        right: &Value<'a>,
        span: Span,
    ) -> Evaluated<'a> {
        let of_event = matches!(left, Value::Producer(_)) || matches!(right, Value::Producer(_));
        match operator {
            "==" | "!=" => {
                if of_event {
                    self.constant(span);
                }
                return Ok(Value::Bool(self.are_equal(left, right, span)? == (operator == "==")));
            }
            "<" | "<=" | ">" | ">=" => return self.compare(operator, left, right, span),
            ".." | "..<" => return self.range(left, right, operator == "..", span),
            "in" => {
                return self.contains(right, left, span).map(Value::Bool);
            }
            "+" => {
                if let Some(sum) = self.join(left, right, span)? {
                    return Ok(sum);
                }
            }
            "<<" => {
                if let Value::List(list) = left {
                    self.take_room(span, 16)?;
                    self.lists[*list].push(right.clone());
                    return Ok(left.clone());
                }
                if let (Value::Map(map), Value::Map(other)) = (left, right) {
                    self.spend(span, self.maps[*other].len())?;
                    for (key, value) in self.maps[*other].iter().cloned().collect::<Vec<_>>() {
                        self.put(*map, key, value, span)?;
                    }
                    return Ok(left.clone());
                }
            }
            "==~" => {
                if let (Some(text), Some(pattern)) = (left.text().cloned(), right.text().cloned()) {
                    return self.matches(&text, &pattern, span).map(Value::Bool);
                }
            }
            "instanceof" => return self.instance_of(left, right, span),
            "*" => {
                if let (Some(text), Value::Int(count)) = (left.text().cloned(), right) {
                    let count = usize::try_from(*count).unwrap_or(0);
                    self.take_room(span, text.len().saturating_mul(count))?;
                    return self.text(span, text.repeat(count));
                }
            }
            _ => {}
        }
        match (operator, pair(left, right)) {
            ("+" | "-" | "*" | "/" | "%", Some(pair)) => self.arithmetic(operator, &pair, span),
            ("+" | "-" | "*" | "/" | "%" | "<<", None) => {
                let message = format!("`{operator}` does not apply to {} and {}", left.describe(), right.describe());
                Err(self.error(BAD_VALUE, span, message))
            }
            _ => Err(self.unsupported(span, &format!("the operator `{operator}`"))),
        }
    }

    fn instance_of(&mut self, left: &Value<'a>, right: &Value<'a>, span: Span) -> Evaluated<'a> {
        Ok(Value::Bool(match (left, right) {
            (Value::Text(_), Value::Library(Library::String))
            | (Value::Int(_), Value::Library(Library::Integer))
            | (Value::Long(_), Value::Library(Library::Long))
            | (Value::Float(_), Value::Library(Library::Float))
            | (Value::Double(_), Value::Library(Library::Double))
            | (Value::Bool(_), Value::Library(Library::Boolean)) => true,
            (_, Value::Library(_)) => false,
            _ => return Err(self.unsupported(span, "`instanceof` with this type")),
        }))
    }

    /// `+` on texts and lists.
    fn join(&mut self, left: &Value<'a>, right: &Value<'a>, span: Span) -> Evaluated<'a, Option<Value<'a>>> {
        Ok(match (left, right) {
            (Value::Text(_) | Value::Interpolated(_), _) | (_, Value::Text(_)) => {
                let text = self.shown(left, span)? + &self.shown(right, span)?;
                self.take_room(span, text.len())?;
                let text = text.into();
                // Only an interpolated text in front makes an interpolated one.
                Some(if matches!(left, Value::Interpolated(_)) { Value::Interpolated(text) } else { Value::Text(text) })
            }
            (Value::Map(left), Value::Map(right)) => {
                let mut entries = self.maps[*left].clone();
                for (key, value) in self.maps[*right].iter() {
                    entries.put(key.clone(), value.clone());
                }
                self.spend(span, entries.len())?;
                Some(self.map(span, entries)?)
            }
            (Value::List(left), Value::List(right)) => {
                let items = [&self.lists[*left][..], &self.lists[*right][..]].concat();
                Some(self.list(span, items)?)
            }
            (Value::List(left), item) => {
                let mut items = self.lists[*left].clone();
                items.push(item.clone());
                Some(self.list(span, items)?)
            }
            _ => None,
        })
    }

    fn arithmetic(&mut self, operator: &str, pair: &Pair, span: Span) -> Evaluated<'a> {
        let zero = matches!(pair, Pair::Int(_, 0) | Pair::Long(_, 0))
            || matches!(pair, Pair::Decimal(_, right) if *right == 0.0);
        if zero && matches!(operator, "/" | "%") {
            return Err(self.error(BAD_VALUE, span, "division by zero"));
        }
        Ok(match (operator, pair) {
            ("+", Pair::Int(left, right)) => Value::Int(left.wrapping_add(*right)),
            ("-", Pair::Int(left, right)) => Value::Int(left.wrapping_sub(*right)),
            ("*", Pair::Int(left, right)) => Value::Int(left.wrapping_mul(*right)),
            ("%", Pair::Int(left, right)) => Value::Int(left.wrapping_rem(*right)),
            // Groovy divides integers into decimals.
            ("/", Pair::Int(left, right)) => Value::Decimal(f64::from(*left) / f64::from(*right)),
            ("+", Pair::Long(left, right)) => Value::Long(left.wrapping_add(*right)),
            ("-", Pair::Long(left, right)) => Value::Long(left.wrapping_sub(*right)),
            ("*", Pair::Long(left, right)) => Value::Long(left.wrapping_mul(*right)),
            ("%", Pair::Long(left, right)) => Value::Long(left.wrapping_rem(*right)),
            ("/", Pair::Long(left, right)) => Value::Decimal(*left as f64 / *right as f64),
            (_, Pair::Decimal(left, right)) => Value::Decimal(floating(operator, *left, *right)),
            (_, Pair::Double(left, right)) => Value::Double(floating(operator, *left, *right)),
            _ => return Err(self.unsupported(span, &format!("the operator `{operator}`"))),
        })
    }

    fn compare(&mut self, operator: &str, left: &Value<'a>, right: &Value<'a>, span: Span) -> Evaluated<'a> {
        let order = match (pair(left, right), left.text(), right.text()) {
            (Some(Pair::Int(left, right)), ..) => Some(left.cmp(&right)),
            (Some(Pair::Long(left, right)), ..) => Some(left.cmp(&right)),
            (Some(Pair::Decimal(left, right) | Pair::Double(left, right)), ..) => left.partial_cmp(&right),
            (None, Some(left), Some(right)) => Some(left.cmp(right)),
            _ => {
                let message = format!("{} and {} cannot be compared", left.describe(), right.describe());
                return Err(self.error(BAD_VALUE, span, message));
            }
        };
        Ok(Value::Bool(order.is_some_and(|order| match operator {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        })))
    }

    /// [`Self::equal`], with its cost.
    pub(super) fn are_equal(&mut self, left: &Value<'a>, right: &Value<'a>, span: Span) -> Evaluated<'a, bool> {
        self.spend(span, self.size_of(left).min(self.size_of(right)))?;
        Ok(self.equal(left, right))
    }

    /// Groovy's `==`: by value, numbers of any type.
    pub(super) fn equal(&self, left: &Value<'a>, right: &Value<'a>) -> bool {
        if let (Some(left), Some(right)) = (left.text(), right.text()) {
            return left == right;
        }
        match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::List(left), Value::List(right)) => {
                let (left, right) = (&self.lists[*left], &self.lists[*right]);
                // Lists inside lists count as equal only if they are the same, which bounds the work.
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| match (left, right) {
                        (Value::List(left), Value::List(right)) => left == right,
                        _ => self.equal(left, right),
                    })
            }
            (Value::Map(left), Value::Map(right)) => left == right,
            (Value::Library(left), Value::Library(right)) => left == right,
            (Value::Date(left), Value::Date(right)) => left == right,
            _ => match pair(left, right) {
                Some(Pair::Int(left, right)) => left == right,
                Some(Pair::Long(left, right)) => left == right,
                Some(Pair::Decimal(left, right) | Pair::Double(left, right)) => left == right,
                None => false,
            },
        }
    }

    fn range(&mut self, left: &Value<'a>, right: &Value<'a>, inclusive: bool, span: Span) -> Evaluated<'a> {
        let (Value::Int(from), Value::Int(to)) = (left, right) else {
            return self.letters(left, right, inclusive, span);
        };
        let length = (i64::from(*to) - i64::from(*from)).abs();
        if length > RANGE_MAX {
            return Err(self.error(BAD_VALUE, span, format!("a range has at most {RANGE_MAX} elements")));
        }
        let mut items: Vec<i32> = if from <= to { (*from..=*to).collect() } else { (*to..=*from).rev().collect() };
        if !inclusive {
            items.pop();
        }
        self.list(span, items.into_iter().map(Value::Int).collect())
    }

    /// A range of letters: `'a'..'e'`.
    fn letters(&mut self, left: &Value<'a>, right: &Value<'a>, inclusive: bool, span: Span) -> Evaluated<'a> {
        let single = |value: &Value<'_>| {
            let mut letters = value.text()?.chars();
            letters.next().filter(|_| letters.next().is_none())
        };
        let (Some(from), Some(to)) = (single(left), single(right)) else {
            return Err(self.error(BAD_VALUE, span, format!("there is no range of {}", left.describe())));
        };
        let mut letters: Vec<char> = if from <= to { (from..=to).collect() } else { (to..=from).rev().collect() };
        if !inclusive {
            letters.pop();
        }
        let items = letters.into_iter().map(|letter| self.text(span, letter.to_string()));
        let items = items.collect::<Result<_, _>>()?;
        self.list(span, items)
    }

    pub(super) fn cast(&mut self, value: &Value<'a>, name: &Name) -> Evaluated<'a> {
        let span = name.span;
        let number = match value {
            Value::Int(value) => Some(f64::from(*value)),
            Value::Long(value) => Some(*value as f64),
            Value::Float(value) => Some(f64::from(*value)),
            Value::Double(value) | Value::Decimal(value) => Some(*value),
            _ => None,
        };
        let whole = match value {
            Value::Int(value) => Some(i64::from(*value)),
            Value::Long(value) => Some(*value),
            _ => number.map(|number| number as i64),
        };
        Ok(match (name.text.as_str(), whole, number) {
            _ if matches!(value, Value::Poison) => Value::Poison,
            ("String", ..) => {
                let text = self.shown(value, span)?;
                self.text(span, text)?
            }
            ("boolean" | "Boolean", ..) => Value::Bool(self.is_true(value, span)),
            ("int" | "Integer", Some(whole), _) => Value::Int(whole as i32),
            ("long" | "Long", Some(whole), _) => Value::Long(whole),
            ("float" | "Float", _, Some(number)) => Value::Float(number as f32),
            ("double" | "Double", _, Some(number)) => Value::Double(number),
            ("int" | "Integer" | "long" | "Long" | "float" | "Float" | "double" | "Double", ..)
                if value.text().is_some() =>
            {
                let method = Name { text: format!("to{}", capitalised(&name.text)), span };
                let text = value.text().cloned().unwrap_or_default();
                return self.call_method(&Value::Text(text), &method, &[], span);
            }
            ("List" | "Collection" | "Iterable", ..) if matches!(value, Value::List(_)) => value.clone(),
            ("Map", ..) if matches!(value, Value::Map(_)) => value.clone(),
            ("Object" | "def", ..) => value.clone(),
            (kind, ..) => return Err(self.unsupported(span, &format!("{} as {kind}", value.describe()))),
        })
    }
}

/// The name of the class of a primitive, as methods of texts have it.
fn capitalised(kind: &str) -> &'static str {
    match kind {
        "int" | "Integer" => "Integer",
        "long" | "Long" => "Long",
        "float" | "Float" => "Float",
        _ => "Double",
    }
}

fn floating(operator: &str, left: f64, right: f64) -> f64 {
    match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        _ => left % right,
    }
}

fn pair(left: &Value<'_>, right: &Value<'_>) -> Option<Pair> {
    let double = |value: &Value<'_>| match value {
        Value::Int(value) => Some(f64::from(*value)),
        Value::Long(value) => Some(*value as f64),
        Value::Float(value) => Some(f64::from(*value)),
        Value::Double(value) | Value::Decimal(value) => Some(*value),
        _ => None,
    };
    let long = |value: &Value<'_>| match value {
        Value::Int(value) => Some(i64::from(*value)),
        Value::Long(value) => Some(*value),
        _ => None,
    };
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return Some(Pair::Int(*left, *right));
    }
    if let (Some(left), Some(right)) = (long(left), long(right)) {
        return Some(Pair::Long(left, right));
    }
    let binary = |value: &Value<'_>| matches!(value, Value::Float(_) | Value::Double(_));
    let numbers = (double(left)?, double(right)?);
    Some(if binary(left) || binary(right) {
        Pair::Double(numbers.0, numbers.1)
    } else {
        Pair::Decimal(numbers.0, numbers.1)
    })
}
