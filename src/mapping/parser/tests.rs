use super::*;
use crate::{
    diagnostic::render,
    mapping::ast::{Argument, Expr, ExprKind, Number, Statement, StatementKind, TextPart},
};

fn read(text: &str) -> (Script, Vec<Diagnostic>) {
    parse(&Arc::new(SourceText { name: "test.groovy".into(), text: text.into() }))
}

/// The statements in a form with all brackets.
fn shown(text: &str) -> String {
    let (script, errors) = read(text);
    assert!(errors.is_empty(), "{text}\n{}", render(&errors, false));
    statements(&script.body)
}

fn statements(list: &[Statement]) -> String {
    list.iter().map(statement).collect::<Vec<_>>().join("; ")
}

fn statement(statement: &Statement) -> String {
    match &statement.kind {
        StatementKind::Expr(value) => expr(value),
        StatementKind::Declare(list) => {
            let one = |(name, value): &(Name, Option<Expr>)| match value {
                Some(value) => format!("{} = {}", name.text, expr(value)),
                None => name.text.clone(),
            };
            format!("def {}", list.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        StatementKind::DeclareEach(names, value) => {
            format!("def ({}) = {}", names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(", "), expr(value))
        }
        StatementKind::If { condition, yes, no } => {
            format!("if {} {{ {} }} else {{ {} }}", expr(condition), statements(yes), statements(no))
        }
        StatementKind::ForEach { variable, items, body } => {
            format!("for {} in {} {{ {} }}", variable.text, expr(items), statements(body))
        }
        StatementKind::While { condition, body } => format!("while {} {{ {} }}", expr(condition), statements(body)),
        StatementKind::Return(value) => format!("return {}", value.as_ref().map_or(String::new(), expr)),
        StatementKind::Import(name) => format!("import {name}"),
        other => format!("{other:?}"),
    }
}

fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Number(Number::Int(number)) => number.to_string(),
        ExprKind::Number(number) => format!("{number:?}"),
        ExprKind::Text(text) => format!("'{text}'"),
        ExprKind::Interpolated(parts) => {
            let part = |part: &TextPart| match part {
                TextPart::Text(text) => text.clone(),
                TextPart::Value(value) => format!("${{{}}}", expr(value)),
            };
            format!("\"{}\"", parts.iter().map(part).collect::<String>())
        }
        ExprKind::Name(name) => name.clone(),
        ExprKind::List(items) => format!("[{}]", joined(items)),
        ExprKind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", expr(key), expr(value)));
            format!("[{}]", entries.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Closure(closure) => {
            let parameters = closure
                .parameters
                .as_ref()
                .map(|list| list.iter().map(|parameter| &*parameter.name.text).collect::<Vec<_>>().join(", ") + " -> ");
            format!("{{ {}{} }}", parameters.unwrap_or_default(), statements(&closure.body))
        }
        ExprKind::Call(call) => {
            let receiver = call
                .receiver
                .as_ref()
                .map_or(String::new(), |receiver| format!("{}{}", expr(receiver), if call.safe { "?." } else { "." }));
            format!("{receiver}{}({})", call.name.text, arguments(&call.arguments))
        }
        ExprKind::CallValue(callee, list) => format!("({})({})", expr(callee), arguments(list)),
        ExprKind::Property { object, name, .. } => format!("{}.{}", expr(object), name.text),
        ExprKind::Index(object, index) => format!("{}[{}]", expr(object), expr(index)),
        ExprKind::Unary(operator, value) => format!("{operator}{}", expr(value)),
        ExprKind::Binary(binary) => format!("({} {} {})", expr(&binary.left), binary.operator, expr(&binary.right)),
        ExprKind::Ternary(parts) => format!("({} ? {} : {})", expr(&parts[0]), expr(&parts[1]), expr(&parts[2])),
        ExprKind::Elvis(parts) => format!("({} ?: {})", expr(&parts[0]), expr(&parts[1])),
        ExprKind::Cast(value, name) => format!("({} as {})", expr(value), name.text),
        ExprKind::Assign { target, operator, value } => format!("{} {operator} {}", expr(target), expr(value)),
        ExprKind::Step(value, operator) => format!("{}{operator}{operator}", expr(value)),
        other => format!("{other:?}"),
    }
}

fn joined(items: &[Expr]) -> String {
    items.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn arguments(list: &[Argument]) -> String {
    let argument = |argument: &Argument| match &argument.name {
        Some(name) => format!("{}: {}", name.text, expr(&argument.value)),
        None => expr(&argument.value),
    };
    list.iter().map(argument).collect::<Vec<_>>().join(", ")
}

#[test]
fn commands_become_calls() {
    for (script, expected) in [
        ("map location() onto 's'", "map(location()).onto('s')"),
        ("map(location()).onto('s')", "map(location()).onto('s')"),
        ("map(location()) onto('s')", "map(location()).onto('s')"),
        ("map 'x' onto ('s')", "map('x').onto('s')"),
        ("map (location()).onto('s')", "map(location()).onto('s')"),
        ("map (u).path() onto 's'", "map(u).path().onto('s')"),
        ("map (u) onto 's'", "map(u).onto('s')"),
        ("map 'f', location()", "map('f', location())"),
        ("when c stop()", "when(c).stop()"),
        ("when (c) apply { a() }", "when(c).apply({ a() })"),
        ("when c apply { a() }", "when(c).apply({ a() })"),
        ("when c apply\n{ a() }", "when(c).apply({ a() })"),
        ("when(c) { a() }", "when(c, { a() })"),
        ("when c, { a() }", "when(c, { a() })"),
        ("when c.isPresent() { a() }", "when(c.isPresent({ a() }))"),
        ("when { a() equalTo 'x' } apply { b() }", "when({ a().equalTo('x') }).apply({ b() })"),
        ("when { not c } apply {}", "when({ not(c) }).apply({  })"),
        ("when not c.isPresent() apply { }", "when(not).c.isPresent().apply({  })"),
        ("def u = parse location() to uri", "def u = parse(location()).to(uri)"),
        ("u = parse location() to uri", "u = parse(location()).to(uri)"),
        ("(parse location() to uri).path()", "parse(location()).to(uri).path()"),
        ("map parse(x).to(int32) onto 'i'", "map(parse(x).to(int32)).onto('i')"),
        ("map { parse x to int32 } onto 'i'", "map({ parse(x).to(int32) }).onto('i')"),
        ("map 1 + 2 onto 'i'", "map((1 + 2)).onto('i')"),
        ("map c ? a : b onto 's'", "map((c ? a : b)).onto('s')"),
        ("map x && y onto 'b'", "map((x && y)).onto('b')"),
        ("map 1 as long onto 'l'", "map((1 as long)).onto('l')"),
        ("map x onto n + '2'", "map(x).onto((n + '2'))"),
        ("match /a\\/b/ against x", "match('a/b').against(x)"),
        ("map x onto\n's'", "map(x).onto; 's'"),
        // A chain that goes on below hangs at the argument, as in Groovy.
        ("map x\n  .onto('s')", "map(x.onto('s'))"),
        ("def u = location()\n  // why\n  .path()", "def u = location().path()"),
        ("a b c d e()", "a(b).c(d).e()"),
    ] {
        assert_eq!(shown(script), expected, "{script}");
    }
}

#[test]
fn blocks_and_closures() {
    for (script, expected) in [
        ("", ""),
        ("// only\n/* comments */", ""),
        ("mapping({ a() })", "mapping({ a() })"),
        ("mapping() { a() }", "mapping({ a() })"),
        ("mapping\n{\n  a()\n  b();; c()\n}", "mapping({ a(); b(); c() })"),
        ("mapping { c -> a() }", "mapping({ c -> a() })"),
        ("f { a, b = 1 -> a }", "f({ a, b -> a })"),
        ("f { String a, def b, List<String> c -> a }", "f({ a, b, c -> a })"),
        ("f(1) { it }", "f(1, { it })"),
        ("[a: 's', 'b': 2, (k): 3].each { k, v -> k }", "['a': 's', 'b': 2, k: 3].each({ k, v -> k })"),
        ("[:]", "[]"),
        ("[1, 2,]", "[1, 2]"),
        ("def (a, b) = [1, 2]", "def (a, b) = [1, 2]"),
        ("String s = 'x', t", "def s = 'x', t"),
        ("final Map<String, Integer> m = [:]", "def m = []"),
        ("if (a) b() else { c() }", "if a { b() } else { c() }"),
        ("if (a) {\n b()\n}\nelse c()", "if a { b() } else { c() }"),
        ("for (i in 1..3) { f i }", "for i in (1 .. 3) { f(i) }"),
        ("for (def x : list) f x", "for x in list { f(x) }"),
        ("while (a) { b() }", "while a { b() }"),
        ("\"a${x.y}b$c\"", "\"a${x.y}b${c}\""),
        ("x += 1\ny++", "x + 1; y++"),
        ("a?.b ?: c", "(a.b ?: c)"),
        ("!a && b || c == d", "((!a && b) || (c == d))"),
        ("1 +\n 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
        ("(long) 1", "(1 as long)"),
        ("import java.util.regex.Pattern\na()", "import java.util.regex.Pattern; a()"),
        ("return parse x to uri", "return parse(x).to(uri)"),
    ] {
        assert_eq!(shown(script), expected, "{script}");
    }
}

#[test]
fn methods_are_kept_apart() {
    let (script, errors) = read(
        "def helper(String x, final int y = 2) { 'h-' + x }\nstatic String other() {\n 1 }\nmapping { helper('z') }",
    );
    assert!(errors.is_empty(), "{}", render(&errors, false));
    let names: Vec<_> = script.methods.iter().map(|method| &*method.name.text).collect();
    assert_eq!(names, ["helper", "other"]);
    assert_eq!(statements(&script.body), "mapping({ helper('z') })");
}

#[test]
fn every_fault_of_a_script_is_reported() {
    let script = "mapping {\n  map location( onto 's'\n  map 'a' onto 'b' 'c'\n  class X { def y }\n  when a() apply { b( } else { c }\n  \
                  map -5 onto 'i'\n  @Grab('x')\n  fine()\n}\n}\n";
    let (script, errors) = read(script);
    insta::assert_snapshot!("every_fault", render(&errors, false));
    assert!(statements(&script.body).contains("fine()"), "what follows a fault is read");
}

#[test]
fn nesting_and_chains_are_bounded() {
    for script in [
        "(".repeat(100_000),
        "{ ".repeat(100_000),
        "[".repeat(100_000),
        "!".repeat(100_000),
        "a".to_owned() + &".b()".repeat(100_000),
        "1".to_owned() + &"+1".repeat(100_000),
        "a".to_owned() + &" b c".repeat(100_000),
        "if (a) ".repeat(100_000),
        "x = ".repeat(100_000),
    ] {
        let (_, errors) = read(&script);
        assert!(!errors.is_empty() && errors.len() < 10, "{}: {}", &script[..20], errors.len());
    }
}

#[test]
fn faults_show_place_and_hint() {
    let (_, errors) = read("mapping {\n  when a() apply { b() } else { c() }\n}");
    insta::assert_snapshot!("else_without_if", render(&errors, false));
}

const SAMPLE: &str = include_str!("../../../mappings/javadoc.groovy");

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn any_soup_of_tokens_is_read_without_panic(
        tokens in proptest::collection::vec(proptest::sample::select(vec![
            "map", "x", "onto", "'s'", "\"a$b${", "}", "{", "(", ")", "[", "]", "\n", ";", ".", "->", ",", "def", "if",
            "else", "for", "in", "=", "+", "-", "?", ":", "/", "1", "1.5", "class", "try", "return", "as", "?.", "String",
        ]), 0..40),
    ) {
        let _ = read(&tokens.join(" "));
    }

    #[test]
    fn a_damaged_script_is_read_without_panic(at in 0..SAMPLE.len(), cut in 0_usize..40, put in "[\\PC\n]{0,5}") {
        let mut text = SAMPLE.to_owned();
        if text.is_char_boundary(at) {
            let end = text.ceil_char_boundary((at + cut).min(text.len()));
            text.replace_range(at..end, &put);
        }
        let _ = read(&text);
    }
}
