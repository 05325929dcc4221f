//! `headwater diff`: what another script, schema or configuration would make of the retained events.

mod count;

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ValueHint;
use serde::Serialize;

use super::{
    Failure, compile,
    fate::{self, Fate, fate},
    map, print,
    retained::{Retained, Selection, running},
};
use crate::{
    checkpoint::Offset,
    cli::CheckFormat,
    config::{LoadRequest, Settings, code, settings::MappingSettings},
    diagnostic::{Diagnostic, SourceText},
    enrich::LookUps,
    event::codec,
    journal::Block,
    mapping::{self, Mapping, Scratch},
    pipeline,
    record::chunk::RecordChunk,
    util::{
        reason::reason,
        terminal::{Paint, Style},
    },
};
use count::{Counted, Counter, FieldExample};

/// Characters of a value in an example.
const VALUE_CHARACTERS_MAX: usize = 60;

/// Characters of a message in an example.
const MESSAGE_CHARACTERS_MAX: usize = 300;

/// What to compare.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct DiffArguments {
    /// What is, or was: a mapping script, or a configuration (`.conf`)
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub old: PathBuf,
    /// What would be: the same
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    pub new: PathBuf,
    /// The mapping whose script is compared; it need not be named if it is the only one
    #[arg(long, value_name = "NAME")]
    pub mapping: Option<String>,
    /// Schema for the new script, if that changes as well
    #[arg(long, value_name = "AVSC", value_hint = ValueHint::FilePath)]
    pub schema: Option<PathBuf>,
    /// How it is said; json for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: CheckFormat,
    /// At most so many events
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Which events.
    #[command(flatten)]
    pub selection: Selection,
}

/// All that differs.
#[derive(Serialize)]
struct Report {
    same: bool,
    events: u64,
    mappings: Vec<Counted>,
    /// Mappings that only one of two configurations has.
    only_old: Vec<String>,
    only_new: Vec<String>,
}

/// Maps the events through both, and says what differs.
///
/// # Errors
/// Something is wrong with either side, nothing can be read, or there are differences.
pub fn run(request: &LoadRequest, arguments: &DiffArguments, out: &mut impl Write) -> Result<(), Failure> {
    let sides = Sides::load(request, arguments)?;
    let retained = Retained::open(&sides.settings)?;
    let mut limit = arguments.limit.unwrap_or(u64::MAX);
    let mut counters: Vec<Counter> = sides.pairs.iter().map(|_| Counter::default()).collect();
    let (mut old, mut new) = (sides.old, sides.new);
    let mut events = 0;
    retained.blocks(&arguments.selection, |block| {
        let selected = selected(&block, &arguments.selection, &mut limit);
        events += selected.len() as u64;
        for ((one, other), counter) in sides.pairs.iter().zip(&mut counters) {
            old.map(one, &block, &selected);
            new.map(other, &block, &selected);
            compare(&block, &selected, (one, &old.chunk), (other, &new.chunk), counter)?;
        }
        Ok(if limit == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let mappings: Vec<Counted> =
        sides.pairs.iter().zip(counters).map(|((mapping, _), counter)| counter.finish(mapping.name())).collect();
    let different = mappings.iter().map(|mapping| mapping.different).max().unwrap_or_default();
    let Unpaired { only_old, only_new } = sides.unpaired;
    let same = different == 0 && only_old.is_empty() && only_new.is_empty();
    let report = Report { same, events, mappings, only_old, only_new };
    let text = match arguments.format {
        CheckFormat::Json => serde_json::to_string(&report).map_err(running)? + "\n",
        CheckFormat::Text => told(&report, &retained, Paint::on(&io::stdout())),
    };
    print(out, &text)?;
    if same { Ok(()) } else { Err(Failure::Running(format!("headwater: {different} of {events} events differ"))) }
}

/// One side: a mapping step of its own.
struct Side {
    scratch: Scratch,
    chunk: RecordChunk,
}

impl Side {
    fn new(settings: &Settings, look_ups: &LookUps) -> Self {
        Self { scratch: pipeline::scratch(&settings.mapper, look_ups), chunk: RecordChunk::default() }
    }

    fn map(&mut self, mapping: &Arc<Mapping>, block: &Arc<Block>, selected: &[Offset]) {
        let wanted = |offset: Offset| selected.binary_search(&offset).is_ok();
        let program = std::slice::from_ref(mapping);
        mapping::map_where(program, block, &mut self.scratch, &mut self.chunk, |_, offset, _| wanted(offset));
    }
}

/// What is compared with what.
struct Sides {
    /// Where the journal is.
    settings: Settings,
    pairs: Vec<(Arc<Mapping>, Arc<Mapping>)>,
    unpaired: Unpaired,
    old: Side,
    new: Side,
}

/// Mappings without a counterpart.
#[derive(Default)]
struct Unpaired {
    only_old: Vec<String>,
    only_new: Vec<String>,
}

fn is_configuration(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("conf"))
}

impl Sides {
    fn load(request: &LoadRequest, arguments: &DiffArguments) -> Result<Self, Failure> {
        match (is_configuration(&arguments.old), is_configuration(&arguments.new)) {
            (true, true) => Self::configurations(request, arguments),
            (false, false) => Self::scripts(request, arguments),
            _ => Err(Failure::Config(
                "headwater: a script is compared with a script, and a configuration with a configuration\n  hint: what \
                 ends in .conf is taken for a configuration"
                    .to_owned(),
            )),
        }
    }

    fn configurations(request: &LoadRequest, arguments: &DiffArguments) -> Result<Self, Failure> {
        if arguments.schema.is_some() {
            return Err(Failure::Config("headwater: --schema goes with scripts; configurations name their own".into()));
        }
        let load = |path: &Path| {
            let request = LoadRequest { config: Some(path.to_owned()), ..request.clone() };
            compile::load(&request).map_err(|errors| Failure::config(&errors))
        };
        let ((mut before, old), (mut after, new)) = (load(&arguments.old)?, load(&arguments.new)?);
        let meant = |mapping: &Mapping| arguments.mapping.as_ref().is_none_or(|name| mapping.name() == name);
        let mut new: Vec<Arc<Mapping>> = new.into_iter().filter(meant).map(Arc::new).collect();
        let (mut pairs, mut unpaired) = (Vec::new(), Unpaired::default());
        for old in old.into_iter().filter(meant).map(Arc::new) {
            match new.iter().position(|new| new.name() == old.name()) {
                Some(at) => pairs.push((old, new.remove(at))),
                None => unpaired.only_old.push(old.name().to_owned()),
            }
        }
        unpaired.only_new = new.iter().map(|new| new.name().to_owned()).collect();
        if pairs.is_empty() {
            return Err(Failure::Config("headwater: the two configurations have no mapping in common".into()));
        }
        let (one, other) = (map::open(&mut before)?, map::open(&mut after)?);
        let (one, other) = (Side::new(&before, &one), Side::new(&after, &other));
        let settings = match &request.config {
            Some(_) => crate::config::load(request).map_err(|errors| Failure::config(&errors))?,
            None => after,
        };
        Ok(Self { settings, pairs, unpaired, old: one, new: other })
    }

    fn scripts(request: &LoadRequest, arguments: &DiffArguments) -> Result<Self, Failure> {
        let mut settings = crate::config::load(request).map_err(|errors| Failure::config(&errors))?;
        let tables = compile::tables(&settings);
        let mapping = the_mapping(&settings, arguments.mapping.as_deref())?;
        let (_, schema) = compile::texts(mapping).map_err(|error| Failure::config(&[error]))?;
        let new_schema = arguments.schema.as_deref().map_or_else(|| Ok(Arc::clone(&schema)), text)?;
        let draft = |script: &Path, schema: &Arc<SourceText>| {
            let made = compile::draft(&settings, mapping, &tables, (&text(script)?, schema));
            made.map(|(mapping, _)| Arc::new(mapping)).map_err(|errors| Failure::config(&errors))
        };
        let pairs = vec![(draft(&arguments.old, &schema)?, draft(&arguments.new, &new_schema)?)];
        let look_ups = map::open(&mut settings)?;
        let (old, new) = (Side::new(&settings, &look_ups), Side::new(&settings, &look_ups));
        Ok(Self { settings, pairs, unpaired: Unpaired::default(), old, new })
    }
}

fn text(path: &Path) -> Result<Arc<SourceText>, Failure> {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Arc::new(SourceText { name, text })),
        Err(error) => {
            let what = format!("file `{name}` cannot be read: {}", reason(&error));
            Err(Failure::config(&[Diagnostic::error(code::FILE, what)]))
        }
    }
}

/// The mapping in whose place the scripts stand.
fn the_mapping<'s>(settings: &'s Settings, name: Option<&str>) -> Result<&'s MappingSettings, Failure> {
    let mut found = settings.mappings.iter().filter(|mapping| name.is_none_or(|name| mapping.name == name));
    if let (Some(only), None) = (found.next(), found.next()) {
        return Ok(only);
    }
    let names: Vec<&str> = settings.mappings.iter().map(|mapping| mapping.name.as_str()).collect();
    let what = name.map_or("there are several mappings".to_owned(), |name| format!("there is no mapping `{name}`"));
    let names = names.join(", ");
    Err(Failure::Config(format!("headwater: {what}\n  hint: name one with --mapping, of: {names}")))
}

/// The offsets of the selected events of a block, as many as the limit leaves.
fn selected(block: &Block, selection: &Selection, limit: &mut u64) -> Vec<Offset> {
    let mut offsets = Vec::new();
    for (offset, bytes) in block.events() {
        if *limit > 0 && selection.takes(offset, codec::decode(bytes).ok().as_ref()) {
            offsets.push(offset);
            *limit -= 1;
        }
    }
    offsets
}

fn compare(
    block: &Block,
    selected: &[Offset],
    (one, old): (&Arc<Mapping>, &RecordChunk),
    (other, new): (&Arc<Mapping>, &RecordChunk),
    counter: &mut Counter,
) -> Result<(), Failure> {
    let same_schema = one.schema().json() == other.schema().json();
    for (offset, bytes) in block.events().filter(|(offset, _)| selected.binary_search(offset).is_ok()) {
        let records = (fate::record(old, offset), fate::record(new, offset));
        if let (Some(before), Some(after)) = records
            && same_schema
            && old.record(before) == new.record(after)
        {
            counter.same();
            continue;
        }
        let event = codec::decode(bytes).ok();
        let of = |mapping: &Arc<Mapping>, chunk| -> Result<Fate, Failure> {
            fate(mapping, chunk, offset, event.as_ref()).map_err(running)
        };
        counter.compare(offset, &of(one, old)?, &of(other, new)?);
    }
    Ok(())
}

/// For people.
fn told(report: &Report, retained: &Retained, paint: Paint) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    for (names, what) in [(&report.only_old, "only in the old"), (&report.only_new, "only in the new")] {
        for name in names {
            let _ = writeln!(text, "mapping {}: {what} configuration", paint.paint(Style::Strong, name));
        }
    }
    if report.events == 0 {
        let _ = writeln!(text, "no event is selected; {}", retained.told());
        return text;
    }
    for mapping in &report.mappings {
        let name = paint.paint(Style::Strong, &mapping.mapping);
        let Counted { events, different, .. } = mapping;
        if *different == 0 {
            let _ = writeln!(text, "mapping {name}: {events} events, all the same");
            continue;
        }
        let _ = writeln!(text, "mapping {name}: {events} events, {different} differ");
        for change in &mapping.outcomes {
            let head = paint.paint(Style::Bad, &format!("{} → {}", change.old, change.new));
            let _ = writeln!(text, "  {head}: {}", counted(change.events));
            for example in &change.examples {
                let _ =
                    writeln!(text, "    event {}  {}", example.offset, tame(&example.message, MESSAGE_CHARACTERS_MAX));
            }
        }
        for change in &mapping.fields {
            let head = paint.paint(Style::Odd, &change.field);
            let _ = writeln!(text, "  {head}: {}", counted(change.events));
            for FieldExample { offset, old, new } in &change.examples {
                let shown = |value: &Option<serde_json::Value>| {
                    value
                        .as_ref()
                        .map_or("no such field".to_owned(), |value| tame(&value.to_string(), VALUE_CHARACTERS_MAX))
                };
                let _ = writeln!(text, "    event {offset}  {} → {}", shown(old), shown(new));
            }
        }
    }
    text
}

fn counted(events: u64) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
}

/// Short, and nothing that a terminal might obey: events come from anybody.
fn tame(text: &str, characters_max: usize) -> String {
    let mut tame: String = text.chars().filter(|character| !character.is_control()).collect();
    if let Some((end, _)) = tame.char_indices().nth(characters_max) {
        tame.truncate(end);
        tame.push('…');
    }
    tame
}
