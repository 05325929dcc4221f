//! Everything that is wrong or odd with a configuration, collected in one run, with its place.

use std::{
    cell::{OnceCell, RefCell},
    sync::Arc,
};

use super::origin::{LayerText, Origins, Setting, show};
use crate::diagnostic::Diagnostic;

/// Other places that set the same key and are shown beside the one in force.
const OTHERS_MAX: usize = 3;

/// Codes of the messages; `docs/configuration.md` lists them.
pub mod code {
    /// A file cannot be read.
    pub const FILE: &str = "C001";
    /// The text does not follow the language.
    pub const SYNTAX: &str = "C002";
    /// A substitution finds nothing or runs in a circle.
    pub const SUBSTITUTION: &str = "C003";
    /// Nobody knows the key.
    pub const UNKNOWN_KEY: &str = "C004";
    /// The value is of another kind.
    pub const TYPE: &str = "C005";
    /// A duration, size or number that cannot be read.
    pub const UNIT: &str = "C006";
    /// A key that must be set is missing.
    pub const MISSING: &str = "C007";
    /// One of a few words is expected.
    pub const CHOICE: &str = "C008";
    /// A mapping names a source or sink that is not defined.
    pub const UNDEFINED: &str = "C009";
    /// A name is used for a source and for a sink.
    pub const COLLISION: &str = "C010";
    /// A sink would get records of several schemas.
    pub const SCHEMAS: &str = "C011";
    /// Identifiers of schemas that contradict each other or are missing.
    pub const CONFLUENT: &str = "C012";
    /// The value is not one that can work.
    pub const VALUE: &str = "C013";
    /// Two sources want the same path.
    pub const ROUTE: &str = "C014";
    /// Asked for is what this build or version does not have.
    pub const NOT_HERE: &str = "C015";
    /// Two keys exclude each other.
    pub const EXCLUDES: &str = "C016";
    /// A file or directory that must be there is not.
    pub const ABSENT: &str = "C017";
    /// An argument of the command line is not of the form that it must have.
    pub const ARGUMENT: &str = "C018";
    /// A schema cannot be used.
    pub const SCHEMA: &str = "C019";
    /// Two schemas cannot read each other's records.
    pub const COMPATIBLE: &str = "C020";
    /// A table cannot be used.
    pub const TABLE: &str = "C021";
    /// Warning: out of range, replaced by the nearest value that works.
    pub const CLAMPED: &str = "C101";
    /// Warning: `null` stands for zero or false.
    pub const NULL: &str = "C102";
    /// Warning: set, but without effect.
    pub const NO_EFFECT: &str = "C103";
    /// Warning: loads, but cannot do what was meant.
    pub const USELESS: &str = "C105";
}

/// Which part of a setting a message points at.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    /// The key.
    Key(&'a [String]),
    /// The value.
    Value(&'a [String]),
    /// An element of a list.
    Element(&'a [String], usize),
    /// The nearest key above, because the key itself is set nowhere.
    Around(&'a [String]),
}

/// The messages, and what is needed to give them their places.
pub struct Problems {
    layers: Vec<LayerText>,
    /// Number of the layers that the operator wrote; those below are the program's own.
    own: usize,
    origins: OnceCell<Origins>,
    found: RefCell<Vec<Diagnostic>>,
    /// Every key that was asked for, and how it is read.
    #[cfg(test)]
    pub asked: RefCell<Vec<(super::origin::KeyPath, super::section::Kind)>>,
}

impl Problems {
    /// Messages about these layers, the strongest first, of which the first `own` are the operator's.
    #[must_use]
    pub fn new(layers: Vec<LayerText>, own: usize) -> Self {
        Self {
            layers,
            own,
            origins: OnceCell::new(),
            found: RefCell::default(),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    /// Where the keys are set.
    pub fn origins(&self) -> &Origins {
        self.origins.get_or_init(|| Origins::read(&self.layers))
    }

    /// Adds a message as it is.
    pub fn add(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Adds a message with its place, and the words to say there.
    pub fn report(&self, diagnostic: Diagnostic, at: At<'_>, label: &str) {
        self.add(self.placed(diagnostic, at, label));
    }

    /// The message with its place, and with the other places that set the same key.
    #[must_use]
    pub fn placed(&self, diagnostic: Diagnostic, at: At<'_>, label: &str) -> Diagnostic {
        let (path, places) = match at {
            At::Key(path) | At::Value(path) | At::Element(path, _) => (path, self.origins().of(path)),
            At::Around(path) => (path, Vec::new()),
        };
        let Some((main, others)) = places.split_first() else {
            // Keys in dots have no place of their own for the objects on their way.
            return match self.origins().around(path).filter(|setting| setting.layer < self.own) {
                Some(setting) => diagnostic.at(&setting.source, setting.key.clone(), label),
                None => diagnostic,
            };
        };
        let from_variable = main.layer >= self.own && main.source.text[main.value.clone()].starts_with("${?");
        let label = if from_variable { "this variable of the environment" } else { label };
        let span = match at {
            At::Key(_) | At::Around(_) => &main.key,
            At::Value(_) => &main.value,
            At::Element(_, number) => main.elements.get(number).unwrap_or(&main.value),
        };
        let first = diagnostic.at(&main.source, span.clone(), label);
        // A value that is added to those before, or is made of them, leaves them their effect.
        let text = &main.source.text;
        let adds = text[main.key.end..main.value.start].contains("+=") || text[main.value.clone()].contains("${");
        let others = others.iter().filter(|other| !adds && other.layer < self.own && other.value != main.value);
        others.take(OTHERS_MAX).fold(first, |told, other: &&Setting| {
            told.at(&other.source, other.key.clone(), "also set here, without effect")
        })
    }

    /// Adds a second place to a message.
    #[must_use]
    pub fn with(&self, diagnostic: Diagnostic, path: &[String], label: &str) -> Diagnostic {
        match self.origins().within(path).filter(|setting| setting.layer < self.own) {
            Some(setting) => diagnostic.at(&setting.source, setting.key.clone(), label),
            None => diagnostic,
        }
    }

    /// Whether the operator sets this key, or one below it.
    #[must_use]
    pub fn is_set(&self, path: &[String]) -> bool {
        self.origins().within(path).is_some_and(|setting| setting.layer < self.own)
    }

    /// Whether anything is wrong so far.
    #[must_use]
    pub fn any_error(&self) -> bool {
        self.found.borrow().iter().any(Diagnostic::is_error)
    }

    /// Whether something is wrong with the value of this key.
    #[must_use]
    pub fn is_wrong(&self, path: &[String]) -> bool {
        let settings = self.origins().of(path);
        let Some(Setting { source, value, .. }) = settings.first() else { return false };
        self.found.borrow().iter().filter(|told| told.is_error()).any(|told| {
            let main = told.places.first();
            main.is_some_and(|place| Arc::ptr_eq(&place.source, source) && value.contains(&place.span.start))
        })
    }

    /// All messages: errors first, then warnings, each in the order of their places.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        let order = |diagnostic: &Diagnostic| {
            diagnostic.places.first().map_or((0, 0), |place| {
                let layer = self.layers.iter().position(|layer| layer.source.name == place.source.name);
                (layer.unwrap_or(self.own), place.span.start)
            })
        };
        found.sort_by_key(|diagnostic| (!diagnostic.is_error(), order(diagnostic)));
        found
    }
}

/// `` `divolte.global.server` `` for messages.
#[must_use]
pub fn name(path: &[String]) -> String {
    format!("`{}`", show(path))
}
