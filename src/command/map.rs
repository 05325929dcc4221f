//! `headwater map`: what becomes of requests, without a server, a journal or a sink.

mod listen;

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read as _, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::runtime::Runtime;

use super::{
    Failure, compile, print,
    trial::{Fate, Mapped, Sample, Trial, TrialError, Tried, TriedEvent, read},
};
use crate::{
    config::{LoadRequest, Settings, settings::SourceSettings},
    diagnostic,
    enrich::LookUps,
    event::codec,
    mapping::{Mapping, eval::Seen},
    reload,
    util::{
        reason::reason,
        terminal::{Paint, Style, wants_color},
    },
};

/// Where the original's mapping test server listens.
const ADDRESS: &str = "127.0.0.1:8390";

/// Characters of a value and of a line of the script in a trace.
const VALUE_CHARACTERS_MAX: usize = 80;

/// What to try.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct MapArguments {
    /// File with requests (HAR, HTTP, addresses or JSON lines); `-` is the standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(required_unless_present = "listen", conflicts_with = "listen")]
    pub request: Option<PathBuf>,
    /// Answer requests with the record, as the original's mapping test server does
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1, default_missing_value = ADDRESS)]
    pub listen: Option<SocketAddr>,
    /// Only this mapping
    #[arg(long, value_name = "NAME")]
    pub mapping: Option<String>,
    /// Say which lines of the script were carried out, and with which values
    #[arg(long)]
    pub trace: bool,
}

/// Prints the records of the requests, or answers with them until told to stop.
///
/// # Errors
/// See [`Failure`]; also that a request has no record although a mapping takes it.
pub fn run(request: &LoadRequest, arguments: &MapArguments, out: &mut impl Write) -> Result<(), Failure> {
    let (mut settings, mappings) = compile::load(request).map_err(|errors| Failure::config(&errors))?;
    eprint!("{}", diagnostic::render(&settings.warnings, wants_color(&io::stderr())));
    let mappings = chosen(mappings, arguments.mapping.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(running)?;
    let look_ups = open(&mut settings)?;
    if let Some(address) = arguments.listen {
        return listen::run(&settings, mappings, &look_ups, address, &runtime, out);
    }
    let path = arguments.request.as_deref().unwrap_or(Path::new("-"));
    let wrong = |what: String| Failure::Config(format!("headwater: {}: {what}", name_of(path)));
    let text = text_of(path).map_err(|error| wrong(reason(&error)))?;
    let samples = read::samples(&text).map_err(|error| wrong(error.to_string()))?;
    let trial = Trial::new(&settings, mappings, &look_ups).map_err(running)?;
    try_all(&settings, trial, &samples, arguments.trace, &runtime, out)
}

/// The databases of places and the tables that the configuration names.
pub(super) fn open(settings: &mut Settings) -> Result<LookUps, Failure> {
    reload::open(settings).map_err(|error| Failure::Config(format!("headwater: {error}")))
}

/// Where events go.
fn event_paths(settings: &Settings) -> Vec<String> {
    let path = |source: &SourceSettings| match source {
        SourceSettings::Browser(browser) => format!("{}{}", browser.prefix, browser.event_suffix),
        SourceSettings::Json(json) => json.event_path.clone(),
    };
    settings.sources.iter().map(path).collect()
}

fn running(error: impl std::fmt::Display) -> Failure {
    Failure::Running(format!("headwater: {error}"))
}

/// The mappings that are asked for.
fn chosen(mappings: Vec<Mapping>, name: Option<&str>) -> Result<Vec<Arc<Mapping>>, Failure> {
    let names: Vec<String> = mappings.iter().map(|mapping| mapping.name().to_owned()).collect();
    let wanted = |mapping: &Mapping| name.is_none_or(|name| mapping.name() == name);
    let chosen: Vec<_> = mappings.into_iter().filter(wanted).map(Arc::new).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let name = name.unwrap_or_default();
    let nearest = diagnostic::nearest(name, names.iter().map(String::as_str));
    let hint =
        nearest.map_or_else(|| format!("there are: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
    let what = if names.is_empty() {
        "there is no mapping".to_owned()
    } else {
        format!("there is no mapping `{name}`\n  hint: {hint}")
    };
    Err(Failure::Config(format!("headwater: {what}")))
}

fn name_of(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = fs::read(path)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Records go to the standard output, everything else to the standard error.
fn try_all(
    settings: &Settings,
    mut trial: Trial,
    samples: &[Sample],
    trace: bool,
    runtime: &Runtime,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let paint = Paint::on(&io::stderr());
    let (mut elsewhere, mut failed, mut events) = (0, 0, 0);
    for (index, sample) in samples.iter().enumerate() {
        let tried = runtime.block_on(trial.run(sample, trace)).map_err(|error: TrialError| running(error))?;
        if tried.elsewhere {
            elsewhere += 1;
            continue;
        }
        let teller = Teller { number: index + 1, sample, mappings: trial.mappings(), trace, paint };
        let told = teller.tell(&tried);
        print(out, &told.records)?;
        eprint!("{}", told.remarks);
        failed += usize::from(told.failed);
        events += tried.events.len();
    }
    if elsewhere > 0 {
        eprintln!("headwater: {elsewhere} of {} requests go to paths that take no events here", samples.len());
    }
    if elsewhere == samples.len() {
        let paths = event_paths(settings).join(", ");
        return Err(Failure::Running(format!("headwater: no request brings an event\n  hint: events go to {paths}")));
    }
    if failed > 0 {
        return Err(Failure::Running(format!(
            "headwater: {failed} of {} requests have no record ({events} events)",
            samples.len() - elsewhere
        )));
    }
    Ok(())
}

/// Says what became of one sample.
struct Teller<'a> {
    number: usize,
    sample: &'a Sample,
    mappings: &'a [Arc<Mapping>],
    trace: bool,
    paint: Paint,
}

#[derive(Default)]
struct Told {
    records: String,
    remarks: String,
    /// Something that was to become a record did not.
    failed: bool,
}

impl Teller<'_> {
    fn tell(&self, tried: &Tried) -> Told {
        let mut told = Told::default();
        if let Some(why) = why_none(tried) {
            told.failed = true;
            self.remark(&mut told, Style::Bad, &format!("no event: {why}"));
        }
        for event in &tried.events {
            self.event(event, &mut told);
        }
        told
    }

    fn event(&self, event: &TriedEvent, told: &mut Told) {
        if self.trace {
            self.remark(told, Style::Strong, &about(event));
        }
        let several = self.mappings.len() > 1;
        for (mapping, Mapped { fate, steps }) in self.mappings.iter().zip(&event.results) {
            let name = mapping.name();
            match fate {
                Fate::Record(record) if several => {
                    let name = serde_json::Value::from(name);
                    // Writing to a text cannot fail.
                    let _ = writeln!(told.records, "{{\"mapping\":{name},\"record\":{record}}}");
                }
                Fate::Record(record) => {
                    let _ = writeln!(told.records, "{record}");
                }
                Fate::OtherSource if several && !self.trace => {}
                Fate::OtherSource => {
                    self.remark(told, Style::Odd, &format!("mapping {name}: takes no events of this source"));
                }
                Fate::Corrupt => {
                    self.remark(told, Style::Odd, &format!("mapping {name}: left out, it is corrupt (wrong checksum)"));
                }
                Fate::Duplicate => {
                    self.remark(told, Style::Odd, &format!("mapping {name}: left out, it is a duplicate"));
                }
                Fate::Dead(refusal) => {
                    told.failed = true;
                    let at = refusal.position.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
                    let (code, message) = (refusal.reason.code(), &refusal.message);
                    let text = format!("mapping {name}: dead letter, {code}{at}: {message}");
                    self.remark(told, Style::Bad, &text);
                }
            }
            if !steps.is_empty() {
                let _ = write!(told.remarks, "{}", trace(mapping, steps, self.paint));
            }
        }
    }

    fn remark(&self, told: &mut Told, style: Style, text: &str) {
        let head = self.paint.paint(Style::Faint, &format!("request {} ({}):", self.number, self.sample.name));
        let _ = writeln!(told.remarks, "{head} {}", self.paint.paint(style, text));
    }
}

/// Why no event was made of a sample.
#[must_use]
pub fn why_none(tried: &Tried) -> Option<String> {
    if !tried.events.is_empty() {
        return None;
    }
    if let Some(reason) = tried.dropped.first() {
        return Some(format!("{reason} is missing or invalid"));
    }
    let (status, text) = tried.answer.as_ref()?;
    let detail = serde_json::from_str::<serde_json::Value>(text).ok();
    let detail = detail.as_ref().and_then(|problem| problem["detail"].as_str()).unwrap_or(text);
    Some(match (status, detail) {
        (304, _) => "it repeats a request that was an event already (If-None-Match)".to_owned(),
        (_, "") => format!("it is answered with {status}"),
        (_, text) => format!("it is answered with {status}: {text}"),
    })
}

fn about(event: &TriedEvent) -> String {
    codec::decode(&event.bytes).map_or_else(
        |error| error.to_string(),
        |event| {
            let flags = [(event.flags.corrupt, ", corrupt"), (event.flags.duplicate, ", duplicate")];
            let flags: String = flags.into_iter().filter_map(|(set, text)| set.then_some(text)).collect();
            format!(
                "event {} of source {}, {}{flags}",
                event.event_id,
                event.source,
                event.event_type.unwrap_or("no type")
            )
        },
    )
}

/// The lines of the script that were carried out.
fn trace(mapping: &Mapping, steps: &[crate::mapping::Step], paint: Paint) -> String {
    let script = mapping.script();
    let mut text =
        format!("  {} {}\n", paint.paint(Style::Heading, "mapping"), paint.paint(Style::Strong, mapping.name()));
    let rows: Vec<(String, String, String)> = steps
        .iter()
        .map(|step| {
            let line = script.text.get(..step.span.start).unwrap_or_default().matches('\n').count() + 1;
            let code = script.text.get(step.span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
            let value = match (&step.seen, &step.field) {
                (Seen::Value(Some(value)), Some(field)) => format!("{field} = {}", cut(&value.to_string())),
                (Seen::Value(_), field) => format!("{} stays, there is no value", field.as_deref().unwrap_or_default()),
                (Seen::Verdict(Some(verdict)), _) => verdict.to_string(),
                (Seen::Verdict(None), _) => "neither true nor false: there is no value".to_owned(),
                (Seen::Left, _) => "what follows is left out".to_owned(),
            };
            (format!("{}:{line}", script.name), cut(code), value)
        })
        .collect();
    let width = |column: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
    };
    let (place, code) = (width(|row| &row.0), width(|row| &row.1));
    for row in &rows {
        let at = paint.paint(Style::Faint, &format!("{:place$}", row.0));
        let _ = writeln!(text, "    {at}  {:code$}  {}", row.1, paint.paint(Style::Link, &format!("→ {}", row.2)));
    }
    text
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
