//! `callgraph`: its formats on a small program, and the score on PyCG's benchmark.

mod benchmark;

use std::path::Path;

use crate::support::{assert_snapshot, crate_root, program, run, stderr, stdout};

fn tree() -> std::path::PathBuf {
    crate_root().join("tests/trees/shapes")
}

fn printed(arguments: &[&str]) -> String {
    stdout(&run(&tree(), &[&["callgraph"], arguments].concat()))
}

#[test]
fn formats() {
    assert_snapshot("callgraph-pycg.json", &printed(&["."]));
    assert_snapshot("callgraph.json", &printed(&[".", "--format", "json"]));
    assert_snapshot("callgraph.dot", &printed(&[".", "--format", "dot"]));
    assert_snapshot("callgraph.mmd", &printed(&[".", "--format", "mermaid"]));
}

#[test]
fn json_and_pycg_have_the_same_edges() {
    let pycg: serde_json::Value = serde_json::from_str(&printed(&["."])).expect("JSON");
    let json: serde_json::Value = serde_json::from_str(&printed(&[".", "--format", "json"])).expect("JSON");
    let mut from_json: Vec<(&str, &str)> = json["edges"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|edge| (edge["from"].as_str().expect("text"), edge["to"].as_str().expect("text")))
        .collect();
    let mut from_pycg: Vec<(&str, &str)> = pycg
        .as_object()
        .expect("a map")
        .iter()
        .flat_map(|(from, callees)| {
            let callees = callees.as_array().expect("a list");
            callees.iter().map(|to| (from.as_str(), to.as_str().expect("text")))
        })
        .collect();
    from_json.sort_unstable();
    from_pycg.sort_unstable();
    assert_eq!(from_json, from_pycg);
}

#[test]
fn functions_that_nothing_calls_are_run_unless_told_otherwise() {
    let all: serde_json::Value = serde_json::from_str(&printed(&["main.py"])).expect("JSON");
    let reached: serde_json::Value =
        serde_json::from_str(&printed(&["main.py", "--reached-only"])).expect("JSON");
    let spare = serde_json::json!(["shapes.Square.__init__", "shapes.Square.area"]);
    assert_eq!(all["main.spare"], spare);
    assert_eq!(reached["main.spare"], serde_json::json!([]));
    assert_eq!(all["shapes.Shape.describe"], reached["shapes.Shape.describe"]);
    // A method that nothing calls runs on an instance whose `__init__` ran.
    assert_eq!(all["shapes.Square.grow"], serde_json::json!(["shapes.double"]));
}

#[test]
fn an_entry_is_a_module_or_a_file() {
    let by_module = printed(&[".", "--entry", "main", "--reached-only"]);
    assert_eq!(by_module, printed(&[".", "--entry", "main.py", "--reached-only"]));
    assert_eq!(by_module, printed(&["main.py", "--reached-only"]));
    assert!(!by_module.contains("unimported"), "{by_module}");
    assert!(printed(&["."]).contains("unimported"));
}

#[test]
fn wrong_use_is_told() {
    for (arguments, message) in [
        (&["nowhere"][..], "nowhere does not exist"),
        (&["notes.txt"], "no Python file"),
        (&[".", "--entry", "nowhere"], "nowhere.py is not in"),
    ] {
        let output = run(&tree(), &[&["callgraph"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let empty = tempfile::tempdir().expect("a directory");
    assert_eq!(run(empty.path(), &["callgraph"]).status.code(), Some(3));
}

#[test]
fn an_output_file_is_written_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("graphs/callgraph.json");
    let path = path.to_string_lossy();
    assert_eq!(printed(&[".", "-o", &*path]), "");
    assert_eq!(std::fs::read_to_string(Path::new(&*path)).expect("written"), printed(&["."]));
}

#[test]
fn the_graph_does_not_depend_on_threads() {
    let one = program(&tree(), &["callgraph", ".", "--threads", "1"]).output().expect("runs");
    let four = program(&tree(), &["callgraph", ".", "--threads", "4"]).output().expect("runs");
    assert_eq!(stdout(&one), stdout(&four));
}
