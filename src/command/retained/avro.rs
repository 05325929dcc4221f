//! Stored events and dead letters as Avro records that describe themselves.

use crate::{
    event::{Event, Fields, Parameters, codec},
    record::{
        binary::{write_bytes, write_length, write_long},
        schema::RecordSchema,
    },
    sink::letters::StoredLetter,
};

use super::line;

/// Schema of an event; [`push_event`] writes its fields in this order.
const EVENT: &str = r#"{
  "type": "record", "name": "Event", "namespace": "io.headwater",
  "doc": "An event as it was accepted",
  "fields": [
    {"name": "offset", "type": "long", "doc": "Its number in the journal"},
    {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "When it was accepted"},
    {"name": "source", "type": "string"},
    {"name": "kind", "type": "string", "doc": "Of the source: browser or json"},
    {"name": "event_type", "type": ["null", "string"], "default": null},
    {"name": "event_id", "type": "string"},
    {"name": "party_id", "type": "string"},
    {"name": "session_id", "type": "string"},
    {"name": "page_view_id", "type": ["null", "string"], "default": null},
    {"name": "corrupt", "type": "boolean", "doc": "The checksum is missing or wrong"},
    {"name": "duplicate", "type": "boolean"},
    {"name": "new_party_id", "type": "boolean"},
    {"name": "first_in_session", "type": "boolean"},
    {"name": "client_time", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "By the client's clock"},
    {"name": "remote_host", "type": ["null", "string"], "default": null},
    {"name": "location", "type": ["null", "string"], "default": null},
    {"name": "referer", "type": ["null", "string"], "default": null},
    {"name": "viewport_pixel_width", "type": ["null", "int"], "default": null},
    {"name": "viewport_pixel_height", "type": ["null", "int"], "default": null},
    {"name": "screen_pixel_width", "type": ["null", "int"], "default": null},
    {"name": "screen_pixel_height", "type": ["null", "int"], "default": null},
    {"name": "device_pixel_ratio", "type": ["null", "string"], "default": null, "doc": "As sent, in base 36"},
    {"name": "parameters", "type": ["null", "string"], "default": null, "doc": "Custom parameters as JSON"},
    {"name": "headers", "type": {"type": "map", "values": {"type": "array", "items": "string"}}},
    {"name": "cookies", "type": {"type": "map", "values": {"type": "array", "items": "string"}}}
  ]
}"#;

/// Fields of a dead letter before its event; [`push_letter`] writes them in this order.
const LETTER: &str = r#"{
  "type": "record", "name": "RetainedDeadLetter", "namespace": "io.headwater",
  "doc": "An event that could not become a record of a sink",
  "fields": [
    {"name": "reason", "type": "string"},
    {"name": "message", "type": "string"},
    {"name": "position", "type": ["null", "string"], "default": null, "doc": "Place in the mapping script"},
    {"name": "mapping", "type": "string"},
    {"name": "sink", "type": "string"},
    {"name": "written", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "event", "type": EVENT}
  ]
}"#;

/// Schema of events.
pub(super) fn event_schema() -> RecordSchema {
    RecordSchema::parse(EVENT).expect("a constant that every test of exports parses")
}

/// Schema of dead letters.
pub(super) fn letter_schema() -> RecordSchema {
    RecordSchema::parse(&LETTER.replace("EVENT", EVENT)).expect("a constant that every test of exports parses")
}

/// Appends an event. False, and nothing is appended, if the bytes are none.
pub fn push_event(offset: u64, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(event) = codec::decode(bytes) else { return false };
    write_long(out, offset.cast_signed());
    write_long(out, event.request_time);
    write_text(out, event.source);
    write_text(out, line::kind(&event));
    maybe_text(out, event.event_type);
    for text in [event.event_id, event.party_id, event.session_id] {
        write_text(out, text);
    }
    maybe_text(out, event.page_view_id);
    let flags = event.flags;
    out.extend([flags.corrupt, flags.duplicate, flags.new_party, flags.first_in_session].map(u8::from));
    write_long(out, event.client_time);
    for text in [event.remote_host, event.location, event.referer] {
        maybe_text(out, text);
    }
    for size in [event.viewport_width, event.viewport_height, event.screen_width, event.screen_height] {
        write_long(out, size.is_some().into());
        if let Some(size) = size {
            write_long(out, size.into());
        }
    }
    maybe_text(out, event.device_pixel_ratio);
    maybe_text(out, parameters(&event).as_deref());
    write_fields(out, event.headers);
    write_fields(out, event.cookies);
    true
}

/// Appends a dead letter. False, and nothing is appended, if its event cannot be read.
pub fn push_letter(letter: &StoredLetter, out: &mut Vec<u8>) -> bool {
    let begin = out.len();
    write_text(out, &letter.reason);
    write_text(out, &letter.message);
    maybe_text(out, letter.position.as_deref());
    write_text(out, &letter.mapping);
    write_text(out, &letter.sink);
    write_long(out, letter.time_ms);
    let readable = push_event(letter.offset.0, &letter.event, out);
    if !readable {
        out.truncate(begin);
    }
    readable
}

/// As JSON; mincode that cannot be read stays as it was sent.
fn parameters(event: &Event<'_>) -> Option<String> {
    match (line::parameters(event), event.parameters) {
        (Some(json), _) => Some(json.get().to_owned()),
        (None, Parameters::Mincode(text) | Parameters::Json(text)) if !text.is_empty() => Some(text.to_owned()),
        _ => None,
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_bytes(out, text.as_bytes());
}

fn maybe_text(out: &mut Vec<u8>, text: Option<&str>) {
    write_long(out, text.is_some().into());
    if let Some(text) = text {
        write_text(out, text);
    }
}

fn write_fields(out: &mut Vec<u8>, fields: Fields<'_>) {
    let pairs = line::Pairs::of(fields).0;
    if !pairs.is_empty() {
        write_length(out, pairs.len());
    }
    for (name, values) in pairs {
        write_text(out, name);
        write_length(out, values.len());
        for value in values {
            write_text(out, value);
        }
        out.push(0);
    }
    out.push(0);
}
