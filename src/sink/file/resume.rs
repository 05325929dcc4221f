//! Where the files really stand after an error or at the start of a process.

use std::{io, path::Path};

use crate::sink::{
    Behind, Loss,
    avro_file::{AvroFile, Mark},
};

use super::{
    FileSink, Trouble,
    publish::finished,
    state::{Intent, Partial, State},
    trouble,
};

/// How a file that a checkpoint names is found.
enum Found {
    /// At least as long as it was.
    Good,
    /// Shorter than it was.
    Cut,
    /// Not there, or another file stands in its place.
    Gone,
}

impl FileSink {
    /// Makes the lanes ready to go on from `state`: those of this process with their files, those of a former one with
    /// new files. What is to be published then waits in `publishing`, and is only touched once this is committed.
    pub(super) fn recover(&mut self, state: &State) -> Result<(), Trouble> {
        let own = state.process == self.process;
        for lane in &mut self.lanes {
            lane.drop_pending();
        }
        self.drop_vanished()?;
        self.publishing.clone_from(&state.publishing);
        if own {
            for (index, partial) in state.lanes.iter().enumerate() {
                match partial {
                    Some(partial) => self.go_on(index, partial)?,
                    None => self.start_over(index),
                }
            }
        } else {
            // Whether a former process has moved a file that it meant to move cannot be known if it is gone by now:
            // who collects published files may have been quick.
            state.publishing.iter().for_each(|intent| self.tidy.moved(intent.clone()));
            for partial in state.lanes.iter().flatten() {
                self.finish_leftover(state, partial)?;
            }
            (0..self.lanes.len()).for_each(|index| self.start_over(index));
        }
        self.open_lanes()
    }

    /// Forgets open files that were removed from outside.
    fn drop_vanished(&mut self) -> Result<(), Trouble> {
        for lane in &mut self.lanes {
            let Some(path) = lane.file.as_ref().map(|file| file.path().to_owned()) else { continue };
            if self.disk.metadata(&path).map_err(trouble("look at", &path))?.is_none() {
                lane.take_file();
            }
        }
        Ok(())
    }

    /// No checkpoint names the lane's file: if there is one it holds nothing that counts, and can be used unless it was
    /// begun with another schema.
    fn start_over(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        let same = lane.schema() == self.fingerprint;
        match lane.take_file() {
            Some(mut file) if same => {
                file.empty();
                lane.set_file(file, &self.fingerprint);
            }
            Some(file) => self.tidy.later(file.path().to_owned()),
            None => {}
        }
    }

    /// Goes on with the file that this process has named.
    fn go_on(&mut self, index: usize, partial: &Partial) -> Result<(), Trouble> {
        let path = self.working.join(&partial.name);
        let open = self.lanes[index].file.as_ref().map(|file| file.path().to_owned());
        match self.find(&path, &partial.mark)? {
            Found::Good if partial.schema == self.fingerprint => {
                let file =
                    AvroFile::reopen(&self.disk, &path, &partial.mark, self.codec).map_err(trouble("open", &path))?;
                self.tidy.keep(&path);
                self.lanes[index].set_file(file, &self.fingerprint);
                // A file that was begun in the meantime is not needed.
                open.filter(|open| *open != path).into_iter().for_each(|open| self.tidy.later(open));
                return Ok(());
            }
            Found::Good => self.complete(&path, &self.publish.clone(), partial.mark.clone())?,
            Found::Cut => self.salvage(&path, &self.publish.clone(), &partial.mark)?,
            Found::Gone => self.lose(&path, partial.mark.records),
        }
        // The lane begins a new file, unless it has already done so.
        if open.is_some_and(|open| open == path) {
            self.lanes[index].take_file();
        }
        self.start_over(index);
        Ok(())
    }

    /// Completes a file of a former process.
    fn finish_leftover(&mut self, state: &State, partial: &Partial) -> Result<(), Trouble> {
        let mut path = state.working.join(&partial.name);
        if state.working != self.working && !self.is_there(&path)? {
            // The directory may have been moved as a whole.
            path = self.working.join(&partial.name);
        }
        let target = if self.is_there(&state.publish)? { &state.publish } else { &self.publish }.clone();
        match self.find(&path, &partial.mark)? {
            Found::Good => {
                let mark = match self.behind {
                    Behind::Cut => partial.mark.clone(),
                    Behind::Keep => partial.mark.scan(&*self.disk, &path).map_err(trouble("read", &path))?,
                };
                self.complete(&path, &target, mark)
            }
            Found::Cut => self.salvage(&path, &target, &partial.mark),
            Found::Gone => {
                // A cursor that is not synced may be older than what it tells of.
                let published = target.join(finished(&path));
                let published = partial.mark.is_of(&*self.disk, &published).map_err(trouble("read", &published))?;
                if !published {
                    self.lose(&path, partial.mark.records);
                }
                Ok(())
            }
        }
    }

    fn is_there(&self, path: &Path) -> Result<bool, Trouble> {
        Ok(self.disk.metadata(path).map_err(trouble("look at", path))?.is_some())
    }

    /// Looks for a file. A directory that is missing as a whole may come back, so nothing is said of its files.
    fn find(&self, path: &Path, mark: &Mark) -> Result<Found, Trouble> {
        let length = self.disk.metadata(path).map_err(trouble("look at", path))?.map(|found| found.length);
        let Some(length) = length else {
            let there = path.parent().map(|directory| self.is_there(directory)).transpose()?.unwrap_or(true);
            return if there { Ok(Found::Gone) } else { Err(trouble("find", path)(io::ErrorKind::NotFound.into())) };
        };
        if length < mark.length && length < mark.header {
            return Ok(Found::Cut);
        }
        if !mark.is_of(&*self.disk, path).map_err(trouble("read", path))? {
            return Ok(Found::Gone);
        }
        Ok(if length < mark.length { Found::Cut } else { Found::Good })
    }

    /// Cuts the file to its mark and has it published, or removed where it holds no record.
    fn complete(&mut self, path: &Path, directory: &Path, mark: Mark) -> Result<(), Trouble> {
        if mark.records == 0 {
            self.tidy.later(path.to_owned());
            return Ok(());
        }
        let mut file = AvroFile::reopen(&self.disk, path, &mark, self.codec).map_err(trouble("open", path))?;
        file.finish().map_err(trouble("complete", path))?;
        let to = directory.join(finished(path));
        self.publishing.push(Intent { from: path.to_owned(), to, mark });
        Ok(())
    }

    /// What is left of a file that was cut from outside is published; the rest is lost.
    fn salvage(&mut self, path: &Path, directory: &Path, mark: &Mark) -> Result<(), Trouble> {
        let left = match mark.scan(&*self.disk, path) {
            Ok(left) => left,
            Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
                Mark { length: 0, records: 0, ..mark.clone() }
            }
            Err(error) => return Err(trouble("read", path)(error)),
        };
        self.lose(path, mark.records.saturating_sub(left.records));
        self.complete(path, directory, left)
    }

    /// Tells of records that were durable and are gone, once.
    pub(super) fn lose(&mut self, path: &Path, records: u64) {
        if records > 0 && self.lost.insert(path.to_owned()) {
            let what = format!("{} was removed or cut from outside", path.display());
            self.losses.push(Loss { records, what });
        }
    }
}
