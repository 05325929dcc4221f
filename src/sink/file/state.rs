//! What the checkpoint of a file sink holds: the file that each lane writes, and files on their way to be published.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{checkpoint::STATE_BYTES_MAX, sink::avro_file::Mark};

/// Bytes that a lane takes in the state at most, without the directories: its open file and one to be published.
const LANE_BYTES_MAX: usize = 900;

/// Everything that `resume` may touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The process that wrote this, by a random id.
    pub(super) process: String,
    /// Where unfinished files are.
    pub(super) working: PathBuf,
    /// Where finished files go.
    pub(super) publish: PathBuf,
    /// The open file of each lane.
    pub(super) lanes: Vec<Option<Partial>>,
    /// Files that are complete and to be published, or published already.
    pub(super) publishing: Vec<Intent>,
}

/// An unfinished file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Partial {
    /// Its name in the working directory.
    pub(super) name: String,
    /// Of its schema.
    pub(super) schema: String,
    /// How far it is good.
    #[serde(flatten)]
    pub(super) mark: Mark,
}

/// A complete file and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// Where it was written.
    pub(super) from: PathBuf,
    /// Where it is published.
    pub(super) to: PathBuf,
    /// What it is.
    #[serde(flatten)]
    pub(super) mark: Mark,
}

impl State {
    /// Reads a state; an empty one is that of a sink that has never written.
    ///
    /// # Errors
    /// The bytes are no state of a file sink.
    pub(super) fn read(bytes: &Bytes) -> Result<Self, serde_json::Error> {
        if bytes.is_empty() { Ok(Self::default()) } else { serde_json::from_slice(bytes) }
    }

    pub(super) fn write(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("strings and numbers are JSON, and the directories are checked to be text")
            .into()
    }
}

/// How many lanes fit into a checkpoint.
pub(super) fn lanes_max(working: &Path, publish: &Path) -> usize {
    let directories = working.as_os_str().len() + publish.as_os_str().len();
    STATE_BYTES_MAX / (LANE_BYTES_MAX + 2 * directories)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark() -> impl Strategy<Value = Mark> {
        (any::<u64>(), any::<u64>(), any::<u64>(), "[0-9a-f]{32}").prop_map(|(length, records, header, sync)| Mark {
            length,
            records,
            header,
            sync,
        })
    }

    prop_compose! {
        fn states()(
            process in "[0-9a-f]{32}",
            working in "/[^\0]{0,40}",
            publish in "/[^\0]{0,40}",
            lanes in prop::collection::vec(prop::option::of(("[^/\0]{1,80}", "[0-9a-f]{32}", mark())), 0..4),
            publishing in prop::collection::vec(("/[^\0]{0,40}", "/[^\0]{0,40}", mark()), 0..4),
        ) -> State {
            State {
                process,
                working: working.into(),
                publish: publish.into(),
                lanes: lanes
                    .into_iter()
                    .map(|lane| lane.map(|(name, schema, mark)| Partial { name, schema, mark }))
                    .collect(),
                publishing: publishing
                    .into_iter()
                    .map(|(from, to, mark)| Intent { from: from.into(), to: to.into(), mark })
                    .collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_state_reads_back(state in states()) {
            prop_assert_eq!(State::read(&state.write()).unwrap(), state);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = State::read(&bytes.into());
        }
    }

    #[test]
    fn the_largest_number_of_lanes_fits_into_a_checkpoint() {
        let directory = PathBuf::from(format!("/{}", "d".repeat(100)));
        let mark = Mark { length: u64::MAX, records: u64::MAX, header: u64::MAX, sync: "f".repeat(32) };
        // A host's name has at most 64 bytes.
        let name =
            format!("20261121000000-divolte-tracking-{}-replay-20261121000000-{}.avro", "h".repeat(64), u64::MAX);
        let lanes = lanes_max(&directory, &directory);
        let partial = Partial { name: name.clone() + ".partial", schema: "f".repeat(32), mark: mark.clone() };
        let intent = Intent { from: directory.join(name.clone() + ".partial"), to: directory.join(&name), mark };
        let state = State {
            process: "f".repeat(32),
            working: directory.clone(),
            publish: directory,
            lanes: vec![Some(partial); lanes],
            publishing: vec![intent; lanes],
        };
        assert!(lanes >= 32);
        assert!(state.write().len() <= STATE_BYTES_MAX, "{} bytes", state.write().len());
        assert_eq!(State::read(&state.write()).unwrap(), state);
    }
}
