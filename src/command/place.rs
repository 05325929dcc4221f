//! What the disk under the journal is like: its file system, one sync, and how long the quota lasts.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Bytes that are written for a measurement: a block of the journal.
const MEASURED_BYTES: usize = 64 * 1024;

/// Bytes of an event in the journal, about.
pub const EVENT_BYTES: u64 = 600;

/// What is known of a file system by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// On this machine's disk, or nothing is known.
    Local,
    /// On another machine: each sync waits for the network.
    Network,
    /// Gone with the container or the machine's memory.
    Fleeting,
}

/// Name and nature by the magic number that the system gives.
const KINDS: [(u64, &str, Nature); 17] = [
    (0xef53, "ext4", Nature::Local),
    (0x5846_5342, "xfs", Nature::Local),
    (0x9123_683e, "btrfs", Nature::Local),
    (0x2fc1_2fc1, "zfs", Nature::Local),
    (0xf2f5_2010, "f2fs", Nature::Local),
    (0xca45_1a4e, "bcachefs", Nature::Local),
    (0x6969, "nfs", Nature::Network),
    (0xff53_4d42, "cifs", Nature::Network),
    (0xfe53_4d42, "smb", Nature::Network),
    (0x517b, "smb", Nature::Network),
    (0x00c3_6400, "ceph", Nature::Network),
    (0x0102_1997, "9p", Nature::Network),
    (0x6573_5546, "fuse", Nature::Network),
    (0x4741_5246, "glusterfs", Nature::Network),
    (0x0102_1994, "tmpfs", Nature::Fleeting),
    (0x8584_58f6, "ramfs", Nature::Fleeting),
    (0x794c_7630, "overlay", Nature::Fleeting),
];

/// The directory, or the nearest one above it that is there.
#[must_use]
pub fn existing(directory: &Path) -> PathBuf {
    let found = directory.ancestors().find(|place| place.is_dir());
    found.filter(|place| *place != Path::new("")).unwrap_or(Path::new(".")).to_owned()
}

/// Name and nature of the file system of a directory that is there.
///
/// # Errors
/// The system does not say.
pub fn file_system(directory: &Path) -> io::Result<(String, Nature)> {
    let found = rustix::fs::statfs(directory)?;
    // Its width and sign differ between systems; the numbers have 32 bits.
    let magic = u64::try_from(i128::from(found.f_type) & 0xffff_ffff).unwrap_or(0);
    let known = KINDS.iter().find(|(number, ..)| *number == magic);
    Ok(known.map_or((format!("an unknown file system ({magic:#x})"), Nature::Local), |(_, name, nature)| {
        ((*name).to_owned(), *nature)
    }))
}

/// How long it takes to write one block to a new file in a directory and to sync it. The file has no name for longer
/// than that.
///
/// # Errors
/// Nothing can be written there.
pub fn one_sync(directory: &Path) -> io::Result<Duration> {
    let path = directory.join(format!(".headwater-check-{}", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    let block = vec![0; MEASURED_BYTES];
    file.write_all_at(&block, 0)?;
    file.sync_data()?;
    // The first one has made the file longer; the journal writes to files that have their length.
    let began = Instant::now();
    file.write_all_at(&block, 0)?;
    file.sync_data()?;
    Ok(began.elapsed())
}

/// How long `bytes` last at so many events a second.
#[must_use]
pub fn lasts(bytes: u64, events_per_second: u64) -> Duration {
    Duration::from_secs(bytes / EVENT_BYTES.saturating_mul(events_per_second.max(1)))
}

/// A duration as people say it, two units at most.
#[must_use]
pub fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_directory_has_a_file_system_and_a_sync() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        assert!(!file_system(directory.path()).expect("a file system").0.is_empty());
        assert!(one_sync(directory.path()).expect("it can be written to") > Duration::ZERO);
        assert_eq!(std::fs::read_dir(directory.path()).expect("it is there").count(), 0);
        assert_eq!(existing(&directory.path().join("a/b")), directory.path());
        assert_eq!(existing(Path::new("not-there/at/all")), Path::new("."));
        if let Ok((name, nature)) = file_system(Path::new("/dev/shm")) {
            assert_eq!((name.as_str(), nature), ("tmpfs", Nature::Fleeting));
        }
    }

    #[test]
    fn durations_are_said_roughly() {
        for (bytes, rate, expected) in [
            (10 << 30, 1000, "4 h 58 min"),
            (10 << 30, 10, "20 days 17 h"),
            (1 << 20, 1000, "1 s"),
            (64 << 20, 1000, "1 min"),
            (10 << 30, u64::MAX, "0 s"),
            (10 << 30, 1 << 61, "0 s"),
        ] {
            assert_eq!(roughly(lasts(bytes, rate)), expected);
        }
    }
}
