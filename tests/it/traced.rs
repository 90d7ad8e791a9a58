//! Every program of the fixtures, run under CPython with a tracer: each call between its functions that is observed must be
//! in the call graph. A Flask application is sent one request per rule and method.
//!
//! Wants Python 3.11; programs that need a library that is not installed are counted, not traced.

use std::fmt::Write;

use producer_map::callgraph::{Options, build};
use producer_map::config::Config;
use producer_map::evidence::callgraph::adjacency;
use producer_map::progress::Silent;
use producer_map::source::Tree;
use rayon::prelude::*;

use crate::fixtures::parse::{self, Case};
use crate::fixtures::write;
use crate::support::{crate_root, observe, python};

/// The file that is run: `main.py`, or the first WSGI entry module of the defaults.
fn entry(case: &Case) -> Option<String> {
    let defaults = Config::defaults().entries;
    let candidates = std::iter::once("main.py".to_owned()).chain(defaults);
    candidates.into_iter().find(|entry| case.files.iter().any(|(name, _)| name == entry))
}

/// What tracing a program came to.
enum Outcome {
    /// Nothing in it is run.
    NoEntry,
    /// A library is not there.
    Untraced,
    /// How many requests were answered, how many calls observed, and those that the graph does not have.
    Traced { requests: usize, calls: usize, missing: Vec<(String, String)> },
}

fn trace(python: &str, case: &Case) -> Result<Outcome, String> {
    let Some(entry) = entry(case) else { return Ok(Outcome::NoEntry) };
    let dir = write(case)?;
    let observed = observe(python, dir.path(), &entry);
    if observed.error.as_deref().is_some_and(|error| error.starts_with("ModuleNotFoundError")) {
        return Ok(Outcome::Untraced);
    }
    let mut config =
        Config::for_tree(&Tree::directory(dir.path()), None).map_err(|error| error.to_string())?;
    config.set_entries(&[&entry]);
    let options = Options { config, threads: Some(1), reached_only: true, coarse: false };
    let graph = build(dir.path(), &options, &Silent).map_err(|error| error.to_string())?;
    let edges = adjacency(&graph);
    let calls = observed.edges.len();
    // What Flask calls while the program runs it, it calls on its own account in the graph.
    let entered: Vec<&str> = graph.entered.iter().map(|&index| graph.nodes[index].name.as_str()).collect();
    let by_library = observed.by_library;
    let has = |edge: &(String, String)| {
        let (caller, callee) = (edge.0.as_str(), edge.1.as_str());
        edges.get(caller).is_some_and(|callees| callees.contains(&callee))
            || (by_library.contains(edge) && entered.contains(&callee))
    };
    // A method of data is one of whichever builtin type the data has.
    let of_data = |(caller, callee): &(String, String)| {
        let method = callee.strip_prefix("<**Py").and_then(|name| name.split_once(">."));
        let name = method.map(|(_, method)| format!("<builtin>.data.{method}"));
        name.is_some_and(|name| edges.get(caller.as_str()).is_some_and(|callees| callees.contains(&&*name)))
    };
    let mut missing: Vec<(String, String)> =
        observed.edges.into_iter().filter(|edge| !has(edge) && !of_data(edge)).collect();
    // A call that the graph lists as unresolved stands for one callee that it does not have.
    for call in &graph.unresolved {
        let caller = &graph.nodes[call.from].name;
        if let Some(explained) = missing.iter().position(|(from, _)| from == caller) {
            missing.remove(explained);
        }
    }
    Ok(Outcome::Traced { requests: observed.requests, calls, missing })
}

#[test]
fn what_happens_is_in_the_graph() {
    let Some(python) = python() else { return };
    let mut cases: Vec<(String, Case)> = Vec::new();
    for entry in std::fs::read_dir(crate_root().join("tests/fixtures")).expect("readable") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = parse::cases(&text).expect("well formed");
        cases.extend(found.into_iter().map(|case| (format!("{name}:{} {}", case.line, case.title), case)));
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    let outcomes: Vec<Result<Outcome, String>> =
        cases.par_iter().map(|(_, case)| trace(&python, case)).collect();
    let (mut traced, mut requested, mut observed, mut untraced) = (0, 0, 0, 0);
    let mut failures = String::new();
    for ((place, _), outcome) in cases.iter().zip(outcomes) {
        match outcome {
            Ok(Outcome::NoEntry) => {}
            Ok(Outcome::Untraced) => untraced += 1,
            Ok(Outcome::Traced { requests, calls, missing }) => {
                traced += 1;
                requested += requests;
                observed += calls;
                for (caller, callee) in missing {
                    let _ = writeln!(failures, "{place}: {caller} calls {callee}");
                }
            }
            Err(error) => _ = writeln!(failures, "{place}: {error}"),
        }
    }
    eprintln!(
        "{traced} programs, {requested} requests, {observed} calls observed; \
         {untraced} programs skipped for want of a library"
    );
    assert!(failures.is_empty(), "\n{failures}");
    // The programs for call graphs need no library.
    assert!(observed > 50, "too little was traced");
}
