//! What a replay is to send, written down before it begins, so that it can go on after it was ended.

use std::{
    any::Any,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Zoned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    checkpoint::{Offset, SinkName, Span},
    command::{Failure, retained::Selection},
    disk::{Disk, RealDisk},
    journal,
    util::reason::reason,
};

/// Names that are tried for a new replay.
const NAME_ATTEMPTS_MAX: u32 = 1000;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// `replay-<time>`.
    pub name: String,
    /// Which events or letters.
    pub selection: Selection,
    /// To which sinks.
    pub parts: Vec<Part>,
}

/// What is sent to one sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The sink.
    pub sink: String,
    /// So many events or letters.
    pub selected: u64,
    /// Where they are.
    pub what: What,
}

/// Where the events are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// In a journal, in the blocks from `first` to `next`.
    Events {
        /// The journal's identity.
        journal: Uuid,
        /// Begin of a block.
        first: u64,
        /// End of a block.
        next: u64,
        /// Nothing from this offset on.
        before: u64,
    },
    /// In dead letters: names of the sink's files, each with the number of its letters.
    Letters {
        /// The files, oldest first.
        files: Vec<(String, u64)>,
        /// Nothing from this letter on, counted through all files.
        before: u64,
    },
}

impl Part {
    /// Name of the instance of the sink, by which its cursor and its dead letters go.
    #[must_use]
    pub fn instance(&self, plan: &Plan) -> SinkName {
        SinkName::new(&format!("{}-{}", plan.name, self.sink))
    }

    /// The numbers that the instance's cursor walks through.
    #[must_use]
    pub fn span(&self) -> Span {
        match &self.what {
            What::Events { first, next, .. } => Span::new(Offset(*first), Offset(*next)),
            What::Letters { files, .. } => Span::new(Offset(0), Offset(files.iter().map(|(_, letters)| letters).sum())),
        }
    }

    /// Identity of what is walked through; that of no journal for letters.
    #[must_use]
    pub fn journal(&self) -> Uuid {
        match &self.what {
            What::Events { journal, .. } => *journal,
            What::Letters { .. } => Uuid::nil(),
        }
    }
}

/// A plan that this process carries out.
#[derive(Debug)]
pub struct Taken {
    /// The plan.
    pub plan: Plan,
    directory: PathBuf,
    /// Held so that no second process carries it out.
    _lock: Box<dyn Any + Send + Sync>,
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::Running(format!("headwater: {}: {}", path.display(), reason(error)))
}

fn directory(data: &Path) -> PathBuf {
    data.join("replays")
}

fn file(directory: &Path, name: &str, end: &str) -> PathBuf {
    directory.join(format!("{name}.{end}"))
}

fn lock(directory: &Path, name: &str) -> Result<Box<dyn Any + Send + Sync>, Failure> {
    let path = file(directory, name, "lock");
    RealDisk.lock(&path).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Failure::Config(format!("headwater: another process carries {name} out")),
        _ => failed(&path, &error),
    })
}

impl Taken {
    /// Writes a new plan down, under a name that is free.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(data: &Path, selection: Selection, parts: Vec<Part>) -> Result<Self, Failure> {
        let directory = directory(data);
        RealDisk.create_dir_all(&directory, true).map_err(|error| failed(&directory, &error))?;
        let time = Zoned::now().strftime("replay-%Y%m%d%H%M%S").to_string();
        let names = (1..=NAME_ATTEMPTS_MAX).map(|number| match number {
            1 => time.clone(),
            number => format!("{time}-{number}"),
        });
        for name in names {
            let Ok(lock) = lock(&directory, &name) else { continue };
            let path = file(&directory, &name, "json");
            if path.exists() {
                continue;
            }
            let plan = Plan { name, selection, parts };
            let json = serde_json::to_vec(&plan).expect("strings and numbers are JSON");
            RealDisk.replace(&path, &json, true).map_err(|error| failed(&path, &error))?;
            return Ok(Self { plan, directory, _lock: lock });
        }
        Err(Failure::Running(format!("headwater: every name for a new replay in {} is taken", directory.display())))
    }

    /// Takes up a plan that was not carried out to its end.
    ///
    /// # Errors
    /// There is none of this name, or another process carries it out.
    pub fn resume(data: &Path, name: &str) -> Result<Self, Failure> {
        let directory = directory(data);
        let path = file(&directory, name, "json");
        let none = |_| {
            let names = unfinished(&directory);
            let hint =
                if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) };
            Failure::Config(format!("headwater: there is no unfinished replay `{name}`\n  hint: {hint}"))
        };
        fs::metadata(&path).map_err(none)?;
        let lock = lock(&directory, name)?;
        let json = fs::read(&path).map_err(none)?;
        let plan = serde_json::from_slice(&json);
        let plan = plan.map_err(|error| Failure::Running(format!("headwater: {}: {error}", path.display())))?;
        Ok(Self { plan, directory, _lock: lock })
    }

    /// It is carried out: forgets it and its cursors.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn finish(self, journal: &Path) -> Result<(), Failure> {
        let name = &self.plan.name;
        // The plan first: without it nobody goes on from a cursor that is gone.
        for end in ["json", "lock"] {
            let path = file(&self.directory, name, end);
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        for part in &self.plan.parts {
            let removed = journal::remove_cursor_beside(journal, &RealDisk, &part.instance(&self.plan));
            removed.map_err(|error| Failure::Running(format!("headwater: {error}")))?;
        }
        Ok(())
    }
}

/// Names of the plans that are not carried out to their end.
fn unfinished(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned())).collect();
    names.sort();
    names
}
