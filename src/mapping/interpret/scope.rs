//! Variables.

use std::collections::HashMap;

use super::{Evaluated, Interpreter, Span, Value};

/// Variables of one scope that are searched one by one; more are indexed.
const FEW: usize = 12;

/// What a scope costs of the script's room, in bytes.
const SCOPE_BYTES: usize = 64;

/// Variables of one block or call, and the scope around it.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    parent: Option<usize>,
    variables: Vec<(&'a str, Value<'a>)>,
    /// Places of the variables, once there are many.
    index: Option<HashMap<&'a str, usize>>,
    /// The object that calls go to which nobody else knows: inside `object.with { … }`.
    pub(super) delegate: Option<Value<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn inside(parent: usize) -> Self {
        Self { parent: Some(parent), ..Self::default() }
    }

    fn place(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.variables.iter().position(|(known, _)| *known == name),
        }
    }

    fn define(&mut self, name: &'a str, value: Value<'a>) {
        if let Some(place) = self.place(name) {
            self.variables[place].1 = value;
            return;
        }
        self.variables.push((name, value));
        let last = self.variables.len() - 1;
        match &mut self.index {
            Some(index) => {
                index.insert(name, last);
            }
            None if last >= FEW => {
                let places = self.variables.iter().enumerate().map(|(place, (name, _))| (*name, place));
                self.index = Some(places.collect());
            }
            None => {}
        }
    }
}

impl<'a> Interpreter<'a, '_> {
    pub(super) fn scope(&mut self, parent: usize, span: Span) -> Evaluated<'a, usize> {
        self.take_room(span, SCOPE_BYTES)?;
        self.scopes.push(Scope::inside(parent));
        Ok(self.scopes.len() - 1)
    }

    pub(super) fn define(&mut self, scope: usize, name: &'a str, value: Value<'a>) {
        self.scopes[scope].define(name, value);
    }

    /// A variable of this scope or those around it.
    pub(super) fn variable(&mut self, scope: usize, name: &str) -> Option<&mut Value<'a>> {
        let mut at = Some(scope);
        while let Some(index) = at {
            if let Some(place) = self.scopes[index].place(name) {
                return Some(&mut self.scopes[index].variables[place].1);
            }
            at = self.scopes[index].parent;
        }
        None
    }

    /// The innermost object around whose methods can be called by their bare names.
    pub(super) fn delegate(&self, scope: usize) -> Option<Value<'a>> {
        let mut at = Some(scope);
        while let Some(index) = at {
            if let Some(delegate) = &self.scopes[index].delegate {
                return Some(delegate.clone());
            }
            at = self.scopes[index].parent;
        }
        None
    }

    /// Names of all variables that were ever defined, for hints.
    pub(super) fn variable_names(&self) -> impl Iterator<Item = &'a str> {
        self.scopes.iter().flat_map(|scope| scope.variables.iter().map(|(name, _)| *name))
    }
}
