//! `callgraph`.

use std::path::{Path, PathBuf};

use super::args::{CallGraphArgs, CallGraphFormat, TreeArgs};
use super::{CliError, Terminal, scan};
use crate::callgraph::{Graph, Options, build};
use crate::config::{Config, Pattern};
use crate::source::Tree;
use crate::{evidence, progress, render};

/// Runs `callgraph`.
pub(super) fn run(args: &CallGraphArgs, terminal: &Terminal) -> Result<(), CliError> {
    let (root, config) = program(args)?;
    let options =
        Options { config, threads: args.threads, reached_only: args.reached_only, coarse: args.coarse };
    let progress = progress::for_terminal(terminal.quiet);
    let built = build(&root, &options, progress.as_ref());
    progress.finish();
    let graph = built?;
    for diagnostic in &graph.diagnostics {
        let file = diagnostic.file.as_deref().unwrap_or("-");
        terminal.note(&format!("{file}:{}: {}\n", diagnostic.line, diagnostic.message));
    }
    let text = text(&graph, args.format)?;
    match &args.output {
        Some(path) if path.as_os_str() != "-" => Ok(evidence::write_atomically(path, &text, "-o")?),
        _ => Ok(terminal.print(&text)?),
    }
}

fn text(graph: &Graph, format: CallGraphFormat) -> Result<String, CliError> {
    Ok(match format {
        CallGraphFormat::Pycg => evidence::callgraph::pycg(graph)?,
        CallGraphFormat::Json => evidence::callgraph::json(graph)?,
        CallGraphFormat::Dot => render::callgraph::dot(graph),
        CallGraphFormat::Mermaid => render::callgraph::mermaid(graph),
    })
}

/// The root of the program and what is known of it. A file stands for the folder it lies in, with itself as the only
/// entry; then no exclusion rule leaves it out.
fn program(args: &CallGraphArgs) -> Result<(PathBuf, Config), CliError> {
    let path = &args.path;
    let tree = TreeArgs {
        config: args.config.clone(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        entry: args.entry.clone(),
        ..TreeArgs::default()
    };
    if path.is_dir() {
        return Ok((path.clone(), scan::configure(&Tree::directory(path), &tree)?));
    }
    let name = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_file());
    let Some(name) = name else {
        let path = path.display();
        return Err(CliError::Usage(format!("{path} does not exist: name a folder or a Python file")));
    };
    if !name.ends_with(".py") {
        let path = path.display();
        return Err(CliError::Usage(format!(
            "{path} is no Python file: name one that ends in .py, or a folder"
        )));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let root = parent.unwrap_or(Path::new(".")).to_owned();
    let mut config = scan::configure(&Tree::directory(&root), &tree)?;
    let mut entries = args.entry.clone();
    entries.push(name.to_owned());
    config.set_entries(&entries);
    let pattern = Pattern::new(name).map_err(|error| CliError::Usage(format!("{name}: {error}")))?;
    config.include.push(pattern);
    Ok((root, config))
}
