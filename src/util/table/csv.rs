//! Comma-separated values as RFC 4180 has them, with a header. Lines end with or without a carriage return.
//!
//! An empty value is none; a text of no letters is written as two quotes. Lines that are empty are left out.

use super::{
    Problem,
    build::{Builder, Stop},
    newlines,
};

/// Reads all rows.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) {
    // Everything is noted there.
    let _ = rows(text, builder);
}

fn rows(text: &str, builder: &mut Builder<'_>) -> Result<(), Stop> {
    let mut fields = Fields { text, at: 0, line: 1 };
    fields.skip_empty_lines();
    if fields.is_done() {
        return Err(builder.fatal(1, Problem::Empty));
    }
    header(&mut fields, builder)?;
    fields.skip_empty_lines();
    while !fields.is_done() {
        row(&mut fields, builder)?;
        fields.skip_empty_lines();
    }
    Ok(())
}

fn header(fields: &mut Fields<'_>, builder: &mut Builder<'_>) -> Result<(), Stop> {
    let line = fields.line;
    loop {
        let mut name = String::new();
        let field = fields.next(&mut name).map_err(|(line, problem)| builder.fatal(line, problem))?;
        let before = builder.columns();
        match builder.column(&name) {
            Ok(_) if builder.columns() > before => {}
            Ok(_) => return Err(builder.fatal(line, Problem::ColumnTwice(name))),
            Err(problem) => return Err(builder.fatal(line, problem)),
        }
        if field.last {
            break;
        }
    }
    builder.missing_key().map_or(Ok(()), |problem| Err(builder.fatal(line, problem)))
}

fn row(fields: &mut Fields<'_>, builder: &mut Builder<'_>) -> Result<(), Stop> {
    let draft = builder.row(fields.line)?;
    let (wanted, mut found) = (builder.columns(), 0);
    let mut text = String::new();
    loop {
        text.clear();
        let field = fields.next(&mut text).map_err(|(line, problem)| builder.fatal(line, problem))?;
        if found < wanted && (field.quoted || !text.is_empty()) {
            let column = u16::try_from(found).unwrap_or(u16::MAX);
            builder.value(column, |out| out.push_str(&text));
        }
        found += 1;
        if field.last {
            break;
        }
    }
    if found != wanted {
        builder.forget(&draft);
        return builder.fault(draft.line, Problem::Width { found, wanted });
    }
    builder.add(&draft)
}

/// One value after the other.
struct Fields<'a> {
    text: &'a str,
    at: usize,
    /// Number of the line at hand, from 1.
    line: usize,
}

/// How a value stood.
struct Field {
    quoted: bool,
    /// Whether it is the last one of its line.
    last: bool,
}

impl Fields<'_> {
    fn is_done(&self) -> bool {
        self.at == self.text.len()
    }

    fn skip_empty_lines(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let Some(length) = ["\n", "\r\n"].iter().find(|end| rest.starts_with(**end)).map(|end| end.len()) else {
                return;
            };
            self.at += length;
            self.line += 1;
        }
    }

    /// Appends the next value to `out`.
    fn next(&mut self, out: &mut String) -> Result<Field, (usize, Problem)> {
        if self.text[self.at..].starts_with('"') {
            self.quoted(out)?;
            let last = self.end().ok_or((self.line, Problem::BehindQuote))?;
            return Ok(Field { quoted: true, last });
        }
        let rest = &self.text.as_bytes()[self.at..];
        let length = memchr::memchr2(b',', b'\n', rest).unwrap_or(rest.len());
        let value = &self.text[self.at..self.at + length];
        let value = if rest.get(length) == Some(&b',') { value } else { value.strip_suffix('\r').unwrap_or(value) };
        if value.contains('"') {
            return Err((self.line, Problem::StrayQuote));
        }
        out.push_str(value);
        self.at += value.len();
        // There is nothing else that it could stop at.
        let last = self.end().unwrap_or(true);
        Ok(Field { quoted: false, last })
    }

    /// Appends a value in quotes, doubled ones of which stand for one.
    fn quoted(&mut self, out: &mut String) -> Result<(), (usize, Problem)> {
        let begin = self.line;
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let length = memchr::memchr(b'"', rest.as_bytes()).ok_or((begin, Problem::OpenQuote))?;
            out.push_str(&rest[..length]);
            self.line += newlines(&rest.as_bytes()[..length]);
            self.at += length + 1;
            if !self.text[self.at..].starts_with('"') {
                return Ok(());
            }
            out.push('"');
            self.at += 1;
        }
    }

    /// Goes on behind a value: true at the end of the line or text, false at a comma, None at anything else.
    fn end(&mut self) -> Option<bool> {
        let rest = &self.text[self.at..];
        let (length, last) = match rest.as_bytes() {
            [] => (0, true),
            [b',', ..] => (1, false),
            [b'\n', ..] | [b'\r'] => (1, true),
            [b'\r', b'\n', ..] => (2, true),
            _ => return None,
        };
        self.line += usize::from(rest[..length].ends_with('\n'));
        self.at += length;
        Some(last)
    }
}
