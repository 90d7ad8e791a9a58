//! The engine's call graph of any Python program: no routes, no queues.
//!
//! The entry modules are executed in the abstract, as a scan does with those of an application. Then every function
//! that was made and that nothing called is called as well, with arguments of which nothing is known, until there is
//! none left: in a library that is most of them.
//!
//! A **node** is a module body, a function, a lambda, or something outside of the program (a builtin, a library). A class
//! body belongs to the scope around it. An **edge** says that some call in the caller may enter the callee: calls as
//! written, application of decorators, and what the language calls by itself (`__init__`, `__iter__`, `__enter__`,
//! property getters ...). An import is no call.

mod read_off;

use std::path::Path;

use crate::config::Config;
use crate::finding::{Diagnostic, HopKind};
use crate::link::{ModId, Program};
use crate::models::Models;
use crate::progress::Progress;
use crate::scan::{ScanError, ScanOptions, in_threads, read_tree};
use crate::solve::contexts::Contexts;
use crate::solve::{Knowledge, Reading, Solver};
use crate::source::Tree;

/// What a call graph is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which files belong to the program; of `entries` those that were chosen are run, else every module.
    pub config: Config,
    /// Number of threads, none for one per processor.
    pub threads: Option<usize>,
    /// Leave out functions that nothing calls.
    pub reached_only: bool,
    /// The coarser reading of [`Reading::coarse`].
    pub coarse: bool,
}

/// A call graph.
#[derive(Debug, Default)]
pub struct Graph {
    /// Nodes, sorted by name.
    pub nodes: Vec<Node>,
    /// Edges, sorted by caller and callee.
    pub edges: Vec<Edge>,
    /// Nodes that a web framework calls: views, hooks, what it applies to them. Indices into `nodes`, sorted.
    pub entered: Vec<usize>,
    /// Calls of which some callee is not known.
    pub unresolved: Vec<Unresolved>,
    /// Problems met on the way.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A module body.
    Module,
    /// A function or method.
    Function,
    /// A lambda.
    Lambda,
    /// A builtin, or a method of a builtin type.
    Builtin,
    /// Something of a library.
    External,
}

/// A node: something that calls or is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Dotted name as PyCG writes it: `main`, `main.A.__init__`, `main.f.<lambda1>`, `<builtin>.map`, `<**PyStr**>.join`.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// File and line of the definition, for what the program defines.
    pub place: Option<(String, u32)>,
}

/// A call that may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Index of the caller in [`Graph::nodes`].
    pub from: usize,
    /// Index of the callee.
    pub to: usize,
    /// How the callee is found, each kind once, sorted.
    pub kinds: Vec<HopKind>,
    /// Lines of the calls, each once, sorted.
    pub lines: Vec<u32>,
}

/// A call of which some callee is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// Index of the caller in [`Graph::nodes`].
    pub from: usize,
    /// Line of the call.
    pub line: u32,
}

/// The call graph of the program below `root`.
///
/// # Errors
/// When the tree cannot be read, holds nothing to analyse, or a chosen entry is missing.
pub fn build(root: &Path, options: &Options, progress: &dyn Progress) -> Result<Graph, ScanError> {
    in_threads(options.threads, || build_here(root, options, progress))?
}

fn build_here(root: &Path, options: &Options, progress: &dyn Progress) -> Result<Graph, ScanError> {
    let scan = ScanOptions {
        config: options.config.clone(),
        threads: options.threads,
        assume_names: false,
        contexts: Contexts::default(),
    };
    let tree = read_tree(&Tree::directory(root), &scan, progress)?;
    progress.stage("link", 0);
    let mut program = Program::link(tree.files);
    let models = Models::shipped()?;
    let entries = entries(&program, &options.config, root)?;
    progress.stage("solve", 0);
    let mut solver = Solver::new(&mut program, &models, &Knowledge::default());
    solver.reading = Reading { results: 1, coarse: options.coarse };
    for &entry in &entries {
        solver.run_module(entry, true);
    }
    solver.solve();
    while !options.reached_only && solver.call_uncalled() {
        solver.solve();
    }
    let mut graph = read_off::graph(&solver);
    graph.diagnostics = tree.diagnostics;
    graph.diagnostics.sort();
    progress.finish();
    Ok(graph)
}

/// The modules that were chosen, or else all.
fn entries(program: &Program, config: &Config, root: &Path) -> Result<Vec<ModId>, ScanError> {
    if config.entries_are_default {
        return Ok(program.files.iter().map(|file| file.module).collect());
    }
    let module = |entry: &String| {
        let package = || format!("{}/__init__.py", entry.trim_end_matches(".py"));
        program
            .module_of_path(entry)
            .or_else(|| program.module_of_path(&package()))
            .ok_or_else(|| ScanError::NoEntry { entry: entry.clone(), tree: root.display().to_string() })
    };
    config.entries.iter().map(module).collect()
}
