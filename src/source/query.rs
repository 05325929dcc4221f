//! Query strings: split and decoded once, into a buffer that is used again for the next request.
//!
//! Pairs are separated by `&`, name and value by the first `=`; `+` is a space, `%` and two hexadecimal digits a byte of
//! UTF-8. Bytes that are no UTF-8 become replacement characters.

use std::ops::Range;

/// Why a query cannot be decoded. Both are answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// `%` without two hexadecimal digits behind it.
    #[error("malformed percent escape")]
    MalformedEscape,
    /// More parameters than allowed.
    #[error("too many query parameters")]
    TooManyParameters,
}

impl QueryError {
    /// Stable code, as in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MalformedEscape => "malformed_escape",
            Self::TooManyParameters => "too_many_parameters",
        }
    }
}

/// Number of one-letter ASCII names.
const LETTERS: usize = 128;

/// No parameter has this index.
const NONE: u16 = u16::MAX;

/// Room for a decoded query; one per thread.
#[derive(Debug)]
pub struct QueryBuffer {
    /// As long as the longest query so far; the first `end` bytes are in use.
    bytes: Vec<u8>,
    end: usize,
    parameters: Vec<Parameter>,
    /// Index of the first parameter of each one-letter name.
    letters: [u16; LETTERS],
}

#[derive(Clone, Debug)]
struct Parameter {
    name: Range<usize>,
    value: Range<usize>,
}

impl Default for QueryBuffer {
    fn default() -> Self {
        Self { bytes: Vec::new(), end: 0, parameters: Vec::new(), letters: [NONE; LETTERS] }
    }
}

impl QueryBuffer {
    /// Decodes a query of at most `parameters_max` parameters (65,534 at most).
    ///
    /// # Errors
    /// Says what is wrong with the query.
    pub fn decode(&mut self, query: &str, parameters_max: usize) -> Result<Query<'_>, QueryError> {
        let parameters_max = parameters_max.min(usize::from(NONE) - 1);
        // Decoding never makes a text longer: what becomes a replacement character of three bytes was an escape.
        if self.bytes.len() < query.len() {
            self.bytes.resize(query.len(), 0);
        }
        self.end = 0;
        self.parameters.clear();
        self.letters = [NONE; LETTERS];
        let mut rest = query.as_bytes();
        while !rest.is_empty() {
            if rest[0] == b'&' {
                rest = &rest[1..];
                continue;
            }
            if self.parameters.len() == parameters_max {
                return Err(QueryError::TooManyParameters);
            }
            let (name, behind_name) = self.piece::<true>(rest)?;
            let (value, behind_value) = match behind_name.split_first() {
                Some((b'=', value)) => self.piece::<false>(value)?,
                _ => (name.end..name.end, behind_name),
            };
            self.note(&name);
            self.parameters.push(Parameter { name, value });
            rest = behind_value;
        }
        // Cannot fail, because every piece was made valid.
        let text = std::str::from_utf8(&self.bytes[..self.end]).map_err(|_| QueryError::MalformedEscape)?;
        Ok(Query { text, parameters: &self.parameters, letters: &self.letters })
    }

    /// Decodes up to `&` (and up to `=` in a name); gives the place of the text and what is left of the query.
    fn piece<'q, const NAME: bool>(&mut self, query: &'q [u8]) -> Result<(Range<usize>, &'q [u8]), QueryError> {
        // As long as what is left of the query, at least, so that it cannot be overrun.
        let out = &mut self.bytes[self.end..];
        let (mut from, mut to) = (0, 0);
        let mut escaped = 0_u8;
        while let Some(byte) = query.get(from).copied() {
            let mut decoded = byte;
            if SPECIAL[usize::from(byte)] {
                match byte {
                    b'+' => decoded = b' ',
                    b'%' => {
                        let digit = |at: usize| query.get(at).copied().and_then(hexadecimal);
                        let (Some(high), Some(low)) = (digit(from + 1), digit(from + 2)) else {
                            return Err(QueryError::MalformedEscape);
                        };
                        decoded = high << 4 | low;
                        escaped |= decoded;
                        from += 2;
                    }
                    b'=' if !NAME => {}
                    _ => break,
                }
            }
            out[to] = decoded;
            from += 1;
            to += 1;
        }
        // Raw text is valid UTF-8, and so are ASCII bytes between it.
        if !escaped.is_ascii() {
            to = make_valid(out, to);
        }
        let start = self.end;
        self.end += to;
        Ok((start..self.end, &query[from..]))
    }

    fn note(&mut self, name: &Range<usize>) {
        if let [letter] = self.bytes[name.clone()]
            && let Some(first) = self.letters.get_mut(usize::from(letter))
            && *first == NONE
        {
            // There are fewer than `NONE` parameters.
            *first = u16::try_from(self.parameters.len()).unwrap_or(NONE);
        }
    }
}

/// Bytes that do not stand for themselves everywhere.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[b'%' as usize] = true;
    special[b'+' as usize] = true;
    special[b'&' as usize] = true;
    special[b'=' as usize] = true;
    special
};

#[inline]
fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Replaces what is no UTF-8 in the first `length` bytes and gives their new number. Replaces as the original's platform
/// does: like the standard library, but for the three bytes of an encoded surrogate, which become one replacement
/// character instead of three.
fn make_valid(bytes: &mut [u8], length: usize) -> usize {
    if std::str::from_utf8(&bytes[..length]).is_ok() {
        return length;
    }
    let mut valid = Vec::with_capacity(length);
    let mut rest = &bytes[..length];
    while let Err(error) = std::str::from_utf8(rest) {
        let (text, tail) = rest.split_at(error.valid_up_to());
        valid.extend_from_slice(text);
        valid.extend_from_slice("\u{fffd}".as_bytes());
        let length = match tail {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
            [0xed, 0xa0..=0xbf, ..] => 2,
            _ => error.error_len().unwrap_or(tail.len()),
        };
        rest = &tail[length..];
    }
    valid.extend_from_slice(rest);
    bytes[..valid.len()].copy_from_slice(&valid);
    valid.len()
}

/// A decoded query. Parameters are in their order; a repeated name keeps all its values.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    text: &'a str,
    parameters: &'a [Parameter],
    letters: &'a [u16; LETTERS],
}

impl<'a> Query<'a> {
    /// First value under a name of one ASCII letter.
    #[must_use]
    pub fn letter(&self, name: u8) -> Option<&'a str> {
        let index = *self.letters.get(usize::from(name))?;
        self.parameters.get(usize::from(index)).map(|parameter| &self.text[parameter.value.clone()])
    }

    /// First value under a name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Names and values.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        let text = self.text;
        self.parameters.iter().map(move |parameter| (&text[parameter.name.clone()], &text[parameter.value.clone()]))
    }

    /// All names and values one after the other.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }
}

#[cfg(test)]
mod tests;
