//! Loops over literals, generators that are dropped, and what handlers catch.

use super::{func, has, ir, lacks};

#[test]
fn a_loop_over_a_literal_of_pairs_stands_once_for_each() {
    let source = "def f():\n    for a, b in [(1, x), (2, y)]:\n        g(a, b)\n";
    has(source, "f", &["= global x", "= global y", "= call", "= call"]);
    lacks(source, "f", &["iter"]);
    let file = ir(source);
    let f = func(&file, "f");
    let calls = || (0..).zip(&f.instrs).filter(|(_, i)| matches!(i.op, crate::ir::Op::Call { .. }));
    let calls: Vec<u32> = calls().map(|(index, _)| index).collect();
    assert_eq!(calls.len(), 2);
    assert_eq!([f.original(calls[0]), f.original(calls[1])], [calls[0], calls[0]]);
}

#[test]
fn loops_that_end_early_or_define_something_stay_loops() {
    for body in ["break", "continue", "h = lambda: a", "[a for _ in b]", "while b: pass"] {
        has(&format!("def f():\n    for a, b in [(1, 2), (3, 4)]:\n        {body}\n"), "f", &["iter"]);
    }
    for rows in ["[(1, 2), *rest]", "[(1, 2), (3,)]", "[(1, *rest), (3, 4)]", "[]", "rows", "[1, 2]"] {
        has(&format!("def f(rest, rows):\n    for a, b in {rows}:\n        g(a, b)\n"), "f", &["iter"]);
    }
    let many = "(1, 2), ".repeat(33);
    has(&format!("def f():\n    for a, b in [{many}]:\n        g(a, b)\n"), "f", &["iter"]);
}

#[test]
fn a_generator_that_is_dropped_gets_its_first_iterable_only() {
    lacks("def f(xs):\n    (g(x) for x in xs)\n", "f", &["global g", "iter"]);
    has("def f(xs):\n    (g(x) for x in xs())\n", "f", &["= call"]);
    has("def f(xs):\n    ys = (g(x) for x in xs)\n", "f", &["iter", "global g"]);
}

#[test]
fn handlers_say_what_they_catch() {
    let source = "def f():\n    try:\n        g()\n    except A:\n        pass\n    except (B, C) as e:\n        if e.x:\n            raise e\n    except:\n        raise\n";
    has(source, "f", &["catches %", "catches %", "catches everything of #0..#2 raises again"]);
    let file = ir(source);
    let ends: Vec<bool> = func(&file, "f").catches.iter().map(|catch| catch.ends).collect();
    assert_eq!(ends, [true, false, false]);
    lacks("def f():\n    try:\n        g()\n    finally:\n        h()\n", "f", &["catches"]);
}
