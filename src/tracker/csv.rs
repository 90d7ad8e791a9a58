//! Reading the tracker's CSV: every malformed row is an error with its line, all of them reported at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Row, Shape, Tracker};
use crate::sheet::{Listing, Problem, Sheet};
use crate::source::Tree;

/// The columns that are read; others may stand beside them in any order.
const COLUMNS: [&str; 6] = ["route_id", "file", "symbol", "method", "path_template", "path_expr"];

/// A tracker that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrackerError {
    /// The file cannot be read.
    #[error("cannot read route tracker {}: {source}; check the path given to --routes", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error(
        "malformed route tracker:{}\ncorrect the file, or give another one with --routes",
        Listing(path, problems)
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, in line order.
        problems: Vec<Problem>,
    },
}

/// Reads the tracker at `path`; `label` is the evidence's name for it.
///
/// # Errors
/// When the file cannot be read, is not UTF-8, lacks a column, or has a malformed or duplicate row.
pub fn read(path: &Path, label: &str) -> Result<Tracker, TrackerError> {
    let bytes =
        std::fs::read(path).map_err(|source| TrackerError::Unreadable { path: path.to_owned(), source })?;
    from_bytes(&bytes, path, label)
}

/// Reads the tracker at the first of the usual `places` of `tree` where there is a file.
///
/// # Errors
/// As [`read`].
pub fn find(tree: &Tree, places: &[String]) -> Result<Option<Tracker>, TrackerError> {
    for place in places {
        let path = tree.place(place);
        let bytes =
            tree.file(place).map_err(|source| TrackerError::Unreadable { path: path.clone(), source })?;
        if let Some(bytes) = bytes {
            return from_bytes(&bytes, &path, &label(place)).map(Some);
        }
    }
    Ok(None)
}

/// How the evidence names a usual place: by its path in the tree, or by its last part if it leads out of the tree.
fn label(place: &str) -> String {
    let parts: Vec<&str> = place.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let outside = place.starts_with('/') || parts.contains(&"..");
    if outside { parts.last().copied().unwrap_or_default().to_owned() } else { parts.join("/") }
}

fn from_bytes(bytes: &[u8], path: &Path, label: &str) -> Result<Tracker, TrackerError> {
    let rows =
        parse(bytes).map_err(|problems| TrackerError::Malformed { path: path.to_owned(), problems })?;
    Ok(Tracker { label: label.to_owned(), digest: crate::digest::sha256_hex(bytes), rows })
}

/// Takes the content of a tracker apart.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Row>, Vec<Problem>> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        vec![Problem { line, message: "not valid UTF-8: save the file as UTF-8".into() }]
    })?;
    let (sheet, mut problems) = Sheet::parse(bytes.to_vec());
    let columns = columns(&sheet).map_err(|problem| vec![problem])?;

    let mut rows = Vec::new();
    for index in 0..sheet.len() {
        match row(&sheet, index, &columns) {
            Ok(row) => rows.push(row),
            Err(message) => problems.push(Problem { line: sheet.line(index), message }),
        }
    }
    problems.extend(duplicates(&rows));
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// Position of each of [`COLUMNS`] in the header.
fn columns(sheet: &Sheet) -> Result<[usize; COLUMNS.len()], Problem> {
    let mut found = [0; COLUMNS.len()];
    let mut missing = Vec::new();
    for (slot, name) in found.iter_mut().zip(COLUMNS) {
        match sheet.column(name)? {
            Some(index) => *slot = index,
            None => missing.push(format!("`{name}`")),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let noun = if missing.len() == 1 { "column" } else { "columns" };
    Err(Problem { line: 1, message: format!("{noun} {} missing from the header", missing.join(", ")) })
}

fn row(sheet: &Sheet, index: usize, columns: &[usize; COLUMNS.len()]) -> Result<Row, String> {
    let [route_id, file, symbol, method, path_template, path_expr] =
        columns.map(|column| sheet.text(index, column));
    for (value, name) in [(&route_id, "route_id"), (&method, "method"), (&path_template, "path_template")] {
        if value.is_empty() {
            return Err(format!("empty `{name}`"));
        }
    }
    if !method.chars().all(|c| c.is_ascii_alphabetic()) {
        return Err(format!("method `{method}` is not a single HTTP method: write one row for each method"));
    }
    let shape = Shape::of(&path_template, &path_expr);
    if !path_template.starts_with('/') && shape == Shape::Exact {
        return Err(format!("path_template `{path_template}` does not start with `/`"));
    }
    Ok(Row {
        line: sheet.line(index),
        route_id,
        file,
        symbol,
        method: method.to_ascii_uppercase(),
        path_template,
        path_expr,
        shape,
    })
}

/// Rows that give an ID twice, or two IDs to one route of one handler.
fn duplicates(rows: &[Row]) -> Vec<Problem> {
    let mut ids: HashMap<&str, u64> = HashMap::new();
    let mut routes: HashMap<(&str, &str, &str, &str), &Row> = HashMap::new();
    let mut problems = Vec::new();
    for row in rows {
        if let Some(first) = ids.insert(&row.route_id, row.line) {
            let message = format!("duplicate route_id {}, first used on line {first}", row.route_id);
            problems.push(Problem { line: row.line, message });
            continue;
        }
        let key = (row.method.as_str(), row.path_template.as_str(), row.file.as_str(), row.symbol.as_str());
        if let Some(first) = routes.insert(key, row) {
            let message = format!(
                "{} {} of {} in {} already has the ID {} on line {}",
                row.method, row.path_template, row.symbol, row.file, first.route_id, first.line
            );
            problems.push(Problem { line: row.line, message });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "route_id,file,symbol,method,path_template,path_expr,notes\n";

    fn problems(rows: &str) -> Vec<(u64, String)> {
        let text = format!("{HEADER}{rows}");
        let problems = parse(text.as_bytes()).expect_err(rows);
        problems.into_iter().map(|p| (p.line, p.message)).collect()
    }

    #[test]
    fn rows_keep_their_line_over_quoted_newlines() {
        let text = format!("{HEADER}R-1,a.py,f,get,/a,/a,\"two\nlines\"\n\nR-2,a.py,g,POST,/b,/b,\n");
        let rows = parse(text.as_bytes()).expect("valid");
        assert_eq!(
            rows.iter().map(|r| (r.line, r.method.as_str())).collect::<Vec<_>>(),
            [(2, "GET"), (5, "POST")]
        );
        assert_eq!(rows[0].shape, Shape::Exact);
    }

    #[test]
    fn lines_are_counted_with_carriage_returns() {
        let text = format!("{HEADER}R-1,a.py,f,GET,/a,/a,\n\nR-2,a.py,g,GET,/b,/b\n").replace('\n', "\r\n");
        assert_eq!(parse(text.as_bytes()).expect_err("short row")[0].line, 4);
    }

    #[test]
    fn a_byte_order_mark_and_any_column_order_are_fine() {
        let text = "\u{feff}method,path_expr,path_template,symbol,file,route_id\nGET,/a,/a,f,a.py,R-1\n";
        let rows = parse(text.as_bytes()).expect("valid");
        assert_eq!((rows[0].route_id.as_str(), rows[0].file.as_str()), ("R-1", "a.py"));
    }

    #[test]
    fn every_malformed_row_is_named() {
        let found = problems(
            "R-1,a.py,f,GET,/a,/a\nR-2,a.py,f,,/b,/b,\n,a.py,f,GET,/c,/c,\nR-4,a.py,f,GET,,/d,\n\
             R-5,a.py,f,GET POST,/e,/e,\nR-6,a.py,f,GET,e,e/f,\n",
        );
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
        assert_eq!(found[0].1, "6 columns where the header has 7: check the quotes and commas");
        assert_eq!(found[1].1, "empty `method`");
        assert_eq!(found[2].1, "empty `route_id`");
        assert_eq!(found[3].1, "empty `path_template`");
        assert!(found[4].1.contains("single HTTP method"));
        assert!(found[5].1.contains("does not start with"));
    }

    #[test]
    fn duplicates_name_the_first_row() {
        let found = problems(
            "R-1,a.py,f,GET,/a,/a,\nR-1,a.py,f,GET,/b,/b,\nR-3,a.py,f,GET,/a,/a,\nR-4,b.py,f,GET,/a,/a,\n",
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (3, "duplicate route_id R-1, first used on line 2".into()));
        assert_eq!(found[1], (4, "GET /a of f in a.py already has the ID R-1 on line 2".into()));
    }

    #[test]
    fn missing_columns_and_empty_files() {
        let message = |text: &str| parse(text.as_bytes()).expect_err(text)[0].message.clone();
        assert_eq!(
            message("route_id,file,symbol,method,path_template\n"),
            "column `path_expr` missing from the header"
        );
        assert!(message("").starts_with("columns `route_id`, "));
        assert!(
            message("method,method,route_id,file,symbol,path_template,path_expr\n").contains("appears twice")
        );
        assert_eq!(parse(HEADER.as_bytes()), Ok(vec![]));
    }

    #[test]
    fn bad_utf8_has_a_line() {
        let mut bytes = format!("{HEADER}R-1,a.py,f,GET,/a,/a,\n").into_bytes();
        bytes.extend(b"R-2,a.py,\xff,GET,/b,/b,\n");
        let problems = parse(&bytes).expect_err("not UTF-8");
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.contains("UTF-8"));
    }

    #[test]
    fn the_message_lists_path_and_lines() {
        let error = TrackerError::Malformed {
            path: "t.csv".into(),
            problems: vec![Problem { line: 7, message: "empty `method`".into() }],
        };
        assert!(error.to_string().contains("\n  t.csv:7: empty `method`\n"));
    }
}
