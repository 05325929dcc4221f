//! The JSON source: one event per POST, the party id in the query, the rest in the body; or, where that is asked for, an
//! array of events, which may name their parties themselves.
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
        json::{self, BatchError, JsonError},
    },
    journal::Run,
    metrics::Metrics,
    util::clock::Clock,
};

/// One JSON source.
pub struct JsonSource {
    entry: Entry,
    party_id_parameter: String,
    query_parameters_max: usize,
    takes_batches: bool,
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
        Self {
            entry,
            party_id_parameter: settings.party_id_parameter.clone(),
            query_parameters_max,
            takes_batches: settings.batch,
        }
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

    /// Takes the event or events of one request, whose body has been read whole, from the client at address `remote`.
    pub fn accept(&self, query: Option<&str>, headers: &HeaderMap, body: &[u8], remote: &str) -> Accepted {
        with_buffers(|Buffers { query: buffer, run }| {
            let query = match buffer.decode(query.unwrap_or_default(), self.query_parameters_max) {
                Ok(query) => query,
                Err(error) => return Accepted::Bad(error.code()),
            };
            let party_id = body::party_id(&query, &self.party_id_parameter);
            let text = json::as_utf8(body);
            if self.takes_batches && text.trim_ascii_start().starts_with(b"[") {
                return self.accept_batch(&text, party_id.as_deref(), headers, remote, run);
            }
            let Some(party_id) = party_id else {
                return Accepted::Bad("party_id");
            };
            match json::read(&text) {
                Ok(read) => {
                    let event = body::event(&read, &party_id, &self.entry.name, self.entry.now_ms(), remote);
                    self.entry.accept(&event, headers, run)
                }
                Err(error) => self.entry.dropped(error.code()),
            }
        })
    }

    /// All events of an array, or none. Those that name no party are of `party_id`.
    fn accept_batch(
        &self,
        text: &[u8],
        party_id: Option<&str>,
        headers: &HeaderMap,
        remote: &str,
        run: &mut Run,
    ) -> Accepted {
        run.clear();
        let pushed = json::read_batch(text).and_then(|events| {
            let now = self.entry.now_ms();
            for (index, read) in events.iter().enumerate() {
                let party_id = read.party_id.as_deref().or(party_id);
                let party_id = party_id.ok_or(BatchError::Event { index, error: JsonError::PartyId })?;
                self.entry.push(&body::event(read, party_id, &self.entry.name, now, remote), headers, run);
            }
            Ok(())
        });
        match pushed {
            Ok(()) => self.entry.submit(0, run),
            Err(error) => {
                let _ = self.entry.dropped(error.code());
                Accepted::BadBatch(error)
            }
        }
    }
}
