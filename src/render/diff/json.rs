//! A comparison for programs, as `schemas/diff-v1.schema.json` describes it.

use std::io;

use crate::diff::model::Diff;
use crate::evidence::to_json;

/// The comparison as JSON.
///
/// # Errors
/// Never; the error is that of the serialiser.
pub fn json(diff: &Diff) -> io::Result<String> {
    to_json(diff)
}
