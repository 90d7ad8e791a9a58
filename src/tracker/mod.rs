//! Route IDs: the tracker that names routes, and what to call those it does not name.
//!
//! [`read`] takes a tracker file apart and refuses a malformed one, [`assign`] lays its rows over the routes
//! of a scan. Every row comes out as matched or stale, every route with an ID.

mod assign;
mod csv;
mod shape;

pub use crate::sheet::Problem;
pub use assign::{Assignment, MatchKind, RowResult, StaleReason, Tracked, assign, derived_id};
pub use csv::{TrackerError, find, read};
pub use shape::{Piece, Shape, Template};

use std::path::{Path, PathBuf};

/// A route tracker.
#[derive(Debug, Clone)]
pub struct Tracker {
    /// How the evidence names the file: relative to the scanned root, or the bare file name outside of it.
    pub label: String,
    /// SHA-256 of the file's content, as lower-case hex.
    pub digest: String,
    /// The rows in file order.
    pub rows: Vec<Row>,
}

/// One row of a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file on which the row starts, from 1.
    pub line: u64,
    /// The ID it gives to a route, unique in the tracker.
    pub route_id: String,
    /// File of the handler, relative to the scanned root.
    pub file: String,
    /// Function or class that handles the route.
    pub symbol: String,
    /// HTTP method in upper case.
    pub method: String,
    /// URL rule, possibly with an unresolved expression in angle brackets.
    pub path_template: String,
    /// The rule's source expression.
    pub path_expr: String,
    /// What `path_template` stands for.
    pub shape: Shape,
}

/// How the evidence names the tracker at `path`: never by a path outside of the scanned `root`, so that the
/// evidence does not depend on where things lie. A commit has no root to lie in.
pub fn label(root: Option<&Path>, path: &Path) -> String {
    let inside = root.and_then(|root| match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => path.strip_prefix(&root).map(Path::to_owned).ok(),
        _ => path.strip_prefix(root).map(Path::to_owned).ok(),
    });
    let shown = inside.or_else(|| path.file_name().map(PathBuf::from)).unwrap_or_default();
    let parts: Vec<_> = shown.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
