//! `headwater completions`: scripts that make a shell complete the command line.

use std::io::Write;

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
    print(out, &String::from_utf8_lossy(&script))
}
