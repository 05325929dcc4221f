//! Whether the databases of places can be used: opened once at start, so that mistakes are told with all others.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::read::GzDecoder;
use maxminddb::Reader;

use super::{
    options::path,
    problem::{At, Problems, code},
    relative,
};
use crate::diagnostic::Diagnostic;

/// Largest database that is read; the largest that are sold have about a tenth of this.
const BYTES_MAX: u64 = 4 << 30;
/// What the types of databases with cities have in their name.
const WITH_CITIES: [&str; 2] = ["City", "Enterprise"];
/// Age from which a database is told to be old: they are published every week.
const OLD: Duration = Duration::from_hours(24 * 365);

/// Reports what is wrong with `ip2geo_database` and `ip2geo_databases`, in this order in `files`.
pub fn check(files: &[PathBuf], problems: &Problems) {
    let (one, more) = (path(&["global", "mapper", "ip2geo_database"]), path(&["global", "mapper", "ip2geo_databases"]));
    let first = usize::from(problems.is_set(&one));
    let mut cities = false;
    for (number, file) in files.iter().enumerate() {
        let at = if number < first { At::Value(&one) } else { At::Element(&more, number - first) };
        match read(file).map_err(|error| absent(file, &error)).and_then(|bytes| metadata(file, bytes)) {
            Err(diagnostic) => problems.report(diagnostic, at, ""),
            Ok((kind, built)) => {
                cities |= WITH_CITIES.iter().any(|word| kind.contains(word));
                if number < first && !cities {
                    let message = format!("`{}` is of the type {kind}, which has no cities", file.display());
                    let hint = "values such as `ip2geo().cityName()` need a database of a City or Enterprise type";
                    problems.report(Diagnostic::warning(code::USELESS, message).hint(hint), at, "");
                }
                let age = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(built)).unwrap_or_default();
                if age > OLD && built > 0 {
                    let days = age.as_secs() / (24 * 60 * 60);
                    let message = format!("`{}` was made {days} days ago: addresses have moved since", file.display());
                    let hint = "databases are published every week; one that is put in its place is used at once";
                    problems.report(Diagnostic::warning(code::USELESS, message).hint(hint), at, "");
                }
            }
        }
    }
}

fn absent(file: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the database of places `{}` cannot be read: {error}", file.display());
    Diagnostic::error(code::ABSENT, message).hint(relative(file))
}

/// Type of a database, and when it was made, in seconds since the Unix epoch.
fn metadata(file: &Path, bytes: Vec<u8>) -> Result<(String, u64), Diagnostic> {
    let opened = Reader::from_source(bytes).map_err(|_| {
        let message = format!("`{}` is not a MaxMind database", file.display());
        let hint = "a file of the kind `GeoLite2-City.mmdb` is wanted; a compressed one must end in `.gz`";
        Diagnostic::error(code::VALUE, message).hint(hint)
    })?;
    opened.verify().map_err(|error| {
        let message = format!("the database of places `{}` is damaged: {error}", file.display());
        Diagnostic::error(code::VALUE, message).hint("fetch it once more")
    })?;
    let metadata = opened.metadata();
    Ok((metadata.database_type.clone(), metadata.build_epoch))
}

/// The bytes of a database, decompressed when its name ends in `.gz`.
///
/// # Errors
/// The file cannot be read, or is not what its name says.
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    let opened = File::open(file)?;
    let mut bytes = Vec::new();
    if file.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(opened).take(BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        opened.take(BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
