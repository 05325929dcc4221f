//! A gallery of wrong configurations with all that is said about them, one readable file per case in `tests/gallery`.
//!
//! Cases whose name begins with `odd_` load and are warned about; all others are refused with exit code 2. To add one,
//! write it into a list below and run with `INSTA_UPDATE=always`.

mod files;
mod language;
mod meaning;
mod surroundings;
mod values;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use crate::run::Place;

/// A configuration to look at.
pub struct Case {
    name: &'static str,
    config: String,
    /// Further files, by name.
    files: Vec<(&'static str, Vec<u8>)>,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Case {
    /// A configuration file, called `site.conf`.
    fn new(name: &'static str, config: impl Into<String>) -> Self {
        Self { name, config: config.into(), files: Vec::new(), arguments: Vec::new(), environment: Vec::new() }
    }

    /// A further file.
    fn file(mut self, name: &'static str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name, content.into()));
        self
    }

    /// A key of the command line.
    fn set(mut self, text: &str) -> Self {
        self.arguments.extend(["--set".to_owned(), text.to_owned()]);
        self
    }

    /// A variable of the environment.
    fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// What the case consists of and what is said about it.
    fn told(&self) -> String {
        let place = Place::new();
        place.write("site.conf", &self.config);
        let mut text = String::new();
        // Writing to memory cannot fail.
        let _ = write!(text, "== site.conf\n{}\n", self.config.trim_end());
        for (name, content) in &self.files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().expect("it is in a directory")).expect("a writable temporary directory");
            fs::write(&path, content).expect("a writable temporary directory");
            // Whatever the mask of who runs the tests is.
            let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            fs::set_permissions(&path, everybody).expect("an own file");
            let shown = std::str::from_utf8(content).unwrap_or("(not a text)").trim_end();
            let _ = write!(text, "== {name}\n{shown}\n");
        }
        let _ = write!(text, "== ");
        let mut command = place.command(&["check", "-c", "site.conf"]);
        for (name, value) in &self.environment {
            command.env(name, value);
            let _ = write!(text, "{name}='{value}' ");
        }
        let shown: Vec<_> = self.arguments.iter().map(|argument| format!(" {argument}")).collect();
        let output = command.args(&self.arguments).output().expect("the program can be run");
        let code = output.status.code();
        let expected = if self.name.starts_with("odd_") { 0 } else { 2 };
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code, Some(expected), "{}: {errors}", self.name);
        let place = place.path().display().to_string();
        let _ = write!(text, "headwater check -c site.conf{} ends with {expected}\n\n", shown.concat());
        // Notes are about the machine: a port that is taken just now, for example.
        let errors: Vec<_> = errors.lines().filter(|line| !line.starts_with("note: ")).collect();
        text + errors.join("\n").replace(&place, "<here>").trim_end()
    }
}

/// All cases.
fn cases() -> Vec<Case> {
    [language::cases(), values::cases(), meaning::cases(), files::cases(), surroundings::cases()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn wrong_configurations_are_told_in_words() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../gallery");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in cases() {
            insta::assert_snapshot!(case.name, case.told());
        }
    });
}

#[test]
fn the_gallery_holds_what_is_in_the_lists() {
    let cases = cases();
    let names: BTreeSet<String> = cases.iter().map(|case| format!("{}.snap", case.name)).collect();
    assert_eq!(names.len(), cases.len(), "each case has a name of its own");
    let refused = names.iter().filter(|name| !name.starts_with("odd_")).count();
    assert!(refused >= 60, "only {refused} refused configurations");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gallery");
    let found = fs::read_dir(directory).expect("the gallery").map(|entry| entry.expect("an entry").file_name());
    let found: BTreeSet<String> = found.map(|name| name.to_string_lossy().into_owned()).collect();
    let odd: Vec<_> = found.symmetric_difference(&names).collect();
    assert!(odd.is_empty(), "either only in the lists or only in the gallery: {odd:?}");
}
