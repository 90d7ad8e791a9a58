//! What the end-to-end tests share: running the program, and comparing with files.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use producer_map::evidence::Evidence;
use producer_map::evidence::model::Hop;

/// The crate's root.
pub fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A tree of a few files, small enough to compare whole outputs with.
pub fn ledger() -> PathBuf {
    crate_root().join("tests/trees/ledger")
}

/// The shipped sample.
pub fn miniquay() -> PathBuf {
    crate_root().join("testdata/miniquay")
}

/// Whether `via` is passed in this order on a path: control stands in the symbol of each hop, and ends in the
/// target of the last.
pub fn in_order(via: &[&str], path: &[Hop]) -> bool {
    let last = path.last().map(|hop| hop.target.as_str());
    let mut symbols = path.iter().map(|hop| hop.symbol.as_str()).chain(last);
    via.iter().all(|wanted| symbols.any(|symbol| symbol == *wanted))
}

/// The evidence that a scan of `root` prints.
pub fn scan(root: &Path, arguments: &[&str]) -> Evidence {
    let root = root.to_string_lossy();
    let arguments = [&["scan", &*root, "-o", "-", "-q"], arguments].concat();
    let output = run(crate_root(), &arguments);
    serde_json::from_str(&stdout(&output)).expect("evidence")
}

/// Copies a directory of files.
pub fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// The program, in directory `cwd`, without the environment's opinion on colors and width.
pub fn program(cwd: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer-map"));
    command.current_dir(cwd).args(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program in `cwd`.
pub fn run(cwd: &Path, arguments: &[&str]) -> Output {
    program(cwd, arguments).output().expect("the program starts")
}

/// What a run printed to standard output, when it ended well.
pub fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What a run printed to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Compares `text` with the file `name` of `tests/snapshots`; with `UPDATE_SNAPSHOTS=1` writes that file instead.
pub fn assert_snapshot(name: &str, text: &str) {
    let path = crate_root().join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).expect("snapshot is writable");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "UPDATE_SNAPSHOTS=1 writes the new text";
    assert!(expected == text, "{name} differs; {hint}\n{}", difference(&expected, text));
}

/// The lines around the part in which two texts differ.
fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    let from = same.saturating_sub(3);
    for (at, line) in old[from..same].iter().enumerate() {
        let _ = writeln!(text, "{:>5}   {line}", from + at + 1);
    }
    for (at, line) in old[same..old.len() - tail].iter().enumerate() {
        let _ = writeln!(text, "{:>5} - {line}", same + at + 1);
    }
    for (at, line) in new[same..new.len() - tail].iter().enumerate() {
        let _ = writeln!(text, "{:>5} + {line}", same + at + 1);
    }
    for (at, line) in new.iter().skip(new.len() - tail).take(3).enumerate() {
        let _ = writeln!(text, "{:>5}   {line}", new.len() - tail + at + 1);
    }
    text
}

/// A Python that can run `tests/tracer/observe.py` (3.11 or newer), none if there is none: what the variable `PYTHON` names,
/// or the first of the usual names.
pub fn python() -> Option<String> {
    if let Ok(named) = std::env::var("PYTHON") {
        return Some(named);
    }
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    let runs =
        |name: &&str| Command::new(name).args(["-c", version]).status().is_ok_and(|status| status.success());
    let names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
    let found = names.into_iter().find(runs).map(str::to_owned);
    if found.is_none() {
        eprintln!("skipped: Python 3.11 or newer is not there");
    }
    found
}

/// What a run of a program showed.
#[derive(serde::Deserialize)]
pub struct Observed {
    /// Which function called which.
    pub edges: BTreeSet<(String, String)>,
    /// Those of them with code of a library in between.
    pub by_library: BTreeSet<(String, String)>,
    /// How the program ended, if not well: class and text of the exception.
    pub error: Option<String>,
    /// How many requests a Flask application answered.
    pub requests: usize,
}

/// Runs the program in `root` under the tracer.
pub fn observe(python: &str, root: &Path, entry: &str) -> Observed {
    let tracer = crate_root().join("tests/tracer/observe.py");
    let mut command = Command::new(python);
    command.arg(tracer).arg(root).arg(entry).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("Python starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}
