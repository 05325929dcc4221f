//! Sends a part of a replay: the wiring of its delivery.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use super::{
    Context, Failure,
    feed::{Again, Feed, LetterReader, Paced, Progress, Wanted},
    look, names,
    plan::{Part, Plan, What},
};
use crate::{
    checkpoint::{MappingTotals, Offset, Outcomes, Span, Totals},
    command::retained::{Selection, journal_failed, running},
    config::settings::FileSettings,
    delivery::{self, Ending, Health, Map as _},
    disk::{Disk, RealDisk},
    journal::{ArchiveReader, Cursor, ReadBlocks as _, ReadError},
    metrics::Metrics,
    record::chunk::RecordChunk,
    sink::{
        Behind, DeadLetters, Ledger,
        file::{FileNumbers, FileSink},
    },
    util::clock::{Clock, SystemClock},
};

/// How often the progress is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// Cells of the progress bar.
const BAR_WIDTH: usize = 30;

/// A part that is ready to be sent.
pub(super) struct Sending<'a> {
    context: &'a Context,
    part: &'a Part,
    sink: &'a FileSettings,
    feed: Feed,
    step: Again,
}

impl<'a> Sending<'a> {
    /// Opens what it reads.
    pub(super) fn new(context: &'a Context, part: &'a Part, selection: &Selection) -> Result<Self, Failure> {
        let sink = context.sink(&part.sink)?;
        let (feed, wanted) = match &part.what {
            What::Events { journal, next, before, .. } => {
                let archive = context.retained.archive().filter(|archive| archive.id() == *journal);
                let gone = || {
                    let directory = context.settings.journal.directory.display();
                    Failure::Running(format!("headwater: the journal in {directory} is not that of the replay"))
                };
                let archive = archive.cloned().ok_or_else(gone)?;
                let reader = ArchiveReader::new(archive, Offset(*next));
                (Feed::Events(reader), Wanted::Events(selection.clone(), Offset(*before)))
            }
            What::Letters { files, before } => {
                let (files, wanted) = look::letters_again(context, sink, selection, files, *before)?;
                (Feed::Letters(Box::new(LetterReader::new(files))), Wanted::Letters(wanted))
            }
        };
        let (mappings, scratch) = (context.mappings(sink), context.scratch());
        let step = Again { mappings, scratch, wanted, progress: Arc::default() };
        Ok(Self { context, part, sink, feed, step })
    }

    /// Maps everything and sends nothing.
    pub(super) fn dry(mut self) -> Result<Totals, Failure> {
        let runtime = runtime()?;
        let mut reader = self.paced(None);
        reader.seek(self.part.span().first);
        let mut totals: Vec<Outcomes> = self.step.mappings.iter().map(|_| Outcomes::default()).collect();
        let mut chunk = RecordChunk::default();
        loop {
            match runtime.block_on(reader.next()) {
                Ok(block) => self.step.map(&block, &mut chunk),
                Err(ReadError::Gap { missing, .. }) => {
                    chunk.outcomes.clear();
                    for outcomes in &mut totals {
                        outcomes.gap += missing.len();
                    }
                }
                Err(ReadError::Closed) => break,
                Err(error) => return Err(running(error)),
            }
            for (total, found) in totals.iter_mut().zip(&chunk.outcomes) {
                total.add(found);
            }
        }
        let mappings = names(&self.step.mappings).into_iter().zip(totals);
        let total = |(mapping, outcomes)| MappingTotals { mapping, outcomes, ..MappingTotals::default() };
        Ok(Totals { mappings: mappings.map(total).collect() })
    }

    fn paced(&mut self, rate: Option<u32>) -> Paced {
        let nothing = Feed::Letters(Box::new(LetterReader::new(Arc::from([]))));
        let feed = std::mem::replace(&mut self.feed, nothing);
        Paced { feed, rate, began: Instant::now(), progress: Arc::clone(&self.step.progress) }
    }

    /// Sends it, from where it was ended before.
    pub(super) fn send(mut self, plan: &Plan, rate: Option<u32>) -> Result<Totals, Failure> {
        let runtime = runtime()?;
        let progress = Arc::clone(&self.step.progress);
        let span = self.part.span();
        let reader = self.paced(rate);
        let parts = self.parts(plan, reader)?;
        progress.at.store(parts.ledger.last().upto.0, Relaxed);
        let delivery = delivery::spawn(parts, runtime.handle()).map_err(running)?;
        let bar = Bar::new(span);
        while !delivery.is_finished() {
            bar.show(&progress);
            thread::sleep(if bar.shown { SHOWN_EVERY } else { SHOWN_EVERY / 10 });
        }
        bar.clear();
        let status = Arc::clone(&delivery.status);
        let ending = delivery.join();
        let report = status.report();
        match (ending, report.health) {
            (Ending::Drained, _) => Ok(report.totals),
            (_, Health::Stopped(why) | Health::Retrying(why)) => Err(running(why)),
            _ => Err(running("the replay has ended before it was done")),
        }
    }

    fn parts(self, plan: &Plan, reader: Paced) -> Result<delivery::Parts<FileSink, Again, Paced>, Failure> {
        let Self { context, part, sink, step, .. } = self;
        let settings = &context.settings;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Metrics::new();
        let instance = part.instance(plan);
        let first = step.mappings.first().ok_or_else(|| running("no mapping feeds the sink"))?;
        // What is behind the checkpoint can be read and sent again, whatever the journal's durability.
        let behind = Behind::Cut;
        let file = FileSettings { name: instance.clone(), ..sink.clone() };
        let file = FileSink::open(
            &file,
            Arc::clone(first.schema()),
            &Arc::new(FileNumbers::new()),
            Arc::clone(&disk),
            Arc::clone(&clock),
            &metrics,
            behind,
        );
        let file = file.map_err(|error| Failure::Config(format!("headwater: {error}")))?.labelled(&plan.name);
        let letters =
            DeadLetters::new(&settings.dead_letter_directory, &instance, Arc::clone(&disk), Arc::clone(&clock), behind)
                .with_limit(settings.dead_letter_bytes_max);
        let cursor = Cursor::beside(&settings.journal.directory, &disk, part.journal(), &instance, part.span());
        let cursor = cursor.map_err(|error| journal_failed(&error))?;
        Ok(delivery::Parts {
            sink: file,
            ledger: Ledger::new(cursor, names(&step.mappings), letters, &metrics),
            reader,
            map: step,
            metrics,
            backoff: delivery::backoff(),
        })
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(running)
}

/// A bar for who looks at a terminal.
struct Bar {
    span: Span,
    shown: bool,
    began: Instant,
}

impl Bar {
    fn new(span: Span) -> Self {
        Self { span, shown: io::stderr().is_terminal(), began: Instant::now() }
    }

    fn show(&self, progress: &Progress) {
        if !self.shown {
            return;
        }
        let (at, selected) = (progress.at.load(Relaxed), progress.selected.load(Relaxed));
        let (done, all) = (at.saturating_sub(self.span.first.0), self.span.len().max(1));
        let cells = usize::try_from(done.saturating_mul(BAR_WIDTH as u64) / all).unwrap_or_default().min(BAR_WIDTH);
        let rate = u128::from(selected) * 1000 / self.began.elapsed().as_millis().max(1);
        let (full, empty) = ("█".repeat(cells), "·".repeat(BAR_WIDTH - cells));
        eprint!("\r\x1b[K  {full}{empty} {:3} %  {selected} sent, {rate}/s", (done.saturating_mul(100) / all).min(100));
        // A bar that cannot be shown is none.
        let _ = io::stderr().flush();
    }

    fn clear(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
