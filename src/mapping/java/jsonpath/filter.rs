//! Text to filter: `(@.price < 10 && @.sku in ['a', 'b'])`.

use super::{
    Path, STEPS_MAX,
    parse::{Cursor, Parsed, parse_at},
};
use crate::mapping::java::regex::Regex;

/// What a filter asks.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// Whether a path leads anywhere, or (false) nowhere.
    Exists(Path, bool),
    Compare(Operand, Operator, Operand),
}

/// What is compared.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Path(Path),
    Text(String),
    /// The value, and the text that it was written as.
    Number(f64, String),
    Boolean(bool),
    Null,
    Pattern(Box<Regex>),
    /// `['a', 1]`: what a value may be `in`.
    List(Vec<Operand>),
    /// An object: equal to nothing.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    /// `===`: of the same type too.
    Same,
    Unequal,
    /// `!==`
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    Size,
    Empty,
    /// `all`, `subsetof`, `type`, `exists`: known, but never true over Jackson's trees.
    Never,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("==", Operator::Equal),
    ("===", Operator::Same),
    ("!=", Operator::Unequal),
    ("!==", Operator::NotSame),
    ("<", Operator::Less),
    ("<=", Operator::LessOrEqual),
    (">", Operator::Greater),
    (">=", Operator::GreaterOrEqual),
    ("=~", Operator::Matches),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("contains", Operator::Contains),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
    ("all", Operator::Never),
    ("subsetof", Operator::Never),
    ("type", Operator::Never),
    ("exists", Operator::Never),
];

/// The part of the parser that reads filters.
pub(super) trait Filters {
    /// Reads a filter from its opening to its closing bracket.
    fn filter(&mut self) -> Parsed<Condition>;
}

fn is_operator_sign(letter: char) -> bool {
    matches!(letter, '<' | '>' | '=' | '~' | '!')
}

impl Filters for Cursor<'_> {
    fn filter(&mut self) -> Parsed<Condition> {
        self.depth += 1;
        if self.depth > STEPS_MAX {
            return Err(self.bad("the filter is nested too deep"));
        }
        self.at += 1;
        let condition = self.any_of()?;
        self.blanks();
        self.depth -= 1;
        if self.eat(")") { Ok(condition) } else { Err(self.bad("`)` must follow")) }
    }
}

impl Cursor<'_> {
    fn any_of(&mut self) -> Parsed<Condition> {
        let mut list = vec![self.all_of()?];
        loop {
            self.blanks();
            if !self.eat("||") {
                return Ok(if list.len() == 1 { list.swap_remove(0) } else { Condition::Or(list) });
            }
            list.push(self.all_of()?);
        }
    }

    fn all_of(&mut self) -> Parsed<Condition> {
        let mut list = vec![self.condition()?];
        loop {
            self.blanks();
            if !self.eat("&&") {
                return Ok(if list.len() == 1 { list.swap_remove(0) } else { Condition::And(list) });
            }
            list.push(self.condition()?);
        }
    }

    fn condition(&mut self) -> Parsed<Condition> {
        self.blanks();
        let start = self.at;
        if self.eat("!") {
            self.blanks();
            if !self.rest().starts_with(['$', '@']) {
                self.depth += 1;
                if self.depth > STEPS_MAX {
                    return Err(self.bad("the filter is nested too deep"));
                }
                let inner = self.condition()?;
                self.depth -= 1;
                return Ok(Condition::Not(Box::new(inner)));
            }
            self.at = start;
        }
        if self.peek() == Some('(') { self.filter() } else { self.comparison() }
    }

    fn comparison(&mut self) -> Parsed<Condition> {
        self.blanks();
        // In front of a comparison a `!` means nothing; in front of a path alone it asks for absence.
        let wanted = !self.eat("!");
        self.blanks();
        let left = self.operand()?;
        let behind = self.at;
        if let Some(operator) = self.operator()
            && let Ok(right) = self.operand()
        {
            return Ok(Condition::Compare(left, operator, right));
        }
        self.at = behind;
        match left {
            Operand::Path(path) => Ok(Condition::Exists(path, wanted)),
            _ => Err(self.bad("a comparison must follow")),
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        self.blanks();
        let rest = self.rest();
        let length = if rest.starts_with(is_operator_sign) {
            rest.find(|letter| !is_operator_sign(letter)).unwrap_or(rest.len())
        } else {
            rest.find(' ').unwrap_or(rest.len())
        };
        let word = rest[..length].to_lowercase();
        let found = OPERATORS.iter().find(|(own, _)| *own == word).map(|(_, operator)| *operator)?;
        self.at += length;
        Some(found)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.blanks();
        match self.peek() {
            Some('$' | '@') => self.inner_path().map(Operand::Path),
            Some(quote @ ('\'' | '"')) => self.quoted(quote).map(Operand::Text),
            Some('0'..='9' | '-') => self.number(),
            Some('/') => self.pattern(),
            Some('[') => self.list(),
            Some('{') => {
                self.at += self.matching('{', '}').ok_or_else(|| self.bad("`}` is missing"))?;
                Ok(Operand::Json)
            }
            _ if self.eat("true") => Ok(Operand::Boolean(true)),
            _ if self.eat("false") => Ok(Operand::Boolean(false)),
            _ if self.eat("null") => Ok(Operand::Null),
            _ => Err(self.bad("a path, text, number, boolean or null must follow")),
        }
    }

    /// A path ends at a blank, an operator or the bracket that closes the filter.
    fn inner_path(&mut self) -> Parsed<Path> {
        let start = self.at;
        let mut calls = 0_usize;
        while let Some(letter) = self.peek() {
            match letter {
                '[' => {
                    self.at += self.matching('[', ']').ok_or_else(|| self.bad("`]` is missing"))?;
                    continue;
                }
                '(' => calls += 1,
                ')' if calls > 0 => calls -= 1,
                ')' | ' ' => break,
                _ if is_operator_sign(letter) && calls == 0 => break,
                _ => {}
            }
            self.at += letter.len_utf8();
        }
        let path = parse_at(&self.text[start..self.at], self.depth + 1);
        path.map_err(|bad| super::BadPath { at: start + bad.at, ..bad })
    }

    /// Bytes from an opening bracket to behind the closing one; texts in between are skipped.
    fn matching(&self, open: char, close: char) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, letter) in self.plain_letters() {
            if letter == open {
                depth += 1;
            } else if letter == close {
                depth -= 1;
                if depth == 0 {
                    return Some(at + letter.len_utf8());
                }
            }
        }
        None
    }

    fn number(&mut self) -> Parsed<Operand> {
        let rest = self.rest();
        let length = rest.find(|letter: char| !matches!(letter, '0'..='9' | '-' | '.')).unwrap_or(rest.len());
        let text = rest[..length].to_owned();
        let value = text.parse().map_err(|_| self.bad(format!("`{text}` is no number")))?;
        self.at += length;
        Ok(Operand::Number(value, text))
    }

    fn pattern(&mut self) -> Parsed<Operand> {
        let start = self.at;
        self.at += 1;
        let mut end = None;
        let mut escaped = false;
        for (at, letter) in self.rest().char_indices() {
            match letter {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '/' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else {
            self.at = start;
            return Err(self.bad("the end of this pattern is missing"));
        };
        let pattern = self.rest()[..end].to_owned();
        self.at += end + 1;
        let flags = self.rest().len() - self.rest().trim_start_matches(['i', 'd', 'm', 's', 'u', 'x', 'U']).len();
        let flags = &self.text[self.at..self.at + flags];
        self.at += flags.len();
        let pattern = if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") };
        match Regex::new(&pattern) {
            Ok(regex) => Ok(Operand::Pattern(Box::new(regex))),
            Err(error) => {
                self.at = start;
                Err(self.bad(format!("the pattern cannot be read: {}", error.message)))
            }
        }
    }

    fn list(&mut self) -> Parsed<Operand> {
        self.at += 1;
        let mut list = Vec::new();
        loop {
            self.blanks();
            if self.eat("]") {
                return Ok(Operand::List(list));
            }
            self.depth += 1;
            if self.depth > STEPS_MAX {
                return Err(self.bad("the list is nested too deep"));
            }
            list.push(self.operand()?);
            self.depth -= 1;
            self.blanks();
            if !self.eat(",") && self.peek() != Some(']') {
                return Err(self.bad("`,` or `]` must follow"));
            }
        }
    }
}
