//! Checklists: what `link` writes into CSV files that people own.
//!
//! A checklist is known by its header. In a route checklist (`route_id`) the tool says in `verification_notes` what a
//! route enqueues, in a worker checklist (`process_id`) which routes feed the queues of a program. Its part of a cell
//! stands between markers ([`block`]); what people wrote, every other field and all signoff columns stay as they are.
//!
//! A checklist with a problem is not written at all: [`plan`] gives the new content or everything that is wrong.

pub mod block;
mod cell;
mod routes;
mod workers;

use std::collections::BTreeMap;

pub use cell::{Links, Style, stamp};

use crate::evidence::Evidence;
use crate::sheet::{Edits, Sheet};

/// The column that the tool writes its part in.
const NOTES: &str = "verification_notes";

/// The column that `--set-status` changes.
const STATUS: &str = "verification_status";

/// Something that keeps a checklist from being linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u64,
    /// Stable code; `data/codes/link.toml` explains it.
    pub code: &'static str,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl Problem {
    fn new(line: u64, code: &'static str, message: impl Into<String>) -> Self {
        Self { line, code, message: message.into() }
    }
}

/// Codes of problems.
pub mod code {
    /// The file is no CSV that all readers understand alike.
    pub const MALFORMED: &str = "checklist-malformed";
    /// The header is that of no checklist.
    pub const KIND: &str = "checklist-kind-unknown";
    /// A column is missing, or there twice.
    pub const COLUMN: &str = "checklist-column-missing";
    /// Two rows have the same ID.
    pub const DUPLICATE: &str = "checklist-row-duplicate";
    /// The evidence has nothing of this name.
    pub const UNMATCHED: &str = "checklist-row-unmatched";
    /// The evidence has something else under this name.
    pub const DIFFERS: &str = "checklist-row-differs";
    /// The markers of a cell do not make one part.
    pub const MARKER: &str = "checklist-marker-broken";
    /// A spreadsheet would run the cell as a formula.
    pub const FORMULA: &str = "checklist-cell-formula";
    /// All codes.
    pub const ALL: [&str; 8] = [MALFORMED, KIND, COLUMN, DUPLICATE, UNMATCHED, DIFFERS, MARKER, FORMULA];
}

/// What the rows of a checklist are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Routes, by `route_id`.
    Routes,
    /// Worker programs, by `process_id`, `program` and `python_source`.
    Workers,
}

/// A checklist as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What its rows are.
    pub kind: Kind,
    /// Number of rows.
    pub rows: usize,
    /// Number of rows that the evidence knows.
    pub matched: usize,
    /// Number of rows with edges.
    pub with_edges: usize,
    /// Number of rows that change.
    pub changed: usize,
    /// IDs of the routes that have edges and a row here.
    pub linked_routes: Vec<String>,
    /// The new content; equal to the old one when nothing changes.
    pub content: Vec<u8>,
}

/// What the evidence has to say about a row.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// It knows the row; with edges, the text of the tool's part.
    Known(Option<String>),
    /// The row claims nothing that evidence could know.
    Unknown,
}

/// One for each row.
type Answers = Vec<Result<Answer, Problem>>;

/// What is to be done with the checklist that has the content `bytes`; `status`, if given, becomes the verification
/// status of each row with edges.
///
/// # Errors
/// Everything that is wrong with it, in line order.
pub fn plan(
    bytes: &[u8],
    evidence: &Evidence,
    style: &Style,
    status: Option<&str>,
) -> Result<Plan, Vec<Problem>> {
    let (sheet, malformed) = Sheet::parse(bytes.to_vec());
    let mut problems: Vec<Problem> = malformed
        .into_iter()
        .map(|problem| Problem::new(problem.line, code::MALFORMED, problem.message))
        .collect();
    if sheet.header().next().is_none() {
        return Err(problems);
    }
    let answers = kind(&sheet).and_then(|kind| {
        let notes = column(&sheet, NOTES)?;
        let status_column = status.map(|_| column(&sheet, STATUS)).transpose()?;
        let answers = match kind {
            Kind::Routes => routes::answers(&sheet, evidence, style)?,
            Kind::Workers => workers::answers(&sheet, evidence, style)?,
        };
        Ok((kind, notes, status_column, answers))
    });
    let (kind, notes, status_column, answers) = answers.map_err(|mut found| {
        problems.append(&mut found);
        sorted(std::mem::take(&mut problems))
    })?;

    let mut edits = Edits::new();
    let mut plan = Plan {
        kind,
        rows: sheet.len(),
        matched: 0,
        with_edges: 0,
        changed: 0,
        linked_routes: Vec::new(),
        content: Vec::new(),
    };
    for (row, answer) in answers.into_iter().enumerate() {
        let text = match answer {
            Err(problem) => {
                problems.push(problem);
                continue;
            }
            Ok(Answer::Unknown) => None,
            Ok(Answer::Known(text)) => {
                plan.matched += 1;
                text
            }
        };
        let before = edits.len();
        match notes_cell(&sheet.field(row, notes), text.as_deref()) {
            Ok(None) => {}
            Ok(Some(cell)) => drop(edits.insert((row, notes), cell)),
            Err((code, message)) => problems.push(Problem::new(sheet.line(row), code, message)),
        }
        if text.is_some() {
            plan.with_edges += 1;
            if let (Some(column), Some(status)) = (status_column, status)
                && *sheet.field(row, column) != *status.as_bytes()
            {
                edits.insert((row, column), status.as_bytes().to_vec());
            }
        }
        plan.changed += usize::from(edits.len() > before);
    }
    if !problems.is_empty() {
        return Err(sorted(problems));
    }
    if kind == Kind::Routes {
        plan.linked_routes = routes::linked(&sheet, evidence);
    }
    plan.content = sheet.edited(&edits);
    Ok(plan)
}

fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| (a.line, a.code).cmp(&(b.line, b.code)));
    problems
}

/// The notes with the tool's part as it is to be, if that changes them.
fn notes_cell(old: &[u8], text: Option<&str>) -> Result<Option<Vec<u8>>, (&'static str, String)> {
    let new =
        block::set(old, text).map_err(|broken| (code::MARKER, format!("{NOTES}: {}", broken.message())))?;
    if new == old {
        return Ok(None);
    }
    // Also when the sign is somebody else's: a cell that the tool writes is one that it answers for.
    if let Some(sign) = block::formula(&new) {
        let message = format!(
            "{NOTES} begins with {sign:?}, which a spreadsheet runs as a formula: begin it with a letter or with `'`"
        );
        return Err((code::FORMULA, message));
    }
    Ok(Some(new))
}

/// What the rows are, told by the header.
fn kind(sheet: &Sheet) -> Result<Kind, Vec<Problem>> {
    let has = |name: &str| sheet.header().any(|column| column == name);
    match (has("route_id"), has("process_id")) {
        (true, false) => Ok(Kind::Routes),
        (false, true) => Ok(Kind::Workers),
        (found, _) => {
            let both = if found { "both of" } else { "neither of" };
            let message = format!(
                "the header has {both} the columns `route_id` (a route checklist) and `process_id` (a worker checklist)"
            );
            Err(vec![Problem::new(1, code::KIND, message)])
        }
    }
}

/// Position of a column that has to be there.
fn column(sheet: &Sheet, name: &str) -> Result<usize, Vec<Problem>> {
    let found = optional(sheet, name)?;
    found.ok_or_else(|| {
        vec![Problem::new(1, code::COLUMN, format!("column `{name}` missing from the header"))]
    })
}

/// Position of a column that may be there.
fn optional(sheet: &Sheet, name: &str) -> Result<Option<usize>, Vec<Problem>> {
    sheet.column(name).map_err(|problem| vec![Problem::new(problem.line, code::COLUMN, problem.message)])
}

/// Problems of IDs by row; where one stands twice, the problem of the later row.
fn duplicates(sheet: &Sheet, ids: usize, name: &str) -> BTreeMap<usize, Problem> {
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    let mut problems = BTreeMap::new();
    for row in 0..sheet.len() {
        let (id, line) = (sheet.text(row, ids), sheet.line(row));
        if id.is_empty() {
            problems.insert(row, Problem::new(line, code::UNMATCHED, format!("empty `{name}`")));
            continue;
        }
        match first.get(&id) {
            Some(earlier) => {
                let message =
                    format!("duplicate {name} {id}, first used on line {earlier}: remove one of the rows");
                problems.insert(row, Problem::new(line, code::DUPLICATE, message));
            }
            None => drop(first.insert(id, line)),
        }
    }
    problems
}

#[cfg(test)]
mod tests;
