//! The real program with a recorded configuration, in directories of its own.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{
    golden,
    support::program::{Program, command, free_port},
};

/// How a start went.
#[derive(Debug)]
pub enum Start {
    /// It listened, and ended with this code when it was told to stop.
    Running {
        /// Exit code.
        code: Option<i32>,
        /// What it wrote.
        output: String,
    },
    /// It did not listen.
    Refused {
        /// Exit code; unset: it did not even end.
        code: Option<i32>,
        /// What it wrote.
        output: String,
    },
}

impl Start {
    /// What it wrote.
    pub fn output(&self) -> &str {
        let (Self::Running { output, .. } | Self::Refused { output, .. }) = self;
        output
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { code, output } => write!(f, "ran, exit code {code:?}: {output}"),
            Self::Refused { code, output } => write!(f, "refused, exit code {code:?}: {output}"),
        }
    }
}

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
        Program::start(self.command("serve"), self.port, self.root.path())
    }

    /// Starts the program and stops it again at once.
    pub fn try_start(&self) -> Start {
        match self.start() {
            Ok(mut program) => {
                let code = program.stop();
                Start::Running { code, output: program.output() }
            }
            Err(output) => {
                let code = output.strip_prefix("ended with exit status: ").and_then(|rest| rest.split(' ').next());
                Start::Refused { code: code.and_then(|code| code.parse().ok()), output }
            }
        }
    }

    /// What `check` says of the configuration.
    pub fn check(&self) -> Start {
        let output = self.command("check").output().expect("the program can be run");
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        match output.status.code() {
            Some(0) => Start::Running { code: Some(0), output: text },
            code => Start::Refused { code, output: text },
        }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = command();
        command.arg(name).arg("-c").arg(self.path("divolte-collector.conf"));
        command.arg("--data").arg(self.path("data")).args(["--set", "divolte.global.admin.port=0"]);
        // For configurations that do not name a port.
        command.env("DIVOLTE_PORT", self.port.to_string()).current_dir(self.root.path());
        command
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
            mapping: Option<String>,
        }
        for name in crate::ACTIVE {
            let group = golden::load::<OwnConfig>(name);
            let own = group.cases.iter().filter_map(|case| Some((case.config.as_ref()?, case.mapping.as_ref())));
            for (config, mapping) in group.config.iter().map(|config| (config, group.mapping.as_ref())).chain(own) {
                let schema = group.schema.as_deref();
                let instance = Instance::new(config, schema, mapping.map(String::as_str), &group.files);
                let text = fs::read_to_string(instance.path("divolte-collector.conf")).expect("just written");
                assert!(!text.contains('@'), "{name}: {text}");
                let port = format!("port = {}", instance.port);
                assert_eq!(text.contains(&port), config.contains("@PORT@"), "{name}: {text}");
            }
        }
    }
}
