//! As much of a shell as settings for a service need: assignments, quotes, other variables. Nothing is ever run.

use std::{collections::HashMap, ops::Range};

/// What a script amounts to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Variables in the order in which they are set, with the bytes of their names.
    pub assignments: Vec<(String, String, Range<usize>)>,
    /// Bytes of the lines that are more than assignments.
    pub others: Vec<Range<usize>>,
}

/// Reads a script of assignments. Lines inside `if`, loops and functions are not followed, because what they do
/// depends on what a shell would find.
#[must_use]
pub fn script(text: &str, environment: &HashMap<String, String>) -> Script {
    let mut script = Script::default();
    let mut known = environment.clone();
    let mut depth = 0_usize;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begin = start + (line.len() - line.trim_start().len());
        start += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let first = line.split(|c: char| c.is_whitespace() || c == ';').next().unwrap_or_default();
        let opens = matches!(first, "if" | "for" | "while" | "until" | "case") || line.ends_with('{');
        let closes = ["fi", "done", "esac", "}"].iter().any(|word| {
            let before = line.strip_suffix(word);
            first == *word || before.is_some_and(|before| before.ends_with([' ', ';']))
        });
        let set = if depth == 0 && !opens && !closes { assignments(line, &known) } else { None };
        depth = (depth + usize::from(opens)).saturating_sub(usize::from(closes));
        match set {
            Some(set) => {
                for (name, value, at) in set {
                    known.insert(name.clone(), value.clone());
                    script.assignments.push((name, value, begin + at.start..begin + at.end));
                }
            }
            None => script.others.push(begin..begin + line.len()),
        }
    }
    script
}

/// The assignments of one line; nothing when the line is anything else.
fn assignments(line: &str, known: &HashMap<String, String>) -> Option<Vec<(String, String, Range<usize>)>> {
    let start = if line.starts_with("export") && line[6..].starts_with([' ', '\t']) { 6 } else { 0 };
    let mut set = Vec::new();
    for (word, at) in words(&line[start..], Some(known))? {
        let written = &line[start + at.start..start + at.end];
        match (word.split_once('='), written.split_once('=')) {
            (Some((name, value)), Some((plain, _))) if name == plain && is_name(name) => {
                set.push((name.to_owned(), value.to_owned(), start + at.start..start + at.start + name.len()));
            }
            // `export NAME` only hands a variable on.
            (None, _) if start > 0 && is_name(&word) => {}
            _ => return None,
        }
    }
    Some(set)
}

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(letter) && !text.as_bytes()[0].is_ascii_digit()
}

/// The words of a line, quotes taken away, each with its bytes. `$NAME` and `${NAME}` are looked up in `known`; without
/// it a `$` is a plain letter. Nothing when the line has what only a shell can do.
#[must_use]
pub fn words(line: &str, known: Option<&HashMap<String, String>>) -> Option<Vec<(String, Range<usize>)>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(blank) = line[at..].find(|c: char| !c.is_whitespace()) {
        at += blank;
        if line[at..].starts_with('#') {
            break;
        }
        let mut word = Word { line, at, text: String::new(), known };
        word.read()?;
        words.push((word.text, at..word.at));
        at = word.at;
    }
    Some(words)
}

struct Word<'a> {
    line: &'a str,
    at: usize,
    text: String,
    known: Option<&'a HashMap<String, String>>,
}

impl Word<'_> {
    fn read(&mut self) -> Option<()> {
        let mut quoted = false;
        while let Some(next) = self.line[self.at..].chars().next() {
            match next {
                '"' => quoted = !quoted,
                '\'' if !quoted => {
                    let inside = &self.line[self.at + 1..];
                    let length = inside.find('\'')?;
                    self.text.push_str(&inside[..length]);
                    self.at += length + 1;
                }
                '\\' => {
                    self.at += 1;
                    let escaped = self.line[self.at..].chars().next()?;
                    if quoted && !matches!(escaped, '"' | '\\' | '$' | '`') {
                        self.text.push('\\');
                    }
                    self.text.push(escaped);
                    self.at += escaped.len_utf8() - 1;
                }
                '$' if self.known.is_some() => self.variable()?,
                '`' if self.known.is_some() => return None,
                ';' | '&' | '|' | '<' | '>' | '(' | ')' if self.known.is_some() && !quoted => return None,
                next if next.is_whitespace() && !quoted => return Some(()),
                next => {
                    self.text.push(next);
                    self.at += next.len_utf8() - 1;
                }
            }
            self.at += 1;
        }
        (!quoted).then_some(())
    }

    /// Reads a variable; stands on its last byte afterwards.
    fn variable(&mut self) -> Option<()> {
        let rest = &self.line[self.at + 1..];
        let braced = rest.strip_prefix('{');
        let name = match braced {
            Some(inside) => inside.split_once('}')?.0,
            None => &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())],
        };
        if !is_name(name) {
            return None;
        }
        if let Some(value) = self.known.and_then(|known| known.get(name)) {
            self.text.push_str(value);
        }
        self.at += name.len() + if braced.is_some() { 2 } else { 0 };
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Names and values that a script sets, and its other lines.
    fn read(text: &str) -> (Vec<String>, Vec<&str>) {
        let environment = HashMap::from([("HOME".to_owned(), "/home/me".to_owned())]);
        let script = script(text, &environment);
        for (name, _, at) in &script.assignments {
            assert_eq!(&text[at.clone()], name);
        }
        let assignments = script.assignments.iter().map(|(name, value, _)| format!("{name}={value}")).collect();
        (assignments, script.others.into_iter().map(|other| &text[other]).collect())
    }

    #[test]
    fn assignments_are_read_as_a_shell_reads_them() {
        for (text, expected) in [
            ("A=1", &["A=1"][..]),
            ("export A=1", &["A=1"]),
            ("  export  A=1  B=two # three\n", &["A=1", "B=two"]),
            ("# A=1\n\nB=2", &["B=2"]),
            ("A='x y'", &["A=x y"]),
            ("A=\"-Xmx1g -Da='b c'\"", &["A=-Xmx1g -Da='b c'"]),
            ("A=x\"y z\"'w'", &["A=xy zw"]),
            ("A=\"q \\\" \\n\"", &["A=q \" \\n"]),
            ("A=b\\ c", &["A=b c"]),
            ("A=1\nB=$A/${A}x$HOME", &["A=1", "B=1/1x/home/me"]),
            ("A=$NOPE", &["A="]),
            ("A='$HOME'", &["A=$HOME"]),
            ("A=a#b", &["A=a#b"]),
            ("export A", &[]),
            ("A=é☃", &["A=é☃"]),
        ] {
            assert_eq!(read(text), (expected.iter().map(|text| (*text).to_owned()).collect(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_only_a_shell_can_do_is_left_out_and_told() {
        for (text, set, others) in [
            ("A=`date`\nB=2", &["B=2"][..], &["A=`date`"][..]),
            ("A=$(date)", &[], &["A=$(date)"]),
            ("A=${B:-c}", &[], &["A=${B:-c}"]),
            ("A=1; B=2", &[], &["A=1; B=2"]),
            (". /etc/default/x", &[], &[". /etc/default/x"]),
            ("if [ -z \"$A\" ]; then\n  A=1\nfi\nB=2", &["B=2"], &["if [ -z \"$A\" ]; then", "A=1", "fi"]),
            ("if true; then A=1; fi\nB=2", &["B=2"], &["if true; then A=1; fi"]),
            ("f() {\n A=1\n}\nB=2", &["B=2"], &["f() {", "A=1", "}"]),
            ("A=\"open\nB=2", &["B=2"], &["A=\"open"]),
            ("A='open", &[], &["A='open"]),
            ("A=\\", &[], &["A=\\"]),
            ("1A=2", &[], &["1A=2"]),
        ] {
            assert_eq!(read(text), (set.iter().map(|text| (*text).to_owned()).collect(), others.to_vec()), "{text}");
        }
    }

    #[test]
    fn words_without_variables() {
        let found = words("-Xmx1g  '-Da=b c' -Dx=\"$y\"", None).expect("words");
        let texts: Vec<_> = found.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, ["-Xmx1g", "-Da=b c", "-Dx=$y"]);
        assert_eq!(found[1].1, 8..17);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[A-B=$ {}\"'`\\\\#;é\nif]{0,40}") {
            let script = script(&text, &HashMap::new());
            for at in script.others.into_iter().chain(script.assignments.into_iter().map(|(_, _, at)| at)) {
                prop_assert!(text.get(at).is_some());
            }
        }
    }
}
