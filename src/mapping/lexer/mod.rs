//! Text of a script to tokens.
//!
//! All literals of Groovy are read here, interpolated texts with the tokens of their expressions inside. Newlines are
//! tokens, because they end statements; comments are gone. A fault is reported and the reading goes on.

mod number;
mod text;

#[cfg(test)]
mod tests;

use super::{
    ast::{Number, Span},
    diagnostic::{LIMIT, Reports, UNEXPECTED_CHARACTER, UNTERMINATED},
};

/// Longest script, in bytes.
pub const SCRIPT_BYTES_MAX: usize = 1024 * 1024;

/// Deepest nesting of `${…}` in texts.
const INTERPOLATION_DEPTH_MAX: usize = 8;

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
    /// Whether blanks (not newlines) stand in front of it.
    pub spaced: bool,
}

/// What a token is. Keywords are words like any other; the parser knows them.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// Identifier or keyword.
    Word(String),
    /// Number.
    Number(Number),
    /// Text without interpolation.
    Text(String),
    /// Text with interpolation.
    Interpolated(Vec<Piece>),
    /// Operator, bracket or other sign.
    Sign(&'static str),
    /// End of a line.
    Newline,
    /// End of the script or of an interpolated expression.
    End,
}

/// A piece of an interpolated text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Verbatim.
    Text(String),
    /// Tokens of an expression, with an [`TokenKind::End`].
    Code(Vec<Token>),
}

/// Signs, longer ones first.
const SIGNS: &[&str] = &[
    "<=>", "==~", "===", "!==", "..<", "**=", "<<=", ">>=", "?.", "?:", "?=", "*.", ".&", ".@", "..", "->", "++", "--",
    "+=", "-=", "*=", "/=", "%=", "**", "==", "!=", "<=", ">=", "&&", "||", "<<", "=~", "::", "(", ")", "[", "]", "{",
    "}", ",", ";", ":", ".", "+", "-", "*", "/", "%", "=", "<", ">", "!", "?", "&", "|", "^", "~", "@",
];

/// Reads a whole script. The last token is always [`TokenKind::End`].
pub fn lex(script: &str, reports: &mut Reports) -> Vec<Token> {
    if script.len() > SCRIPT_BYTES_MAX {
        let message = format!("the script is longer than {SCRIPT_BYTES_MAX} bytes");
        let report = reports.error(LIMIT, Span::default(), message);
        reports.add(report);
        return vec![Token { kind: TokenKind::End, span: Span::default(), spaced: false }];
    }
    let mut lexer = Lexer { script, at: 0, reports, tokens: Vec::new(), depth: 0, next_slash: None };
    if script.starts_with("#!") {
        lexer.at = script.find('\n').unwrap_or(script.len());
    }
    if let Some(rest) = script.strip_prefix('\u{feff}') {
        lexer.at = script.len() - rest.len();
    }
    lexer.run(None);
    lexer.tokens
}

struct Lexer<'s, 'r> {
    script: &'s str,
    at: usize,
    reports: &'r mut Reports,
    tokens: Vec<Token>,
    depth: usize,
    /// The part of a line in which a `/` with a blank behind it was looked for, and where the first one is.
    next_slash: Option<(std::ops::Range<usize>, Option<usize>)>,
}

impl Lexer<'_, '_> {
    fn rest(&self) -> &str {
        &self.script[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn report(&mut self, code: super::diagnostic::Code, span: Span, message: impl Into<String>) {
        let report = self.reports.error(code, span, message);
        self.reports.add(report);
        if self.reports.is_full() {
            // Nobody reads more.
            self.at = self.script.len();
        }
    }

    /// Reads to the end of the script or, inside `${…}`, to the brace that ends it.
    fn run(&mut self, closing: Option<usize>) {
        let mut braces = 0_usize;
        loop {
            let before = self.at;
            self.skip_blanks();
            let spaced = self.at > before;
            let start = self.at;
            let Some(letter) = self.peek() else {
                if let Some(open) = closing {
                    self.report(
                        UNTERMINATED,
                        Span::new(open, open + 2),
                        "the end of this interpolation is missing: `}`",
                    );
                }
                break;
            };
            match letter {
                '}' if closing.is_some() && braces == 0 => break,
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            }
            if let Some(kind) = self.token(letter) {
                self.tokens.push(Token { kind, span: Span::new(start, self.at), spaced });
            }
        }
        self.tokens.push(Token { kind: TokenKind::End, span: Span::new(self.at, self.at), spaced: false });
    }

    fn token(&mut self, letter: char) -> Option<TokenKind> {
        match letter {
            '\n' | '\r' => {
                self.at += if self.rest().starts_with("\r\n") { 2 } else { 1 };
                Some(TokenKind::Newline)
            }
            '\'' | '"' => Some(self.quoted()),
            '/' if self.slashy_starts() => Some(self.slashy()),
            '$' if self.rest().starts_with("$/") => Some(self.dollar_slashy()),
            _ if letter.is_ascii_digit() => Some(self.number()),
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) && !self.after_value() => {
                Some(self.number())
            }
            _ if is_word_start(letter) => Some(self.word()),
            _ => self.sign(letter),
        }
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        let end = rest.find(|letter| !is_word_part(letter)).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.at += end;
        TokenKind::Word(word)
    }

    fn sign(&mut self, letter: char) -> Option<TokenKind> {
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return Some(TokenKind::Sign(sign));
        }
        let span = Span::new(self.at, self.at + letter.len_utf8());
        self.at = span.range().end;
        self.report(UNEXPECTED_CHARACTER, span, format!("unexpected character `{}`", letter.escape_default()));
        None
    }

    /// Blanks, comments and line continuations.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\u{c}', '\u{a0}']).len();
            if blanks > 0 {
                self.at += blanks;
            } else if rest.starts_with("//") {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                if let Some(end) = comment.find("*/") {
                    self.at += end + 4;
                } else {
                    self.report(
                        UNTERMINATED,
                        Span::new(self.at, self.at + 2),
                        "the end of this comment is missing: `*/`",
                    );
                    self.at = self.script.len();
                }
            } else if rest.starts_with("\\\n") {
                self.at += 2;
            } else if rest.starts_with("\\\r\n") {
                self.at += 3;
            } else {
                return;
            }
        }
    }

    /// Whether the last token ends a value, so that an operator may follow.
    fn after_value(&self) -> bool {
        self.tokens.last().is_some_and(|token| match &token.kind {
            TokenKind::Word(_) | TokenKind::Number(_) | TokenKind::Text(_) | TokenKind::Interpolated(_) => true,
            TokenKind::Sign(sign) => matches!(*sign, ")" | "]" | "}" | "++" | "--"),
            TokenKind::Newline | TokenKind::End => false,
        })
    }

    /// A slash starts a text where a value may stand, and as the argument of a command: `match /a.*/ against x`.
    fn slashy_starts(&mut self) -> bool {
        if !self.after_value() {
            return true;
        }
        let Some(Token { kind: TokenKind::Word(word), .. }) = self.tokens.last() else { return false };
        if matches!(word.as_str(), "return" | "in" | "case" | "assert") {
            return true;
        }
        let spaced = self.script[..self.at].ends_with([' ', '\t']);
        let tight = self.rest()[1..].starts_with(|next: char| !matches!(next, ' ' | '\t' | '=' | '\n' | '\r'));
        if !spaced || !tight {
            return false;
        }
        let Some(close) = self.closing_slash() else { return false };
        close > self.at + 1 && self.script[close + 2..].trim_start_matches([' ', '\t']).starts_with(is_word_start)
    }

    /// The next slash behind the one at hand that has a blank behind it, on the same line. What was found is kept,
    /// because a line may have many slashes.
    fn closing_slash(&mut self) -> Option<usize> {
        let from = self.at + 1;
        if let Some((looked_in, found)) = &self.next_slash
            && looked_in.contains(&from)
            && found.is_none_or(|found| found >= from)
        {
            return *found;
        }
        let line = self.script[from..].split(['\n', '\r']).next().unwrap_or_default();
        let found = line.find("/ ").map(|at| from + at);
        self.next_slash = Some((from..from + line.len(), found));
        found
    }
}

fn is_word_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_' || letter == '$'
}

fn is_word_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}
