//! The real program on real file systems that lose their power, fill up, can only be read, or hang.
//!
//! Every mount is made in a mount namespace of its own, so that none is left behind. That takes the rights to mount:
//! without them these tests fail and say so.

mod power;
mod room;
mod trouble;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{run::Place, support::program::Program};

/// Set in the process that has mounts of its own.
const INSIDE: &str = "HEADWATER_OWN_MOUNTS";

/// Runs a test, whose full name is `name`, where mounts are its own: this test program is started again, for this test
/// alone, in a new mount namespace.
#[track_caller]
fn with_own_mounts(name: &str, test: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return test();
    }
    let program = env::current_exe().expect("this program");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--"]).arg(program).args([name, "--exact", "--nocapture"]).env(INSIDE, "1");
    let output = command.output().expect("unshare, of util-linux");
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        !errors.starts_with("unshare:"),
        "this test mounts file systems, and this user is not allowed to: run it as root ({})",
        errors.trim()
    );
    println!("{out}");
    assert!(output.status.success() && out.contains("1 passed"), "{name}:\n{errors}");
}

/// Runs a program that must succeed.
#[track_caller]
fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}: run the tests by scripts/test"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
}

/// A file system of its own where the program has its data: in a file that is mounted, or in memory.
struct Disk {
    kind: &'static str,
    image: PathBuf,
    at: PathBuf,
}

impl Disk {
    /// Makes it, of so many MiB, and mounts it at the data directory of `place`. What is not written takes no room.
    #[track_caller]
    fn new(place: &Place, kind: &'static str, mib: u64, options: &[&str]) -> Self {
        let disk = Self { kind, image: place.path().join("image"), at: place.path().join("data") };
        fs::create_dir(&disk.at).expect("a new directory");
        if kind == "tmpfs" {
            run("mount", &["-t", "tmpfs", "-o", &format!("size={mib}m"), "none", disk.path()]);
            return disk;
        }
        fs::File::create(&disk.image).and_then(|file| file.set_len(mib << 20)).expect("a sparse file");
        let image = disk.image.to_str().expect("a temporary name");
        run(&format!("mkfs.{kind}"), &[&["-q"], options, &[image]].concat());
        disk.mount();
        disk
    }

    fn path(&self) -> &str {
        self.at.to_str().expect("a temporary name")
    }

    #[track_caller]
    fn mount(&self) {
        // Only what has no power any more, or an ext4 that met an error on purpose, uses the option.
        let options = if self.kind == "ext4" { "loop,errors=remount-ro" } else { "loop" };
        run("mount", &["-o", options, self.image.to_str().expect("a temporary name"), self.path()]);
    }

    /// The power goes, and comes again: what was not on the disk is gone. Nothing uses it any more.
    #[track_caller]
    fn mount_again(&self) {
        run("umount", &[self.path()]);
        self.mount();
    }

    #[track_caller]
    fn cut_power(&self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/disks/power_cut.py");
        run("python3", &[script, self.path()]);
    }

    /// Writes until there is no room any more.
    fn fill(&self) -> Ballast {
        let file = self.at.join("ballast");
        let status = Command::new("dd")
            .args(["if=/dev/zero", "bs=64k", &format!("of={}", file.display())])
            .stderr(Stdio::null())
            .status()
            .expect("dd");
        assert!(!status.success(), "there is a last byte");
        Ballast(file)
    }

    /// Makes files until there can be no further one.
    fn use_up_names(&self) -> Ballast {
        let directory = self.at.join("ballast");
        fs::create_dir(&directory).expect("room for a directory");
        for number in 0.. {
            if fs::File::create(directory.join(number.to_string())).is_err() {
                break;
            }
        }
        Ballast(directory)
    }

    /// Every access by name finds a file system that can only be read. A mount cannot be made so while files are open
    /// for writing, so one that is stands in front of it; what is open goes on.
    fn forbid_writing(&self) -> ReadOnly<'_> {
        run("mount", &["--bind", self.path(), self.path()]);
        run("mount", &["-o", "remount,bind,ro", self.path()]);
        ReadOnly(self)
    }

    /// Nothing that is asked of it is answered until the guard goes, or this process.
    fn freeze(&self) -> Frozen {
        // The pipe ends with this process, however it ends: a file system that stays frozen would never be rid of.
        let script = "fsfreeze -f \"$0\" && echo frozen; read -r _; fsfreeze -u \"$0\"";
        let mut shell = Command::new("sh")
            .args(["-c", script, self.path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut said = String::new();
        let out = shell.stdout.take().expect("a pipe");
        let frozen = Frozen(shell);
        BufReader::new(out).read_line(&mut said).expect("the shell speaks");
        assert_eq!(said.trim(), "frozen");
        frozen
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The program has ended; without it nothing is open here.
        let _ = Command::new("umount").args(["-l", self.path()]).status();
    }
}

/// What takes up all room, until it goes.
struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        let removed = if self.0.is_dir() { fs::remove_dir_all(&self.0) } else { fs::remove_file(&self.0) };
        if !thread::panicking() {
            removed.expect("a ballast of ours");
        }
    }
}

/// Nothing can be written by name, until this goes.
struct ReadOnly<'a>(&'a Disk);

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// The file system answers nothing, until this goes.
struct Frozen(Child);

impl Drop for Frozen {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A server with a small durable journal.
fn serve(place: &Place, durability: &str) -> Command {
    let mut command = place.serve();
    for setting in [
        &format!("journal.durability={durability}"),
        "journal.segment_size=8M",
        "journal.max_size=128M",
        "journal.reserve=1M",
        "journal.memory_max=16M",
        "hdfs.threads=2",
    ] {
        command.args(["--set", &format!("divolte.global.{setting}")]);
    }
    command.args(["--set", "divolte.sinks.files.file_strategy.roll_every=1 second"]);
    command
}

/// Memory that the program takes now, MiB.
fn memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).expect("a process of ours");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("as Linux has it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

/// Waits until something is so.
#[track_caller]
fn await_that(what: &str, patience: Duration, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + patience;
    while !is() {
        assert!(Instant::now() < until, "not within {patience:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
