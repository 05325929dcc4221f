//! Tables, as they are read at the start and looked up in each event.

use std::path::Path;

use headwater::util::table::{Format, Reading, Table};

use super::{Input, Run, files};

pub fn seeds() -> Vec<Input> {
    ["csv", "jsonl"].iter().flat_map(|ending| files("tests/fixtures/tables", ending)).collect()
}

pub fn prepare() -> Run {
    Box::new(|input| {
        for (format, rows_max) in [(Format::Csv, 1000), (Format::Json, 1000), (Format::Auto, 3)] {
            let reading = Reading { file: Path::new("table"), format, key: "userid", rows_max };
            match Table::read(input, &reading) {
                Ok(table) => {
                    assert!(table.len() <= rows_max && table.has("userid"));
                    let columns = table.columns();
                    for row in 0..u32::try_from(table.len()).expect("few rows") {
                        // Each row is found by its key, and by no other.
                        let key = table.value(row, "userid").expect("each row has one");
                        assert_eq!(table.find(key), Some(row));
                        for column in columns.iter().take(8) {
                            let _ = table.value(row, column);
                        }
                    }
                    assert_eq!(table.find(""), None);
                }
                Err(faults) => {
                    let lines = input.split(|byte| *byte == b'\n').count();
                    assert!(!faults.is_empty() && faults.iter().all(|fault| (1..=lines).contains(&fault.line)));
                    let _ = faults.iter().map(ToString::to_string).collect::<String>();
                }
            }
        }
    })
}
