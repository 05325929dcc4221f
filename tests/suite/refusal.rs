//! Starts that are refused: exit code 2 and a sentence that says what to do.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Command};

use crate::run::Place;

#[test]
fn a_sink_that_this_build_has_not_is_refused_in_words() {
    let place = Place::new();
    place.write("divolte-collector-kafka.conf", include_str!("../fixtures/divolte-collector-kafka.conf"));
    for command in ["serve", "check"] {
        let output = place.output(&[command, "-c", "divolte-collector-kafka.conf"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        for part in ["divolte-collector-kafka.conf", "kafka", "build"] {
            assert!(errors.contains(part), "no {part:?} in:\n{errors}");
        }
    }
}

#[test]
fn a_port_that_is_taken_is_said_in_one_sentence() {
    let place = Place::new();
    let _taken = TcpListener::bind(("127.0.0.1", place.port)).expect("a free port");
    let output = place.serve().output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(&place.port.to_string()), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn a_data_directory_in_use_is_refused() {
    let place = Place::new();
    let mut program = place.start(place.serve());
    let second = Place::new();
    let mut command = second.serve();
    command.arg("--data").arg(place.path().join("data"));
    let output = command.output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("data"), "{errors}");
    // By then it may be free.
    let output = place.output(&["check", "--data", "data"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let note = String::from_utf8_lossy(&output.stderr);
    assert!(note.contains("note: the data directory data is used by another process now"), "{note}");
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn a_missing_configuration_is_refused() {
    let place = Place::new();
    let output = place.output(&["serve", "-c", "absent.conf"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("absent.conf"), "{errors}");
}

/// The program with arguments in the test's directory, as a user to whom permissions apply.
fn as_a_user(place: &Place, arguments: &[&str]) -> Command {
    let direct = place.command(arguments);
    if !rustix::process::getuid().is_root() {
        return direct;
    }
    // What makes root root are its capabilities.
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(direct.get_program()).args(direct.get_args());
    command.current_dir(place.path()).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// Runs it and asserts that it is refused in a sentence that says what is wrong and what to do.
#[track_caller]
fn assert_refused(mut command: Command, parts: &[&str]) {
    let output = command.output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command:?}\n{errors}");
    for part in parts {
        assert!(errors.contains(part), "no {part:?} in:\n{errors}");
    }
    for noise in ["os error", "panicked", "Error", "backtrace"] {
        assert!(!errors.contains(noise), "{noise:?} in:\n{errors}");
    }
    // A mistake within a file is shown with its place.
    let lines = if errors.contains("error[") { 20 } else { 2 };
    assert!(errors.lines().count() <= lines, "{errors}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

/// A configuration with a file sink in these directories.
fn with_files(place: &Place, working: &str, publish: &str) -> String {
    format!(
        "divolte {{\n  global {{ server {{ port = {}, host = 127.0.0.1 }}, admin.port = {} }}\n  sources.b.type = browser\n  \
         sinks.f {{ type = file, file_strategy {{ working_dir = {working}, publish_dir = {publish} }} }}\n  \
         mappings.m {{ sources = [b], sinks = [f] }}\n}}\n",
        place.port, place.admin
    )
}

#[test]
fn what_a_configuration_names_has_to_be_there() {
    let place = Place::new();
    for directory in ["dir", "working", "publish", "locked"] {
        fs::create_dir(place.path().join(directory)).expect("a directory");
    }
    fs::set_permissions(place.path().join("locked"), fs::Permissions::from_mode(0o555)).expect("our own");
    let secret = place.write("secret.conf", "");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o000)).expect("our own");
    place.write("file", "");
    place.write("schema.conf", "divolte.mappings.m { sources = [browser], sinks = [hdfs], schema_file = no.avsc }\n");
    for (name, working, publish) in [
        ("missing.conf", "absent", "publish"),
        ("file.conf", "working", "file"),
        ("working.conf", "locked", "publish"),
        ("publish.conf", "working", "locked"),
    ] {
        place.write(name, &with_files(&place, working, publish));
    }
    for (configuration, parts) in [
        ("absent.conf", &["`absent.conf`", "does not exist", "name one that exists"][..]),
        ("dir", &["`dir`", "is a directory", "name the file in it"]),
        ("secret.conf", &["`secret.conf`", "not allowed"]),
        ("schema.conf", &["schema.conf:1", "`no.avsc`", "does not exist"]),
        ("missing.conf", &["`absent`, the `working_dir` of sink `f`, does not exist", "mkdir -p absent"]),
        ("file.conf", &["`file`, the `publish_dir` of sink `f`, is not a directory", "name another one"]),
        ("working.conf", &["sink f", "working_dir 'locked' cannot be used", "not allowed", "choose another one"]),
        ("publish.conf", &["sink f", "publish_dir 'locked' cannot be used", "not allowed", "choose another one"]),
    ] {
        for command in ["serve", "check"] {
            assert_refused(as_a_user(&place, &[command, "-c", configuration, "--data", "data"]), parts);
        }
    }
}

#[test]
fn the_data_directory_has_to_be_usable() {
    let place = Place::new();
    fs::create_dir(place.path().join("locked")).expect("a directory");
    fs::set_permissions(place.path().join("locked"), fs::Permissions::from_mode(0o555)).expect("our own");
    place.write("file", "");
    for data in ["locked", "locked/below", "file", "file/below"] {
        let port = format!("divolte.global.server.port={}", place.port);
        let admin = format!("divolte.global.admin.port={}", place.admin);
        for command in ["serve", "check"] {
            let arguments = [command, "--data", data, "--set", &port, "--set", &admin];
            let mut parts = vec!["data directory", data, "--data DIR"];
            parts.extend(data.starts_with("file").then_some("a file stands there"));
            assert_refused(as_a_user(&place, &arguments), &parts);
        }
    }
}

#[test]
fn an_address_has_to_be_ours_to_listen_on() {
    let place = Place::new();
    let taken = TcpListener::bind(("127.0.0.1", place.port)).expect("a free port");
    let port = format!("divolte.global.server.port={}", place.port);
    let parts = [&*place.port.to_string(), "taken", "--set divolte.global.server.port="];
    assert_refused(place.command(&["serve", "--set", &port]), &parts);
    // By then it may be free.
    let output = place.output(&["check", "--set", &port]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let note = String::from_utf8_lossy(&output.stderr);
    assert!(note.contains("note: ") && note.contains("taken by another program now"), "{note}");

    let admin = format!("divolte.global.admin.port={}", place.port);
    let free = format!("divolte.global.server.port={}", place.admin);
    let parts = ["taken", "--set divolte.global.admin.port="];
    assert_refused(place.command(&["serve", "--set", &admin, "--set", &free]), &parts);
    drop(taken);

    let unprivileged = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let low = unprivileged.ok().and_then(|text| text.trim().parse::<u16>().ok()).unwrap_or(1024).checked_sub(1);
    for command in ["serve", "check"] {
        // Some systems let everybody use every port.
        if let Some(low) = low {
            let port = format!("divolte.global.server.port={low}");
            let parts = [&*format!("port {low} "), "may not be used by this user", "from 1024 on"];
            assert_refused(as_a_user(&place, &[command, "--set", &port]), &parts);
        }
        let foreign = "divolte.global.server.host=192.0.2.1";
        let parts = ["192.0.2.1 is no address of this machine", "set divolte.global.server.host"];
        assert_refused(place.command(&[command, "--set", foreign, "--set", &port]), &parts);
    }
}

#[test]
fn what_is_to_be_printed_has_to_be_there() {
    let place = Place::new();
    for (path, parts) in [
        ("absent.avro", &["absent.avro: it does not exist", "--follow"][..]),
        ("data/events/*.avro", &["data/events/*.avro: nothing fits", "headwater cat --follow data/events"]),
    ] {
        assert_refused(place.command(&["cat", path]), parts);
    }
}

/// Starts the server with a journal in `journal` and gives what it says when it is refused.
#[track_caller]
fn refused_with(place: &Place, arguments: &[&str]) -> String {
    let mut command = place.serve();
    command.args(["--set", "divolte.global.journal.directory=journal"]).args(arguments);
    let output = command.output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let told: Vec<_> = errors.lines().filter(|line| line.starts_with("headwater: ")).collect();
    assert!(told.len() == 1 && !errors.contains("panicked"), "{errors}");
    told.concat()
}

#[test]
fn a_journal_that_cannot_be_used_is_said_in_one_sentence() {
    let place = Place::new();
    let start = || {
        let mut command = place.serve();
        command.args(["--set", "divolte.global.journal.directory=journal", "--data", "first"]);
        place.start(command)
    };
    let other = Place::new();
    let mut program = start();
    let journal = place.path().join("journal");
    let shared = format!("divolte.global.journal.directory={}", journal.display());
    let output = other.serve().args(["--set", &shared]).output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && errors.contains("another process uses the journal in "), "{errors}");
    assert_eq!(program.stop(), Some(0));

    let reserve = ["--set", "divolte.global.journal.reserve=1000000G"];
    let told = refused_with(&other, &reserve);
    assert!(
        told.contains("has no room for its first segment of 67108864 bytes") && told.contains(" are free"),
        "{told}"
    );

    let cursor = journal.join("cursors/files.cursor");
    let content = fs::read(&cursor).expect("a cursor");
    fs::write(&cursor, "rubbish").expect("our file");
    let told = refused_with(&place, &[]);
    assert!(told.contains("files.cursor: the cursor is damaged"), "{told}");
    fs::write(&cursor, content).expect("our file");

    let segment = fs::read_dir(&journal).expect("a journal").map(|entry| entry.expect("an entry").path());
    let segment = segment.into_iter().find(|path| path.extension().is_some_and(|it| it == "segment"));
    let segment = segment.expect("a segment");
    let mut content = fs::read(&segment).expect("a segment");
    content[8] += 1;
    fs::write(&segment, &content).expect("our file");
    let told = refused_with(&place, &[]);
    assert!(told.contains("a newer release has written this segment of the journal (format version 2)"), "{told}");
    content[8] -= 1;
    fs::write(&segment, &content).expect("our file");
    assert_eq!(start().stop(), Some(0));
}
