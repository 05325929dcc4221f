//! Where each key is set: key path → every place in every layer. Made only when a message is.
//!
//! The language's parser does not keep places, so this reads the texts a second time with a scanner of its own
//! ([`super::scan`]). It knows just enough to find keys, values and includes, never judges what it reads, and a text
//! that it cannot follow costs a caret in a message, nothing else.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::scan::{self, Found};
use crate::diagnostic::SourceText;

/// Includes inside includes that are followed.
const INCLUDE_DEPTH_MAX: usize = 16;

/// Names of keys from the root.
pub type KeyPath = Vec<String>;

/// A key path as it is written: dots between, quotes where a name needs them.
#[must_use]
pub fn show(path: &[String]) -> String {
    let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let names: Vec<_> = path.iter().map(|name| if plain(name) { name.clone() } else { format!("{name:?}") }).collect();
    names.join(".")
}

/// A text that sets keys.
#[derive(Clone, Debug)]
pub struct LayerText {
    /// The text as the operator knows it.
    pub source: Arc<SourceText>,
    /// What it sets.
    pub form: Form,
}

/// How a text sets keys.
#[derive(Clone, Debug)]
pub enum Form {
    /// A file, whose includes are looked up in this directory.
    File(Option<PathBuf>),
    /// `key=value` where the value is plain text, with the key's path and its bytes.
    Assignment(KeyPath, Range<usize>),
}

/// One place that sets a key.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The text.
    pub source: Arc<SourceText>,
    /// Number of the layer, 0 the strongest.
    pub layer: usize,
    /// The key path.
    pub path: KeyPath,
    /// Bytes of the key.
    pub key: Range<usize>,
    /// Bytes of the value.
    pub value: Range<usize>,
    /// Bytes of each element, when the value is one list.
    pub elements: Vec<Range<usize>>,
}

/// Every place that sets a key.
#[derive(Debug, Default)]
pub struct Origins {
    settings: Vec<Setting>,
    texts: Vec<Arc<SourceText>>,
}

impl Origins {
    /// Reads the layers, the strongest first, and the files that they include.
    #[must_use]
    pub fn read(layers: &[LayerText]) -> Self {
        let mut origins = Self::default();
        for (number, layer) in layers.iter().enumerate() {
            match &layer.form {
                Form::File(directory) => origins.file(&layer.source, number, directory.as_deref(), &[], 0),
                Form::Assignment(path, key) => origins.assignment(&layer.source, number, path, key.clone()),
            }
        }
        origins
    }

    fn assignment(&mut self, source: &Arc<SourceText>, layer: usize, path: &KeyPath, key: Range<usize>) {
        self.texts.push(Arc::clone(source));
        self.settings.push(Setting {
            source: Arc::clone(source),
            layer,
            path: path.clone(),
            value: key.end + 1..source.text.len(),
            key,
            elements: Vec::new(),
        });
    }

    fn file(
        &mut self,
        source: &Arc<SourceText>,
        layer: usize,
        directory: Option<&Path>,
        below: &[String],
        depth: usize,
    ) {
        self.texts.push(Arc::clone(source));
        for found in scan::scan(&source.text).found {
            match found {
                Found::Key { path, key, value, elements } => self.settings.push(Setting {
                    source: Arc::clone(source),
                    layer,
                    path: [below, &path].concat(),
                    key,
                    value,
                    elements,
                }),
                Found::Include { path, target, is_file } if depth < INCLUDE_DEPTH_MAX => {
                    let base = if is_file { None } else { directory };
                    let below = [below, &path].concat();
                    for (path, text) in included(base, &target) {
                        let source = Arc::new(SourceText { name: path.display().to_string(), text });
                        self.file(&source, layer, path.parent(), &below, depth + 1);
                    }
                }
                Found::Include { .. } => {}
            }
        }
    }

    /// The places that set exactly this key, the one in force first.
    #[must_use]
    pub fn of(&self, path: &[String]) -> Vec<&Setting> {
        let mut found: Vec<_> = self.settings.iter().filter(|setting| setting.path == path).collect();
        // Within a layer a later setting wins, between layers the stronger one; the sort keeps the reversed order.
        found.reverse();
        found.sort_by_key(|setting| setting.layer);
        found
    }

    /// The place that sets the key, or any key below it.
    #[must_use]
    pub fn within(&self, path: &[String]) -> Option<&Setting> {
        let below = || self.settings.iter().filter(|setting| setting.path.starts_with(path));
        self.of(path).first().copied().or_else(|| below().min_by_key(|setting| setting.layer))
    }

    /// The place of the key or, where it is set nowhere, of the nearest one above it.
    #[must_use]
    pub fn around(&self, path: &[String]) -> Option<&Setting> {
        (1..=path.len()).rev().find_map(|length| self.within(&path[..length]))
    }

    /// The first value made of kinds that do not go together.
    #[must_use]
    pub fn mixed(&self) -> Option<(Arc<SourceText>, Range<usize>)> {
        self.texts.iter().find_map(|source| Some((Arc::clone(source), scan::scan(&source.text).mixed?)))
    }

    /// The text and the byte of the substitution that stands at this line and column of one of the texts.
    #[must_use]
    pub fn substitution(&self, line: usize, column: usize) -> Option<(&Arc<SourceText>, Range<usize>)> {
        self.texts.iter().find_map(|source| {
            let start = offset(&source.text, line, column)?;
            let rest = &source.text[start..];
            let end = rest.find('}').filter(|_| rest.starts_with("${"))?;
            Some((source, start..start + end + 1))
        })
    }
}

/// The files that an include stands for, weakest first, as the parser looks them up.
fn included(directory: Option<&Path>, target: &str) -> Vec<(PathBuf, String)> {
    let path = directory.map_or_else(|| PathBuf::from(target), |directory| directory.join(target));
    let candidates = match path.extension() {
        Some(_) => vec![path],
        None => ["properties", "json", "conf"].map(|extension| path.with_extension(extension)).into(),
    };
    candidates.into_iter().filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect()
}

/// The byte at a line and column, both counted from 1, columns in characters.
#[must_use]
pub fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let within =
        text[start..].char_indices().map(|(at, _)| at).chain([text.len() - start]).nth(column.checked_sub(1)?)?;
    Some(start + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> KeyPath {
        text.split('.').map(str::to_owned).collect()
    }

    fn layer(name: &str, text: &str, directory: Option<&Path>) -> LayerText {
        let source = Arc::new(SourceText { name: name.into(), text: text.into() });
        LayerText { source, form: Form::File(directory.map(Path::to_path_buf)) }
    }

    #[test]
    fn the_place_in_force_comes_first() {
        let set = Arc::new(SourceText { name: "--set".into(), text: "a.b=9".into() });
        let set = LayerText { source: set, form: Form::Assignment(path("a.b"), 0..3) };
        let origins = Origins::read(&[set, layer("user", "a.b = 1\na { b = 2 }", None), layer("ref", "a.b = 3", None)]);
        let places: Vec<_> = origins
            .of(&path("a.b"))
            .iter()
            .map(|setting| (setting.source.name.as_str(), &setting.source.text[setting.value.clone()]))
            .collect();
        assert_eq!(places, [("--set", "9"), ("user", "2"), ("user", "1"), ("ref", "3")]);
        assert_eq!(origins.around(&path("a.x.y")).map(|setting| setting.path.clone()), Some(path("a")));
        assert_eq!(origins.within(&path("a")).map(|setting| setting.layer), Some(1));
        assert!(origins.around(&path("z")).is_none());
    }

    #[test]
    fn includes_are_followed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("one.conf"), "x = 1\ninclude \"two\"").expect("a file");
        fs::write(directory.path().join("two.conf"), "y { z = 2 }").expect("a file");
        let user = layer("user", "top { include \"one.conf\" }\ninclude \"gone.conf\"", Some(directory.path()));
        let origins = Origins::read(&[user]);
        let setting = origins.of(&path("top.y.z"))[0];
        assert!(setting.source.name.ends_with("two.conf"), "{}", setting.source.name);
        assert_eq!((setting.key.clone(), setting.value.clone()), (4..5, 8..9));
        assert_eq!(origins.of(&path("top.x")).len(), 1);
    }

    #[test]
    fn an_include_of_itself_ends() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("self.conf"), "a = 1\ninclude \"self.conf\"").expect("a file");
        let user = layer("user", "include \"self.conf\"", Some(directory.path()));
        assert_eq!(Origins::read(&[user]).of(&path("a")).len(), INCLUDE_DEPTH_MAX);
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        for (line, column, expected) in [
            (1, 1, Some(0)),
            (1, 3, Some(3)),
            (2, 1, Some(5)),
            (2, 3, Some(7)),
            (2, 4, None),
            (0, 1, None),
            (1, 0, None),
        ] {
            assert_eq!(offset("aéb\ncd", line, column), expected, "{line}:{column}");
        }
    }

    #[test]
    fn names_are_quoted_where_they_must() {
        assert_eq!(show(&["a".into(), "b-c_1".into(), "d.e".into(), String::new()]), r#"a.b-c_1."d.e"."""#);
    }
}
