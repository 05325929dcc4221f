//! Expressions: operators by precedence, calls, literals.

use super::{CHAIN_MAX, KEYWORDS, Lost, Parsed, Parser};
use crate::mapping::{
    ast::{Argument, Binary, Call, Closure, Expr, ExprKind, Name, Parameter, Span, TextPart},
    diagnostic::UNSUPPORTED_CONSTRUCT,
    lexer::{Piece, Token, TokenKind},
};

/// Operators on two values, loosest first; all associate to the left.
const BINARY: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!=", "=~", "==~", "<=>", "===", "!=="],
    &["<", "<=", ">", ">=", "in", "instanceof", "as"],
    &["<<"],
    &["..", "..<"],
    &["+", "-"],
    &["*", "/", "%"],
    &["**"],
];

impl Parser {
    /// An expression without juxtaposed arguments.
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let condition = parser.binary(0)?;
            if parser.eat("?:") {
                parser.skip_newlines();
                let other = parser.expr()?;
                let span = condition.span.to(other.span);
                return Ok(Expr { kind: ExprKind::Elvis(Box::new([condition, other])), span });
            }
            if !parser.eat("?") {
                return Ok(condition);
            }
            parser.skip_newlines();
            let yes = parser.expr()?;
            parser.skip_newlines();
            parser.expect(":")?;
            parser.skip_newlines();
            let no = parser.expr()?;
            let span = condition.span.to(no.span);
            Ok(Expr { kind: ExprKind::Ternary(Box::new([condition, yes, no])), span })
        })
    }

    /// The operator at hand if it binds at `level` or tighter.
    fn operator(&mut self, level: usize) -> Option<(usize, &'static str)> {
        let written = match &self.peek().kind {
            TokenKind::Sign(sign) => sign,
            TokenKind::Word(word) => word.as_str(),
            _ => return None,
        };
        let levels = BINARY.iter().enumerate().skip(level);
        levels
            .flat_map(|(level, row)| row.iter().map(move |operator| (level, *operator)))
            .find(|(_, one)| *one == written)
    }

    /// Precedence climbing: reads operators of `level` and tighter.
    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        let mut left = self.unary()?;
        let mut links = 0;
        while let Some((found, operator)) = self.operator(level) {
            self.bump();
            self.skip_newlines();
            links += 1;
            if links > CHAIN_MAX {
                return Err(self.give_up("this chain of operators is too long"));
            }
            if operator == "as" {
                let name = self.type_name()?;
                let span = left.span.to(name.span);
                left = Expr { kind: ExprKind::Cast(Box::new(left), name), span };
                continue;
            }
            let right = self.binary(found + 1)?;
            let span = left.span.to(right.span);
            left = Expr { kind: ExprKind::Binary(Box::new(Binary { operator, left, right })), span };
        }
        Ok(left)
    }

    fn type_name(&mut self) -> Parsed<Name> {
        let mut name = self.member()?;
        while self.eat(".") {
            let next = self.member()?;
            name = Name { text: format!("{}.{}", name.text, next.text), span: name.span.to(next.span) };
        }
        Ok(name)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        let operator = match token.kind {
            TokenKind::Sign("!") => "!",
            TokenKind::Sign("-") => "-",
            TokenKind::Sign("+") => "+",
            TokenKind::Sign("~") => "~",
            TokenKind::Sign("++") => return self.step_before("+"),
            TokenKind::Sign("--") => return self.step_before("-"),
            TokenKind::Sign("(") if self.starts_cast() => return self.cast(),
            _ => {
                let head = self.primary()?;
                return self.postfix(head);
            }
        };
        self.bump();
        let value = self.nested(Self::unary)?;
        let span = token.span.to(value.span);
        Ok(Expr { kind: ExprKind::Unary(operator, Box::new(value)), span })
    }

    fn step_before(&mut self, operator: &'static str) -> Parsed<Expr> {
        let start = self.bump().span;
        let value = self.nested(Self::unary)?;
        let span = start.to(value.span);
        Ok(Expr { kind: ExprKind::Step(Box::new(value), operator), span })
    }

    /// `(Type) value`: a type in brackets, then something that starts a value.
    fn starts_cast(&self) -> bool {
        let TokenKind::Word(word) = self.peek_at(1) else { return false };
        let primitive = ["int", "long", "float", "double", "boolean", "byte", "short", "char"].contains(&word.as_str());
        let named = primitive || word.starts_with(char::is_uppercase);
        let value = match self.peek_at(3) {
            TokenKind::Word(word) => !["as", "in", "instanceof"].contains(&word.as_str()),
            TokenKind::Number(_) | TokenKind::Text(_) | TokenKind::Interpolated(_) => true,
            TokenKind::Sign(sign) => *sign == "(" || primitive && matches!(*sign, "-" | "+" | "!"),
            TokenKind::Newline | TokenKind::End => false,
        };
        named && matches!(self.peek_at(2), TokenKind::Sign(")")) && value
    }

    fn cast(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let name = self.member()?;
        self.expect(")")?;
        let value = self.nested(Self::unary)?;
        let span = open.to(value.span);
        Ok(Expr { kind: ExprKind::Cast(Box::new(value), name), span })
    }

    /// Dots, brackets, closures and steps behind a value.
    pub(super) fn postfix(&mut self, head: Expr) -> Parsed<Expr> {
        let mut value = head;
        for links in 0.. {
            if links > CHAIN_MAX {
                return Err(self.give_up("this chain is too long"));
            }
            let before = self.at;
            self.skip_newlines();
            let dotted = self.is(".") || self.is("?.");
            let closure_below =
                self.is("{") && matches!(&value.kind, ExprKind::Name(name) if name == "mapping" || name == "section");
            if !dotted && !closure_below {
                self.at = before;
            }
            let token = self.peek().clone();
            value = match token.kind {
                TokenKind::Sign(sign @ ("." | "?.")) => self.dotted(value, sign == "?.")?,
                TokenKind::Sign("(") => self.called(value)?,
                TokenKind::Sign("{") if takes_closure(&value) => self.with_closure(value)?,
                TokenKind::Sign("[") => self.indexed(value)?,
                TokenKind::Sign(sign @ ("++" | "--")) => {
                    let span = value.span.to(self.bump().span);
                    let operator = if sign == "++" { "+" } else { "-" };
                    Expr { kind: ExprKind::Step(Box::new(value), operator), span }
                }
                TokenKind::Sign(".&") => {
                    self.bump();
                    let name = self.member()?;
                    let span = value.span.to(name.span);
                    Expr { kind: ExprKind::Method(Box::new(value), name), span }
                }
                TokenKind::Sign("*." | ".@" | "::") => return Err(self.refused_operator(&token)),
                _ => return Ok(value),
            };
        }
        Ok(value)
    }

    fn refused_operator(&mut self, token: &Token) -> Lost {
        let message = format!("the operator {} is not supported in mappings", super::describe(&token.kind));
        self.error(UNSUPPORTED_CONSTRUCT, token.span, message)
    }

    fn dotted(&mut self, object: Expr, safe: bool) -> Parsed<Expr> {
        self.bump();
        self.skip_newlines();
        let name = self.member()?;
        let span = object.span.to(name.span);
        Ok(Expr { kind: ExprKind::Property { object: Box::new(object), name, safe }, span })
    }

    fn called(&mut self, callee: Expr) -> Parsed<Expr> {
        self.bump();
        let (arguments, close) = self.arguments()?;
        Ok(call(callee, arguments, close))
    }

    /// `f { … }` and `f(a) { … }`: the closure becomes the last argument.
    fn with_closure(&mut self, callee: Expr) -> Parsed<Expr> {
        let closure = self.closure()?;
        let close = closure.span;
        let argument = Argument { name: None, value: closure };
        Ok(match callee.kind {
            ExprKind::Call(mut call) => {
                call.arguments.push(argument);
                Expr { span: callee.span.to(close), kind: ExprKind::Call(call) }
            }
            ExprKind::CallValue(value, mut arguments) => {
                arguments.push(argument);
                Expr { span: callee.span.to(close), kind: ExprKind::CallValue(value, arguments) }
            }
            kind => call(Expr { kind, span: callee.span }, vec![argument], close),
        })
    }

    fn indexed(&mut self, object: Expr) -> Parsed<Expr> {
        self.bump();
        let index = self.bracketed("]", Self::expr)?;
        let span = object.span.to(self.last_span());
        Ok(Expr { kind: ExprKind::Index(Box::new(object), Box::new(index)), span })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        let kind = match token.kind {
            TokenKind::Number(number) => ExprKind::Number(number),
            TokenKind::Text(text) => ExprKind::Text(text),
            TokenKind::Interpolated(pieces) => {
                self.bump();
                let kind = ExprKind::Interpolated(self.interpolated(pieces)?);
                return Ok(Expr { kind, span: token.span });
            }
            TokenKind::Word(word) => match word.as_str() {
                "null" => ExprKind::Null,
                "true" => ExprKind::Bool(true),
                "false" => ExprKind::Bool(false),
                "new" => return self.new_object(),
                word if KEYWORDS.contains(&word) => return Err(self.unexpected("a value")),
                _ => ExprKind::Name(word),
            },
            TokenKind::Sign("(") => {
                self.bump();
                let inner = self.bracketed(")", Self::command)?;
                // The brackets make it a value: `(parse x to uri).path()`.
                return Ok(Expr { kind: inner.kind, span: token.span.to(self.last_span()) });
            }
            TokenKind::Sign("[") => return self.list_or_map(),
            TokenKind::Sign("{") => return self.closure(),
            _ => return Err(self.unexpected("a value")),
        };
        self.bump();
        Ok(Expr { kind, span: token.span })
    }

    /// `new Type(…)`
    fn new_object(&mut self) -> Parsed<Expr> {
        let start = self.bump().span;
        let name = self.type_name()?;
        let (mut end, mut arguments) = (name.span, Vec::new());
        if self.eat("(") {
            (arguments, end) = self.arguments()?;
        }
        Ok(Expr { kind: ExprKind::New(name, arguments), span: start.to(end) })
    }

    fn interpolated(&mut self, pieces: Vec<Piece>) -> Parsed<Vec<TextPart>> {
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(text) => TextPart::Text(text),
                Piece::Code(tokens) => TextPart::Value(self.inside(tokens)?),
            });
        }
        Ok(parts)
    }

    /// Reads the expression of one interpolation.
    fn inside(&mut self, tokens: Vec<Token>) -> Parsed<Expr> {
        let outer = std::mem::replace(&mut self.tokens, tokens);
        let (at, brackets) = (std::mem::take(&mut self.at), std::mem::take(&mut self.brackets));
        self.skip_newlines();
        let result = self.command().and_then(|value| {
            self.skip_newlines();
            if self.peek().kind == TokenKind::End { Ok(value) } else { Err(self.unexpected("`}`")) }
        });
        self.tokens = outer;
        (self.at, self.brackets) = (at, brackets);
        result
    }

    fn list_or_map(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let kind = self.bracketed("]", |parser| {
            if parser.eat(":") {
                return Ok(ExprKind::Map(Vec::new()));
            }
            let (mut items, mut entries) = (Vec::new(), Vec::new());
            while !parser.is("]") {
                let key = parser.map_key()?;
                match key {
                    Some(key) => entries.push((key, parser.expr()?)),
                    None => items.push(parser.expr()?),
                }
                if !parser.eat(",") {
                    break;
                }
            }
            match (items.is_empty(), entries.is_empty()) {
                (_, true) => Ok(ExprKind::List(items)),
                (true, false) => Ok(ExprKind::Map(entries)),
                (false, false) => {
                    Err(parser.error(crate::mapping::diagnostic::SYNTAX, open, "this is half a list and half a map"))
                }
            }
        })?;
        Ok(Expr { kind, span: open.to(self.last_span()) })
    }

    /// `key:`, if one stands here.
    fn map_key(&mut self) -> Parsed<Option<Expr>> {
        let token = self.peek().clone();
        if token.kind == TokenKind::Sign("(") {
            let start = self.at;
            self.bump();
            let faults = self.skip_brackets();
            let keyed = !faults && matches!(self.peek_at(0), TokenKind::Sign(":"));
            self.at = start;
            if !keyed {
                return Ok(None);
            }
            let key = self.primary()?;
            self.expect(":")?;
            return Ok(Some(key));
        }
        if !matches!(self.peek_at(1), TokenKind::Sign(":")) {
            return Ok(None);
        }
        let kind = match token.kind {
            TokenKind::Word(word) => ExprKind::Text(word),
            TokenKind::Text(text) => ExprKind::Text(text),
            TokenKind::Number(number) => ExprKind::Number(number),
            _ => return Ok(None),
        };
        self.bump();
        self.bump();
        Ok(Some(Expr { kind, span: token.span }))
    }

    /// Goes behind the bracket that closes the one just read; whether there is none.
    fn skip_brackets(&mut self) -> bool {
        let mut open = 1_usize;
        while open > 0 {
            match self.bump().kind {
                TokenKind::End => return true,
                TokenKind::Sign("(" | "[" | "{") => open += 1,
                TokenKind::Sign(")" | "]" | "}") => open -= 1,
                _ => {}
            }
        }
        false
    }

    /// `{ … }` or `{ a, b -> … }`
    fn closure(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let open = parser.expect("{")?;
            let parameters = if parser.has_arrow() {
                let parameters: Vec<Parameter> = parser.parameters("->")?;
                parser.expect("->")?;
                Some(parameters)
            } else {
                None
            };
            let body = parser.block_rest(open)?;
            let span = open.to(parser.last_span());
            Ok(Expr { kind: ExprKind::Closure(Closure { parameters, body, span }), span })
        })
    }

    /// Whether parameters and an arrow stand here, on the line of the brace or alone on the next.
    fn has_arrow(&mut self) -> bool {
        let start = self.at;
        self.skip_newlines();
        let first = self.at;
        let mut found = false;
        for token in &self.tokens[first..] {
            match &token.kind {
                TokenKind::Sign("->") => {
                    found = true;
                    break;
                }
                TokenKind::Word(_)
                | TokenKind::Number(_)
                | TokenKind::Text(_)
                | TokenKind::Sign("," | "=" | "." | "<" | ">" | "[" | "]") => {}
                _ => break,
            }
        }
        if !found {
            self.at = start;
        }
        found
    }
}

/// Whether `{` behind this value is an argument: behind names and calls.
fn takes_closure(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Name(_) | ExprKind::Property { .. } | ExprKind::Call(_) | ExprKind::CallValue(..))
}

fn call(callee: Expr, arguments: Vec<Argument>, close: Span) -> Expr {
    let span = callee.span.to(close);
    let kind = match callee.kind {
        ExprKind::Name(text) => {
            let name = Name { text, span: callee.span };
            ExprKind::Call(Box::new(Call { receiver: None, safe: false, name, arguments }))
        }
        ExprKind::Property { object, name, safe } => {
            ExprKind::Call(Box::new(Call { receiver: Some(*object), safe, name, arguments }))
        }
        kind => ExprKind::CallValue(Box::new(Expr { kind, span: callee.span }), arguments),
    };
    Expr { kind, span }
}
