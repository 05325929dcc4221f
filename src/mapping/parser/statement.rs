//! Statements, declarations and blocks.

use super::{KEYWORDS, Parsed, Parser};
use crate::mapping::{
    ast::{Closure, Expr, Method, Name, Parameter, Script, Span, Statement, StatementKind},
    diagnostic::{SYNTAX, UNSUPPORTED_CONSTRUCT},
    lexer::TokenKind,
};

/// Words that start a construct which mappings do not have, and its name.
const REFUSED: &[(&str, &str)] = &[
    ("class", "a class"),
    ("interface", "an interface"),
    ("trait", "a trait"),
    ("enum", "an enumeration"),
    ("throw", "`throw`"),
    ("synchronized", "`synchronized`"),
];

/// Types with a name of their own.
const PRIMITIVES: &[&str] = &["boolean", "byte", "char", "short", "int", "long", "float", "double", "void"];

impl Parser {
    pub(super) fn script(&mut self) -> Script {
        let mut script = Script::default();
        loop {
            script.body.extend(self.statements(Some(&mut script.methods)));
            if self.peek().kind == TokenKind::End {
                return script;
            }
            // Only a brace that closes nothing ends the statements early.
            self.unexpected("a statement");
            self.bump();
        }
    }

    /// Statements up to a closing brace or the end; faulty ones are left out.
    fn statements(&mut self, mut methods: Option<&mut Vec<Method>>) -> Vec<Statement> {
        let mut list = Vec::new();
        loop {
            while matches!(self.peek().kind, TokenKind::Newline | TokenKind::Sign(";")) {
                self.bump();
            }
            if self.peek().kind == TokenKind::End || self.is("}") {
                return list;
            }
            let parsed = match methods.as_deref_mut().filter(|_| self.starts_method()) {
                Some(methods) => self.method().map(|method| methods.push(method)),
                None => self.statement().map(|statement| list.push(statement)),
            };
            if parsed.and_then(|()| self.separator()).is_err() {
                self.recover();
            }
        }
    }

    pub(super) fn separator(&mut self) -> Parsed<()> {
        match self.peek().kind.clone() {
            TokenKind::Newline | TokenKind::End | TokenKind::Sign(";" | "}") => Ok(()),
            TokenKind::Word(word) if word == "else" => {
                let span = self.peek().span;
                let hint = "`when … apply` has no `else`: write a second `when` with the opposite condition";
                Err(self.error_with_hint(SYNTAX, span, "`else` without `if`", Some(hint)))
            }
            _ => Err(self.unexpected("the end of the statement")),
        }
    }

    /// Goes behind the faulty statement: to the next newline or `;` outside brackets, or before a closing brace.
    fn recover(&mut self) {
        self.brackets = 0;
        let mut open = 0_usize;
        loop {
            match self.peek().kind {
                TokenKind::End => return,
                TokenKind::Newline | TokenKind::Sign(";" | "}") if open == 0 => return,
                TokenKind::Sign("(" | "[" | "{") => open += 1,
                TokenKind::Sign(")" | "]" | "}") => open = open.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        self.nested(|parser| {
            let start = parser.peek().span;
            let kind = parser.statement_kind()?;
            Ok(Statement { kind, span: start.to(parser.last_span()) })
        })
    }

    fn statement_kind(&mut self) -> Parsed<StatementKind> {
        if let TokenKind::Word(word) = self.peek().kind.clone() {
            match word.as_str() {
                "if" => return self.if_statement(),
                "for" => return self.for_statement(),
                "while" => return self.while_statement(),
                "return" => return self.return_statement(),
                "import" => return self.import(),
                "package" => return self.package(),
                "break" => {
                    self.bump();
                    return Ok(StatementKind::Break);
                }
                "continue" => {
                    self.bump();
                    return Ok(StatementKind::Continue);
                }
                "switch" => return self.switch_statement(),
                "try" => return self.try_statement(),
                "assert" => return self.assert_statement(),
                "do" => return self.do_statement(),
                _ => {}
            }
            if let Some((_, name)) = REFUSED.iter().find(|(refused, _)| *refused == word) {
                let span = self.peek().span;
                return Err(self.error(UNSUPPORTED_CONSTRUCT, span, format!("{name} is not supported in mappings")));
            }
        }
        if self.is("@") {
            let span = self.peek().span;
            return Err(self.error(UNSUPPORTED_CONSTRUCT, span, "an annotation is not supported in mappings"));
        }
        if self.starts_declaration() {
            return self.declaration();
        }
        Ok(StatementKind::Expr(self.command()?))
    }

    fn if_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        let condition = self.condition()?;
        let yes = self.statement_or_block()?;
        let before = self.at;
        while matches!(self.peek().kind, TokenKind::Newline | TokenKind::Sign(";")) {
            self.bump();
        }
        let no = if self.eat_word("else") {
            self.statement_or_block()?
        } else {
            self.at = before;
            Vec::new()
        };
        Ok(StatementKind::If { condition, yes, no })
    }

    fn while_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        let condition = self.condition()?;
        Ok(StatementKind::While { condition, body: self.statement_or_block()? })
    }

    pub(super) fn condition(&mut self) -> Parsed<Expr> {
        self.expect("(")?;
        self.bracketed(")", Self::command)
    }

    fn return_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        let ends = matches!(self.peek().kind, TokenKind::Newline | TokenKind::End | TokenKind::Sign(";" | "}"));
        Ok(StatementKind::Return(if ends { None } else { Some(self.command()?) }))
    }

    fn import(&mut self) -> Parsed<StatementKind> {
        self.bump();
        self.eat_word("static");
        let name = self.dotted_name()?;
        if self.eat_word("as") {
            self.name()?;
        }
        Ok(StatementKind::Import(name))
    }

    /// A package says nothing in a script.
    fn package(&mut self) -> Parsed<StatementKind> {
        self.bump();
        self.dotted_name().map(|_| StatementKind::Import(String::new()))
    }

    fn dotted_name(&mut self) -> Parsed<String> {
        let mut name = self.member()?.text;
        loop {
            if self.eat(".") {
                name.push('.');
                name += &if self.eat("*") { "*".to_owned() } else { self.member()?.text };
            } else if self.eat("*.") {
                return Err(self.unexpected("a name"));
            } else {
                return Ok(name);
            }
        }
    }

    pub(super) fn statement_or_block(&mut self) -> Parsed<Vec<Statement>> {
        self.skip_newlines();
        if self.is("{") { Ok(self.block()?.0) } else { Ok(vec![self.statement()?]) }
    }

    /// `{ statements }`
    pub(super) fn block(&mut self) -> Parsed<(Vec<Statement>, Span)> {
        self.nested(|parser| {
            let open = parser.expect("{")?;
            let body = parser.block_rest(open)?;
            Ok((body, open.to(parser.last_span())))
        })
    }

    /// The statements of a block and its closing brace.
    pub(super) fn block_rest(&mut self, open: Span) -> Parsed<Vec<Statement>> {
        let brackets = std::mem::take(&mut self.brackets);
        let body = self.statements(None);
        self.brackets = brackets;
        if self.tokens[self.at].kind == TokenKind::Sign("}") {
            self.at += 1;
            return Ok(body);
        }
        Err(self.error(SYNTAX, open, "this brace is never closed"))
    }

    /// Whether `def name(…) {` or `Type name(…) {` stands here.
    fn starts_method(&mut self) -> bool {
        let start = self.at;
        while self.eat_word("static") || self.eat_word("private") || self.eat_word("public") {}
        let typed = self.skip_type();
        let found = typed
            && matches!(self.peek_at(0), TokenKind::Word(word) if !KEYWORDS.contains(&word.as_str()))
            && matches!(self.peek_at(1), TokenKind::Sign("("));
        self.at = start;
        found
    }

    fn method(&mut self) -> Parsed<Method> {
        while self.eat_word("static") || self.eat_word("private") || self.eat_word("public") {}
        self.skip_type();
        let name = self.name()?;
        self.expect("(")?;
        let parameters = self.bracketed(")", |parser| parser.parameters(")"))?;
        self.skip_newlines();
        let (body, span) = self.block()?;
        Ok(Method { name, closure: Closure { parameters: Some(parameters), body, span } })
    }

    /// Parameters up to, not including, `close`.
    pub(super) fn parameters(&mut self, close: &str) -> Parsed<Vec<Parameter>> {
        let mut list = Vec::new();
        while !self.is(close) {
            // A name alone is no type, whatever its first letter.
            self.peek();
            if matches!(self.peek_at(1), TokenKind::Word(_) | TokenKind::Sign("." | "<" | "[")) {
                self.skip_type();
            }
            let name = self.name()?;
            let default = if self.eat("=") { Some(self.expr()?) } else { None };
            list.push(Parameter { name, default });
            if !self.eat(",") {
                break;
            }
        }
        Ok(list)
    }

    /// Whether a declaration starts here: `def`, `var`, `final`, or a type and a name.
    pub(super) fn starts_declaration(&mut self) -> bool {
        let start = self.at;
        let found = match self.peek().kind.clone() {
            TokenKind::Word(word) if word == "def" || word == "final" => true,
            _ => {
                self.skip_type()
                    && matches!(self.peek_at(0), TokenKind::Word(word) if !KEYWORDS.contains(&word.as_str()))
                    && matches!(
                        self.peek_at(1),
                        TokenKind::Sign("=" | "," | ";" | "->") | TokenKind::Newline | TokenKind::End
                    ) | matches!(self.peek_at(1), TokenKind::Word(word) if word == "in")
            }
        };
        self.at = start;
        found
    }

    /// Steps over `def`, `var`, `final` or a type if one stands here: a primitive or a capitalised, dotted name.
    pub(super) fn skip_type(&mut self) -> bool {
        let start = self.at;
        let mut found = false;
        while self.eat_word("final") || self.eat_word("def") {
            found = true;
        }
        let TokenKind::Word(word) = self.peek().kind.clone() else { return found };
        let named = matches!(self.peek_at(1), TokenKind::Word(_) | TokenKind::Sign("<" | "." | "["));
        let is_type = word == "var" || PRIMITIVES.contains(&word.as_str()) || word.starts_with(char::is_uppercase);
        if !named || !is_type {
            return found;
        }
        self.bump();
        while self.eat(".") {
            if self.member().is_err() {
                self.at = start;
                return false;
            }
        }
        if self.is("<") {
            while !matches!(self.peek().kind, TokenKind::Sign(">" | "(" | ")" | "{" | "}" | "=") | TokenKind::End) {
                self.bump();
            }
            self.eat(">");
        }
        while self.is("[") && matches!(self.peek_at(1), TokenKind::Sign("]")) {
            self.bump();
            self.bump();
        }
        true
    }

    fn declaration(&mut self) -> Parsed<StatementKind> {
        self.skip_type();
        if self.eat("(") {
            let names = self.bracketed(")", |parser| {
                let parameters = parser.parameters(")")?;
                Ok(parameters.into_iter().map(|parameter| parameter.name).collect::<Vec<Name>>())
            })?;
            self.expect("=")?;
            self.skip_newlines();
            return Ok(StatementKind::DeclareEach(names, self.command()?));
        }
        let mut list = Vec::new();
        loop {
            let name = self.name()?;
            let value = if self.eat("=") {
                self.skip_newlines();
                Some(self.command()?)
            } else {
                None
            };
            list.push((name, value));
            if !self.eat(",") {
                return Ok(StatementKind::Declare(list));
            }
            self.skip_newlines();
        }
    }
}
