//! Requests to events: the sources, their routes, and the intake through which every event enters the journal.

pub mod accepted;
pub mod browser;
pub mod cookies;
mod cors;
mod count;
mod dump;
mod entry;
mod inflate;
pub mod json;
mod json_route;
mod kept;
mod packed;
mod page;
mod pixel_route;
pub mod query;
mod respond;
mod router;
mod script;
mod shop;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use kept::Kept;
pub use router::{Router, RouterParts};

use std::sync::Arc;

use crate::{
    event::{codec::DUPLICATE, duplicate::DuplicateMemory},
    journal::{Journal, Refused, Run, Ticket},
};

/// The way into the journal, shared by all sources: room, then duplicate memory, then the copy into the open block.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The journal.
    pub journal: Arc<Journal>,
    /// The duplicate memory.
    pub duplicates: Arc<DuplicateMemory>,
}

impl Intake {
    /// Puts the run into the journal, flagging duplicates; says how many there were. On refusal the run and the memory
    /// are untouched.
    ///
    /// # Errors
    /// What [`Journal::append`] says.
    pub fn accept(&self, run: &mut Run) -> Result<(Ticket, u64), Refused> {
        let mut duplicates = 0;
        let ticket = self.journal.append(run, |event| {
            self.duplicates.decide(event);
            duplicates += u64::from(*event.flags & DUPLICATE != 0);
        })?;
        Ok((ticket, duplicates))
    }
}
