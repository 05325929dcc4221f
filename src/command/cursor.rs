//! `headwater journal cursor`: which sinks the journal keeps events for.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::{
    Failure,
    layout::Table,
    print,
    retained::{self, cat::CatArguments, export::ExportArguments},
};
use crate::{
    checkpoint::SinkName,
    config::{self, LoadRequest},
    disk::RealDisk,
    journal,
    util::terminal::{Paint, Style},
};

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Show, rename or remove cursors: where each sink stands
    #[command(after_help = crate::cli::CURSOR_EXAMPLES)]
    Cursor(CursorArguments),
    /// List the segment files and the events that they hold; works while a server runs
    Ls,
    /// Read every block of every segment, and say which events are damaged; works while a server runs
    Verify,
    /// Print retained events, or dead letters, as JSON lines; works while a server runs
    #[command(after_help = crate::cli::JOURNAL_CAT_EXAMPLES)]
    Cat(Box<CatArguments>),
    /// Write retained events, or dead letters, to a file for other tools; works while a server runs
    #[command(after_help = crate::cli::JOURNAL_EXPORT_EXAMPLES)]
    Export(Box<ExportArguments>),
}

/// What to do with cursors.
#[derive(Debug, Args)]
pub struct CursorArguments {
    /// What to do
    #[command(subcommand)]
    pub command: CursorCommand,
}

/// What to do with cursors.
#[derive(Debug, Subcommand)]
pub enum CursorCommand {
    /// List the cursors, and say which belong to no sink
    Ls,
    /// Give the cursor of a sink to another one, which goes on where the first has stopped
    Rename {
        /// The sink that has it
        from: String,
        /// The sink that gets it
        to: String,
    },
    /// Remove a cursor; what only that sink still needs is given up
    Remove {
        /// The sink that has it
        sink: String,
    },
}

/// Does it. Only `ls` works while a server runs.
///
/// # Errors
/// The configuration is wrong, a server uses the journal, or there is no such cursor.
pub fn run(command: &JournalCommand, request: &LoadRequest, out: &mut impl Write) -> Result<(), Failure> {
    let command = match command {
        JournalCommand::Cursor(CursorArguments { command }) => command,
        JournalCommand::Ls => return super::segments::list(request, out),
        JournalCommand::Verify => return super::segments::verify(request, out),
        JournalCommand::Cat(arguments) => return retained::cat::run(request, arguments, out),
        JournalCommand::Export(arguments) => return retained::export::run(request, arguments, out),
    };
    let settings = config::load(request).map_err(|wrong| Failure::config(&wrong))?;
    let directory = &settings.journal.directory;
    let failed = |error: journal::JournalError| Failure::Config(format!("headwater: {error}"));
    match command {
        CursorCommand::Ls => {
            let mut table = Table::default();
            let cursors = journal::cursors(directory, &RealDisk).map_err(failed)?;
            for cursor in &cursors {
                let used = settings.sinks.iter().any(|sink| *sink.name() == cursor.sink);
                let remark = match cursor.sink.as_str() {
                    _ if used => "",
                    name if name.starts_with("replay-") => "of a replay that is not done (headwater replay --resume)",
                    _ => "belongs to no sink",
                };
                let (style, place) = match &cursor.last {
                    Ok((_, last)) => {
                        let style = if used { Style::Strong } else { Style::Odd };
                        (style, format!("has everything below {}", last.upto))
                    }
                    Err(reason) => (Style::Bad, reason.lines().next().unwrap_or_default().to_owned()),
                };
                table.row(cursor.sink.as_str(), style, place, remark);
            }
            let text = table.render(Paint::on(&io::stdout()));
            print(out, if cursors.is_empty() { "there are no cursors\n" } else { &text })
        }
        CursorCommand::Rename { from, to } => {
            journal::rename_cursor(directory, &RealDisk, &SinkName::new(from), &SinkName::new(to)).map_err(failed)?;
            print(out, &format!("the cursor of {from} is that of {to} now\n"))
        }
        CursorCommand::Remove { sink } => {
            journal::remove_cursor(directory, &RealDisk, &SinkName::new(sink)).map_err(failed)?;
            print(out, &format!("the cursor of {sink} is removed\n"))
        }
    }
}
