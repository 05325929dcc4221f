//! What is said of each deed, and at the end.

use std::{io, time::Duration};

use super::{Promise, Wrong, load::Count, plan::Deed, server::Account, verify::Found};
use crate::{
    command::layout::Table,
    util::terminal::{Paint, Style},
};

/// How the server came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// It never went.
    None,
    /// It was started, and answered after this time.
    Started(Duration),
}

/// Everything that is to be told.
#[derive(Debug)]
pub(super) struct Report {
    seed: u64,
    promise: Promise,
    deeds: u64,
    starts: Vec<Duration>,
    /// Numbers of the events that lay in damaged blocks.
    pub damaged: Vec<u64>,
    /// What the load has counted.
    pub count: Count,
    /// What the server has accounted for.
    pub end: Account,
    /// What is in the files.
    pub found: Found,
}

impl Report {
    /// Of a run that begins.
    pub fn new(seed: u64, promise: Promise) -> Self {
        Self {
            seed,
            promise,
            deeds: 0,
            starts: Vec::new(),
            damaged: Vec::new(),
            count: Count::default(),
            end: Account::default(),
            found: Found::default(),
        }
    }

    /// Adds a deed; gives the line about it, with the events that are acknowledged so far.
    pub fn deed(&mut self, at: Duration, deed: Deed, recovery: Recovery, acknowledged: u64) -> String {
        self.deeds += 1;
        let back = match recovery {
            Recovery::None => "went on".to_owned(),
            Recovery::Started(time) => {
                self.starts.push(time);
                format!("up again after {} ms", time.as_millis())
            }
        };
        format!("{:7.1} s  {deed:<20}  {back:<22}  {acknowledged:>12} acknowledged\n", at.as_secs_f64())
    }

    /// What is wrong, if something is.
    pub fn wrong(&self) -> Option<Wrong> {
        let Found { missing, repeated, unreadable, .. } = self.found;
        let may_miss = self.promise == Promise::None;
        let lost = missing > 0 && !may_miss;
        let unaccounted = self.end.offsets != self.end.accounted;
        let wrong = lost || repeated > 0 || unreadable > 0 || unaccounted;
        wrong.then(|| {
            format!("the promise of {} was broken; --seed {} repeats the plan", self.promise.name(), self.seed)
        })
    }

    /// The figures.
    pub fn render(&self) -> String {
        let Found { delivered, unanswered, missing, damaged, repeated, files, unreadable } = self.found;
        let mut table = Table::default();
        let mut row = |name: &str, style: Style, value: String, remark: &str| table.row(name, style, value, remark);
        let clean = |number: u64| if number == 0 { Style::Good } else { Style::Bad };
        row("deeds", Style::Strong, self.deeds.to_string(), "");
        row("acknowledged", Style::Strong, self.count.acknowledged.to_string(), "events answered with 204");
        row("refused", Style::Faint, self.count.refused.to_string(), "answered with 503: nothing was promised");
        row(
            "delivered",
            Style::Strong,
            delivered.to_string(),
            &format!("{unanswered} of them without an answer in time"),
        );
        let lawful = self.promise == Promise::None;
        let style = if lawful && missing > 0 { Style::Odd } else { clean(missing) };
        row(
            "missing",
            style,
            missing.to_string(),
            if lawful { "none promises no more than an orderly stop" } else { "" },
        );
        row("repeated", clean(repeated), repeated.to_string(), "");
        row("unreadable", clean(unreadable), unreadable.to_string(), &format!("of {files} files"));
        row("damaged", Style::Faint, damaged.to_string(), "lay in blocks that were damaged on purpose");
        let Account { offsets, accounted, gap } = self.end;
        let style = clean(offsets.abs_diff(accounted));
        row(
            "accounted for",
            style,
            format!("{accounted} of {offsets}"),
            &format!("{gap} of these numbers were never used"),
        );
        row("recovery", Style::Strong, self.recovery(), "");
        format!("\n{}", table.render(Paint::on(&io::stdout())))
    }

    fn recovery(&self) -> String {
        let mut starts = self.starts.clone();
        starts.sort();
        let at = |part: usize| starts.get(starts.len().saturating_sub(1) * part / 100).map_or(0, Duration::as_millis);
        format!("{} starts, half within {} ms, all within {} ms", starts.len(), at(50), at(100))
    }
}
