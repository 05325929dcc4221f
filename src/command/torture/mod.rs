//! `headwater torture`: a server of its own is killed, stopped, starved and damaged under load, and what it has
//! acknowledged is looked for afterwards.
//!
//! Three processes: this one carries out the plan; the server is started by it again and again; the load runs in a third
//! one, which keeps the numbers of the acknowledged events where neither a death of the server nor one of this process
//! harms them.

mod damage;
mod deeds;
pub mod load;
mod plan;
mod report;
mod server;
mod verify;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::ValueEnum;

use super::{Failure, print};
use load::Load;
use plan::Plan;
use report::Report;
use server::Server;

/// How long the server may take for the last events when all is over.
const DRAIN_PATIENCE: Duration = Duration::from_mins(5);

/// How to torture.
#[derive(Clone, Debug, clap::Args)]
pub struct TortureArguments {
    /// How long, in minutes; parts of one are fine
    #[arg(long, value_name = "N", default_value = "2")]
    pub minutes: f64,
    /// Repeats the plan of another run; it is printed by each
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// What the server promises for an answer
    #[arg(long, value_name = "LEVEL", default_value = "fsync")]
    pub durability: Promise,
    /// Connections that send events
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub clients: u16,
    /// On which disk: a directory that is made; it is kept if something is wrong
    #[arg(long, value_name = "DIR", default_value = "headwater-torture", value_hint = clap::ValueHint::DirPath)]
    pub directory: PathBuf,
    /// Keep the directory when all is well, too
    #[arg(long)]
    pub keep: bool,
}

/// What the server promises for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Promise {
    /// Survives a power cut.
    Fsync,
    /// Survives the end of the process.
    Flush,
    /// Survives an orderly stop only: what is missing is counted, and no mistake.
    None,
}

impl Promise {
    /// As the configuration spells it.
    fn name(self) -> &'static str {
        match self {
            Self::Fsync => "fsync",
            Self::Flush => "flush",
            Self::None => "none",
        }
    }
}

/// What went wrong, in one sentence; the directory is kept.
type Wrong = String;

/// Tortures, and says what came of it.
///
/// # Errors
/// Something acknowledged is missing, something is there twice, or the server did not come back.
pub fn run(arguments: &TortureArguments, out: &mut impl Write) -> Result<(), Failure> {
    let time = Duration::try_from_secs_f64(arguments.minutes * 60.0);
    let time = time.map_err(|error| Failure::Config(format!("headwater: --minutes: {error}")))?;
    let directory = &arguments.directory;
    fs::create_dir(directory).map_err(|error| {
        let hint = "choose a place for a new one with --directory DIR";
        Failure::Config(format!(
            "headwater: the directory {} cannot be made: {error}\n  hint: {hint}",
            directory.display()
        ))
    })?;
    let kept = |wrong: Wrong| {
        let place = directory.display();
        Failure::Running(format!("headwater: {wrong}\n  hint: everything is still in {place}; server.log says more"))
    };
    let directory = directory.canonicalize().map_err(|error| kept(error.to_string()))?;
    let report = torture(arguments, time, &directory, out).map_err(kept)?;
    print(out, &report.render())?;
    if let Some(wrong) = report.wrong() {
        return Err(kept(wrong));
    }
    if !arguments.keep {
        fs::remove_dir_all(&directory).map_err(|error| kept(format!("the directory cannot be removed: {error}")))?;
    }
    Ok(())
}

fn torture(
    arguments: &TortureArguments,
    time: Duration,
    directory: &Path,
    out: &mut impl Write,
) -> Result<Report, Wrong> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = arguments.seed.unwrap_or_else(|| now.subsec_nanos().into());
    let mut report = Report::new(seed, arguments.durability);
    say(
        out,
        &format!(
            "{} for {:.0} seconds with {} clients, seed {seed}, in {}\n\n",
            arguments.durability.name(),
            time.as_secs_f64(),
            arguments.clients,
            directory.display()
        ),
    );
    let mut server = Server::prepare(directory, arguments.durability)?;
    server.start()?;
    let mut load = Load::start(server.port(), arguments.clients, directory)?;
    load.names(server.id())?;
    let (began, mut plan) = (Instant::now(), Plan::new(seed));
    while began.elapsed() < time {
        std::thread::sleep(plan.rest());
        let deed = plan.next_deed();
        let left = time.saturating_sub(began.elapsed());
        let recovery = deeds::carry_out(deed, left, &mut plan, &mut server, &mut load, &mut report)?;
        load.names(server.id())?;
        say(out, &report.deed(began.elapsed(), deed, recovery, load.count().acknowledged));
    }
    load.await_progress()?;
    report.count = load.stop()?;
    report.end = server.drain(DRAIN_PATIENCE)?;
    server.stop()?;
    report.found = verify::compare(&directory.join("acknowledged"), &server.published(), &report.damaged)?;
    Ok(report)
}

/// Progress; that nobody reads it any more is no reason to stop.
fn say(out: &mut impl Write, line: &str) {
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests;
