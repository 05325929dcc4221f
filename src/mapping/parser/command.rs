//! Calls without parentheses: `map x onto 'y'` is `map(x).onto('y')`.

use super::{KEYWORDS, Parsed, Parser};
use crate::mapping::{
    ast::{Argument, Call, Expr, ExprKind, Name, Span},
    diagnostic::SYNTAX,
    lexer::TokenKind,
};

impl Parser {
    /// An expression, a chain of commands, or an assignment.
    pub(super) fn command(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let head = parser.head()?;
            if matches!(head.kind, ExprKind::Name(_) | ExprKind::Property { .. } | ExprKind::Index(..))
                && let Some(operator) = parser.assignment()
            {
                parser.skip_newlines();
                let value = Box::new(parser.command()?);
                let span = head.span.to(value.span);
                return Ok(Expr { kind: ExprKind::Assign { target: Box::new(head), operator, value }, span });
            }
            parser.chain(head)
        })
    }

    fn assignment(&mut self) -> Option<&'static str> {
        let operator = match self.peek().kind {
            TokenKind::Sign("=") => "=",
            TokenKind::Sign("+=") => "+",
            TokenKind::Sign("-=") => "-",
            TokenKind::Sign("*=") => "*",
            TokenKind::Sign("/=") => "/",
            TokenKind::Sign("%=") => "%",
            TokenKind::Sign("?=") => "?:",
            _ => return None,
        };
        self.bump();
        Some(operator)
    }

    /// The first expression. `name (x).y` in front of a command is the name and its argument if `x` is a command.
    fn head(&mut self) -> Parsed<Expr> {
        if let TokenKind::Word(word) = self.peek().kind.clone()
            && !KEYWORDS.contains(&word.as_str())
            && self.argument_in_brackets()
        {
            let name = self.name()?;
            return Ok(Expr { span: name.span, kind: ExprKind::Name(name.text) });
        }
        self.expr()
    }

    /// Whether brackets follow that hold a command: `map (parse x to uri).path()` gives `map` the path, where
    /// `map (x).path()` asks the result of `map` for one.
    fn argument_in_brackets(&self) -> bool {
        let mut open = 0_usize;
        let mut before: Option<&TokenKind> = None;
        for token in &self.tokens[(self.at + 1).min(self.tokens.len() - 1)..] {
            if open == 0 && token.kind != TokenKind::Sign("(") {
                return false;
            }
            if open == 1 && before.is_some_and(ends_value) && starts_value(&token.kind) {
                return true;
            }
            match token.kind {
                TokenKind::Sign("(" | "[" | "{") => open += 1,
                TokenKind::Sign(")" | "]" | "}") => {
                    open -= 1;
                    if open == 0 {
                        return false;
                    }
                }
                TokenKind::End => return false,
                _ => {}
            }
            before = Some(&token.kind);
        }
        false
    }

    /// What follows the head of a command on its line.
    fn chain(&mut self, head: Expr) -> Parsed<Expr> {
        let mut result = match head.kind {
            // A call with brackets or closure has its arguments: links follow.
            ExprKind::Call(_) | ExprKind::CallValue(..) => head,
            ExprKind::Name(text) if self.starts_argument() => {
                let name = Name { text, span: head.span };
                self.call(None, false, name)?
            }
            ExprKind::Property { object, name, safe } if self.starts_argument() => {
                self.call(Some(*object), safe, name)?
            }
            _ => return self.no_command(head),
        };
        let mut links = 0;
        while let Some(name) = self.link() {
            links += 1;
            if links > super::CHAIN_MAX {
                return Err(self.give_up("this chain is too long"));
            }
            result = self.linked(result, name)?;
        }
        Ok(result)
    }

    /// An expression that takes no arguments. If some follow, the sign in front of the first was read as an operator.
    fn no_command(&mut self, head: Expr) -> Parsed<Expr> {
        let hint = match &head.kind {
            ExprKind::Index(object, _) if matches!(object.kind, ExprKind::Name(_)) => {
                "a list as an argument needs brackets: `map(['a'])`"
            }
            ExprKind::Binary(binary) if matches!(binary.left.kind, ExprKind::Name(_)) => {
                "a number with a sign needs brackets: `map(-5)`"
            }
            _ => return Ok(head),
        };
        let token = self.peek().clone();
        if !matches!(&token.kind, TokenKind::Word(word) if !KEYWORDS.contains(&word.as_str())) {
            return Ok(head);
        }
        let message = format!("{} where the end of the statement should stand", super::describe(&token.kind));
        Err(self.error_with_hint(SYNTAX, token.span, message, Some(hint)))
    }

    /// The name of the next link, if one stands on the same line.
    fn link(&mut self) -> Option<Name> {
        match &self.peek().kind {
            TokenKind::Word(word) if !KEYWORDS.contains(&word.as_str()) => self.name().ok(),
            _ => None,
        }
    }

    /// `.name(args)` or `.name…` with brackets, closure, dots.
    fn linked(&mut self, receiver: Expr, name: Name) -> Parsed<Expr> {
        let before = self.at;
        self.skip_newlines();
        let closure_below = self.at > before && self.is("{") && name.text == "apply";
        if !closure_below {
            self.at = before;
        }
        let span = receiver.span.to(name.span);
        if self.is("(") || self.is("{") {
            let property = ExprKind::Property { object: Box::new(receiver), name, safe: false };
            return self.postfix(Expr { kind: property, span });
        }
        if self.starts_argument() {
            return self.call(Some(receiver), false, name);
        }
        let property = ExprKind::Property { object: Box::new(receiver), name, safe: false };
        self.postfix(Expr { kind: property, span })
    }

    /// Whether the token at hand, on the same line, can start an argument.
    fn starts_argument(&mut self) -> bool {
        match &self.peek().kind {
            TokenKind::Word(word) => {
                !KEYWORDS.contains(&word.as_str()) || ["true", "false", "null", "new"].contains(&word.as_str())
            }
            TokenKind::Number(_) | TokenKind::Text(_) | TokenKind::Interpolated(_) => true,
            TokenKind::Sign(sign) => matches!(*sign, "{" | "(" | "!" | "~"),
            TokenKind::Newline | TokenKind::End => false,
        }
    }

    /// `name a, b`
    fn call(&mut self, receiver: Option<Expr>, safe: bool, name: Name) -> Parsed<Expr> {
        let start = receiver.as_ref().map_or(name.span, |receiver| receiver.span);
        let mut arguments = Vec::new();
        loop {
            arguments.push(self.argument()?);
            if !self.eat(",") {
                break;
            }
            self.skip_newlines();
        }
        let span = start.to(self.last_span());
        Ok(Expr { kind: ExprKind::Call(Box::new(Call { receiver, safe, name, arguments })), span })
    }

    /// `value` or `name: value`
    pub(super) fn argument(&mut self) -> Parsed<Argument> {
        self.peek();
        let named = matches!(self.peek_at(0), TokenKind::Word(_)) && matches!(self.peek_at(1), TokenKind::Sign(":"));
        let name = if named {
            let name = self.member()?;
            self.bump();
            Some(name)
        } else {
            None
        };
        Ok(Argument { name, value: self.expr()? })
    }

    /// Arguments up to `)`, which is read; `open` is read already.
    pub(super) fn arguments(&mut self) -> Parsed<(Vec<Argument>, Span)> {
        let list = self.bracketed(")", |parser| {
            let mut list = Vec::new();
            while !parser.is(")") {
                list.push(parser.argument()?);
                if !parser.eat(",") {
                    break;
                }
            }
            Ok(list)
        })?;
        Ok((list, self.last_span()))
    }
}

fn ends_value(kind: &TokenKind) -> bool {
    match kind {
        TokenKind::Word(word) => {
            !KEYWORDS.contains(&word.as_str()) || matches!(word.as_str(), "true" | "false" | "null")
        }
        TokenKind::Number(_) | TokenKind::Text(_) | TokenKind::Interpolated(_) => true,
        TokenKind::Sign(sign) => matches!(*sign, ")" | "]" | "}"),
        TokenKind::Newline | TokenKind::End => false,
    }
}

fn starts_value(kind: &TokenKind) -> bool {
    match kind {
        TokenKind::Word(word) => {
            !KEYWORDS.contains(&word.as_str()) || matches!(word.as_str(), "true" | "false" | "null")
        }
        TokenKind::Number(_) | TokenKind::Text(_) | TokenKind::Interpolated(_) => true,
        _ => false,
    }
}
