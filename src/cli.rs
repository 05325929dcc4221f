//! The command line.

use std::{collections::HashMap, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{command::cat::CatArguments, config::LoadRequest};

const EXAMPLES: &str = "\
Examples:
  headwater serve                          try it: nothing to configure, files in ./data/events
  headwater serve -c divolte-collector.conf
  headwater serve --set divolte.global.server.port=9000 --data /srv/headwater
  headwater check -c divolte-collector.conf
  headwater cat data/events/*.avro | head

Exit codes: 0 fine, 1 failed while running, 2 wrong usage or configuration.";

/// Clickstream collector: a site's events in, Avro records out, nothing acknowledged is lost.
#[derive(Debug, Parser)]
#[command(name = "headwater", version, after_help = EXAMPLES, arg_required_else_help = true, propagate_version = false)]
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
    Serve,
    /// Say everything that is wrong with a configuration, or what it amounts to
    Check {
        /// How it is said; json for programs
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: CheckFormat,
    },
    /// Print Avro container files as JSON, one record a line
    Cat(CatArguments),
    /// Print the version
    Version,
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigurationArguments {
    /// Configuration file; without it $DIVOLTE_CONF_DIR/divolte-collector.conf if that exists, else what is built in
    #[arg(short = 'c', long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set a key, over whatever the file says; may be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Directory for journal, cursors and dead letters
    #[arg(long, global = true, value_name = "DIR")]
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
    /// How log lines look; they go to the standard error
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What is logged: off, error, warn, info, debug or trace; or by module, as in `info,headwater::sink=debug`
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
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_stand_before_or_behind_the_command() {
        for line in
            ["headwater -c a --set x=1 --set y=2 --data d serve", "headwater serve -c a --set x=1 --set y=2 --data d"]
        {
            let cli = Cli::try_parse_from(line.split(' ')).expect(line);
            let request = cli.configuration.request(HashMap::new());
            assert_eq!((request.config, request.data), (Some("a".into()), Some("d".into())));
            assert_eq!(request.set, ["x=1", "y=2"]);
        }
    }

    #[test]
    fn wrong_usage_ends_with_code_2() {
        for line in [
            "headwater serve --nope",
            "headwater",
            "headwater surve",
            "headwater cat",
            "headwater serve --log-format xml",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
        let help = Cli::try_parse_from(["headwater", "--help"]).expect_err("the help");
        assert_eq!(help.exit_code(), 0);
        assert!(help.to_string().contains("headwater check -c divolte-collector.conf"));
    }
}
