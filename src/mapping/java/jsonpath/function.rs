//! Functions at the end of a path: `length()`, `sum()`, `concat(…)`.

use super::{
    Path,
    eval::{Stop, Walk},
};
use crate::mapping::json::{NodeId, View};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Average,
    Deviation,
    Sum,
    Concat,
    Append,
}

/// What is given to a function.
#[derive(Clone, Debug)]
pub(super) enum Parameter {
    Path(Path),
    Text(String),
    /// As written.
    Number(f64, String),
    /// Anything else, as written.
    Other(String),
}

impl Parameter {
    pub(super) fn literal(text: &str) -> Self {
        let quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
        if quoted('"') || quoted('\'') {
            return Self::Text(text[1..text.len() - 1].to_owned());
        }
        text.parse().map_or_else(|_| Self::Other(text.to_owned()), |number| Self::Number(number, text.to_owned()))
    }
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" | "size" => Self::Length,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Average,
            "stddev" => Self::Deviation,
            "sum" => Self::Sum,
            "concat" => Self::Concat,
            "append" => Self::Append,
            _ => return None,
        })
    }

    /// The function's value for `model`; None is nothing.
    pub(super) fn call(
        self,
        walk: &mut Walk<'_>,
        model: NodeId,
        parameters: &[Parameter],
    ) -> Result<Option<NodeId>, Stop> {
        match self {
            Self::Length => Ok(match walk.document.view(model) {
                View::Array(count) | View::Object(count) => {
                    Some(walk.document.add_integer(i64::try_from(count).unwrap_or(i64::MAX)))
                }
                _ => None,
            }),
            Self::Concat => concat(walk, model, parameters).map(Some),
            Self::Append => append(walk, model, parameters).map(Some),
            _ => self.aggregate(walk, model, parameters).map(Some),
        }
    }

    /// Over the numbers of an array, and those among the parameters. Without any it fails.
    fn aggregate(self, walk: &mut Walk<'_>, model: NodeId, parameters: &[Parameter]) -> Result<NodeId, Stop> {
        let mut numbers = Numbers::default();
        if let View::Array(count) = walk.document.view(model) {
            for index in 0..count {
                walk.visit()?;
                let element = walk.document.element(model, index);
                if let Some(number) = element.and_then(|element| walk.document.number(element)) {
                    numbers.add(number);
                }
            }
        }
        for parameter in parameters {
            if let Parameter::Path(path) = parameter
                && let Some(value) = walk.parameter(path)?
                && let Some(number) = walk.document.number(value)
            {
                numbers.add(number);
            }
        }
        if numbers.count == 0.0 {
            return Err(Stop::Nothing);
        }
        let value = match self {
            Self::Min => numbers.min,
            Self::Max => numbers.max,
            Self::Sum => numbers.sum,
            Self::Average => numbers.sum / numbers.count,
            _ => {
                let Numbers { count, sum, squares, .. } = numbers;
                (squares / count - sum * sum / count / count).sqrt()
            }
        };
        Ok(walk.document.add_double(value))
    }
}

struct Numbers {
    count: f64,
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { count: 0.0, sum: 0.0, squares: 0.0, min: f64::MAX, max: f64::MIN }
    }
}

impl Numbers {
    fn add(&mut self, number: f64) {
        self.count += 1.0;
        self.sum += number;
        self.squares += number * number;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }
}

/// The texts of an array, then the parameters. A model that is no array contributes nothing.
fn concat(walk: &mut Walk<'_>, model: NodeId, parameters: &[Parameter]) -> Result<NodeId, Stop> {
    let mut text = String::new();
    if let View::Array(count) = walk.document.view(model) {
        for index in 0..count {
            walk.visit()?;
            let element = walk.document.element(model, index);
            text += element.and_then(|element| walk.document.text_of(element)).unwrap_or_default();
        }
    }
    for parameter in parameters {
        match parameter {
            Parameter::Text(literal) | Parameter::Number(_, literal) | Parameter::Other(literal) => text += literal,
            Parameter::Path(path) => {
                if let Some(value) = walk.parameter(path)? {
                    let _ = walk.document.scalar_text(value, |value| text += value);
                }
            }
        }
    }
    Ok(walk.document.add_text(&text))
}

/// A copy of the array with the parameters behind; anything else stays as it is.
fn append(walk: &mut Walk<'_>, model: NodeId, parameters: &[Parameter]) -> Result<NodeId, Stop> {
    let View::Array(count) = walk.document.view(model) else { return Ok(model) };
    let mut elements: Vec<NodeId> = (0..count).filter_map(|index| walk.document.element(model, index)).collect();
    for parameter in parameters {
        match parameter {
            Parameter::Text(text) | Parameter::Other(text) => elements.push(walk.document.add_text(text)),
            Parameter::Number(number, _) => elements.push(walk.document.add_double(*number)),
            Parameter::Path(path) => elements.extend(walk.parameter(path)?),
        }
    }
    Ok(walk.document.add_array(&elements))
}
