//! Names: which scope binds them, and how they are read.

use super::{func, has, ir, lacks, scope};
use crate::ir::{ParamKind, ScopeKind};

#[test]
fn module_names_are_read_from_versions_once_bound() {
    let source = "f()\nf = 1\nf()\n";
    has(source, "<module>", &["= global f", "global f = f.2", "call f.2()"]);
}

#[test]
fn a_name_that_a_function_declares_global_is_not() {
    let source = "f = 1\ndef set():\n    global f\n    f = 2\nf()\n";
    has(source, "<module>", &["global f = f.0", "= global f"]);
    has(source, "set", &["global f = "]);
    lacks(source, "<module>", &["call f.0"]);
}

#[test]
fn a_star_import_may_rebind_what_was_bound_before() {
    let source = "f = 1\nfrom m import *\ng = 2\nf()\ng()\n";
    has(source, "<module>", &["from m import *", "= global f", "call g.1()"]);
}

#[test]
fn names_of_functions_that_are_not_local_are_global() {
    has("x = 1\ndef f():\n    return x\n", "f", &["= global x"]);
}

#[test]
fn captured_locals_have_one_cell_and_every_definition_flows_into_it() {
    let source = "def f(a):\n    x = a\n    def g():\n        return x, a\n    x = 2\n    return x\n";
    has(source, "f", &["a.cell = a.0", "x.cell = x.3", "x.cell = x.5", "return x.5"]);
    has(source, "f.<locals>.g", &["free x.cell^1", "free a.cell^1"]);
    lacks(source, "f", &["= x.cell", "return x.cell"]);
}

#[test]
fn what_a_nested_function_writes_is_read_from_the_cell() {
    let source =
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    g()\n    return x\n";
    has(source, "f", &["x.cell = x.1", "return x.cell"]);
    has(source, "f.<locals>.g", &["free x.cell^1 = "]);
}

#[test]
fn free_names_skip_class_bodies_but_count_them() {
    let source = "def f(x):\n    class A:\n        x = 1\n        def m(self):\n            return x\n";
    has(source, "f.<locals>.A.m", &["free x.cell^2"]);
    lacks("class A:\n    x = 1\n    def m(self):\n        return x\n", "A.m", &["free"]);
}

#[test]
fn a_class_body_reads_its_own_names_then_enclosing_functions_then_globals() {
    let source = "def f(x, z):\n    class A:\n        a = x\n        b = y\n        y = b\n        x = z\n";
    has(source, "f.<locals>.A", &["free x.cell^1", "class name y", "class name y = y.", "free z.cell^1"]);
    has("class A:\n    a = b\n", "A", &["= global b"]);
}

#[test]
fn comprehension_variables_are_local_to_it() {
    let source = "def f(x, xs):\n    y = [x for x in xs]\n    return x\n";
    has(source, "f", &["x.2 = iter xs.1", "list each (x.2)", "return x.0"]);
    let file = ir(source);
    let names: Vec<&str> =
        func(&file, "f").bound_names.iter().map(|name| &*file.strings[name.0 as usize]).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn lambdas_capture_comprehension_variables() {
    let source = "fs = [lambda: x for x in xs]\n";
    has(source, "<module>", &["x.cell = x."]);
    has(source, "<lambda>", &["free x.cell^1"]);
    lacks(source, "<module>", &["global x = "]);
}

#[test]
fn only_the_first_iterable_of_a_comprehension_sees_the_class_body() {
    let source = "class A:\n    xs = 1\n    k = 2\n    y = [k for x in xs]\n";
    has(source, "A", &["iter xs.0", "= global k"]);
}

#[test]
fn walrus_binds_in_the_function() {
    let source = "def f(xs):\n    [y := x for x in xs]\n    return y\n";
    has(source, "f", &["y.", "return y."]);
    has("[y := x for x in xs]\n", "<module>", &["global y = y."]);
    lacks(source, "f", &["global"]);
}

#[test]
fn private_names_are_mangled_inside_classes_only() {
    let source = "class _A:\n    __x = 1\n    def m(self, __p):\n        self.__y = __p.__z__\n        __g()\n__g = 1\n";
    has(source, "_A", &["class name _A__x ="]);
    has(source, "_A.m", &["_A__p.1.__z__", "._A__y = ", "global _A__g"]);
    has(source, "<module>", &["global __g ="]);
}

#[test]
fn qualified_names_follow_pep_3155() {
    let source = "def f():\n    class A:\n        def m(self):\n            return lambda: 1\n";
    let file = ir(source);
    func(&file, "f.<locals>.A.m.<locals>.<lambda>");
    let class = func(&file, "f.<locals>.A");
    assert!(matches!(class.kind, ScopeKind::ClassBody(_)));
}

#[test]
fn parameters_come_in_order_with_kinds_and_annotations() {
    let file = ir("def f(a, /, b: m.T, *c, d: 'x.Y' = 1, e: list[int] = 2, **g): pass\n");
    let f = func(&file, "f");
    let kinds: Vec<ParamKind> = f.params.iter().map(|param| param.kind).collect();
    use ParamKind::*;
    assert_eq!(kinds, [PositionalOnly, Positional, VarArgs, KeywordOnly, KeywordOnly, KwArgs]);
    let notes: Vec<Option<&str>> =
        f.params.iter().map(|param| param.annotation.map(|note| &*file.strings[note.0 as usize])).collect();
    assert_eq!(notes, [None, Some("m.T"), None, Some("x.Y"), None, None]);
    has("def f(a, *, b=x, c=y): pass\n", "<module>", &["func f(1: %0, 2: %1)"]);
}

#[test]
fn attributes_of_the_own_first_parameter_are_listed() {
    let source = "class A:\n    def m(self, o):\n        self.a = 1\n        o.b = 2\n        def g():\n            self.c += 3\n    def n(self):\n        self = x\n        self.d = 1\n";
    has(source, "A.m", &["self attributes: a, c"]);
    lacks(source, "A.n", &["self attributes"]);
    lacks("def f(self):\n    self.x = 1\n", "f", &["self attributes"]);
}

#[test]
fn deleted_names_are_unbound() {
    let source = "x = 1\ndel x\nx()\n";
    has(source, "<module>", &["del", "= global x"]);
}

#[test]
fn imports_bind_roots_leaves_and_names() {
    let source = "from __future__ import annotations\nimport a.b.c\nimport a.b as d\nfrom . import e\nfrom ..f import g as h\n";
    has(
        source,
        "<module>",
        &["a.0 = import a.b.c", "d.1 = import a.b leaf", "e.2 = from . import e", "h.3 = from ..f import g"],
    );
    lacks(source, "<module>", &["__future__"]);
}

#[test]
fn names_that_only_type_checkers_see_are_not_bound() {
    let source =
        "if TYPE_CHECKING:\n    import a\nelse:\n    b = 1\nif typing.TYPE_CHECKING:\n    import c\n";
    has(source, "<module>", &["binds: b", "global b = b.0"]);
    let text = scope(source, "<module>");
    assert!(!text.contains('['), "{text}");
}

#[test]
fn generators_and_functions_that_never_return() {
    let file = ir(
        "def f():\n    while True:\n        g()\ndef h():\n    return\n    yield\ndef i():\n    raise X\ndef j():\n    for x in y:\n        raise X\n",
    );
    let flags = |name| {
        let func = func(&file, name);
        (func.is_generator, func.never_returns)
    };
    assert_eq!(flags("f"), (false, true));
    assert_eq!(flags("h"), (true, false));
    assert_eq!(flags("i"), (false, true));
    assert_eq!(flags("j"), (false, false));
}
