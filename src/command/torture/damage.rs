//! What a disk can do to files while the server is dead.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use memchr::memmem;

use super::{
    Wrong, load,
    plan::Plan,
    server::{Server, failed},
};
use crate::{
    checkpoint::Offset,
    disk::RealDisk,
    event::codec,
    journal::{self, Archive, Block, Piece},
};

/// Bytes of rubbish behind an end.
const RUBBISH_BYTES: usize = 3000;

/// Leaves what a torn write leaves: bytes of no meaning behind the end of the journal and of the files in work.
pub(super) fn tear(server: &Server, plan: &mut Plan) -> Result<(), Wrong> {
    let rubbish: Vec<u8> = (0..RUBBISH_BYTES).map(|_| plan.below(256).to_le_bytes()[0]).collect();
    if let Some((path, end)) = end_of_journal(&server.journal())? {
        overwrite(&path, end, &rubbish)?;
    }
    let entries = fs::read_dir(server.working()).map_err(|error| failed(&server.working(), &error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let length = fs::metadata(&path).map_err(|error| failed(&path, &error))?.len();
        overwrite(&path, length, &rubbish)?;
    }
    Ok(())
}

/// The file that the journal ends in, and where; none if it holds nothing.
fn end_of_journal(directory: &Path) -> Result<Option<(PathBuf, u64)>, Wrong> {
    let archive = open(directory)?;
    let Some(last) = blocks(&archive, Offset(0))?.pop() else { return Ok(None) };
    let Some((_, event)) = last.events().last() else { return Ok(None) };
    let found = place(&archive, &last, event)?;
    Ok(found.map(|(path, at)| (path, at + event.len() as u64)))
}

/// Flips a bit in a block that the sink has still to read, but not in the last one, which could pass for a torn write.
/// Gives the numbers of the events that lie in it: their loss is no fault of the server.
pub(super) fn flip(server: &Server, plan: &mut Plan) -> Result<Vec<u64>, Wrong> {
    let directory = server.journal();
    let cursors = journal::cursors(&directory, &RealDisk).map_err(|error| error.to_string())?;
    let upto = cursors.first().and_then(|cursor| Some(cursor.last.as_ref().ok()?.1.upto)).unwrap_or_default();
    let archive = open(&directory)?;
    let mut waiting = blocks(&archive, upto)?;
    waiting.pop();
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let block = &waiting[usize::try_from(plan.below(waiting.len() as u64)).unwrap_or(0)];
    let mut numbers = Vec::new();
    for (_, bytes) in block.events() {
        let event = codec::decode(bytes).map_err(|error| format!("an event of the journal cannot be read: {error}"))?;
        numbers.extend(event.event_type.and_then(load::number));
    }
    if let Some((_, event)) = block.events().next()
        && let Some((path, at)) = place(&archive, block, event)?
    {
        let inside = plan.below(event.len() as u64);
        let byte = event[usize::try_from(inside).unwrap_or(0)] ^ (1 << plan.below(8));
        overwrite(&path, at + inside, &[byte])?;
    }
    Ok(numbers)
}

fn open(directory: &Path) -> Result<Archive, Wrong> {
    Archive::open(directory, Arc::new(RealDisk)).map_err(|error| error.to_string())
}

fn blocks(archive: &Archive, from: Offset) -> Result<Vec<Block>, Wrong> {
    let mut blocks = Vec::new();
    for piece in archive.pieces(from) {
        if let Piece::Block(block) = piece.map_err(|error| error.to_string())? {
            blocks.push(block);
        }
    }
    Ok(blocks)
}

/// Where the bytes of an event stand.
fn place(archive: &Archive, block: &Block, event: &[u8]) -> Result<Option<(PathBuf, u64)>, Wrong> {
    let first = block.span().first;
    let segment = archive.segments().find(|segment| segment.span.first <= first && first < segment.span.next);
    let Some(segment) = segment else { return Ok(None) };
    let bytes = fs::read(&segment.path).map_err(|error| failed(&segment.path, &error))?;
    Ok(memmem::find(&bytes, event).map(|at| (segment.path, at as u64)))
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) -> Result<(), Wrong> {
    let written = File::options().write(true).open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    });
    written.map_err(|error| failed(path, &error))
}
