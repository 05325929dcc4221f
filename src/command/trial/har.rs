//! Requests that a browser has recorded: HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Sample,
    read::{Draft, ReadError},
};

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default)]
    text: String,
}

/// The requests of a recording, in its order.
///
/// # Errors
/// It is no HAR, or a request in it cannot be one.
pub fn read(text: &str) -> Result<Vec<Sample>, ReadError> {
    let har: Har = serde_json::from_str(text).map_err(|error| ReadError::Har(error.to_string()))?;
    let entries = har.log.entries.into_iter().enumerate();
    let samples = entries.filter(|(_, entry)| entry.request.url.starts_with("http")).map(|(index, entry)| {
        let Entry { started_date_time, request } = entry;
        let headers = request.headers.into_iter().map(|header| (header.name, header.value));
        let draft = Draft {
            method: request.method,
            url: request.url,
            headers: headers.collect(),
            body: request.post_data.map(|data| data.text.into_bytes()).unwrap_or_default(),
            time_ms: started_date_time.and_then(|time| Some(time.parse::<Timestamp>().ok()?.as_millisecond())),
            peer: None,
        };
        draft.sample().map_err(|what| ReadError::Sample { line: index + 1, unit: "entry", what })
    });
    samples.collect()
}
