//! Groups, their flags, and references back to them.

use std::fmt::Write as _;

use super::translate::{Done, Translator};

impl Translator {
    /// `(…)` of any kind; `false` if it only sets flags.
    pub(super) fn group(&mut self) -> Done<bool> {
        let open = self.at;
        self.at += 1;
        let look = ["?=", "?!", "?<=", "?<!"].into_iter().find(|look| self.eat_word(look));
        let flags = self.flags;
        if let Some(look) = look {
            self.backtracks = true;
            self.looking += 1;
            self.out.extend(["(", look]);
        } else if self.eat_word("?>") {
            self.backtracks = true;
            // What follows may not be the end of what the group takes.
            self.looking += 1;
            self.out.push_str("(?>");
        } else if self.eat_word("?:") {
            self.out.push_str("(?:");
        } else if self.eat_word("?<") {
            self.groups += 1;
            let name = self.group_name()?;
            let _ = write!(self.out, "(?<{name}>");
            self.names.push((name, self.groups));
        } else if self.eat('?') {
            if self.set_flags()? {
                return Ok(false);
            }
            self.out.push_str("(?:");
        } else {
            self.groups += 1;
            self.out.push('(');
        }
        let atomic = look.is_some() || self.out.ends_with("(?>");
        self.deeper()?;
        self.alternatives()?;
        self.depth -= 1;
        self.looking -= usize::from(atomic);
        self.flags = flags;
        if !self.eat(')') {
            self.at = open;
            return Err(self.bad("the end of this group is missing: `)`"));
        }
        self.out.push(')');
        Ok(true)
    }

    fn group_name(&mut self) -> Done<String> {
        let mut name = String::new();
        while let Some(letter) = self.peek().filter(char::is_ascii_alphanumeric) {
            name.push(letter);
            self.at += 1;
        }
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !self.eat('>') {
            return Err(self.bad("the name of a group has letters and digits, a letter first, and ends with `>`"));
        }
        if self.names.iter().any(|(known, _)| *known == name) {
            return Err(self.bad(format!("there are two groups `{name}`")));
        }
        Ok(name)
    }

    /// Flags behind `(?`; whether they are for what follows the closing bracket.
    fn set_flags(&mut self) -> Done<bool> {
        let mut on = true;
        loop {
            let Some(letter) = self.peek() else { return Err(self.bad("the end of this group is missing: `)`")) };
            self.at += 1;
            let flags = &mut self.flags;
            match letter {
                'i' => flags.ignore_case = on,
                'd' => flags.unix_lines = on,
                'm' => flags.multiline = on,
                's' => flags.dot_all = on,
                'u' => flags.unicode_case = on,
                'x' => flags.comments = on,
                'U' => (flags.unicode_classes, flags.unicode_case) = (on, on),
                '-' if on => on = false,
                ')' => return Ok(true),
                ':' => return Ok(false),
                _ => {
                    self.at -= 1;
                    return Err(self.bad("there is no such kind of group"));
                }
            }
        }
    }

    pub(super) fn named_reference(&mut self) -> Done {
        self.at += 2;
        if !self.eat('<') {
            return Err(self.bad("`<` must follow `\\k`"));
        }
        let start = self.at;
        while self.peek().is_some_and(|letter| letter != '>') {
            self.at += 1;
        }
        let name: String = self.pattern[start..self.at].iter().collect();
        let Some((_, number)) = self.names.iter().find(|(known, _)| *known == name) else {
            self.at = start;
            return Err(self.bad(format!("there is no group `{name}` before this place")));
        };
        let number = *number;
        self.at += 1;
        self.reference(number);
        Ok(())
    }

    /// `\11` is group 11 if there are so many, else group 1 and the digit.
    pub(super) fn numbered_reference(&mut self) {
        self.at += 1;
        let mut number = 0_usize;
        while let Some(digit) = self.peek().and_then(|letter| letter.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if number > 0 && longer > self.groups {
                break;
            }
            number = longer;
            self.at += 1;
        }
        if number > self.groups {
            // A group that is not there never matched, so nothing can repeat it.
            self.out.push_str(r"[^\s\S]");
        } else {
            self.reference(number);
        }
    }

    fn reference(&mut self, number: usize) {
        self.backtracks = true;
        let case = if self.flags.ignore_case { "i" } else { "" };
        let _ = write!(self.out, "(?{case}:\\{number})");
    }
}
