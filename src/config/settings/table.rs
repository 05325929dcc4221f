//! Tables that scripts look up in.

use std::{path::PathBuf, sync::Arc};

use crate::util::table::{Format, Table};

/// `divolte.tables.<name>`.
#[derive(Clone, Debug)]
pub struct TableSettings {
    /// Name of the table.
    pub name: String,
    /// `file`.
    pub file: PathBuf,
    /// `key`: the column whose values rows are found by.
    pub key: String,
    /// `format`.
    pub format: Format,
    /// `max_rows`.
    pub rows_max: usize,
    /// `max_size`, bytes of the file.
    pub bytes_max: u64,
    /// As it was read at start; none if it could not be, or if it was handed over since.
    pub table: Option<Arc<Table>>,
}
