//! JSON text as text: comments out, blanks out, blanks in. Knows strings and nothing else of the grammar.

/// Replaces comments (`//` to the end of the line, `/*` to `*/`) outside of strings by blanks, so that every other
/// character keeps its line, column and byte.
///
/// # Errors
/// The byte at which a `/*` begins that never ends.
pub fn blank_comments(text: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = if from.starts_with('"') {
            string_length(from)
        } else if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if let Some(comment) = from.strip_prefix("/*") {
            comment.find("*/").ok_or(out.len())? + 4
        } else {
            1
        };
        let (piece, after) = from.split_at(length);
        if piece.starts_with("//") || piece.starts_with("/*") {
            out.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(piece);
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Takes out all blanks outside of strings.
pub fn minify(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(['"', ' ', '\t', '\r', '\n']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = if from.starts_with('"') { string_length(from) } else { 1 };
        let (piece, after) = from.split_at(length);
        if piece.starts_with('"') {
            out.push_str(piece);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Lays out minified JSON over lines, two blanks per level. Order and spelling stay as they are.
pub fn pretty(minified: &str) -> String {
    let mut out = String::with_capacity(minified.len() * 2);
    let mut depth = 0_usize;
    let mut rest = minified;
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' { string_length(rest) } else { first.len_utf8() };
        let (piece, after) = rest.split_at(length);
        match first {
            '[' | '{' if after.starts_with([']', '}']) => out.push(first),
            '[' | '{' => {
                depth += 1;
                out.push(first);
                break_line(&mut out, depth);
            }
            ']' | '}' => {
                if !out.ends_with(['[', '{']) {
                    depth = depth.saturating_sub(1);
                    break_line(&mut out, depth);
                }
                out.push(first);
            }
            ',' => {
                out.push(',');
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push_str(piece),
        }
        rest = after;
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Bytes of the string that `text` starts with, quotes included; all of `text` if the string never ends.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_blanks_of_the_same_length() {
        for (text, expected) in [
            ("{} // x", "{}     "),
            ("{//x\n}", "{   \n}"),
            ("[/* a\n b */1]", "[    \n     1]"),
            ("[/*é*/1]", "[      1]"),
            ("[/**/1]", "[    1]"),
            (r#"["//", "/* */"]"#, r#"["//", "/* */"]"#),
            (r#"["\"// x"] // "y"#, r#"["\"// x"]      "#),
            ("[1/2]", "[1/2]"),
            (r#"["open // x"#, r#"["open // x"#),
        ] {
            let blanked = blank_comments(text);
            assert_eq!(blanked.as_deref(), Ok(expected), "{text}");
            assert_eq!(expected.len(), text.len(), "{text}");
        }
        assert_eq!(blank_comments("{} /* x"), Err(3));
        assert_eq!(blank_comments("{} /*/"), Err(3));
    }

    #[test]
    fn minify_keeps_what_lies_in_strings() {
        assert_eq!(minify("{ \"a b\" :\r\n\t[ 1, \"\\\" \" ] }"), r#"{"a b":[1,"\" "]}"#);
    }

    #[test]
    fn pretty_breaks_lines() {
        let laid_out = pretty(r#"{"a":[1,{"b":"x,{y:z"}],"c":[],"d":{}}"#);
        let expected = [
            "{",
            "  \"a\": [",
            "    1,",
            "    {",
            "      \"b\": \"x,{y:z\"",
            "    }",
            "  ],",
            "  \"c\": [],",
            "  \"d\": {}",
            "}",
        ];
        assert_eq!(laid_out, expected.join("\n"));
        assert_eq!(minify(&laid_out), r#"{"a":[1,{"b":"x,{y:z"}],"c":[],"d":{}}"#);
    }
}
