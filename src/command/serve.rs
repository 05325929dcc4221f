//! `headwater serve`.

use std::{io, sync::Arc};

use super::{Failure, compile, print, wants_color};
use crate::{
    app::{App, Ended},
    config::LoadRequest,
    diagnostic,
    pipeline::Feed,
};

/// Loads, compiles and runs until told to stop.
///
/// # Errors
/// See [`Failure`].
pub fn run(request: &LoadRequest) -> Result<(), Failure> {
    let (settings, mappings) = compile::load(request).map_err(|errors| Failure::config(&errors))?;
    eprint!("{}", diagnostic::render(&settings.warnings, wants_color(&io::stderr())));
    let feeds = settings.mappings.iter().zip(mappings);
    let feeds = feeds.map(|(named, mapping)| Feed { mapping: Arc::new(mapping), sinks: named.sinks.clone() });
    let feeds: Vec<Feed> = feeds.collect();
    let app = App::start(settings, &feeds).map_err(|error| Failure::Config(format!("headwater: {error}")))?;
    print(&mut io::stdout().lock(), &app.summary())?;
    match app.run() {
        Ended::Orderly => Ok(()),
        Ended::Incomplete => Err(Failure::Running(
            "headwater: stopped before everything was delivered; the log says what is lost".into(),
        )),
    }
}
