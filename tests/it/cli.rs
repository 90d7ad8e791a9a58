//! The program from outside: what it prints, what it writes, how it ends.

use std::fs;

use producer_map::evidence::load;

use crate::support::{assert_snapshot, crate_root, ledger, program, run, stderr, stdout};

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary directory")
}

fn tree() -> String {
    ledger().to_string_lossy().into_owned()
}

#[test]
fn scan_prints_a_summary_and_writes_the_evidence() {
    let dir = empty();
    let output = run(dir.path(), &["scan", &tree()]);
    assert_snapshot("scan.txt", &stdout(&output));
    assert_eq!(stderr(&output), "\nwrote output/evidence.json\n");
    let written = load(&dir.path().join("output/evidence.json")).expect("evidence");
    let edges = written.edges.iter().map(|edge| (edge.route_id.as_str(), edge.queue.as_str()));
    assert_eq!(edges.collect::<Vec<_>>(), [("LEDGER-2", "archive"), ("X-POST-05d31514", "reminders")]);
}

#[test]
fn evidence_is_the_same_on_standard_output() {
    let dir = empty();
    let file = run(dir.path(), &["scan", &tree(), "-o", "e.json"]);
    assert_eq!(file.status.code(), Some(0));
    let output = run(&ledger(), &["scan", "-o", "-", "--threads", "1"]);
    assert_eq!(stdout(&output), fs::read_to_string(dir.path().join("e.json")).expect("evidence"));
    assert!(stderr(&output).contains("confirmed"));
    assert!(!ledger().join("output").exists());
}

#[test]
fn summary_is_written_on_request() {
    let dir = empty();
    let output =
        run(dir.path(), &["scan", &tree(), "--quiet", "-o", "a/e.json", "--summary", "a/summary.md"]);
    assert_eq!(stdout(&output), "");
    assert_eq!(stderr(&output), "");
    assert!(dir.path().join("a/e.json").is_file());
    let summary = fs::read_to_string(dir.path().join("a/summary.md")).expect("summary");
    assert!(summary.starts_with("# ") && summary.contains("LEDGER-2"));
}

#[test]
fn why_tells_the_chain_with_source_lines() {
    let dir = empty();
    let output = run(dir.path(), &["why", "LEDGER-2", "archive", "--root", &tree()]);
    assert_snapshot("cli-why.txt", &stdout(&output));
    let by_rule =
        run(dir.path(), &["why", "delete /ledger/entries/<entry_id>", "archive_queue", "--root", &tree()]);
    assert_eq!(stdout(&by_rule), stdout(&output));
    let every_queue = run(dir.path(), &["why", "ledger-2", "--root", &tree()]);
    assert_eq!(stdout(&every_queue), stdout(&output));
}

#[test]
fn why_says_when_there_is_no_chain() {
    let dir = empty();
    let output = run(dir.path(), &["why", "LEDGER-1", "reminders", "--root", &tree()]);
    assert!(stdout(&output).contains("no chain from this route to a producer of queue reminders was found"));
}

#[test]
fn why_not_tells_a_closed_pair_and_its_nearest_miss() {
    let dir = empty();
    let output = run(dir.path(), &["why-not", "LEDGER-1", "archive", "--root", &tree()]);
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot("cli-why-not.txt", &stdout(&output));
    let by_rule = ["why-not", "get /ledger/entries", "archive_queue", "--root", &tree()];
    assert_eq!(stdout(&run(dir.path(), &by_rule)), stdout(&output));
}

#[test]
fn why_not_names_the_call_that_keeps_a_pair_open() {
    let dir = empty();
    let tree = crate_root().join("tests/trees/unknown");
    let root = tree.to_string_lossy();
    let text = stdout(&run(dir.path(), &["why-not", "GET /open", "jobs", "--root", &root]));
    assert_snapshot("cli-why-not-open.txt", &text);
    let text = stdout(&run(dir.path(), &["why-not", "GET /near", "jobs", "--root", &root]));
    assert_snapshot("cli-why-not-near.txt", &text);
}

#[test]
fn why_not_points_to_why_where_there_is_an_edge() {
    let dir = empty();
    let output = run(dir.path(), &["why-not", "LEDGER-2", "archive", "--root", &tree()]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.contains("the route feeds it, 1 chain\nproducer-map why LEDGER-2 archive"), "{text}");
}

#[test]
fn why_not_refuses_unknown_names() {
    let dir = empty();
    let output = run(dir.path(), &["why-not", "LEDGER-22", "archive", "--root", &tree()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: no route `LEDGER-22`; the nearest are\n  LEDGER-"));
    let output = run(dir.path(), &["why-not", "LEDGER-1", "archiv", "--root", &tree()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: no queue `archiv`; the nearest are\n  archive\n");
}

#[test]
fn why_not_reads_evidence_without_the_nearest_miss() {
    let dir = empty();
    assert_eq!(run(dir.path(), &["scan", &tree(), "-q"]).status.code(), Some(0));
    let output = run(dir.path(), &["why-not", "LEDGER-1", "archive", "--evidence", "output/evidence.json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("archive: closed") && !stdout(&output).contains("nearest miss"));
    assert!(stderr(&output).contains("--root"), "the message says what to do");
}

/// The evidence with guesses is the evidence without them and the guesses.
#[test]
fn guesses_stand_apart() {
    let dir = empty();
    let tree = crate_root().join("tests/trees/unknown");
    let root = tree.to_string_lossy();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = run(dir.path(), &[&["scan", &root, "-q", "-o", "-"], arguments].concat());
        serde_json::from_str(&stdout(&output)).expect("JSON")
    };
    let plain = json(&[]);
    let mut assumed = json(&["--assume", "names"]);
    let guesses = assumed.as_object_mut().and_then(|file| file.remove("guesses")).expect("asked for");
    assert_eq!(assumed, plain);
    let guesses = guesses.as_array().expect("a list");
    assert_eq!(guesses.len(), 2, "GET and its HEAD: {guesses:?}");
    for guess in guesses {
        assert_eq!((&guess["rule"], &guess["certainty"]), (&"/open".into(), &"assumed".into()));
        assert!(guess["id"].as_str().is_some_and(|id| id.starts_with("G-")));
        let kinds: Vec<&str> =
            guess["path"].as_array().into_iter().flatten().filter_map(|hop| hop["kind"].as_str()).collect();
        assert_eq!(kinds, ["route", "name", "producer"]);
    }
}

#[test]
fn why_reads_the_evidence_that_scan_wrote() {
    let dir = empty();
    assert_eq!(run(dir.path(), &["scan", &tree(), "-q"]).status.code(), Some(0));
    let output = run(dir.path(), &["why", "LEDGER-2"]);
    assert!(stdout(&output).contains("service.py:8"));
    assert!(stderr(&output).contains("from output/evidence.json"));
    assert!(stderr(&output).contains("--root"), "source lines are missing, and the message says what to do");
    let output =
        run(dir.path(), &["why", "LEDGER-2", "--evidence", "output/evidence.json", "--root", &tree()]);
    assert!(stdout(&output).contains("service.close_all([entry_id])"));
    assert_eq!(stderr(&output), "");
}

#[test]
fn lists_are_tables_or_json() {
    let dir = empty();
    assert_snapshot("cli-routes.txt", &stdout(&run(dir.path(), &["routes", &tree()])));
    assert_snapshot("cli-routes-all.txt", &stdout(&run(dir.path(), &["routes", &tree(), "--all"])));
    assert_snapshot("cli-queues.txt", &stdout(&run(dir.path(), &["queues", &tree()])));
    let json = stdout(&run(dir.path(), &["routes", &tree(), "--format", "json"]));
    let routes: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(routes.as_array().map(Vec::len), Some(13));
    let json = stdout(&run(dir.path(), &["queues", &tree(), "--format", "json"]));
    let queues: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(queues[0]["name"], "archive");
}

#[test]
fn help_is_worth_reading() {
    let dir = empty();
    let help = stdout(&run(dir.path(), &["--help"]));
    assert!(help.contains("Examples:") && help.contains("Exit status:"));
    assert_snapshot("help.txt", &help);
    assert_snapshot("help-scan.txt", &stdout(&run(dir.path(), &["scan", "--help"])));
    assert_snapshot("help-why.txt", &stdout(&run(dir.path(), &["why", "--help"])));
    assert_snapshot("help-why-not.txt", &stdout(&run(dir.path(), &["why-not", "--help"])));
    assert_snapshot("help-render.txt", &stdout(&run(dir.path(), &["render", "--help"])));
    assert_snapshot("help-link.txt", &stdout(&run(dir.path(), &["link", "--help"])));
    assert_snapshot("help-matrix.txt", &stdout(&run(dir.path(), &["matrix", "--help"])));
    assert_snapshot("help-audit.txt", &stdout(&run(dir.path(), &["audit", "--help"])));
}

#[test]
fn unknown_names_get_the_nearest() {
    let dir = empty();
    let output = run(dir.path(), &["why", "LEDGER-22", "--root", &tree()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with("error: no route `LEDGER-22`; the nearest are\n  LEDGER-"),
        "{}",
        stderr(&output)
    );
    let output = run(dir.path(), &["why", "/ledger/entries", "--root", &tree()]);
    assert_eq!(
        stderr(&output),
        "error: no route `/ledger/entries`; the nearest are\n  LEDGER-1  GET /ledger/entries\n"
    );
    let output = run(dir.path(), &["why", "LEDGER-2", "archiv", "--root", &tree()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: no queue `archiv`; the nearest are\n  archive\n");
    let output = run(dir.path(), &["why", "LEDGER-2", "zzzz", "--root", &tree()]);
    assert!(stderr(&output).contains("\n  archive\n  reminders\n"));
}

#[test]
fn wrong_use_ends_with_2() {
    let dir = empty();
    fs::write(dir.path().join("bad.toml"), "a = 1\nb = 2\n").expect("writable");
    fs::write(dir.path().join("bad.csv"), "route_id\n").expect("writable");
    fs::write(dir.path().join("bad.json"), "{\n \"schema\": 3}").expect("writable");
    fs::write(dir.path().join("new.json"), "{\"schema\": \"producer-map/evidence/9\"}").expect("writable");
    let tree = tree();
    let cases: [(&[&str], &str); 13] = [
        (&[], "Usage:"),
        (&["scan", "--frob"], "unexpected argument"),
        (&["scan", &tree, "--threads", "0"], "whole number from 1"),
        (&["scan", "no/such"], "root no/such does not exist"),
        (&["scan", "bad.toml"], "root bad.toml is not a directory"),
        (&["scan", &tree, "--config", "bad.toml"], "bad.toml:1:1: unknown field `a`"),
        (&["scan", &tree, "--exclude", "../x"], "--exclude ../x: pattern"),
        (&["scan", &tree, "--routes", "no.csv"], "cannot read route tracker no.csv"),
        (&["scan", &tree, "--routes", "bad.csv"], "bad.csv:1: columns `file`"),
        (
            &["queues", "--evidence", "new.json", "--threads", "1"],
            "options for scanning have no effect with --evidence",
        ),
        (&["why", "LEDGER-1", "--evidence", "no.json"], "cannot read evidence no.json"),
        (&["why", "LEDGER-1", "--evidence", "bad.json"], "bad.json is not an evidence file"),
        (&["routes", "--evidence", "new.json"], "format `producer-map/evidence/9`"),
    ];
    for (arguments, message) in cases {
        let output = run(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(!dir.path().join("output").exists());
}

#[test]
fn a_tree_without_python_ends_with_3() {
    let dir = empty();
    fs::create_dir(dir.path().join("output")).expect("writable");
    fs::write(dir.path().join("output/evidence.json"), "as it was").expect("writable");
    let output = run(dir.path(), &["scan"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).starts_with("error: no Python file in ."));
    assert_eq!(fs::read_to_string(dir.path().join("output/evidence.json")).expect("readable"), "as it was");
}

#[test]
fn an_unwritable_output_leaves_the_earlier_one() {
    let dir = empty();
    fs::write(dir.path().join("file"), "as it was").expect("writable");
    let output = run(dir.path(), &["scan", &tree(), "-o", "file/evidence.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("choose another place with -o"));
    assert_eq!(fs::read_to_string(dir.path().join("file")).expect("readable"), "as it was");
}

#[test]
fn a_malformed_tracker_leaves_the_earlier_output() {
    let dir = empty();
    let rows =
        "route_id,file,symbol,method,path_template,path_expr\nR-1,a.py,f,GET,/a,/a\nR-1,a.py,f,GET,/b,/b\n";
    fs::write(dir.path().join("t.csv"), rows).expect("writable");
    fs::write(dir.path().join("e.json"), "as it was").expect("writable");
    let output = run(dir.path(), &["scan", &tree(), "--routes", "t.csv", "-o", "e.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("t.csv:3: duplicate route_id R-1, first used on line 2"));
    assert_eq!(fs::read_to_string(dir.path().join("e.json")).expect("readable"), "as it was");
}

#[test]
fn colors_follow_option_and_environment() {
    let dir = empty();
    let tree = tree();
    let colored = |arguments: &[&str], no_color: bool| {
        let mut command = program(dir.path(), arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        stdout(&command.output().expect("the program starts")).contains('\u{1b}')
    };
    assert!(!colored(&["queues", &tree], false), "not on a pipe");
    assert!(colored(&["queues", &tree, "--color", "always"], false));
    assert!(
        colored(&["queues", &tree, "--color", "always"], true),
        "an option is stronger than the environment"
    );
    assert!(!colored(&["queues", &tree, "--color", "auto"], true));
    assert!(!colored(&["queues", &tree, "--color", "never"], false));
}
