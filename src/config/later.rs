//! Keys that are read, checked and carried in the settings, but whose effect is still to be built.
//!
//! The one place to change when it is: take the line out of [`LATER`].

use super::{
    hocon::{Members, Value},
    origin::KeyPath,
    problem::{At, Problems, code, name},
};
use crate::diagnostic::Diagnostic;

/// The keys below `divolte`, `*` for any name, with the values that ask for nothing.
const LATER: &[(&str, &[&str])] = &[("global.dead_letters.max_size", &[])];

/// Reports every key of the merged tree below `divolte` that asks for what is not there.
pub fn tell(divolte: &Members, problems: &Problems) {
    for (key, nothing) in LATER {
        let names: Vec<_> = key.split('.').collect();
        find(divolte, &names, &mut vec!["divolte".to_owned()], &mut |path, value| {
            let asks = value.scalar().is_none_or(|text| !nothing.contains(&text));
            if asks && problems.is_set(path) && !problems.is_wrong(path) {
                problems.report(message(path), At::Value(path), "");
            }
        });
    }
}

fn message(path: &[String]) -> Diagnostic {
    Diagnostic::warning(code::NO_EFFECT, format!("{} has no effect in this version of headwater", name(path)))
}

/// All keys of the list, for the test that they exist.
#[cfg(test)]
pub fn keys() -> impl Iterator<Item = &'static str> {
    LATER.iter().map(|(key, ..)| *key)
}

/// What the documentation says of a key whose effect is still to be built.
#[cfg(test)]
pub fn remark(path: &[String]) -> Option<&'static str> {
    let fits = |key: &str| {
        let names: Vec<_> = key.split('.').collect();
        names.len() + 1 == path.len() && names.iter().zip(&path[1..]).all(|(name, key)| *name == "*" || name == key)
    };
    LATER.iter().any(|(key, ..)| fits(key)).then_some("Not in this version yet: no effect.")
}

/// Calls `found` for every value at a key path with `*`.
fn find(members: &Members, names: &[&str], path: &mut KeyPath, found: &mut dyn FnMut(&[String], &Value)) {
    let Some((name, below)) = names.split_first() else { return };
    for (key, value) in members.iter().filter(|(key, _)| *name == "*" || key == name) {
        path.push(key.clone());
        match value {
            Value::Null | Value::Unresolved => {}
            value if below.is_empty() => found(path, value),
            Value::Object(members) => find(members, below, path, found),
            _ => {}
        }
        path.pop();
    }
}
