//! `headwater cat`: Avro container files as JSON lines.

mod dress;
mod follow;

use std::{
    fmt::{self, Display, Formatter},
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    record::{
        container::{BlockHead, ContainerError, ContainerReader},
        json::{DatumError, EMPTY_VALUES_MAX, write_json},
        schema::{AnySchema, Defaults, SchemaError},
    },
    util::reason::reason,
};

pub use dress::Dress;
pub(super) use follow::{nobody_reads, stop_on_signal};

/// The path that stands for the standard input.
const STDIN: &str = "-";

/// Bytes of lines that are gathered before they are written.
const LINES_BYTES: usize = 64 * 1024;

/// What to print.
#[derive(Clone, Debug, clap::Args)]
pub struct CatArguments {
    /// Avro container files, or directories of published ones; `-` is the standard input
    #[arg(required = true, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Print the schema instead of the records
    #[arg(long)]
    pub schema: bool,
    /// Go on with every file that is published in a directory, until Ctrl-C; the directory may be made later
    #[arg(short, long, conflicts_with = "schema")]
    pub follow: bool,
    /// Only what is published from now on
    #[arg(long, requires = "follow")]
    pub new: bool,
}

/// Why not everything could be printed.
#[derive(Debug, thiserror::Error)]
pub enum CatError {
    /// Some files cannot be read, or not to their end. All that can be read has been printed.
    #[error("{}", Lines(.0))]
    Files(Vec<FileError>),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct FileError {
    /// The file.
    pub name: String,
    /// What is wrong.
    pub problem: FileProblem,
}

impl CatError {
    /// Whether nothing that was named is there to be read.
    #[must_use]
    pub fn is_wrong_usage(&self) -> bool {
        let wrong = |error: &FileError| matches!(error.problem, FileProblem::Unusable(_));
        matches!(self, Self::Files(errors) if errors.iter().all(wrong))
    }
}

/// Why a file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// It is not there, or not to be opened: why, and what to do.
    #[error("{0}")]
    Unusable(String),
    /// It cannot be opened or read, is no container, or is damaged.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// Its schema cannot be used.
    #[error("the schema in the file cannot be used: {0}")]
    Schema(#[from] SchemaError),
    /// A record does not agree with the schema.
    #[error("record {number} of the block at byte {} cannot be read: {reason}", block.offset)]
    Record {
        /// The block.
        block: BlockHead,
        /// Which record in it, from 1.
        number: u64,
        /// What is wrong.
        reason: DatumError,
    },
    /// A block holds more than its records.
    #[error("the block at byte {offset} goes on for {bytes} bytes after its last record")]
    Rest {
        /// Where the block begins.
        offset: u64,
        /// So much is left.
        bytes: usize,
    },
}

/// Prints the records (or the schema) of the files to `out`, one after the other. A file that cannot be read to its
/// end does not keep the next ones from being printed. When nobody reads the output any more, that is a quiet end.
///
/// # Errors
/// A path does not exist, a file cannot be read or is damaged, or the output cannot be written.
pub fn run(arguments: &CatArguments, dress: Dress, out: &mut impl Write) -> Result<(), CatError> {
    let mut out = BufWriter::with_capacity(LINES_BYTES, out);
    if arguments.follow {
        return follow::follow(&arguments.paths, arguments.new, dress, &mut out);
    }
    let show = if arguments.schema { Show::Schema } else { Show::Records(dress) };
    let (files, mut problems) = files(&arguments.paths);
    for path in files {
        match print_path(&path, show, &mut out) {
            Ok(()) => {}
            Err(Stop::Output(error)) => return end_of_output(error),
            Err(Stop::File(problem)) => problems.push(FileError { name: display_name(&path), problem }),
        }
    }
    if let Err(error) = out.flush() {
        return end_of_output(error);
    }
    if problems.is_empty() { Ok(()) } else { Err(CatError::Files(problems)) }
}

/// What is printed of a file.
#[derive(Clone, Copy, Debug)]
enum Show {
    Schema,
    Records(Dress),
}

/// The files that are meant: directories stand for what is published in them.
fn files(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<FileError>) {
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for path in paths {
        let found = match fs::metadata(path) {
            _ if path == Path::new(STDIN) => Ok(vec![path.clone()]),
            Ok(found) if found.is_dir() => follow::published(path),
            Ok(_) => Ok(vec![path.clone()]),
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => files.extend(found),
            Err(error) => wrong.push(FileError { name: display_name(path), problem: unusable(path, &error) }),
        }
    }
    (files, wrong)
}

/// What is wrong with a path, and what to do.
fn unusable(path: &Path, error: &io::Error) -> FileProblem {
    let place = path.parent().filter(|place| *place != Path::new("")).unwrap_or(Path::new("."));
    FileProblem::Unusable(match error.kind() {
        // The shell hands a pattern on that fits nothing.
        io::ErrorKind::NotFound if path.to_string_lossy().contains('*') => {
            format!("nothing fits; to wait for files: headwater cat --follow {}", place.display())
        }
        io::ErrorKind::NotFound => "it does not exist; headwater cat --follow waits for a directory".to_owned(),
        _ => format!("it cannot be read: {}", reason(error)),
    })
}

/// What ends the printing of a file before its end.
enum Stop {
    File(FileProblem),
    Output(io::Error),
}

impl<P: Into<FileProblem>> From<P> for Stop {
    fn from(problem: P) -> Self {
        Self::File(problem.into())
    }
}

fn end_of_output(error: io::Error) -> Result<(), CatError> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(CatError::Output(error)) }
}

fn display_name(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".to_owned() } else { path.display().to_string() }
}

fn print_path(path: &Path, show: Show, out: &mut impl Write) -> Result<(), Stop> {
    if path == Path::new(STDIN) {
        print_file(io::stdin().lock(), show, out)
    } else {
        print_file(File::open(path).map_err(ContainerError::Io)?, show, out)
    }
}

fn print_file(input: impl Read, show: Show, out: &mut impl Write) -> Result<(), Stop> {
    let mut reader = ContainerReader::open(input)?;
    let schema = AnySchema::read(reader.schema(), Defaults::Ignore)?;
    let dress = match show {
        Show::Schema => return writeln!(out, "{}", schema.pretty()).map_err(Stop::Output),
        Show::Records(dress) => dress,
    };
    let mut data = Vec::new();
    while let Some(block) = reader.next_block(&mut data)? {
        print_block(&schema, block, &data, dress, out)?;
    }
    Ok(())
}

fn print_block(
    schema: &AnySchema,
    block: BlockHead,
    data: &[u8],
    dress: Dress,
    out: &mut impl Write,
) -> Result<(), Stop> {
    let mut rest = data;
    let mut line = Vec::new();
    for number in 1..=block.records {
        line.clear();
        let unread = |reason| FileProblem::Record { block, number, reason };
        if rest.is_empty() && number > EMPTY_VALUES_MAX as u64 {
            // A damaged block may claim any number of records that take no bytes.
            return Err(unread(DatumError::TooManyEmpty).into());
        }
        write_json(&schema.kind, &schema.types, &mut rest, &mut line).map_err(unread)?;
        line.push(b'\n');
        dress.write(&line, out).map_err(Stop::Output)?;
    }
    if rest.is_empty() { Ok(()) } else { Err(FileProblem::Rest { offset: block.offset, bytes: rest.len() }.into()) }
}

/// Shows one error per line.
struct Lines<'a>(&'a [FileError]);

impl Display for Lines<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            let line_break = if number > 0 { "\n" } else { "" };
            write!(out, "{line_break}{error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
