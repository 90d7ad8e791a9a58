//! Absurd files: nothing panics, nothing overflows.

use crate::lower::{check, lower};

fn survives(source: &str) -> Vec<String> {
    let file = lower(source);
    check(&file).unwrap();
    file.errors.into_iter().map(|error| error.message).collect()
}

#[test]
fn long_chains_are_fine() {
    let n = 20_000;
    let none: Vec<String> = Vec::new();
    assert_eq!(survives(&format!("x = a{}\n", " + a".repeat(n))), none);
    assert_eq!(survives(&format!("x = a{}\n", ".b()".repeat(n))), none);
    assert_eq!(survives(&format!("x = a{}\n", "[0]".repeat(n))), none);
    assert_eq!(survives(&format!("x = a{}\n", " and a".repeat(n))), none);
    assert_eq!(survives(&format!("x = a{}\n", " < a".repeat(n))), none);
    assert_eq!(survives(&format!("{}x\n", "x = ".repeat(n))), none);
    let elifs = "elif a == 1:\n    x = 1\n".repeat(3000);
    assert_eq!(survives(&format!("if a:\n    x = 2\n{elifs}")), none);
    assert_eq!(survives(&"if not a:\n    raise a\n".repeat(3000)), none);
}

#[test]
fn deep_nesting_is_reported() {
    let deep = vec!["nesting too deep".to_owned()];
    assert_eq!(survives(&format!("x = {}1{}\n", "(a, ".repeat(500), ")".repeat(500))), deep);
    assert_eq!(survives(&format!("x = {}1{}\n", "[".repeat(5000), "]".repeat(5000))), deep);
    assert_eq!(survives(&format!("x = {}1{}\n", "f(".repeat(900), ")".repeat(900))), deep);
    assert_eq!(survives(&format!("x = {}a\n", "not ".repeat(900))), deep);
    assert_eq!(survives(&format!("x = {}a\n", "lambda: ".repeat(900))), deep);
    assert_eq!(survives(&format!("x = {}a\n", "a if b else ".repeat(900))), deep);
    assert_eq!(survives(&format!("x = {}a\n", "a ** ".repeat(900))), deep);
    assert_eq!(survives(&format!("{}x{} = y\n", "(a, ".repeat(500), ")".repeat(500))), deep);
    let mut source = String::new();
    for i in 0..150 {
        source.push_str(&format!("{}if a:\n", " ".repeat(i)));
    }
    source.push_str(&format!("{}x = 1\n", " ".repeat(150)));
    assert_eq!(survives(&source), deep);
    let patterns = format!("match x:\n    case {}y{}: pass\n", "[".repeat(500), "]".repeat(500));
    assert_eq!(survives(&patterns), deep);
}

#[test]
fn nesting_within_reason_is_not() {
    let none: Vec<String> = Vec::new();
    assert_eq!(survives(&format!("x = {}1{}\n", "[".repeat(140), "]".repeat(140))), none);
    let mut source = String::new();
    for i in 0..95 {
        source.push_str(&format!("{}def f():\n", " ".repeat(i)));
    }
    source.push_str(&format!("{}x = {}1{}\n", " ".repeat(95), "f(".repeat(140), ")".repeat(140)));
    assert_eq!(survives(&source), none);
    // Brackets in strings and comments do not nest.
    assert_eq!(survives(&format!("x = '{}' # {}\n", "(".repeat(3000), "(".repeat(3000))), none);
}

#[test]
fn errors_have_places_and_leave_the_rest() {
    let file = lower("def f(:\n    pass\ndef g():\n    return 1\n");
    check(&file).unwrap();
    assert!(!file.errors.is_empty());
    assert_eq!(file.errors[0].pos.line, 1);
    assert!(file.funcs.iter().any(|func| &*file.strings[func.qualname.0 as usize] == "g"));
}

#[test]
fn broken_prefixes_of_a_file_never_panic() {
    let source = include_str!("sample.py");
    for end in 0..source.len() {
        if let Some(prefix) = source.get(..end) {
            check(&lower(prefix)).unwrap();
        }
        if let Some(suffix) = source.get(end..) {
            check(&lower(suffix)).unwrap();
        }
    }
}

#[test]
fn empty_and_odd_files() {
    for source in ["", "\u{feff}", "\u{feff}x = 1\n", "\r\r\n\n", "\0", "x = 'é' + y\n", "\\", "pass\\\n"] {
        check(&lower(source)).unwrap();
    }
    let file = lower("x = 'é', y\n");
    let last = file.funcs[0].instrs.iter().map(|instr| instr.pos.col).max();
    assert_eq!(last, Some(10));
}
