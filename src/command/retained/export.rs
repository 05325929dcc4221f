//! `headwater journal export`: retained events, or dead letters, in a file that other tools read.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Retained, avro,
    cat::{What, each, limited},
    letter_files, letters, the_sink,
};
use crate::{
    command::{Failure, print, tell},
    config::{self, LoadRequest, Settings},
    disk::{Disk, RealDisk},
    record::container::Codec,
    sink::avro_file::AvroFile,
    util::reason::reason,
};

/// Bytes of a block of an Avro file.
const BLOCK_BYTES: usize = 1 << 20;

/// What to export.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ExportArguments {
    /// Where it goes: an Avro file if the name ends in .avro, else JSON lines; nothing is overwritten
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
    /// What is read.
    #[command(flatten)]
    pub what: What,
}

/// Writes the file: under another name until it is complete.
///
/// # Errors
/// The configuration is wrong, the file is there already or cannot be written, or journal or letters cannot be read.
pub fn run(request: &LoadRequest, arguments: &ExportArguments, out: &mut impl Write) -> Result<(), Failure> {
    let settings = config::load(request).map_err(|wrong| Failure::config(&wrong))?;
    let target = &arguments.file;
    let refused = |what: String| Failure::Config(format!("headwater: {}: {what}", target.display()));
    if fs::symlink_metadata(target).is_ok() {
        return Err(refused("something stands there already".to_owned()));
    }
    let mut name = target.clone().into_os_string();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(name);
    let is_avro = target.extension().is_some_and(|extension| extension == "avro");
    let write = if is_avro { write_avro } else { write_lines };
    let written = write(&settings, &arguments.what, &partial).and_then(|written| {
        RealDisk.rename_new(&partial, target).map_err(Trouble::from)?;
        Ok(written)
    });
    if written.is_err() {
        // At worst a file stays behind whose name says that it is not complete.
        let _ = fs::remove_file(&partial);
    }
    let written = written.map_err(|trouble| match trouble {
        Trouble::File(error) => refused(reason(&error)),
        Trouble::Other(failure) => failure,
    })?;
    if written.left_out > 0 {
        tell(&format!("headwater: {} cannot be read and are not in the file", written.left_out));
    }
    let what = if arguments.what.dead_letters.is_some() { "dead letters" } else { "events" };
    print(out, &format!("{} {what} in {}\n", written.records, target.display()))
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    records: u64,
    /// What has no place in the file, because it cannot be read.
    left_out: u64,
}

/// Why it was not.
enum Trouble {
    File(io::Error),
    Other(Failure),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

fn write_lines(settings: &Settings, what: &What, path: &Path) -> Result<Written, Trouble> {
    let mut out = BufWriter::new(File::create_new(path)?);
    let (mut records, mut stopped) = (0, None);
    each(settings, what, |json| match writeln!(out, "{json}") {
        Ok(()) => {
            records += 1;
            Ok(ControlFlow::Continue(()))
        }
        Err(error) => {
            stopped = Some(error);
            Ok(ControlFlow::Break(()))
        }
    })
    .map_err(Trouble::Other)?;
    if let Some(error) = stopped {
        return Err(error.into());
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(Written { records, left_out: 0 })
}

/// An Avro file, with the records that wait for their block to end.
struct Blocks {
    file: AvroFile,
    data: Vec<u8>,
    pending: u64,
    written: Written,
    stopped: Option<io::Error>,
}

impl Blocks {
    fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> bool) -> ControlFlow<()> {
        if encode(&mut self.data) {
            self.pending += 1;
        } else {
            self.written.left_out += 1;
        }
        if self.data.len() >= BLOCK_BYTES { self.end_block() } else { ControlFlow::Continue(()) }
    }

    fn end_block(&mut self) -> ControlFlow<()> {
        if self.pending > 0
            && let Err(error) = self.file.append(self.pending, &self.data)
        {
            self.stopped = Some(error);
            return ControlFlow::Break(());
        }
        self.written.records += self.pending;
        self.pending = 0;
        self.data.clear();
        ControlFlow::Continue(())
    }
}

fn write_avro(settings: &Settings, what: &What, path: &Path) -> Result<Written, Trouble> {
    let sink = what.dead_letters.as_deref().map(|sink| the_sink(settings, sink)).transpose().map_err(Trouble::Other)?;
    let schema = if sink.is_some() { avro::letter_schema() } else { avro::event_schema() };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let file = AvroFile::create(&disk, path, &schema, Codec::Deflate, true).map_err(|error| error.source)?;
    let mut blocks = Blocks { file, data: Vec::new(), pending: 0, written: Written::default(), stopped: None };
    let mut limit = what.limit.unwrap_or(u64::MAX);
    let read = match sink {
        Some(sink) => letter_files(settings, &sink).and_then(|files| {
            letters(&files, &what.selection, |letter| {
                limited(&mut limit, || Ok(blocks.push(|out| avro::push_letter(letter, out))))
            })
        }),
        None => Retained::open(settings).and_then(|retained| {
            retained.events(&what.selection, |stored| {
                limited(&mut limit, || Ok(blocks.push(|out| avro::push_event(stored.offset.0, stored.bytes, out))))
            })
        }),
    };
    read.map_err(Trouble::Other)?;
    let _ = blocks.end_block();
    if let Some(error) = blocks.stopped {
        return Err(error.into());
    }
    blocks.file.finish()?;
    Ok(blocks.written)
}
