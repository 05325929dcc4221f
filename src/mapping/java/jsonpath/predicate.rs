//! Whether a filter holds for a value.
#![expect(clippy::float_cmp, reason = "a path's `==` means exactly that")]

use super::{
    eval::{Stop, Walk},
    filter::{Condition, Operand, Operator},
};
use crate::mapping::{
    java::regex::MatchError,
    json::{NodeId, View},
};

/// A value that is compared.
#[derive(Clone, Copy)]
enum Side<'f> {
    Undefined,
    Node(NodeId),
    Literal(&'f Operand),
}

impl Walk<'_> {
    pub(super) fn holds(&mut self, condition: &Condition, item: NodeId) -> Result<bool, Stop> {
        self.visit()?;
        match condition {
            Condition::And(list) => {
                for condition in list {
                    if !self.holds(condition, item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(list) => {
                for condition in list {
                    if self.holds(condition, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(inner) => self.holds(inner, item).map(|holds| !holds),
            // Here `$`, too, is the value at hand.
            Condition::Exists(path, wanted) => self.exists(path, item).map(|exists| exists == *wanted),
            Condition::Compare(left, operator, right) => {
                let (left, right) = (self.side(left, item)?, self.side(right, item)?);
                self.compare(left, *operator, right)
            }
        }
    }

    fn side<'f>(&mut self, operand: &'f Operand, item: NodeId) -> Result<Side<'f>, Stop> {
        let Operand::Path(path) = operand else { return Ok(Side::Literal(operand)) };
        let start = if path.from_root { self.root } else { item };
        Ok(self.value(path, start)?.map_or(Side::Undefined, Side::Node))
    }

    fn compare(&mut self, left: Side<'_>, operator: Operator, right: Side<'_>) -> Result<bool, Stop> {
        Ok(match operator {
            Operator::Equal => self.equal(left, right),
            Operator::Unequal => !self.equal(left, right),
            Operator::Same => self.same_type(left, right) && self.equal(left, right),
            Operator::NotSame => !(self.same_type(left, right) && self.equal(left, right)),
            Operator::Less => self.order(left, right) == Some(std::cmp::Ordering::Less),
            Operator::Greater => self.order(left, right) == Some(std::cmp::Ordering::Greater),
            Operator::LessOrEqual => self.order(left, right).is_some_and(std::cmp::Ordering::is_le),
            Operator::GreaterOrEqual => self.order(left, right).is_some_and(std::cmp::Ordering::is_ge),
            Operator::Matches => self.matches(left, right)?,
            Operator::In => self.is_in(left, right),
            Operator::NotIn => !self.is_in(left, right),
            Operator::Contains => match (self.text(left), self.text(right)) {
                (Some(left), Some(right)) => left.contains(right),
                _ => false,
            },
            Operator::Size => match (right, self.length(left)) {
                (Side::Literal(Operand::Number(wanted, _)), Some(length)) => wanted.trunc() == length,
                _ => false,
            },
            Operator::Empty => match (right, self.is_empty(left)) {
                (Side::Literal(Operand::Boolean(wanted)), Some(empty)) => *wanted == empty,
                _ => false,
            },
            Operator::Never => false,
        })
    }

    fn text<'s>(&'s self, side: Side<'s>) -> Option<&'s str> {
        match side {
            Side::Node(node) => self.document.text_of(node),
            Side::Literal(Operand::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn number(&self, side: Side<'_>) -> Option<f64> {
        match side {
            Side::Node(node) => self.document.number(node),
            Side::Literal(Operand::Number(value, _)) => Some(*value),
            _ => None,
        }
    }

    fn boolean(&self, side: Side<'_>) -> Option<bool> {
        match side {
            Side::Node(node) => match self.document.view(node) {
                View::Boolean(value) => Some(value),
                _ => None,
            },
            Side::Literal(Operand::Boolean(value)) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self, side: Side<'_>) -> bool {
        match side {
            Side::Node(node) => matches!(self.document.view(node), View::Null),
            Side::Literal(operand) => matches!(operand, Operand::Null),
            Side::Undefined => false,
        }
    }

    /// Numbers by value; a number also equals a text that says it, and a text the number that is written like it.
    fn equal(&self, left: Side<'_>, right: Side<'_>) -> bool {
        if let (Side::Node(left), Side::Node(right)) = (left, right)
            && let (View::Integer(left), View::Integer(right)) = (self.document.view(left), self.document.view(right))
        {
            return left == right;
        }
        if let Some(number) = self.number(left) {
            let other = self.number(right).or_else(|| self.text(right)?.trim().parse().ok());
            return other == Some(number);
        }
        if let Some(text) = self.text(left) {
            return match right {
                Side::Literal(Operand::Number(_, written)) => text == written,
                Side::Node(node) if self.document.number(node).is_some() => {
                    self.document.scalar_text(node, |number| number == text) == Some(true)
                }
                _ => self.text(right) == Some(text),
            };
        }
        if let Some(value) = self.boolean(left) {
            return self.boolean(right) == Some(value);
        }
        if self.is_null(left) {
            return self.is_null(right);
        }
        match (left, right) {
            (Side::Node(left), Side::Node(right)) => self.document.equal(left, right),
            _ => false,
        }
    }

    fn same_type(&self, left: Side<'_>, right: Side<'_>) -> bool {
        self.number(left).is_some() == self.number(right).is_some()
            && self.text(left).is_some() == self.text(right).is_some()
            && self.boolean(left).is_some() == self.boolean(right).is_some()
    }

    fn order(&self, left: Side<'_>, right: Side<'_>) -> Option<std::cmp::Ordering> {
        match (self.number(left), self.number(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => Some(self.text(left)?.cmp(self.text(right)?)),
        }
    }

    fn is_in(&self, value: Side<'_>, list: Side<'_>) -> bool {
        let Side::Literal(Operand::List(list)) = list else { return false };
        list.iter().any(|operand| self.equal(value, Side::Literal(operand)))
    }

    /// Whether a pattern on either side matches the whole text of the other.
    fn matches(&self, left: Side<'_>, right: Side<'_>) -> Result<bool, Stop> {
        let ((Side::Literal(Operand::Pattern(pattern)), value) | (value, Side::Literal(Operand::Pattern(pattern)))) =
            (left, right)
        else {
            return Ok(false);
        };
        let matched = match value {
            Side::Node(node) if !self.is_null(value) => {
                self.document.scalar_text(node, |text| pattern.is_match(text)).unwrap_or(Ok(false))
            }
            Side::Literal(Operand::Text(text) | Operand::Number(_, text)) => pattern.is_match(text),
            _ => Ok(false),
        };
        matched.map_err(|MatchError| Stop::TooMuch)
    }

    /// Number of characters of a text (in units of UTF-16), or of elements of an array.
    fn length(&self, side: Side<'_>) -> Option<f64> {
        let length = match (self.text(side), side) {
            (Some(text), _) => text.encode_utf16().count(),
            (None, Side::Node(node)) => match self.document.view(node) {
                View::Array(count) => count,
                _ => return None,
            },
            _ => return None,
        };
        u32::try_from(length).ok().map(f64::from)
    }

    fn is_empty(&self, side: Side<'_>) -> Option<bool> {
        match (self.text(side), side) {
            (Some(text), _) => Some(text.is_empty()),
            (None, Side::Node(node)) => match self.document.view(node) {
                View::Array(count) | View::Object(count) => Some(count == 0),
                _ => None,
            },
            _ => None,
        }
    }
}
