//! Starts that are refused: exit code 2 and a sentence that says what to do.

use std::net::TcpListener;

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
