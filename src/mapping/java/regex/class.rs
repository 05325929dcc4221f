//! Character classes and escapes.

use super::translate::{Done, Translator, push_character};

/// Classes of a backslash and a letter, for ASCII as in Java: letter, content, content with flag `U`.
const PREDEFINED: &[(char, &str, &str)] = &[
    ('d', "0-9", r"\d"),
    ('w', "a-zA-Z0-9_", r"\w"),
    ('s', r"\x{20}\t\n\x{0B}\x{0C}\r", r"\s"),
    ('h', r"\x{20}\t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}", ""),
    ('v', r"\n\x{0B}\x{0C}\r\x{85}\x{2028}\x{2029}", ""),
];

/// Properties by the names of POSIX and Java: ASCII ones unless flag `U` is set, then the last column.
const PROPERTIES: &[(&str, &str, &str)] = &[
    ("Lower", "a-z", r"\p{Lowercase}"),
    ("Upper", "A-Z", r"\p{Uppercase}"),
    ("ASCII", r"\x{00}-\x{7f}", r"\x{00}-\x{7f}"),
    ("Alpha", "a-zA-Z", r"\p{Alphabetic}"),
    ("Digit", "0-9", r"\p{Nd}"),
    ("Alnum", "a-zA-Z0-9", r"\p{Alphabetic}\p{Nd}"),
    ("Punct", r"\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}", r"\p{P}"),
    ("Graph", r"\x{21}-\x{7e}", r"\x{21}-\x{7e}"),
    ("Print", r"\x{20}-\x{7e}", r"\x{20}-\x{7e}"),
    ("Blank", r"\x{20}\t", r"\p{Zs}\t"),
    ("Cntrl", r"\x{00}-\x{1f}\x{7f}", r"\p{Cc}"),
    ("XDigit", "0-9a-fA-F", r"\p{Nd}\p{Hex_Digit}"),
    ("Space", r"\x{20}\t\n\x{0B}\x{0C}\r", r"\p{White_Space}"),
    ("L1", r"\x{00}-\x{ff}", r"\x{00}-\x{ff}"),
    ("all", r"\x{00}-\x{10ffff}", r"\x{00}-\x{10ffff}"),
    ("LC", r"\p{Lu}\p{Ll}\p{Lt}", r"\p{Lu}\p{Ll}\p{Lt}"),
    ("LD", r"\p{L}\p{Nd}", r"\p{L}\p{Nd}"),
    ("javaLowerCase", r"\p{Lowercase}", r"\p{Lowercase}"),
    ("javaUpperCase", r"\p{Uppercase}", r"\p{Uppercase}"),
    ("javaAlphabetic", r"\p{Alphabetic}", r"\p{Alphabetic}"),
    ("javaIdeographic", r"\p{Ideographic}", r"\p{Ideographic}"),
    ("javaTitleCase", r"\p{Lt}", r"\p{Lt}"),
    ("javaDigit", r"\p{Nd}", r"\p{Nd}"),
    ("javaDefined", r"\P{Cn}", r"\P{Cn}"),
    ("javaLetter", r"\p{L}", r"\p{L}"),
    ("javaLetterOrDigit", r"\p{L}\p{Nd}", r"\p{L}\p{Nd}"),
    ("javaSpaceChar", r"\p{Z}", r"\p{Z}"),
    (
        "javaWhitespace",
        r"\t-\r\x{1c}-\x{20}\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}",
        r"\t-\r\x{1c}-\x{20}\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}",
    ),
    ("javaISOControl", r"\x{00}-\x{1f}\x{7f}-\x{9f}", r"\x{00}-\x{1f}\x{7f}-\x{9f}"),
];

/// Blocks, named without blanks, hyphens and underscores, in small letters.
const BLOCKS: &[(&str, &str)] = &[
    ("basiclatin", r"\x{0}-\x{7f}"),
    ("latin1supplement", r"\x{80}-\x{ff}"),
    ("latinextendeda", r"\x{100}-\x{17f}"),
    ("latinextendedb", r"\x{180}-\x{24f}"),
    ("ipaextensions", r"\x{250}-\x{2af}"),
    ("combiningdiacriticalmarks", r"\x{300}-\x{36f}"),
    ("greek", r"\x{370}-\x{3ff}"),
    ("greekandcoptic", r"\x{370}-\x{3ff}"),
    ("cyrillic", r"\x{400}-\x{4ff}"),
    ("armenian", r"\x{530}-\x{58f}"),
    ("hebrew", r"\x{590}-\x{5ff}"),
    ("arabic", r"\x{600}-\x{6ff}"),
    ("devanagari", r"\x{900}-\x{97f}"),
    ("thai", r"\x{e00}-\x{e7f}"),
    ("georgian", r"\x{10a0}-\x{10ff}"),
    ("hanguljamo", r"\x{1100}-\x{11ff}"),
    ("generalpunctuation", r"\x{2000}-\x{206f}"),
    ("currencysymbols", r"\x{20a0}-\x{20cf}"),
    ("letterlikesymbols", r"\x{2100}-\x{214f}"),
    ("arrows", r"\x{2190}-\x{21ff}"),
    ("mathematicaloperators", r"\x{2200}-\x{22ff}"),
    ("boxdrawing", r"\x{2500}-\x{257f}"),
    ("cjksymbolsandpunctuation", r"\x{3000}-\x{303f}"),
    ("hiragana", r"\x{3040}-\x{309f}"),
    ("katakana", r"\x{30a0}-\x{30ff}"),
    ("cjkunifiedideographs", r"\x{4e00}-\x{9fff}"),
    ("hangulsyllables", r"\x{ac00}-\x{d7af}"),
];

impl Translator {
    /// `\d`, `\W`, `\p{…}` and the like as a class, if one stands here.
    pub(super) fn predefined(&mut self) -> Done<Option<String>> {
        let Some(letter) = self.peek_at(1) else { return Ok(None) };
        if matches!(letter, 'p' | 'P') {
            return self.property().map(Some);
        }
        let small = letter.to_ascii_lowercase();
        let Some((_, ascii, unicode)) = PREDEFINED.iter().find(|(own, ..)| *own == small) else { return Ok(None) };
        self.at += 2;
        let content = if self.flags.unicode_classes && !unicode.is_empty() { unicode } else { ascii };
        let not = if letter == small { "" } else { "^" };
        Ok(Some(format!("[{not}{content}]")))
    }

    fn property(&mut self) -> Done<String> {
        let start = self.at;
        let negated = self.peek_at(1) == Some('P');
        self.at += 2;
        let name: String = if self.eat('{') {
            let begin = self.at;
            while self.peek().is_some_and(|letter| letter != '}') {
                self.at += 1;
            }
            let name = self.pattern[begin..self.at].iter().collect();
            if !self.eat('}') {
                return Err(self.bad("the end of this property is missing: `}`"));
            }
            name
        } else {
            let letter = self.peek().ok_or_else(|| self.bad("the name of a property must follow"))?;
            self.at += 1;
            letter.to_string()
        };
        let not = if negated { "^" } else { "" };
        if let Some(content) = self.property_content(&name) {
            return Ok(format!("[{not}{content}]"));
        }
        self.at = start;
        Err(self.bad(format!("there is no property `{name}`")))
    }

    fn property_content(&self, name: &str) -> Option<String> {
        let table = |name: &str| {
            let (_, ascii, unicode) = PROPERTIES.iter().find(|(own, ..)| *own == name)?;
            Some((if self.flags.unicode_classes { unicode } else { ascii }).to_string())
        };
        if self.flags.ignore_case && matches!(name, "Lower" | "Upper" | "javaLowerCase" | "javaUpperCase") {
            return Some(table("Lower")? + &table("Upper")?);
        }
        if let Some(content) = table(name) {
            return Some(content);
        }
        let engine = |name: String| regex_syntax_knows(&name).then_some(name);
        if let Some((key, value)) = name.split_once('=') {
            return match key.to_ascii_lowercase().as_str() {
                "sc" | "script" => engine(format!("\\p{{sc={value}}}")),
                "gc" | "general_category" => engine(format!("\\p{{gc={value}}}")),
                "blk" | "block" => block(value),
                _ => None,
            };
        }
        if let Some(rest) = name.strip_prefix("In")
            && let Some(content) = block(rest)
        {
            return Some(content);
        }
        if let Some(rest) = name.strip_prefix("Is") {
            // Categories, scripts and binary properties.
            return engine(format!("\\p{{{rest}}}"));
        }
        // Without prefix only general categories are known.
        engine(format!("\\p{{gc={name}}}")).filter(|_| name.len() <= 2)
    }

    /// `[…]`, with unions, intersections and classes inside.
    pub(super) fn class(&mut self) -> Done<String> {
        let open = self.at;
        self.at += 1;
        self.deeper()?;
        let mut out = String::from("[");
        if self.eat('^') {
            out.push('^');
        }
        let mut empty = true;
        loop {
            if self.flags.comments {
                self.skip_comments();
            }
            let Some(letter) = self.peek() else {
                self.at = open;
                return Err(self.bad("the end of this class is missing: `]`"));
            };
            match letter {
                ']' if !empty => {
                    self.at += 1;
                    break;
                }
                '[' => {
                    let inner = self.class()?;
                    out.push_str(&inner);
                }
                '&' if self.peek_at(1) == Some('&') => {
                    while self.eat('&') {}
                    if self.peek() == Some(']') || empty {
                        continue;
                    }
                    out.push_str("&&");
                    // The rest is one operand; what it has beside classes needs brackets of its own.
                    let rest = self.intersected(open)?;
                    out.push_str(&rest);
                    break;
                }
                '\\' if self.peek_at(1) == Some('Q') => {
                    self.at += 2;
                    while self.peek().is_some() && !self.eat_word("\\E") {
                        if let Some(letter) = self.peek() {
                            self.push_range(letter, letter, &mut out);
                            self.at += 1;
                        }
                    }
                }
                _ => self.class_item(&mut out)?,
            }
            empty = false;
        }
        self.depth -= 1;
        out.push(']');
        Ok(out)
    }

    /// What stands behind `&&`, up to and with the bracket that closes the class opened at `open`.
    fn intersected(&mut self, open: usize) -> Done<String> {
        let mut out = String::from("[");
        loop {
            let Some(letter) = self.peek() else {
                self.at = open;
                return Err(self.bad("the end of this class is missing: `]`"));
            };
            match letter {
                ']' => {
                    self.at += 1;
                    break;
                }
                '[' => {
                    let inner = self.class()?;
                    out.push_str(&inner);
                }
                '&' if self.peek_at(1) == Some('&') => {
                    while self.eat('&') {}
                    if self.peek() == Some(']') {
                        continue;
                    }
                    out.push_str("]&&");
                    self.deeper()?;
                    let rest = self.intersected(open)?;
                    self.depth -= 1;
                    out.push_str(&rest);
                    return Ok(out);
                }
                _ => self.class_item(&mut out)?,
            }
        }
        if out == "[" {
            return Err(self.bad("a class must follow `&&`"));
        }
        out.push(']');
        Ok(out)
    }

    /// A character, range or predefined class.
    fn class_item(&mut self, out: &mut String) -> Done {
        if self.peek() == Some('\\')
            && let Some(class) = self.predefined()?
        {
            out.push_str(&class);
            return Ok(());
        }
        let from = self.class_character()?;
        let ranged = self.peek() == Some('-') && !matches!(self.peek_at(1), None | Some(']' | '['));
        if !ranged {
            self.push_range(from, from, out);
            return Ok(());
        }
        self.at += 1;
        let to = self.class_character()?;
        if to < from {
            return Err(self.bad("the range runs backwards"));
        }
        self.push_range(from, to, out);
        Ok(())
    }

    fn class_character(&mut self) -> Done<char> {
        let Some(letter) = self.peek() else { return Err(self.bad("the end of this class is missing: `]`")) };
        if letter == '\\' {
            return self.escaped_character();
        }
        self.at += 1;
        Ok(letter)
    }

    fn push_range(&self, from: char, to: char, out: &mut String) {
        push_character(from, out);
        if from != to {
            out.push('-');
            push_character(to, out);
        }
        if !self.flags.ignore_case {
            return;
        }
        if from == to {
            self.variants(from).into_iter().skip(1).for_each(|variant| push_character(variant, out));
            return;
        }
        if self.flags.unicode_case && !to.is_ascii() {
            // As few ranges of letters beyond ASCII are long, they are spelt out.
            const SPELT_MAX: u32 = 2000;
            if u32::from(to) - u32::from(from) <= SPELT_MAX {
                for letter in from..=to {
                    self.variants(letter).into_iter().skip(1).for_each(|variant| push_character(variant, out));
                }
            }
            return;
        }
        for (low, high, other) in [('a', 'z', 'A'), ('A', 'Z', 'a')] {
            let (start, end) = (from.max(low), to.min(high));
            if start <= end {
                let shift = |letter: char| char::from(other as u8 + (letter as u8 - low as u8));
                push_character(shift(start), out);
                out.push('-');
                push_character(shift(end), out);
            }
        }
    }

    /// The character that a backslash and what follows stand for.
    pub(super) fn escaped_character(&mut self) -> Done<char> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else { return Err(self.bad("a `\\` at the end")) };
        self.at += 1;
        let code = match letter {
            't' => Some(9),
            'n' => Some(10),
            'r' => Some(13),
            'f' => Some(12),
            'a' => Some(7),
            'e' => Some(27),
            '0' => self.octal(),
            'x' => self.hexadecimal(),
            'u' => self.unit(),
            'c' => self.peek().map(|letter| {
                self.at += 1;
                u32::from(letter) ^ 64
            }),
            _ if letter.is_ascii_alphabetic() => None,
            _ => return Ok(letter),
        };
        code.and_then(char::from_u32).ok_or_else(|| {
            self.at = start;
            self.bad(format!("`\\{letter}` is no escape"))
        })
    }

    fn octal(&mut self) -> Option<u32> {
        let mut value = None;
        for _ in 0..3 {
            let Some(digit) = self.peek().and_then(|letter| letter.to_digit(8)) else { break };
            let next = value.unwrap_or(0) * 8 + digit;
            if next > 0o377 {
                break;
            }
            value = Some(next);
            self.at += 1;
        }
        value
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        if self.eat('{') {
            let mut value = 0_u32;
            let mut any = false;
            while let Some(digit) = self.peek().and_then(|letter| letter.to_digit(16)) {
                value = value.checked_mul(16)?.checked_add(digit)?;
                any = true;
                self.at += 1;
            }
            return (any && self.eat('}')).then_some(value);
        }
        self.hex_digits(2)
    }

    fn hex_digits(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value * 16 + self.peek()?.to_digit(16)?;
            self.at += 1;
        }
        Some(value)
    }

    /// `uXXXX`, maybe the first half of a surrogate pair.
    fn unit(&mut self) -> Option<u32> {
        let first = self.hex_digits(4)?;
        if (0xd800..0xdc00).contains(&first) && self.eat_word("\\u") {
            let second = self.hex_digits(4)?;
            return Some(0x1_0000 + ((first - 0xd800) << 10) + second.checked_sub(0xdc00)?);
        }
        Some(first)
    }
}

fn block(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(|letter| !matches!(letter, ' ' | '_' | '-')).collect();
    let plain = plain.to_ascii_lowercase();
    BLOCKS.iter().find(|(own, _)| *own == plain).map(|(_, content)| (*content).to_owned())
}

/// Whether the engines know a property.
fn regex_syntax_knows(property: &str) -> bool {
    regex::Regex::new(property).is_ok()
}
