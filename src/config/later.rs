//! Keys that are read, checked and carried in the settings, but whose effect is still to be built.
//!
//! The one place to change when it is: take the line out of [`LATER`].

use super::{
    hocon::{Members, Value},
    origin::KeyPath,
    problem::{At, Problems, code, name},
};
use crate::diagnostic::Diagnostic;

/// What is done about a key that asks for what is not there.
enum Instead {
    /// The start is refused: going on would be wrong. With what is not there, in words.
    Refuse(&'static str),
    /// A warning: nothing is wrong without it.
    Warn,
}
use Instead::{Refuse, Warn};

/// The keys below `divolte`, `*` for any name, with the values that ask for nothing.
const LATER: &[(&str, &[&str], Instead)] = &[
    ("global.mapper.ip2geo_database", &[], Refuse("finding places by address")),
    ("global.dead_letters.max_size", &[], Warn),
];

/// Reports every key of the merged tree below `divolte` that asks for what is not there.
pub fn tell(divolte: &Members, problems: &Problems) {
    for (key, nothing, instead) in LATER {
        let names: Vec<_> = key.split('.').collect();
        find(divolte, &names, &mut vec!["divolte".to_owned()], &mut |path, value| {
            let asks = value.scalar().is_none_or(|text| !nothing.contains(&text));
            if asks && problems.is_set(path) && !problems.is_wrong(path) {
                problems.report(message(path, instead), At::Value(path), "");
            }
        });
    }
}

fn message(path: &[String], instead: &Instead) -> Diagnostic {
    match instead {
        Refuse(what) => Diagnostic::error(code::NOT_HERE, format!("{what} is not in this version of headwater"))
            .hint(format!("leave {} out", name(path))),
        Warn => {
            let message = format!("{} has no effect in this version of headwater", name(path));
            Diagnostic::warning(code::NO_EFFECT, message)
        }
    }
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
    LATER.iter().find(|(key, ..)| fits(key)).map(|(_, nothing, instead)| match (instead, nothing.first()) {
        (Warn, _) => "Not in this version yet: no effect.",
        (Refuse(_), None) => "Not in this version yet: refused.",
        (Refuse(_), Some(_)) => "Not in this version yet: anything but the default is refused.",
    })
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
