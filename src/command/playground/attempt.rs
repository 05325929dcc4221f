//! A draft of a mapping, compiled and run over the requests beside it.

use std::{collections::HashMap, ops::Range, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    command::{
        compile,
        map::why_none,
        trial::{Fate, Mapped, Trial, Tried, read},
    },
    config::Settings,
    diagnostic::{Diagnostic, Place, SourceText},
    enrich::LookUps,
    mapping::{KnownTable, Mapping, Step, eval::Seen},
};

/// Requests of a draft that are tried.
const SAMPLES_MAX: usize = 100;

/// What the page asks.
#[derive(Debug, Deserialize)]
pub(super) struct Draft {
    pub(super) mapping: String,
    pub(super) script: String,
    pub(super) schema: String,
    pub(super) requests: String,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct Attempt {
    pub(super) diagnostics: Vec<Told>,
    /// Why no request was tried, if it is not for the diagnostics.
    pub(super) problem: Option<String>,
    pub(super) samples: Vec<Shown>,
}

/// A diagnostic.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    severity: &'static str,
    pub(super) code: &'static str,
    message: String,
    pub(super) places: Vec<At>,
    hints: Vec<String>,
    fix: Option<Fix>,
}

/// What a hint says to write instead.
#[derive(Debug, Serialize)]
struct Fix {
    #[serde(flatten)]
    at: At,
    text: String,
}

/// A place in one of the two texts. Line and column count from one, start and end are in UTF-16 units, as the browser
/// counts them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct At {
    pub(super) file: &'static str,
    pub(super) line: usize,
    pub(super) column: usize,
    start: usize,
    end: usize,
}

/// What became of a request.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    name: String,
    pub(super) outcome: String,
    /// `good`, `odd` or `wrong`.
    pub(super) kind: &'static str,
    pub(super) fields: Vec<FieldShown>,
    steps: Vec<StepShown>,
}

/// A field of the record, as JSON, and where the script has set it.
#[derive(Debug, Serialize)]
pub(super) struct FieldShown {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) place: Option<At>,
}

#[derive(Debug, Serialize)]
struct StepShown {
    place: At,
    seen: String,
}

/// Tries a draft out; none if there is no mapping of its name.
pub(super) async fn attempt(
    settings: &Settings,
    tables: &Arc<[KnownTable]>,
    look_ups: &LookUps,
    draft: Draft,
) -> Option<Attempt> {
    let mapping = settings.mappings.iter().find(|mapping| mapping.name == draft.mapping)?;
    let script = Arc::new(SourceText { name: "script".to_owned(), text: draft.script });
    let schema = Arc::new(SourceText { name: "schema".to_owned(), text: draft.schema });
    let told = |diagnostics: &[Diagnostic]| diagnostics.iter().map(Told::new).collect();
    let (mapping, odd) = match compile::draft(settings, mapping, tables, (&script, &schema)) {
        Ok(compiled) => compiled,
        Err(wrong) => return Some(Attempt { diagnostics: told(&wrong), problem: None, samples: Vec::new() }),
    };
    let (samples, problem) = match try_all(settings, mapping, look_ups, &draft.requests).await {
        Ok(samples) => (samples, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    Some(Attempt { diagnostics: told(&odd), problem, samples })
}

async fn try_all(
    settings: &Settings,
    mapping: Mapping,
    look_ups: &LookUps,
    requests: &str,
) -> Result<Vec<Shown>, String> {
    let samples = read::samples(requests).map_err(|error| format!("requests: {error}"))?;
    let mut trial = Trial::new(settings, vec![Arc::new(mapping)], look_ups).map_err(|error| error.to_string())?;
    let mut shown = Vec::new();
    for sample in samples.iter().take(SAMPLES_MAX) {
        let tried = trial.run(sample, true).await.map_err(|error| error.to_string())?;
        shown.push(show(&sample.name, &trial.mappings()[0], &tried));
    }
    Ok(shown)
}

fn show(name: &str, mapping: &Mapping, tried: &Tried) -> Shown {
    let none =
        |kind, outcome: String| Shown { name: name.to_owned(), outcome, kind, fields: Vec::new(), steps: Vec::new() };
    if tried.elsewhere {
        return none("odd", "this path takes no events".to_owned());
    }
    if let Some(why) = why_none(tried) {
        return none("wrong", format!("no event: {why}"));
    }
    let Some(Mapped { fate, steps }) = tried.events.first().and_then(|event| event.results.first()) else {
        return none("wrong", "no event".to_owned());
    };
    let shown = match fate {
        Fate::Record(record) => {
            let fields = fields(mapping, record, steps);
            Shown { fields, ..none("good", "a record".to_owned()) }
        }
        Fate::OtherSource => none("odd", "the mapping takes no events of this source".to_owned()),
        Fate::Corrupt => none("odd", "left out, it is corrupt (wrong checksum)".to_owned()),
        Fate::Duplicate => none("odd", "left out, it is a duplicate".to_owned()),
        Fate::Dead(refusal) => none("wrong", format!("dead letter, {}: {}", refusal.reason.code(), refusal.message)),
    };
    let steps =
        steps.iter().map(|step| StepShown { place: at(mapping.script(), "script", &step.span), seen: seen(step) });
    Shown { steps: steps.collect(), ..shown }
}

/// What came of a line, in words.
fn seen(step: &Step) -> String {
    match (&step.seen, &step.field) {
        (Seen::Value(Some(value)), Some(field)) => format!("{field} = {value}"),
        (Seen::Value(_), _) => "no value".to_owned(),
        (Seen::Verdict(Some(verdict)), _) => verdict.to_string(),
        (Seen::Verdict(None), _) => "neither true nor false".to_owned(),
        (Seen::Left, _) => "what follows is left out".to_owned(),
    }
}

/// The fields of a record in the order of the schema. The last line that had a value is the one that counts.
fn fields(mapping: &Mapping, record: &str, steps: &[Step]) -> Vec<FieldShown> {
    let values: HashMap<String, Box<RawValue>> = serde_json::from_str(record).unwrap_or_default();
    let places: HashMap<&str, &Range<usize>> = steps
        .iter()
        .filter(|step| matches!(step.seen, Seen::Value(Some(_))))
        .filter_map(|step| Some((step.field.as_deref()?, &step.span)))
        .collect();
    let fields = mapping.schema().fields().iter().map(|field| FieldShown {
        name: field.name.clone(),
        value: values.get(&field.name).map(|value| value.get().to_owned()).unwrap_or_default(),
        place: places.get(field.name.as_str()).map(|span| at(mapping.script(), "script", span)),
    });
    fields.collect()
}

impl Told {
    fn new(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { code, message, places, hints, fix, .. } = diagnostic;
        let file = |place: &Place| if place.source.name == "schema" { "schema" } else { "script" };
        let place = |place: &Place| at(&place.source, file(place), &place.span);
        let fix = places.first().zip(fix.as_deref()).map(|(place, fix)| {
            let at = at(&place.source, file(place), &fix.span);
            Fix { at, text: fix.text.clone() }
        });
        Self {
            severity: if diagnostic.is_error() { "error" } else { "warning" },
            code,
            message: message.clone(),
            places: places.iter().map(place).collect(),
            hints: hints.clone(),
            fix,
        }
    }
}

fn at(source: &SourceText, file: &'static str, span: &Range<usize>) -> At {
    let text = &source.text;
    let before = |at: usize| text.get(..at.min(text.len())).unwrap_or(text);
    let units = |text: &str| text.encode_utf16().count();
    let head = before(span.start);
    let line = head.rsplit('\n').next().unwrap_or_default();
    At {
        file,
        line: head.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        start: units(head),
        end: units(before(span.end)),
    }
}
