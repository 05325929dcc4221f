//! How a record looks: as it is, or for a terminal.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use crate::util::terminal::{Paint, Style};

/// How lines of JSON are written.
#[derive(Clone, Copy, Debug)]
pub struct Dress {
    /// Events come from anybody, and a terminal obeys some characters that JSON leaves as they are.
    tame: bool,
    paint: Option<Paint>,
}

impl Dress {
    /// As they are.
    pub const PLAIN: Self = Self { tame: false, paint: None };

    /// As fits an output.
    #[must_use]
    pub fn of(output: &impl IsTerminal) -> Self {
        let terminal = output.is_terminal();
        Self { tame: terminal, paint: terminal.then(|| Paint::on(output)) }
    }

    /// Writes a line of JSON.
    pub(in crate::command) fn write(self, line: &[u8], out: &mut impl Write) -> io::Result<()> {
        match (self.tame, std::str::from_utf8(line)) {
            (true, Ok(text)) => out.write_all(self.dressed(text).as_bytes()),
            _ => out.write_all(line),
        }
    }

    fn dressed(self, text: &str) -> String {
        let mut dressed = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '"' => string_end(rest),
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            let (piece, behind) = rest.split_at(end);
            let style = match first {
                '"' if behind.starts_with(':') => Some(Style::Faint),
                '"' => Some(Style::Link),
                _ if piece == "null" => Some(Style::Faint),
                _ if is_word(first) => Some(Style::Odd),
                _ => None,
            };
            let piece = tamed(piece);
            match (style, self.paint) {
                (Some(style), Some(paint)) => dressed += &paint.paint(style, &piece),
                _ => dressed += &piece,
            }
            rest = behind;
        }
        dressed
    }
}

/// Whether a character belongs to a number, `true`, `false` or `null`.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+-.".contains(character)
}

/// Behind the string that the text begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Control characters of the second kind as JSON may write them, too. Those of the first it has to.
fn tamed(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\u{7f}'..='\u{9f}') {
            // Writing to memory cannot fail.
            let _ = write!(tamed, "\\u{:04x}", u32::from(character));
        } else {
            tamed.push(character);
        }
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "{\"a\":\"x\\\"y\",\"b\":null,\"c\":[-1.5e3,true],\"\u{9b}31m\":\"\u{9b}\u{7f}é\"}\n";

    fn write(dress: Dress) -> String {
        let mut out = Vec::new();
        dress.write(LINE.as_bytes(), &mut out).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn on_a_terminal_names_and_values_differ_and_nothing_is_obeyed() {
        assert_eq!(write(Dress::PLAIN), LINE);
        let tame = write(Dress { tame: true, paint: Some(Paint::new(false)) });
        let expected = "{\"a\":\"x\\\"y\",\"b\":null,\"c\":[-1.5e3,true],\"\\u009b31m\":\"\\u009b\\u007fé\"}\n";
        assert_eq!(tame, expected);
        let values = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(values(&tame), values(LINE));
        let painted = write(Dress { tame: true, paint: Some(Paint::new(true)) });
        for part in
            ["{\x1b[2m\"a\"\x1b[0m:\x1b[36m\"x\\\"y\"\x1b[0m,", ":\x1b[2mnull\x1b[0m,", "[\x1b[33m-1.5e3\x1b[0m,"]
        {
            assert!(painted.contains(part), "{part:?} in {painted:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_written_as_it_is() {
        let mut out = Vec::new();
        Dress { tame: true, paint: None }.write(b"\xff", &mut out).expect("memory");
        assert_eq!(out, b"\xff");
    }
}
