//! A pattern of Java to one of the Rust engines.

use std::fmt::Write as _;

use super::BadPattern;

/// Deepest nesting of groups and classes.
const DEPTH_MAX: usize = 100;

/// A translated pattern.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
    /// It needs an engine that backtracks.
    pub(super) backtracks: bool,
}

/// Flags as `(?idmsuxU)` sets them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) unix_lines: bool,
    pub(super) multiline: bool,
    pub(super) dot_all: bool,
    pub(super) unicode_case: bool,
    pub(super) comments: bool,
    pub(super) unicode_classes: bool,
}

pub(super) struct Translator {
    pub(super) pattern: Vec<char>,
    pub(super) at: usize,
    pub(super) out: String,
    pub(super) flags: Flags,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
    pub(super) backtracks: bool,
    pub(super) depth: usize,
    /// Look-arounds around: the end of the text is not the end of what they see.
    pub(super) looking: usize,
}

pub(super) type Done<T = ()> = Result<T, BadPattern>;

pub(super) fn translate(pattern: &str) -> Done<Translated> {
    let mut translator = Translator {
        pattern: pattern.chars().collect(),
        at: 0,
        out: String::with_capacity(pattern.len() * 2),
        flags: Flags::default(),
        groups: 0,
        names: Vec::new(),
        backtracks: false,
        depth: 0,
        looking: 0,
    };
    translator.alternatives()?;
    if translator.peek().is_some() {
        return Err(translator.bad("`)` closes nothing"));
    }
    let Translator { out, groups, names, backtracks, .. } = translator;
    Ok(Translated { text: out, groups, names, backtracks })
}

impl Translator {
    pub(super) fn peek(&self) -> Option<char> {
        self.pattern.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.pattern.get(self.at + ahead).copied()
    }

    pub(super) fn eat(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += usize::from(found);
        found
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = word.chars().enumerate().all(|(index, letter)| self.peek_at(index) == Some(letter));
        if found {
            self.at += word.chars().count();
        }
        found
    }

    pub(super) fn bad(&self, message: impl Into<String>) -> BadPattern {
        BadPattern { message: message.into(), at: self.at }
    }

    pub(super) fn deeper(&mut self) -> Done {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.bad(format!("nested deeper than {DEPTH_MAX} levels"))) } else { Ok(()) }
    }

    /// Alternatives up to the end or a closing bracket. Flags set inside end with them.
    pub(super) fn alternatives(&mut self) -> Done {
        let flags = self.flags;
        loop {
            self.branch()?;
            if !self.eat('|') {
                self.flags = flags;
                return Ok(());
            }
            self.out.push('|');
        }
    }

    fn branch(&mut self) -> Done {
        loop {
            if self.flags.comments {
                self.skip_comments();
            }
            match self.peek() {
                None | Some('|' | ')') => return Ok(()),
                Some('*' | '+' | '?') => return Err(self.bad("a quantifier without anything to repeat")),
                Some('\\') if self.peek_at(1) == Some('Q') => self.quoted()?,
                Some(_) => {
                    let start = self.out.len();
                    if self.atom()? {
                        self.quantifier(start)?;
                    }
                }
            }
        }
    }

    pub(super) fn skip_comments(&mut self) {
        while let Some(letter) = self.peek() {
            if letter == '#' {
                while self.peek().is_some_and(|letter| letter != '\n') {
                    self.at += 1;
                }
            } else if matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}') {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// `\Q…\E`; only the last character can be repeated.
    fn quoted(&mut self) -> Done {
        self.at += 2;
        while self.peek().is_some() {
            if self.eat_word("\\E") {
                return Ok(());
            }
            let Some(letter) = self.peek() else { break };
            self.at += 1;
            let start = self.out.len();
            self.literal(letter);
            if self.eat_word("\\E") {
                return self.quantifier(start);
            }
        }
        Ok(())
    }

    /// One thing that can be repeated; `false` if it was only a setting of flags.
    fn atom(&mut self) -> Done<bool> {
        let Some(letter) = self.peek() else { return Ok(false) };
        match letter {
            '(' => return self.group(),
            '[' => {
                let class = self.class()?;
                self.out.push_str(&class);
            }
            '.' => {
                self.at += 1;
                self.dot();
            }
            '^' => {
                self.at += 1;
                self.line_start();
            }
            '$' => {
                self.at += 1;
                self.line_end();
            }
            '\\' => self.escape()?,
            '{' => return Err(self.bad("`{` must follow something to repeat; as a sign it is written `\\{`")),
            _ => {
                self.at += 1;
                self.literal(letter);
            }
        }
        Ok(true)
    }

    fn dot(&mut self) {
        self.out.push_str(match (self.flags.dot_all, self.flags.unix_lines) {
            (true, _) => "(?s:.)",
            (false, true) => r"[^\n]",
            (false, false) => r"[^\n\r\x{85}\x{2028}\x{2029}]",
        });
    }

    fn line_start(&mut self) {
        let (multiline, unix) = (self.flags.multiline, self.flags.unix_lines);
        if !multiline {
            self.out.push_str(r"\A");
            return;
        }
        self.backtracks = true;
        self.out.push_str(if unix {
            r"(?:(?:\A|(?<=\n))(?!\z))"
        } else {
            r"(?:(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}]))(?!\z)|(?<=\r)(?!\n|\z))"
        });
    }

    /// The end of the text or, in front of it, of its last line. Where nothing can follow, it is the end.
    fn line_end(&mut self) {
        if self.nothing_follows() {
            self.out.push_str(r"\z");
            return;
        }
        self.end_of_line(self.flags.multiline);
    }

    fn end_of_line(&mut self, multiline: bool) {
        self.backtracks = true;
        let end = if multiline { "" } else { r"\z" };
        if self.flags.unix_lines {
            let _ = write!(self.out, r"(?:(?=\n{end})|\z)");
        } else {
            let crlf = if multiline { r"(?=\r)" } else { r"(?=\r\n?\z)" };
            let _ = write!(self.out, r"(?:{crlf}|(?=[\x{{85}}\x{{2028}}\x{{2029}}]{end})|(?<!\r)(?=\n{end})|\z)");
        }
    }

    /// Whether the match must end here because all that follows are closing brackets and other alternatives.
    fn nothing_follows(&self) -> bool {
        if self.looking > 0 || self.flags.comments {
            return false;
        }
        let mut at = self.at;
        loop {
            match self.pattern.get(at) {
                None => return true,
                Some(')') => {
                    at += 1;
                    if matches!(self.pattern.get(at), Some('*' | '+' | '?' | '{')) {
                        return false;
                    }
                }
                Some('|') => match self.closing(at) {
                    Some(close) => at = close,
                    None => return true,
                },
                Some(_) => return false,
            }
        }
    }

    /// Where the bracket stands that closes the group around `at`.
    fn closing(&self, mut at: usize) -> Option<usize> {
        let (mut open, mut class) = (0_usize, 0_usize);
        while let Some(letter) = self.pattern.get(at) {
            match letter {
                '\\' => at += 1,
                '[' => class += 1,
                ']' => class = class.saturating_sub(1),
                '(' if class == 0 => open += 1,
                ')' if class == 0 && open == 0 => return Some(at),
                ')' if class == 0 => open -= 1,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// `*`, `+`, `?`, `{n,m}` behind what was written since `start`, greedy, lazy or possessive.
    fn quantifier(&mut self, start: usize) -> Done {
        if self.flags.comments {
            self.skip_comments();
        }
        let text = match self.peek() {
            Some(sign @ ('*' | '+' | '?')) => {
                self.at += 1;
                sign.to_string()
            }
            Some('{') => self.counted()?,
            _ => return Ok(()),
        };
        match self.peek() {
            Some('{') => {
                // What is repeated can be repeated again, but only so many times.
                self.out.insert_str(start, "(?:");
                self.out.extend([&*text, ")"]);
                self.deeper()?;
                self.quantifier(start)?;
                self.depth -= 1;
            }
            Some('?') => {
                self.at += 1;
                self.out.extend([&*text, "?"]);
            }
            Some('+') => {
                self.at += 1;
                self.backtracks = true;
                self.out.insert_str(start, "(?>");
                self.out.extend([&*text, ")"]);
            }
            _ => self.out.push_str(&text),
        }
        Ok(())
    }

    fn counted(&mut self) -> Done<String> {
        self.at += 1;
        let from = self.digits()?.ok_or_else(|| self.bad("a number must follow `{`"))?;
        let mut text = format!("{{{from}");
        if self.eat(',') {
            text.push(',');
            if let Some(to) = self.digits()? {
                if to < from {
                    return Err(self.bad("the second number must not be smaller than the first"));
                }
                let _ = write!(text, "{to}");
            }
        }
        if !self.eat('}') {
            return Err(self.bad("`}` must follow"));
        }
        text.push('}');
        Ok(text)
    }

    fn digits(&mut self) -> Done<Option<u32>> {
        let start = self.at;
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
        let text: String = self.pattern[start..self.at].iter().collect();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.bad("the number is too large"))
    }

    fn escape(&mut self) -> Done {
        let Some(letter) = self.peek_at(1) else { return Err(self.bad("a `\\` at the end")) };
        if let Some(class) = self.predefined()? {
            self.out.push_str(&class);
            return Ok(());
        }
        let simple = match letter {
            'b' | 'B' => {
                if self.eat_word("\\b{g}") {
                    return Err(self.bad("`\\b{g}` is not supported"));
                }
                Some(if letter == 'b' { r"\b" } else { r"\B" })
            }
            'A' | 'G' => Some(r"\A"),
            'z' => Some(r"\z"),
            'R' => Some(r"(?:\r\n|[\n\x{0B}\x{0C}\r\x{85}\x{2028}\x{2029}])"),
            _ => None,
        };
        if let Some(text) = simple {
            self.at += 2;
            self.out.push_str(text);
            return Ok(());
        }
        match letter {
            'Z' => {
                self.at += 2;
                if self.nothing_follows() {
                    self.out.push_str(r"\z");
                } else {
                    self.end_of_line(false);
                }
                Ok(())
            }
            'k' => self.named_reference(),
            '1'..='9' => {
                self.numbered_reference();
                Ok(())
            }
            'X' => Err(self.bad("`\\X` is not supported")),
            _ => {
                let letter = self.escaped_character()?;
                self.literal(letter);
                Ok(())
            }
        }
    }

    /// Writes a character that stands for itself.
    pub(super) fn literal(&mut self, letter: char) {
        let variants = self.variants(letter);
        if variants.len() == 1 {
            push_character(letter, &mut self.out);
            return;
        }
        self.out.push('[');
        for variant in variants {
            push_character(variant, &mut self.out);
        }
        self.out.push(']');
    }

    /// A character with those that it equals when case does not count: ASCII letters only, unless `u` is set.
    pub(super) fn variants(&self, letter: char) -> Vec<char> {
        let mut variants = vec![letter];
        if !self.flags.ignore_case {
            return variants;
        }
        let mut add = |other: char| {
            if !variants.contains(&other) {
                variants.push(other);
            }
        };
        if letter.is_ascii() || !self.flags.unicode_case {
            add(letter.to_ascii_lowercase());
            add(letter.to_ascii_uppercase());
        } else {
            let single =
                |mut letters: Box<dyn Iterator<Item = char>>| letters.next().filter(|_| letters.next().is_none());
            single(Box::new(letter.to_lowercase())).into_iter().for_each(&mut add);
            single(Box::new(letter.to_uppercase())).into_iter().for_each(&mut add);
        }
        variants
    }
}

/// Writes a character so that no engine sees a sign in it.
pub(super) fn push_character(letter: char, out: &mut String) {
    if letter.is_ascii_alphanumeric() || !letter.is_ascii() && letter.is_alphanumeric() {
        out.push(letter);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\x{{{:x}}}", u32::from(letter));
    }
}
