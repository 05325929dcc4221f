//! The browser source: the pixel that the tracker calls with an event in its query.
//!
//! The answer never depends on whether the event is usable, but for a query that cannot be decoded: that is a bad
//! request. HTTP itself (methods, conditional requests, the image) is not here.

mod checksum;
mod pixel;

use std::sync::Arc;

use http::HeaderMap;

pub use self::pixel::{Pixel, Unusable, read};
use super::{
    Intake,
    accepted::Accepted,
    entry::{Buffers, Entry, with_buffers},
};
use crate::{config::settings::BrowserSettings, event::Keep, metrics::Metrics, util::clock::Clock};

/// One browser source.
pub struct BrowserSource {
    entry: Entry,
    query_parameters_max: usize,
}

impl BrowserSource {
    /// The source of these settings. A query of more than `query_parameters_max` parameters is a bad request.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "all sources are made alike")]
    pub fn new(
        settings: &BrowserSettings,
        keep: Arc<Keep>,
        intake: Intake,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
        query_parameters_max: usize,
    ) -> Self {
        let reasons = Unusable::ALL.map(Unusable::code);
        let entry = Entry::new(&settings.name, &keep, intake, clock, metrics, reasons);
        Self { entry, query_parameters_max }
    }

    /// From now on events keep these headers and cookies.
    pub fn keep(&self, keep: &Keep) {
        self.entry.keep(keep);
    }

    /// Takes the event of one request from the client at address `remote`.
    pub fn accept(&self, query: Option<&str>, headers: &HeaderMap, remote: &str) -> Accepted {
        with_buffers(|Buffers { query: buffer, run }| {
            let query = match buffer.decode(query.unwrap_or_default(), self.query_parameters_max) {
                Ok(query) => query,
                Err(error) => return Accepted::Bad(error.code()),
            };
            match read(query) {
                Ok(pixel) => {
                    let event = pixel.event(&self.entry.name, self.entry.now_ms(), remote);
                    self.entry.accept(&event, headers, run)
                }
                Err(unusable) => self.entry.dropped(unusable.code()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
