//! `explain`: what a code means.

use super::args::{ExplainArgs, TextFormat};
use super::{CliError, Terminal, lookup};
use crate::{codes, evidence, render};

/// Runs `explain`.
pub(super) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<(), CliError> {
    let code = args.code.as_deref().map(lookup::code).transpose()?;
    let text = match (args.format, code) {
        (TextFormat::Text, Some(code)) => render::explanation(code),
        (TextFormat::Text, None) => render::catalogue(),
        (TextFormat::Json, Some(code)) => evidence::to_json(code)?,
        (TextFormat::Json, None) => evidence::to_json(codes::all())?,
    };
    Ok(terminal.print(&text)?)
}
