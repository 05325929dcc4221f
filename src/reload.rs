//! Takes up what was exchanged on disk while the program runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    config::geo,
    enrich::geo::{CurrentPlaces, GeoError, Places},
};

/// How often files are looked at. A file counts as whole when it has stayed as it is from one look to the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A database of places cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the database of places `{}` {reason}", file.display())]
pub struct PlacesError {
    file: PathBuf,
    reason: Unusable,
}

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("cannot be read: {0}")]
    Unread(io::Error),
    #[error("cannot be used: {0}")]
    Unfit(GeoError),
}

/// Opens the databases of places; none if there are no files.
///
/// # Errors
/// The first file that cannot be used.
pub fn open_places(files: &[PathBuf]) -> Result<Option<Arc<CurrentPlaces>>, PlacesError> {
    if files.is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(CurrentPlaces::new(load(files)?))))
}

fn load(files: &[PathBuf]) -> Result<Places, PlacesError> {
    let read = |file: &PathBuf| {
        geo::read(file).map_err(|error| PlacesError { file: file.clone(), reason: Unusable::Unread(error) })
    };
    let bytes = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Places::new(bytes)
        .map_err(|(number, error)| PlacesError { file: files[number].clone(), reason: Unusable::Unfit(error) })
}

/// Looks at the files for ever, and uses what was put in their place once it is whole and has passed the same checks as
/// at start. What has not passed is told, and the databases in use stay.
pub async fn follow_places(files: Vec<PathBuf>, places: Arc<CurrentPlaces>) {
    let mut used: Vec<_> = files.iter().map(|file| Stamp::of(file)).collect();
    let mut seen = used.clone();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let now: Vec<_> = files.iter().map(|file| Stamp::of(file)).collect();
        // A file that is missing is about to be put in its place.
        let settled = now == seen && now.iter().all(Option::is_some);
        if settled && now != used {
            let files = files.clone();
            match tokio::task::spawn_blocking(move || load(&files)).await {
                Ok(Ok(fresh)) => {
                    tracing::info!(databases = ?fresh, "places are looked up in the files as they are now");
                    places.set(fresh);
                }
                Ok(Err(error)) => tracing::error!(%error, "the databases of places that are in use stay"),
                Err(error) => tracing::error!(%error, "the databases of places could not be loaded"),
            }
            used.clone_from(&now);
        }
        seen = now;
    }
}

/// What shows that a file was written or exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(file).ok()?;
        Some(Self { length: metadata.len(), modified: metadata.modified().ok(), inode: metadata.ino() })
    }
}
