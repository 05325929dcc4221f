//! What is shown on a terminal, and only there.

use std::process::Command;

use crate::{
    run::{BrowserRequest, Place},
    support::{
        program::{Program, send_signal},
        terminal::OnTerminal,
    },
};

/// Begins an escape.
const ESCAPE: char = '\x1b';

/// The command on a terminal of this kind.
fn on(mut command: Command, term: &str, no_color: Option<&str>) -> OnTerminal {
    command.env("TERM", term);
    no_color.map(|value| command.env("NO_COLOR", value));
    OnTerminal::spawn(command)
}

/// A text without its escapes.
fn plain(text: &str) -> String {
    let mut pieces = text.split(ESCAPE);
    let first = pieces.next().unwrap_or_default().to_owned();
    first + &pieces.map(|piece| piece.split_once('m').map_or("", |(_, rest)| rest)).collect::<String>()
}

/// Without what is measured anew each time; of two streams the order is not looked at.
fn unmeasured(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().filter(|line| !line.contains("one sync takes")).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn colour_appears_on_a_terminal_and_nowhere_else() {
    let place = Place::new();
    place.write("bad.conf", "divolte {\n  global.server.prot = 8290\n}\n");
    for arguments in [
        &["--help"][..],
        &["cat", "--help"],
        &["check"],
        &["check", "-c", "bad.conf"],
        &["serve", "-c", "bad.conf"],
        &["surve"],
    ] {
        let piped = place.output(arguments);
        let piped = String::from_utf8([piped.stdout, piped.stderr].concat()).expect("text");
        assert!(!piped.contains(ESCAPE), "{arguments:?}:\n{piped}");
        for (term, no_color, coloured) in [
            ("xterm-256color", None, true),
            ("xterm-256color", Some(""), true),
            ("xterm-256color", Some("1"), false),
            ("dumb", None, false),
        ] {
            let (_, shown) = on(place.command(arguments), term, no_color).finish();
            assert_eq!(shown.contains(ESCAPE), coloured, "{arguments:?} {term} {no_color:?}:\n{shown}");
            assert_eq!(unmeasured(&plain(&shown)), unmeasured(&piped), "{arguments:?} {term} {no_color:?}");
        }
    }
}

#[test]
fn the_summary_is_one_piece_whatever_is_logged() {
    for (no_color, coloured) in [(None, true), (Some("1"), false)] {
        let place = Place::new();
        let mut command = place.serve();
        command.args(["--log", "trace"]);
        let terminal = on(command, "xterm", no_color);
        terminal.await_text("Ctrl-C stops it");
        BrowserRequest::all()[0].send(place.port).response();
        send_signal(terminal.child.id(), "INT");
        let (code, shown) = terminal.finish();
        assert_eq!(code, Some(0), "{shown}");
        assert_eq!(shown.contains(ESCAPE), coloured, "{shown}");

        let text = plain(&shown);
        let start = text.find("Headwater ").unwrap_or_else(|| panic!("{text}"));
        let summary = text[start..].split("is published first.").next().expect("a text before it");
        for part in [
            "is ready",
            &format!("http://127.0.0.1:{}/divolte.js", place.port),
            &format!("http://127.0.0.1:{}/", place.admin),
            "data/events",
            "headwater cat --follow data/events",
            "flush",
        ] {
            assert!(summary.contains(part), "no {part:?} in:\n{summary}");
        }
        let logged = [" TRACE ", " DEBUG ", " INFO ", " WARN "];
        assert!(text.contains(" INFO "), "{text}");
        assert!(!summary.lines().any(|line| logged.iter().any(|level| line.contains(level))), "{summary}");
    }
}

#[test]
fn the_summary_is_plain_text_in_a_file() {
    let place = Place::new();
    let mut command = place.serve();
    command.env("TERM", "xterm");
    let mut program: Program = place.start(command);
    assert_eq!(program.stop(), Some(0));
    assert!(!program.output().contains(ESCAPE), "{}", program.output());
}

#[test]
fn records_are_coloured_and_harmless_on_a_terminal() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let target = "/event?p=0%3Aa%3Ab";
    let body = concat!(
        r#"{"session_id":"0:a:b","event_id":"e","event_type":"\u009b31m\u001b[2Jbuy","is_new_party":true,"#,
        r#""is_new_session":true,"client_timestamp_iso":"2030-01-01T12:00:00Z","parameters":{}}"#
    );
    let sent = crate::support::http::Request::post_json(target, body).send(place.port, crate::run::PATIENCE);
    assert_eq!(sent.response().status, 204);
    assert_eq!(program.stop(), Some(0), "{}", program.output());

    let piped = place.output(&["cat", "data/events"]).stdout;
    let record: serde_json::Value = serde_json::from_slice(&piped).expect("a line of JSON");
    assert_eq!(record["eventType"], "\u{9b}31m\u{1b}[2Jbuy");
    for (no_color, coloured) in [(None, true), (Some("1"), false)] {
        let (code, shown) = on(place.command(&["cat", "data/events"]), "xterm", no_color).finish();
        assert_eq!(code, Some(0));
        assert_eq!(shown.contains(ESCAPE), coloured, "{shown}");
        assert!(!shown.contains('\u{9b}') && !shown.contains("\x1b[2J"), "{shown:?}");
        let shown: serde_json::Value = serde_json::from_str(&plain(&shown)).expect("a line of JSON");
        assert_eq!(shown, record);
    }
}
