//! Literate fixtures: the small programs of `tests/fixtures/*.md`, each scanned on its own and held against the
//! statements that stand beside it. `tests/fixtures/README.md` tells the format.

pub mod calls;
mod check;
mod contexts;
pub mod parse;

use std::path::Path;

use producer_map::config::Config;
use producer_map::evidence::{Context, Evidence, build, near_miss};
use producer_map::progress::Silent;
use producer_map::scan::{Solved, analyze_and};
use producer_map::solve::contexts::Contexts;
use producer_map::source::Tree;
use producer_map::{ScanOptions, tracker};

use crate::support::crate_root;
use check::Misses;
use parse::Case;

/// Writes the files of a case to a directory of its own.
pub fn write(case: &Case) -> Result<tempfile::TempDir, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (name, text) in &case.files {
        let path = dir.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        }
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
    }
    Ok(dir)
}

/// The statements of a case that do not hold, with their lines.
fn unmet(case: &Case) -> Result<Vec<(usize, String)>, String> {
    let dir = write(case)?;
    let (about_calls, others): (Vec<_>, Vec<_>) =
        case.statements.iter().partition(|(_, statement)| calls::is_about_calls(statement));
    let mut failures = Vec::new();
    if !about_calls.is_empty() {
        failures.extend(calls::failures(case, &calls::graph(case, dir.path())?));
    }
    if !others.is_empty() {
        let (evidence, misses) = scan(dir.path(), Contexts::default())?;
        failures.extend(check::failures(case, &evidence, &misses));
    }
    Ok(failures)
}

/// Scans a program, with guesses, and asks how near each route comes to each queue.
fn scan(root: &Path, contexts: Contexts) -> Result<(Evidence, Misses), String> {
    let tree = Tree::directory(root);
    let config = Config::for_tree(&tree, None).map_err(|error| error.to_string())?;
    let options = ScanOptions { config, threads: Some(1), assume_names: true, contexts };
    let ask = |solved: &Solved<'_, '_>| {
        let findings = solved.findings;
        let mut misses = Misses::new();
        for (number, route) in findings.routes.iter().enumerate() {
            for (queue, found) in findings.queues.iter().enumerate() {
                if let Some(miss) = solved.nearest_miss(number, queue) {
                    let key = (route.method.clone(), route.rule.clone(), found.name.clone());
                    misses.insert(key, near_miss(&miss));
                }
            }
        }
        misses
    };
    let (findings, misses) = analyze_and(&tree, &options, &Silent, ask).map_err(|error| error.to_string())?;
    let assignment = tracker::assign(&findings.routes, None);
    let context = Context { tracker: None, assignment: &assignment, validation_queues: &[] };
    Ok((build(&findings, context), misses))
}

fn run(name: &str) {
    let path = crate_root().join("tests/fixtures").join(format!("{name}.md"));
    let text = std::fs::read_to_string(&path).expect("fixture is readable");
    let cases = parse::cases(&text).unwrap_or_else(|error| panic!("{name}.md:{error}"));
    assert!(!cases.is_empty(), "{name}.md holds no program");
    let mut failures = Vec::new();
    for case in &cases {
        let found = unmet(case).unwrap_or_else(|error| vec![(case.line, error)]);
        let title = &case.title;
        failures.extend(
            found
                .into_iter()
                .map(|(line, message)| format!("tests/fixtures/{name}.md:{line}: {title}: {message}")),
        );
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

macro_rules! fixtures {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        #[test]
        fn every_fixture_file_is_run() {
            let known = [$(stringify!($name)),*, "README"];
            for entry in std::fs::read_dir(crate_root().join("tests/fixtures")).expect("readable") {
                let path = entry.expect("readable").path();
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                assert!(known.contains(&stem), "{stem} is not in the list of fixtures");
            }
        }
    };
}

fixtures! {
    imports,
    special,
    making,
    containers,
    enumerations,
    decorators,
    methods,
    proxies,
    closures,
    contexts,
    cloning,
    certainty,
    generators,
    branches,
    queues,
    callbacks,
    classes,
    threads,
    hooks,
    restful,
    views,
    registering,
    records,
    holders,
    rules,
    gates,
    conditions,
    bodies,
    broken,
    calls,
    types,
    unknown,
}
