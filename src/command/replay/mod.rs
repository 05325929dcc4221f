//! `headwater replay`: sends retained events, or dead letters, through today's mapping to the sinks again.
//!
//! It is a delivery like any other: with an instance of the sink that begins files of its own, a cursor of its own, and
//! dead letters of its own. What differs is what it reads and that it wants a part of it. So it can be killed and
//! resumed as a server can, and it works beside one.

mod feed;
mod look;
mod plan;
mod send;
mod told;

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::MetadataExt as _,
    sync::Arc,
};

use super::{
    Failure, compile, map, print,
    retained::{Retained, Selection},
    tell,
};
use crate::{
    config::{
        LoadRequest, Settings,
        settings::{FileSettings, SinkSettings},
    },
    diagnostic,
    enrich::LookUps,
    mapping::{Mapping, Scratch},
    pipeline,
    util::terminal::{Paint, wants_color},
};
use plan::{Part, Taken};
use send::Sending;

/// What to send.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ReplayArguments {
    /// To this sink; to all if none is named
    #[arg(long, value_name = "SINK")]
    pub sink: Vec<String>,
    /// Not events but the sink's dead letters, each through the mapping that it is of
    #[arg(long)]
    pub dead_letters: bool,
    /// Only say what would become of them
    #[arg(long)]
    pub dry_run: bool,
    /// At most so many events a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Go on with a replay that was ended before it was done
    #[arg(long, value_name = "NAME")]
    #[arg(conflicts_with_all = ["sink", "dead_letters", "dry_run", "limit", "from", "to", "source", "party", "session"])]
    #[arg(conflicts_with_all = ["event_type", "event"])]
    pub resume: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Which events.
    #[command(flatten)]
    pub selection: Selection,
}

/// What all sinks of a replay share.
pub(super) struct Context {
    settings: Settings,
    mappings: Vec<Arc<Mapping>>,
    look_ups: LookUps,
    retained: Retained,
}

impl Context {
    /// The sink of this name.
    fn sink(&self, name: &str) -> Result<&FileSettings, Failure> {
        let sinks = self.settings.sinks.iter().map(|SinkSettings::File(file)| file);
        let names: Vec<&str> = sinks.clone().map(|sink| sink.name.as_str()).collect();
        sinks.into_iter().find(|sink| sink.name.as_str() == name).ok_or_else(|| {
            let names = names.join(", ");
            Failure::Config(format!("headwater: there is no sink `{name}`\n  hint: there are: {names}"))
        })
    }

    /// The mappings that feed a sink, in order.
    fn mappings(&self, sink: &FileSettings) -> Vec<Arc<Mapping>> {
        let feeds = |names: &[String]| names.iter().any(|name| name == sink.name.as_str());
        let named = self.settings.mappings.iter().zip(&self.mappings);
        named.filter(|(named, _)| feeds(&named.sinks)).map(|(_, mapping)| Arc::clone(mapping)).collect()
    }

    /// What a thread needs to map.
    fn scratch(&self) -> Scratch {
        pipeline::scratch(&self.settings.mapper, &self.look_ups)
    }
}

/// Sends them, and says what became of them.
///
/// # Errors
/// See [`Failure`]; also that there is nothing to send.
pub fn run(request: &LoadRequest, arguments: &ReplayArguments, out: &mut impl Write) -> Result<(), Failure> {
    let (mut settings, mappings) = compile::load(request).map_err(|errors| Failure::config(&errors))?;
    eprint!("{}", diagnostic::render(&settings.warnings, wants_color(&io::stderr())));
    let retained = Retained::open(&settings)?;
    let mappings = mappings.into_iter().map(Arc::new).collect();
    let look_ups = map::open(&mut settings)?;
    let context = Context { settings, mappings, look_ups, retained };
    let paint = Paint::on(&io::stdout());
    if let Some(name) = &arguments.resume {
        let taken = Taken::resume(&context.settings.data_directory, name)?;
        return carry_out(&context, taken, arguments.rate, paint, out);
    }
    let parts = look::parts(&context, arguments)?;
    if parts.is_empty() {
        let what = if arguments.dead_letters { "no dead letter is selected" } else { "no event is selected" };
        let told = context.retained.told();
        return Err(Failure::Running(format!(
            "headwater: {what}\n  hint: {told}; events that still wait for a sink are not sent to it again"
        )));
    }
    if arguments.dry_run {
        for part in &parts {
            let sending = Sending::new(&context, part, &arguments.selection)?;
            print(out, &told::dry(part, &sending.dry()?, paint))?;
        }
        return Ok(());
    }
    same_user(&context.settings)?;
    let taken = Taken::new(&context.settings.data_directory, arguments.selection.clone(), parts)?;
    carry_out(&context, taken, arguments.rate, paint, out)
}

fn carry_out(
    context: &Context,
    taken: Taken,
    rate: Option<u32>,
    paint: Paint,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let plan = &taken.plan;
    tell(&format!("headwater: {}; if it is ended, go on: headwater replay --resume {}", plan.name, plan.name));
    for part in &plan.parts {
        let sending = Sending::new(context, part, &plan.selection)?;
        let totals = sending.send(plan, rate)?;
        print(out, &told::sent(context, plan, part, &totals, paint)?)?;
    }
    let journal = &context.settings.journal.directory;
    taken.finish(journal)
}

/// A server that starts later has to read the cursor, and nobody else may.
fn same_user(settings: &Settings) -> Result<(), Failure> {
    let directory = &settings.journal.directory;
    // Where there is no journal there is no server that reads it.
    let Ok(found) = fs::metadata(directory) else { return Ok(()) };
    if found.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(Failure::Config(format!(
        "headwater: the journal in {} belongs to another user\n  hint: replay as that user ({}), so that the server can \
         read what is written",
        directory.display(),
        found.uid()
    )))
}

/// Names of a sink's mappings, as a ledger counts them.
fn names(mappings: &[Arc<Mapping>]) -> Vec<String> {
    mappings.iter().map(|mapping| mapping.name().to_owned()).collect()
}

impl Part {
    /// What it is about, for people.
    fn told(&self) -> String {
        let (what, ending) = match &self.what {
            plan::What::Events { .. } => ("event", if self.selected == 1 { "" } else { "s" }),
            plan::What::Letters { .. } => ("dead letter", if self.selected == 1 { "" } else { "s" }),
        };
        format!("{} {what}{ending}", self.selected)
    }
}
