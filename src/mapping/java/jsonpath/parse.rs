//! Text to path.

use super::{
    BadPath, Path, STEPS_MAX, Step,
    filter::Filters,
    function::{Function, Parameter},
};

/// A text and how far it is read.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Filters and parameters around.
    pub(super) depth: usize,
}

pub(super) type Parsed<T> = Result<T, BadPath>;

pub(super) fn parse(text: &str) -> Parsed<Path> {
    if text.is_empty() {
        return Err(BadPath { message: "the path is empty".to_owned(), at: 0 });
    }
    if text.starts_with(['$', '@']) {
        return parse_at(text, 0);
    }
    // Places are told in the text as the script has it.
    parse_at(&format!("$.{text}"), 0).map_err(|bad| BadPath { at: bad.at.saturating_sub(2), ..bad })
}

/// Reads a path that starts with `$` or `@`, `depth` filters deep.
pub(super) fn parse_at(text: &str, depth: usize) -> Parsed<Path> {
    let mut cursor = Cursor { text: text.trim_end_matches(|letter| letter <= ' '), at: 0, depth };
    if depth > STEPS_MAX {
        return Err(cursor.bad("the path is nested too deep"));
    }
    if cursor.text.ends_with('.') {
        cursor.at = cursor.text.len() - 1;
        return Err(cursor.bad("the path must not end with a dot"));
    }
    let from_root = cursor.text.starts_with('$');
    cursor.at = 1;
    let mut steps = Vec::new();
    if cursor.peek().is_some_and(|next| next != '.' && next != '[') {
        return Err(cursor.bad("`.` or `[` must follow"));
    }
    while cursor.peek().is_some() {
        if steps.len() == STEPS_MAX {
            return Err(cursor.bad("the path has too many steps"));
        }
        if !cursor.step(&mut steps)? {
            break;
        }
    }
    Ok(Path::new(steps, from_root))
}

impl Cursor<'_> {
    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn bad(&self, message: impl Into<String>) -> BadPath {
        BadPath { message: message.into(), at: self.at }
    }

    /// Reads one step; `false` if the rest means nothing.
    fn step(&mut self, steps: &mut Vec<Step>) -> Parsed<bool> {
        if self.eat("..") {
            steps.push(Step::Scan);
            if self.peek() == Some('.') {
                return Err(self.bad("three dots in a row"));
            }
        } else if self.eat(".") {
            if self.peek() == Some('.') {
                return Err(self.bad("three dots in a row"));
            }
        } else if self.rest() == "[" && !steps.is_empty() {
            return Ok(false);
        }
        match self.peek() {
            Some('[') => self.bracket(steps).map(|()| true),
            Some('*') => {
                self.at += 1;
                steps.push(Step::All);
                Ok(true)
            }
            Some(' ') | None => Err(self.bad("a name must follow")),
            Some(_) => self.word(steps),
        }
    }

    fn word(&mut self, steps: &mut Vec<Step>) -> Parsed<bool> {
        let length = self.rest().find([' ', '.', '[', '(']).unwrap_or(self.rest().len());
        let name = self.rest()[..length].to_owned();
        self.at += length;
        match self.peek() {
            Some(' ') => Err(self.bad("a name with blanks must be written as `['my name']`")),
            Some('(') => {
                self.at += 1;
                let parameters = self.parameters()?;
                steps.push(Step::Call(Function::named(&name), parameters));
                Ok(self.rest().starts_with(['.', '[']))
            }
            _ => {
                steps.push(Step::Members(vec![name]));
                Ok(true)
            }
        }
    }

    /// What stands in the brackets of a call, up to behind the closing one.
    fn parameters(&mut self) -> Parsed<Vec<Parameter>> {
        let mut parameters = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => return Ok(parameters),
                Some(')') => {
                    self.at += 1;
                    return Ok(parameters);
                }
                Some(',') => self.at += 1,
                Some(_) => {
                    let length = self.parameter_length();
                    let text = self.rest()[..length].trim().to_owned();
                    let parameter = if text.starts_with(['$', '@']) {
                        let at = self.at;
                        let path = parse_at(&text, self.depth + 1);
                        Parameter::Path(path.map_err(|bad| BadPath { at: at + bad.at, ..bad })?)
                    } else {
                        Parameter::literal(&text)
                    };
                    parameters.push(parameter);
                    self.at += length;
                }
            }
        }
    }

    /// Bytes up to the comma or bracket that ends a parameter.
    fn parameter_length(&self) -> usize {
        let mut open = 0_usize;
        for (at, letter) in self.plain_letters() {
            match letter {
                '(' | '[' | '{' => open += 1,
                ')' | ',' if open == 0 => return at,
                ')' | ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        self.rest().len()
    }

    /// The characters ahead that do not lie in quotes, with their places.
    pub(super) fn plain_letters(&self) -> impl Iterator<Item = (usize, char)> {
        let (mut quote, mut escaped) = (None, false);
        self.rest().char_indices().filter(move |(_, letter)| {
            match quote {
                Some(_) if std::mem::take(&mut escaped) => {}
                Some(_) if *letter == '\\' => escaped = true,
                Some(end) if *letter == end => quote = None,
                Some(_) => {}
                None if matches!(letter, '"' | '\'') => quote = Some(*letter),
                None => return true,
            }
            false
        })
    }

    fn bracket(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        let start = self.at;
        self.at += 1;
        self.blanks();
        let step = match self.peek() {
            Some('\'' | '"') => Step::Members(self.quoted_names()?),
            Some('*') => {
                self.at += 1;
                Step::All
            }
            Some('?') => {
                self.at += 1;
                self.blanks();
                if self.peek() != Some('(') {
                    return Err(self.bad("a filter is written `[?(…)]`"));
                }
                Step::Filter(Box::new(self.filter()?))
            }
            Some('0'..='9' | '-' | ':') => self.numbers()?,
            _ => {
                self.at = start;
                return Err(self.bad("`?`, a quoted name, a number or `*` must stand in the brackets"));
            }
        };
        self.blanks();
        if !self.eat("]") {
            return Err(self.bad("`]` must follow"));
        }
        steps.push(step);
        Ok(())
    }

    fn quoted_names(&mut self) -> Parsed<Vec<String>> {
        let mut names = Vec::new();
        loop {
            self.blanks();
            let Some(quote @ ('\'' | '"')) = self.peek() else { return Err(self.bad("a quoted name must follow")) };
            names.push(self.quoted(quote)?);
            self.blanks();
            if !self.eat(",") {
                return Ok(names);
            }
        }
    }

    /// A text in quotes; a backslash takes what follows as it is, or as an escape of JSON.
    pub(super) fn quoted(&mut self, quote: char) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(letter) = self.peek() else {
                self.at = start;
                return Err(self.bad("the end of this text is missing"));
            };
            self.at += letter.len_utf8();
            match letter {
                '\\' => self.escape(&mut text),
                _ if letter == quote => return Ok(text),
                _ => text.push(letter),
            }
        }
    }

    fn escape(&mut self, text: &mut String) {
        let Some(letter) = self.peek() else { return };
        self.at += letter.len_utf8();
        match letter {
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => {
                let digits = self.rest().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                match digits {
                    Some(unit) => {
                        self.at += 4;
                        text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    None => text.push('u'),
                }
            }
            other => text.push(other),
        }
    }

    fn numbers(&mut self) -> Parsed<Step> {
        let length = self.rest().find(']').ok_or_else(|| self.bad("`]` is missing"))?;
        let inner = self.rest()[..length].trim().to_owned();
        let number = |text: &str| -> Parsed<i32> {
            text.trim().parse().map_err(|_| self.bad(format!("`{}` is no index", text.trim())))
        };
        if inner.starts_with('+') || !inner.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b',' | b'-' | b':' | b' '))
        {
            return Err(self.bad("only numbers, commas and a colon may stand here"));
        }
        let step = if inner.contains(':') {
            let mut parts = inner.split(':').map(str::trim);
            let mut next = || match parts.next() {
                None | Some("") => Ok(None),
                Some(text) => number(text).map(Some),
            };
            let (from, to) = (next()?, next()?);
            if from.is_none() && to.is_none() {
                return Err(self.bad("a slice needs a number"));
            }
            Step::Slice(from, to)
        } else {
            Step::Elements(inner.split(',').map(number).collect::<Result<_, _>>()?)
        };
        self.at += length;
        Ok(step)
    }
}
