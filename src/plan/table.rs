//! CSV tables by column name.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::{PlanError, Problem, items, label, read_text};
use crate::sheet::Sheet;

/// A CSV table of the plan.
#[derive(Debug, Clone)]
pub struct Table {
    /// How it is called in what is written.
    pub label: String,
    sheet: Sheet,
    columns: BTreeMap<String, usize>,
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    index: usize,
}

impl Table {
    /// Reads the table at `path`. The first of the `required` columns is the key: no row lacks it, no two have the
    /// same. Other columns may be there or not.
    ///
    /// # Errors
    /// When the file cannot be read, is not UTF-8, lacks a column, or has a malformed row or one with the key of an
    /// earlier one.
    pub fn read(path: &Path, required: &[&str]) -> Result<Table, PlanError> {
        let text = read_text(path)?;
        let malformed = |problems| PlanError::Malformed { path: path.to_owned(), problems };
        let (sheet, mut problems) = Sheet::parse(text.into_bytes());
        let names: Vec<String> = sheet.header().map(|name| name.into_owned()).collect();
        let mut columns = BTreeMap::new();
        for name in &names {
            let at = sheet.column(name).map_err(|problem| malformed(vec![problem]))?;
            columns.extend(at.map(|at| (name.trim_start_matches('\u{feff}').to_owned(), at)));
        }
        let missing: Vec<String> = required
            .iter()
            .filter(|name| !columns.contains_key(**name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 { "column" } else { "columns" };
            let message = format!("{noun} {} missing from the header", missing.join(", "));
            return Err(malformed(vec![Problem { line: 1, message }]));
        }
        let table = Table { label: label(path), sheet, columns };
        problems.extend(required.first().into_iter().flat_map(|key| table.bad_keys(key)));
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(table) } else { Err(malformed(problems)) }
    }

    fn bad_keys(&self, key: &str) -> Vec<Problem> {
        let mut seen: HashMap<String, u64> = HashMap::new();
        let mut problems = Vec::new();
        for row in self.rows() {
            let (value, line) = (row.get(key), row.line());
            if value.is_empty() {
                problems.push(Problem { line, message: format!("empty `{key}`") });
            } else if let Some(first) = seen.insert(value.clone(), line) {
                let message = format!("`{key}` {value} is already on line {first}: leave one of the rows");
                problems.push(Problem { line, message });
            }
        }
        problems
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// The rows in file order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.sheet.len()).map(|index| Row { table: self, index })
    }

    /// The first row that has `value` in a column.
    pub fn find(&self, column: &str, value: &str) -> Option<Row<'_>> {
        self.rows().find(|row| row.get(column) == value)
    }
}

impl Row<'_> {
    /// The line on which it starts, from 1.
    pub fn line(&self) -> u64 {
        self.table.sheet.line(self.index)
    }

    /// What it says in a column, empty if there is no such column.
    pub fn get(&self, column: &str) -> String {
        self.table.columns.get(column).map(|&at| self.table.sheet.text(self.index, at)).unwrap_or_default()
    }

    /// The items of a cell that lists several.
    pub fn list(&self, column: &str) -> Vec<String> {
        items(&self.get(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table, String> {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("queues.csv");
        std::fs::write(&path, text).expect("written");
        Table::read(&path, &["queue", "files"]).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_are_read_by_name_whatever_the_order() {
        let table = read("files,other,queue\n\"a.py; b.py ;\",x,mail\n,,sweep\n").expect("well formed");
        let row = table.find("queue", "mail").expect("there");
        assert_eq!((row.line(), row.list("files")), (2, vec!["a.py".to_owned(), "b.py".to_owned()]));
        assert_eq!((row.get("none"), table.has("other"), table.has("none")), (String::new(), true, false));
        assert_eq!(table.label, "queues.csv");
    }

    #[test]
    fn every_mistake_has_its_line() {
        assert!(read("queue\nmail\n").expect_err("column").contains("queues.csv:1: column `files` missing"));
        let error = read("queue,files\nmail,\nmail,\n,x\none\n").expect_err("rows");
        for part in [":3: `queue` mail is already on line 2", ":4: empty `queue`", ":5: 1 columns"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(read("").expect_err("empty").contains(":1: "));
    }
}
