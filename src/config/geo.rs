//! Whether the database of places can be used: opened once at start, so that a mistake is told with all others.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
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

/// Reports what is wrong with `divolte.global.mapper.ip2geo_database`.
pub fn check(file: &Path, problems: &Problems) {
    let place = path(&["global", "mapper", "ip2geo_database"]);
    let report = |diagnostic| problems.report(diagnostic, At::Value(&place), "");
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("the database of places `{}` cannot be read: {error}", file.display());
            return report(Diagnostic::error(code::ABSENT, message).hint(relative(file)));
        }
    };
    match Reader::from_source(bytes) {
        Err(_) => {
            let message = format!("`{}` is not a MaxMind database", file.display());
            let hint = "a file of the kind `GeoLite2-City.mmdb` is wanted; a compressed one must end in `.gz`";
            report(Diagnostic::error(code::VALUE, message).hint(hint));
        }
        Ok(reader) => {
            let kind = &reader.metadata().database_type;
            if !WITH_CITIES.iter().any(|word| kind.contains(word)) {
                let message = format!("`{}` is of the type {kind}, which has no cities", file.display());
                let hint = "values such as `ip2geo().cityName()` need a database of a City or Enterprise type";
                report(Diagnostic::warning(code::USELESS, message).hint(hint));
            }
        }
    }
}

/// The database, decompressed when its name ends in `.gz`.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let opened = File::open(file)?;
    let mut bytes = Vec::new();
    if file.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(opened).take(BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        opened.take(BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
