//! `headwater serve`.

use std::io::{self, IsTerminal};

use super::{Failure, compile};
use crate::{
    config::{self, LoadRequest},
    diagnostic,
};

/// Loads, compiles and runs until told to stop.
///
/// # Errors
/// See [`Failure`].
pub fn run(request: &LoadRequest) -> Result<(), Failure> {
    let settings = config::load(request).map_err(|errors| Failure::config(&errors))?;
    let (_mappings, warnings) = compile::mappings(&settings).map_err(|errors| Failure::config(&errors))?;
    let told = [settings.warnings, warnings].concat();
    eprint!("{}", diagnostic::render(&told, io::stderr().is_terminal()));
    Err(Failure::Running("headwater: collecting is not part of this build".to_owned()))
}
