//! The index page: one file, with conditional and range requests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_RANGES, ALLOW, CONTENT_RANGE, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
        IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
    },
    request::Parts,
};

use super::respond::Draft;
use crate::listen::Reply;

/// The page; the mark is replaced by the element that loads the tracker.
const INDEX: &str = include_str!("../../static/index.html");

/// Stands once in a page that loads the tracker.
const SCRIPT_MARK: &str = "<!-- tracker -->";

/// Methods of everything that is no source.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, POST");

const HTML: HeaderValue = HeaderValue::from_static("text/html");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");

/// The index page, ready to be sent.
#[derive(Debug)]
pub(super) struct Page {
    body: Bytes,
    /// Whole seconds, as HTTP has it.
    modified: SystemTime,
    modified_header: HeaderValue,
}

impl Page {
    /// The page with the script at `script_path` in it, as of `now_ms` (milliseconds since the Unix epoch).
    pub(super) fn new(script_path: Option<&str>, now_ms: i64) -> Self {
        let seconds = u64::try_from(now_ms / 1000).unwrap_or(0);
        // Beyond the year 9999 there are no HTTP dates.
        let modified = UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799));
        let modified_header =
            HeaderValue::try_from(httpdate::fmt_http_date(modified)).expect("an HTTP date is visible ASCII");
        Self { body: with_tracker(INDEX, script_path).into(), modified, modified_header }
    }

    /// Answers a GET, HEAD or POST for the page.
    pub(super) fn answer(&self, parts: &mut Parts) -> Reply {
        let outcome = self.decide(&parts.method, &parts.headers);
        let mut draft = Draft::to(parts);
        match outcome {
            Outcome::Failed => draft.empty(StatusCode::PRECONDITION_FAILED),
            Outcome::Unchanged => draft.empty(StatusCode::NOT_MODIFIED),
            Outcome::Whole => {
                self.describe(&mut draft);
                draft.body(StatusCode::OK, self.body.clone())
            }
            Outcome::Part(first, last) => {
                self.describe(&mut draft);
                draft.set(CONTENT_RANGE, self.range(&format!("{first}-{last}")));
                draft.body(StatusCode::PARTIAL_CONTENT, self.body.slice(first..=last))
            }
            Outcome::Beyond => {
                draft.set(ACCEPT_RANGES, BYTES);
                draft.set(CONTENT_RANGE, self.range("*"));
                draft.empty(StatusCode::RANGE_NOT_SATISFIABLE)
            }
        }
    }

    fn describe(&self, draft: &mut Draft) {
        draft.set(CONTENT_TYPE, HTML);
        draft.set(ACCEPT_RANGES, BYTES);
        draft.set(LAST_MODIFIED, self.modified_header.clone());
    }

    fn range(&self, range: &str) -> HeaderValue {
        HeaderValue::try_from(format!("bytes {range}/{}", self.body.len())).expect("digits are visible ASCII")
    }

    /// RFC 9110, 13.2.2. The page has no tag, so a condition on tags holds only for `*`.
    fn decide(&self, method: &Method, headers: &HeaderMap) -> Outcome {
        let star = |name: HeaderName| headers.get(name).map(|value| value.as_bytes() == b"*");
        if star(IF_MATCH) == Some(false) || date(headers, &IF_UNMODIFIED_SINCE).is_some_and(|date| self.modified > date)
        {
            return Outcome::Failed;
        }
        if star(IF_NONE_MATCH) == Some(true)
            || date(headers, &IF_MODIFIED_SINCE).is_some_and(|date| self.modified <= date)
        {
            return Outcome::Unchanged;
        }
        let same = !headers.contains_key(IF_RANGE) || date(headers, &IF_RANGE) == Some(self.modified);
        match headers.get(RANGE).and_then(|value| value.to_str().ok()) {
            Some(range) if same && *method != Method::HEAD => part(range, self.body.len()),
            _ => Outcome::Whole,
        }
    }
}

/// The page with the element that loads the script in the place of its mark, or with nothing there.
pub(super) fn with_tracker(page: &str, script_path: Option<&str>) -> String {
    let element = script_path.map_or_else(String::new, |path| {
        let path = path.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        format!("<script src=\"{path}\" defer async></script>")
    });
    page.replacen(SCRIPT_MARK, &element, 1)
}

/// What is sent of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Whole,
    /// First and last byte.
    Part(usize, usize),
    /// The range lies behind the end.
    Beyond,
    Unchanged,
    Failed,
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok().or_else(|| {
        // The original does not mind a date with the name of another day of the week.
        let (_, rest) = text.split_once(", ")?;
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        days.iter().find_map(|day| httpdate::parse_http_date(&format!("{day}, {rest}")).ok())
    })
}

/// Reads a single range; several, or what is no range, mean the whole.
fn part(range: &str, length: usize) -> Outcome {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Outcome::Whole;
    };
    let (first, last) = match (first.trim(), last.trim()) {
        ("", suffix) => match suffix.parse::<usize>() {
            Ok(0) => return Outcome::Beyond,
            Ok(count) => (length.saturating_sub(count), length - 1),
            Err(_) => return Outcome::Whole,
        },
        (first, last) => {
            let last = if last.is_empty() { Ok(length - 1) } else { last.parse::<usize>() };
            match (first.parse::<usize>(), last) {
                (Ok(first), Ok(last)) if first <= last || first >= length => (first, last.min(length - 1)),
                _ => return Outcome::Whole,
            }
        }
    };
    if first >= length { Outcome::Beyond } else { Outcome::Part(first, last) }
}

/// Answers what no source serves: the page at its two paths if there is one, else 404, and what the original says to
/// other methods.
pub(super) fn answer_unrouted(page: Option<&Page>, path: &str, slash: bool, parts: &mut Parts) -> Reply {
    let Some(page) = page else { return Draft::to(parts).empty(StatusCode::NOT_FOUND) };
    match parts.method {
        Method::GET | Method::HEAD | Method::POST => match path {
            "/" => page.answer(parts),
            "/index.html" if !slash => page.answer(parts),
            _ => Draft::to(parts).empty(StatusCode::NOT_FOUND),
        },
        Method::OPTIONS | Method::PUT | Method::DELETE | Method::TRACE | Method::CONNECT => {
            let mut draft = Draft::to(parts);
            draft.set(ALLOW, ALLOWED);
            draft.empty(StatusCode::METHOD_NOT_ALLOWED)
        }
        _ => Draft::to(parts).empty(StatusCode::NOT_IMPLEMENTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-09-13 12:26:40 UTC and half a second.
    const NOW_MS: i64 = 1_600_000_000_500;

    #[test]
    fn the_page_loads_the_script_of_its_source_and_nothing_from_elsewhere() {
        let page = Page::new(Some("/a&b/divolte.js"), NOW_MS);
        let text = std::str::from_utf8(&page.body).unwrap();
        assert!(text.starts_with("<!DOCTYPE html>"));
        assert!(text.contains("<script src=\"/a&amp;b/divolte.js\" defer async></script>"));
        assert!(!text.contains("http:") && !text.contains("https:"), "{text}");
        let page = Page::new(None, NOW_MS);
        assert!(!std::str::from_utf8(&page.body).unwrap().contains("<script src="));
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-9", Outcome::Part(0, 9)),
            ("bytes=90-", Outcome::Part(90, 99)),
            ("bytes=90-1000", Outcome::Part(90, 99)),
            ("bytes=-10", Outcome::Part(90, 99)),
            ("bytes=-1000", Outcome::Part(0, 99)),
            ("bytes=-0", Outcome::Beyond),
            ("bytes=100-", Outcome::Beyond),
            ("bytes=200-300", Outcome::Beyond),
            ("bytes=9-0", Outcome::Whole),
            ("bytes=0-1,3-4", Outcome::Whole),
            ("bytes=a-b", Outcome::Whole),
            ("lines=0-1", Outcome::Whole),
            ("bytes=5", Outcome::Whole),
        ] {
            assert_eq!(part(range, 100), expected, "{range}");
        }
    }

    #[test]
    fn conditions() {
        let page = Page::new(None, NOW_MS);
        let same = "Sun, 13 Sep 2020 12:26:40 GMT";
        let before = "Sun, 13 Sep 2020 12:26:39 GMT";
        for (headers, expected) in [
            (&[][..], Outcome::Whole),
            (&[(IF_MODIFIED_SINCE, before)], Outcome::Whole),
            (&[(IF_MODIFIED_SINCE, same)], Outcome::Unchanged),
            (&[(IF_MODIFIED_SINCE, "Mon, 13 Sep 2020 12:26:40 GMT")], Outcome::Unchanged),
            (&[(IF_MODIFIED_SINCE, "garbage")], Outcome::Whole),
            (&[(IF_UNMODIFIED_SINCE, before)], Outcome::Failed),
            (&[(IF_UNMODIFIED_SINCE, same)], Outcome::Whole),
            (&[(IF_MATCH, "\"zz\"")], Outcome::Failed),
            (&[(IF_MATCH, "*")], Outcome::Whole),
            (&[(IF_NONE_MATCH, "*")], Outcome::Unchanged),
            (&[(IF_NONE_MATCH, "\"zz\"")], Outcome::Whole),
            (&[(RANGE, "bytes=0-9"), (IF_RANGE, same)], Outcome::Part(0, 9)),
            (&[(RANGE, "bytes=0-9"), (IF_RANGE, before)], Outcome::Whole),
        ] {
            let map = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
            assert_eq!(page.decide(&Method::GET, &map), expected, "{headers:?}");
        }
    }
}
