//! Every program of the fixtures, run under CPython with a tracer: each call between its functions that is observed must be
//! in the call graph. A Flask application is sent one request per rule and method.
//!
//! Wants Python 3.11; programs that need a library that is not installed are counted, not traced.

use std::collections::BTreeSet;
use std::fmt::Write;

use producer_map::callgraph::{Options, build};
use producer_map::config::Config;
use producer_map::evidence::callgraph::adjacency;
use producer_map::progress::Silent;
use producer_map::source::Tree;

use crate::fixtures::parse::{self, Case};
use crate::fixtures::write;
use crate::support::{crate_root, observe, python};

/// The file that is run: `main.py`, or the first WSGI entry module of the defaults.
fn entry(case: &Case) -> Option<String> {
    let defaults = Config::defaults().entries;
    let candidates = std::iter::once("main.py".to_owned()).chain(defaults);
    candidates.into_iter().find(|entry| case.files.iter().any(|(name, _)| name == entry))
}

/// What tracing the programs came to.
#[derive(Default)]
struct Outcome {
    programs: usize,
    requests: usize,
    edges: usize,
    /// Programs whose libraries are not there.
    untraced: BTreeSet<String>,
    failures: String,
}

impl Outcome {
    fn trace(&mut self, python: &str, place: &str, case: &Case) -> Result<(), String> {
        let Some(entry) = entry(case) else { return Ok(()) };
        let dir = write(case)?;
        let observed = observe(python, dir.path(), &entry);
        if let Some(error) = observed.error.as_deref().filter(|error| error.starts_with("ModuleNotFound")) {
            self.untraced.insert(format!("{place}: {error}"));
            return Ok(());
        }
        let mut config =
            Config::for_tree(&Tree::directory(dir.path()), None).map_err(|error| error.to_string())?;
        config.set_entries(&[&entry]);
        let options = Options { config, threads: Some(1), reached_only: true, coarse: false };
        let graph = build(dir.path(), &options, &Silent).map_err(|error| error.to_string())?;
        let edges = adjacency(&graph);
        for (caller, callee) in &observed.edges {
            if !edges.get(caller.as_str()).is_some_and(|callees| callees.contains(&callee.as_str())) {
                let _ = writeln!(self.failures, "{place}: {caller} calls {callee}");
            }
        }
        self.programs += 1;
        self.requests += observed.requests;
        self.edges += observed.edges.len();
        Ok(())
    }
}

#[test]
fn what_happens_is_in_the_graph() {
    let Some(python) = python() else { return };
    let mut outcome = Outcome::default();
    let mut files: Vec<_> = std::fs::read_dir(crate_root().join("tests/fixtures"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for case in parse::cases(&text).expect("well formed") {
            let place = format!("{name}:{} {}", case.line, case.title);
            if let Err(error) = outcome.trace(&python, &place, &case) {
                let _ = writeln!(outcome.failures, "{place}: {error}");
            }
        }
    }
    eprintln!(
        "{} programs, {} requests, {} calls observed; not traced: {}",
        outcome.programs,
        outcome.requests,
        outcome.edges,
        outcome.untraced.len()
    );
    assert!(outcome.failures.is_empty(), "\n{}", outcome.failures);
    // The programs for call graphs need no library.
    assert!(outcome.programs > 0 && outcome.edges > 50, "too little was traced");
}
