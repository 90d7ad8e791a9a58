//! The cutover plan's own tables: CSV files with one row per route, process or queue, and Markdown tables.
//!
//! This room reads what they say and where they say it, and judges nothing. A file that does not have the form that it
//! should have is an error with file and line.

mod files;
mod gates;
mod markdown;
mod table;

pub use files::{Files, Kind, Plan};
pub use gates::{Condition, conditions};
pub use markdown::{CutoverRow, PayloadRow, code_spans};
pub use table::{Row, Table};

use std::path::{Path, PathBuf};

use crate::sheet::Listing;
pub use crate::sheet::Problem;

/// A table of the plan that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check the path", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("malformed table of the plan:{}\ncorrect the file, or give another one", Listing(path, problems))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, in line order.
        problems: Vec<Problem>,
    },
}

/// The items of a cell that lists several, separated by semicolons.
pub fn items(cell: &str) -> Vec<String> {
    cell.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Reads a file as UTF-8.
fn read_text(path: &Path) -> Result<String, PlanError> {
    let bytes =
        std::fs::read(path).map_err(|source| PlanError::Unreadable { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&b| b == b'\n').count() as u64 + 1;
        let problem = Problem { line, message: "not valid UTF-8: save the file as UTF-8".into() };
        PlanError::Malformed { path: path.to_owned(), problems: vec![problem] }
    })
}

/// How a file is called in what is written: relative to the current directory, or by its name alone outside of it, so
/// that the outcome does not depend on where things lie.
fn label(path: &Path) -> String {
    let inside = match (path.canonicalize(), std::env::current_dir().and_then(|here| here.canonicalize())) {
        (Ok(path), Ok(here)) => path.strip_prefix(&here).map(Path::to_owned).ok(),
        _ => None,
    };
    let shown = inside.or_else(|| path.file_name().map(PathBuf::from)).unwrap_or_default();
    let parts: Vec<_> = shown.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
