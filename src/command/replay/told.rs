//! What a replay says of what it has done.

use std::{fmt::Write as _, fs, path::PathBuf};

use super::{
    Context, Failure,
    plan::{Part, Plan},
};
use crate::{
    checkpoint::{Outcomes, Totals},
    command::retained::running,
    sink::letters,
    util::terminal::{Paint, Style},
};

/// What would become of a part.
pub(super) fn dry(part: &Part, totals: &Totals, paint: Paint) -> String {
    let head = paint.paint(Style::Strong, &format!("{} → {}", part.told(), part.sink));
    format!("{head}, if they were sent; nothing is written\n{}", lines(totals))
}

/// What became of a part, and where it is.
pub(super) fn sent(
    context: &Context,
    plan: &Plan,
    part: &Part,
    totals: &Totals,
    paint: Paint,
) -> Result<String, Failure> {
    let head = paint.paint(Style::Strong, &format!("{} → {}", part.told(), part.sink));
    let mut text = format!("{head}\n{}", lines(totals));
    // Writing to a text cannot fail.
    for path in files(context, plan, part)? {
        let _ = writeln!(text, "  file {}", paint.paint(Style::Link, &path.display().to_string()));
    }
    if totals.mappings.iter().any(|mapping| !mapping.outcomes.dead.is_empty()) {
        let directory = letters::directory(&context.settings.dead_letter_directory, &part.instance(plan));
        let _ = writeln!(text, "  dead letters in {}", directory.display());
    }
    Ok(text)
}

fn lines(totals: &Totals) -> String {
    let mut text = String::new();
    for mapping in &totals.mappings {
        let _ = writeln!(text, "  mapping {}: {}", mapping.mapping, outcomes(&mapping.outcomes));
    }
    text
}

/// Everything that has become of something, `delivered` in any case.
fn outcomes(outcomes: &Outcomes) -> String {
    let mut parts = vec![format!("{} delivered", outcomes.delivered)];
    for (count, what) in [
        (outcomes.discarded_corrupt, "left out as corrupt"),
        (outcomes.discarded_duplicate, "left out as duplicates"),
        (outcomes.other_source, "of other sources"),
        (outcomes.gap, "missing"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.extend(outcomes.dead.iter().map(|(reason, count)| format!("{count} dead letters ({reason})")));
    parts.join(", ")
}

/// The published files of a replay.
fn files(context: &Context, plan: &Plan, part: &Part) -> Result<Vec<PathBuf>, Failure> {
    let directory = &context.sink(&part.sink)?.publish_directory;
    let label = format!("-{}-", plan.name);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(running)? {
        let entry = entry.map_err(running)?;
        if entry.file_name().to_string_lossy().contains(&label) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
