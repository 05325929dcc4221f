//! Walks a document along a path.

use super::{Path, Step, is_definite};
use crate::mapping::json::{Document, NodeId, View};

/// Values looked at by one path, at most. A scan of the largest event takes far less.
const VISITS_MAX: u32 = 5_000_000;

/// The path looks at more values than any honest event has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch;

/// Buffers of the walk, kept from path to path.
#[derive(Debug, Default)]
pub struct Paths {
    hits: Vec<NodeId>,
}

/// Why a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The path leads nowhere.
    Nothing,
    TooMuch,
}

/// A walk under way.
pub(super) struct Walk<'d> {
    pub(super) document: &'d mut Document,
    pub(super) root: NodeId,
    hits: &'d mut Vec<NodeId>,
    visits: u32,
    /// A function said nothing at all, which is not null.
    silent: bool,
    /// Every name must be there: how a filter asks whether a path exists.
    strict: bool,
}

impl Paths {
    /// Where a path leads in a document.
    ///
    /// # Errors
    /// It looks at too many values.
    pub fn find(&mut self, path: &Path, document: &mut Document, root: NodeId) -> Result<Option<NodeId>, TooMuch> {
        self.hits.clear();
        let hits = &mut self.hits;
        let mut walk = Walk { document, root, hits, visits: 0, silent: false, strict: false };
        match walk.value(path, root) {
            Ok(found) => Ok(found),
            Err(Stop::Nothing) => Ok(None),
            Err(Stop::TooMuch) => Err(TooMuch),
        }
    }
}

impl Walk<'_> {
    pub(super) fn visit(&mut self) -> Result<(), Stop> {
        self.visits += 1;
        if self.visits > VISITS_MAX { Err(Stop::TooMuch) } else { Ok(()) }
    }

    /// Where a path leads from `start`. One that may lead to several values always has one: their array.
    pub(super) fn value(&mut self, path: &Path, start: NodeId) -> Result<Option<NodeId>, Stop> {
        let first = self.hits.len();
        let silent = std::mem::take(&mut self.silent);
        let walked = self.steps(&path.steps, 0, start, true);
        let none = std::mem::replace(&mut self.silent, silent);
        let found = match walked {
            Err(Stop::TooMuch) => return Err(Stop::TooMuch),
            Err(Stop::Nothing) if path.definite => None,
            Err(Stop::Nothing) => {
                // What was found before the walk broke off is lost with it.
                self.hits.truncate(first);
                Some(self.document.add_array(&[]))
            }
            Ok(()) if path.definite => self.hits[first..].last().copied().filter(|_| !none),
            Ok(()) => Some(self.document.add_array(&self.hits[first..])),
        };
        self.hits.truncate(first);
        Ok(found)
    }

    /// Whether a path leads anywhere, as filters ask.
    pub(super) fn exists(&mut self, path: &Path, start: NodeId) -> Result<bool, Stop> {
        let first = self.hits.len();
        let strict = std::mem::replace(&mut self.strict, true);
        let silent = std::mem::take(&mut self.silent);
        let walked = self.steps(&path.steps, 0, start, true);
        self.strict = strict;
        self.silent = silent;
        let found = self.hits.len() > first;
        self.hits.truncate(first);
        match walked {
            Err(Stop::TooMuch) => Err(Stop::TooMuch),
            Err(Stop::Nothing) => Ok(false),
            Ok(()) => Ok(found || !path.definite),
        }
    }

    /// The value of a path that is given to a function.
    pub(super) fn parameter(&mut self, path: &Path) -> Result<Option<NodeId>, Stop> {
        self.value(path, self.root)
    }

    /// Walks the steps from number `at` on. `definite`: those before lead to one value.
    fn steps(&mut self, steps: &[Step], at: usize, model: NodeId, definite: bool) -> Result<(), Stop> {
        self.visit()?;
        let Some(step) = steps.get(at) else {
            self.hits.push(model);
            return Ok(());
        };
        let last = at + 1 == steps.len();
        let after = definite && is_definite(step, last);
        match step {
            Step::Members(names) => self.members(names, steps, at, model, definite),
            Step::All => self.all(model, |walk, child| walk.steps(steps, at + 1, child, false)),
            Step::Elements(indices) => {
                let View::Array(count) = self.document.view(model) else { return missing(definite) };
                for index in indices {
                    let element = self.element(model, *index, count);
                    self.steps(steps, at + 1, element, after)?;
                }
                Ok(())
            }
            Step::Slice(from, to) => self.slice(*from, *to, steps, at, model, definite),
            Step::Scan => self.scan(steps, at + 1, model),
            Step::Filter(condition) => match self.document.view(model) {
                View::Object(_) => {
                    if self.holds(condition, model)? {
                        self.steps(steps, at + 1, model, false)
                    } else {
                        Ok(())
                    }
                }
                View::Array(count) => {
                    for index in 0..count {
                        let Some(element) = self.document.element(model, index) else { continue };
                        if self.holds(condition, element)? {
                            self.steps(steps, at + 1, element, false)?;
                        }
                    }
                    Ok(())
                }
                _ => missing(definite),
            },
            Step::Call(None, _) => Err(Stop::Nothing),
            Step::Call(Some(function), parameters) => {
                let value = function.call(self, model, parameters)?;
                let value = value.unwrap_or_else(|| {
                    self.silent = true;
                    self.document.add_null()
                });
                if last {
                    self.hits.push(value);
                    return Ok(());
                }
                self.steps(steps, at + 1, value, after)
            }
        }
    }

    fn all(&mut self, model: NodeId, mut each: impl FnMut(&mut Self, NodeId) -> Result<(), Stop>) -> Result<(), Stop> {
        match self.document.view(model) {
            View::Object(count) => {
                for index in 0..count {
                    if let Some((_, value)) = self.document.member(model, index) {
                        each(self, value)?;
                    }
                }
            }
            View::Array(count) => {
                for index in 0..count {
                    if let Some(element) = self.document.element(model, index) {
                        each(self, element)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn members(
        &mut self,
        names: &[String],
        steps: &[Step],
        at: usize,
        model: NodeId,
        definite: bool,
    ) -> Result<(), Stop> {
        let View::Object(_) = self.document.view(model) else { return missing(definite) };
        let last = at + 1 == steps.len();
        if let ([_, _, ..], true) = (names, last) {
            let mut picked = Vec::with_capacity(2 * names.len());
            for name in names {
                match self.document.find(model, name) {
                    Some((name, value)) => picked.extend([name, value]),
                    None if self.strict => return Err(Stop::Nothing),
                    None => {}
                }
            }
            let object = self.document.add_object(&picked);
            self.hits.push(object);
            return Ok(());
        }
        for name in names {
            match self.document.find(model, name) {
                Some((_, value)) => self.steps(steps, at + 1, value, definite && names.len() == 1)?,
                None if self.strict => return Err(Stop::Nothing),
                None => {}
            }
        }
        Ok(())
    }

    /// An element; negative indices count from the end, and beyond either end is null.
    fn element(&mut self, array: NodeId, index: i32, count: usize) -> NodeId {
        let index = match usize::try_from(index) {
            Ok(index) => Some(index),
            Err(_) => count.checked_sub(index.unsigned_abs() as usize),
        };
        let found = index.and_then(|index| self.document.element(array, index));
        found.unwrap_or_else(|| self.document.add_null())
    }

    fn slice(
        &mut self,
        from: Option<i32>,
        to: Option<i32>,
        steps: &[Step],
        at: usize,
        model: NodeId,
        definite: bool,
    ) -> Result<(), Stop> {
        let View::Array(count) = self.document.view(model) else { return missing(definite) };
        let length = i32::try_from(count).unwrap_or(i32::MAX);
        let (first, end) = match (from, to) {
            (Some(from), None) => (if from < 0 { from.saturating_add(length).max(0) } else { from }, length),
            (None, Some(to)) => (0, if to < 0 { to.saturating_add(length) } else { to }.min(length)),
            // Negative bounds are no exception here: they count from the end one by one.
            (from, to) => (from.unwrap_or_default(), to.unwrap_or(length).min(length)),
        };
        if count == 0 {
            return Ok(());
        }
        for index in first..end {
            self.visit()?;
            let element = self.element(model, index, count);
            self.steps(steps, at + 1, element, false)?;
        }
        Ok(())
    }

    /// Applies step `at` to the value and everything in it.
    fn scan(&mut self, steps: &[Step], at: usize, model: NodeId) -> Result<(), Stop> {
        self.visit()?;
        let Some(step) = steps.get(at) else { return Ok(()) };
        let array = match self.document.view(model) {
            View::Array(_) => true,
            View::Object(_) => false,
            _ => return Ok(()),
        };
        let applies = match step {
            Step::Members(names) if !array => {
                let indefinite = names.len() > 1 && at + 1 < steps.len();
                indefinite || names.iter().all(|name| self.document.find(model, name).is_some())
            }
            Step::Elements(_) | Step::Slice(..) => array,
            Step::All => true,
            Step::Filter(condition) => self.holds(condition, model)?,
            _ => false,
        };
        if applies {
            if array && at + 1 < steps.len() {
                // Every element is taken, whichever the step names.
                self.all(model, |walk, element| walk.steps(steps, at + 1, element, false))?;
            } else {
                self.steps(steps, at, model, false)?;
            }
        }
        self.all(model, |walk, child| walk.scan(steps, at, child))
    }
}

/// A step that does not apply: the end of a definite path, nothing at all of any other.
fn missing(definite: bool) -> Result<(), Stop> {
    if definite { Err(Stop::Nothing) } else { Ok(()) }
}
