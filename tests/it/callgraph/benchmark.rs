//! The score on PyCG's micro-benchmark (Salis et al., ICSE 2021: `micro-benchmark/snippets` of github.com/vitsalis/PyCG),
//! whose folder the variable `PYCG_BENCHMARK` names. Without it the tests say so and pass.
//!
//! Strict: a program is **complete** if no edge is found that is not expected, **sound** if each expected edge is found.
//! It is scored in both readings of the tool, and in the default one against the expectation as running the program
//! corrects it: `tests/facts/pycg-expectations.csv` lists each edge about which expectation and run (or we) differ, and a test
//! runs those programs under CPython to prove it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use producer_map::callgraph::{Options, build};
use producer_map::config::Config;
use producer_map::evidence::callgraph::adjacency;
use producer_map::progress::Silent;
use producer_map::source::Tree;
use serde::{Deserialize, Serialize};

use crate::support::{crate_root, observe, python};

type Edges = BTreeSet<(String, String)>;

/// A program of the benchmark.
struct Program {
    category: String,
    name: String,
    folder: PathBuf,
    expected: Edges,
}

/// A line of the committed score.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Score {
    reading: String,
    category: String,
    programs: usize,
    complete: usize,
    sound: usize,
}

/// An edge about which the benchmark, a run under CPython and the default reading do not agree.
#[derive(Debug, Deserialize)]
struct Difference {
    program: String,
    caller: String,
    callee: String,
    expected: bool,
    observed: bool,
    found: bool,
    reason: String,
}

fn edges<'a>(map: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Edges {
    map.into_iter()
        .flat_map(|(from, callees)| callees.into_iter().map(|to| (from.to_owned(), to.to_owned())))
        .collect()
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("readable");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The programs of the benchmark, none if its folder is not named.
fn programs() -> Option<Vec<Program>> {
    let Some(root) = std::env::var_os("PYCG_BENCHMARK").map(PathBuf::from) else {
        eprintln!("skipped: PYCG_BENCHMARK does not name the folder micro-benchmark/snippets of PyCG");
        return None;
    };
    let mut programs = Vec::new();
    for category in subfolders(&root) {
        for folder in subfolders(&category).into_iter().filter(|folder| folder.join("main.py").is_file()) {
            let text = std::fs::read_to_string(folder.join("callgraph.json")).expect("readable");
            let expected: BTreeMap<&str, Vec<&str>> = serde_json::from_str(&text).expect("an adjacency map");
            programs.push(Program {
                category: file_name(&category),
                name: format!("{}/{}", file_name(&category), file_name(&folder)),
                expected: edges(expected),
                folder,
            });
        }
    }
    assert!(!programs.is_empty(), "no program below {}", root.display());
    Some(programs)
}

fn found(program: &Program, coarse: bool) -> Edges {
    let mut config = Config::for_tree(&Tree::directory(&program.folder), None).expect("defaults");
    config.set_entries(&["main.py"]);
    let options = Options { config, threads: Some(1), reached_only: false, coarse };
    edges(adjacency(&build(&program.folder, &options, &Silent).expect(&program.name)))
}

fn differences() -> Vec<Difference> {
    let path = crate_root().join("tests/facts/pycg-expectations.csv");
    csv::Reader::from_path(path)
        .expect("readable")
        .deserialize()
        .map(|row| row.expect("well formed"))
        .collect()
}

/// What a program should be found to do: the benchmark's expectation, where a run does not contradict it.
fn corrected(program: &Program, differences: &[Difference]) -> Edges {
    let mut edges = program.expected.clone();
    for row in differences.iter().filter(|row| row.program == program.name) {
        let edge = (row.caller.clone(), row.callee.clone());
        if row.observed {
            edges.insert(edge);
        } else {
            edges.remove(&edge);
        }
    }
    edges
}

/// The score per category and, under `all`, in total.
fn score<'a>(reading: &str, results: impl Iterator<Item = (&'a str, bool, bool)>) -> Vec<Score> {
    let mut categories: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (category, complete, sound) in results {
        for name in [category, "~all"] {
            let counts = categories.entry(name).or_default();
            counts.0 += 1;
            counts.1 += usize::from(complete);
            counts.2 += usize::from(sound);
        }
    }
    let line = |(category, (programs, complete, sound)): (&str, _)| Score {
        reading: reading.to_owned(),
        category: category.trim_start_matches('~').to_owned(),
        programs,
        complete,
        sound,
    };
    categories.into_iter().map(line).collect()
}

fn table(scores: &[Score]) -> String {
    let mut text =
        format!("{:<14}{:<16}{:>9}{:>10}{:>7}\n", "reading", "category", "programs", "complete", "sound");
    for s in scores {
        let _ = writeln!(
            text,
            "{:<14}{:<16}{:>9}{:>10}{:>7}",
            s.reading, s.category, s.programs, s.complete, s.sound
        );
    }
    text
}

#[test]
fn no_score_falls() {
    let Some(programs) = programs() else { return };
    let differences = differences();
    let mut scores = Vec::new();
    for (reading, coarse) in [("default", false), ("coarse", true), ("corrected", false)] {
        let results = programs.iter().map(|program| {
            let expected = match reading {
                "corrected" => corrected(program, &differences),
                _ => program.expected.clone(),
            };
            let found = found(program, coarse);
            (program.category.as_str(), found.is_subset(&expected), expected.is_subset(&found))
        });
        scores.extend(score(reading, results));
    }
    eprintln!("{}", table(&scores));
    let path = crate_root().join("tests/facts/pycg-score.csv");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        let mut writer = csv::Writer::from_path(&path).expect("writable");
        scores.iter().for_each(|score| writer.serialize(score).expect("writable"));
        writer.flush().expect("writable");
        return;
    }
    let committed: Vec<Score> = csv::Reader::from_path(&path)
        .expect("readable")
        .deserialize()
        .map(|row| row.expect("well formed"))
        .collect();
    assert_eq!(committed.len(), scores.len(), "categories differ from {}", path.display());
    for (was, is) in committed.iter().zip(&scores) {
        assert_eq!((&was.reading, &was.category, was.programs), (&is.reading, &is.category, is.programs));
        assert!(is.complete >= was.complete && is.sound >= was.sound, "{was:?} has become {is:?}");
    }
}

#[test]
fn every_difference_is_listed() {
    let Some(programs) = programs() else { return };
    let listed: BTreeSet<(String, String, String, bool)> = differences()
        .into_iter()
        .filter(|row| row.expected != row.found)
        .map(|row| (row.program, row.caller, row.callee, row.found))
        .collect();
    let mut differing = BTreeSet::new();
    for program in &programs {
        let found = found(program, false);
        for (caller, callee) in program.expected.symmetric_difference(&found) {
            let edge = (caller.clone(), callee.clone());
            differing.insert((program.name.clone(), caller.clone(), callee.clone(), found.contains(&edge)));
        }
    }
    assert_eq!(differing, listed);
}

#[test]
fn running_the_programs_proves_the_list_and_the_graphs() {
    let Some(programs) = programs() else { return };
    let Some(python) = python() else { return };
    let differences = differences();
    let mut failures = String::new();
    for program in &programs {
        let observed: Edges = observe(&python, &program.folder, "main.py").edges;
        let found = found(program, false);
        let rows: Vec<&Difference> = differences.iter().filter(|row| row.program == program.name).collect();
        for row in &rows {
            let edge = (row.caller.clone(), row.callee.clone());
            if observed.contains(&edge) != row.observed {
                let _ = writeln!(failures, "{}: {edge:?} is listed otherwise ({})", program.name, row.reason);
            }
        }
        for edge in observed.difference(&found) {
            if !rows.iter().any(|row| !row.found && row.caller == edge.0 && row.callee == edge.1) {
                let _ = writeln!(failures, "{}: {edge:?} happens and is not found", program.name);
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
