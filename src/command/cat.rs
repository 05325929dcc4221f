//! `headwater cat`: Avro container files as JSON lines.

use std::{
    fmt::{self, Display, Formatter},
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use crate::record::{
    container::{BlockHead, ContainerError, ContainerReader},
    json::{DatumError, EMPTY_VALUES_MAX, write_json},
    schema::{AnySchema, Defaults, SchemaError},
};

/// The path that stands for the standard input.
const STDIN: &str = "-";

/// Bytes of lines that are gathered before they are written.
const LINES_BYTES: usize = 64 * 1024;

/// What to print.
#[derive(Clone, Debug, clap::Args)]
pub struct CatArguments {
    /// Avro container files; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the schema instead of the records
    #[arg(long)]
    pub schema: bool,
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

/// Why a file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
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
/// A file cannot be read or is damaged, or the output cannot be written.
pub fn run(arguments: &CatArguments, out: &mut impl Write) -> Result<(), CatError> {
    let mut out = BufWriter::with_capacity(LINES_BYTES, out);
    let mut problems = Vec::new();
    for path in &arguments.files {
        match print_path(path, arguments.schema, &mut out) {
            Ok(()) => {}
            Err(Stop::Output(error)) => return end_of_output(error),
            Err(Stop::File(problem)) => problems.push(FileError { name: display_name(path), problem }),
        }
    }
    if let Err(error) = out.flush() {
        return end_of_output(error);
    }
    if problems.is_empty() { Ok(()) } else { Err(CatError::Files(problems)) }
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

fn print_path(path: &Path, schema_only: bool, out: &mut impl Write) -> Result<(), Stop> {
    if path == Path::new(STDIN) {
        print_file(io::stdin().lock(), schema_only, out)
    } else {
        print_file(File::open(path).map_err(ContainerError::Io)?, schema_only, out)
    }
}

fn print_file(input: impl Read, schema_only: bool, out: &mut impl Write) -> Result<(), Stop> {
    let mut reader = ContainerReader::open(input)?;
    let schema = AnySchema::read(reader.schema(), Defaults::Ignore)?;
    if schema_only {
        return writeln!(out, "{}", schema.pretty()).map_err(Stop::Output);
    }
    let mut data = Vec::new();
    while let Some(block) = reader.next_block(&mut data)? {
        print_block(&schema, block, &data, out)?;
    }
    Ok(())
}

fn print_block(schema: &AnySchema, block: BlockHead, data: &[u8], out: &mut impl Write) -> Result<(), Stop> {
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
        out.write_all(&line).map_err(Stop::Output)?;
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
