//! Puts a table together, row by row, and notes what is wrong.

use std::hash::BuildHasher as _;

use super::{COLUMNS_MAX, Cell, FAULTS_MAX, Fault, Problem, Row, Table, value};

/// There is no use in reading on.
#[derive(Debug)]
pub(super) struct Stop;

/// A table under construction.
pub(super) struct Builder<'a> {
    table: Table,
    key: &'a str,
    rows_max: usize,
    /// The line of each row.
    lines: Vec<u32>,
    faults: Vec<Fault>,
    /// For each column the last row that has a value there, counted from 1.
    filled: Vec<u32>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(key: &'a str, rows_max: usize) -> Self {
        let (lines, faults, filled) = (Vec::new(), Vec::new(), Vec::new());
        Self { table: Table::default(), key, rows_max, lines, faults, filled }
    }

    /// The table, if nothing was wrong.
    pub(super) fn finish(mut self) -> Result<Table, Vec<Fault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        self.table.text.shrink_to_fit();
        self.table.cells.shrink_to_fit();
        self.table.rows.shrink_to_fit();
        Ok(self.table)
    }

    /// Notes a mistake. An error means that there are enough.
    pub(super) fn fault(&mut self, line: usize, problem: Problem) -> Result<(), Stop> {
        self.faults.push(Fault { line, problem });
        if self.faults.len() < FAULTS_MAX { Ok(()) } else { Err(Stop) }
    }

    /// Notes a mistake behind which nothing can be understood.
    pub(super) fn fatal(&mut self, line: usize, problem: Problem) -> Stop {
        self.faults.push(Fault { line, problem });
        Stop
    }

    /// Number of the column of this name, which is a new one if it is not known.
    pub(super) fn column(&mut self, name: &str) -> Result<u16, Problem> {
        if let Some(number) = self.table.columns.get(name) {
            return Ok(*number);
        }
        if name.is_empty() {
            return Err(Problem::NamelessColumn);
        }
        if self.filled.len() == COLUMNS_MAX {
            return Err(Problem::TooManyColumns);
        }
        let number = u16::try_from(self.filled.len()).unwrap_or(u16::MAX);
        self.table.columns.insert(name.into(), number);
        self.filled.push(0);
        Ok(number)
    }

    pub(super) fn columns(&self) -> usize {
        self.filled.len()
    }

    /// Whether there is neither a row nor a mistake.
    pub(super) fn is_empty(&self) -> bool {
        self.table.rows.is_empty() && self.faults.is_empty()
    }

    pub(super) fn is_key(&self, column: &str) -> bool {
        column == self.key
    }

    /// What is wrong with the columns, if the key is not among them.
    pub(super) fn missing_key(&self) -> Option<Problem> {
        let missing = || Problem::NoKeyColumn { key: self.key.to_owned(), columns: self.table.columns() };
        (!self.table.has(self.key)).then(missing)
    }

    /// Begins a row.
    pub(super) fn row(&mut self, line: usize) -> Result<Draft, Stop> {
        if self.table.rows.len() == self.rows_max {
            return Err(self.fatal(line, Problem::TooManyRows(self.rows_max)));
        }
        Ok(Draft { line, text: self.table.text.len(), cells: self.table.cells.len() })
    }

    /// Adds a value to the row at hand; `write` appends it. False if the row has a value in this column already.
    pub(super) fn value(&mut self, column: u16, write: impl FnOnce(&mut String)) -> bool {
        let row = narrow(self.table.rows.len() + 1);
        let before = std::mem::replace(&mut self.filled[usize::from(column)], row);
        let start = narrow(self.table.text.len());
        write(&mut self.table.text);
        self.table.cells.push(Cell { start, column });
        before != row
    }

    /// Takes the row at hand away again.
    pub(super) fn forget(&mut self, draft: &Draft) {
        for cell in self.table.cells.drain(draft.cells..) {
            self.filled[usize::from(cell.column)] = 0;
        }
        self.table.text.truncate(draft.text);
    }

    /// Ends the row at hand.
    pub(super) fn add(&mut self, draft: &Draft) -> Result<(), Stop> {
        let Table { text, columns, cells, rows, index, hasher } = &mut self.table;
        let key_column = columns.get(self.key).copied();
        let key = cells[draft.cells..].iter().position(|cell| Some(cell.column) == key_column);
        let number = key.map(|at| draft.cells + at);
        let Some(key) = number.and_then(|number| value(text, cells, number)).filter(|key| !key.is_empty()) else {
            self.forget(draft);
            return self.fault(draft.line, Problem::NoKey);
        };
        let of = |rows: &[Row], row: u32| value(text, cells, rows[row as usize].key as usize).unwrap_or_default();
        let hash = hasher.hash_one(key);
        if let Some(other) = index.find(hash, |row| of(rows, *row) == key) {
            let line = self.lines[*other as usize] as usize;
            self.forget(draft);
            return self.fault(draft.line, Problem::KeyTwice(line));
        }
        let row = narrow(rows.len());
        rows.push(Row { cells: narrow(draft.cells), key: narrow(number.unwrap_or(draft.cells)) });
        index.insert_unique(hash, row, |row| hasher.hash_one(of(rows, *row)));
        self.lines.push(narrow(draft.line));
        Ok(())
    }
}

/// Where a row begins, as long as it can be taken away again.
pub(super) struct Draft {
    pub(super) line: usize,
    text: usize,
    cells: usize,
}

/// A text has far fewer bytes, see [`super::BYTES_MAX`], and a table no more values than bytes.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
