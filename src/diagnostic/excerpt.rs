//! The texts that messages show, cut where a line is too long to read.

use std::{ops::Range, sync::Arc};

use codespan_reporting::files::{Error, Files};

use super::SourceText;

/// Characters of a line that are shown whole.
const LINE_MAX: usize = 240;
/// Characters that are shown in front of the mark of a longer line.
const BEFORE: usize = 60;
/// Characters that are shown from the start of the mark on.
const BEHIND: usize = 100;

/// Texts to show.
#[derive(Default)]
pub(super) struct Excerpts {
    list: Vec<Excerpt>,
}

/// A whole text, or the readable part of one line of it.
struct Excerpt {
    source: Arc<SourceText>,
    /// Where the lines start, in bytes.
    lines: Vec<usize>,
    /// Of a long line: what is shown of it.
    cut: Option<Cut>,
}

struct Cut {
    text: String,
    /// Number of the line, from 0.
    line: usize,
    /// Characters that are left out in front, less the sign that stands for them.
    before: usize,
}

impl Excerpts {
    /// Adds what shows a place; its number, and the place in it.
    pub(super) fn add(&mut self, source: &Arc<SourceText>, span: &Range<usize>) -> (usize, Range<usize>) {
        let text = &source.text;
        let start = floor(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        if text[line_start..line_end].len() <= LINE_MAX {
            let known = self.list.iter().position(|known| known.cut.is_none() && Arc::ptr_eq(&known.source, source));
            let id = known.unwrap_or_else(|| {
                let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
                self.list.push(Excerpt { source: Arc::clone(source), lines, cut: None });
                self.list.len() - 1
            });
            // What goes on over a long line would show all of it.
            let end =
                if span.end > line_end && self.has_long_line(id, line_end..span.end) { line_end } else { span.end };
            return (id, span.start..end);
        }
        let back = |from: usize, count: usize| {
            text[line_start..from].char_indices().rev().nth(count - 1).map_or(line_start, |(at, _)| line_start + at)
        };
        let ahead = |from: usize, count: usize| {
            text[from..line_end].char_indices().nth(count).map_or(line_end, |(at, _)| from + at)
        };
        let (from, to) = (back(start, BEFORE), ahead(start, BEHIND));
        let (head, tail) = (if from > line_start { "…" } else { "" }, if to < line_end { "…" } else { "" });
        let shown = format!("{head}{}{tail}", &text[from..to]);
        let left_out = text[line_start..from].chars().count();
        let cut = Cut {
            text: shown,
            line: text[..line_start].matches('\n').count(),
            before: left_out.saturating_sub(usize::from(from > line_start)),
        };
        self.list.push(Excerpt { source: Arc::clone(source), lines: vec![0], cut: Some(cut) });
        let shift = |at: usize| head.len() + at.clamp(from, to) - from;
        (self.list.len() - 1, shift(start)..shift(floor(text, span.end.max(start))))
    }

    fn has_long_line(&self, id: usize, range: Range<usize>) -> bool {
        let text = &self.list[id].source.text;
        let end = floor(text, range.end);
        text[range.start.min(end)..end].split('\n').any(|line| line.len() > LINE_MAX)
            || text[end..].split('\n').next().is_some_and(|rest| rest.len() > LINE_MAX)
    }

    fn get(&self, id: usize) -> Result<&Excerpt, Error> {
        self.list.get(id).ok_or(Error::FileMissing)
    }
}

/// The start of the character at `at`; the end if `at` is behind it.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Excerpt {
    fn text(&self) -> &str {
        self.cut.as_ref().map_or(&self.source.text, |cut| &cut.text)
    }

    fn line(&self, index: usize) -> Result<Range<usize>, Error> {
        let max = self.lines.len() - 1;
        let start = *self.lines.get(index).ok_or(Error::LineTooLarge { given: index, max })?;
        Ok(start..self.lines.get(index + 1).copied().unwrap_or(self.text().len()))
    }
}

impl<'a> Files<'a> for Excerpts {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.source.name)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(self.get(id)?.text())
    }

    fn line_index(&'a self, id: usize, at: usize) -> Result<usize, Error> {
        Ok(self.get(id)?.lines.partition_point(|start| *start <= at).saturating_sub(1))
    }

    fn line_number(&'a self, id: usize, index: usize) -> Result<usize, Error> {
        Ok(self.get(id)?.cut.as_ref().map_or(0, |cut| cut.line) + index + 1)
    }

    fn column_number(&'a self, id: usize, index: usize, at: usize) -> Result<usize, Error> {
        let excerpt = self.get(id)?;
        let line = excerpt.line(index)?;
        let before = floor(excerpt.text(), at.clamp(line.start, line.end));
        let column = excerpt.text()[line.start..before].chars().count() + 1;
        Ok(column + excerpt.cut.as_ref().map_or(0, |cut| cut.before))
    }

    fn line_range(&'a self, id: usize, index: usize) -> Result<Range<usize>, Error> {
        self.get(id)?.line(index)
    }
}
