//! The command line.

use std::{collections::HashMap, path::PathBuf};

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint,
    builder::styling::{AnsiColor, Styles},
};
use clap_complete::Shell;

use crate::{
    command::{
        cat::CatArguments,
        cursor::JournalCommand,
        diff::DiffArguments,
        map::MapArguments,
        playground::PlaygroundArguments,
        replay::ReplayArguments,
        torture::{TortureArguments, load::LoadArguments},
        why::WhyArguments,
    },
    config::LoadRequest,
};

mod example;

pub use example::{
    CURSOR as CURSOR_EXAMPLES, JOURNAL_CAT as JOURNAL_CAT_EXAMPLES, JOURNAL_EXPORT as JOURNAL_EXPORT_EXAMPLES,
};

/// The same looks as everything else that the program prints.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default().dimmed());

/// Clickstream collector: a site's events in, Avro records out, nothing acknowledged is lost.
#[derive(Debug, Parser)]
#[command(
    name = "headwater", version, styles = STYLES, after_help = example::ALL, max_term_width = 100,
    arg_required_else_help = true, propagate_version = false, disable_help_subcommand = true
)]
pub struct Cli {
    /// Which configuration.
    #[command(flatten)]
    pub configuration: ConfigurationArguments,
    /// What is logged, and how.
    #[command(flatten)]
    pub log: LogArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect events until told to stop (SIGTERM or Ctrl-C)
    #[command(after_help = example::SERVE)]
    Serve,
    /// Say what a start would do, or everything that is wrong with the configuration
    #[command(after_help = example::CHECK)]
    Check {
        /// How it is said; json for programs
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: CheckFormat,
        /// Also say whether this older schema and that of the mappings can read each other's records
        #[arg(long, value_name = "AVSC", value_hint = ValueHint::FilePath)]
        compatible_with: Option<PathBuf>,
        /// Events a second that the journal has to keep while a sink is down: for how long is said
        #[arg(long, value_name = "EVENTS", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..))]
        rate: u64,
    },
    /// Print the records that requests would become, or what keeps them from it
    #[command(after_help = example::MAP)]
    Map(MapArguments),
    /// Write a mapping on a local page, and see at once what it makes of requests
    #[command(after_help = example::PLAYGROUND)]
    Playground(PlaygroundArguments),
    /// Print Avro files as JSON, one record a line, also while they are being published
    #[command(after_help = example::CAT)]
    Cat(CatArguments),
    /// Look after the journal
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Map retained events through two scripts or configurations, and say field by field what differs
    #[command(after_help = example::DIFF)]
    Diff(Box<DiffArguments>),
    /// Send retained events, or dead letters, through today's mapping to the sinks again
    #[command(after_help = example::REPLAY)]
    Replay(Box<ReplayArguments>),
    /// Say what became of an event: accepted when, mapped to what, delivered where, or why not
    #[command(after_help = example::WHY)]
    Why(WhyArguments),
    /// Kill, stop, starve and damage a server under load, and count what it has lost: nothing, on a sound disk
    #[command(after_help = example::TORTURE)]
    Torture(TortureArguments),
    /// The load of `torture`, which starts it
    #[command(hide = true)]
    TortureLoad(LoadArguments),
    /// Print the script that makes your shell complete this command line
    #[command(after_help = example::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the version
    Version,
}

/// Commands that read no configuration.
const UNCONFIGURED: [&str; 5] = ["cat", "completions", "torture", "torture-load", "version"];

/// The command line as it is shown and parsed.
#[must_use]
pub fn command() -> clap::Command {
    let mut command = Cli::command();
    // Hands down the options that all commands have, so that those can be hidden which mean nothing to a command.
    command.build();
    for name in UNCONFIGURED {
        command = command.mut_subcommand(name, |command| {
            command.mut_args(|argument| {
                let inherited = argument.is_global_set();
                argument.hide(inherited)
            })
        });
    }
    command
}

/// Parses the program's arguments; ends the program when they are wrong, or ask for help.
#[must_use]
pub fn parse() -> Cli {
    let parsed = Cli::from_arg_matches(&command().get_matches());
    parsed.unwrap_or_else(|error| error.exit())
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigurationArguments {
    /// Configuration file, else $DIVOLTE_CONF_DIR/divolte-collector.conf, else what is built in
    #[arg(short = 'c', long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Set a key, over whatever the file says; may be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Directory for journal, cursors and dead letters
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,
}

impl ConfigurationArguments {
    /// The request for [`crate::config::load`], with the variables of the environment.
    #[must_use]
    pub fn request(self, environment: HashMap<String, String>) -> LoadRequest {
        LoadRequest { config: self.config, set: self.set, data: self.data, environment }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArguments {
    /// How log lines look on the standard error: text or json
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub log_format: LogFormat,
    /// What is logged: off, error, warn, info, debug or trace
    #[arg(long = "log", global = true, value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
}

/// How the result of a check is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[cfg(test)]
mod tests;
