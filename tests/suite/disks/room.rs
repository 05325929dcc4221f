//! Starts on a disk that has no room, and what `check` says of a disk.

use std::process::Command;

use super::{Disk, serve, with_own_mounts};
use crate::run::Place;

/// The command `name` with the settings of the server.
fn command(place: &Place, name: &str) -> Command {
    let mut command = place.command(&[name]);
    let serve = serve(place, "fsync");
    command.args(serve.get_args().skip(1));
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn a_start_on_a_full_disk_is_refused_with_the_figures() {
    with_own_mounts("disks::room::a_start_on_a_full_disk_is_refused_with_the_figures", || {
        let place = Place::new();
        let disk = Disk::new(&place, "ext4", 64, &["-m", "0"]);
        let ballast = disk.fill();
        for name in ["serve", "check"] {
            let output = command(&place, name).output().expect("the program can be run");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{name}: {said}");
            for part in ["no room", "8388608 bytes", "must leave 1048576", "make room"] {
                assert!(said.contains(part), "no {part:?} in {said}");
            }
        }
        drop(ballast);
        let mut program = place.start(serve(&place, "fsync"));
        assert_eq!(program.stop(), Some(0));
    });
}

#[test]
fn check_says_what_the_disk_is_like() {
    with_own_mounts("disks::room::check_says_what_the_disk_is_like", || {
        for (kind, mib, expected) in [
            ("ext4", 64, &["the journal is on ext4, where one sync takes"][..]),
            ("xfs", 320, &["the journal is on xfs, where one sync takes"]),
            ("tmpfs", 64, &["the journal is on tmpfs", "is lost with the container or the machine", "mount a volume"]),
        ] {
            let place = Place::new();
            let _disk = Disk::new(&place, kind, mib, &[]);
            let output = command(&place, "check").output().expect("the program can be run");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{kind}: {said}");
            for part in expected {
                assert!(said.contains(part), "{kind}: no {part:?} in {said}");
            }
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("of 1000 events a second while a sink is down"), "{kind}: {said}");
        }
    });
}
