//! The solver against an executable specification of its rules.
//!
//! `rules` is a Datalog program, run to its least fixpoint from nothing but the intermediate representation; `compare` holds
//! the solver's solution against it, for every variable of every function instance and every edge of the call graph. The
//! specification knows no order, so that the solver's worklist cannot matter where they agree.
//!
//! Whatever a rule is missing for makes a program fall out of the comparison. How many must not fall out is written down here.

mod compare;
mod domain;
mod forwarding;
mod generate;
mod imports;
mod intern;
mod lacking;
mod library;
#[path = "../it/fixtures/parse.rs"]
mod parse;
mod rules;
mod shapes;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compare::{Files, Outcome, compare, compare_changed};
use generate::Generated;
use producer_map::models::Models;
use rayon::prelude::*;

/// The programs of the fixtures.
fn fixtures() -> Vec<(String, Files)> {
    let mut programs = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for case in parse::cases(&text).expect("well formed") {
            programs.push((format!("{name}:{} {}", case.line, case.title), case.files));
        }
    }
    programs.sort();
    programs
}

/// The programs of PyCG's benchmark, none if `PYCG_BENCHMARK` does not name it.
fn benchmark() -> Vec<(String, Files)> {
    fn files(root: &Path, folder: &Path, found: &mut Files) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                files(root, &path, found);
            } else if path.extension().is_some_and(|end| end == "py") {
                let name = path.strip_prefix(root).expect("below it").to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    let Some(root) = std::env::var_os("PYCG_BENCHMARK").map(PathBuf::from) else { return Vec::new() };
    let subfolders = |folder: &Path| -> Vec<PathBuf> {
        let entries =
            std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
        entries.filter(|path| path.is_dir()).collect()
    };
    let mut programs = Vec::new();
    for folder in subfolders(&root).iter().flat_map(|category| subfolders(category)) {
        let mut found = Files::new();
        files(&folder, &folder, &mut found);
        programs.push((folder.display().to_string(), found));
    }
    programs.sort();
    programs
}

/// Compares each program; what must hold is that so many are covered, and that none differs.
fn check(programs: &[(String, Files)], models: &Models, at_least: usize) {
    let outcomes: Vec<Outcome> = programs.par_iter().map(|(_, files)| compare(files, models)).collect();
    let (mut covered, mut values, mut edges) = (0, 0, 0);
    let mut outside: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for ((name, _), outcome) in programs.iter().zip(outcomes) {
        match outcome {
            Outcome::Same { values: more, edges: calls } => {
                covered += 1;
                values += more;
                edges += calls;
            }
            Outcome::Outside(reasons) => {
                for reason in reasons {
                    *outside.entry(reason).or_default() += 1;
                }
            }
            Outcome::Differ(differences) => failures.push(format!("{name}\n{differences}")),
        }
    }
    eprintln!(
        "{covered} of {} programs, {values} values, {edges} edges; outside: {outside:#?}",
        programs.len()
    );
    assert!(failures.is_empty(), "{} programs differ\n\n{}\n", failures.len(), failures.join("\n\n"));
    assert!(covered >= at_least, "only {covered} programs are covered, not {at_least}");
}

fn shipped() -> Models {
    Models::shipped().expect("shipped models parse")
}

/// Without models every library function is unknown, so that the rules speak of nearly all programs.
#[test]
fn fixtures_without_models() {
    check(&fixtures(), &Models::default(), 118);
}

#[test]
fn fixtures_with_models() {
    check(&fixtures(), &shipped(), 13);
}

#[test]
fn the_benchmark_of_call_graphs() {
    let programs = benchmark();
    if programs.is_empty() {
        eprintln!("skipped: PYCG_BENCHMARK does not name the folder micro-benchmark/snippets of PyCG");
        return;
    }
    check(&programs, &shipped(), 118);
    check(&programs, &Models::default(), 119);
}

/// Compares generated programs; one that differs is made smaller first.
fn check_generated(seeds: std::ops::Range<u64>, models: &Models, at_least: usize) {
    let programs: Vec<(String, Files)> =
        seeds.map(|seed| (format!("seed {seed}"), Generated::new(seed).files())).collect();
    let differs = |program: &Generated| matches!(compare(&program.files(), models), Outcome::Differ(_));
    let first = (0..programs.len())
        .into_par_iter()
        .find_first(|&index| matches!(compare(&programs[index].1, models), Outcome::Differ(_)));
    if let Some(index) = first {
        let seed: u64 = programs[index].0.trim_start_matches("seed ").parse().expect("a number");
        let small = Generated::new(seed).shrink(differs);
        let Outcome::Differ(difference) = compare(&small.files(), models) else { unreachable!("it differs") };
        let files: Vec<String> =
            small.files().iter().map(|(path, text)| format!("# {path}\n{text}")).collect();
        panic!("seed {seed}\n{difference}\n\n{}", files.join("\n"));
    }
    check(&programs, models, at_least);
}

/// Whatever one side has and the other has not is a difference.
#[test]
fn nothing_is_overlooked() {
    let text = "def f(x):\n    return x\n\n\nf(f)\n";
    let files = vec![("main.py".to_owned(), text.to_owned())];
    let outcome = |change: fn(&mut rules::Solution)| compare_changed(&files, &shipped(), change);
    let unchanged = outcome(|_| {});
    assert!(matches!(unchanged, Outcome::Same { edges: 1.., .. }), "{unchanged:?}");
    let changes: [fn(&mut rules::Solution); 4] = [
        |solution| _ = solution.edges.pop_first(),
        |solution| _ = solution.instances.pop_last(),
        |solution| solution.variables.values_mut().for_each(|values| _ = values.pop_first()),
        |solution| {
            for values in solution.variables.values_mut() {
                values.insert(domain::V::of(domain::Value::Unknown));
            }
        },
    ];
    for change in changes {
        assert!(matches!(outcome(change), Outcome::Differ(_)));
    }
}

#[test]
fn generated_programs() {
    check_generated(0..300, &shipped(), 215);
}

#[test]
fn generated_programs_without_models() {
    check_generated(1000..1300, &Models::default(), 280);
}

#[test]
fn generated_programs_are_valid_python() {
    for seed in (0..300).chain(1000..1300) {
        for (path, text) in Generated::new(seed).files() {
            let errors = producer_map::lower::lower(&text).errors;
            assert!(errors.is_empty(), "seed {seed}, {path}: {errors:?}\n{text}");
        }
    }
}
