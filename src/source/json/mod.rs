//! The JSON source: one event per POST, the party id in the query, the rest in the body.
//!
//! Only a missing or invalid party id is a bad request whatever is configured; what is said of a body that makes no event
//! is up to the route. HTTP itself (method, content type, size of the body) is not here.

mod body;

use std::sync::Arc;

use http::HeaderMap;

use super::{
    Intake,
    accepted::Accepted,
    entry::{Buffers, Entry, with_buffers},
};
use crate::{
    config::settings::JsonSettings,
    event::{
        Keep,
        json::{self, JsonError},
    },
    metrics::Metrics,
    util::clock::Clock,
};

/// One JSON source.
pub struct JsonSource {
    entry: Entry,
    party_id_parameter: String,
    query_parameters_max: usize,
}

impl JsonSource {
    /// The source of these settings. A query of more than `query_parameters_max` parameters is a bad request.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "all sources are made alike")]
    pub fn new(
        settings: &JsonSettings,
        keep: Arc<Keep>,
        intake: Intake,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
        query_parameters_max: usize,
    ) -> Self {
        let reasons = JsonError::ALL.map(JsonError::code);
        let entry = Entry::new(&settings.name, &keep, intake, clock, metrics, reasons);
        Self { entry, party_id_parameter: settings.party_id_parameter.clone(), query_parameters_max }
    }

    /// Name of the query parameter that holds the party id.
    #[must_use]
    pub fn party_id_parameter(&self) -> &str {
        &self.party_id_parameter
    }

    /// From now on events keep these headers and cookies.
    pub fn keep(&self, keep: &Keep) {
        self.entry.keep(keep);
    }

    /// Takes the event of one request, whose body has been read whole, from the client at address `remote`.
    pub fn accept(&self, query: Option<&str>, headers: &HeaderMap, body: &[u8], remote: &str) -> Accepted {
        with_buffers(|Buffers { query: buffer, run }| {
            let query = match buffer.decode(query.unwrap_or_default(), self.query_parameters_max) {
                Ok(query) => query,
                Err(error) => return Accepted::Bad(error.code()),
            };
            let Some(party_id) = body::party_id(&query, &self.party_id_parameter) else {
                return Accepted::Bad("party_id");
            };
            let text = json::as_utf8(body);
            match json::read(&text) {
                Ok(read) => {
                    let event = body::event(&read, &party_id, &self.entry.name, self.entry.now_ms(), remote);
                    self.entry.accept(&event, headers, run)
                }
                Err(error) => self.entry.dropped(error.code()),
            }
        })
    }
}
