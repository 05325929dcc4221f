//! Text in columns: a heading, and below it rows of a name, what it is, and a remark.

use crate::util::terminal::{Paint, Style};

/// Lists are broken at this column of theirs, if they can be.
const LIST_WIDTH: usize = 76;

/// A remark that would end behind this column stands directly behind its text instead of in its column.
const LINE_WIDTH: usize = 80;

/// Between two columns.
const GAP: usize = 2;

/// A row: name, what it is, in which style, and a remark.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    style: Style,
    text: String,
    remark: String,
}

/// Rows that stand in the same columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a row. A row without a name goes on with the one before it.
    pub fn row(&mut self, name: &str, style: Style, text: impl Into<String>, remark: impl Into<String>) {
        self.rows.push(Row { name: name.to_owned(), style, text: text.into(), remark: remark.into() });
    }

    /// Adds rows for a list of words that may be long, behind a label.
    pub fn list(&mut self, label: &str, words: &[&str]) {
        let mut line = label.to_owned();
        for (index, word) in words.iter().enumerate() {
            if width(&line) + width(word) > LIST_WIDTH && width(&line) > width(label) {
                self.row("", Style::Faint, line, "");
                line = pad("", width(label));
            }
            line.push_str(word);
            line.push_str(if index + 1 < words.len() { ", " } else { "" });
        }
        self.row("", Style::Faint, line, "");
    }

    /// The rows as lines, indented.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        let names = self.rows.iter().map(|row| width(&row.name)).max().unwrap_or(0) + GAP;
        let remarked = self.rows.iter().filter(|row| !row.remark.is_empty());
        let texts = remarked.map(|row| width(&row.text)).max().unwrap_or(0) + GAP;
        let mut lines = String::new();
        for row in &self.rows {
            let name = pad(&row.name, names);
            let fits = GAP + names + texts + width(&row.remark) <= LINE_WIDTH;
            let column = if fits { texts } else { width(&row.text) + GAP };
            let text = if row.remark.is_empty() { row.text.clone() } else { pad(&row.text, column) };
            let (text, gap) = text.split_at(text.trim_end().len());
            let line = name + &paint.paint(row.style, text) + gap + &paint.paint(Style::Faint, &row.remark);
            lines += "  ";
            lines += line.trim_end();
            lines.push('\n');
        }
        lines
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_painted_or_not() {
        let mut table = Table::default();
        table.row("page", Style::Link, "http://a/", "to click on");
        table.row("", Style::Strong, "größer", "");
        table.row("durability", Style::Odd, "none", "may be lost");
        let plain = "  page        http://a/  to click on\n\
                     \x20             größer\n\
                     \x20 durability  none       may be lost\n";
        assert_eq!(table.render(Paint::new(false)), plain);
        let painted = table.render(Paint::new(true));
        assert!(painted.contains("  \x1b[36mhttp://a/\x1b[0m  \x1b[2mto click on\x1b[0m\n"), "{painted:?}");
        let mut bare = painted;
        for code in ["\x1b[36m", "\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"] {
            bare = bare.replace(code, "");
        }
        assert_eq!(bare, plain);
    }

    #[test]
    fn a_long_remark_leaves_its_column_before_it_leaves_the_line() {
        let mut table = Table::default();
        table.row("page", Style::Link, "http://127.0.0.1:8290/divolte.js", "short");
        table.row("durability", Style::Odd, "none", "what waits in memory survives an orderly stop, not a crash");
        let text = table.render(Paint::new(false));
        assert!(text.contains("none  what waits") && text.contains("divolte.js  short"), "{text}");
        assert!(text.lines().all(|line| width(line) <= LINE_WIDTH), "{text}");
    }

    #[test]
    fn long_lists_are_broken_between_words() {
        let words: Vec<_> = (0..40).map(|number| format!("field{number}")).collect();
        let mut table = Table::default();
        table.list("sets  ", &words.iter().map(String::as_str).collect::<Vec<_>>());
        let text = table.render(Paint::new(false));
        assert!(text.lines().count() > 3 && text.lines().all(|line| width(line) <= LIST_WIDTH + 8), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("          field")), "{text}");
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(joined, format!("sets {}", words.join(", ")));
    }
}
