//! What the program can be told to do: one file per command.

pub mod cat;
pub mod check;
pub mod compatible;
pub mod compile;
pub mod completions;
pub mod cursor;
pub mod diff;
pub mod fate;
pub mod layout;
pub mod map;
mod place;
pub mod playground;
pub mod preflight;
pub mod replay;
pub mod report;
pub mod retained;
pub mod segments;
pub mod serve;
pub mod summary;
pub mod torture;
pub mod trial;
pub mod upgrade;
pub mod version;
pub mod why;

use std::{
    collections::HashMap,
    io::{self, Write},
};

use crate::{
    cli::{CheckFormat, Cli, Command},
    diagnostic::{self, Diagnostic},
    logging,
    util::terminal::{Paint, Style, wants_color},
};
use cat::Dress;

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Wrong usage or configuration: nothing was started. The text is complete. Exit code 2.
    #[error("{0}")]
    Config(String),
    /// It failed while running. Exit code 1.
    #[error("{0}")]
    Running(String),
}

impl Failure {
    /// A configuration with these mistakes, as told on the standard error.
    #[must_use]
    pub fn config(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let told = diagnostic::render(diagnostics, wants_color(&io::stderr()));
        Self::Config(format!("{told}\n{}", mistakes(errors)))
    }
}

/// The last line about a configuration that is wrong.
fn mistakes(number: usize) -> String {
    let mistakes = if number == 1 { "1 mistake".to_owned() } else { format!("{number} mistakes") };
    format!("headwater: the configuration has {mistakes}")
}

/// Says on the standard error why a command did not do what it was told.
pub fn tell(told: &str) {
    let paint = Paint::on(&io::stderr());
    let marks = [("headwater: ", Style::Bad), ("  hint: ", Style::Good)];
    for line in told.lines() {
        let marked = marks.iter().find_map(|(mark, style)| Some((mark, *style, line.strip_prefix(mark)?)));
        match marked {
            Some((mark, style, rest)) => eprintln!("{}{rest}", paint.paint(style, mark)),
            None => eprintln!("{line}"),
        }
    }
}

/// Does what the command line says.
///
/// # Errors
/// See [`Failure`].
pub fn run(cli: Cli) -> Result<(), Failure> {
    logging::init(&cli.log).map_err(|error| Failure::Config(format!("headwater: {error}")))?;
    let request = cli.configuration.request(environment());
    let mut out = io::stdout().lock();
    match cli.command {
        Command::Serve => serve::run(&request),
        Command::Check { format, compatible_with, rate } => match format {
            CheckFormat::Text => check::run(&request, compatible_with.as_deref(), rate, &mut out),
            CheckFormat::Json => report::run(&request, compatible_with.as_deref(), rate, &mut out),
        },
        Command::Map(arguments) => map::run(&request, &arguments, &mut out),
        Command::Playground(arguments) => playground::run(&request, &arguments, &mut out),
        Command::Cat(arguments) => cat::run(&arguments, Dress::of(&io::stdout()), &mut out).map_err(|error| {
            let told = format!("headwater: {error}");
            if error.is_wrong_usage() { Failure::Config(told) } else { Failure::Running(told) }
        }),
        Command::Journal(command) => cursor::run(&command, &request, &mut out),
        Command::Diff(arguments) => diff::run(&request, &arguments, &mut out),
        Command::Replay(arguments) => replay::run(&request, &arguments, &mut out),
        Command::Why(arguments) => why::run(&request, &arguments, &mut out),
        Command::Torture(arguments) => torture::run(&arguments, &mut out),
        Command::TortureLoad(arguments) => torture::load::run(&arguments, &mut out)
            .map_err(|error| Failure::Running(format!("headwater: what was acknowledged cannot be kept: {error}"))),
        Command::Completions { shell } => completions::run(shell, &mut out),
        Command::Version => version::run(&mut out),
    }
}

/// The variables that can be read as text; others cannot be meant.
fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Writes to the standard output; that nobody reads it any more is no failure.
fn print(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Running(format!("headwater: the output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
