//! Expressions, calls, definitions and their places.

use super::{func, has, ir, lacks};
use crate::ir::{CallRole, Op};

#[test]
fn a_call_stands_where_the_called_name_stands() {
    let source = "def f(a):\n    (a\n      .b()\n      .c(g(1)))\n";
    has(
        source,
        "f",
        &["3:8 %1 = a.0.b", "3:8 %2 = call %1()", "4:8 %3 = %2.c", "4:10 %6 = call", "4:8 %7 = call %3(%6)"],
    );
}

#[test]
fn arguments_keep_their_kinds() {
    has("f(a, *b, c=d, **e)\n", "<module>", &["call %0(%1, *%2, c=%3, **%4)"]);
}

#[test]
fn super_without_arguments_reads_the_methods_first_parameter() {
    let source = "class A:\n    def m(self):\n        super().m()\n        return lambda: super().n\n";
    has(source, "A.m", &["super^1(self.0)", "call %3()"]);
    has(source, "A.m.<locals>.<lambda>", &["free self.cell^1", "super^2("]);
    lacks("def f(self):\n    super().m()\n", "f", &["super^"]);
    lacks("class A:\n    def m(self):\n        super(A, self).m()\n", "A.m", &["super^"]);
}

#[test]
fn decorators_are_evaluated_outermost_first_and_applied_innermost_first() {
    let source = "@a.b('x')\n@c\ndef f(p=d): pass\n";
    has(
        source,
        "<module>",
        &[
            "global a",
            "call %1(%2)",
            "global c",
            "global d",
            "func f(0: %5)",
            "2:2 %7 = call %4(%6) decorates func 1",
            "1:2 f.8 = call %3(%7) decorates func 1",
            "3:1 global f = f.8",
        ],
    );
    let file = ir(source);
    let f = func(&file, "f");
    assert_eq!((f.pos.line, f.pos.col), (3, 1));
    let names: Vec<&str> = f.decorators.iter().map(|d| &*file.strings[d.name.0 as usize]).collect();
    assert_eq!(names, ["a.b", "c"]);
    for decorator in &f.decorators {
        let call = &file.funcs[0].instrs[decorator.call as usize];
        assert!(matches!(call.op, Op::Call { role: CallRole::DecoratesFunc(_), .. }));
        assert_eq!(call.pos, decorator.pos);
    }
}

#[test]
fn a_decorator_may_be_any_expression() {
    let file = ir("@(x or y)  # why\n# not\nclass A(B, *C, metaclass=M): pass\n");
    let class = &file.classes[0];
    assert_eq!(&*file.strings[class.decorators[0].name.0 as usize], "<expression>");
    assert_eq!((class.pos.line, class.pos.col), (3, 1));
    has("class A(B, *C, metaclass=M): pass\n", "<module>", &["class A(%0, *%1, metaclass=%2)"]);
}

#[test]
fn docstrings_and_bare_constants_emit_nothing() {
    let file = ir("'''doc'''\n1\n...\n");
    assert!(file.funcs[0].instrs.is_empty());
}

#[test]
fn tests_ask_whether_an_object_is_true() {
    has("def f(a):\n    if a:\n        return 1\n", "f", &["operate bool a.0"]);
    has("def f(a, b):\n    return a and b\n", "f", &["operate bool a.0", " = a.0 and b.1"]);
    // Whoever gets the value of the last operand asks.
    lacks("def f(a, b):\n    return a and b\n", "f", &["operate bool b.1"]);
    has("def f(a, b):\n    if a and b:\n        return 1\n", "f", &["operate bool a.0", "operate bool"]);
    // Nobody asks an object.
    lacks("def f(a):\n    if isinstance(a, int) or a is None or [a]:\n        return 1\n", "f", &["operate"]);
}

#[test]
fn comparisons_ask_objects() {
    has("def f(a):\n    if a == 1:\n        return 1\n", "f", &["operate eq a.0 1"]);
    has("def f(a):\n    if 'x' in a:\n        return 1\n", "f", &["operate contains a.0 \"x\""]);
    has("def f(a, b):\n    if a in b:\n        return 1\n", "f", &["operate contains b.1 a.0"]);
    has("def f(a):\n    if 3 > a:\n        return 1\n", "f", &["operate lt a.0 3"]);
    has(
        "def f(a, b):\n    del a[b]\n    del a.x\n",
        "f",
        &["operate delitem a.0 b.1", "operate delattr a.0 \"x\""],
    );
    // As a value the test itself does; identity asks nobody.
    lacks("def f(a):\n    return a == 1\n", "f", &["operate"]);
    lacks("def f(a, b):\n    if a is b:\n        return 1\n", "f", &["operate eq"]);
}

#[test]
fn operators_that_matter_are_kept() {
    has(
        "def f(a, b):\n    return a + b, a % b, a | b, a * b, a - b, -a, a < b\n",
        "f",
        &[
            "a.0 + b.1",
            "a.0 % b.1",
            "a.0 | b.1",
            "a.0 * b.1",
            "operate sub a.0 b.1",
            "operate neg a.0",
            "operate lt a.0 b.1",
        ],
    );
    has(
        "def f(a, b):\n    a += b\n    a.x |= b\n    a[b] -= 1\n    return a\n",
        "f",
        &["a.2 = a.0 + b.1", "%4 = %3 | b.1", "a.2.x = %4", "operate isub", "a.2[b.1] = ", "return a.2"],
    );
}

#[test]
fn strings_are_folded_and_formatted() {
    has("x = 'a' 'b'\n", "<module>", &["= \"ab\""]);
    has("x = f'a{b}c' 'd' f'e{b!r:>{w}}'\n", "<module>", &["format (\"a\", %0, \"cde\", %1)"]);
    has("x = f'{{a}}'\n", "<module>", &["x.0 = \"{a}\""]);
    has("x = f'{a[\"k\"]}'\n", "<module>", &["format"]);
    has("x = t'{a}b'\n", "<module>", &["format (%0, \"b\")"]);
}

#[test]
fn containers_and_subscripts() {
    has(
        "x = {'a': b, **c}, [d, *e], {1}\n",
        "<module>",
        &["dict (%0: %1, **%2)", "list (%4, *%5)", "set (%7)"],
    );
    has(
        "def f(a):\n    return a[1:b], a[1, 2], a['k']\n",
        "f",
        &["slice a.0", "tuple (", "= a.0[", "= a.0["],
    );
    has("x = {k: v for k, v in y if v}\n", "<module>", &["iter", "unpack", "dict each"]);
    has("def f(a, b):\n    a[:] = b\n", "f", &["iter b.1", "a.0[%3] = %2"]);
}

#[test]
fn coroutines_and_generators() {
    has(
        "async def f(a):\n    async with a as (b, c):\n        await b\n    yield c\n    yield\n",
        "f",
        &["async generator", "async with a.0", "unpack", "await b.", "yield c.", "None", "yield"],
    );
    has("def f(a):\n    x = yield from a\n    return x\n", "f", &["x.1 = yield from a.0"]);
}

#[test]
fn falling_off_the_end_returns_none() {
    has(
        "def f(a):\n    if a:\n        return 1\n",
        "f",
        &["return", "= None  [not (a.0)]", "return %4  [not (a.0)]"],
    );
    lacks("def f():\n    yield 1\n", "f", &["return"]);
}

#[test]
fn chained_and_annotated_assignment() {
    has("a = b.c = d = e()\n", "<module>", &["a.1 = call", "global a = a.1", ".c = a.1", "d.3 = a.1"]);
    has("a: int = 1\nb: str\n", "<module>", &["global a = a.0"]);
}
