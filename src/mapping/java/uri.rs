//! URI references as `java.net.URI` reads them: RFC 2396 with the amendments of RFC 2732, "other" characters allowed.
//!
//! This is not the URL of browsers: nothing is normalised, blanks and `|` are refused, relative references and opaque
//! URIs (`mailto:…`) are fine, and an authority that is no valid server still leaves path and query.
//! A [`Uri`] holds places in the text, not the text.

/// Places of the parts of a URI in its text. A part that is not there is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// Scheme without its colon.
    pub scheme: Option<Part>,
    /// Host; IPv6 in its brackets. None if the authority is not `[user@]host[:port]`.
    pub host: Option<Part>,
    /// Port if one is given.
    pub port: Option<i32>,
    /// Path, may be empty. None if the URI is opaque.
    pub path: Option<Part>,
    /// Query without its question mark.
    pub query: Option<Part>,
    /// Fragment without its hash.
    pub fragment: Option<Part>,
}

/// A piece of the text of a URI, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// First byte.
    pub start: u32,
    /// First byte behind.
    pub end: u32,
}

impl Part {
    /// The piece; empty if `text` is not the text of the URI.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl Uri {
    /// Reads a URI reference. None if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, bytes: text.as_bytes(), uri: Self::default() };
        u32::try_from(text.len()).ok()?;
        reader.reference().ok()?;
        Some(reader.uri)
    }
}

struct Malformed;

type Reading<T> = Result<T, Malformed>;

/// Sets of ASCII characters, one bit each.
mod set {
    pub(super) const PATH: u8 = 1;
    /// Characters of opaque parts, queries and fragments.
    pub(super) const URIC: u8 = 2;
    pub(super) const USER: u8 = 4;
    pub(super) const REGISTRY: u8 = 8;
    pub(super) const SERVER: u8 = 16;
    pub(super) const SCOPE: u8 = 32;
    /// These sets include percent-escapes and characters beyond ASCII.
    pub(super) const ESCAPED: u8 = PATH | URIC | USER | REGISTRY | SERVER;
}

const SETS: [u8; 128] = sets();

const fn sets() -> [u8; 128] {
    const UNRESERVED: &[u8] = b"-_.!~*'()";
    let mut table = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        let mut bits = 0;
        if byte.is_ascii_alphanumeric() {
            bits = set::ESCAPED | set::SCOPE;
        } else if contains(UNRESERVED, byte) {
            bits = set::ESCAPED;
        }
        if contains(b":@&=+$,;/", byte) {
            bits |= set::PATH;
        }
        if contains(b";/?:@&=+$,[]", byte) {
            bits |= set::URIC;
        }
        if contains(b";:&=+$,", byte) {
            bits |= set::USER | set::SERVER;
        }
        if contains(b"$,;:@&=+", byte) {
            bits |= set::REGISTRY;
        }
        if contains(b"-.:@[]", byte) {
            bits |= set::SERVER;
        }
        if contains(b"_.", byte) {
            bits |= set::SCOPE;
        }
        table[byte as usize] = bits;
        byte += 1;
    }
    table
}

const fn contains(bytes: &[u8], byte: u8) -> bool {
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    uri: Uri,
}

impl Reader<'_> {
    fn at(&self, position: usize, end: usize, byte: u8) -> bool {
        position < end && self.bytes[position] == byte
    }

    /// First of `stops` in `start..end`, else `end`.
    fn find(&self, start: usize, end: usize, stops: &[u8]) -> usize {
        self.bytes[start..end].iter().position(|byte| stops.contains(byte)).map_or(end, |at| start + at)
    }

    fn run(&self, start: usize, end: usize, is: impl Fn(u8) -> bool) -> usize {
        self.bytes[start..end].iter().position(|byte| !is(*byte)).map_or(end, |at| start + at)
    }

    /// How far the characters of a set reach from `start`. A broken escape is an error at once.
    fn scan(&self, start: usize, end: usize, set: u8, percent: bool) -> Reading<usize> {
        let mut at = start;
        while at < end {
            let byte = self.bytes[at];
            if byte < 128 && SETS[usize::from(byte)] & set != 0 || percent && byte == b'%' {
                at += 1;
            } else if set & set::ESCAPED == 0 {
                break;
            } else if byte == b'%' {
                let digits = self.bytes[at + 1..].get(..2).ok_or(Malformed)?;
                if at + 3 > end || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Malformed);
                }
                at += 3;
            } else {
                match self.text[at..].chars().next() {
                    Some(letter) if byte >= 128 && is_other(letter) => at += letter.len_utf8(),
                    _ => break,
                }
            }
        }
        Ok(at)
    }

    fn check(&self, start: usize, end: usize, set: u8) -> Reading<Part> {
        if self.scan(start, end, set, false)? == end { Ok(part(start, end)) } else { Err(Malformed) }
    }

    fn reference(&mut self) -> Reading<()> {
        let end = self.bytes.len();
        let colon = self.find(0, end, b"/?#:");
        let mut at = 0;
        if self.at(colon, end, b':') {
            self.uri.scheme = Some(self.scheme(colon)?);
            at = colon + 1;
        }
        if at > 0 && !self.at(at, end, b'/') {
            let hash = self.find(at, end, b"#");
            if hash == at {
                return Err(Malformed);
            }
            self.check(at, hash, set::URIC)?;
            at = hash;
        } else {
            at = self.hierarchical(at, end)?;
        }
        if self.at(at, end, b'#') {
            self.uri.fragment = Some(self.check(at + 1, end, set::URIC)?);
            at = end;
        }
        if at == end { Ok(()) } else { Err(Malformed) }
    }

    fn scheme(&self, end: usize) -> Reading<Part> {
        let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let valid = end > 0 && self.bytes[0].is_ascii_alphabetic() && self.run(1, end, rest) == end;
        if valid { Ok(part(0, end)) } else { Err(Malformed) }
    }

    fn hierarchical(&mut self, start: usize, end: usize) -> Reading<usize> {
        let mut at = start;
        if self.at(at, end, b'/') && self.at(at + 1, end, b'/') {
            at += 2;
            let stop = self.find(at, end, b"/?#");
            if stop > at {
                self.authority(at, stop)?;
                at = stop;
            } else if stop == end {
                return Err(Malformed);
            }
        }
        let stop = self.find(at, end, b"?#");
        self.uri.path = Some(self.check(at, stop, set::PATH)?);
        at = stop;
        if self.at(at, end, b'?') {
            let stop = self.find(at + 1, end, b"#");
            self.uri.query = Some(self.check(at + 1, stop, set::URIC)?);
            at = stop;
        }
        Ok(at)
    }

    /// A server if it can be read as one, else a name in some registry, which has neither host nor port.
    fn authority(&mut self, start: usize, end: usize) -> Reading<()> {
        // As the original: a bracket behind the first character allows a bare percent sign, for IPv6 scopes.
        let bracket = self.find(start, end, b"]") > start;
        let server = self.scan(start, end, set::SERVER, bracket)? == end;
        let registry = self.scan(start, end, set::REGISTRY, false)? == end;
        if server && let Ok((host, port)) = self.server(start, end) {
            self.uri.host = Some(host);
            self.uri.port = port;
            return Ok(());
        }
        if registry { Ok(()) } else { Err(Malformed) }
    }

    fn server(&self, start: usize, end: usize) -> Reading<(Part, Option<i32>)> {
        let mut at = start;
        let user = self.find(at, end, b"@");
        if user < end {
            self.check(at, user, set::USER)?;
            at = user + 1;
        }
        let host_end = if self.at(at, end, b'[') { self.bracketed(at, end)? } else { self.name_or_ipv4(at, end)? };
        let host = part(at, host_end);
        if host_end == end {
            return Ok((host, None));
        }
        if self.bytes[host_end] != b':' {
            return Err(Malformed);
        }
        let digits = &self.text[host_end + 1..end];
        if digits.is_empty() {
            return Ok((host, None));
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Malformed);
        }
        Ok((host, Some(digits.parse().map_err(|_| Malformed)?)))
    }

    /// End of an IPv6 address in brackets, a scope behind a percent sign allowed.
    fn bracketed(&self, start: usize, end: usize) -> Reading<usize> {
        let close = self.find(start + 1, end, b"]");
        if close == end || close == start + 1 {
            return Err(Malformed);
        }
        let scope = self.find(start + 1, close, b"%");
        if scope < close && (scope + 1 == close || self.scan(scope + 1, close, set::SCOPE, false)? != close) {
            return Err(Malformed);
        }
        if is_ipv6(&self.text[start + 1..scope]) { Ok(close + 1) } else { Err(Malformed) }
    }

    fn name_or_ipv4(&self, start: usize, end: usize) -> Reading<usize> {
        let digits = self.run(start, end, |byte| byte.is_ascii_digit() || byte == b'.');
        if (digits == end || self.bytes[digits] == b':') && is_ipv4(&self.text[start..digits]) {
            return Ok(digits);
        }
        self.name(start, end)
    }

    /// End of a host name: labels of letters, digits and inner dashes; of several, the last starts with a letter.
    fn name(&self, start: usize, end: usize) -> Reading<usize> {
        let mut at = start;
        let mut label = None;
        while at < end && self.bytes[at].is_ascii_alphanumeric() {
            label = Some(at);
            let stop = self.run(at, end, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if self.bytes[stop - 1] == b'-' {
                return Err(Malformed);
            }
            at = stop;
            if !self.at(at, end, b'.') {
                break;
            }
            at += 1;
        }
        let label = label.ok_or(Malformed)?;
        let ends = at == end || self.bytes[at] == b':';
        let starts = label == start || self.bytes[label].is_ascii_alphabetic();
        if ends && starts { Ok(at) } else { Err(Malformed) }
    }
}

fn part(start: usize, end: usize) -> Part {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Part { start: narrow(start), end: narrow(end) }
}

/// Characters beyond ASCII that need no escape: all but blanks and controls.
fn is_other(letter: char) -> bool {
    letter > '\u{80}' && !letter.is_control() && !is_blank(letter)
}

/// Unicode categories Zs, Zl and Zp beyond ASCII.
fn is_blank(letter: char) -> bool {
    matches!(
        letter,
        '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Four decimal bytes; leading zeros are allowed as the original allows them.
fn is_ipv4(text: &str) -> bool {
    let mut bytes = 0;
    let all = text.split('.').all(|byte| {
        bytes += 1;
        !byte.is_empty()
            && byte.bytes().all(|digit| digit.is_ascii_digit())
            && byte.parse::<u32>().is_ok_and(|value| value < 256)
    });
    all && bytes == 4
}

/// Groups of up to four hex digits, one run of zeros left out as `::`, an IPv4 address at the end allowed.
fn is_ipv6(text: &str) -> bool {
    fn groups(text: &str, last: bool) -> Option<usize> {
        if text.is_empty() {
            return Some(0);
        }
        let mut bytes = 0;
        let mut pieces = text.split(':').peekable();
        while let Some(piece) = pieces.next() {
            let hex = (1..=4).contains(&piece.len()) && piece.bytes().all(|digit| digit.is_ascii_hexdigit());
            bytes += match hex {
                true => 2,
                false if last && pieces.peek().is_none() && is_ipv4(piece) => 4,
                false => return None,
            };
        }
        Some(bytes)
    }
    match text.split_once("::") {
        Some((head, tail)) => {
            matches!((groups(head, false), groups(tail, true)), (Some(head), Some(tail)) if head + tail < 16)
        }
        None => groups(text, true) == Some(16),
    }
}

#[cfg(test)]
mod tests;
