//! What is said about mistakes.

use super::*;
use crate::mapping::{builtin, diagnostic::CODES};

fn messages(script: &str) -> Vec<Diagnostic> {
    match compile(options(), &source(script), &test_schema()) {
        Ok((_, warnings)) => warnings,
        Err(errors) => errors,
    }
}

#[test]
fn messages_point_at_the_mistake() {
    for (name, script) in [
        ("unknown_field", "map eventType() onto 'sx'"),
        ("wrong_type", "map eventType() onto 'l'"),
        ("no_widening", "map viewportPixelWidth() onto 'l'"),
        ("wrong_literal", "map 5 onto 'l'\n  map '5' onto 'i'\n  map 1.5 onto 'd'"),
        ("interpolated_literal", "map \"a${1}\" onto 's'"),
        ("odd_union", "map eventType() onto 'u'\n  map 'A' onto 'e'"),
        ("unknown_function", "map locatoin() onto 's'\n  map foobarbaz() onto 's'"),
        ("unknown_method", "map location().pth() onto 's'\n  map((parse location() to uri).pth()).onto('s')"),
        ("unknown_variable", "map location onto 's'\n  map undefinedThing onto 's'"),
        ("not_mappable", "map userAgent() onto 's'\n  map((parse location() to uri)).onto('s')"),
        ("block_without_apply", "when referer().isAbsent() { stop() }"),
        ("condition_of_operators", "when referer().isAbsent() && corrupt() apply { stop() }"),
        ("no_onto", "map location()\n  map location() onto\n  's'\n  when corrupt()"),
        ("to_field", "map location() to 's'"),
        ("operators", "map referer().isPresent() && corrupt() onto 'b'\n  if (corrupt()) { map 'x' onto 's' }"),
        ("comparisons", "map timestamp().equalTo(1000) onto 'b'\n  map eventType().equalTo(\"${'a'}\") onto 'b2'"),
        (
            "read_no_text",
            "map { parse timestamp() to int32 } onto 'i'\n  def a = parse timestamp() to uri\n  println 'x'",
        ),
        ("condition_not_boolean", "when location() apply { map 'x' onto 's' }"),
        ("overwritten", "map 'a' onto 's'\n  map 'b' onto 's'"),
        (
            "to_come",
            "map header('X').first() onto 's'\n  map digest('SHA-256').add('x') onto 's'\n  match 'x' against location()",
        ),
        ("refused", "def a = new Date()\n  switch (1) { case 1: break }\n  map 'x' onto 's'"),
        ("hidden_type", "def uri = parse location() to uri\n  def b = parse referer() to uri"),
        (
            "one_mistake_one_message",
            "def u = parse locaton() to uri\n  map u.path() onto 's'\n  map u.host() onto 's2'",
        ),
        ("several", "map a() onto 's'\n  when b() apply {\n    map c() onto 'x'\n  }\n  map 'd' onto 'y'"),
        ("endless", "while (true) { }"),
        ("recursion", "def f; f = { f() }; f()"),
        (
            "words_out_of_place",
            "map location()\n  onto 's'\n  map parse location() to int32 onto 'i'\n  \
             when not corrupt().isPresent() stop()\n  map 'a' onto 's' map 'b' onto 's2'",
        ),
    ] {
        insta::assert_snapshot!(name, render(&messages(&format!("mapping {{\n  {script}\n}}\n")), false));
    }
}

#[test]
fn fields_that_may_stay_unset_are_named() {
    let schema = schema(
        r#"{"type": "record", "name": "R", "fields": [
            {"name": "always", "type": "long"}, {"name": "maybe", "type": "string"}, {"name": "never", "type": "int"},
            {"name": "late", "type": "long"}, {"name": "conditional", "type": "long"}
        ]}"#,
    );
    let script = "mapping {\n  map timestamp() onto 'always'\n  map referer() onto 'maybe'\n  \
                  when corrupt() apply { map 1L onto 'conditional'; stop() }\n  map 1L onto 'late'\n}\n";
    let (_, warnings) = compiled(script, &schema);
    insta::assert_snapshot!("unset", render(&warnings, false));
}

#[test]
fn scripts_that_come_with_the_program_have_no_fault() {
    for (script, schema_text) in [
        (builtin::script().text.clone(), builtin::schema_text()),
        (include_str!("../../../mappings/javadoc.groovy").to_owned(), include_str!("../../../schemas/javadoc.avsc")),
    ] {
        let (_, warnings) = compiled(&script, &schema(schema_text));
        assert!(warnings.is_empty(), "{}", render(&warnings, false));
    }
}

#[test]
fn limits_hold() {
    for script in [
        "def a = 'x'; while (true) { a = a + a }",
        "def a = [1]; while (true) { a << 1 }",
        "def b = corrupt(); while (true) { b = b.and(b) }",
        "def b = corrupt(); while (true) { b = b.and(firstInSession()) }",
        "while (true) { map 1 onto 'i' }",
        "def f; f = { x -> f(x) + f(x) }; f(1)",
        "for (i in 1..9999) { for (j in 1..9999) { def k = i } }",
        "def l = []; l << l; println l.toString()",
        "def l = 0..9999; while (true) { 1 in l }",
        "def l = 0..9999; while (true) { l.contains(1) }",
        "def l = 0..9999; def k = 0..9999; while (true) { l == k }",
        "def m = [:]; def i = 0; while (true) { m[i] = i; i++ }",
        "def m = [:]; def i = 0; while (true) { m[\"k$i\".toString()] = i; i++ }",
        "def s = 'x' * 4000000; while (true) { s.length() }",
        "while (true) { eventParameters().path('$[?(@.a =~ /a{1000}/)]') }",
        "while (true) { 'a'.matches('a{1000}') }",
        "def i = 0; while (true) { digest('sha-512', \"$i\"); i++ }",
        "def i = 0; while (true) { match \"a{$i}b{900}c{900}\" against location(); i++ }",
    ] {
        let errors = messages(&format!("mapping {{ {script} }}"));
        let limit = errors.iter().any(|error| error.code == "M006");
        assert!(limit, "{script}: {}", render(&errors, false));
    }
}

/// Loads a hostile text; it must end soon, and what it says must be readable.
fn hostile(script: &str) {
    let start = std::time::Instant::now();
    let shown = render(&messages(script), false);
    let taken = start.elapsed();
    // Unoptimised and with others at work; a text that blows up takes minutes.
    assert!(taken.as_secs() < 20, "{taken:?} for {}…", &script[..40]);
    assert!(shown.len() < 200_000, "{} bytes", shown.len());
}

#[test]
fn hostile_texts_end_soon() {
    hostile(&"x (;".repeat(200_000));
    hostile(&"'x (;'".repeat(200_000));
    hostile(&"a /a ".repeat(200_000));
    hostile(&"a /a".repeat(200_000));
    hostile(&"{ a, ".repeat(12_000));
    hostile(&"f(".repeat(30_000));
    hostile(&"[(".repeat(30_000));
    hostile(&"\"${".repeat(20_000));
    hostile(&"locatoin()\n".repeat(6_000));
    hostile(&format!("mapping {{ {} }}", "map locatoin() onto 's'\n".repeat(2_500)));
    let variables = (0..5_000).map(|index| format!("def v{index}={index}")).collect::<Vec<_>>().join("\n");
    hostile(&format!("mapping {{ {variables}\n{} }}", "w0\n".repeat(3_000)));
    hostile(&format!("mapping {{ {} }}", "map location() onto 's'\n".repeat(2_600)));
    hostile(&format!("mapping {{ {} }}", "map 'x' onto 's'\n".repeat(3_600)));
    hostile(&"x".repeat(1_048_577));
}

#[test]
fn every_code_in_a_message_is_in_the_table() {
    for script in
        ["mapping { map x() onto 'y' }", "mapping { map 1 onto 's' }", "'", "mapping {", "mapping { map 'x' }"]
    {
        let messages = messages(script);
        assert!(!messages.is_empty(), "{script}");
        for message in messages {
            assert!(CODES.iter().any(|code| code.code == message.code), "{}", message.code);
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_damaged_script_compiles_or_says_why(at in 0_usize..1000, cut in 0_usize..30, put in "[a-z0-9(){}'\n.]{0,4}") {
        let mut text = builtin::script().text.clone();
        let at = at.min(text.len() - 31);
        text.replace_range(at..at + cut, &put);
        let _ = messages(&text);
    }

    #[test]
    fn any_soup_of_words_compiles_or_says_why(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "map", "when", "apply", "onto", "to", "parse", "uri", "int32", "location()", "eventType()", "corrupt()",
            ".path()", ".isPresent()", ".equalTo", "'s'", "'b'", "\"$x\"", "x", "=", "def", "{", "}", "(", ")", "\n", ";",
            "section", "stop()", "exit()", "not", "1", "[", "]", ",", ":", "each", "+", "&&", "null", "true", "it", "->",
        ]), 0..30),
    ) {
        let _ = messages(&format!("mapping {{ {} }}", words.join(" ")));
    }
}
