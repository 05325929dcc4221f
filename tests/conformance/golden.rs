//! The recordings as data.

use std::{collections::BTreeMap, fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

use crate::support::http::{Request, latin1};

/// Tag of the original's own script in requests and recorded responses; ours takes its place.
pub const ORIGINAL_TAG: &str = "NHALVNg7tzAcBbmuX+9wbVYt22X+gVxAGZK7RBkc0JM=";
/// The same, where the recording says it by name.
const TAG_TOKEN: &str = "@ETAG@";

/// One file of recordings.
#[derive(Debug, Deserialize)]
pub struct Group<C> {
    /// Its name.
    #[serde(rename = "group")]
    pub name: String,
    /// HOCON with tokens; unset where every case brings its own.
    pub config: Option<String>,
    /// The schema's text; unset = built-in.
    pub schema: Option<String>,
    /// The script's text; unset = built-in.
    pub mapping: Option<String>,
    /// Further files by name.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The cases, in order.
    pub cases: Vec<C>,
}

/// One request, what came back, and what it led to.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Name, unique in its group.
    pub name: String,
    /// What was sent.
    pub request: RecordedRequest,
    /// What came back.
    pub response: RecordedResponse,
    /// Avro records that it led to.
    #[serde(default)]
    pub records: Vec<Value>,
}

/// A request as the recording has it.
#[derive(Debug, Deserialize)]
pub struct RecordedRequest {
    method: String,
    /// Target of the request line.
    pub target: String,
    headers: Vec<(String, String)>,
    body_b64: Option<String>,
    raw_b64: Option<String>,
    pause_after_bytes: Option<usize>,
}

/// A response as the recording has it.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedResponse {
    /// Unset: there was none.
    pub status: Option<u16>,
    /// Reason phrase.
    #[serde(default)]
    pub reason: String,
    /// Headers, sorted by name.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    body_b64: Option<String>,
    /// The body was the original's own script or page and is not kept.
    #[serde(default)]
    pub body_omitted: bool,
    /// Length of an omitted body.
    pub body_len: Option<u64>,
}

impl RecordedRequest {
    /// The bytes to send; `tag` takes the place of the original script's.
    pub fn build(&self, tag: Option<&str>) -> Request {
        let head = self.method == "HEAD";
        if let Some(raw) = &self.raw_b64 {
            return Request { bytes: decode(raw), pause_after: self.pause_after_bytes, head };
        }
        let mut bytes = latin1(&format!("{} {} HTTP/1.1\r\n", self.method, self.target));
        for (name, value) in &self.headers {
            let value = match tag {
                Some(tag) => value.replace(ORIGINAL_TAG, tag).replace(TAG_TOKEN, tag),
                None => value.clone(),
            };
            bytes.extend(latin1(&format!("{name}: {value}\r\n")));
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(self.body_b64.as_deref().map(decode).unwrap_or_default());
        Request { bytes, pause_after: self.pause_after_bytes, head }
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the response has no body for being one to `HEAD`.
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

impl RecordedResponse {
    /// The body, where it is kept.
    pub fn body(&self) -> Vec<u8> {
        self.body_b64.as_deref().map(decode).unwrap_or_default()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

fn decode(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).expect("the recordings hold valid base64")
}

/// Where the recordings are.
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/groups")
}

/// Reads a group.
pub fn load<C: for<'de> Deserialize<'de>>(group: &str) -> Group<C> {
    let path = directory().join(format!("{group}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        for group in crate::ACTIVE {
            let mut names = HashSet::new();
            for case in load::<Named>(group).cases {
                assert!(names.insert(case.name.clone()), "{group}: two cases {:?}", case.name);
            }
        }
    }

    #[test]
    fn requests_are_built_as_recorded() {
        let group = load::<Case>("http_default");
        let case = |name: &str| group.cases.iter().find(|case| case.name == name).expect("a recorded case");
        assert_eq!(
            case("POST /ping").request.build(None).bytes,
            b"POST /ping HTTP/1.1\r\nHost: collector.example.test\r\nContent-Length: 3\r\n\r\nx=1"
        );
        assert_eq!(case("lf only").request.build(None).bytes, b"GET /ping HTTP/1.1\nHost: a\n\n");
        let tagged = case("script if-none-match weak etag").request.build(Some("OURS")).bytes;
        assert!(String::from_utf8_lossy(&tagged).contains("If-None-Match: W/\"OURS\"\r\n"));
        assert!(case("HEAD /ping").request.build(None).head);
    }

    #[test]
    fn the_length_of_each_body_is_the_one_its_header_says() {
        for group in ["http_default", "pixel_params", "json_default_mapping"] {
            for case in load::<Case>(group).cases.iter().filter(|case| case.request.raw_b64.is_none()) {
                let length = case.request.headers.iter().find(|(name, _)| name == "Content-Length");
                let body = case.request.body_b64.as_deref().map(decode).unwrap_or_default();
                let expected = length.map_or(0, |(_, value)| value.parse().expect("a number"));
                assert_eq!(body.len(), expected, "{group} {:?}", case.name);
            }
        }
    }
}
