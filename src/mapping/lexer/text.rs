//! Texts: `'…'`, `"…"`, `'''…'''`, `"""…"""`, `/…/`, `$/…/$`.

use super::{INTERPOLATION_DEPTH_MAX, Lexer, Piece, Token, TokenKind, is_word_part, is_word_start};
use crate::mapping::{
    ast::Span,
    diagnostic::{BAD_LITERAL, LIMIT, UNTERMINATED},
};

/// How the text at hand is written.
#[derive(Clone, Copy)]
struct Style {
    end: &'static str,
    lines: bool,
    interpolates: bool,
    escapes: Escapes,
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    Backslash,
    Slash,
    Dollar,
}

impl Lexer<'_, '_> {
    pub(super) fn quoted(&mut self) -> TokenKind {
        let end = ["'''", "\"\"\"", "'"].into_iter().find(|end| self.rest().starts_with(end)).unwrap_or("\"");
        self.at += end.len();
        let (lines, interpolates) = (end.len() == 3, end.starts_with('"'));
        self.text(Style { end, lines, interpolates, escapes: Escapes::Backslash })
    }

    pub(super) fn slashy(&mut self) -> TokenKind {
        self.at += 1;
        self.text(Style { end: "/", lines: true, interpolates: true, escapes: Escapes::Slash })
    }

    pub(super) fn dollar_slashy(&mut self) -> TokenKind {
        self.at += 2;
        self.text(Style { end: "/$", lines: true, interpolates: true, escapes: Escapes::Dollar })
    }

    fn text(&mut self, style: Style) -> TokenKind {
        let open = self.at - style.end.len();
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            if self.rest().starts_with(style.end) {
                self.at += style.end.len();
                break;
            }
            let Some(letter) = self.peek() else {
                self.unterminated(open, style);
                break;
            };
            match letter {
                '\n' | '\r' if !style.lines => {
                    self.unterminated(open, style);
                    break;
                }
                '\\' => self.backslash(style, &mut text),
                '$' => self.dollar(style, &mut text, &mut pieces),
                '\r' => {
                    // Line ends inside texts are newlines whatever the file has.
                    self.at += if self.rest().starts_with("\r\n") { 2 } else { 1 };
                    text.push('\n');
                }
                _ => {
                    self.at += letter.len_utf8();
                    text.push(letter);
                }
            }
        }
        if pieces.is_empty() {
            return TokenKind::Text(text);
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        TokenKind::Interpolated(pieces)
    }

    fn unterminated(&mut self, open: usize, style: Style) {
        let span = Span::new(open, open + style.end.len());
        self.report(UNTERMINATED, span, format!("the end of this text is missing: `{}`", style.end));
    }

    fn backslash(&mut self, style: Style, text: &mut String) {
        if style.escapes == Escapes::Slash && self.rest().starts_with("\\/") {
            self.at += 2;
            text.push('/');
        } else if style.escapes == Escapes::Backslash {
            self.escape(text);
        } else {
            self.at += 1;
            text.push('\\');
        }
    }

    fn escape(&mut self, text: &mut String) {
        let start = self.at;
        let rest = &self.script[start + 1..];
        let Some(letter) = rest.chars().next() else {
            self.at += 1;
            return;
        };
        self.at += 1 + letter.len_utf8();
        match letter {
            'b' => text.push('\u{8}'),
            't' => text.push('\t'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            'f' => text.push('\u{c}'),
            's' => text.push(' '),
            '\\' | '\'' | '"' | '$' => text.push(letter),
            '\n' => {}
            '\r' => self.at += usize::from(rest[1..].starts_with('\n')),
            'u' => self.unicode_escape(start, text),
            '0'..='7' => {
                let most = if letter <= '3' { 3 } else { 2 };
                let digits = rest.bytes().take(most).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
                self.at = start + 1 + digits;
                // At most \377.
                text.push(char::from(u8::from_str_radix(&rest[..digits], 8).unwrap_or_default()));
            }
            _ => self.bad_escape(start),
        }
    }

    /// `\uXXXX`, as many `u` as one likes, and pairs of surrogates.
    fn unicode_escape(&mut self, start: usize, text: &mut String) {
        let first = self.unicode_unit(start);
        let Some(first) = first else { return self.bad_escape(start) };
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first)
            && self.rest().starts_with("\\u")
            && let Some(second) = self.unicode_unit(self.at)
        {
            units.push(second);
        }
        for letter in char::decode_utf16(units) {
            text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn unicode_unit(&mut self, start: usize) -> Option<u16> {
        let rest = self.script[start + 1..].trim_start_matches('u');
        let digits = rest.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        self.at = self.script.len() - rest.len() + 4;
        u16::from_str_radix(digits, 16).ok()
    }

    fn bad_escape(&mut self, start: usize) {
        let span = Span::new(start, self.at);
        let written = self.script[span.range()].to_owned();
        let report = self.reports.error(BAD_LITERAL, span, format!("`{written}` is no escape"));
        let doubled = format!("\\{written}");
        let hint = format!("for the signs themselves write `{doubled}`");
        self.reports.add(report.fix(span.range(), doubled, hint));
    }

    fn dollar(&mut self, style: Style, text: &mut String, pieces: &mut Vec<Piece>) {
        let next = &self.script[self.at + 1..];
        if style.escapes == Escapes::Dollar && next.starts_with(['$', '/']) {
            text.push_str(&next[..1]);
            self.at += 2;
            return;
        }
        let starts = next.starts_with(|letter| letter == '{' || letter != '$' && is_word_start(letter));
        if !style.interpolates || !starts {
            if style.interpolates && style.escapes == Escapes::Backslash {
                let span = Span::new(self.at, self.at + 1);
                let report = self.reports.error(BAD_LITERAL, span, "`$` starts an interpolation, but no name follows");
                let hint = "write `\\$` for the sign itself, or use single quotes";
                self.reports.add(report.fix(span.range(), "\\$", hint));
            }
            self.at += 1;
            text.push('$');
            return;
        }
        if !text.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(std::mem::take(text)));
        }
        let code = if next.starts_with('{') { self.braced() } else { self.dotted() };
        pieces.push(Piece::Code(code));
    }

    /// `${…}`
    fn braced(&mut self) -> Vec<Token> {
        let open = self.at;
        self.at += 2;
        if self.depth == INTERPOLATION_DEPTH_MAX {
            self.report(LIMIT, Span::new(open, open + 2), "texts are nested too deep");
            self.at = self.script.len();
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.tokens);
        self.run(Some(open));
        self.depth -= 1;
        self.at += usize::from(self.rest().starts_with('}'));
        std::mem::replace(&mut self.tokens, outer)
    }

    /// `$name` or `$name.property`
    fn dotted(&mut self) -> Vec<Token> {
        self.at += 1;
        let mut tokens = Vec::new();
        loop {
            let start = self.at;
            let rest = self.rest();
            let end = rest.find(|letter| letter == '$' || !is_word_part(letter)).unwrap_or(rest.len());
            let word = rest[..end].to_owned();
            self.at += end;
            tokens.push(Token { kind: TokenKind::Word(word), span: Span::new(start, self.at), spaced: false });
            let more = self.rest().strip_prefix('.');
            if !more.is_some_and(|more| more.starts_with(|letter| letter != '$' && is_word_start(letter))) {
                break;
            }
            let span = Span::new(self.at, self.at + 1);
            tokens.push(Token { kind: TokenKind::Sign("."), span, spaced: false });
            self.at += 1;
        }
        tokens.push(Token { kind: TokenKind::End, span: Span::new(self.at, self.at), spaced: false });
        tokens
    }
}
