//! Trees and files that nobody wishes for: what is left of the scan, what it says, how it ends.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use producer_map::config::Config;
use producer_map::solve::contexts::Contexts;
use producer_map::source::Tree;
use producer_map::{Progress, ScanOptions, analyze};

use crate::support::{run, scan, stderr, stdout};

const WEB: &str = "from flask import Flask\nfrom data.queue import WorkQueue\n\n\
                   app = Flask(__name__)\njobs = WorkQueue(\"jobs\", None)\n\n\n\
                   @app.route(\"/work\", methods=[\"POST\"])\ndef work():\n    jobs.put([], {})\n    return \"\"\n";

const QUEUE: &str = "class WorkQueue:\n    def __init__(self, queue_name, store):\n        self.store = store\n\n    \
                     def put(self, names, message):\n        self.store.append(message)\n";

/// A directory with a good application in it.
fn good() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary directory");
    add(dir.path(), "web.py", WEB.as_bytes());
    add(dir.path(), "data/__init__.py", b"");
    add(dir.path(), "data/queue.py", QUEUE.as_bytes());
    dir
}

fn add(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("writable");
    fs::write(path, content).expect("writable");
}

/// Scans, and asserts that the one edge of the good application was found all the same.
fn diagnostics(root: &Path) -> Vec<String> {
    let evidence = scan(root, &[]);
    let edges: Vec<&str> = evidence.edges.iter().map(|edge| edge.rule.as_str()).collect();
    assert_eq!(edges, ["/work"]);
    let text = |d: &producer_map::evidence::model::Diagnostic| {
        let at = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
        let file = d.file.as_deref().unwrap_or("-");
        format!("{file}:{}:{} {}", at(d.line), at(d.column), d.code)
    };
    let all = evidence.diagnostics.iter().filter(|d| d.code != "tracker-missing");
    all.map(text).collect()
}

#[test]
fn a_good_tree_has_nothing_to_say() {
    assert_eq!(diagnostics(good().path()), Vec::<String>::new());
}

#[test]
fn a_broken_file_costs_that_file() {
    let dir = good();
    add(dir.path(), "broken.py", b"import os\n\n\ndef f(:\n    return 1\n");
    add(dir.path(), "open.py", b"x = (1,\n");
    let found = diagnostics(dir.path());
    assert!(found.iter().any(|d| d.starts_with("broken.py:4:7 syntax-error")), "{found:?}");
    assert!(found.iter().any(|d| d.starts_with("open.py:") && d.ends_with("syntax-error")), "{found:?}");
}

#[test]
fn an_undecodable_file_costs_that_file() {
    let dir = good();
    add(dir.path(), "bytes.py", b"name = 1\nother = '\xff\xfe\xfa'\n");
    add(dir.path(), "zero.py", b"name = 1\0\n");
    let found = diagnostics(dir.path());
    assert!(found.iter().any(|d| d.starts_with("bytes.py:2:10 ")), "{found:?}");
}

#[test]
fn an_encoding_that_is_not_known_or_not_kept_to_costs_that_file() {
    let dir = good();
    add(dir.path(), "kept.py", b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n");
    add(dir.path(), "not_kept.py", b"#!/usr/bin/python\n# coding: ascii\nNAME = 'caf\xe9'\n");
    add(dir.path(), "unknown.py", b"# vim: set fileencoding=klingon :\nNAME = 1\n");
    add(dir.path(), "marked.py", b"\xef\xbb\xbf# coding: latin-1\nNAME = 1\n");
    add(dir.path(), "wide.py", b"\xff\xfeN\0A\0");
    let expected = [
        "marked.py:1:11 unknown-encoding",
        "not_kept.py:3:12 undecodable-file",
        "unknown.py:1:25 unknown-encoding",
        "wide.py:1:1 undecodable-file",
    ];
    assert_eq!(diagnostics(dir.path()), expected);
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_no_mistake() {
    let dir = good();
    let text = format!("\u{feff}{}", WEB.replace('\n', "\r\n"));
    add(dir.path(), "web.py", text.as_bytes());
    assert_eq!(diagnostics(dir.path()), Vec::<String>::new());
    let evidence = scan(dir.path(), &[]);
    assert_eq!(evidence.edges[0].producer.line, 10);
}

#[test]
fn empty_files_and_folders_are_no_mistake() {
    let dir = good();
    add(dir.path(), "empty.py", b"");
    add(dir.path(), "comment.py", b"# nothing");
    fs::create_dir(dir.path().join("folder.py")).expect("writable");
    assert_eq!(diagnostics(dir.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_end() {
    let dir = good();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, dir.path().join(at)).expect("linked");
    link(".", "loop");
    link("..", "data/up");
    link("nowhere.py", "dangling.py");
    let found = diagnostics(dir.path());
    assert!(found.len() <= 3, "{found:?}");
}

#[test]
fn deep_nesting_does_not_end_the_run() {
    let dir = good();
    let deep = 3000;
    let parentheses = format!("x = {}1{}\n", "(".repeat(deep), ")".repeat(deep));
    add(dir.path(), "parentheses.py", parentheses.as_bytes());
    let sum = format!("y = 1{}\n", " + 1".repeat(20_000));
    add(dir.path(), "sum.py", sum.as_bytes());
    let mut nested = String::new();
    for depth in 0..90 {
        nested.push_str(&format!("{}if x:\n", " ".repeat(depth)));
    }
    nested.push_str(&format!("{}pass\n", " ".repeat(90)));
    add(dir.path(), "nested.py", nested.as_bytes());
    let chain = format!("z = a{}\n", ".b()".repeat(5000));
    add(dir.path(), "chain.py", chain.as_bytes());
    let found = diagnostics(dir.path());
    assert!(
        found.iter().any(|d| d.starts_with("parentheses.py:1:") && d.ends_with("syntax-error")),
        "{found:?}"
    );
}

#[test]
fn a_huge_file_is_a_file() {
    let dir = good();
    let mut huge = format!("TEXT = '{}'\n", "x".repeat(4 << 20));
    for number in 0..20_000 {
        huge.push_str(&format!("def f{number}(a):\n    return g(a, {number})\n\n"));
    }
    huge.push_str("x = = 1\n");
    add(dir.path(), "huge.py", huge.as_bytes());
    let found = diagnostics(dir.path());
    assert!(found.len() == 1 && found[0].starts_with("huge.py:60002:"), "{found:?}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_read() {
    let dir = good();
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("endless.py")).expect("linked");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket.py")).expect("bound");
    assert_eq!(diagnostics(dir.path()), Vec::<String>::new());
}

/// A defect of the program, in a thread that reads files: the run ends, and nothing is written.
#[test]
fn a_panic_in_a_worker_ends_the_run() {
    struct Panics;
    impl Progress for Panics {
        fn stage(&self, _name: &str, _total: usize) {}
        fn tick(&self) {
            panic!("a worker");
        }
        fn finish(&self) {}
    }
    let dir = good();
    let tree = Tree::directory(dir.path());
    let config = Config::for_tree(&tree, None).expect("defaults");
    let options =
        ScanOptions { config, threads: Some(2), assume_names: false, contexts: Contexts::default() };
    let scan = AssertUnwindSafe(|| analyze(&tree, &options, &Panics).is_ok());
    let ended = std::panic::catch_unwind(scan);
    let message = ended.expect_err("the panic goes on");
    assert_eq!(message.downcast_ref::<&str>(), Some(&"a worker"));
}

#[test]
fn only_broken_files_are_nothing_usable() {
    let dir = tempfile::tempdir().expect("temporary directory");
    add(dir.path(), "web.py", b"\xff\xfe\xfa");
    let output = run(dir.path(), &["scan"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(!dir.path().join("output").exists());
}

#[test]
fn a_tree_without_routes_is_nothing_usable() {
    let dir = tempfile::tempdir().expect("temporary directory");
    add(dir.path(), "script.py", b"print(1)\n");
    let output = run(dir.path(), &["scan"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("--entry"), "{}", stderr(&output));
}

#[test]
fn an_entry_that_is_not_there_is_wrong_use() {
    let dir = good();
    let output = run(dir.path(), &["scan", "--entry", "wsgi.py"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("entry module wsgi.py"), "{}", stderr(&output));
}

#[test]
fn earlier_output_stays_when_something_is_wrong() {
    let dir = good();
    let evidence = dir.path().join("output/evidence.json");
    add(dir.path(), "output/evidence.json", b"as it was");
    let header = "route_id,file,symbol,method,path_template,path_expr\n";
    let trackers: [(&str, &str, &str); 3] = [
        ("short.csv", "R-1,web.py\n", "short.csv:2: "),
        ("twice.csv", "R-1,a.py,f,GET,/a,/a\nR-1,a.py,f,GET,/b,/b\n", "twice.csv:3: duplicate"),
        ("empty.csv", ",web.py,work,POST,/work,/work\n", "empty.csv:2: "),
    ];
    for (name, rows, message) in trackers {
        add(dir.path(), name, format!("{header}{rows}").as_bytes());
        let output = run(dir.path(), &["scan", "--routes", name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{name}: {}", stderr(&output));
        assert_eq!(fs::read_to_string(&evidence).expect("readable"), "as it was", "{name}");
    }
    let missing = run(dir.path(), &["scan", "--routes", "no.csv"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("no.csv"));
    let no_config = run(dir.path(), &["scan", "--config", "no.toml"]);
    assert_eq!(no_config.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&evidence).expect("readable"), "as it was");
}

#[test]
fn a_directory_in_the_place_of_the_output_stays() {
    let dir = good();
    fs::create_dir(dir.path().join("out")).expect("writable");
    let output = run(dir.path(), &["scan", "-o", "out"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(dir.path().join("out").is_dir());
    let names = fs::read_dir(dir.path()).expect("readable").count();
    assert_eq!(names, 3, "no temporary file is left behind");
}

#[test]
fn output_replaces_the_earlier_one_whole() {
    let dir = good();
    add(dir.path(), "output/evidence.json", "x".repeat(1 << 20).as_bytes());
    stdout(&run(dir.path(), &["scan", "-q"]));
    let text = fs::read_to_string(dir.path().join("output/evidence.json")).expect("readable");
    assert!(text.starts_with('{') && text.ends_with("}\n"));
    assert_eq!(fs::read_dir(dir.path().join("output")).expect("readable").count(), 1);
}
