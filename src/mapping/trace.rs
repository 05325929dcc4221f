//! What a script does with one event, step by step: for people who try it out.

use std::{cell::OnceCell, ops::Range};

use super::{
    Mapping, Scratch,
    ast::Span,
    eval::{self, Notes, Seen},
    program::Op,
};
use crate::event::Event;

/// A line of the script that was carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place in the script, in bytes.
    pub span: Range<usize>,
    /// The field that it is about; none for a condition or an end.
    pub field: Option<String>,
    /// What came of it.
    pub seen: Seen,
}

/// Runs a mapping's script over an event as [`super::map`] does, and says what it did. Where the run fails, the steps
/// before that are there.
#[must_use]
pub fn trace(mapping: &Mapping, event: &Event<'_>, scratch: &mut Scratch) -> Vec<Step> {
    scratch.shared.next_event();
    let Scratch { agents, places, tables, shared, buffers } = scratch;
    let places = places.as_ref().map(|places| places.get());
    let outside = eval::Outside { places: places.as_deref(), tables: Some(tables.get()) };
    let tools = eval::Tools { agents, outside, shared, buffers };
    let (agent, mut notes) = (OnceCell::new(), Notes::default());
    // Why it fails is told by who maps the event.
    let _ = eval::watched(&mapping.program, event, &agent, tools, &mut notes, |_| ());
    let program = &mapping.program;
    // The end that is a part of its condition has no line of its own.
    let own = |at: usize| {
        !matches!(program.ops.get(at), Some(Op::Jump { .. }))
            || program.places.get(at).is_some_and(|place| *place != Span::default())
    };
    let steps = notes.0.into_iter().filter(|(at, _)| own(*at)).map(|(at, seen)| {
        let field = match program.ops.get(at) {
            Some(Op::Set { field, .. } | Op::SetLiteral { field, .. } | Op::Encode { field, .. }) => Some(*field),
            _ => None,
        };
        let name = |field: usize| Some(mapping.schema.fields().get(field)?.name.clone());
        let span = program.places.get(at).copied().map_or(0..0, Span::range);
        Step { span, field: field.and_then(name), seen }
    });
    steps.collect()
}
