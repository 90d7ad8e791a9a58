//! Evidence as people read it: on the terminal and as Markdown.
//!
//! Everything here is a function from evidence (or a call graph) to text. Text for the terminal holds ANSI styles; whoever prints
//! it strips them where they are not wanted, so that no function here asks about terminals. Nothing here is
//! read by programs: that is what the evidence file is for.

mod audit;
pub mod callgraph;
pub mod diff;
mod document;
mod explain;
mod links;
mod markdown;
mod matrix;
mod sarif;
mod summary;
mod tables;
mod text;
mod unified;
mod why;
mod why_not;

pub use audit::{audit_json, audit_text};
pub use document::document;
pub use explain::{catalogue, explanation};
pub use links::{LinkBase, edge_anchor, queue_anchor, route_anchor};
pub use markdown::markdown;
pub use matrix::{matrix_csv, matrix_markdown, validation_items};
pub use sarif::audit_sarif;
pub use summary::summary;
pub use tables::{queues_table, routes_table};
pub use unified::unified_diff;
pub use why::{SourceTree, why};
pub use why_not::why_not;
