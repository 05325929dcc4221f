//! Black-box tests of the real program, one binary for all of them.
//!
//! Files are read back by fastavro, which shares no code with the program: `scripts/test` installs it and names its
//! Python in `HEADWATER_PYTHON`. Without it these tests fail.

#[path = "../support/mapper.rs"]
mod mapper;
#[path = "../fuzz/mutate.rs"]
mod mutate;
#[path = "../support/mod.rs"]
mod support;

mod admin;
mod architecture;
mod codecs;
mod command;
mod deploy;
mod descriptors;
mod disks;
mod documents;
mod fastavro;
mod follow;
mod gallery;
mod geo;
mod hostile;
mod journal;
mod kept;
mod kill;
mod live;
mod map;
mod mapped_records;
mod metrics;
mod playground;
mod promql;
mod readme;
mod refusal;
mod reload;
mod retained;
mod rolling;
mod run;
mod script_bombs;
mod serve;
mod shutdown;
mod sources;
mod tables;
mod terminal;
