//! `scan`, and what the other commands need of it.

use std::path::Path;

use super::args::{Assumption, ScanArgs, TreeArgs};
use super::{CliError, Terminal};
use crate::config::{Config, Pattern};
use crate::evidence::model::Evidence;
use crate::evidence::{self, Context};
use crate::finding::Findings;
use crate::scan::{ScanOptions, Solved};
use crate::solve::contexts::Contexts;
use crate::source::Tree;
use crate::{progress, render, tracker};

/// Runs `scan`. Nothing is written before everything has been found and put into text.
pub(super) fn run(args: &ScanArgs, terminal: &Terminal) -> Result<(), CliError> {
    let tree = match &args.rev {
        Some(rev) => Tree::revision(args.repo.as_deref().unwrap_or(&args.root), rev)?,
        None => directory(&args.root)?,
    };
    let assume_names = args.assume == Some(Assumption::Names);
    let (evidence, ()) = scan_and(&tree, &args.tree, assume_names, terminal, |_, _| ())?;
    let text = evidence::to_json(&evidence)?;
    let to_stdout = args.output.as_os_str() == "-";
    let summary = render::summary(&evidence);
    // The evidence goes first: a Markdown summary without it would be of no use.
    if !to_stdout {
        evidence::write_atomically(&args.output, &text, "-o")?;
    }
    if let Some(path) = &args.summary {
        evidence::write_atomically(path, &render::markdown(&evidence), "--summary")?;
    }
    if to_stdout {
        terminal.print(&text)?;
        terminal.note(&summary);
        return Ok(());
    }
    if !terminal.quiet {
        terminal.print(&summary)?;
        terminal.note(&format!("\nwrote {}\n", args.output.display()));
    }
    Ok(())
}

/// The tree at `root`.
pub(super) fn directory(root: &Path) -> Result<Tree, CliError> {
    if !root.is_dir() {
        let what = if root.exists() { "is not a directory" } else { "does not exist" };
        return Err(CliError::Usage(format!("root {} {what}: name the directory to scan", root.display())));
    }
    Ok(Tree::directory(root))
}

/// Scans a tree.
pub(super) fn scan(tree: &Tree, args: &TreeArgs, terminal: &Terminal) -> Result<Evidence, CliError> {
    scan_and(tree, args, false, terminal, |_, _| ()).map(|(evidence, ())| evidence)
}

/// Scans a tree, with guesses that rest on names if they are wanted, and asks something of the scan before it is forgotten.
pub(super) fn scan_and<T: Send>(
    tree: &Tree,
    args: &TreeArgs,
    assume_names: bool,
    terminal: &Terminal,
    ask: impl FnOnce(&Evidence, &Solved<'_, '_>) -> T + Send,
) -> Result<(Evidence, T), CliError> {
    let config = configure(tree, args)?;
    // Before the long part, so that a mistake in the tracker costs no time.
    let tracker = match &args.routes {
        Some(path) => Some(tracker::read(path, &tracker::label(tree.root(), path))?),
        None => tracker::find(tree, &config.tracker)?,
    };
    let validation_queues = config.validation_queues.clone();
    let progress = progress::for_terminal(terminal.quiet);
    let options = ScanOptions { config, threads: args.threads, assume_names, contexts: Contexts::default() };
    let asked = crate::scan::analyze_and(tree, &options, progress.as_ref(), |solved| {
        let findings = solved.findings;
        if findings.routes.is_empty() {
            return Err(no_routes(tree, findings));
        }
        let assignment = tracker::assign(&findings.routes, tracker.as_ref());
        let context = Context {
            tracker: tracker.as_ref(),
            assignment: &assignment,
            validation_queues: &validation_queues,
        };
        let evidence = evidence::build(findings, context);
        let answer = ask(&evidence, solved);
        Ok((evidence, answer))
    });
    progress.finish();
    asked?.1
}

fn no_routes(tree: &Tree, findings: &Findings) -> CliError {
    let mut message =
        format!("no route was found in {tree}: name the modules that make the WSGI application with --entry");
    for diagnostic in findings.diagnostics.iter().take(5) {
        let file = diagnostic.file.as_deref().unwrap_or("-");
        message.push_str(&format!("\n  {file}:{}: {}", diagnostic.line, diagnostic.message));
    }
    CliError::Nothing(message)
}

/// The configuration with the command line over it.
pub(super) fn configure(tree: &Tree, args: &TreeArgs) -> Result<Config, CliError> {
    let mut config = Config::for_tree(tree, args.config.as_deref())?;
    if !args.entry.is_empty() {
        config.set_entries(&args.entry);
    }
    let read = |option: &str, text: &String| {
        Pattern::new(text).map_err(|error| CliError::Usage(format!("{option} {text}: {error}")))
    };
    for text in &args.exclude {
        config.exclude.push(read("--exclude", text)?);
    }
    for text in &args.include {
        config.include.push(read("--include", text)?);
    }
    Ok(config)
}
