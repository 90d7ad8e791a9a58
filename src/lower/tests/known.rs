//! What containers hold, as far as the text shows.

use super::{func, has, ir};
use crate::ir::Op;

/// Whether `return d["a"]` at the end of a function with these lines reads the heap.
fn reads_the_heap(lines: &str) -> bool {
    let body: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let file = ir(&format!("def f(x, y, k, e):\n{body}    return d[\"a\"]\n"));
    func(&file, "f").instrs.iter().any(|instr| matches!(instr.op, Op::LoadSub { .. }))
}

#[test]
fn the_last_store_is_what_is_read() {
    has(
        "def f(x, y):\n    d = {\"a\": x}\n    d[\"a\"] = y\n    return d[\"a\"]\n",
        "f",
        &["= y.1", "= y.1", "return"],
    );
    for lines in [
        "d = {\"a\": x}",
        "d = {\"a\": x}\nd[\"a\"] = y",
        "d = {}\nd[\"b\"] = x\nd[\"a\"] = y",
        "d = {\"a\": x}\nd.update({\"a\": y})",
        "c = d = {\"a\": x}\nc[\"a\"] = y",
        "c = {\"a\": {\"a\": x}}\nc[\"a\"][\"a\"] = y\nd = c[\"a\"]",
    ] {
        assert!(!reads_the_heap(lines), "{lines}");
    }
}

#[test]
fn whatever_may_change_it_unseen_ends_that() {
    for lines in [
        "d = e",
        "d = {k: x}",
        "d = {**e}",
        "d = {\"a\": x}\ne()",
        "d = {\"a\": x}\ne.b",
        "d = {\"a\": x}\ne[\"a\"] = y",
        "d = {\"a\": x}\nd[k] = y",
        "d = {\"a\": x}\nd.update(e)",
        "d = {\"a\": x}\nd.setdefault(\"a\", y)",
        "d = {\"a\": x}\nif k:\n    d[\"a\"] = y",
        "d = {\"a\": x}\nk and d.update({\"a\": y})",
        "d = {\"a\": x}\nfor d[\"a\"] in e:\n    pass",
        "d = {\"a\": x}\nwith e:\n    d[\"a\"] = y",
        "d = {\"a\": x}\ntry:\n    d[\"a\"] = y\nfinally:\n    pass",
        "d = {\"a\": x}\nk = x + y",
        "d = {\"a\": x}\nyield x",
    ] {
        assert!(reads_the_heap(lines), "{lines}");
    }
}

#[test]
fn lists_know_their_indices() {
    let source = |key: &str| format!("def f(x, y):\n    d = [x, y]\n    return d[{key}]\n");
    has(&source("0"), "f", &["= x.0", "return"]);
    has(&source("-1"), "f", &["= y.1", "return"]);
    has(&source("2"), "f", &["[%", "return"]);
}

#[test]
fn slices_with_constant_bounds_say_which_elements() {
    let source = |slice: &str| format!("def f(x, k):\n    return x[{slice}]\n");
    has(&source("1:3"), "f", &["slice x.0 1..3"]);
    has(&source("1:"), "f", &["slice x.0 1.."]);
    has(&source(":2"), "f", &["slice x.0 0..2"]);
    for slice in ["k:3", "-2:", ":-1", "::2", "0:3:k"] {
        super::lacks(&source(slice), "f", &[".."]);
    }
}
