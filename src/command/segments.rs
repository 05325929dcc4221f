//! `headwater journal ls` and `verify`: what the segments of the journal hold, and whether it can be read.

use std::{
    io::{self, Write},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Failure, layout::Table, print};
use crate::{
    checkpoint::Offset,
    config::{self, LoadRequest},
    disk::{Disk, RealDisk},
    journal::{Archive, JournalError, Piece},
    util::terminal::{Paint, Style},
};

fn open(request: &LoadRequest) -> Result<Option<Archive>, Failure> {
    let settings = config::load_to_look(request).map_err(|wrong| Failure::config(&wrong))?;
    let directory = &settings.journal.directory;
    // A journal that nobody has made yet holds nothing.
    if matches!(RealDisk.metadata(directory), Ok(None)) {
        return Ok(None);
    }
    Archive::open(directory, Arc::new(RealDisk)).map(Some).map_err(|error| failed(&error))
}

fn failed(error: &JournalError) -> Failure {
    Failure::Running(format!("headwater: {error}"))
}

/// Lists the segment files.
///
/// # Errors
/// The configuration is wrong, or the journal cannot be read.
pub fn list(request: &LoadRequest, out: &mut impl Write) -> Result<(), Failure> {
    let archive = open(request)?;
    let mut table = Table::default();
    let mut any = false;
    for segment in archive.iter().flat_map(Archive::segments) {
        any = true;
        let name = segment.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let begun = Timestamp::from_millisecond(segment.begun_ms).unwrap_or_default();
        let events = format!("events {}, begun {begun}", segment.span);
        table.row(&name, Style::Good, events, format!("{} bytes", segment.bytes));
    }
    let text = table.render(Paint::on(&io::stdout()));
    print(out, if any { &text } else { "there are no segments\n" })
}

/// Reads everything; damage ends it with 1.
///
/// # Errors
/// The configuration is wrong, the journal cannot be read, or events are damaged.
pub fn verify(request: &LoadRequest, out: &mut impl Write) -> Result<(), Failure> {
    let archive = open(request)?;
    let (mut blocks, mut events, mut lost) = (0_u64, 0_u64, 0_u64);
    for piece in archive.iter().flat_map(|archive| archive.pieces(Offset(0))) {
        match piece.map_err(|error| failed(&error))? {
            Piece::Block(block) => {
                blocks += 1;
                events += block.span().len();
            }
            Piece::Gap { missing, reason, path } => {
                print(out, &format!("{}: events {missing} are missing: {reason}\n", path.display()))?;
                lost += if reason.is_loss() { missing.len() } else { 0 };
            }
        }
    }
    print(out, &format!("{events} events in {blocks} blocks can be read\n"))?;
    if lost > 0 {
        return Err(Failure::Running(format!("headwater: {lost} events of the journal are damaged")));
    }
    Ok(())
}
