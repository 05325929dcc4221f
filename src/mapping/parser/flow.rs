//! Loops, `switch`, `try` and `assert`.

use super::{Parsed, Parser};
use crate::mapping::{
    ast::{Expr, Name, Statement, StatementKind},
    diagnostic::SYNTAX,
    lexer::TokenKind,
};

impl Parser {
    /// `for (x in items)` or `for (start; condition; step)`
    pub(super) fn for_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        self.expect("(")?;
        if let Some((variable, items)) = self.for_each()? {
            let body = self.statement_or_block()?;
            return Ok(StatementKind::ForEach { variable, items, body });
        }
        let (start, condition, step) = self.bracketed(")", |parser| {
            let start = if parser.is(";") { Vec::new() } else { vec![parser.statement()?] };
            parser.expect(";")?;
            let condition = if parser.is(";") { None } else { Some(parser.expr()?) };
            parser.expect(";")?;
            let mut step = Vec::new();
            while !parser.is(")") {
                step.push(parser.command()?);
                if !parser.eat(",") {
                    break;
                }
            }
            Ok((start, condition, step))
        })?;
        let body = self.statement_or_block()?;
        Ok(StatementKind::For { start, condition, step, body })
    }

    /// `x in items)` or `Type x : items)`; None, and nothing read, if it is the other form.
    fn for_each(&mut self) -> Parsed<Option<(Name, Expr)>> {
        let start = self.at;
        self.brackets += 1;
        self.peek();
        let typed = matches!(self.peek_at(1), TokenKind::Word(word) if word != "in")
            || matches!(self.peek_at(1), TokenKind::Sign("." | "<" | "["));
        if typed {
            self.skip_type();
        }
        self.peek();
        let follows = matches!(self.peek_at(1), TokenKind::Sign(":"))
            || matches!(self.peek_at(1), TokenKind::Word(word) if word == "in");
        self.brackets -= 1;
        if !follows {
            self.at = start;
            return Ok(None);
        }
        self.bracketed(")", |parser| {
            let variable = parser.name()?;
            parser.bump();
            Ok(Some((variable, parser.expr()?)))
        })
    }

    pub(super) fn do_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        let body = self.statement_or_block()?;
        self.skip_newlines();
        if !self.eat_word("while") {
            return Err(self.unexpected("`while`"));
        }
        Ok(StatementKind::DoWhile { body, condition: self.condition()? })
    }

    pub(super) fn assert_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        let condition = self.expr()?;
        let message = if self.eat(":") || self.eat(",") { Some(self.expr()?) } else { None };
        Ok(StatementKind::Assert(condition, message))
    }

    pub(super) fn try_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        self.skip_newlines();
        let start = self.peek().span;
        let body = self.block()?.0;
        let mut catch = None;
        loop {
            let before = self.at;
            self.skip_newlines();
            if !self.eat_word("catch") {
                self.at = before;
                break;
            }
            self.expect("(")?;
            let name = self.bracketed(")", |parser| {
                // Every mistake of a script is of the one kind that all types catch.
                while matches!(parser.peek_at(1), TokenKind::Word(_) | TokenKind::Sign("." | "|")) {
                    parser.bump();
                }
                parser.name()
            })?;
            self.skip_newlines();
            let handler = self.block()?.0;
            catch.get_or_insert((name, handler));
        }
        let before = self.at;
        self.skip_newlines();
        let finally = if self.eat_word("finally") {
            self.skip_newlines();
            self.block()?.0
        } else {
            self.at = before;
            if catch.is_none() {
                return Err(self.error(SYNTAX, start, "`try` needs `catch` or `finally`"));
            }
            Vec::new()
        };
        Ok(StatementKind::Try { body, catch, finally })
    }

    pub(super) fn switch_statement(&mut self) -> Parsed<StatementKind> {
        self.bump();
        let subject = self.condition()?;
        self.skip_newlines();
        let open = self.expect("{")?;
        let brackets = std::mem::take(&mut self.brackets);
        let cases = self.cases();
        self.brackets = brackets;
        let cases = cases?;
        if self.eat("}") {
            return Ok(StatementKind::Switch { subject, cases });
        }
        Err(self.error(SYNTAX, open, "this brace is never closed"))
    }

    fn cases(&mut self) -> Parsed<Vec<(Option<Expr>, Vec<Statement>)>> {
        let mut cases: Vec<(Option<Expr>, Vec<Statement>)> = Vec::new();
        loop {
            while matches!(self.peek().kind, TokenKind::Newline | TokenKind::Sign(";")) {
                self.bump();
            }
            if self.is("}") || self.peek().kind == TokenKind::End {
                return Ok(cases);
            }
            if self.eat_word("case") {
                let value = self.expr()?;
                self.expect(":")?;
                cases.push((Some(value), Vec::new()));
            } else if self.eat_word("default") {
                self.expect(":")?;
                cases.push((None, Vec::new()));
            } else {
                let statement = self.statement()?;
                self.separator()?;
                let Some((_, body)) = cases.last_mut() else {
                    let message = "a `switch` begins with `case` or `default`";
                    return Err(self.error(SYNTAX, statement.span, message));
                };
                body.push(statement);
            }
        }
    }
}
