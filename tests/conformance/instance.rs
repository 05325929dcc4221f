//! The real program with a recorded configuration, in directories of its own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    golden,
    support::program::{Program, command, free_port},
};

/// Directories and configuration of one program; it may be started several times on them.
pub struct Instance {
    root: TempDir,
    port: u16,
}

impl Instance {
    /// Writes the configuration with its tokens replaced, and the files that it names.
    pub fn new(config: &str, schema: Option<&str>, mapping: Option<&str>, files: &BTreeMap<String, String>) -> Self {
        let root = TempDir::with_prefix("headwater-").expect("a temporary directory");
        let instance = Self { root, port: free_port() };
        let write = |name: &str, text: &str| {
            let path = instance.path(name);
            fs::write(&path, text).expect("a writable temporary directory");
            path
        };
        for (name, text) in files {
            write(name, text);
        }
        let mut config = config.replace("@PORT@", &instance.port.to_string());
        let mut replace = |token: &str, path: &Path| {
            config = config.replace(token, path.to_str().expect("a temporary directory of plain characters"));
        };
        for lane in ["", "2", "3"] {
            for (token, directory) in [("WORK", instance.work(lane)), ("PUB", instance.published(lane))] {
                fs::create_dir(&directory).expect("a writable temporary directory");
                replace(&format!("@{token}{lane}@"), &directory);
            }
        }
        if let Some(schema) = schema {
            replace("@SCHEMA@", &write("schema.avsc", schema));
        }
        if let Some(mapping) = mapping {
            replace("@MAPPING@", &write("mapping.groovy", mapping));
        }
        replace("@ROOT@", instance.root.path());
        replace("@GOLDEN@", &golden::directory());
        write("divolte-collector.conf", &config);
        instance
    }

    /// Starts the program; waits until it answers.
    ///
    /// # Errors
    /// What it wrote instead.
    pub fn start(&self) -> Result<Program, String> {
        let mut command = command();
        command.arg("serve").arg("-c").arg(self.path("divolte-collector.conf"));
        command.arg("--data").arg(self.path("data")).args(["--set", "divolte.global.admin.port=0"]);
        command.current_dir(self.root.path());
        Program::start(command, self.port, self.root.path())
    }

    /// Working directory of a sink: `""` for the first, `"2"`, `"3"`.
    pub fn work(&self, sink: &str) -> PathBuf {
        self.path(&format!("work{sink}"))
    }

    /// Publish directory of a sink.
    pub fn published(&self, sink: &str) -> PathBuf {
        self.path(&format!("published{sink}"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_of_the_active_groups_is_replaced() {
        #[derive(serde::Deserialize)]
        struct OwnConfig {
            config: Option<String>,
        }
        for name in crate::ACTIVE {
            let group = golden::load::<OwnConfig>(name);
            for config in group.config.iter().chain(group.cases.iter().filter_map(|case| case.config.as_ref())) {
                let schema = group.schema.as_deref();
                let instance = Instance::new(config, schema, group.mapping.as_deref(), &group.files);
                let text = fs::read_to_string(instance.path("divolte-collector.conf")).expect("just written");
                assert!(!text.contains('@'), "{name}: {text}");
                assert!(text.contains(&format!("port = {}", instance.port)), "{name}: {text}");
            }
        }
    }
}
