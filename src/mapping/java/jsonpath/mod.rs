//! JSON paths as the Jayway library (2.4.0) understands it over Jackson's trees, odd results included.
//!
//! `parse` and `filter` read a path, `eval` walks a document, `predicate` decides filters, `function` computes
//! `length()` and its like. A *definite* path (single members and elements only) leads to one value or none; any other
//! leads to an array, maybe an empty one.

mod eval;
mod filter;
mod function;
mod parse;
mod predicate;

#[cfg(test)]
mod tests;

pub use eval::{Paths, TooMuch};

use filter::Condition;
use function::{Function, Parameter};

/// Most steps of one path, and deepest nesting of filters.
const STEPS_MAX: usize = 100;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    steps: Vec<Step>,
    /// It begins with `$`; in a filter `@` stands for the element at hand.
    from_root: bool,
    definite: bool,
}

#[derive(Clone, Debug)]
enum Step {
    /// `.name`, `['a','b']`
    Members(Vec<String>),
    /// `.*`, `[*]`
    All,
    /// `[0]`, `[0,-1]`
    Elements(Vec<i32>),
    /// `[from:to]`
    Slice(Option<i32>, Option<i32>),
    /// `..`, applies the next step at every depth.
    Scan,
    /// `[?(…)]`
    Filter(Box<Condition>),
    /// `.length()`; None is a function that does not exist.
    Call(Option<Function>, Vec<Parameter>),
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPath {
    /// What is wrong, in words.
    pub message: String,
    /// Where, in bytes.
    pub at: usize,
}

impl Path {
    /// Reads a path; `$.` in front may be left out.
    ///
    /// # Errors
    /// The text is no path.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        parse::parse(text)
    }

    /// Whether it leads to one value or none.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.definite
    }

    fn new(steps: Vec<Step>, from_root: bool) -> Self {
        let last = steps.len().saturating_sub(1);
        let definite = steps.iter().enumerate().all(|(index, step)| is_definite(step, index == last));
        Self { steps, from_root, definite }
    }
}

/// Whether a step leads to one value; several members do if they are the end, as they are put together.
fn is_definite(step: &Step, last: bool) -> bool {
    match step {
        Step::Members(names) => names.len() == 1 || last,
        Step::Elements(indices) => indices.len() == 1,
        Step::Call(..) => true,
        Step::All | Step::Slice(..) | Step::Scan | Step::Filter(_) => false,
    }
}
