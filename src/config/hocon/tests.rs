//! What the language must do, case by case: the table that any other parser would have to pass as well.

use std::fs;

use super::*;

/// The tree as compact JSON-like text, so that the table stays readable.
fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Boolean(value) => value.to_string(),
        Value::Number(text) => text.clone(),
        Value::Text(text) => format!("{text:?}"),
        Value::Unresolved => "?".into(),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}:{}", show(value))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn read(layers: &[&str], directory: Option<&Path>) -> Result<String, Fault> {
    let layers = layers.iter().map(|text| parse(text, directory)).collect::<Result<Vec<_>, _>>()?;
    let environment = HashMap::from([("SET".to_owned(), "value".to_owned()), ("PORT".to_owned(), "9000".to_owned())]);
    Ok(show(&Value::Object(resolve(&layers, &environment)?)))
}

#[test]
fn the_language() {
    for (text, expected) in [
        ("a { b { c = 1 } }", "{a:{b:{c:1}}}"),
        ("a.b.c = 1\na.b.d = 2", "{a:{b:{c:1,d:2}}}"),
        ("a : { b = x }, a.c = y", r#"{a:{b:"x",c:"y"}}"#),
        ("a = ${?SET}", r#"{a:"value"}"#),
        ("a = ${?NOPE}", "{}"),
        ("a = b\na = ${?NOPE}", r#"{a:"b"}"#),
        ("a = b\na = ${?SET}", r#"{a:"value"}"#),
        ("a = ${NOPE}", "{a:?}"),
        ("a = [1]\na += 2", "{a:[1,2]}"),
        ("a += 2", "{a:[2]}"),
        ("a = \"\"\"x \"y\" \\n\"\"\"\"", r#"{a:"x \"y\" \\n\""}"#),
        ("a = [1]\na = ${a} [2]", "{a:[1,2]}"),
        ("a = x\na = ${a}y", r#"{a:"xy"}"#),
        ("base { p = 1, q = 2 }\nb = ${base} { q = 3 }", "{base:{p:1,q:2},b:{p:1,q:3}}"),
        ("a = ${b}\nb = 7", "{a:7,b:7}"),
        ("a = 0.0.0.0", r#"{a:"0.0.0.0"}"#),
        ("a = [1,${?NOPE},2]", "{a:[1,2]}"),
        ("a = 30 minutes // half an hour", r#"{a:"30 minutes"}"#),
        ("a = x y\t z # comment", r#"{a:"x y\t z"}"#),
        ("\"a.b\" = 1", "{a.b:1}"),
        ("\u{feff}a = 1\r\nb = 2\r\n", "{a:1,b:2}"),
        (r#"a = "é ☃""#, r#"{a:"é ☃"}"#),
        ("a = [x\ny]", r#"{a:["x","y"]}"#),
        ("a = [1,2,]", "{a:[1,2]}"),
        ("a { b = 1 }\na = 2\na { c = 3 }", "{a:{c:3}}"),
        ("a = null", "{a:null}"),
        ("a = true\nb = \"true\"", r#"{a:true,b:"true"}"#),
        ("a = 1\nb = \"1\"", r#"{a:1,b:"1"}"#),
        ("a = 10M", r#"{a:"10M"}"#),
        ("a = \"tcp://\"${SET}\":\"${PORT}", r#"{a:"tcp://value:9000"}"#),
        ("", "{}"),
        ("// nothing\n", "{}"),
        (r#"{"a": {"b": ["x"]}}"#, r#"{a:{b:["x"]}}"#),
    ] {
        assert_eq!(read(&[text], None).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_configuration() {
    for (text, at) in [
        ("a = {", (1, 6)),
        ("not = //allowed", (1, 16)),
        ("a = ${b}\nb = ${a}", (1, 5)),
        ("[1, 2]", (1, 1)),
        ("a = \"open", (1, 5)),
    ] {
        let fault = read(&[text], None).expect_err(text);
        assert_eq!(fault.at, at, "{text}: {fault:?}");
    }
}

#[test]
fn a_lower_layer_may_refer_to_what_a_higher_one_sets() {
    for (layers, expected) in [
        (&["root = /app", "root = /x\nout = ${root}/out"][..], r#"{root:"/app",out:"/app/out"}"#),
        (&["a.b = 1", "a { b = 2, c = 3 }"], "{a:{b:1,c:3}}"),
        (&["a = 1", "a { b = 2 }"], "{a:1}"),
        (&["a { c = 1 }", "a = 5", "a { b = 2 }"], "{a:{c:1}}"),
        (&["a = ${a}\"/x\"", "a = y"], r#"{a:"y/x"}"#),
        (&["a += 3", "a = [1]"], "{a:[1,3]}"),
        (&["a = ${?NOPE}", "a = 1"], "{a:1}"),
    ] {
        assert_eq!(read(layers, None).as_deref(), Ok(expected), "{layers:?}");
    }
}

#[test]
fn includes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("a file");
    fs::create_dir(directory.path().join("sub")).expect("a directory");
    write("plain.conf", "x = 1\nlate = ${outer}");
    write("sub/nested.conf", "include \"deeper\"\ny = 2");
    write("sub/deeper.conf", "z = 3");
    write("broken.conf", "ok = 1\nbad = {");
    write("java.properties", "# of a Java program\na.b=1\na.c : x y\n");
    let absolute = directory.path().join("plain.conf");
    let file = format!("outer = o\ninclude file(\"{}\")", absolute.display());
    for (text, expected) in [
        ("outer = o\ninclude \"plain.conf\"", r#"{outer:"o",x:1,late:"o"}"#),
        ("include \"plain\"\nouter = o", r#"{x:1,late:"o",outer:"o"}"#),
        ("a { include \"sub/nested.conf\" }", "{a:{z:3,y:2}}"),
        ("include \"missing.conf\"\na = 1", "{a:1}"),
        ("include \"java.properties\"\na.d = 2", r#"{a:{b:"1",c:"x y",d:2}}"#),
        ("a { b = 2, e = 3 }\ninclude \"java\"\na { d = ${a.c} }", r#"{a:{b:"1",e:3,c:"x y",d:"x y"}}"#),
        ("a = 1\ninclude \"java\"\na.b = 4", r#"{a:{b:4,c:"x y"}}"#),
        ("s { include \"java\", a.f = 5 }", r#"{s:{a:{b:"1",c:"x y",f:5}}}"#),
        (&file, r#"{outer:"o",x:1,late:"o"}"#),
    ] {
        assert_eq!(read(&[text], Some(directory.path())).as_deref(), Ok(expected), "{text}");
    }
    let below = read(&["include \"java\"\na.d = 2", "a { b = 0, g = 6 }"], Some(directory.path()));
    assert_eq!(below.as_deref(), Ok(r#"{a:{b:"1",c:"x y",g:6,d:2}}"#), "defaults stay");
    let missing = read(&["a = 1\ninclude required(\"missing.conf\")"], Some(directory.path()));
    assert!(missing.is_err_and(|fault| fault.message.contains("required") && fault.at.0 == 2));
    let broken = read(&["include \"broken.conf\""], Some(directory.path())).expect_err("broken");
    assert!(broken.subject.ends_with("broken.conf") && broken.at.0 == 2, "{broken:?}");
}
