//! A second opinion on the front end: `rustpython-parser`, which shares no code with ours, must see the same definitions
//! and the same calls in the same places as the intermediate representation holds.
//!
//! What lowering leaves out on purpose is left out on the other side as well, by rule (`parsed` names the rules):
//! annotations, branches for type checkers alone, statements that control cannot reach.
//!
//! The other parser stopped at Python 3.12 without PEP 701. A file that it rejects must hold newer syntax, or be rejected
//! here as well.

mod lowered;
mod parsed;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use crate::fixtures::parse;
use crate::support::{crate_root, ledger, miniquay};

/// What stands at a line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// A `def` or `lambda`: its name, number of parameters and decorators.
    Function { name: String, is_async: bool, params: usize, decorators: usize },
    /// A `class`: its name and number of decorators.
    Class { name: String, decorators: usize },
    /// A call: the last name of the callee (none for an expression), number of positional and of keyword arguments.
    Call { callee: Option<String>, positional: usize, keywords: usize },
}

/// A definition or a call, with its line and the scope it stands in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Item {
    line: usize,
    scope: String,
    what: What,
}

/// What the comparison of some files came to.
#[derive(Default)]
struct Outcome {
    files: usize,
    definitions: usize,
    calls: usize,
    /// Files that only the other parser rejects, by the syntax that it does not know.
    newer: BTreeMap<String, usize>,
    failures: String,
}

/// The items that only one side has.
fn differences(ours: &[Item], theirs: &[Item]) -> Vec<String> {
    let mut count: BTreeMap<&Item, i32> = BTreeMap::new();
    for item in ours {
        *count.entry(item).or_default() += 1;
    }
    for item in theirs {
        *count.entry(item).or_default() -= 1;
    }
    let side = |count| if count > 0 { "only lowered" } else { "only parsed" };
    count
        .iter()
        .filter(|(_, count)| **count != 0)
        .map(|(item, n)| format!("{}: {item:?}", side(*n)))
        .collect()
}

/// Syntax newer than what the other parser knows, by the word of the parser that knows it.
fn newer_syntax(text: &str) -> Option<String> {
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY311);
    let parsed = parse_unchecked(text, options);
    parsed.unsupported_syntax_errors().first().map(|error| format!("{:?}", error.kind))
}

impl Outcome {
    fn compare(&mut self, name: &str, text: &str) {
        let ir = producer_map::lower::lower(text);
        let theirs = match parsed::items(text) {
            Ok(items) => items,
            Err(_) if !ir.errors.is_empty() => return,
            Err(error) => {
                match newer_syntax(text) {
                    Some(kind) => *self.newer.entry(kind).or_default() += 1,
                    None => _ = writeln!(self.failures, "{name}: only rustpython-parser rejects it: {error}"),
                }
                return;
            }
        };
        let ours = lowered::items(&ir);
        self.files += 1;
        let calls = ours.iter().filter(|item| matches!(item.what, What::Call { .. })).count();
        self.calls += calls;
        self.definitions += ours.len() - calls;
        for difference in differences(&ours, &theirs) {
            let _ = writeln!(self.failures, "{name}: {difference}");
        }
    }

    fn compare_tree(&mut self, root: &Path) {
        for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
            let path = entry.expect("readable").into_path();
            if path.extension().is_some_and(|extension| extension == "py")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                self.compare(&name, text.trim_start_matches('\u{feff}'));
            }
        }
    }

    /// Fails if anything differed, or if so little was compared that nothing is shown.
    fn conclude(&self, at_least: usize) {
        eprintln!(
            "{} files, {} definitions, {} calls agree; not known to rustpython-parser: {:?}",
            self.files, self.definitions, self.calls, self.newer
        );
        assert!(self.failures.is_empty(), "\n{}", self.failures);
        assert!(self.calls >= at_least, "only {} calls were compared", self.calls);
    }
}

#[test]
fn fixtures_and_samples() {
    let mut outcome = Outcome::default();
    for entry in std::fs::read_dir(crate_root().join("tests/fixtures")).expect("readable") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for case in parse::cases(&text).expect("well formed") {
            for (file, text) in case.files.iter().filter(|(file, _)| file.ends_with(".py")) {
                outcome.compare(&format!("{stem}.md:{}: {file}", case.line), text);
            }
        }
    }
    outcome.compare_tree(&miniquay());
    outcome.compare_tree(&ledger());
    outcome.compare_tree(&crate_root().join("src/lower/tests"));
    outcome.conclude(1000);
}

#[test]
fn the_real_tree() {
    let Some(root) = std::env::var_os("QUAY_TREE").map(PathBuf::from) else {
        eprintln!("skipped: QUAY_TREE does not name a tree of Quay");
        return;
    };
    let mut outcome = Outcome::default();
    outcome.compare_tree(&root);
    outcome.conclude(10_000);
}

/// The differences between what one text is lowered to and another parsed to.
fn between(lowered: &str, parsed: &str) -> Vec<String> {
    let ours = lowered::items(&producer_map::lower::lower(lowered));
    differences(&ours, &parsed::items(parsed).expect("parses"))
}

#[test]
fn a_difference_is_seen() {
    let text = "def f(a):\n    return a.g(1, k=2)\n";
    assert_eq!(between(text, text), Vec::<String>::new());
    for other in [
        "def f(a):\n    return a.g(1)\n",
        "def f(a):\n    return a.h(1, k=2)\n",
        "def f(a):\n    return a.g(\n1, k=2) + g()\n",
        "def f(a):\n\n    return a.g(1, k=2)\n",
        "def e(a):\n    return a.g(1, k=2)\n",
        "def f():\n    return a.g(1, k=2)\n",
        "async def f(a):\n    return a.g(1, k=2)\n",
        "@d\ndef f(a):\n    return a.g(1, k=2)\n",
    ] {
        assert_ne!(between(text, other), Vec::<String>::new(), "{other}");
    }
}

#[test]
fn what_is_left_out_is_left_out_by_rule() {
    for (text, calls) in [
        ("def f(a: g()) -> h():\n    b: i() = j()\n", 1),
        ("if TYPE_CHECKING:\n    f()\nelse:\n    g()\n", 1),
        ("def f():\n    return g()\n    h()\n", 1),
        ("while True:\n    f()\ng()\n", 1),
        ("while True:\n    if f():\n        break\ng()\n", 2),
        ("def f():\n    with g():\n        return h()\n    i()\n", 3),
        ("def f():\n    try:\n        return g()\n    finally:\n        h()\n    i()\n", 2),
    ] {
        let theirs = parsed::items(text).expect("parses");
        let found = theirs.iter().filter(|item| matches!(item.what, What::Call { .. })).count();
        assert_eq!(found, calls, "{text}");
        assert_eq!(between(text, text), Vec::<String>::new(), "{text}");
    }
}
