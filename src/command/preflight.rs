//! Whether a start would succeed here and now: directories and ports, looked at without making anything.

use std::path::Path;

use rustix::fs::{Access, access};

use super::place::{self, Nature};
use crate::{
    app,
    config::{
        Settings,
        settings::{Durability, SinkSettings},
    },
    disk::RealDisk,
    listen::{ListenError, Listener},
    pipeline,
    sink::file::FileSink,
};

/// Something that a start would stumble over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// One sentence, and what to do.
    pub text: String,
    /// Whether it stops the start for certain; a port that is taken may be free by then.
    pub fatal: bool,
}

/// Everything that a start would stumble over.
#[must_use]
pub fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let data = &settings.data_directory;
    let usable = could_write(data);
    if let Err(reason) = usable {
        findings.push(fatal(format!(
            "the data directory {} cannot be used: {reason}; name another one with --data DIR or \
             divolte.global.data_directory",
            data.display()
        )));
    } else if app::is_in_use(data) {
        findings.push(Finding {
            text: format!(
                "the data directory {} is used by another process now; a start would be refused while that runs",
                data.display()
            ),
            fatal: false,
        });
    }
    if let Err(reason) = could_write(&settings.journal.directory)
        && (usable.is_ok() || !settings.journal.directory.starts_with(data))
    {
        let directory = settings.journal.directory.display();
        findings.push(fatal(format!(
            "the journal's directory {directory} cannot be used: {reason}; choose another one with \
             divolte.global.journal.directory"
        )));
    }
    let no_room = pipeline::no_room(&settings.journal, &RealDisk);
    findings.extend(no_room.map(|error| fatal(error.to_string())));
    for SinkSettings::File(sink) in &settings.sinks {
        if !sink.make_directories
            && let Err(error) = FileSink::check(sink, &RealDisk)
        {
            findings.push(fatal(error.to_string()));
            continue;
        }
        for (key, directory) in [("working_dir", &sink.working_directory), ("publish_dir", &sink.publish_directory)] {
            // Nothing new of what is below the data directory.
            if usable.is_err() && directory.starts_with(data) {
                break;
            }
            if let Err(reason) = could_write(directory) {
                findings.push(fatal(format!(
                    "sink {}: {key} '{}' cannot be used: {reason}; choose another one, or give it to this user",
                    sink.name,
                    directory.display()
                )));
            }
        }
    }
    findings.extend(disk(settings).into_iter().map(|text| Finding { text, fatal: false }));
    let server = &settings.server;
    findings.extend(port("divolte.global.server", server.host.as_deref(), server.port, true));
    let admin = &settings.admin;
    if admin.enabled {
        findings.extend(port("divolte.global.admin", Some(&admin.host), admin.port, admin.asked_for));
    }
    findings
}

/// What stops a start for certain.
#[must_use]
fn fatal(text: String) -> Finding {
    Finding { text, fatal: true }
}

/// Whether files can be made in a directory, or in the nearest one above it if it is to be made.
fn could_write(directory: &Path) -> Result<(), &'static str> {
    let mut place = directory;
    loop {
        match place.metadata() {
            Ok(found) if !found.is_dir() => return Err("a file stands there"),
            Ok(_) => break,
            Err(_) => match place.parent() {
                Some(parent) if parent != Path::new("") => place = parent,
                Some(_) => place = Path::new("."),
                None => return Err("it cannot be made"),
            },
        }
    }
    access(place, Access::WRITE_OK | Access::EXEC_OK).map_err(|_| "this user is not allowed to write there")
}

/// What the disk under the journal is like, and what to expect of it.
fn disk(settings: &Settings) -> Vec<String> {
    let journal = &settings.journal;
    if journal.durability == Durability::None {
        return Vec::new();
    }
    let directory = place::existing(&journal.directory);
    let mut told = Vec::new();
    let (name, nature) = place::file_system(&directory).unwrap_or(("an unknown file system".into(), Nature::Local));
    if let Ok(time) = place::one_sync(&directory) {
        told.push(format!(
            "the journal is on {name}, where one sync takes {:.1} ms now: an answer waits about that long with fsync",
            time.as_secs_f64() * 1000.0
        ));
    }
    match nature {
        Nature::Local => {}
        Nature::Network => told.push(format!(
            "{name} is a network disk: every answer waits for the network, and a sync is as safe as that server's word; \
             prefer a local disk"
        )),
        Nature::Fleeting => told.push(format!(
            "{name} is lost with the container or the machine, and the journal with it: mount a volume for {}",
            journal.directory.display()
        )),
    }
    told
}

fn port(key: &str, host: Option<&str>, port: u16, needed: bool) -> Option<Finding> {
    let error = Listener::probe(host, port).err()?;
    let fatal = needed && !matches!(error, ListenError::Taken { .. });
    let text = if fatal {
        format!("{error}; {}", error.advice(key))
    } else if needed {
        format!("{error} now; a start would be refused while that program runs")
    } else {
        format!("{error} now; a start would go on without the admin listener")
    };
    Some(Finding { text, fatal })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_directory_that_is_to_be_made_is_judged_by_the_one_above() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path();
        fs::write(path.join("file"), "").expect("a file");
        assert_eq!(could_write(path), Ok(()));
        assert_eq!(could_write(&path.join("a/b/c")), Ok(()));
        assert_eq!(could_write(&path.join("file")), Err("a file stands there"));
        assert_eq!(could_write(&path.join("file/below")), Err("a file stands there"));
        assert_eq!(could_write(Path::new("not-there-yet")), Ok(()));
    }

    #[test]
    fn a_taken_port_may_be_free_by_then_and_a_foreign_address_will_not_be_ours() {
        let taken = Listener::bind(None, 0).expect("a free port");
        let number = taken.local_address().port();
        let found = |host, number, needed| port("divolte.global.server", host, number, needed);
        assert_eq!(found(None, 0, true), None);
        let finding = found(None, number, true).expect("it is taken");
        assert!(!finding.fatal && finding.text.contains("while that program runs"), "{finding:?}");
        let finding = found(None, number, false).expect("it is taken");
        assert!(!finding.fatal && finding.text.contains("without the admin listener"), "{finding:?}");
        let finding = found(Some("192.0.2.1"), 0, true).expect("an address for documentation");
        assert!(finding.fatal && finding.text.contains("set divolte.global.server.host"), "{finding:?}");
    }
}
