//! JSON text and mincode into a [`Document`], without recursion.

use super::{DEPTH_MAX, Document, Node, NodeId, Piece, narrow};
use crate::event::{
    mincode,
    value::{Number, Value},
};

/// The text is not well-formed, or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// A container that is being read: whether it is an object, and where its children start among the open ones.
#[derive(Clone, Copy)]
struct Open {
    object: bool,
    start: usize,
}

impl Document {
    pub(super) fn read_json(&mut self, text: &str) -> Result<NodeId, Unreadable> {
        let mut reader = Reader { text, at: 0 };
        let mut stack: smallvec::SmallVec<[Open; 16]> = smallvec::SmallVec::new();
        loop {
            // A value, or the end of what is open.
            reader.blanks();
            let mut done = match reader.peek().ok_or(Unreadable)? {
                open @ (b'{' | b'[') => {
                    reader.at += 1;
                    if stack.len() == DEPTH_MAX {
                        return Err(Unreadable);
                    }
                    let object = open == b'{';
                    stack.push(Open { object, start: self.open.len() });
                    reader.blanks();
                    if reader.peek() != Some(if object { b'}' } else { b']' }) {
                        if object {
                            self.read_name(&mut reader)?;
                        }
                        continue;
                    }
                    reader.at += 1;
                    self.close_top(&mut stack)
                }
                _ => self.read_scalar(&mut reader)?,
            };
            // What follows a value.
            loop {
                let Some(top) = stack.last().copied() else { return Ok(done) };
                self.open.push(done);
                reader.blanks();
                match (reader.next().ok_or(Unreadable)?, top.object) {
                    (b',', false) => break,
                    (b',', true) => {
                        reader.blanks();
                        self.read_name(&mut reader)?;
                        break;
                    }
                    (b'}', true) | (b']', false) => done = self.close_top(&mut stack),
                    _ => return Err(Unreadable),
                }
            }
        }
    }

    fn close_top(&mut self, stack: &mut smallvec::SmallVec<[Open; 16]>) -> NodeId {
        let Some(Open { object, start }) = stack.pop() else { return self.add(Node::Null) };
        if object {
            self.last_wins(start);
        }
        let children = self.close(start);
        self.add(if object { Node::Object(children) } else { Node::Array(children) })
    }

    /// Of the members opened since `start`, leaves each name once: at the place of its first, with the value of its
    /// last.
    fn last_wins(&mut self, start: usize) {
        /// Up to here, comparing all with all is cheaper than a map.
        const FEW: usize = 16;
        let Self { nodes, text, open, .. } = self;
        let name_of = |id: NodeId| match nodes[id.0 as usize] {
            Node::Text(piece) => &text[piece.range()],
            _ => "",
        };
        let count = (open.len() - start) / 2;
        let mut kept = start;
        let mut known = std::collections::HashMap::new();
        for member in 0..count {
            let (name, value) = (open[start + 2 * member], open[start + 2 * member + 1]);
            let place = if count > FEW {
                *known.entry(name_of(name)).or_insert(kept)
            } else {
                let mut earlier = (start..kept).step_by(2);
                earlier.find(|at| name_of(open[*at]) == name_of(name)).unwrap_or(kept)
            };
            if place == kept {
                open[kept] = name;
                kept += 2;
            }
            open[place + 1] = value;
        }
        open.truncate(kept);
    }

    fn read_name(&mut self, reader: &mut Reader<'_>) -> Result<(), Unreadable> {
        let name = self.read_text(reader)?;
        self.open.push(name);
        reader.blanks();
        if reader.next() == Some(b':') { Ok(()) } else { Err(Unreadable) }
    }

    fn read_text(&mut self, reader: &mut Reader<'_>) -> Result<NodeId, Unreadable> {
        if reader.next() != Some(b'"') {
            return Err(Unreadable);
        }
        let start = self.text.len();
        loop {
            let rest = &reader.text[reader.at..];
            let length = rest.find(['"', '\\']).ok_or(Unreadable)?;
            self.text.push_str(&rest[..length]);
            reader.at += length + 1;
            if rest.as_bytes()[length] == b'"' {
                let piece = self.text_from(start);
                return Ok(self.add(Node::Text(piece)));
            }
            let letter = reader.escape().ok_or(Unreadable)?;
            self.text.push(letter);
        }
    }

    fn read_scalar(&mut self, reader: &mut Reader<'_>) -> Result<NodeId, Unreadable> {
        if reader.peek() == Some(b'"') {
            return self.read_text(reader);
        }
        let rest = &reader.text[reader.at..];
        let length = rest.find([',', '}', ']', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        let word = &rest[..length];
        reader.at += length;
        let node = match word {
            "null" => Node::Null,
            "true" => Node::Boolean(true),
            "false" => Node::Boolean(false),
            _ => self.number_node(word).ok_or(Unreadable)?,
        };
        Ok(self.add(node))
    }

    fn number_node(&mut self, word: &str) -> Option<Node> {
        let starts = word.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit());
        let plain = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        if !starts || !plain {
            return None;
        }
        if word.contains(['.', 'e', 'E']) {
            return word.parse().ok().map(Node::Double);
        }
        if let Ok(number) = word.parse() {
            return Some(Node::Integer(number));
        }
        let digits = word.strip_prefix('-').unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let start = self.text.len();
        self.text.push_str(word);
        Some(Node::Big(self.text_from(start)))
    }

    pub(super) fn read_mincode(&mut self, text: &str) -> Result<NodeId, Unreadable> {
        let value = mincode::read(text).map_err(|_| Unreadable)?;
        Ok(self.copy(&value))
    }

    /// Copies a value, whose depth its reader has bounded.
    fn copy(&mut self, value: &Value<'_>) -> NodeId {
        let node = match value {
            Value::Missing => Node::Missing,
            Value::Null => Node::Null,
            Value::Boolean(value) => Node::Boolean(*value),
            Value::Number(Number::Integer(number)) => Node::Integer(*number),
            Value::Number(Number::Big(digits)) => Node::Big(self.copy_text(digits)),
            Value::Number(Number::Decimal(decimal)) => {
                use std::fmt::Write as _;
                let start = self.text.len();
                // Writing to a string cannot fail.
                let _ = write!(self.text, "{decimal}");
                Node::Decimal(self.text_from(start))
            }
            Value::Text(text) => Node::Text(self.copy_text(text)),
            Value::Array(elements) => {
                let start = self.open.len();
                for element in elements {
                    let child = self.copy(element);
                    self.open.push(child);
                }
                Node::Array(self.close(start))
            }
            Value::Object(members) => {
                let start = self.open.len();
                for (name, value) in members {
                    let name = Node::Text(self.copy_text(name));
                    let name = self.add(name);
                    self.open.push(name);
                    let child = self.copy(value);
                    self.open.push(child);
                }
                Node::Object(self.close(start))
            }
        };
        self.add(node)
    }

    fn copy_text(&mut self, text: &str) -> Piece {
        let start = self.text.len();
        self.text.push_str(text);
        Piece { start: narrow(start), end: narrow(self.text.len()) }
    }
}

/// A text and how far it is read. It stands before a character at all times, as it stops at ASCII only.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        // Whoever meets half a character gives up.
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// What stands behind a backslash. Half a surrogate pair is `?`, as in the records of the original.
    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let mut after = Self { text: self.text, at: self.at };
                let second = if after.text[after.at..].starts_with("\\u") {
                    after.at += 2;
                    after.unit()
                } else {
                    None
                };
                let letter = char::decode_utf16([first].into_iter().chain(second)).next()?;
                match letter {
                    Ok(letter) => {
                        if letter.len_utf16() == 2 {
                            self.at = after.at;
                        }
                        letter
                    }
                    Err(_) => '?',
                }
            }
            letter @ (b'"' | b'\\' | b'/') => char::from(letter),
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }
}
