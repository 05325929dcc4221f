//! Tokens to a syntax tree, by recursive descent.
//!
//! A fault costs its statement: it is reported, the parser goes on behind it, so one run reports every fault. Newlines
//! end statements except inside `( )` and `[ ]`, behind an operator and before a dot.

mod command;
mod expression;
mod flow;
mod statement;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{
    ast::{Name, Script, Span},
    diagnostic::{Code, LIMIT, Reports, SYNTAX},
    lexer::{Token, TokenKind, lex},
};
use crate::diagnostic::{Diagnostic, SourceText};

/// Deepest nesting of expressions and blocks.
const DEPTH_MAX: usize = 128;

/// Longest chain of operators or calls in one expression.
const CHAIN_MAX: usize = 200;

/// Reads a script: the tree of what could be read, and what is wrong with the rest.
#[must_use]
pub fn parse(source: &Arc<SourceText>) -> (Script, Vec<Diagnostic>) {
    let mut reports = Reports::new(source);
    let tokens = lex(&source.text, &mut reports);
    let mut parser = Parser { tokens, at: 0, reports, depth: 0, brackets: 0, gave_up: false };
    let script = parser.script();
    (script, parser.reports.finish())
}

/// The fault was reported; the statement is lost.
struct Lost;

type Parsed<T> = Result<T, Lost>;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    reports: Reports,
    depth: usize,
    /// Open `(` and `[` around, within the innermost braces: newlines mean nothing inside.
    brackets: usize,
    /// A limit was met: nothing more is reported, because whatever is open now stays so.
    gave_up: bool,
}

/// Words that cannot be names.
const KEYWORDS: &[&str] = &[
    "as",
    "assert",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "def",
    "default",
    "do",
    "else",
    "enum",
    "extends",
    "false",
    "finally",
    "for",
    "goto",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "new",
    "null",
    "package",
    "return",
    "super",
    "switch",
    "throw",
    "throws",
    "trait",
    "true",
    "try",
    "while",
];

impl Parser {
    /// The token at hand, newlines inside brackets left out.
    fn peek(&mut self) -> &Token {
        if self.brackets > 0 {
            self.skip_newlines();
        }
        &self.tokens[self.at]
    }

    /// The token `ahead` places behind the one at hand, newlines counted.
    fn peek_at(&self, ahead: usize) -> &TokenKind {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)].kind
    }

    fn bump(&mut self) -> Token {
        let token = self.peek().clone();
        // The end stays.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Span of the last token that was read.
    fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    fn skip_newlines(&mut self) {
        while self.tokens[self.at].kind == TokenKind::Newline {
            self.at += 1;
        }
    }

    fn is(&mut self, sign: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Sign(found) if *found == sign)
    }

    fn is_word(&mut self, word: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Word(found) if found == word)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Parsed<Span> {
        if self.is(sign) { Ok(self.bump().span) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn name(&mut self) -> Parsed<Name> {
        match &self.peek().kind {
            TokenKind::Word(word) if !KEYWORDS.contains(&word.as_str()) => {
                let text = word.clone();
                let span = self.bump().span;
                Ok(Name { text, span })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// What stands after a dot: any word, keywords too.
    fn member(&mut self) -> Parsed<Name> {
        match &self.peek().kind {
            TokenKind::Word(word) | TokenKind::Text(word) => {
                let text = word.clone();
                let span = self.bump().span;
                Ok(Name { text, span })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> Lost {
        self.error_with_hint(code, span, message, None)
    }

    fn error_with_hint(&mut self, code: Code, span: Span, message: impl Into<String>, hint: Option<&str>) -> Lost {
        if !self.gave_up {
            let mut report = self.reports.error(code, span, message);
            if let Some(hint) = hint {
                report = report.hint(hint);
            }
            self.reports.add(report);
            if self.reports.is_full() {
                // Nobody reads more.
                self.gave_up = true;
                self.at = self.tokens.len() - 1;
            }
        }
        Lost
    }

    /// Reports a limit and goes to the end: nothing sensible can follow.
    fn give_up(&mut self, message: impl Into<String>) -> Lost {
        let span = self.peek().span;
        self.error(LIMIT, span, message);
        self.gave_up = true;
        self.at = self.tokens.len() - 1;
        Lost
    }

    fn unexpected(&mut self, wanted: &str) -> Lost {
        let token = self.peek().clone();
        let message = format!("{} where {wanted} should stand", describe(&token.kind));
        self.error(SYNTAX, token.span, message)
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return Err(self.give_up(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Runs `inner` between brackets, where newlines mean nothing; reads the closing one.
    fn bracketed<T>(&mut self, close: &str, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.brackets += 1;
        let result = inner(self).and_then(|value| {
            self.peek();
            // The newline behind the closing bracket counts again.
            self.brackets -= 1;
            let closed = self.expect(close);
            self.brackets += 1;
            closed.map(|_| value)
        });
        self.brackets -= 1;
        result
    }
}

fn describe(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Word(word) => format!("`{word}`"),
        TokenKind::Number(_) => "a number".to_owned(),
        TokenKind::Text(_) | TokenKind::Interpolated(_) => "a text".to_owned(),
        TokenKind::Sign(sign) => format!("`{sign}`"),
        TokenKind::Newline => "the end of the line".to_owned(),
        TokenKind::End => "the end".to_owned(),
    }
}
