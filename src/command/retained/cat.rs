//! `headwater journal cat`: retained events, or dead letters, as JSON lines.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    sync::atomic::Ordering::Relaxed,
};

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Lines, Retained, Selection, Step, When, letter_files, letters, line, running, the_sink};
use crate::{
    command::{
        Failure,
        cat::{Dress, nobody_reads, stop_on_signal},
        tell,
    },
    config::{self, LoadRequest, Settings},
    sink::letters::StoredLetter,
};

/// So many pauses of a fifth of a second lie between two looks of `--follow`, each of which reads the last segment.
const PAUSES: usize = 4;

/// What to print.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct CatArguments {
    /// What is read.
    #[command(flatten)]
    pub what: What,
    /// Go on with every event that is accepted, until Ctrl-C
    #[arg(short, long, conflicts_with_all = ["dead_letters", "to"])]
    pub follow: bool,
}

/// What is read.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct What {
    /// Not events but the dead letters of a sink; it need not be named if it is the only one
    #[arg(long, value_name = "SINK", num_args = 0..=1, default_missing_value = "")]
    pub dead_letters: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Which of them.
    #[command(flatten)]
    pub selection: Selection,
}

/// A dead letter as a line.
#[derive(Serialize)]
struct LetterLine<'a> {
    reason: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'a str>,
    mapping: &'a str,
    sink: &'a str,
    offset: u64,
    time: line::Time,
    event: Box<RawValue>,
}

/// A dead letter as one JSON object, without a line's end.
pub(super) fn letter_json(letter: &StoredLetter) -> String {
    let event = RawValue::from_string(line::json(None, &letter.event));
    let line = LetterLine {
        reason: &letter.reason,
        message: &letter.message,
        position: letter.position.as_deref(),
        mapping: &letter.mapping,
        sink: &letter.sink,
        offset: letter.offset.0,
        time: line::Time(letter.time_ms),
        event: event.expect("the line of an event is JSON"),
    };
    serde_json::to_string(&line).expect("strings and numbers are JSON")
}

/// Prints them.
///
/// # Errors
/// The configuration is wrong, or journal or letters cannot be read.
pub fn run(request: &LoadRequest, arguments: &CatArguments, out: &mut impl Write) -> Result<(), Failure> {
    let settings = config::load(request).map_err(|wrong| Failure::config(&wrong))?;
    let dress = Dress::of(&io::stdout());
    let mut lines = Lines::new(out);
    let print = |lines: &mut Lines<_>, json: &str| {
        lines.write(|out| dress.write(json.as_bytes(), out).and_then(|()| out.write_all(b"\n")))
    };
    let mut selection = arguments.what.selection.clone();
    if arguments.follow {
        let stop = stop_on_signal().map_err(running)?;
        let mut limit = arguments.what.limit.unwrap_or(u64::MAX);
        while !stop.load(Relaxed) {
            let retained = Retained::open(&settings)?;
            let printed = each_event(&retained, &selection, &mut limit, |json| print(&mut lines, json))?;
            if printed.is_break() || lines.flush()?.is_break() || limit == 0 || (0..PAUSES).any(|_| nobody_reads()) {
                break;
            }
            selection.from = retained.span().map(|span| When::Offset(span.next.0)).or(selection.from);
        }
        return Ok(());
    }
    each(&settings, &arguments.what, |json| print(&mut lines, json))?;
    lines.flush().map(drop)
}

/// Gives everything that is meant as JSON, one by one.
pub(super) fn each(settings: &Settings, what: &What, mut visit: impl FnMut(&str) -> Step) -> Result<(), Failure> {
    let mut limit = what.limit.unwrap_or(u64::MAX);
    if let Some(sink) = &what.dead_letters {
        let sink = the_sink(settings, sink)?;
        let files = letter_files(settings, &sink)?;
        if files.is_empty() {
            tell(&format!("headwater: sink {sink} has no dead letters"));
        }
        return letters(&files, &what.selection, |letter| limited(&mut limit, || visit(&letter_json(letter))));
    }
    let retained = Retained::open(settings)?;
    if retained.span().is_none() {
        tell(&format!("headwater: {}", retained.told()));
    }
    each_event(&retained, &what.selection, &mut limit, visit).map(drop)
}

fn each_event(
    retained: &Retained,
    selection: &Selection,
    limit: &mut u64,
    mut visit: impl FnMut(&str) -> Step,
) -> Step {
    let mut last = ControlFlow::Continue(());
    retained.events(selection, |stored| {
        last = limited(limit, || visit(&line::json(Some(stored.offset.0), stored.bytes)))?;
        Ok(last)
    })?;
    Ok(last)
}

/// Does it while the limit is not reached, and says whether it is then.
pub(super) fn limited(limit: &mut u64, visit: impl FnOnce() -> Step) -> Step {
    if *limit == 0 {
        return Ok(ControlFlow::Break(()));
    }
    *limit -= 1;
    let step = visit()?;
    Ok(if *limit == 0 { ControlFlow::Break(()) } else { step })
}
