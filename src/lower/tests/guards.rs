//! Guards: what necessarily holds where an instruction runs.

use super::{func, has, ir, lacks};

#[test]
fn branches_are_guarded_by_the_chain_of_tests() {
    let source = "def f(a, b):\n    if a == 1:\n        x()\n    elif b in ('p', 'q'):\n        y()\n    else:\n        z()\n    w()\n";
    has(
        source,
        "f",
        &[
            "= call %2()  [a.0 == 1]",
            "[not (a.0 == 1); b.1 in (\"p\", \"q\")]",
            "[not (a.0 == 1); not (b.1 in (\"p\", \"q\"))]",
        ],
    );
}

#[test]
fn what_follows_a_branch_that_ends_is_guarded_by_its_negation() {
    has("def f(a):\n    if not a:\n        return\n    g()\n", "f", &["global g  [a.0]"]);
    has(
        "def f(a):\n    if a is None:\n        raise X\n    elif a == 2:\n        g()\n    else:\n        return\n    h()\n",
        "f",
        &["global h  [not (a.0 is None); a."],
    );
    // Both ways fall through: nothing is known.
    has("def f(a):\n    if a.x:\n        b = 1\n    g()\n", "f", &["global g"]);
    lacks("def f(a):\n    if a.x:\n        b = 1\n    g()\n", "f", &["global g  ["]);
}

#[test]
fn what_follows_a_branch_is_guarded_by_the_way_through_it() {
    let source = "def f(a, b, c):\n    if a:\n        x = 1\n    elif b:\n        if c:\n            raise X\n    g()\n";
    has(source, "f", &["global g  [not (not (a.0) and b.1 and c.2)]"]);
    // A call that may not return, two branches further in.
    let source = "def f(a, b, c):\n    if a:\n        if b:\n            if not c:\n                abort()\n    g()\n";
    has(source, "f", &["global g  [not (a.0 and b.1 and not (c.2)) unless #"]);
    // What is not tracked may be anything.
    let source = "def f(a, b):\n    if a < b:\n        if b:\n            raise X\n    g()\n";
    lacks(source, "f", &["global g  ["]);
}

#[test]
fn continue_guards_the_rest_of_the_loop_body_only() {
    let source =
        "def f(xs):\n    for x in xs:\n        if x.skip:\n            continue\n        g()\n    h()\n";
    has(source, "f", &["global g  [not (%3)]", "global h"]);
    lacks(source, "f", &["global h  ["]);
}

#[test]
fn a_bare_call_may_not_return() {
    let source = "def f(a):\n    if not a:\n        abort(404)\n    g()\n";
    has(source, "f", &["= call %2(%3)", "global g  [a.0 unless #4 returns]"]);
    // If the other branch ends, only the call leads on.
    let source = "def f(a):\n    if a:\n        log()\n    else:\n        return\n    g()\n";
    lacks(source, "f", &["unless #3 returns] "]);
    has(source, "f", &["global g  [a.0"]);
}

#[test]
fn a_narrowed_name_passes_a_bare_call_only_if_it_returns() {
    let source = "def f(a):\n    if a is None:\n        abort(404)\n    return a\n";
    has(
        source,
        "f",
        &["a.6 = a.1  [a.0 is None; false unless", "a.6 = a.5  [not (a.0 is None)]", "return a.6"],
    );
}

#[test]
fn guards_do_not_leak_out_of_try() {
    let source = "def f(a):\n    try:\n        if a.x:\n            raise E\n        g()\n    except E:\n        pass\n    h()\n";
    has(source, "f", &["global g  [not (%1)]", "global h"]);
    lacks(source, "f", &["global h  ["]);
    // If every handler ends, the way on leads through the body.
    let source =
        "def f(a):\n    try:\n        if a.x:\n            raise E\n    except E:\n        return\n    h()\n";
    has(source, "f", &["global h  [not (%1)]"]);
}

#[test]
fn finally_is_not_guarded_by_the_body() {
    let source =
        "def f(a):\n    try:\n        if a.x:\n            return\n    finally:\n        g()\n    h()\n";
    lacks(source, "f", &["global g  ["]);
    has(source, "f", &["global g", "global h  [not (%1)]"]);
}

#[test]
fn operands_and_conditional_expressions_are_guarded() {
    has("def f(a):\n    return a and g()\n", "f", &["global g  [a.0]", "= a.0 and"]);
    has("def f(a):\n    return a.x or g()\n", "f", &["global g  [not (%1)]"]);
    has(
        "def f(a):\n    return g() if a else h()\n",
        "f",
        &["global g  [a.0]", "global h  [not (a.0)]", " = %3  [a.0]"],
    );
    has(
        "def f(xs, a):\n    return [g(x) for x in xs if a if x.y]\n",
        "f",
        &["global g  [a.1; %", "list each"],
    );
}

#[test]
fn while_and_assert_guard() {
    has("def f(a):\n    while a.x:\n        g()\n    h()\n", "f", &["global g  [%1]"]);
    has("def f(a):\n    assert a.x, m()\n    g()\n", "f", &["global m  [not (%1)]", "global g  [%1]"]);
}

#[test]
fn conditions_name_what_they_test() {
    has(
        "if __name__ == '__main__':\n    g()\n",
        "<module>",
        &["%0 = global __name__", "global g  [%0 == \"__main__\"]"],
    );
    has("def f(a):\n    if 'c' in a:\n        g()\n", "f", &["[\"c\" in a.0]"]);
    has("def f(a):\n    if callable(a):\n        g()\n", "f", &["%2 = call %1(a.0)", "[%2]"]);
    has("def f(a):\n    if isinstance(a, C) is True:\n        g()\n", "f", &["[%3 == True]"]);
    has("def f(a):\n    if a < 2:\n        g()\n", "f", &["[a.0 < 2]"]);
    lacks("def f(a, b):\n    if a < b:\n        g()\n", "f", &["["]);
    has(
        "def f(a, b):\n    if a != 'x' and not (b or a < 1):\n        g()\n",
        "f",
        &["global g  [not (a.0 == \"x\") and not (b.1 or a.0 < 1)]"],
    );
}

#[test]
fn parameters_whose_own_value_is_tested_are_marked() {
    let tested = |source: &str| -> Vec<bool> {
        let file = ir(source);
        func(&file, "f").params.iter().map(|param| param.tested).collect()
    };
    assert_eq!(
        tested("def f(a, b, c, d):\n    if a: pass\n    b and 1\n    getattr(x, c)\n    return x[d]\n"),
        [true; 4]
    );
    assert_eq!(
        tested("def f(a, b, c):\n    a = 1\n    if a: pass\n    if b.x: pass\n    g(c)\n"),
        [false; 3]
    );
    assert_eq!(
        tested("def f(a, b):\n    def g():\n        if a: pass\n        return lambda: b == 1 or 2\n"),
        [true; 2]
    );
    assert_eq!(tested("def f(a):\n    def g():\n        if a: pass\n    a = 1\n"), [false]);
    assert_eq!(tested("def f(a, xs):\n    return [x for x in xs if a]\n"), [true, false]);
    assert_eq!(tested("def f(a):\n    return a == 1\n"), [false]);
}

#[test]
fn comparisons_of_two_variables() {
    has("def f(a, b):\n    if a == b:\n        g()\n", "f", &["global g  [a.0 == b.1]"]);
    has("def f(a, b):\n    if a is not b:\n        g()\n", "f", &["global g  [not (a.0 == b.1)]"]);
    has("def f(a, b):\n    if a not in b:\n        g()\n", "f", &["global g  [not (a.0 in b.1)]"]);
    has("def f(a, b):\n    same = a == b\n    if same:\n        g()\n", "f", &["global g  [same"]);
    lacks("def f(a, b):\n    if a < b:\n        g()\n", "f", &["global g  ["]);
    lacks("def f(a, b):\n    less = a < b\n    if less:\n        g()\n", "f", &["global g  ["]);
}

#[test]
fn what_every_element_passed() {
    let refusing = "def f(xs):\n    for x in xs:\n        if not x:\n            return\n    g()\n";
    has(refusing, "f", &["global g  [every "]);
    // A `break` leads past the test, a `continue` as well, and what is no test of the element says nothing of it.
    for body in [
        "if not x:\n            return\n        break",
        "if x.a:\n            continue\n        if not x:\n            return",
        "if not f:\n            return",
    ] {
        let source = format!("def f(xs):\n    for x in xs:\n        {body}\n    g()\n");
        lacks(&source, "f", &["global g  [every "]);
    }
}
