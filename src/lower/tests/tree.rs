//! Lowering of a whole source tree, named by the environment.

use std::time::{Duration, Instant};

use crate::lower::{check, lower};

#[test]
fn every_file_of_the_tree_lowers_within_the_invariants() {
    let Some(root) = std::env::var_os("QUAY_TREE") else {
        println!("skipped: QUAY_TREE names no folder");
        return;
    };
    let mut files = 0;
    let mut bytes = 0;
    let mut instrs = 0;
    let mut vars = 0;
    let mut guards = 0;
    let mut spent = Duration::ZERO;
    let mut broken = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let Ok(entry) = entry else { continue };
        if entry.path().extension().is_none_or(|ext| ext != "py") {
            continue;
        }
        let Ok(source) = std::fs::read_to_string(entry.path()) else {
            continue;
        };
        let start = Instant::now();
        let file = lower(&source);
        spent += start.elapsed();
        files += 1;
        bytes += source.len();
        for func in &file.funcs {
            instrs += func.instrs.len();
            vars += func.vars.len();
            guards += func.guards.len();
        }
        for error in &file.errors {
            println!("{}: {error:?}", entry.path().display());
        }
        if let Err(message) = check(&file) {
            broken.push(format!("{}: {message}", entry.path().display()));
        }
    }
    println!(
        "{files} files, {bytes} bytes, {instrs} instructions, {vars} variables, {guards} guards, lowered in {spent:?}"
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(files > 0, "no Python files");
}

/// Shows the lowering of the file that the environment names.
#[test]
fn dump_of_a_named_file() {
    let Some(path) = std::env::var_os("LOWER_DUMP") else {
        println!("skipped: LOWER_DUMP names no file");
        return;
    };
    let source = std::fs::read_to_string(path).unwrap();
    println!("{}", crate::lower::dump(&lower(&source)));
}
