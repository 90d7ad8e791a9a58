//! Tests of lowering, one room per subject. Each lowers a few lines of Python and looks at the dump.
#![allow(clippy::unwrap_used)]

mod calls;
mod depth;
mod guards;
mod known;
mod loops;
mod scopes;
mod ssa;
mod tree;

use super::{check, dump, lower};
use crate::ir::{FileIr, FuncIr};

/// Lowers and verifies a source without errors.
fn ir(source: &str) -> FileIr {
    let file = lower(source);
    assert_eq!(file.errors, vec![], "{source}");
    check(&file).unwrap();
    file
}

/// The scope with this qualified name.
fn func<'a>(file: &'a FileIr, qualname: &str) -> &'a FuncIr {
    file.funcs.iter().find(|func| &*file.strings[func.qualname.0 as usize] == qualname).unwrap()
}

/// The dump of one scope, without instruction numbers.
fn scope(source: &str, qualname: &str) -> String {
    let text = dump(&ir(source));
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.is_empty() {
            inside = false;
        } else if !line.starts_with(' ') {
            let name = line.split(' ').nth(1).unwrap();
            inside = name == qualname || name.starts_with(&format!("{qualname}("));
        }
        if inside {
            match line.strip_prefix("  #") {
                Some(instr) => out.push_str(instr.split_once(' ').unwrap().1),
                None => out.push_str(line),
            }
            out.push('\n');
        }
    }
    assert!(!out.is_empty(), "no scope {qualname} in\n{text}");
    out
}

/// Asserts that a scope has lines with these texts, in this order.
#[track_caller]
fn has(source: &str, qualname: &str, wanted: &[&str]) {
    let text = scope(source, qualname);
    let mut lines = text.lines();
    for want in wanted {
        assert!(lines.any(|line| line.contains(want)), "no `{want}` (in this order) in\n{text}");
    }
}

/// Asserts that no line of a scope has any of these texts.
#[track_caller]
fn lacks(source: &str, qualname: &str, unwanted: &[&str]) {
    let text = scope(source, qualname);
    for unwanted in unwanted {
        assert!(!text.contains(unwanted), "`{unwanted}` in\n{text}");
    }
}
