//! Databases of places, while the program runs.

use std::{io, path::PathBuf, sync::Arc};

use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};

use super::{LOOK_EVERY, stamp::Watched};
use crate::{
    config::geo,
    enrich::geo::{CurrentPlaces, GeoError, Places},
    metrics::Metrics,
};

/// How metrics name what is reloaded here.
const WHAT: &str = "places";

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

/// Looks at the files for ever, and at once when there is a signal: uses what was put in their place once it is whole and
/// has passed the same checks as at start. What has not passed is told, and the databases in use stay.
pub async fn follow_places(files: Vec<PathBuf>, places: Arc<CurrentPlaces>, metrics: Metrics, mut hangup: Signal) {
    super::declare(&metrics, WHAT);
    let mut watched = Watched::new(files.clone());
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let asked = tokio::select! {
            _ = look.tick() => false,
            signal = hangup.recv() => signal.is_some(),
        };
        if asked {
            watched.take();
        } else if !watched.changed() {
            continue;
        }
        let files = files.clone();
        let result = match tokio::task::spawn_blocking(move || load(&files)).await {
            Ok(Ok(fresh)) => {
                tracing::info!(databases = ?fresh, "places are looked up in the files as they are now");
                places.set(fresh);
                "done"
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the databases of places that are in use stay");
                "refused"
            }
            Err(error) => {
                tracing::error!(%error, "the databases of places could not be loaded");
                "refused"
            }
        };
        metrics.reloads(WHAT, result).inc();
    }
}
