//! `lookup('table', TEXT)` and `.column('name')`: tables and columns are looked for when the script is loaded.

use super::{Evaluated, Interpreter, Stop, Value};
use crate::{
    diagnostic::nearest,
    mapping::{
        ast::{Name, Span},
        diagnostic::{Code, NO_COLUMN, NO_TABLE},
        function::extension::Extension,
        producer::{Kind, Producer, ProducerId},
    },
};

/// Names that a hint shows.
const SHOWN: usize = 12;

impl<'a> Interpreter<'a, '_> {
    /// The row of a table whose key a string of the event is.
    pub(super) fn look_up(&mut self, name: &Name, arguments: &[Value<'a>], span: Span) -> Evaluated<'a> {
        let wanted = "the name of a table and a string or JSON value of the event";
        let (table, of) = match arguments {
            [table, Value::Producer(of)] if matches!(self.producers.kind(*of), Kind::Text | Kind::Json) => {
                (table.text(), *of)
            }
            _ => (None, ProducerId::at(0)),
        };
        let Some(table) = table.map(ToString::to_string) else {
            return Err(self.wrong_arguments(name, wanted, arguments));
        };
        let Some(number) = self.surroundings.tables.iter().position(|known| known.name == table) else {
            let names = self.surroundings.tables.iter().map(|table| table.name.as_str());
            let names: Vec<_> = names.collect();
            let message = format!("the configuration has no table `{table}`");
            if names.is_empty() {
                let hint = format!("name it there: `divolte.tables.{table} {{ file = \"{table}.csv\", key = id }}`");
                return Err(self.error_with_hint(NO_TABLE, span, message, hint));
            }
            return Err(self.misspelt(NO_TABLE, span, message, &table, &names));
        };
        self.producer(span, Producer::Extension(Box::new(Extension::Row { table: number, name: table, of })))
    }

    /// The value of a row in a column.
    pub(super) fn column(
        &mut self,
        row: ProducerId,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a> {
        let column = match arguments {
            [column] => column.text().map(ToString::to_string),
            _ => None,
        };
        let Some(column) = column else { return Err(self.wrong_arguments(name, "the name of a column", arguments)) };
        let table = match self.producers.get(row) {
            Producer::Extension(extension) => match &**extension {
                Extension::Row { table, .. } => self.surroundings.tables.get(*table),
                _ => None,
            },
            _ => None,
        };
        if let Some(table) = table
            && let Some(columns) = &table.columns
            && !columns.contains(&column)
        {
            let message = format!("the table `{}` has no column `{column}`", table.name);
            let names: Vec<_> = columns.iter().map(String::as_str).collect();
            return Err(self.misspelt(NO_COLUMN, span, message, &column, &names));
        }
        self.producer(span, Producer::Extension(Box::new(Extension::Column(row, column))))
    }

    /// A name that is none of those that there are.
    fn misspelt(&self, code: Code, span: Span, message: String, written: &str, names: &[&str]) -> Stop<'a> {
        let report = self.reports.error(code, span, message);
        if let Some(near) = nearest(written, names.iter().copied()) {
            let report = self.reports.instead(report, span, written, near, format!("did you mean `{near}`?"));
            return Stop::Failed(Box::new(report));
        }
        let more = if names.len() > SHOWN { " and more" } else { "" };
        let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        Stop::Failed(Box::new(report.hint(format!("there are {}{more}", shown.join(", ")))))
    }
}
