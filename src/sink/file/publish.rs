//! Beginning files, ending them, and moving them to where they are published.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    record::schema::RecordSchema,
    sink::{
        Ledger, SinkError,
        avro_file::{AvroFile, CreateError, fingerprint},
    },
    util::fail_point,
};

use super::{
    FileSink, Trouble,
    name::{PARTIAL, renumbered},
    state::Intent,
    trouble,
};

/// Names that are tried for one file before giving up.
const NAME_ATTEMPTS_MAX: u32 = 1000;

/// What became of an attempt to publish.
enum Moved {
    /// It stands where it was meant to.
    Published,
    /// Something else stands there.
    Taken,
    /// The file is gone, and was never published.
    Lost,
}

impl FileSink {
    /// Begins a file in every lane that has none. What has begun stays when a later one fails.
    pub(super) fn open_lanes(&mut self) -> Result<(), Trouble> {
        self.sweep()?;
        for index in 0..self.lanes.len() {
            if self.lanes[index].file.is_none() {
                self.open_lane(index)?;
            }
        }
        self.sync_names()
    }

    /// A checkpoint may name only what a power cut leaves in its place, and leave out only what does not come back.
    pub(super) fn sync_names(&mut self) -> Result<(), Trouble> {
        if self.unsynced_names {
            // Before that, a file that was moved must be safe under its new name.
            self.sync_directories(|intent| &intent.to)?;
            self.disk.sync_dir(&self.working).map_err(trouble("sync", &self.working))?;
            self.unsynced_names = false;
        }
        Ok(())
    }

    fn sweep(&mut self) -> Result<(), Trouble> {
        self.unsynced_names |= self.tidy.sweep(&*self.disk)?;
        Ok(())
    }

    fn open_lane(&mut self, index: usize) -> Result<(), Trouble> {
        let now_ms = self.clock.now_ms();
        for _ in 0..NAME_ATTEMPTS_MAX {
            let lane = &mut self.lanes[index];
            let finished = self.names.finished(now_ms, lane.number);
            let path = self.working.join(finished.clone() + PARTIAL);
            let target = self.publish.join(&finished);
            // Two files that were begun in one second, by this process or a former one, must not meet later.
            if self.disk.metadata(&target).map_err(trouble("look at", &target))?.is_none() {
                match AvroFile::create(&self.disk, &path, &self.schema, self.codec, false) {
                    Ok(file) => {
                        self.tidy.keep(&path);
                        self.unsynced_names = true;
                        lane.set_file(file, &self.fingerprint);
                        lane.opened_ms = now_ms;
                        return Ok(());
                    }
                    Err(CreateError { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(CreateError { source, left_behind }) => {
                        if left_behind {
                            self.tidy.later(path.clone());
                        }
                        return Err(trouble("make", &path)(source));
                    }
                }
            }
            lane.number = self.numbers.next();
        }
        Err(trouble("make a file in", &self.working)(io::ErrorKind::AlreadyExists.into()))
    }

    /// Ends and publishes every file that is old or large enough, and begins new ones.
    pub(super) fn roll(&mut self, now_ms: i64, ledger: &mut Ledger) -> Result<(), SinkError> {
        self.end_blocks()?;
        let lanes: Vec<_> = (0..self.lanes.len()).filter(|lane| self.roll_due(&self.lanes[*lane], now_ms)).collect();
        self.end_files(&lanes, ledger)?;
        let opened = self.open_lanes().map_err(self.unavailable());
        // Committed even if that failed: what is published is done with.
        self.commit(ledger)?;
        opened
    }

    /// Ends and publishes every file, and goes on with files of another schema. The new schema holds whatever fails:
    /// `resume` then ends what is left of the former one.
    pub(super) fn change(&mut self, schema: &Arc<RecordSchema>, ledger: &mut Ledger) -> Result<(), SinkError> {
        let fingerprint = fingerprint(schema);
        self.schema = Arc::clone(schema);
        if std::mem::replace(&mut self.fingerprint, fingerprint) == self.fingerprint {
            return Ok(());
        }
        if !self.publishing.is_empty() {
            self.publish_intended(ledger)?;
        }
        self.end_blocks()?;
        let lanes: Vec<_> = (0..self.lanes.len()).collect();
        self.end_files(&lanes, ledger)?;
        let opened = self.open_lanes().map_err(self.unavailable());
        self.commit(ledger)?;
        opened
    }

    /// Ends and publishes every file.
    pub(super) fn stop(&mut self, ledger: &mut Ledger) -> Result<(), SinkError> {
        self.end_blocks()?;
        let lanes: Vec<_> = (0..self.lanes.len()).collect();
        self.end_files(&lanes, ledger)?;
        self.commit(ledger)
    }

    /// Publishes the files of these lanes, or removes them where they hold no record. The last commit is the caller's.
    fn end_files(&mut self, lanes: &[usize], ledger: &mut Ledger) -> Result<(), SinkError> {
        for lane in lanes {
            let Some(mut file) = self.lanes[*lane].take_file() else { continue };
            if file.records() > 0 {
                // After a rewind there may be blocks in it that do not count.
                let finished = file.finish().map_err(trouble("complete", file.path()));
                finished.map_err(self.unavailable())?;
            }
            if file.records() == 0 {
                self.tidy.later(file.path().to_owned());
            } else {
                let to = self.publish.join(finished(file.path()));
                self.publishing.push(Intent { from: file.path().to_owned(), to, mark: file.mark() });
            }
        }
        self.sweep().map_err(self.unavailable())?;
        if self.publishing.is_empty() {
            return Ok(());
        }
        self.commit(ledger)?;
        self.publish_intended(ledger)
    }

    /// Moves every file that a committed intent names, and makes the moves durable. The commit that forgets the
    /// intents is the caller's.
    pub(super) fn publish_intended(&mut self, ledger: &mut Ledger) -> Result<(), SinkError> {
        let mut index = 0;
        while index < self.publishing.len() {
            let intent = self.publishing[index].clone();
            match self.publish_one(&intent).map_err(self.unavailable())? {
                Moved::Published => {
                    let records = intent.mark.records;
                    tracing::info!(sink = %self.name, file = %intent.to.display(), records, "file published");
                    self.tidy.moved(intent);
                    index += 1;
                }
                Moved::Lost => {
                    self.lose(&intent.from, intent.mark.records);
                    index += 1;
                }
                Moved::Taken => {
                    let number = self.numbers.next();
                    let name = intent.to.file_name().unwrap_or_default().to_string_lossy();
                    self.publishing[index].to = intent.to.with_file_name(renumbered(&name, number));
                    self.commit(ledger)?;
                }
            }
        }
        self.sync_moves().map_err(self.unavailable())?;
        self.publishing.clear();
        Ok(())
    }

    fn publish_one(&self, intent: &Intent) -> Result<Moved, Trouble> {
        let Intent { from, to, mark } = intent;
        let error = match self.disk.rename_new(from, to) {
            Ok(()) => {
                fail_point::pass("publish");
                return Ok(Moved::Published);
            }
            Err(error) => error,
        };
        let look = |path: &Path| self.disk.metadata(path).map_err(trouble("look at", path));
        let ours = mark.is_of(&*self.disk, to).map_err(trouble("read", to))?;
        match (error.kind(), look(from)?) {
            // A crash between the syncs of the two directories leaves both names, and so does a link without an unlink.
            (io::ErrorKind::AlreadyExists, Some(_)) if ours => {
                self.disk.remove(from).map_err(trouble("remove", from))?;
                Ok(Moved::Published)
            }
            (io::ErrorKind::AlreadyExists, Some(_)) => Ok(Moved::Taken),
            (_, None) if ours || self.tidy.was_moved(from) => Ok(Moved::Published),
            (_, None) if from.parent().map(look).transpose()?.flatten().is_some() => Ok(Moved::Lost),
            _ => Err(trouble("publish", from)(error)),
        }
    }

    fn sync_moves(&self) -> Result<(), Trouble> {
        // The new names first: were the old ones gone for good before, a power cut could leave neither.
        self.sync_directories(|intent| &intent.to)?;
        self.sync_directories(|intent| &intent.from)
    }

    fn sync_directories(&self, path: impl Fn(&Intent) -> &PathBuf) -> Result<(), Trouble> {
        let directories: BTreeSet<_> = self.publishing.iter().filter_map(|intent| path(intent).parent()).collect();
        for directory in directories {
            self.disk.sync_dir(directory).map_err(trouble("sync", directory))?;
        }
        Ok(())
    }
}

/// The name under which an unfinished file is published.
pub(super) fn finished(partial: &Path) -> String {
    let name = partial.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(PARTIAL).unwrap_or(&name).to_owned()
}
