//! `headwater completions`: scripts that make a shell complete the command line.

use std::io::Write;

use clap::ValueEnum as _;
use clap_complete::Shell;

use super::{Failure, print};
use crate::cli;

/// Prints the script for a shell.
///
/// # Errors
/// The output cannot be written.
pub fn run(shell: Shell, out: &mut impl Write) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "headwater", &mut script);
    if shell == Shell::Fish {
        script.extend_from_slice(fish_words().as_bytes());
    }
    print(out, &String::from_utf8_lossy(&script))
}

/// What clap leaves out for fish: values of arguments without a flag, and that some commands take no files.
fn fish_words() -> String {
    let shells: Vec<String> = Shell::value_variants().iter().map(ToString::to_string).collect();
    let condition = "complete -c headwater -n \"__fish_headwater_using_subcommand";
    format!("{condition} completions\" -f -a \"{}\"\n{condition} serve check version\" -f\n", shells.join(" "))
}
