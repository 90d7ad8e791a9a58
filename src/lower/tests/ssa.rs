//! Versions of names: joins, loops, handlers, narrowing.

use super::{has, lacks, scope};

#[test]
fn branches_join_what_they_assign() {
    let source = "def f(a):\n    x = 1\n    if a.b:\n        x = 2\n    return x\n";
    has(source, "f", &["x.4 = x.3  [%2]", "x.4 = x.1  [not (%2)]", "return x.4"]);
}

#[test]
fn branches_that_end_do_not_join() {
    let source = "def f(a):\n    x = 1\n    if a.b:\n        x = 2\n        return 0\n    return x\n";
    has(source, "f", &["return x.1"]);
}

#[test]
fn dead_code_is_not_lowered() {
    let source = "def f():\n    return 1\n    g()\n";
    lacks(source, "f", &["global g"]);
    has("def f():\n    if x:\n        return 1\n    g()\n", "f", &["global g"]);
}

#[test]
fn loops_have_joins_at_their_heads() {
    let source = "def f(x, y):\n    while x:\n        y.m()\n        x = x.next\n    return x, y\n";
    has(source, "f", &["x.2 = x.0", "call", "x.2 = x.", "tuple (x."]);
    let text = scope(source, "f");
    // What the loop does not assign keeps its version.
    assert!(text.contains("y.1.m") && text.contains(", y.1)"), "{text}");
}

#[test]
fn break_states_join_after_the_loop() {
    let source = "def f(xs):\n    r = 0\n    for x in xs:\n        if x.ok:\n            r = x\n            break\n    else:\n        r = 2\n    return r\n";
    let text = scope(source, "f");
    assert!(text.contains("r.8 = r.7"), "{text}");
    assert!(text.contains("r.8 = r.6"), "{text}");
    assert!(text.contains("return r.8"), "{text}");
    // The state before the loop does not survive: `else` or `break` assigns.
    assert!(!text.contains("r.8 = r.1"), "{text}");
}

#[test]
fn while_true_ends_only_by_break() {
    lacks("def f():\n    while True:\n        g()\n    h()\n", "f", &["global h"]);
    has("def f():\n    while 1:\n        break\n    h()\n", "f", &["global h"]);
}

#[test]
fn handlers_see_every_version_of_the_body() {
    let source = "def f():\n    x = a()\n    try:\n        x = b()\n        x = c()\n    except E as e:\n        return x\n    return x\n";
    let text = scope(source, "f");
    assert!(text.contains("x.6 = x.1") && text.contains("x.6 = x.3") && text.contains("x.6 = x.5"), "{text}");
    assert!(text.contains("return x.6") && text.contains("return x.5"), "{text}");
}

#[test]
fn what_returned_in_the_body_is_seen_by_finally() {
    let source = "def f():\n    x = None\n    try:\n        x = open()\n        return x\n    finally:\n        x.close()\n";
    let text = scope(source, "f");
    assert!(text.contains("x.4 = x.1") || text.contains("x.3 = x.0"), "{text}");
    assert!(text.contains(".close"), "{text}");
}

#[test]
fn after_finally_the_normal_state_goes_on() {
    let source =
        "def f():\n    x = 1\n    try:\n        x = a()\n    finally:\n        y = 2\n    return x, y\n";
    let text = scope(source, "f");
    assert!(text.contains("tuple (x.2, y."), "{text}");
}

#[test]
fn the_name_of_a_handler_is_unbound_after_it() {
    let source = "try:\n    a()\nexcept (E, F) as e:\n    print(e)\nprint(e)\n";
    has(source, "<module>", &["e.5 = caught %4", "(e.5)", "= global e"]);
}

#[test]
fn unpacking_is_nested_and_starred() {
    let source = "def f(t):\n    a, (b, *c), d = x[0] = t\n";
    has(
        source,
        "f",
        &[
            "a.1 = unpack t.0 0",
            "%2 = unpack t.0 1",
            "b.3 = unpack %2 0",
            "c.4 = unpack %2 rest",
            "d.5 = unpack t.0 2",
            "] = t.0",
        ],
    );
    has("def f(t):\n    *a, b = t\n", "f", &["unpack t.0 rest", "unpack t.0 -1"]);
}

#[test]
fn tested_names_are_narrowed_where_the_test_shows_it() {
    let source = "def f(x):\n    if x is None:\n        return a(x)\n    return b(x)\n";
    has(source, "f", &["x.1 = narrow x.0 to None", "(x.1)", "x.4 = narrow x.0 to not None", "(x.4)"]);
    let source = "def f(x, y):\n    if x and isinstance(y, C):\n        return y\n    return x\n";
    has(source, "f", &["y.7 = narrow y.1 to instance of %4", "return y.7", "return x.0"]);
    // Either of them may have failed: nothing is known about one.
    lacks(source, "f", &["falsy", "to not instance"]);
}

#[test]
fn complementary_narrowings_join_to_the_version_itself() {
    let source = "def f(x):\n    if x is None:\n        y = 1\n    else:\n        y = 2\n    return x\n";
    has(source, "f", &["return x.0"]);
}

#[test]
fn the_operands_of_and_see_narrowed_names() {
    has("def f(x):\n    return x is not None and x.y\n", "f", &["x.2 = narrow x.0 to not None", "= x.2.y"]);
    has(
        "def f():\n    if (m := g()) is not None and m.x:\n        m.y\n",
        "f",
        &["m.1 = call", "m.2 = narrow m.1 to not None", "= m.2.x", "narrow m.1 to not None", "= m.4.y"],
    );
}

#[test]
fn rebound_cells_are_not_narrowed() {
    let source =
        "def f(x):\n    def g():\n        nonlocal x\n        x = 1\n    if x is None:\n        return x\n";
    lacks(source, "f", &["narrow"]);
    has(source, "f", &["return x.cell  [x.cell is None]"]);
}

#[test]
fn code_below_a_with_that_returned_runs_if_exceptions_are_swallowed() {
    let source = "def f():\n    x = 1\n    with m() as k:\n        x = 2\n        return x\n    return x\n";
    let text = scope(source, "f");
    assert_eq!(text.matches("return").count(), 2, "{text}");
    assert!(text.contains("x.6 = x.0") || text.contains("x.5 = x.0"), "{text}");
    has(
        "def f():\n    with suppress(E):\n        x = d[k]\n        return x\n    return None\n",
        "f",
        &["return", "return"],
    );
}

#[test]
fn match_binds_captures_and_guards_by_constants() {
    let source = "def f(x):\n    match x:\n        case 'a' | 'b':\n            y = 1\n        case [p, *q]:\n            y = p\n        case other:\n            y = other\n    return y\n";
    has(
        source,
        "f",
        &["y.1 = 1  [x.0 == \"a\" or x.0 == \"b\"]", "p.2 = unpack x.0 0", "other.", "return y."],
    );
    // A capture matches whatever is left: there is no way past it.
    lacks(source, "f", &["opaque"]);
}
