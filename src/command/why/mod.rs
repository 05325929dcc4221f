//! `headwater why`: what became of an event, as far as what is retained can tell.

mod search;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write},
    ops::ControlFlow,
    sync::Arc,
};

use super::{
    Failure, compile,
    fate::{Fate, of_one},
    map, print,
    retained::{Retained, Selection, checkpoints, letter_files, letters, line::Time, running},
};
use crate::{
    checkpoint::{Checkpoint, Offset, SinkName},
    config::{
        LoadRequest, Settings,
        settings::{FileSettings, SinkSettings},
    },
    event::{Event, codec},
    mapping::{Mapping, Scratch},
    pipeline,
    record::chunk::Refusal,
    sink::letters::StoredLetter,
    util::terminal::{Paint, Style},
};
use search::{Search, Wanted, search};

/// Characters of a label.
const LABEL_WIDTH: usize = 10;

/// Which event.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct WhyArguments {
    /// Its id
    #[arg(value_name = "EVENT_ID")]
    pub event_id: String,
}

/// An event that was found: in the journal, or in a dead letter alone.
struct Found {
    bytes: Vec<u8>,
    in_journal: bool,
}

/// Says what became of every event with this id.
///
/// # Errors
/// The configuration is wrong, nothing can be read, or there is no such event.
pub fn run(request: &LoadRequest, arguments: &WhyArguments, out: &mut impl Write) -> Result<(), Failure> {
    let (mut settings, mappings) = compile::load(request).map_err(|errors| Failure::config(&errors))?;
    let look_ups = map::open(&mut settings)?;
    let scratch = pipeline::scratch(&settings.mapper, &look_ups);
    let retained = Retained::open(&settings)?;
    let selection = Selection { event: vec![arguments.event_id.clone()], ..Selection::default() };
    let mut found = BTreeMap::new();
    retained.events(&selection, |stored| {
        found.insert(stored.offset, Found { bytes: stored.bytes.to_vec(), in_journal: true });
        Ok(ControlFlow::Continue(()))
    })?;
    let mut dead = Vec::new();
    for sink in settings.sinks.iter().map(SinkSettings::name) {
        letters(&letter_files(&settings, sink)?, &selection, |letter| {
            let event = || Found { bytes: letter.event.clone(), in_journal: false };
            found.entry(letter.offset).or_insert_with(event);
            dead.push((sink.clone(), letter.clone()));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    if found.is_empty() {
        let (id, told) = (&arguments.event_id, retained.told());
        return Err(Failure::Running(format!(
            "headwater: no event with the id {id} is retained\n  hint: {told}; what is older is gone, and what was \
             refused was never there"
        )));
    }
    let checkpoints = checkpoints(&settings.journal.directory)?;
    let mappings = mappings.into_iter().map(Arc::new).collect();
    let mut teller =
        Teller { settings: &settings, mappings, dead, checkpoints, scratch, paint: Paint::on(&io::stdout()) };
    let mut text = String::new();
    for (offset, event) in &found {
        text += &teller.event(*offset, event)?;
    }
    print(out, &text)
}

struct Teller<'a> {
    settings: &'a Settings,
    mappings: Vec<Arc<Mapping>>,
    dead: Vec<(SinkName, StoredLetter)>,
    checkpoints: BTreeMap<SinkName, Checkpoint>,
    scratch: Scratch,
    paint: Paint,
}

/// What became of an event in one mapping and sink: its style, a sentence, and lines with a label.
struct Verdict {
    style: Style,
    text: String,
    more: Vec<(&'static str, String)>,
}

impl Verdict {
    fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into(), more: Vec::new() }
    }

    fn with(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.more.push((label, text.into()));
        self
    }
}

impl Teller<'_> {
    fn event(&mut self, offset: Offset, found: &Found) -> Result<String, Failure> {
        let event = codec::decode(&found.bytes).map_err(running)?;
        let mut text = String::new();
        let head = format!("event {offset}");
        let time = serde_json::to_string(&Time(event.request_time)).unwrap_or_default();
        let time = time.trim_matches('"');
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}  accepted {time}", self.paint.paint(Style::Heading, &head));
        self.about(&event, &mut text);
        if !found.in_journal {
            self.line("journal", "holds it no more; only its dead letter is left", &mut text);
        }
        let (settings, mappings) = (self.settings, self.mappings.clone());
        for (named, mapping) in settings.mappings.iter().zip(&mappings) {
            let (fate, record) = of_one(mapping, offset, &found.bytes, &mut self.scratch).map_err(running)?;
            for SinkSettings::File(sink) in &settings.sinks {
                if !named.sinks.iter().any(|name| name == sink.name.as_str()) {
                    continue;
                }
                let wanted =
                    Wanted { record: record.as_deref(), event_id: event.event_id, time_ms: event.request_time };
                let verdict = self.verdict(mapping, sink, offset, &fate, wanted);
                let head = format!("{} → {}", mapping.name(), sink.name);
                let said = self.paint.paint(verdict.style, &verdict.text);
                let _ = writeln!(text, "  {}: {said}", self.paint.paint(Style::Strong, &head));
                for (label, more) in verdict.more {
                    self.line(label, &more, &mut text);
                }
            }
        }
        Ok(text)
    }

    fn about(&self, event: &Event<'_>, text: &mut String) {
        let flags = [
            (event.flags.corrupt, "corrupt"),
            (event.flags.duplicate, "duplicate"),
            (event.flags.new_party, "new party"),
            (event.flags.first_in_session, "first in session"),
        ];
        let flags: Vec<&str> = flags.into_iter().filter_map(|(set, name)| set.then_some(name)).collect();
        let flags = flags.join(", ");
        for (label, value) in [
            ("type", event.event_type),
            ("source", Some(event.source)),
            ("party", Some(event.party_id)),
            ("session", Some(event.session_id)),
            ("page view", event.page_view_id),
            ("location", event.location),
            ("flags", Some(flags.as_str()).filter(|flags| !flags.is_empty())),
        ] {
            if let Some(value) = value {
                self.line(label, value, text);
            }
        }
    }

    /// Events come from anybody, so what a terminal might obey is left out.
    fn line(&self, label: &str, value: &str, text: &mut String) {
        let label = self.paint.paint(Style::Faint, &format!("{label:LABEL_WIDTH$}"));
        let tame: String = value.chars().filter(|character| !character.is_control()).collect();
        let _ = writeln!(text, "    {label}  {tame}");
    }

    fn verdict(
        &self,
        mapping: &Mapping,
        sink: &FileSettings,
        offset: Offset,
        fate: &Fate,
        wanted: Wanted<'_>,
    ) -> Verdict {
        let name = mapping.name();
        let is_of = |letter: &StoredLetter| letter.offset == offset && letter.mapping == name;
        if let Some((_, letter)) = self.dead.iter().find(|(of, letter)| *of == sink.name && is_of(letter)) {
            return dead_letter(letter, fate);
        }
        let Some(checkpoint) = self.checkpoints.get(&sink.name) else {
            return today(Verdict::new(Style::Odd, "not delivered: the sink has never run"), fate);
        };
        if offset >= checkpoint.upto {
            let upto = checkpoint.upto;
            return today(Verdict::new(Style::Odd, format!("waits: the sink has everything below {upto}")), fate);
        }
        let totals = checkpoint.totals.mappings.iter().filter(|totals| totals.mapping == name);
        let start = totals.map(|totals| totals.start).min();
        let since = match start {
            Some(start) if offset < start => format!("since event {start}"),
            None => "only from the next start on".to_owned(),
            Some(_) => String::new(),
        };
        if !since.is_empty() {
            let text = format!("not delivered: the mapping feeds this sink {since}");
            return today(Verdict::new(Style::Odd, text), fate);
        }
        match fate {
            Fate::OtherSource => Verdict::new(Style::Faint, "not taken: the mapping takes no events of this source"),
            Fate::Corrupt => Verdict::new(Style::Odd, "left out: it is corrupt (wrong checksum)"),
            Fate::Duplicate => Verdict::new(Style::Odd, "left out: it is a duplicate"),
            Fate::Record(_) | Fate::Dead(_) => delivered(&search(sink, wanted), fate),
        }
    }
}

/// There is a dead letter.
fn dead_letter(letter: &StoredLetter, fate: &Fate) -> Verdict {
    let text = format!("dead letter: {}", letter.reason);
    let verdict = Verdict::new(Style::Bad, text).with("message", &letter.message);
    let verdict = match &letter.position {
        Some(position) => verdict.with("script", position),
        None => verdict,
    };
    match fate {
        Fate::Record(_) => today(verdict, fate).with("hint", "send it again: headwater replay --dead-letters"),
        _ => today(verdict, fate),
    }
}

/// It is behind the sink's checkpoint.
fn delivered(search: &Search, fate: &Fate) -> Verdict {
    let Some(hit) = &search.hit else {
        let most = if search.incomplete { "; there are more" } else { "" };
        let text = format!("none of {} files holds it{most}", search.files);
        let why = "taken away, or mapped by another script, which did not keep the id";
        let verdict = match fate {
            Fate::Dead(_) => {
                Verdict::new(Style::Odd, "done with: delivered by a former script, or its dead letter is gone")
            }
            _ => Verdict::new(Style::Good, "delivered"),
        };
        return today(verdict, fate).with("file", format!("{text}: {why}"));
    };
    let verdict = Verdict::new(Style::Good, "delivered");
    let file = format!("{}, record {}", hit.path.display(), hit.number);
    if hit.same {
        return verdict.with("record", &hit.json).with("file", file);
    }
    today(verdict.with("record", &hit.json).with("file", file), fate)
}

/// Adds what today's mapping makes of it.
fn today(verdict: Verdict, fate: &Fate) -> Verdict {
    match fate {
        Fate::Record(json) => verdict.with("today", json),
        Fate::Dead(refusal) => {
            let Refusal { reason, message, position, .. } = refusal;
            let at = position.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
            verdict.with("today", format!("dead letter, {}{at}: {message}", reason.code()))
        }
        Fate::OtherSource => verdict.with("today", "not taken: the mapping takes no events of this source"),
        Fate::Corrupt => verdict.with("today", "left out: it is corrupt (wrong checksum)"),
        Fate::Duplicate => verdict.with("today", "left out: it is a duplicate"),
    }
}
