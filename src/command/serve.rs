//! `headwater serve`.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Instant,
};

use super::{
    Failure, compile, print,
    summary::{Ready, summary},
};
use crate::{
    app::{App, Ended},
    config::LoadRequest,
    diagnostic,
    pipeline::Feed,
    util::terminal::{Paint, wants_color},
};

/// Loads, compiles and runs until told to stop.
///
/// # Errors
/// See [`Failure`].
pub fn run(request: &LoadRequest) -> Result<(), Failure> {
    let began = Instant::now();
    let (settings, mappings) = compile::load(request).map_err(|errors| Failure::config(&errors))?;
    eprint!("{}", diagnostic::render(&settings.warnings, wants_color(&io::stderr())));
    let feeds = settings.mappings.iter().zip(mappings);
    let feeds = feeds.map(|(named, mapping)| Feed { mapping: Arc::new(mapping), sinks: named.sinks.clone() });
    let feeds: Vec<Feed> = feeds.collect();
    let app = App::start(settings, &feeds).map_err(|error| Failure::Config(format!("headwater: {error}")))?;
    greet(&app, began)?;
    match app.run() {
        Ended::Orderly => Ok(()),
        Ended::Incomplete => Err(Failure::Running(
            "headwater: stopped before everything was delivered; the log says what is lost".into(),
        )),
    }
}

/// Prints the summary, in one piece: log lines of other threads come before or behind it, never between.
fn greet(app: &App, began: Instant) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let ready = Ready { public: app.address(), admin: app.admin_url(), after: began.elapsed() };
    // Whoever starts it as a service knows what to do next.
    let terminal = out.is_terminal();
    let text = summary(app.settings(), &ready, terminal || app.settings().embedded, Paint::on(&out));
    print(&mut out, &if terminal { format!("\n{text}\n") } else { text })
}
