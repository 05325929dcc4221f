//! Scripts that try to take all memory or never to end.

use std::{env, process::Command};

use serde::Deserialize;

use crate::{run::Place, support::program::PROGRAM};

/// Length of the scripts, in bytes.
const SCRIPT_BYTES: usize = 64 << 10;

/// More than the program takes for an empty script.
const KIB_MAX: u64 = 64 << 10;

#[derive(Deserialize)]
struct Peak {
    kib: u64,
    code: i32,
}

/// A mapping whose body is `start`, then as many `piece`s as fit.
fn filled(start: &str, piece: &str) -> String {
    let count = SCRIPT_BYTES.saturating_sub(start.len() + 20) / piece.len().max(1);
    format!("mapping {{ {start}\n{} }}", piece.repeat(count))
}

/// The same with a number in place of `@`, another in each piece.
fn numbered(start: &str, piece: &str) -> String {
    let mut text = format!("mapping {{ {start}\n");
    let mut number = 0;
    while text.len() + piece.len() + 8 < SCRIPT_BYTES {
        text.push_str(&piece.replace('@', &number.to_string()));
        number += 1;
    }
    text + " }"
}

fn scripts() -> Vec<String> {
    let plain = [
        "(",
        "[",
        "{ ",
        "f(",
        "\"${",
        "!",
        "x ",
        "x.y",
        "x (;",
        "'x (;'",
        "a /a ",
        "{ a, ",
        "if (a) ",
        "1+",
        "a?.b ?: ",
        "locatoin()\n",
        "map locatoin() onto 's'\n",
        "map location() onto 's'\n",
        "map 'x' onto 's'\n",
        "when corrupt() apply { ",
        "section { ",
        "println 'x'\n",
        "map (parse location() to uri).path() onto 's'\n",
        "def m = match '(a{500}){9}' against location()\n",
        "'",
        "/*",
        "\\",
        "\u{e9}",
        "[:],",
        "[1,2,3],",
        "é(",
    ];
    let numbered_pieces = [
        "map cookie('c@') onto 's'\n",
        "def v@ = v@\n",
        "def d@ = digest('sha-256', 's@')\n",
        "def f@() { f@() }\n",
        "def m@ = match 'a{@}b{900}c{900}' against location()\n",
        "def a@ = [@: 'x', b: [1, 2, 3]]\n",
        "def p@ = eventParameters().path('$[?(@.a =~ /a{900}b{900}/)]')\n",
        "println 'x@'\n",
        "map f@() onto 'g@'\n",
        "when header('h@').isPresent() apply { map 'x' onto 's' }\n",
        "def t@ = 'x' * 70000\n",
        "def l@ = 0..9000\n",
        "def u@ = parse cookie('@') to uri\n",
    ];
    let loops = [
        "def a = 'x'; while (true) { a = a + a }",
        "def a = 'x'; while (true) { a += \"$a$a\" }",
        "def a = 'x' * 4000000; a.replace('x', a)",
        "def a = 'x' * 4000000; def l = []; while (true) { l << a.reverse() }",
        "def a = 'x' * 4000000; a.replaceAll('x', a)",
        "def a = 'x' * 4000000; a.split('').join(a)",
        "def a = 'x,' * 2000000; while (true) { a.tokenize(',') }",
        "def a = 'x' * 2000000000",
        "def a = 'x'.padLeft(2000000000)",
        "def l = ['x']; for (i in 1..60) { l = [l, l] }; println l.toString()",
        "def l = ['x']; for (i in 1..60) { l = [l, l] }; println l.join(',')",
        "def l = ['x']; for (i in 1..60) { l = [l, l] }; println l.flatten()",
        "def l = ['x']; def k = ['x']; for (i in 1..60) { l = [l, l]; k = [k, k] }; println l == k",
        "def l = [1]; while (true) { l = l + l }",
        "def l = [1]; while (true) { l.addAll(l) }",
        "def m = [:]; def i = 0; while (true) { m[\"k$i\".toString()] = [m]; i++ }",
        "def l = 0..2000000000; l.each { it }",
        "def l = (0..9000).collect { (0..9000) }",
        "def f; f = { x -> f(x) + f(x) }; f(1)",
        "def f; f = { f() }; f()",
        "def b = corrupt(); while (true) { b = b.and(firstInSession()) }",
        "def b = corrupt(); while (true) { b = b.and(b) }",
        "while (true) { map 1 onto 'i' }",
        "while (true) { println 'x' * 1000 }",
        "def i = 0; while (true) { map cookie(\"$i\".toString()) onto 's'; i++ }",
        "def i = 0; while (true) { match \"a{$i}b{900}c{900}\" against location(); i++ }",
        "def i = 0; while (true) { eventParameters().path(\"\\$.a$i[*]..b\".toString()); i++ }",
        "def i = 0; def a = 'x' * 100000; while (true) { cookie((a + i).toString()); i++ }",
        "def i = 0; while (true) { digest('sha-512', \"$i\".toString()).add('x').result(); i++ }",
        "def d = digest('md5'); def a = 'x' * 100000; while (true) { d.add(a) }",
        "def l = []; while (true) { try { l << 1; nothing() } catch (e) { l << e } }",
        "def l = []; while (true) { l << { l } }",
        "def s = 'a' * 4000; while (true) { s.matches('(a*)*b') }",
    ];
    let plain = plain.into_iter().map(|piece| filled("", piece));
    let numbered_pieces = numbered_pieces.into_iter().map(|piece| numbered("", piece));
    plain.chain(numbered_pieces).chain(loops.into_iter().map(|text| filled(text, " "))).collect()
}

#[test]
fn no_script_takes_much_memory_or_time() {
    let place = Place::new();
    place.write("site.conf", "divolte.sources.b.type = browser\ndivolte.sinks.s.type = file\ndivolte.mappings.m { sources = [b], sinks = [s] }\n");
    let scripts = scripts();
    let files: Vec<_> = (0..=scripts.len()).map(|number| format!("script-{number}.groovy")).collect();
    place.write(&files[0], "mapping { }");
    for (file, script) in files[1..].iter().zip(&scripts) {
        place.write(file, script);
    }
    let python = env::var_os("HEADWATER_PYTHON").expect("HEADWATER_PYTHON: run the tests by scripts/test");
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/peak.py")).arg(PROGRAM).args(&files);
    let output = command.current_dir(place.path()).output().expect("HEADWATER_PYTHON can be run");
    assert!(output.status.success(), "{output:?}");
    let told: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let peak = |file: &String| Peak::deserialize(&told[file]).expect("what peak.py prints");
    let mut wrong = Vec::new();
    for (file, script) in files[1..].iter().zip(&scripts) {
        let (peak, least) = (peak(file), peak(&files[0]).kib);
        if !matches!(peak.code, 0 | 2) || peak.kib > least + KIB_MAX {
            let start: String = script.chars().take(90).collect();
            wrong.push(format!("{} KiB, code {}: {start}", peak.kib.saturating_sub(least), peak.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
