//! The loader from outside: what loads, with which settings, and what is said when it does not.

mod golden;
mod keys;
mod precedence;
mod reference;

use std::{fs, path::Path};

use super::*;
use crate::{config::settings::*, diagnostic};

/// A directory with a configuration in it.
struct Bench {
    directory: tempfile::TempDir,
    request: LoadRequest,
}

impl Bench {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for name in ["work", "pub"] {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        let file = directory.path().join("site.conf");
        fs::write(&file, text.replace("@DIR@", &directory.path().display().to_string())).expect("a file");
        let request = LoadRequest { config: Some(file), ..LoadRequest::default() };
        Self { directory, request }
    }

    fn embedded() -> Self {
        let mut bench = Self::new("");
        bench.request.config = None;
        bench
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn set(mut self, text: &str) -> Self {
        self.request.set.push(text.to_owned());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.request.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    #[track_caller]
    fn settings(&self) -> Settings {
        load(&self.request).unwrap_or_else(|errors| panic!("{}", diagnostic::render(&errors, false)))
    }

    /// Everything that is said, without the paths of this machine.
    fn said(&self) -> String {
        let diagnostics = match load(&self.request) {
            Ok(settings) => settings.warnings,
            Err(errors) => errors,
        };
        let here = std::env::current_dir().expect("a working directory");
        diagnostic::render(&diagnostics, false)
            .replace(&format!("{}/", self.path().display()), "")
            .replace(&here.display().to_string(), "<here>")
    }
}
