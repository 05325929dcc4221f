//! The program: command line in, exit code out.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use headwater::{
    cli,
    command::{self, Failure},
};

#[cfg(all(feature = "mimalloc", not(feature = "count-allocations")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// Counts on the system's allocator: the number of allocations is the program's own, whoever serves them.
#[cfg(feature = "count-allocations")]
#[global_allocator]
static ALLOCATOR: stats_alloc::StatsAlloc<std::alloc::System> = stats_alloc::StatsAlloc::system();

fn main() -> ExitCode {
    let outcome = command::run(cli::parse());
    #[cfg(feature = "count-allocations")]
    eprintln!("headwater: {:?}", ALLOCATOR.stats());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Config(told)) => {
            command::tell(&told);
            ExitCode::from(2)
        }
        Err(Failure::Running(told)) => {
            command::tell(&told);
            ExitCode::FAILURE
        }
    }
}
