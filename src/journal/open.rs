//! Opens a journal: in memory, or with the segments that a former process left.

use std::{io, path::Path, sync::Arc, time::Instant};

use uuid::Uuid;

use crate::{
    checkpoint::Offset,
    disk::Disk,
    util::sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
};

use super::{
    Block, Forget, GapReason, Journal, JournalError, JournalSettings, NoRoom, Shared,
    catalog::Catalog,
    cursor,
    format::End,
    intake::Intake,
    rate::Rate,
    recovery::{self, Recovered},
    ring::Ring,
    space::{Limits, Preparer, Space},
    store::Store,
    writer::{self, Writer},
};

/// A journal whose thread does not run yet.
pub(super) struct Opened {
    pub(super) shared: Arc<Shared>,
    pub(super) writer: Writer,
    /// Where segments come from; none in memory.
    pub(super) space: Option<Arc<Space>>,
}

impl Journal {
    /// Opens the journal and starts its thread. `forget` is told of every block that is refused after all, before
    /// anything new is taken.
    ///
    /// # Errors
    /// The directory cannot be used, another process uses it, or there is no room for the first event.
    pub fn open(
        settings: JournalSettings,
        disk: Arc<dyn Disk>,
        forget: Box<dyn Fn(&Block) + Send>,
    ) -> Result<Self, JournalError> {
        let directory = settings.directory.clone();
        let failed = io_at(&directory);
        let Opened { shared, writer, space } = open(settings, disk, forget)?;
        let join = writer::spawn(writer).map_err(&failed)?;
        let thread = join.thread().clone();
        let preparer = space.map(|space| Preparer::spawn(&space, thread.clone())).transpose().map_err(failed)?;
        Ok(Self { shared, thread, join: Mutex::new(Some(join)), preparer: Mutex::new(preparer) })
    }
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> JournalError {
    move |source| JournalError::Io { path: path.to_owned(), source }
}

/// Opens the journal without its threads.
pub(super) fn open(settings: JournalSettings, disk: Arc<dyn Disk>, forget: Forget) -> Result<Opened, JournalError> {
    open_as(Uuid::new_v4(), settings, disk, forget)
}

/// Opens the journal without its threads; a new one gets this identity.
pub(super) fn open_as(
    fresh: Uuid,
    settings: JournalSettings,
    disk: Arc<dyn Disk>,
    forget: Forget,
) -> Result<Opened, JournalError> {
    let directory = settings.directory.clone();
    let cursors = directory.join("cursors");
    disk.create_dir_all(&cursors, true).map_err(io_at(&cursors))?;
    if settings.durability == super::Durability::None {
        return Ok(in_memory(fresh, settings, disk, forget));
    }
    let lock = disk.lock(&directory.join("lock")).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => JournalError::InUse { path: directory.clone() },
        _ => io_at(&directory)(error),
    })?;
    let began = Instant::now();
    let recovered = recovery::recover(fresh, &directory, &*disk, true)?;
    settings.metrics.journal_recovery.set(began.elapsed().as_secs_f64());
    tell(&recovered);
    let limits = Limits {
        directory: directory.clone(),
        segment_bytes: settings.segment_bytes,
        bytes_max: settings.bytes_max,
        reserve_bytes: settings.reserve_bytes,
        erase: settings.erase,
    };
    let Recovered { id, segments, spares, number, previous, next, before, cut, .. } = recovered;
    let catalog = Catalog::new(segments, cut);
    let space = Arc::new(Space::open(limits, Arc::clone(&disk), spares, catalog.bytes()));
    let first = catalog.first().unwrap_or(next);
    let shared = Arc::new(Shared {
        ring: Ring::new(next, settings.memory_bytes_max),
        intake: Mutex::new(Intake::new(next, true, 0)),
        catalog: Mutex::new(catalog),
        synced: AtomicU64::new(next.0),
        ..blank(settings, id, first, disk, forget, Some(lock))
    });
    cursor::mark_all(&shared)?;
    let mut store = Store::new(Arc::clone(&shared), Arc::clone(&space), number, previous, before);
    store.free();
    store.shrink_last();
    let holds = store.holds();
    // With events to deliver there will be room: the sinks go on, and requests are refused until then.
    if let Some(reason) = store.no_room().filter(|_| !holds) {
        return Err(JournalError::NoRoom { path: directory, segment: shared.settings.segment_bytes, reason });
    }
    if store.no_room().is_none() {
        store.begin(next).map_err(io_at(&directory))?;
    }
    shared.intake().settle(store.room(), store.reserved());
    let writer = Writer::new(Arc::clone(&shared), Some(store), before);
    Ok(Opened { shared, writer, space: Some(space) })
}

fn in_memory(id: Uuid, settings: JournalSettings, disk: Arc<dyn Disk>, forget: Forget) -> Opened {
    let first = Offset(0);
    let shared = Arc::new(blank(settings, id, first, disk, forget, None));
    let writer = Writer::new(Arc::clone(&shared), None, None);
    Opened { shared, writer, space: None }
}

/// A journal in memory that holds nothing.
fn blank(
    settings: JournalSettings,
    id: Uuid,
    first: Offset,
    disk: Arc<dyn Disk>,
    forget: Forget,
    lock: Option<Box<dyn std::any::Any + Send + Sync>>,
) -> Shared {
    Shared {
        is_looked_through: AtomicBool::new(settings.look_through),
        settings,
        id,
        first,
        disk,
        intake: Mutex::new(Intake::new(first, false, u64::MAX)),
        ring: Ring::new(first, u64::MAX),
        catalog: Mutex::default(),
        held_events: AtomicU64::new(0),
        held_bytes: AtomicU64::new(0),
        synced: AtomicU64::new(first.0),
        sickness: Mutex::new(None),
        no_room: Mutex::new(None::<NoRoom>),
        forget: Mutex::new(forget),
        rate: Rate::new(Instant::now()),
        left: AtomicU64::new(0),
        _lock: lock,
    }
}

/// Says what the start has found.
fn tell(recovered: &Recovered) {
    for (file, missing) in &recovered.damage {
        tracing::error!(segment = %file.display(), %missing, "the journal is damaged; these events are lost");
    }
    if recovered.before == Some(GapReason::Unclean) {
        let End { next: end, .. } = recovered.previous;
        let (events, next) = (end, recovered.next);
        tracing::warn!(%events, %next, "the journal was not closed; numbering goes on behind what may have been used");
    }
    if !recovered.segments.is_empty() {
        tracing::info!(segments = recovered.segments.len(), next = %recovered.next, "journal recovered");
    }
}
