//! Tables that scripts look up in, by number: their order is that of the configuration, which stays while the program runs.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::{config::settings::TableSettings, util::table::Table};

/// All tables, as they are at one moment.
#[derive(Clone, Debug, Default)]
pub struct Tables(Vec<(Arc<str>, Arc<Table>)>);

impl Tables {
    /// Those that were read when the settings were. One that could not be has no rows.
    #[must_use]
    pub fn new(settings: &[TableSettings]) -> Self {
        let named = |table: &TableSettings| (table.name.as_str().into(), table.table.clone().unwrap_or_default());
        Self(settings.iter().map(named).collect())
    }

    /// A table by its number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Arc<Table>> {
        self.0.get(number).map(|(_, table)| table)
    }

    /// All tables with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Table>)> {
        self.0.iter().map(|(name, table)| (&**name, table))
    }

    /// These, with one exchanged.
    fn with(&self, number: usize, table: Table) -> Self {
        let mut tables = self.clone();
        if let Some((_, place)) = tables.0.get_mut(number) {
            *place = Arc::new(table);
        }
        tables
    }
}

/// The tables in use: each is exchanged as a whole while events are mapped.
#[derive(Debug, Default)]
pub struct CurrentTables {
    /// How often one was exchanged. Looked at before each block, so that nothing is locked for nothing.
    exchanges: AtomicU64,
    tables: Mutex<Arc<Tables>>,
}

impl CurrentTables {
    /// Begins with these.
    #[must_use]
    pub fn new(tables: Tables) -> Self {
        Self { exchanges: AtomicU64::new(0), tables: Mutex::new(Arc::new(tables)) }
    }

    /// Those in use now.
    #[must_use]
    pub fn get(&self) -> Arc<Tables> {
        // The lock guards a pointer, which a panic cannot leave half written.
        Arc::clone(&self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next block on this is the table of that number.
    pub fn set(&self, number: usize, table: Table) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        *tables = Arc::new(tables.with(number, table));
        self.exchanges.fetch_add(1, Ordering::Release);
    }
}

/// The tables as one delivery has taken them up.
#[derive(Debug, Default)]
pub struct TakenTables {
    current: Arc<CurrentTables>,
    exchanges: u64,
    tables: Arc<Tables>,
}

impl TakenTables {
    /// Those in use now.
    #[must_use]
    pub fn new(current: Arc<CurrentTables>) -> Self {
        let exchanges = current.exchanges.load(Ordering::Acquire);
        let tables = current.get();
        Self { current, exchanges, tables }
    }

    /// As they were taken up.
    #[must_use]
    pub fn get(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Takes up what was exchanged since; names of those tables.
    pub fn take_up(&mut self) -> Vec<String> {
        let exchanges = self.current.exchanges.load(Ordering::Acquire);
        if exchanges == self.exchanges {
            return Vec::new();
        }
        let former = std::mem::replace(&mut self.tables, self.current.get());
        self.exchanges = exchanges;
        let pairs = self.tables.iter().zip(former.iter());
        pairs.filter(|((_, new), (_, old))| !Arc::ptr_eq(new, old)).map(|((name, _), _)| name.to_owned()).collect()
    }
}
