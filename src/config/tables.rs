//! `divolte.tables`: tables that scripts look up in. Each is read once at start, so that mistakes are told with all others.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    hocon::Value,
    options::path,
    problem::{At, Problems, code, name},
    relative,
    section::{Limits, Null, Section},
    settings::TableSettings,
};
use crate::{
    diagnostic::{Diagnostic, nearest},
    util::{
        reason::reason,
        table::{BYTES_MAX, Fault, Format, Problem, Reading, Table},
    },
};

/// Most rows that can be asked for; they are counted in 32 bits.
const ROWS_MAX: i64 = 100_000_000;

/// Reads the keys of one table.
pub fn read(table: &str, value: &Value, defaults: &Value, problems: &Problems) -> TableSettings {
    let mut section = Section::new(path(&["tables", table]), value, defaults, Null::Default, problems);
    let file = section.optional_file("file");
    if file.is_none() && !section.has("file") {
        section.missing("file");
    }
    let key = section.required_text("key");
    let format = match section.choice("format", &["auto", "csv", "json"], false) {
        "csv" => Format::Csv,
        "json" => Format::Json,
        _ => Format::Auto,
    };
    let rows_max = section.integer("max_rows", &Limits::only(1..=ROWS_MAX));
    let bytes_max = section.size("max_size", &Limits::only(16..=i64::try_from(BYTES_MAX).unwrap_or(i64::MAX)));
    section.finish();
    TableSettings {
        name: table.to_owned(),
        file: file.unwrap_or_default(),
        key,
        format,
        rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
        bytes_max,
        table: None,
    }
}

/// Reads the tables themselves, and reports what is wrong with them.
pub fn check(tables: &mut [TableSettings], problems: &Problems) {
    // What is missing or misread is told already.
    for table in tables.iter_mut().filter(|table| table.file != Path::new("") && !table.key.is_empty()) {
        match load(table) {
            Ok(read) => table.table = Some(Arc::new(read)),
            Err(error) => tell(table, error, problems),
        }
    }
}

/// A table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file is not there, or may not be read.
    #[error("file `{}` of table `{table}` cannot be read: {}", file.display(), reason(source))]
    Unread {
        /// Name of the table.
        table: String,
        /// Its file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than it may be.
    #[error("file `{}` of table `{table}` is larger than `max_size`, which is {bytes_max} bytes", file.display())]
    TooLarge {
        /// Name of the table.
        table: String,
        /// Its file.
        file: PathBuf,
        /// What was asked for.
        bytes_max: u64,
    },
    /// It does not hold rows.
    #[error("file `{}` of table `{table}` cannot be used: {}", file.display(), told(.faults))]
    Damaged {
        /// Name of the table.
        table: String,
        /// Its file.
        file: PathBuf,
        /// What is wrong, the first few.
        faults: Vec<Fault>,
    },
}

fn told(faults: &[Fault]) -> String {
    let told: Vec<_> = faults.iter().map(Fault::to_string).collect();
    told.join("; ")
}

/// Reads a table from its file.
///
/// # Errors
/// See [`TableError`].
pub fn load(settings: &TableSettings) -> Result<Table, TableError> {
    let (table, file) = (settings.name.clone(), settings.file.clone());
    let bytes = match bytes(&file, settings.bytes_max) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(TableError::TooLarge { table, file, bytes_max: settings.bytes_max }),
        Err(source) => return Err(TableError::Unread { table, file, source }),
    };
    let reading = Reading { file: &file, format: settings.format, key: &settings.key, rows_max: settings.rows_max };
    Table::read(&bytes, &reading).map_err(|faults| TableError::Damaged { table, file: file.clone(), faults })
}

/// All bytes of a file; none if there are too many.
fn bytes(file: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let metadata = fs::metadata(file)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        // A pipe could be waited for without end.
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(file)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
}

fn tell(settings: &TableSettings, error: TableError, problems: &Problems) {
    let (file, key) = (path(&["tables", &settings.name, "file"]), path(&["tables", &settings.name, "key"]));
    match error {
        TableError::Unread { .. } => {
            let diagnostic = Diagnostic::error(code::ABSENT, error.to_string()).hint(relative(&settings.file));
            problems.report(diagnostic, At::Value(&file), "");
        }
        TableError::TooLarge { .. } => {
            let size = path(&["tables", &settings.name, "max_size"]);
            let hint = format!("a larger {} is possible; tables are held in memory", name(&size));
            problems.report(Diagnostic::error(code::TABLE, error.to_string()).hint(hint), At::Value(&file), "");
        }
        TableError::Damaged { faults, .. } => {
            for fault in faults {
                let message = format!("`{}` of table `{}`: {fault}", settings.file.display(), settings.name);
                let diagnostic = Diagnostic::error(code::TABLE, message);
                let (diagnostic, at) = match &fault.problem {
                    Problem::NoKeyColumn { columns, .. } => (column_hint(diagnostic, &settings.key, columns), &key),
                    Problem::TooManyRows(_) => (diagnostic.hint("a larger `max_rows` is possible"), &file),
                    _ => (diagnostic, &file),
                };
                problems.report(diagnostic, At::Value(at), "");
            }
        }
    }
}

fn column_hint(diagnostic: Diagnostic, key: &str, columns: &[String]) -> Diagnostic {
    match nearest(key, columns.iter().map(String::as_str)) {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
        None if columns.iter().any(|column| column.contains([';', '\t'])) => {
            diagnostic.hint("values are separated by commas, not by semicolons or tabs")
        }
        None => diagnostic,
    }
}
