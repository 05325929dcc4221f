//! Tables whose rows are found by a key, read from CSV (RFC 4180) or JSON.
//!
//! All values are texts in one buffer, and a row holds only the values that it has: a table takes memory by what is in
//! its file, and finding a value allocates nothing.

mod build;
mod csv;
mod json;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    path::Path,
};

use hashbrown::HashTable;

use build::Builder;

/// Most columns of a table.
pub const COLUMNS_MAX: usize = 1000;

/// Largest text that is read, in bytes.
pub const BYTES_MAX: u64 = 1 << 30;

/// Most mistakes of one text that are told; whoever looks for more stops there.
const FAULTS_MAX: usize = 5;

/// How a text holds rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// What the name of its file says, else what the text begins with.
    #[default]
    Auto,
    /// A line with the names of the columns, then one row after the other.
    Csv,
    /// An array of objects, or one object a line.
    Json,
}

impl Format {
    /// `Csv` or `Json`.
    fn of(self, file: &Path, text: &str) -> Self {
        if self != Self::Auto {
            return self;
        }
        let ending = file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("csv") => Self::Csv,
            Some("json" | "jsonl" | "ndjson") => Self::Json,
            _ if text.trim_start().starts_with(['[', '{']) => Self::Json,
            _ => Self::Csv,
        }
    }
}

/// How a text is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Name of its file, which may say the format.
    pub file: &'a Path,
    /// How it holds rows.
    pub format: Format,
    /// Name of the column whose values rows are found by.
    pub key: &'a str,
    /// Most rows.
    pub rows_max: usize,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {problem}")]
pub struct Fault {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line. Messages name no values, which may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is too long to be read.
    #[error("is followed by more than {BYTES_MAX} bytes")]
    TooLong,
    /// Bytes that are no text.
    #[error("is not in UTF-8")]
    Encoding,
    /// There is no row that could say which columns there are.
    #[error("is where rows were expected, but there are none")]
    Empty,
    /// The header lacks the key.
    #[error("has no column `{key}`; it has {}", listed(.columns))]
    NoKeyColumn {
        /// The key.
        key: String,
        /// The columns that it has.
        columns: Vec<String>,
    },
    /// A column that cannot be asked for.
    #[error("has a column without a name")]
    NamelessColumn,
    /// Two columns of one name.
    #[error("has the column `{0}` twice")]
    ColumnTwice(String),
    /// More columns than can be.
    #[error("makes more than {COLUMNS_MAX} columns")]
    TooManyColumns,
    /// More rows than are asked for.
    #[error("is beyond the {0} rows that are allowed")]
    TooManyRows(usize),
    /// Another number of values than the header.
    #[error("has {found} value{} where the header has {wanted}", if *.found == 1 { "" } else { "s" })]
    Width {
        /// Values of the line.
        found: usize,
        /// Columns of the header.
        wanted: usize,
    },
    /// A quote that opens, and no quote that closes.
    #[error("begins a text in quotes that has no end")]
    OpenQuote,
    /// A quote where none can be.
    #[error("has a quote inside a value; such a value must stand in quotes, and its quotes be doubled")]
    StrayQuote,
    /// Something between a closing quote and the next comma.
    #[error("has something behind a closing quote")]
    BehindQuote,
    /// A row without its key.
    #[error("has no value in the key column")]
    NoKey,
    /// A key that is neither text nor number.
    #[error("has a key that is neither a text nor a number")]
    OddKey,
    /// A key that another row has.
    #[error("has the same key as line {0}")]
    KeyTwice(usize),
    /// Not the format at all.
    #[error("is not JSON: {0}")]
    NotJson(String),
    /// Something else than an object.
    #[error("is not an object with a row's values")]
    NoObject,
}

/// Names for a message, not all if there are many.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut quoted: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        quoted.push("…".to_owned());
    }
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}

/// Rows that are found by a key.
#[derive(Clone, Default)]
pub struct Table {
    /// All values, one after the other.
    text: String,
    /// Numbers of the columns by name, in the order in which they were found.
    columns: HashMap<Box<str>, u16>,
    /// The values of all rows, one row after the other.
    cells: Vec<Cell>,
    rows: Vec<Row>,
    /// Numbers of rows by key.
    index: HashTable<u32>,
    hasher: RandomState,
}

/// A value: where it begins in the text; it goes up to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    start: u32,
    column: u16,
}

/// A row: number of its first value, which go up to the next row's, and that of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    cells: u32,
    key: u32,
}

/// A value by its number.
fn value<'t>(text: &'t str, cells: &[Cell], number: usize) -> Option<&'t str> {
    let start = cells.get(number)?.start as usize;
    let end = cells.get(number + 1).map_or(text.len(), |next| next.start as usize);
    text.get(start..end)
}

impl Table {
    /// Reads a text.
    ///
    /// # Errors
    /// The first few mistakes, in the order of their lines.
    pub fn read(bytes: &[u8], reading: &Reading<'_>) -> Result<Self, Vec<Fault>> {
        let fault = |line, problem| vec![Fault { line, problem }];
        if bytes.len() as u64 > BYTES_MAX {
            return Err(fault(1, Problem::TooLong));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| fault(1 + newlines(&bytes[..error.valid_up_to()]), Problem::Encoding))?;
        // Written by some editors and spreadsheets.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = Builder::new(reading.key, reading.rows_max);
        match reading.format.of(reading.file, text) {
            Format::Json => json::read(text, &mut builder),
            Format::Csv | Format::Auto => csv::read(text, &mut builder),
        }
        builder.finish()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is such a column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// Names of the columns, in the order in which they were found.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<_> = self.columns.iter().map(|(name, number)| (*number, name.to_string())).collect();
        columns.sort_unstable();
        columns.into_iter().map(|(_, name)| name).collect()
    }

    /// Number of the row of a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<u32> {
        self.index.find(self.hasher.hash_one(key), |row| self.key(*row) == Some(key)).copied()
    }

    /// A row's value in a column; none if there is no such row or column, or the row has none there.
    #[must_use]
    pub fn value(&self, row: u32, column: &str) -> Option<&str> {
        let column = *self.columns.get(column)?;
        let start = self.rows.get(row as usize)?.cells as usize;
        let end = self.rows.get(row as usize + 1).map_or(self.cells.len(), |next| next.cells as usize);
        let number = start + self.cells[start..end].iter().position(|cell| cell.column == column)?;
        value(&self.text, &self.cells, number)
    }

    fn key(&self, row: u32) -> Option<&str> {
        value(&self.text, &self.cells, self.rows.get(row as usize)?.key as usize)
    }
}

/// The same columns, rows and values in the same order.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.columns == other.columns && self.rows == other.rows && self.cells == other.cells && self.text == other.text
    }
}

/// Without the values, which may be personal data.
impl std::fmt::Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Table");
        shown.field("rows", &self.len()).field("columns", &self.columns.len()).finish_non_exhaustive()
    }
}

fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}
