//! The language of scripts: statements, operators, texts, lists, maps, closures.

use super::*;
use crate::mapping::{eval::Seen, trace};

fn value(script: &str) -> String {
    shown(script, &page_view(), &[], &[])
}

#[test]
fn statements() {
    for (script, expected) in [
        ("def n = 0\nfor (int i = 0; i < 5; i++) { n += i }\nmap n onto 'i'", "i=10"),
        ("def n = 0\nfor (def i = 0, j = 1; i < 5; i++, j++) n += j\nmap n onto 'i'", "i=15"),
        ("def n = 0\nfor (;;) { if (n > 3) break; n++ }\nmap n onto 'i'", "i=4"),
        ("def n = 0\nfor (String s : ['a', 'b']) { if (s == 'a') continue; n++ }\nmap n onto 'i'", "i=1"),
        ("def n = 9\ndo { n++ } while (n < 3)\nmap n onto 'i'", "i=10"),
        (
            "switch ('b') { case 'a': map 'A' onto 's'; break\n case 'b': map 'B' onto 's'; break\n default: map 'C' onto 's' }",
            r#"s="B""#,
        ),
        ("switch (3) { case [1, 2]: map 'few' onto 's'; break\ncase 3..9: map 'some' onto 's'; break }", r#"s="some""#),
        ("switch (1) { case 1: map 'a' onto 's'\n case 2: map 'b' onto 's2' }", r#"s="a" s2="b""#),
        ("switch (7) { case 1: map 'a' onto 's'; break\ndefault: map 'd' onto 's' }", r#"s="d""#),
        ("try { map location() onto 'nowhere' } catch (Exception e) { map 'caught' onto 's' }", r#"s="caught""#),
        (
            "try { foo() } catch (e) { map e.message onto 's' } finally { map 'f' onto 's2' }",
            r#"s="there is no function `foo`" s2="f""#,
        ),
        (
            "try { map 'ok' onto 's' } catch (IllegalStateException | RuntimeException e) { map 'no' onto 's2' }",
            r#"s="ok""#,
        ),
        ("assert 1 + 1 == 2 : 'arithmetic'\nmap 'x' onto 's'", r#"s="x""#),
        ("if (1 < 2) map 'yes' onto 's'\nelse map 'no' onto 's'", r#"s="yes""#),
    ] {
        assert_eq!(value(script), expected, "{script}");
    }
}

#[test]
fn texts() {
    for (script, expected) in [
        ("map 'a,b;c'.split('[,;]').size() onto 'i'", "i=3"),
        ("map 'a.b.c'.split('\\\\.')[1] onto 's'", r#"s="b""#),
        ("map 'x-y'.tokenize('-').join('+') onto 's'", r#"s="x+y""#),
        ("map 'abc'.capitalize() + 'abc'.reverse() onto 's'", r#"s="Abccba""#),
        ("map 'abc'.indexOf('c') onto 'i'; map 'abc'.matches('[a-c]+') onto 'b'", "i=2 b=true"),
        ("map 'ab'.concat('c').equals('abc') onto 'b'; map 'A'.equalsIgnoreCase('a') onto 'b2'", "b=true b2=true"),
        ("map '12'.toInteger() + 1 onto 'i'; map '7' as int onto 'i'", "i=7"),
        ("map '3'.toLong() onto 'l'; map '1.5'.toDouble() onto 'd'; map ('0.5' as float) onto 'f'", "l=3 f=0.5 d=1.5"),
        ("map 'abc'[1] + 'abc'[-1] onto 's'; map 'ab' * 2 onto 's2'", r#"s="bc" s2="abab""#),
        ("map((1.0d).toString() + 1.5f.toString()).onto('s')", r#"s="1.01.5""#),
        ("map 'aXb' ==~ /a.b/ onto 'b'; map 'x' instanceof String onto 'b2'", "b=true b2=true"),
        ("map \"${[1, 2]} ${[a: 1]}\".toString() onto 's'", r#"s="[1, 2] [a:1]""#),
    ] {
        assert_eq!(value(script), expected, "{script}");
    }
}

#[test]
fn lists_and_maps() {
    for (script, expected) in [
        ("def l = ['a']; l[2] = 'c'; l << 'd'; map l.toString() onto 's'", r#"s="[a, null, c, d]""#),
        ("def l = [3, 1]; l.add(2); map l.sum() onto 'i'; map l.reverse().join(',') onto 's'", r#"s="2,1,3" i=6"#),
        ("map(([1, 2, 3].find { it > 1 })).onto('i')", "i=2"),
        ("def m = [a: 1] + [b: 2]; m << [c: 3]; map m.findAll { k, v -> v > 1 }.size() onto 'i'", "i=2"),
        ("def m = ['x', 'y'].collectEntries { [it, it * 2] }; map m.y onto 's'", r#"s="yy""#),
        ("def m = [:]; m.put('k', 'v'); m['n'] = 1; map m.getOrDefault('z', 'd') + m.k onto 's'", r#"s="dv""#),
        ("map(([a: 1]).containsKey('a')).onto('b'); map 'b' in [a: 1] onto 'b2'", "b=true b2=false"),
        ("def m = [f: { x -> x + 1 }]; map m.f(2) onto 'i'", "i=3"),
        ("map(('a'..'c').join('')).onto('s'); map((1..<4).size()).onto('i')", r#"s="abc" i=3"#),
        ("def n = 0; 3.times { n += it }; map n onto 'i'", "i=3"),
        ("map([5, 6, 7][[0, 2]].join('-')).onto('s')", r#"s="5-7""#),
    ] {
        assert_eq!(value(script), expected, "{script}");
    }
}

#[test]
fn receivers_and_references() {
    let event = page_view();
    for (script, field, expected) in [
        ("mapping { userAgentString().with { map isPresent() onto 'b' } }", "b", "false"),
        ("mapping { (parse location() to uri).with { map port() onto 'i' } }", "i", "8443"),
        ("mapping { this.map(eventType()).onto('s') }", "s", "\"pageView\""),
        ("mapping { delegate.map(owner.eventType()).onto('s') }", "s", "\"pageView\""),
        ("def twice(x) { x * 2 }\nmapping { def f = this.&twice; map f(3) onto 'i' }", "i", "6"),
        ("def name(Map m, x) { m.a + x }\nmapping { map name(a: 's', '2') onto 's' }", "s", "\"s2\""),
        ("static String f(int a, b = 2) { \"$a$b\" }\nmapping { map f(1).toString() onto 's' }", "s", "\"12\""),
        ("x = 's'\nmapping { this.x = 's2'; map 'v' onto x }", "s2", "\"v\""),
    ] {
        assert_eq!(run(script, &event, &[], &[])[field].to_string(), expected, "{script}");
    }
}

#[test]
fn the_surroundings_are_what_they_are_said_to_be() {
    let surroundings = Surroundings {
        environment: |name| (name == "SHOP").then(|| "nl".to_owned()),
        now_ms: 1_700_000_000_000,
        ..Surroundings::default()
    };
    let schema = test_schema();
    let script = "mapping { map System.getenv('SHOP') onto 's'; map System.env.SHOP onto 's2'\n\
                  map System.getenv('NONE') ?: 'none' onto 'sd'; map System.currentTimeMillis() onto 'l'\n\
                  map new Date().time onto 't'; map Math.max(1, 2) + Integer.parseInt('3') onto 'i' }";
    let options = MappingOptions { surroundings, ..options() };
    let (mapping, _) =
        compile(options, &source(script), &schema).unwrap_or_else(|errors| panic!("{}", render(&errors, false)));
    let chunk = mapped(&[Arc::new(mapping)], &stored(&page_view(), &[], &[]));
    let own = record(&chunk, 0, &schema);
    assert_eq!((&own["s"], &own["s2"], &own["sd"]), (&"nl".into(), &"nl".into(), &"none".into()));
    assert_eq!(
        (&own["l"], &own["t"], &own["i"]),
        (&1_700_000_000_000_i64.into(), &1_700_000_000_000_i64.into(), &5.into())
    );
}

#[test]
fn an_end_is_a_step_of_its_own() {
    let steps = |script: &str| -> Vec<(String, Seen)> {
        let (mapping, _) = compiled(script, &test_schema());
        let steps = trace(&mapping, &page_view(), &mut Scratch::new(1));
        steps.into_iter().map(|step| (script[step.span].to_owned(), step.seen)).collect()
    };
    let verdict = |verdict| Seen::Verdict(Some(verdict));
    for (script, expected) in [
        ("mapping { stop() }", vec![("stop()", Seen::Left)]),
        (
            "mapping { section { exit(); map 'y' onto 's' }; map 'x' onto 's'; when corrupt() stop() }",
            vec![
                ("exit()", Seen::Left),
                ("map 'x' onto 's'", Seen::Value(Some("x".into()))),
                ("when corrupt() stop()", verdict(false)),
            ],
        ),
        // What ends by its condition has said so.
        (
            "mapping { when firstInSession() stop(); map 'x' onto 's' }",
            vec![("when firstInSession() stop()", verdict(true))],
        ),
        (
            "mapping { when firstInSession() apply { exit() } }",
            vec![("when firstInSession() apply { exit() }", verdict(true)), ("exit()", Seen::Left)],
        ),
    ] {
        let steps = steps(script);
        let steps: Vec<_> = steps.iter().map(|(text, seen)| (text.as_str(), seen.clone())).collect();
        assert_eq!(steps, expected, "{script}");
    }
}
