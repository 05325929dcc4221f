//! Records and dead letters as the page shows them: one JSON object each.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    address::Cuts,
    rates::{TYPE_CHARACTERS_MAX, shortened},
};
use crate::{
    event::{Event, Parameters},
    mapping::Mapping,
    record::{chunk::Refusal, json::write_json},
};

/// Bytes of a record in Avro that are printed.
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a record in JSON that are shown.
const JSON_BYTES_MAX: usize = 32 * 1024;

/// Characters of each text of a dead letter that are shown.
const TEXT_CHARACTERS_MAX: usize = 1000;

/// What a record and a dead letter have in common.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Origin<'a> {
    /// Number of the event in its journal.
    pub(super) offset: u64,
    /// When the event was accepted, milliseconds since the Unix epoch.
    pub(super) time: Option<i64>,
    pub(super) sink: &'a str,
    pub(super) mapping: &'a str,
}

#[derive(Serialize)]
struct RecordView<'a> {
    #[serde(flatten)]
    origin: Origin<'a>,
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Box<RawValue>>,
    /// Why there is no record here.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A record. `event` is what it was made of.
pub(super) fn record(origin: Origin<'_>, mapping: &Mapping, event: Option<&Event<'_>>, avro: &[u8]) -> String {
    let (record, note) = match printed(mapping, avro) {
        Ok(record) => (Some(record), None),
        Err(note) => (None, Some(note)),
    };
    let view = RecordView {
        origin,
        event_type: event.and_then(type_of),
        source: event.map(|event| event.source),
        record,
        note,
    };
    cut(event, &view)
}

fn printed(mapping: &Mapping, avro: &[u8]) -> Result<Box<RawValue>, String> {
    let too_large = || format!("too large to be shown here: {} bytes", avro.len());
    if avro.len() > RECORD_BYTES_MAX {
        return Err(too_large());
    }
    let schema = mapping.schema();
    let (mut rest, mut json) = (avro, Vec::new());
    write_json(&schema.kind(), schema.types(), &mut rest, &mut json).map_err(|error| error.to_string())?;
    if json.len() > JSON_BYTES_MAX {
        return Err(too_large());
    }
    let text = String::from_utf8(json).map_err(|error| error.to_string())?;
    RawValue::from_string(text).map_err(|error| error.to_string())
}

#[derive(Serialize)]
struct LetterView<'a> {
    #[serde(flatten)]
    origin: Origin<'a>,
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    reason: &'static str,
    message: &'a str,
    position: Option<&'a str>,
    event: Option<EventView<'a>>,
}

/// What helps to find out why an event is no record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventView<'a> {
    source: &'a str,
    party_id: &'a str,
    session_id: &'a str,
    page_view_id: Option<&'a str>,
    event_id: &'a str,
    corrupt: bool,
    duplicate: bool,
    location: Option<&'a str>,
    referer: Option<&'a str>,
    remote_host: Option<&'a str>,
    user_agent: Option<&'a str>,
    parameters: Option<&'a str>,
}

/// A dead letter. There is no event if its bytes cannot be read.
pub(super) fn letter(origin: Origin<'_>, refusal: &Refusal, event: Option<&Event<'_>>) -> String {
    let view = LetterView {
        origin,
        event_type: event.and_then(type_of),
        reason: refusal.reason.code(),
        message: shown(&refusal.message),
        position: refusal.position.as_deref(),
        event: event.map(|event| EventView {
            source: event.source,
            party_id: shown(event.party_id),
            session_id: shown(event.session_id),
            page_view_id: event.page_view_id.map(shown),
            event_id: shown(event.event_id),
            corrupt: event.flags.corrupt,
            duplicate: event.flags.duplicate,
            location: event.location.map(shown),
            referer: event.referer.map(shown),
            remote_host: event.remote_host,
            user_agent: event.user_agent().map(shown),
            parameters: match event.parameters {
                Parameters::Absent => None,
                Parameters::Mincode(text) | Parameters::Json(text) => Some(shown(text)),
            },
        }),
    };
    cut(event, &view)
}

fn type_of<'a>(event: &Event<'a>) -> Option<&'a str> {
    event.event_type.map(|name| shortened(name, TYPE_CHARACTERS_MAX))
}

fn shown(text: &str) -> &str {
    shortened(text, TEXT_CHARACTERS_MAX)
}

/// The JSON without the client's address. One line: JSON escapes line breaks, and nothing here adds any.
fn cut(event: Option<&Event<'_>>, view: &impl Serialize) -> String {
    let json = serde_json::to_string(view).expect("texts, numbers and a record in JSON are always JSON");
    event.map(Cuts::of).unwrap_or_default().apply(json)
}
