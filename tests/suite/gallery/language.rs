//! Texts that do not follow the language, and keys that nobody knows.

use super::Case;

/// The cases.
pub fn cases() -> Vec<Case> {
    let plain = [
        ("syntax_unclosed", "divolte {\n  global { server { port = 9000 }\n"),
        ("syntax_stray_brace", "divolte { }\n}\n"),
        ("syntax_no_value", "not = //allowed"),
        ("syntax_open_quote", "divolte.global.server.host = \"localhost\ndivolte.global.server.port = 1"),
        ("syntax_open_text", "divolte.global.server.host = \"\"\"localhost\n"),
        ("syntax_escape", r#"divolte.global.server.host = "C:\qux""#),
        ("syntax_no_key", "divolte {\n  = 5\n}"),
        ("syntax_list", "[1, 2]"),
        ("syntax_reserved", "divolte.global.server.host = a@b"),
        ("syntax_mixed", "divolte.global.server = { port = 1 } text"),
        (
            "key_too_deep",
            concat!(
                "divolte.",
                "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.",
                "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.",
                "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.",
                "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.",
                "b = 1"
            ),
        ),
        ("substitution", "divolte.global.server.host = ${nope.nope}\ndivolte.global.admin.host = ${gone}"),
        ("substitution_in_list", "divolte.mappings.m { sources = [${a}], sinks = [hdfs] }"),
        ("substitution_circle", "a = ${b}\nb = ${a}"),
        ("key_unknown", "divolte {\n  global {\n    server { prt = 9000 }\n  }\n}\n"),
        ("key_unknown_section", "divolte.globl.server.port = 1"),
        ("key_unknown_without_neighbour", "divolte.global.server { colour = red }"),
        ("key_in_capitals", "divolte.global.server.Port = 9000"),
        ("key_with_hyphen", "divolte.global.gcps.project-id = p"),
        ("key_of_the_manual", "divolte.sinks.s { type = hdfs, replication_factor = 3 }"),
        ("key_at_the_wrong_place", "divolte {\n  port = 9000\n  server.host = localhost\n}"),
        ("key_of_a_source", "divolte.sources.b {\n  type = browser\n  javascript { nme = a.js }\n  event_path = /x\n}"),
        ("key_of_a_mapping", "divolte.mappings.m { source = [browser], sinks = [hdfs] }"),
        ("key_with_dots_in_its_name", "divolte.sources.\"a.b\" { type = json, paht = /x }"),
        ("key_twice", "divolte.global.server.port = abc\ndivolte { global { server { port = xyz } } }"),
    ];
    let mut cases: Vec<_> = plain.into_iter().map(|(name, text)| Case::new(name, text)).collect();
    cases.extend([
        Case::new("include_wrong_value", "divolte.global { include \"more.conf\" }")
            .file("more.conf", "server {\n  port = abc\n}\n"),
        Case::new("include_wrong_syntax", "include \"broken\"\n").file("broken.conf", "a = 1\nb = {"),
        Case::new("include_of_an_include", "include \"sub/one.conf\"\n")
            .file("sub/one.conf", "include \"two\"\n")
            .file("sub/two.conf", "divolte.global.server.prot = 1\n"),
        Case::new("include_required", "divolte.global.server.port = 1\ninclude required(\"gone.conf\")\n"),
        Case::new("include_of_an_address", "include url(\"http://localhost/site.conf\")\n"),
        Case::new("include_itself", "include \"site.conf\"\n"),
        Case::new("include_overridden", "include \"site/base.conf\"\ndivolte.global.server.port = wrong\n")
            .file("site/base.conf", "divolte.global.server.port = 9000\n"),
        Case::new("binary_file", "include \"image.conf\"\n").file("image.conf", b"GIF89a\x01\x00\xff\xfe".to_vec()),
    ]);
    cases
}
