//! Tables, while the program runs.

use std::sync::Arc;

use super::stamp::Watched;
use crate::{
    config::{
        Settings,
        settings::TableSettings,
        tables::{self, TableError},
    },
    enrich::table::{CurrentTables, Tables as Loaded},
    mapping::{KnownTable, Mapping},
    metrics::Metrics,
    util::table::Table,
};

/// How metrics name what is reloaded here.
const WHAT: &str = "tables";

/// The tables of the running program, and where they are exchanged.
pub struct Tables {
    followed: Vec<Followed>,
    current: Arc<CurrentTables>,
    metrics: Metrics,
}

/// A table, and whether its file was exchanged.
struct Followed {
    settings: TableSettings,
    watched: Watched,
    /// The file was refused because it lacks what a script reads; another script may do without.
    waiting: bool,
}

/// Why what stands in a file is not taken up.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("it has no column `{column}`, which the script of mapping `{mapping}` reads")]
    Column { column: String, mapping: String },
}

impl Tables {
    /// Those of the settings.
    #[must_use]
    pub fn new(settings: &Settings, current: Arc<CurrentTables>, metrics: Metrics) -> Self {
        super::declare(&metrics, WHAT);
        let followed = |settings: &TableSettings| Followed {
            watched: Watched::new(vec![settings.file.clone()]),
            settings: settings.clone(),
            waiting: false,
        };
        Self { followed: settings.tables.iter().map(followed).collect(), current, metrics }
    }

    /// What scripts may learn of the tables in use.
    #[must_use]
    pub fn known(&self) -> Arc<[KnownTable]> {
        known(&self.current.get())
    }

    /// Reads the files that were exchanged, or all when it is `asked`. Whether any was taken up.
    pub(super) async fn look(&mut self, asked: bool, mappings: &[Arc<Mapping>]) -> bool {
        let mut any = false;
        for number in 0..self.followed.len() {
            let watched = &mut self.followed[number].watched;
            if asked {
                watched.take();
            }
            if asked || watched.changed() {
                any |= self.reload(number, mappings).await;
            }
        }
        any
    }

    /// Reads again what only scripts were against, now that these are others.
    pub(super) async fn look_again(&mut self, mappings: &[Arc<Mapping>]) {
        for number in 0..self.followed.len() {
            if self.followed[number].waiting {
                self.reload(number, mappings).await;
            }
        }
    }

    async fn reload(&mut self, number: usize, mappings: &[Arc<Mapping>]) -> bool {
        let settings = self.followed[number].settings.clone();
        let (name, file) = (settings.name.clone(), settings.file.clone());
        let result = match tokio::task::spawn_blocking(move || tables::load(&settings)).await {
            Ok(loaded) => {
                let fit = loaded.map_err(Refused::from).and_then(|table| fitting(number, table, mappings));
                self.followed[number].waiting = matches!(fit, Err(Refused::Column { .. }));
                match fit {
                    Ok(table) => self.take(number, &name, table),
                    Err(error) => {
                        tracing::error!(table = name, file = %file.display(), %error, "the new table is refused, the one in use stays");
                        "refused"
                    }
                }
            }
            Err(error) => {
                tracing::error!(table = name, %error, "the table could not be read; the one in use stays");
                "refused"
            }
        };
        self.metrics.reloads(WHAT, result).inc();
        result == "done"
    }

    /// Puts in use what has changed; says what came of it.
    fn take(&self, number: usize, name: &str, table: Table) -> &'static str {
        if self.current.get().get(number).is_some_and(|used| **used == table) {
            tracing::info!(table = name, "the table is the one in use");
            return "unchanged";
        }
        tracing::info!(table = name, rows = table.len(), "table exchanged; each sink takes it up with its next block");
        self.current.set(number, table);
        "done"
    }
}

/// What scripts may learn of tables.
fn known(tables: &Loaded) -> Arc<[KnownTable]> {
    let one = |(name, table): (&str, &Arc<Table>)| KnownTable { name: name.to_owned(), columns: Some(table.columns()) };
    tables.iter().map(one).collect()
}

/// The table, if it has all columns that scripts read.
fn fitting(number: usize, table: Table, mappings: &[Arc<Mapping>]) -> Result<Table, Refused> {
    for mapping in mappings {
        let mut columns = mapping.columns().filter(|(of, _)| *of == number).map(|(_, column)| column);
        if let Some(column) = columns.find(|column| !table.has(column)) {
            return Err(Refused::Column { column: column.to_owned(), mapping: mapping.name().to_owned() });
        }
    }
    Ok(table)
}
