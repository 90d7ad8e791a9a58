//! A scan from end to end: the stages of the pipeline in order.

use crate::config::{Config, Parameter};
use crate::finding::{Diagnostic, Findings, NearMiss, Severity, SourceFacts};
use crate::ir::{Op, Pos, Sym};
use crate::link::{File, LoweredFile, ModId, Program};
use crate::models::{ModelError, Models};
use crate::paths::CallGraph;
use crate::progress::Progress;
use crate::routes::RouteRoots;
use crate::solve::contexts::Contexts;
use crate::solve::{Knowledge, Origin, QueueClass, Solver};
use crate::source::{SourceFile, Tree};
use crate::unknown::{self, Unknown};
use crate::{paths, queues, routes, workers};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// What a scan is told.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// What is known about the project.
    pub config: Config,
    /// Number of threads, none for one per processor.
    pub threads: Option<usize>,
    /// Whether guesses that rest on names are wanted as well.
    pub assume_names: bool,
    /// What keeps calls apart: all rules, except in tests that switch one off.
    #[doc(hidden)]
    pub contexts: Contexts,
}

/// Why a scan found nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The root cannot be read.
    #[error("cannot read {tree}: {source}; name the directory to scan")]
    Root {
        /// The tree.
        tree: String,
        /// Why not.
        source: std::io::Error,
    },
    /// There is nothing to analyse.
    #[error("no Python file in {tree}: name the root of a Flask project")]
    NoPython {
        /// The tree.
        tree: String,
    },
    /// A configured entry module does not exist.
    #[error("entry module {entry} is not in {tree}: correct --entry or `entries` in producer-map.toml")]
    NoEntry {
        /// The entry as a file path.
        entry: String,
        /// The tree.
        tree: String,
    },
    /// The threads could not be started.
    #[error("cannot start {count} threads: {message}; ask for fewer with --threads, or allow more memory")]
    Threads {
        /// How many were asked for.
        count: usize,
        /// Why not.
        message: String,
    },
    /// A library model is malformed: a defect of the build.
    #[error(transparent)]
    Models(#[from] ModelError),
}

impl ScanError {
    /// Whether the mistake is in what was asked for, not in the tree.
    pub fn wrong_use(&self) -> bool {
        !matches!(self, Self::NoPython { .. } | Self::Models(_))
    }
}

struct Loaded {
    file: Option<LoweredFile>,
    digest: [u8; 32],
    bytes: u64,
    diagnostics: Vec<Diagnostic>,
}

/// A tree, read and lowered.
pub(crate) struct Lowered {
    /// Its files in path order.
    pub(crate) files: Vec<LoweredFile>,
    /// What it consists of; the entries are not known yet.
    pub(crate) source: SourceFacts,
    /// Files that could not be read or parsed.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Does some work in threads of its own, with stacks for deep nesting: the number that is asked for, else one for each
/// processor. All of a scan belongs there, since the memory that a thread has freed is at hand for what it does next.
///
/// # Errors
/// When the threads cannot be started.
pub(crate) fn in_threads<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, ScanError> {
    let mut pool = rayon::ThreadPoolBuilder::new().stack_size(16 << 20);
    if let Some(count) = threads {
        pool = pool.num_threads(count);
    }
    let pool = pool.build().map_err(|e| {
        let each = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        ScanError::Threads { count: threads.unwrap_or_else(each), message: e.to_string() }
    })?;
    Ok(pool.install(work))
}

/// Reads and lowers the files of a tree, in parallel: to be called [`in_threads`].
///
/// # Errors
/// When the tree cannot be read or holds no Python.
pub(crate) fn read_tree(
    tree: &Tree,
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<Lowered, ScanError> {
    let filter = options.config.path_filter();
    progress.stage("discover", 0);
    let found =
        tree.discover(&filter).map_err(|source| ScanError::Root { tree: tree.to_string(), source })?;
    if found.files.is_empty() {
        return Err(ScanError::NoPython { tree: tree.to_string() });
    }
    progress.stage("parse", found.files.len());
    let loaded: Vec<Loaded> = found
        .files
        .par_iter()
        .map(|file| {
            let loaded = load(tree, file);
            progress.tick();
            loaded
        })
        .collect();

    let mut diagnostics = found.diagnostics;
    let mut digest = Sha256::new();
    let mut files = Vec::with_capacity(loaded.len());
    let mut bytes = 0;
    for (source, loaded) in found.files.iter().zip(loaded) {
        digest.update(source.path.as_bytes());
        digest.update([0]);
        digest.update(loaded.digest);
        bytes += loaded.bytes;
        diagnostics.extend(loaded.diagnostics);
        files.extend(loaded.file);
    }
    if files.is_empty() {
        return Err(ScanError::NoPython { tree: tree.to_string() });
    }
    let source = SourceFacts {
        entries: Vec::new(),
        files: files.len(),
        bytes,
        excluded_files: found.excluded,
        exclusion_rules: filter.rules(),
        digest: crate::digest::hex(&digest.finalize()),
        revision: tree.commit().map(str::to_owned),
    };
    Ok(Lowered { files, source, diagnostics })
}

/// Scans a tree.
///
/// # Errors
/// When the tree cannot be read, holds nothing to analyse, or a configured entry is missing.
pub fn analyze(tree: &Tree, options: &ScanOptions, progress: &dyn Progress) -> Result<Findings, ScanError> {
    analyze_and(tree, options, progress, |_| ()).map(|(findings, ())| findings)
}

/// Scans a tree, and asks something of the scan before it is forgotten.
///
/// # Errors
/// As [`analyze`].
pub fn analyze_and<T: Send>(
    tree: &Tree,
    options: &ScanOptions,
    progress: &dyn Progress,
    ask: impl FnOnce(&Solved<'_, '_>) -> T + Send,
) -> Result<(Findings, T), ScanError> {
    in_threads(options.threads, || analyze_here(tree, options, progress, ask))?
}

fn analyze_here<T>(
    tree: &Tree,
    options: &ScanOptions,
    progress: &dyn Progress,
    ask: impl FnOnce(&Solved<'_, '_>) -> T,
) -> Result<(Findings, T), ScanError> {
    // Looking for files keeps one thread busy.
    let (lowered, models) = rayon::join(|| read_tree(tree, options, progress), Models::shipped);
    let Lowered { files, source, diagnostics } = lowered?;
    let models = models?;
    let mut findings = Findings { source, diagnostics, ..Findings::default() };

    progress.stage("link", 0);
    let mut program = Program::link(files);
    let entries = entries(&program, &options.config, tree)?;
    if entries.is_empty() {
        findings.diagnostics.push(Diagnostic {
            file: None,
            line: 0,
            column: 0,
            severity: Severity::Error,
            code: "no-entry-module",
            message: "no WSGI entry module: none of the default ones is there and nothing calls \
                      register_blueprint; name them with --entry"
                .to_owned(),
        });
    }
    let consumers = consumer_modules(&program, &options.config);
    findings.source.entries = entries
        .iter()
        .filter_map(|m| program.modules[m.0 as usize].file)
        .map(|f| program.files[f as usize].path.clone())
        .collect();
    let knowledge = knowledge(&options.config);

    progress.stage("solve", 0);
    let mut solver = Solver::new(&mut program, &models, &knowledge);
    solver.contexts = options.contexts;
    for &entry in &entries {
        solver.run_module(entry, false);
    }
    solver.solve();

    findings.diagnostics.extend(mounted_elsewhere(&solver, &consumers));
    solver.connect_error_handlers();

    progress.stage("paths", 0);
    let ((graph, ground), ()) = rayon::join(
        || {
            let graph = CallGraph::new(&solver);
            let ground = unknown::Ground::new(&solver, &graph);
            (graph, ground)
        },
        || solver.prepare_elements(),
    );
    let (routes, roots) = routes::extract(&mut solver, &graph, &entries);
    findings.diagnostics.extend(routes::unbound_gates(&routes));
    findings.diagnostics.extend(routes::open::registrations(&solver));
    findings.routes = routes;
    // Both only read the solution.
    let (edges, unknown) = rayon::join(
        || paths::edges(&solver, &graph, &findings.routes, &roots),
        || unknown::survey(&solver, &graph, ground, &roots),
    );
    let guesses = options
        .assume_names
        .then(|| unknown::guess::guesses(&solver, &graph, &unknown, (&findings.routes, &roots), &edges));

    progress.stage("consumers", 0);
    for &module in &consumers {
        solver.run_module(module, true);
    }
    solver.solve();
    let queues::Beginnings { created, consumers: starts } =
        queues::complete(&solver, edges, guesses, &mut findings);
    unknown::complete(&solver, &unknown, &created, &mut findings);
    if let Some((path, text)) = tree.first_of(&options.config.supervisor) {
        match text {
            Ok(text) => workers::complete(path, &text, &solver, &starts, &mut findings),
            Err(diagnostic) => findings.diagnostics.push(diagnostic),
        }
    }
    for (name, count) in solver.caps_hit() {
        findings.statistics.caps_hit.push((name, count));
    }
    findings.diagnostics.sort();
    progress.finish();
    let solved =
        Solved { findings: &findings, solver: &solver, graph: &graph, roots: &roots, unknown, created };
    let answer = ask(&solved);
    // Millions of small lists: freeing them takes a while, and nobody has to wait for it.
    let rest = (solver.into_tables(), graph);
    rayon::spawn(move || drop((rest, program)));
    Ok((findings, answer))
}

/// A scan that is done, for questions that its findings do not answer.
pub struct Solved<'a, 'p> {
    /// What it found.
    pub findings: &'a Findings,
    solver: &'a Solver<'p>,
    graph: &'a CallGraph,
    roots: &'a [RouteRoots],
    unknown: Unknown,
    /// Where each queue of the findings is created.
    created: Vec<Origin>,
}

impl Solved<'_, '_> {
    /// How near a route comes to a queue that it does not feed; both by their numbers in the findings. None if nothing that
    /// the application runs puts on the queue.
    pub fn nearest_miss(&self, route: usize, queue: usize) -> Option<NearMiss> {
        let roots = self.roots.iter().find(|roots| roots.route == route)?;
        let created = *self.created.get(queue)?;
        let method = &self.findings.routes.get(route)?.method;
        unknown::nearest::nearest(self.solver, self.graph, &self.unknown, roots, method, created)
    }
}

fn load(tree: &Tree, file: &SourceFile) -> Loaded {
    let text = match tree.read(file) {
        Ok(text) => text,
        Err(diagnostic) => {
            return Loaded { file: None, digest: [0; 32], bytes: 0, diagnostics: vec![diagnostic] };
        }
    };
    let digest = Sha256::digest(text.as_bytes()).into();
    let ir = crate::lower::lower(&text);
    let diagnostics = ir
        .errors
        .iter()
        .map(|error| Diagnostic {
            file: Some(file.path.clone()),
            line: error.pos.line,
            column: error.pos.col,
            severity: Severity::Warning,
            code: "syntax-error",
            message: format!(
                "{}; what follows it in the file may be missing from the analysis",
                error.message
            ),
        })
        .collect();
    Loaded {
        file: Some(LoweredFile { path: file.path.clone(), ir }),
        digest,
        bytes: text.len() as u64,
        diagnostics,
    }
}

fn entries(program: &Program, config: &Config, tree: &Tree) -> Result<Vec<ModId>, ScanError> {
    let mut entries = Vec::new();
    for entry in &config.entries {
        match program.module_of_path(entry) {
            Some(module) => entries.push(module),
            None if config.entries_are_default => {}
            None => {
                return Err(ScanError::NoEntry { entry: entry.clone(), tree: tree.to_string() });
            }
        }
    }
    if entries.is_empty() {
        // Whoever mounts blueprints sets up an application.
        entries.extend(program.files.iter().filter(|file| mount(program, file).is_some()).map(|f| f.module));
    }
    Ok(entries)
}

/// Where a file first mounts a blueprint.
fn mount(program: &Program, file: &File) -> Option<Pos> {
    let name = program.names.find("register_blueprint")?;
    let local = Sym(file.names.iter().position(|&n| n == name)? as u32);
    let mut instrs = file.ir.funcs.iter().flat_map(|func| &func.instrs);
    instrs.find(|i| matches!(i.op, Op::LoadAttr { name, .. } if name == local)).map(|i| i.pos)
}

/// Files that mount blueprints, that no entry module imports and that are no workers: applications of their own, whose routes
/// are missing.
fn mounted_elsewhere(solver: &Solver<'_>, workers: &[ModId]) -> Vec<Diagnostic> {
    let program = &*solver.program;
    let unseen =
        program.files.iter().filter(|file| !solver.has_run(file.module) && !workers.contains(&file.module));
    let places = unseen.filter_map(|file| Some((file, mount(program, file)?)));
    let diagnostic = |(file, pos): (&File, Pos)| {
        Diagnostic {
        file: Some(file.path.clone()),
        line: pos.line,
        column: pos.col,
        severity: Severity::Warning,
        code: "entry-not-run",
        message: "blueprints are mounted here, and no entry module imports the file: if it sets up an application, \
                  name it with --entry, beside the others"
            .to_owned(),
    }
    };
    places.map(diagnostic).collect()
}

fn consumer_modules(program: &Program, config: &Config) -> Vec<ModId> {
    program
        .files
        .iter()
        .filter(|f| config.consumer_entries.iter().any(|p| p.matches(&f.path, false)))
        .map(|f| f.module)
        .collect()
}

fn knowledge(config: &Config) -> Knowledge {
    Knowledge {
        feature_modules: config.feature_modules.clone(),
        queue_classes: config
            .queue_classes
            .iter()
            .map(|class| QueueClass {
                path: class.path.clone(),
                put: class.put.clone(),
                batch: class.batch.clone(),
                consume: class.consume.clone(),
                body: class.body_arg.as_ref().map(parameter),
                name: parameter(&class.name_arg),
                namespace: class.namespace_arg.as_ref().map(parameter),
            })
            .collect(),
    }
}

fn parameter(parameter: &Parameter) -> crate::solve::ParameterRef {
    match parameter {
        Parameter::Position(position) => crate::solve::ParameterRef::Position(*position as u32),
        Parameter::Name(name) => crate::solve::ParameterRef::Name(name.clone()),
    }
}
