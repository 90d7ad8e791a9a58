//! The evidence file: what a scan found, in a form that other programs and later versions can read.
//!
//! This is the only place that knows JSON. The format is described by `schemas/evidence-v1.schema.json`; the
//! rules behind it are:
//!
//! * nothing in it depends on the clock, the machine, the directory or the number of threads;
//! * edges, paths and sites have identities that hold no line number ([`identity`]), so that an edit elsewhere
//!   in a file changes none of them;
//! * what was not understood is in it, since "no edge" is a claim only where nothing is open.

mod build;
pub mod callgraph;
pub mod identity;
pub mod model;
mod names;
mod read;
mod write;

pub use build::{Context, build, near_miss};
pub use model::Evidence;
pub use read::{LoadError, load};
pub use write::{ReplaceError, Replacement, WriteError, replace_together, to_json, write_atomically};

/// The JSON Schema of the evidence file.
pub const JSON_SCHEMA: &str = include_str!("../../schemas/evidence-v1.schema.json");

/// Value of the top-level `schema`: a name and the number of the format.
pub const SCHEMA_NAME: &str = "producer-map/evidence/1";
