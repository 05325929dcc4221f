//! What there is to send, found out before anything is sent: so it is known how much it is, and where it ends.

use std::{ops::ControlFlow, sync::Arc};

use super::{
    Context, Failure, ReplayArguments,
    feed::count,
    plan::{Part, What},
};
use crate::{
    checkpoint::{Offset, SinkName},
    command::{
        retained::{Selection, checkpoints, letter_files, running},
        tell,
    },
    config::settings::{FileSettings, SinkSettings},
    event::codec,
    mapping::Mapping,
    sink::letters::{self, LetterFile, Letters},
};

/// A part for every sink that is meant and for which something is selected.
pub(super) fn parts(context: &Context, arguments: &ReplayArguments) -> Result<Vec<Part>, Failure> {
    if !arguments.dead_letters && arguments.limit.is_none() && arguments.selection == Selection::default() {
        return Err(Failure::Config(
            "headwater: everything that is retained would be sent again\n  hint: say which events are meant, such as \
             --from 2h, or --from 0 if it is all of them; --dry-run only says what would become of them"
                .to_owned(),
        ));
    }
    let all = context.settings.sinks.iter().map(|SinkSettings::File(file)| file.name.as_str().to_owned());
    let names = if arguments.sink.is_empty() { all.collect() } else { arguments.sink.clone() };
    let mut parts = Vec::new();
    for name in names {
        let sink = context.sink(&name)?;
        let limit = arguments.limit.unwrap_or(u64::MAX);
        let part = if arguments.dead_letters {
            letter_part(context, sink, &arguments.selection, limit)?
        } else {
            event_part(context, sink, &arguments.selection, limit)?
        };
        parts.extend(part);
    }
    Ok(parts)
}

/// The selected events that the sink has done with: what it has not is on its way to it anyway.
fn event_part(
    context: &Context,
    sink: &FileSettings,
    selection: &Selection,
    limit: u64,
) -> Result<Option<Part>, Failure> {
    let Some(archive) = context.retained.archive() else { return Ok(None) };
    let upto = checkpoints(&context.settings.journal.directory)?.get(&sink.name).map(|last| last.upto);
    let upto = upto.unwrap_or(Offset(u64::MAX));
    let (mut selected, mut first, mut next, mut before) = (0, None, Offset(0), Offset(0));
    context.retained.blocks(selection, |block| {
        let span = block.span();
        if span.first >= upto || selected >= limit {
            return Ok(ControlFlow::Break(()));
        }
        let (found, last) = count(&block, selection, upto, limit - selected);
        if let Some(last) = last {
            first.get_or_insert(span.first);
            (selected, next, before) = (selected + found, span.next, last.plus(1));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(first.map(|first| {
        let what = What::Events { journal: archive.id(), first: first.0, next: next.0, before: before.0 };
        Part { sink: sink.name.as_str().to_owned(), selected, what }
    }))
}

fn letter_part(
    context: &Context,
    sink: &FileSettings,
    selection: &Selection,
    limit: u64,
) -> Result<Option<Part>, Failure> {
    let mappings = context.mappings(sink);
    let (mut counted, mut selected, mut strange, mut number, mut before) = (Vec::new(), 0, 0, 0, 0);
    for file in letter_files(&context.settings, &sink.name)? {
        let mut letters = 0;
        for letter in Letters::open(&file).map_err(running)? {
            let letter = letter.map_err(running)?;
            letters += 1;
            number += 1;
            if selected < limit && selection.takes(letter.offset, codec::decode(&letter.event).ok().as_ref()) {
                if number_of(&mappings, &letter.mapping).is_some() {
                    selected += 1;
                    before = number;
                } else {
                    strange += 1;
                }
            }
        }
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        counted.push((name, letters));
    }
    if strange > 0 {
        tell(&format!("headwater: {strange} dead letters are of mappings that no longer feed sink {}", sink.name));
    }
    let what = What::Letters { files: counted, before };
    Ok((selected > 0).then(|| Part { sink: sink.name.as_str().to_owned(), selected, what }))
}

fn number_of(mappings: &[Arc<Mapping>], name: &str) -> Option<u16> {
    mappings.iter().position(|mapping| mapping.name() == name).and_then(|number| u16::try_from(number).ok())
}

/// The files of a part, as far as they were when it was planned.
type Files = Arc<[(LetterFile, u64)]>;

/// Of each letter in the planned files the mapping that it goes through.
type Wanted = Arc<[Option<u16>]>;

/// Looks at the planned letters again.
pub(super) fn letters_again(
    context: &Context,
    sink: &FileSettings,
    selection: &Selection,
    planned: &[(String, u64)],
    before: u64,
) -> Result<(Files, Wanted), Failure> {
    let mappings = context.mappings(sink);
    let directory = letters::directory(&context.settings.dead_letter_directory, &SinkName::new(sink.name.as_str()));
    let (mut files, mut wanted) = (Vec::new(), Vec::new());
    for (name, count) in planned {
        let file = LetterFile { path: directory.join(name), bytes: None };
        let letters = Letters::open(&file).map_err(running)?;
        let begin = wanted.len() as u64;
        for letter in letters.take(usize::try_from(*count).unwrap_or(usize::MAX)) {
            let letter = letter.map_err(running)?;
            let event = codec::decode(&letter.event).ok();
            let is_wanted = (wanted.len() as u64) < before && selection.takes(letter.offset, event.as_ref());
            wanted.push(number_of(&mappings, &letter.mapping).filter(|_| is_wanted));
        }
        if wanted.len() as u64 - begin < *count {
            let path = file.path.display();
            return Err(Failure::Running(format!("headwater: {path}: there are fewer dead letters than before")));
        }
        files.push((file, *count));
    }
    Ok((files.into(), wanted.into()))
}
