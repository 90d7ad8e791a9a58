//! Markdown tables of the plan: the dependency matrix of the cutover plan, and the inventory of payload keys.
//!
//! Tables are those of GitHub Flavored Markdown (section 4.10 of its specification): a header row, a delimiter row,
//! rows; cells are separated by `|`, and `\|` is none.

use std::path::Path;

use super::{PlanError, Problem, read_text};

/// A row of the cutover plan's dependency matrix; cells as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutoverRow {
    /// Its line, from 1.
    pub line: u64,
    /// Default name of the queue.
    pub queue: String,
    /// Where items are put.
    pub producers: String,
    /// Wave and program of the consumer.
    pub consumer: String,
    /// Which routes depend on it.
    pub routes: String,
    /// What has to be kept.
    pub rule: String,
}

/// A row of the payload inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadRow {
    /// Its line, from 1.
    pub line: u64,
    /// Variable of the queue.
    pub variable: String,
    /// Keys that producers are said to put into the body, as written.
    pub producer_keys: Vec<String>,
}

/// Reads the dependency matrix of the cutover plan.
///
/// # Errors
/// When the file cannot be read, or has no such table or a malformed row in it.
pub(super) fn cutover(path: &Path) -> Result<Vec<CutoverRow>, PlanError> {
    const COLUMNS: [&str; 5] = [
        "Queue",
        "Producer surface",
        "Consumer process wave",
        "Route/API dependency",
        "Required sequencing rule",
    ];
    let rows = table(path, &COLUMNS)?;
    let row = |(line, cells): (u64, Vec<String>)| {
        let [queue, producers, consumer, routes, rule] = <[String; 5]>::try_from(cells).ok()?;
        let queue = code_spans(&queue).into_iter().next().unwrap_or(queue);
        Some(CutoverRow { line, queue, producers, consumer, routes, rule })
    };
    Ok(rows.into_iter().filter_map(row).collect())
}

/// Reads the payload inventory.
///
/// # Errors
/// When the file cannot be read, or has no such table or a malformed row in it.
pub(super) fn payloads(path: &Path) -> Result<Vec<PayloadRow>, PlanError> {
    let rows = table(path, &["Queue var", "Producer keys"])?;
    let row = |(line, cells): (u64, Vec<String>)| {
        let [variable, keys] = <[String; 2]>::try_from(cells).ok()?;
        let variable = code_spans(&variable).into_iter().next().unwrap_or(variable);
        let keys = keys.trim_matches('`');
        let keys = keys.split([',', ';']).map(|key| key.trim().trim_matches('`').to_owned());
        Some(PayloadRow { line, variable, producer_keys: keys.filter(|key| !key.is_empty()).collect() })
    };
    Ok(rows.into_iter().filter_map(row).collect())
}

/// The texts between backticks.
pub fn code_spans(cell: &str) -> Vec<String> {
    let parts: Vec<&str> = cell.split('`').collect();
    // Every second part stands between two backticks; the last part stands behind the last one.
    let spans = parts.iter().take(parts.len() - 1).skip(1).step_by(2);
    spans.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The cells of the wanted columns of the first table that has them all.
fn table(path: &Path, columns: &[&str]) -> Result<Vec<(u64, Vec<String>)>, PlanError> {
    let text = read_text(path)?;
    find(&text, columns).map_err(|problems| PlanError::Malformed { path: path.to_owned(), problems })
}

fn find(text: &str, columns: &[&str]) -> Result<Vec<(u64, Vec<String>)>, Vec<Problem>> {
    let mut lines = text.lines().enumerate().peekable();
    while let Some((_, line)) = lines.next() {
        let Some(header) = cells(line) else { continue };
        let is_table =
            lines.peek().and_then(|(_, next)| cells(next)).is_some_and(|cells| is_delimiter(&cells));
        let positions: Option<Vec<usize>> = columns
            .iter()
            // "Producer surface (inferred)" is the column "Producer surface".
            .map(|name| header.iter().position(|cell| cell.split('(').next().unwrap_or(cell).trim() == *name))
            .collect();
        let (true, Some(positions)) = (is_table, positions) else { continue };
        lines.next();
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        for (index, line) in lines {
            let Some(row) = cells(line) else { break };
            let line = index as u64 + 1;
            if row.len() == header.len() {
                rows.push((line, positions.iter().map(|&at| row[at].clone()).collect()));
            } else {
                let message = format!(
                    "{} cells where the header has {}: write `\\|` for a bar inside of a cell",
                    row.len(),
                    header.len()
                );
                problems.push(Problem { line, message });
            }
        }
        return if problems.is_empty() { Ok(rows) } else { Err(problems) };
    }
    let names: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
    Err(vec![Problem { line: 1, message: format!("no table with the columns {}", names.join(", ")) }])
}

/// The cells of a row that begins and ends with a bar.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?;
    let inner = inner.strip_suffix('|').filter(|rest| !rest.ends_with('\\'))?;
    let mut cells = vec![String::new()];
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'|') => {
                chars.next();
                push(&mut cells, '|');
            }
            '|' => cells.push(String::new()),
            c => push(&mut cells, c),
        }
    }
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

fn is_delimiter(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.contains('-') && cell.chars().all(|c| matches!(c, '-' | ':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_with_the_columns_is_found() {
        let text = "# Plan\n\n| Queue | Owner |\n|---|---|\n| `no` | x |\n\n| Rule | Queue (inferred) |\n|:--|--:|\n\
                    | a \\| b | `mail` |\n| c | `sweep` |\n\n| d | e |\n";
        let rows = find(text, &["Queue", "Rule"]).expect("found");
        assert_eq!(
            rows,
            [(9, vec!["`mail`".to_owned(), "a | b".to_owned()]), (10, vec!["`sweep`".into(), "c".into()])]
        );
    }

    #[test]
    fn what_is_no_table_is_said_so() {
        let problems = find("| Queue |\nno delimiter\n", &["Queue"]).expect_err("none");
        assert_eq!(
            (problems[0].line, problems[0].message.as_str()),
            (1, "no table with the columns `Queue`")
        );
        let problems = find("| Queue | B |\n|---|---|\n| a | b | c |\n", &["Queue"]).expect_err("row");
        assert!(problems[0].line == 3 && problems[0].message.starts_with("3 cells where the header has 2"));
    }

    #[test]
    fn code_is_what_stands_between_backticks() {
        assert_eq!(code_spans("routes (`/v1`, `/v2`) and `web"), ["/v1", "/v2"]);
        assert_eq!(code_spans("``"), Vec::<String>::new());
        assert_eq!(code_spans("plain"), Vec::<String>::new());
    }
}
