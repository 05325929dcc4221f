//! Finds keys, values and includes of a text in the configuration's language, with their bytes. Never fails.

use std::ops::Range;

/// Objects and lists inside each other that are followed, and names of a key path; the parser refuses deeper ones.
const DEPTH_MAX: usize = 128;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A key and its value.
    Key {
        /// Names from the root of this text.
        path: Vec<String>,
        /// Bytes of the key.
        key: Range<usize>,
        /// Bytes of the value.
        value: Range<usize>,
        /// Bytes of each element, when the value is one list.
        elements: Vec<Range<usize>>,
    },
    /// An include of another text.
    Include {
        /// Where its keys go.
        path: Vec<String>,
        /// The name in quotes.
        target: String,
        /// Whether it is a `file(…)`.
        is_file: bool,
    },
}

/// Result of a scan.
#[derive(Debug, Default)]
pub struct Scan {
    /// Everything, in the order in which it takes effect.
    pub found: Vec<Found>,
    /// A closing brace that closes nothing; the parser overlooks it.
    pub stray: Option<usize>,
    /// The innermost bracket that nothing closes.
    pub unclosed: Option<usize>,
    /// The first value made of kinds that do not go together, such as an object and a text.
    pub mixed: Option<Range<usize>>,
}

/// Scans a text.
#[must_use]
pub fn scan(text: &str) -> Scan {
    let mut scanner = Scanner { text, at: 0, depth: 0, scan: Scan::default() };
    scanner.blank(true);
    // A document may have braces around it, as in JSON.
    let (start, braced) = (scanner.at, scanner.next_is("{"));
    if braced {
        scanner.at += 1;
    }
    scanner.members(&[]);
    if braced && scanner.next_is("}") {
        scanner.at += 1;
        scanner.blank(true);
    }
    if scanner.next_is("}") {
        scanner.scan.stray = Some(scanner.at);
    }
    if braced && !text[start + 1..scanner.at].trim_end().ends_with('}') {
        scanner.scan.unclosed.get_or_insert(start);
    }
    scanner.scan
}

/// The byte of the first key whose path has so many names that whoever follows them runs out of stack.
#[must_use]
pub fn too_deep(text: &str) -> Option<usize> {
    scan(text).found.into_iter().find_map(|found| match found {
        Found::Key { path, key, .. } if path.len() > DEPTH_MAX => Some(key.start),
        _ => None,
    })
}

/// The key path at the start of a text, and the byte behind it.
#[must_use]
pub fn key(text: &str) -> (Vec<String>, usize) {
    Scanner { text, at: 0, depth: 0, scan: Scan::default() }.key()
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    scan: Scan,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next_is(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    fn step(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        self.at += self.rest().find(|c| !wanted(c)).unwrap_or(self.rest().len());
    }

    fn at_comment(&self) -> bool {
        self.next_is("#") || self.next_is("//")
    }

    /// Skips blanks and comments, over the ends of lines too if `lines`.
    fn blank(&mut self, lines: bool) {
        loop {
            self.skip_while(|c| is_blank(c) && (lines || c != '\n'));
            if !self.at_comment() {
                return;
            }
            self.skip_while(|c| c != '\n');
        }
    }

    /// Reads members up to the closing brace, which stays.
    fn members(&mut self, path: &[String]) {
        loop {
            self.skip_while(|c| is_blank(c) || c == ',');
            self.blank(true);
            match self.peek() {
                None | Some('}') => return,
                Some(',') => continue,
                Some(_) => {}
            }
            let before = self.at;
            if !self.include(path) {
                self.assignment(path);
            }
            if self.at == before {
                self.step();
            }
        }
    }

    fn include(&mut self, path: &[String]) -> bool {
        let Some(rest) = self.rest().strip_prefix("include") else { return false };
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let words = line.trim_start();
        let includes =
            words.starts_with('"') || ["file(", "required(", "url("].iter().any(|name| words.starts_with(name));
        let Some(open) = line.find('"').filter(|_| includes) else { return false };
        let before = &line[..open];
        let is_file = before.contains("file(");
        self.at += "include".len() + open;
        let target = self.quoted();
        self.skip_while(|c| matches!(c, ')' | ' ' | '\t'));
        if !before.contains("url(") {
            self.scan.found.push(Found::Include { path: path.to_vec(), target, is_file });
        }
        true
    }

    fn assignment(&mut self, path: &[String]) {
        let start = self.at;
        let (names, end) = self.key();
        let path: Vec<_> = path.iter().cloned().chain(names).collect();
        self.blank(true);
        for sign in ["+=", "=", ":"] {
            if self.next_is(sign) {
                self.at += sign.len();
                self.blank(true);
                break;
            }
        }
        let slot = self.scan.found.len();
        let (value, elements) = self.value(&path);
        self.scan.found.insert(slot, Found::Key { path, key: start..end, value, elements });
    }

    /// Reads a key path; the end is that of its last visible character.
    fn key(&mut self) -> (Vec<String>, usize) {
        let mut names = vec![String::new()];
        let mut end = self.at;
        while let Some(next) = self.peek() {
            match next {
                '"' => {
                    let text = self.quoted();
                    names.last_mut().into_iter().for_each(|name| name.push_str(&text));
                    end = self.at;
                }
                '.' => {
                    // One name too many shows that it is too deep.
                    if names.len() <= DEPTH_MAX {
                        names.push(String::new());
                    }
                    self.step();
                }
                ':' | '=' | '{' | '}' | '[' | ']' | ',' | '\n' => break,
                '+' if self.next_is("+=") => break,
                _ if self.at_comment() => break,
                _ => {
                    names.last_mut().into_iter().for_each(|name| name.push(next));
                    self.step();
                    if !is_blank(next) {
                        end = self.at;
                    }
                }
            }
        }
        (names.iter().map(|name| name.trim_matches(is_blank).to_owned()).collect(), end)
    }

    /// Reads a value up to the end of its line, a comma or a closing bracket, none of which is taken.
    fn value(&mut self, path: &[String]) -> (Range<usize>, Vec<Range<usize>>) {
        let start = self.at;
        let mut end = start;
        let mut elements = Vec::new();
        let mut parts = 0;
        let mut kinds = [false; 3];
        while let Some(next) = self.peek() {
            match next {
                ',' | '}' | ']' | '\n' => break,
                _ if self.at_comment() => break,
                _ if is_blank(next) => {
                    self.step();
                    continue;
                }
                '{' => self.nested('}', path, |scanner| scanner.members(path)),
                '[' => self.nested(']', path, |scanner| elements = scanner.list(path)),
                '"' => drop(self.quoted()),
                '$' if self.next_is("${") => {
                    self.skip_while(|c| c != '}' && c != '\n');
                    if self.next_is("}") {
                        self.at += 1;
                    }
                }
                _ => self.step(),
            }
            parts += usize::from(matches!(next, '{' | '[' | '"' | '$'));
            match next {
                '{' => kinds[0] = true,
                '[' => kinds[1] = true,
                // Of what a substitution stands for nothing is known here.
                '$' => {}
                _ => kinds[2] = true,
            }
            end = self.at;
        }
        if parts != 1 {
            elements.clear();
        }
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            self.scan.mixed.get_or_insert(start..end);
        }
        (start..end, elements)
    }

    fn nested(&mut self, close: char, path: &[String], read: impl FnOnce(&mut Self)) {
        let open = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth < DEPTH_MAX && path.len() <= DEPTH_MAX {
            read(self);
        }
        self.depth -= 1;
        if self.peek() == Some(close) {
            self.at += 1;
        } else if self.depth + 1 < DEPTH_MAX {
            self.scan.unclosed.get_or_insert(open);
        }
    }

    fn list(&mut self, path: &[String]) -> Vec<Range<usize>> {
        let mut elements = Vec::new();
        loop {
            self.skip_while(|c| is_blank(c) || c == ',');
            self.blank(true);
            match self.peek() {
                None | Some(']') => return elements,
                Some(',') => continue,
                Some(_) => {}
            }
            let element: Vec<_> = path.iter().cloned().chain([elements.len().to_string()]).collect();
            let before = self.at;
            elements.push(self.value(&element).0);
            if self.at == before {
                self.step();
            }
        }
    }

    /// Reads a text in quotes, single or triple.
    fn quoted(&mut self) -> String {
        if self.next_is("\"\"\"") {
            self.at += 3;
            let length = self.rest().find("\"\"\"").unwrap_or(self.rest().len());
            let text = self.rest()[..length].to_owned();
            self.at += (length + 3).min(self.rest().len());
            self.skip_while(|c| c == '"');
            return text;
        }
        self.step();
        let start = self.at;
        while let Some(next) = self.peek() {
            match next {
                '"' | '\n' => break,
                '\\' => {
                    self.step();
                    self.step();
                }
                _ => self.step(),
            }
        }
        let inside = &self.text[start..self.at];
        // Escapes are those of JSON; what is not valid is shown as it stands.
        let text = serde_json::from_str(&format!("\"{inside}\"")).unwrap_or_else(|_| inside.to_owned());
        if self.next_is("\"") {
            self.at += 1;
        }
        text
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{1c}'..='\u{1f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every key with its value and, behind `|`, its elements.
    fn keys(text: &str) -> Vec<String> {
        scan(text)
            .found
            .into_iter()
            .map(|found| match found {
                Found::Key { path, value, elements, .. } => {
                    let parts: Vec<_> = [value].into_iter().chain(elements).map(|range| &text[range]).collect();
                    format!("{}={}", path.join("/"), parts.join("|"))
                }
                Found::Include { path, target, is_file } => format!("{}<{target} {is_file}", path.join("/")),
            })
            .collect()
    }

    #[test]
    fn keys_and_values_are_found() {
        for (text, expected) in [
            ("a = 1", &["a=1"][..]),
            ("a.b : x y # c", &["a/b=x y"]),
            ("a { b = 1, c = 2 }", &["a={ b = 1, c = 2 }", "a/b=1", "a/c=2"]),
            ("{\"a\": {\"b\": [\"x\", \"y\"]}}", &["a={\"b\": [\"x\", \"y\"]}", "a/b=[\"x\", \"y\"]|\"x\"|\"y\""]),
            ("a = [x\n// no\n y,]\nb=2", &["a=[x\n// no\n y,]|x|y", "b=2"]),
            ("a = ${x} { b = 1 }", &["a=${x} { b = 1 }", "a/b=1"]),
            ("a = [1] [2]", &["a=[1] [2]"]),
            ("a += 3\nb=\n 4", &["a=3", "b=4"]),
            ("\"x.y\".z = \"\"\"t\n\"q\" }\"\"\"\nb = 1", &["x.y/z=\"\"\"t\n\"q\" }\"\"\"", "b=1"]),
            ("a = \"\\\"} // no\" # yes\nb = 1", &["a=\"\\\"} // no\"", "b=1"]),
            ("a = http://x/y", &["a=http:"]),
            ("l = [{ a = 1 }, { a = 2 }]", &["l=[{ a = 1 }, { a = 2 }]|{ a = 1 }|{ a = 2 }", "l/0/a=1", "l/1/a=2"]),
            ("s { include \"x\" }", &["s={ include \"x\" }", "s<x false"]),
            ("include required(file(\"/y.conf\"))\na=1", &["</y.conf true", "a=1"]),
            ("include = 1", &["include=1"]),
            ("included = 1", &["included=1"]),
            ("\u{feff}a = 1\r\nb = 2\r\n", &["a=1", "b=2"]),
        ] {
            assert_eq!(keys(text), expected, "{text}");
        }
    }

    #[test]
    fn brackets_without_a_counterpart_are_found() {
        for (text, stray) in [
            ("a = 1\n}", Some(6)),
            ("a {\n b = 1 }\n}\n", Some(13)),
            ("{ a = 1 }", None),
            ("{ a = 1 } }", Some(10)),
            ("a {}", None),
        ] {
            assert_eq!(scan(text).stray, stray, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_to_its_end(text in "[a-c.{}\\[\\]=:,\"\\\\$#/+ \n☃]{0,60}") {
            for found in scan(&text).found {
                if let Found::Key { key, value, elements, .. } = found {
                    prop_assert!([key, value].iter().chain(&elements).all(|range| text.get(range.clone()).is_some()));
                }
            }
        }
    }
}
