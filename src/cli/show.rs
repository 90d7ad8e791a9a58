//! `why`, `routes`, `queues` and `render`: commands that show what a scan found.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{DEFAULT_EVIDENCE, Format, ListArgs, RenderArgs, RoutesArgs, TreeArgs, WhyArgs};
use super::{CliError, Terminal, lookup, scan};
use crate::evidence::{self, Evidence};
use crate::render::{self, SourceTree};

/// Runs `why`.
pub(super) fn why(args: &WhyArgs, terminal: &Terminal) -> Result<(), CliError> {
    let evidence = obtain(args.evidence.as_deref(), args.root.as_deref(), &args.tree, terminal)?;
    let routes = lookup::routes(&evidence, &args.route)?;
    let queue = args.queue.as_deref().map(|name| lookup::queue(&evidence, name)).transpose()?;
    let root = args.root.clone().unwrap_or_else(|| PathBuf::from("."));
    let mut tree = SourceTree::new(&root);
    let stories: Vec<String> =
        routes.iter().map(|route| render::why(&evidence, route, queue, &mut tree)).collect();
    terminal.print(&stories.join("\n"))?;
    if tree.missed_lines() {
        let root = root.display();
        terminal.note(&format!(
            "note: some source lines are not below {root}: name the scanned tree with --root\n"
        ));
    }
    Ok(())
}

/// Runs `routes`.
pub(super) fn routes(args: &RoutesArgs, terminal: &Terminal) -> Result<(), CliError> {
    let from = &args.list;
    let evidence = obtain(from.evidence.as_deref(), from.root.as_deref(), &from.tree, terminal)?;
    let table = |evidence: &Evidence| render::routes_table(evidence, args.all);
    list(from.format, &evidence, &evidence.routes, table, terminal)
}

/// Runs `queues`.
pub(super) fn queues(args: &ListArgs, terminal: &Terminal) -> Result<(), CliError> {
    let evidence = obtain(args.evidence.as_deref(), args.root.as_deref(), &args.tree, terminal)?;
    list(args.format, &evidence, &evidence.queues, render::queues_table, terminal)
}

fn list<T: Serialize>(
    format: Format,
    evidence: &Evidence,
    records: &[T],
    table: impl Fn(&Evidence) -> String,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let text = match format {
        Format::Table => table(evidence),
        Format::Json => evidence::to_json(records)?,
    };
    Ok(terminal.print(&text)?)
}

/// Runs `render`.
pub(super) fn document(args: &RenderArgs, terminal: &Terminal) -> Result<(), CliError> {
    let text = render::document(&evidence::load(&args.evidence)?, args.link_base.as_ref());
    let output = args.output.clone().unwrap_or_else(|| args.evidence.with_extension("md"));
    if output.as_os_str() == "-" {
        return Ok(terminal.print(&text)?);
    }
    evidence::write_atomically(&output, &text, "-o")?;
    terminal.note(&format!("wrote {}\n", output.display()));
    Ok(())
}

/// The evidence to show: the file that was named, or a scan of the root that was named, or else the file where
/// `scan` writes it, or else a scan of the current directory.
fn obtain(
    file: Option<&Path>,
    root: Option<&Path>,
    tree: &TreeArgs,
    terminal: &Terminal,
) -> Result<Evidence, CliError> {
    if let Some(file) = file {
        tree.refused_with_evidence()?;
        return Ok(evidence::load(file)?);
    }
    if let Some(root) = root {
        return scan::scan(&scan::directory(root)?, tree, terminal);
    }
    let usual = Path::new(DEFAULT_EVIDENCE);
    if usual.is_file() && !tree.given() {
        terminal.note(&format!("from {DEFAULT_EVIDENCE}\n"));
        return Ok(evidence::load(usual)?);
    }
    scan::scan(&scan::directory(Path::new("."))?, tree, terminal)
}
