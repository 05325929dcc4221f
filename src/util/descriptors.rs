//! Open files and sockets that the system grants to this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one and gives what holds then; `None` is without limit.
///
/// The soft limit is low by default only for the sake of programs that use `select`.
#[must_use]
pub fn raise_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!(%error, ?current, ?maximum, "the limit of open files cannot be raised");
            current
        }
    }
}

/// How many of `wanted` connections may be open at once when the system grants `limit` descriptors and `reserved` of
/// them are for everything else. Where that leaves next to nothing, connections get a quarter.
#[must_use]
pub fn connections_max(wanted: usize, limit: Option<u64>, reserved: usize) -> usize {
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { return wanted };
    let left = limit.saturating_sub(reserved).max(limit / 4).max(1);
    wanted.min(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_files() {
        for (wanted, limit, reserved, expected) in [
            (16_384, None, 130, 16_384),
            (16_384, Some(524_288), 130, 16_384),
            (16_384, Some(1024), 130, 894),
            (100, Some(1024), 130, 100),
            (16_384, Some(100), 130, 25),
            (16_384, Some(0), 130, 1),
        ] {
            assert_eq!(connections_max(wanted, limit, reserved), expected, "{wanted} of {limit:?} less {reserved}");
        }
    }

    #[test]
    fn the_limit_is_what_the_system_grants_at_most() {
        let before = getrlimit(Resource::Nofile).current;
        let granted = raise_limit();
        assert_eq!(granted, getrlimit(Resource::Nofile).current);
        assert!(granted.is_none() || granted >= before, "{granted:?} instead of {before:?}");
    }
}
