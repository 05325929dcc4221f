//! Colours for people at a terminal, and for nobody else.

use std::{env, ffi::OsStr, io::IsTerminal};

/// Whether colours are wanted on an output: on a terminal that can show them, unless `NO_COLOR` says otherwise
/// (<https://no-color.org>).
#[must_use]
pub fn wants_color(output: &impl IsTerminal) -> bool {
    output.is_terminal() && allowed(env::var_os("NO_COLOR").as_deref(), env::var_os("TERM").as_deref())
}

fn allowed(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && term.is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// What a piece of text is; how that looks is decided here alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// What everything below belongs to.
    Heading,
    /// To be seen first.
    Strong,
    /// To be overlooked.
    Faint,
    /// An address or a command, to be opened or copied.
    Link,
    /// All is well.
    Good,
    /// Worth a thought.
    Odd,
    /// Wrong.
    Bad,
}

/// Paints text, or leaves it plain.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    color: bool,
}

impl Paint {
    /// Paints for an output with or without colours.
    #[must_use]
    pub fn new(color: bool) -> Self {
        Self { color }
    }

    /// For this output.
    #[must_use]
    pub fn on(output: &impl IsTerminal) -> Self {
        Self::new(wants_color(output))
    }

    /// The text in a style. Paint what is padded already: escapes have no width.
    #[must_use]
    pub fn paint(self, style: Style, text: &str) -> String {
        // Only the sixteen colours that every terminal has, and its own idea of them: readable on light and dark.
        let code = match style {
            Style::Heading => "1;32",
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Link => "36",
            Style::Good => "32",
            Style::Odd => "33",
            Style::Bad => "1;31",
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_can_only_take_colours_away() {
        for (no_color, term, expected) in [
            (None, Some("xterm-256color"), true),
            (Some(""), Some("xterm"), true),
            (Some("1"), Some("xterm"), false),
            (None, Some("dumb"), false),
            (None, Some(""), false),
            (None, None, false),
        ] {
            assert_eq!(allowed(no_color.map(OsStr::new), term.map(OsStr::new)), expected, "{no_color:?} {term:?}");
        }
        let file = tempfile::tempfile().expect("a temporary file");
        assert!(!wants_color(&file), "a file is no terminal");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Paint::new(false).paint(Style::Good, "ready"), "ready");
        assert_eq!(Paint::new(true).paint(Style::Good, "ready"), "\x1b[32mready\x1b[0m");
        assert_eq!(Paint::new(true).paint(Style::Good, ""), "");
    }
}
