//! Evidence as people read it: on the terminal and as Markdown.
//!
//! Everything here is a function from evidence to text. Text for the terminal holds ANSI styles; whoever prints
//! it strips them where they are not wanted, so that no function here asks about terminals. Nothing here is
//! read by programs: that is what the evidence file is for.

mod markdown;
mod summary;
mod tables;
mod text;
mod why;

pub use markdown::markdown;
pub use summary::summary;
pub use tables::{queues_table, routes_table};
pub use why::{SourceTree, why};
